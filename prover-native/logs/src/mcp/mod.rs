//! A Model Context Protocol server over an action log, so that coding agents log what they do, close the log, and check it.
//!
//! JSON-RPC 2.0, a message a line, as the protocol's stdio transport has it; batches where the version that was agreed on has them. Four
//! tools: `status`, `log`, `seal`, `verify`. What a client sends is read with a limit; a message that cannot be read, or is too long, is
//! answered with an error, and the server goes on. Calls are answered in order by one thread. A ping is answered at once, and a call that
//! was cancelled is not answered.

mod tools;

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use serde_json::{Map, Value, json};

use self::tools::{Refused, Tools};
use crate::{LogFile, LogFileError};

/// Versions of the protocol that differ in nothing that is used here but for batches, the newest last.
const PROTOCOLS: [&str; 4] = ["2024-11-05", BATCHES, "2025-06-18", "2025-11-25"];
/// The one version that has batches.
const BATCHES: &str = "2025-03-26";

/// Bytes of a message at most: twice a log's longest line.
const MAX_MESSAGE: u64 = 2 << 20;
/// Messages that wait while one is answered.
const WAITING: usize = 64;

const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;

/// A server over one log.
#[derive(Debug)]
pub struct Server {
    tools: Tools,
}

impl Server {
    /// A server over a log; one that does not exist is started.
    ///
    /// # Errors
    /// When the log can neither be opened nor started.
    pub fn open(path: &Path) -> Result<Self, LogFileError> {
        let mut log = if path.exists() { LogFile::open(path)? } else { LogFile::create(path, Map::new())? };
        log.look()?;
        Ok(Self { tools: Tools::new(path, log) })
    }

    /// Answers messages until there are no more.
    ///
    /// # Errors
    /// When a message cannot be read or an answer cannot be written.
    pub fn serve(&mut self, messages: impl BufRead, answers: impl Write + Send) -> io::Result<()> {
        let session = Session { answers: Mutex::new(answers), pending: Mutex::default() };
        let (turns, come) = mpsc::sync_channel(WAITING);
        let tools = &mut self.tools;
        thread::scope(|scope| {
            let answering = scope.spawn(|| {
                let mut answerer = Answerer { session: &session, tools, version: None };
                come.into_iter().try_for_each(|turn| answerer.answer(turn))
            });
            let read = session.read(messages, &turns);
            drop(turns);
            let answered = answering.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")));
            answered.and(read)
        })
    }
}

/// A message that is answered in its turn: JSON, or what was wrong with it.
type Turn = Result<Value, Value>;

/// What the thread that reads and the one that answers share.
struct Session<W> {
    answers: Mutex<W>,
    /// Requests that are not answered yet, and whether nobody wants the answer any more.
    pending: Mutex<BTreeMap<String, bool>>,
}

impl<W: Write> Session<W> {
    /// Reads messages until there are no more, or nobody answers them.
    fn read(&self, mut messages: impl BufRead, turns: &mpsc::SyncSender<Turn>) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            messages.by_ref().take(MAX_MESSAGE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            let turn = if line.len() as u64 == MAX_MESSAGE && !line.ends_with(b"\n") {
                skip_line(&mut messages)?;
                Err(failure(&Value::Null, INVALID_REQUEST, "a message is longer than 2 MiB"))
            } else if line.trim_ascii().is_empty() {
                continue;
            } else {
                serde_json::from_slice(&line).map_err(|_| failure(&Value::Null, PARSE_ERROR, "not JSON"))
            };
            if turn.as_ref().is_ok_and(|message| self.is_done_at_once(message)) {
                continue;
            }
            if let Some(id) = turn.as_ref().ok().and_then(|message| message.get("id")) {
                lock(&self.pending).insert(id.to_string(), false);
            }
            if turns.send(turn).is_err() {
                return Ok(());
            }
        }
    }

    /// Answers a ping, and takes note of a request that is cancelled.
    fn is_done_at_once(&self, message: &Value) -> bool {
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return false;
        }
        match (message.get("method").and_then(Value::as_str), message.get("id")) {
            // What cannot be written, the thread that answers finds out as well.
            (Some("ping"), Some(id)) if is_id(id) => self.write(&result(id, json!({}))).is_ok(),
            (Some("notifications/cancelled"), None) => {
                let id = message.pointer("/params/requestId").unwrap_or(&Value::Null);
                // One that was answered already, or never asked, is nothing to take note of.
                if let Some(is_cancelled) = lock(&self.pending).get_mut(&id.to_string()) {
                    *is_cancelled = true;
                }
                true
            }
            _ => false,
        }
    }

    fn is_cancelled(&self, id: &Value) -> bool {
        lock(&self.pending).get(&id.to_string()) == Some(&true)
    }

    /// Takes a request off the list; says whether it was cancelled.
    fn is_over(&self, id: &Value) -> bool {
        lock(&self.pending).remove(&id.to_string()) == Some(true)
    }

    fn write(&self, answer: &Value) -> io::Result<()> {
        let mut answers = lock(&self.answers);
        writeln!(answers, "{answer}")?;
        answers.flush()
    }
}

