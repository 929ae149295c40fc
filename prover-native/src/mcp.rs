//! A Model Context Protocol server over an action log, so that coding agents log what they do, close the log, and check it.
//!
//! JSON-RPC 2.0, a message a line, as the protocol's stdio transport has it. Four tools: `status`, `log`, `seal`, `verify`. What a client
//! sends is read with a limit; a message that cannot be read is answered with an error, and the server goes on.

use std::{
    fs,
    io::{self, BufRead, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use verifier_core::{
    VerifyOptions,
    pcap::{Options, obligation::Level},
    verify,
};

use crate::pcap::{Action, Appended, LogFile, LogFileError, examine, refuse_proofs};

/// Versions of the protocol that differ in nothing that is used here, the newest last.
const PROTOCOLS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// Bytes of a message at most: twice a log's longest line.
const MAX_MESSAGE: u64 = 2 << 20;

const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;

/// A server over one log.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    log: LogFile,
}

/// What a tool answers: an object, or what went wrong.
type Answer = Result<Value, String>;

impl Server {
    /// A server over a log; one that does not exist is started.
    ///
    /// # Errors
    /// When the log can neither be opened nor started.
    pub fn open(path: &Path) -> Result<Self, LogFileError> {
        let log = if path.exists() { LogFile::open(path)? } else { LogFile::create(path, Map::new())? };
        Ok(Self { path: path.to_owned(), log })
    }

    /// Answers messages until there are no more.
    ///
    /// # Errors
    /// When a message cannot be read or an answer cannot be written.
    pub fn serve(&mut self, mut messages: impl BufRead, mut answers: impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            messages.by_ref().take(MAX_MESSAGE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            if line.len() as u64 == MAX_MESSAGE && !line.ends_with(b"\n") {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long"));
            }
            if let Some(answer) = self.message(&line) {
                writeln!(answers, "{answer}")?;
                answers.flush()?;
            }
        }
    }

    /// The answer to a message; a notification has none.
    fn message(&mut self, line: &[u8]) -> Option<Value> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            return Some(failure(&Value::Null, PARSE_ERROR, "not JSON"));
        };
        let method = message.get("method").and_then(Value::as_str);
        let (Some(method), Some("2.0")) = (method, message.get("jsonrpc").and_then(Value::as_str)) else {
            return Some(failure(&Value::Null, INVALID_REQUEST, "not a request"));
        };
        let id = message.get("id")?;
        let none = Value::Null;
        let params = message.get("params").unwrap_or(&none);
        let result = match method {
            "initialize" => initialize(params),
            "ping" => json!({}),
            "tools/list" => json!({ "tools": tools() }),
            "tools/call" => match self.call(params) {
                Some(answer) => result_of(answer),
                None => return Some(failure(id, INVALID_PARAMS, "there is no such tool")),
            },
            _ => return Some(failure(id, METHOD_NOT_FOUND, "there is no such method")),
        };
        Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
    }

    fn call(&mut self, params: &Value) -> Option<Answer> {
        let empty = Map::new();
        let arguments = params.get("arguments").and_then(Value::as_object).unwrap_or(&empty);
        Some(match params.get("name")?.as_str()? {
            "status" => self.status(),
            "log" => self.append(arguments),
            "seal" => self.log.seal(Map::new()).map(appended).map_err(|error| error.to_string()),
            "verify" => self.verify(arguments),
            _ => return None,
        })
    }

    fn status(&self) -> Answer {
        let report = log_report(&self.path)?;
        Ok(json!({ "log": self.path.to_string_lossy(), "report": report }))
    }

    fn append(&mut self, arguments: &Map<String, Value>) -> Answer {
        let text = |name, default| match arguments.get(name) {
            None => Ok(default),
            Some(value) => value.as_str().ok_or_else(|| format!("`{name}` is not a text")),
        };
        let action = arguments.get("action").and_then(Value::as_str).ok_or("`action` is missing")?;
        let level = text("level", "S1")?;
        let level = Level::from_name(level).ok_or("`level` is not one of S0, S1, S2")?;
        let mut entry = Action::new(action, text("actor", "agent")?).at(level);
        for (name, value) in arguments.get("fields").and_then(Value::as_object).into_iter().flatten() {
            entry = entry.with(name, value.clone());
        }
        match self.log.append(&[entry.into()]).map_err(|error| error.to_string())?[..] {
            [one] => Ok(appended(one)),
            _ => Err("nothing was logged".to_owned()),
        }
    }

    /// The report on this log, or on the log or receipt at a path.
    fn verify(&self, arguments: &Map<String, Value>) -> Answer {
        let Some(path) = arguments.get("path") else { return log_report(&self.path) };
        let path = Path::new(path.as_str().ok_or("`path` is not a text")?);
        let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if bytes.starts_with(b"PK") {
            return serde_json::to_value(verify(&bytes, &VerifyOptions::default())).map_err(|error| error.to_string());
        }
        log_report(path)
    }
}

fn log_report(path: &Path) -> Answer {
    let report = examine(path, Options::default(), &mut refuse_proofs)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::to_value(report).map_err(|error| error.to_string())
}

fn appended(Appended { seq, leaf }: Appended) -> Value {
    json!({ "seq": seq, "leaf": leaf.to_string() })
}

fn initialize(params: &Value) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let version = PROTOCOLS.into_iter().find(|known| Some(*known) == asked).or(PROTOCOLS.last().copied());
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "capseal", "version": env!("CARGO_PKG_VERSION") },
        "instructions": "Log each action that changes something, before its result is used; seal the log when the task is done.",
    })
}

fn result_of(answer: Answer) -> Value {
    match answer {
        Ok(value) => {
            json!({ "content": [{ "type": "text", "text": value.to_string() }], "structuredContent": value, "isError": false })
        }
        Err(error) => json!({ "content": [{ "type": "text", "text": error }], "isError": true }),
    }
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

fn tools() -> Value {
    let none = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!([
        { "name": "status", "description": "Where the action log is, and a report on it.", "inputSchema": none },
        {
            "name": "log",
            "description": "Append an action to the log. Answers with its number and leaf hash.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "action": text("What is done."),
                    "actor": text("Who does it; `agent` by default."),
                    "level": { "type": "string", "enum": ["S0", "S1", "S2"], "description": "S1 and S2 wait for the disk; S1 by default." },
                    "fields": { "type": "object", "description": "More fields: texts, integers, booleans, lists and objects; names of a-z, 0-9 and _." },
                },
                "required": ["action"],
                "additionalProperties": false,
            },
        },
        { "name": "seal", "description": "Close the log: nothing can be appended afterwards.", "inputSchema": none },
        {
            "name": "verify",
            "description": "Check this log, or the log or receipt at a path.",
            "inputSchema": {
                "type": "object",
                "properties": { "path": text("A log or a receipt; this log by default.") },
                "additionalProperties": false,
            },
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(messages: &str) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::open(&folder.path().join("agent.jsonl")).unwrap();
        let mut answers = Vec::new();
        server.serve(messages.as_bytes(), &mut answers).unwrap();
        String::from_utf8(answers).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn request(id: u64, method: &str, params: &Value) -> String {
        format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    fn call(id: u64, name: &str, arguments: &Value) -> String {
        request(id, "tools/call", &json!({ "name": name, "arguments": arguments }))
    }

    #[test]
    fn an_agent_logs_closes_and_checks() {
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
        let messages = [
            request(1, "initialize", &hello),
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n".to_owned(),
            request(2, "tools/list", &json!({})),
            call(3, "log", &json!({ "action": "edit", "fields": { "path": "src/main.rs" } })),
            call(4, "log", &json!({ "action": "edit", "fields": { "ratio": 0.5 } })),
            call(5, "status", &json!({})),
            call(6, "seal", &json!({})),
            call(7, "log", &json!({ "action": "late" })),
            call(8, "verify", &json!({})),
        ];
        let answers = exchange(&messages.concat());
        assert_eq!(
            answers.iter().map(|answer| answer["id"].as_u64()).collect::<Vec<_>>(),
            (1..=8).map(Some).collect::<Vec<_>>()
        );
        assert_eq!(answers[0]["result"]["protocolVersion"], "2025-06-18");
        let names: Vec<_> =
            answers[1]["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
        assert_eq!(names, ["status", "log", "seal", "verify"]);
        assert_eq!(answers[2]["result"]["structuredContent"]["seq"], 1);
        assert_eq!(answers[3]["result"]["isError"], true);
        assert_eq!(answers[4]["result"]["structuredContent"]["report"]["size"], 2);
        assert_eq!(answers[6]["result"]["isError"], true);
        let report = &answers[7]["result"]["structuredContent"];
        assert_eq!((&report["accepted"], &report["sealed"], &report["size"]), (&json!(true), &json!(true), &json!(3)));
    }

    #[test]
    fn what_is_no_request_is_answered_and_the_server_goes_on() {
        let messages = ["nonsense\n", "[]\n", "{\"id\":1}\n", "\n"].concat()
            + &request(1, "nonsense", &Value::Null)
            + &call(2, "nonsense", &Value::Null)
            + &request(3, "ping", &Value::Null);
        let codes: Vec<_> = exchange(&messages).iter().map(|answer| answer["error"]["code"].as_i64()).collect();
        let expected = [PARSE_ERROR, INVALID_REQUEST, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS];
        assert_eq!(codes, expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    }
}