/// Passes over the rest of a line, whatever its length.
fn skip_line(messages: &mut impl BufRead) -> io::Result<()> {
    loop {
        let read = messages.fill_buf()?;
        let end = read.iter().position(|byte| *byte == b'\n');
        let (len, is_over) = (end.map_or(read.len(), |end| end + 1), end.is_some() || read.is_empty());
        messages.consume(len);
        if is_over {
            return Ok(());
        }
    }
}

/// The thread that answers.
struct Answerer<'a, W> {
    session: &'a Session<W>,
    tools: &'a mut Tools,
    /// The version of the protocol that was agreed on.
    version: Option<&'static str>,
}

impl<W: Write> Answerer<'_, W> {
    fn answer(&mut self, turn: Turn) -> io::Result<()> {
        let answer = match turn {
            Err(wrong) => Some(wrong),
            Ok(Value::Array(batch)) if self.version == Some(BATCHES) && !batch.is_empty() => {
                let answers: Vec<Value> = batch.iter().filter_map(|message| self.message(message, true)).collect();
                (!answers.is_empty()).then_some(Value::Array(answers))
            }
            Ok(message) => self.message(&message, false),
        };
        answer.map_or(Ok(()), |answer| self.session.write(&answer))
    }

    /// The answer to a message; a notification has none.
    fn message(&mut self, message: &Value, in_batch: bool) -> Option<Value> {
        let not_a_request = || Some(failure(&Value::Null, INVALID_REQUEST, "not a request"));
        let method = message.get("method").and_then(Value::as_str);
        let (Some(method), Some("2.0")) = (method, message.get("jsonrpc").and_then(Value::as_str)) else {
            // An answer to a request that was never made needs none.
            let is_answer =
                message.get("jsonrpc").is_some() && (message.get("result").is_some() || message.get("error").is_some());
            return if is_answer { None } else { not_a_request() };
        };
        let id = message.get("id")?;
        if !is_id(id) {
            return not_a_request();
        }
        if self.session.is_cancelled(id) {
            self.session.is_over(id);
            return None;
        }
        let none = Value::Null;
        let params = message.get("params").unwrap_or(&none);
        let answered = match method {
            "initialize" if in_batch => Err((INVALID_REQUEST, "initialize is no part of a batch".to_owned())),
            "initialize" => Ok(self.initialize(params)),
            "ping" => Ok(json!({})),
            "tools/list" => Ok(json!({ "tools": tools::schemas() })),
            "tools/call" => self.call(id, params),
            _ => Err((METHOD_NOT_FOUND, "there is no such method".to_owned())),
        };
        if self.session.is_over(id) {
            return None;
        }
        Some(match answered {
            Ok(answer) => result(id, answer),
            Err((code, error)) => failure(id, code, &error),
        })
    }

    fn call(&mut self, id: &Value, params: &Value) -> Result<Value, (i64, String)> {
        let session = self.session;
        match self.tools.call(params, &|| session.is_cancelled(id)) {
            Ok(value) => Ok(json!({
                "content": [{ "type": "text", "text": value.to_string() }], "structuredContent": value, "isError": false,
            })),
            Err(Refused::Call(error)) => Err((INVALID_PARAMS, error)),
            Err(Refused::Tool(error)) => Ok(json!({ "content": [{ "type": "text", "text": error }], "isError": true })),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        let asked = params.get("protocolVersion").and_then(Value::as_str);
        let version = PROTOCOLS.into_iter().find(|known| Some(*known) == asked).or(PROTOCOLS.last().copied());
        self.version = version;
        json!({
            "protocolVersion": version,
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "capseal", "version": env!("CARGO_PKG_VERSION") },
            "instructions": "Log each action that changes something, before its result is used; seal the log when the task is done.",
        })
    }
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64() || id.is_u64()
}

fn result(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
