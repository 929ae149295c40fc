//! The tools: what they take, and what they do. An argument that is not stated is refused, and so is one of another type: what was meant
//! would be lost without a word.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use verifier_core::{
    Limits, VerifyOptions,
    pcap::{Options, obligation::Level},
    verify,
};

use crate::{Action, Appended, LogFile, LogFileError, examine_reader, refuse_proofs, snapshot};
use capseal_host::cause::Cause;

/// Bytes of a log at a path that are looked at: about a minute's work.
const MAX_LOG: u64 = 1 << 30;

/// The tools over one log.
#[derive(Debug)]
pub(super) struct Tools {
    path: PathBuf,
    log: LogFile,
}

/// Why a call has no result.
pub(super) enum Refused {
    /// The call itself is wrong.
    Call(String),
    /// The tool cannot do it.
    Tool(String),
}

impl From<LogFileError> for Refused {
    fn from(error: LogFileError) -> Self {
        Self::Tool(error.to_string())
    }
}

type Answer = Result<Value, Refused>;

impl Tools {
    pub(super) fn new(path: &Path, log: LogFile) -> Self {
        Self { path: path.to_owned(), log }
    }

    /// Calls a tool. `is_over` is asked now and then whether anybody waits still.
    pub(super) fn call(&mut self, params: &Value, is_over: &dyn Fn() -> bool) -> Answer {
        let wrong = |what: &str| Refused::Call(what.to_owned());
        let name = params.get("name").and_then(Value::as_str).ok_or_else(|| wrong("there is no such tool"))?;
        let empty = Map::new();
        let arguments = match params.get("arguments") {
            None | Some(Value::Null) => &empty,
            Some(arguments) => arguments.as_object().ok_or_else(|| wrong("`arguments` is not an object"))?,
        };
        let takes: &[&str] = match name {
            "status" | "seal" => &[],
            "log" => &["action", "actor", "fields", "level"],
            "verify" => &["path"],
            _ => return Err(wrong("there is no such tool")),
        };
        if let Some(unknown) = arguments.keys().find(|key| !takes.contains(&key.as_str())) {
            return Err(Refused::Tool(format!("{name} takes no argument {unknown:?}")));
        }
        match name {
            "status" => self.status(is_over),
            "log" => self.append(arguments),
            "seal" => Ok(appended(self.log.seal(Map::new())?)),
            _ => self.verify(arguments, is_over),
        }
    }

    fn status(&self, is_over: &dyn Fn() -> bool) -> Answer {
        let report = log_report(&self.path, u64::MAX, is_over)?;
        Ok(json!({ "log": self.path.to_string_lossy(), "report": report }))
    }

    fn append(&mut self, arguments: &Map<String, Value>) -> Answer {
        let action = text(arguments, "action")?.ok_or_else(|| Refused::Tool("`action` is missing".to_owned()))?;
        let level = Level::from_name(text(arguments, "level")?.unwrap_or("S1"));
        let level = level.ok_or_else(|| Refused::Tool("`level` is not one of S0, S1, S2".to_owned()))?;
        let fields = match arguments.get("fields") {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => return Err(Refused::Tool("`fields` is not an object".to_owned())),
        };
        let entry = Action::new(action, text(arguments, "actor")?.unwrap_or("agent")).at(level).with_all(fields)?;
        match self.log.append(&[entry.into()])?[..] {
            [one] => Ok(appended(one)),
            _ => Err(Refused::Tool("nothing was logged".to_owned())),
        }
    }

    /// The report on this log, or on the log or receipt at a path.
    fn verify(&self, arguments: &Map<String, Value>, is_over: &dyn Fn() -> bool) -> Answer {
        let Some(path) = text(arguments, "path")?.map(Path::new) else {
            return log_report(&self.path, u64::MAX, is_over);
        };
        let cannot = |error: io::Error| Refused::Tool(format!("cannot read {}: {}", path.display(), Cause(&error)));
        let (mut file, len) = open_regular(path).map_err(cannot)?;
        let mut head = [0; 2];
        let is_receipt = file.read(&mut head).map_err(cannot)? == 2 && head == *b"PK";
        if !is_receipt {
            return log_report(path, MAX_LOG, is_over);
        }
        let most = Limits::DEFAULT.file_bytes as u64;
        if len > most {
            return Err(Refused::Tool(format!("{} is longer than any receipt: {len} bytes", path.display())));
        }
        let mut bytes = head.to_vec();
        // A file that grows meanwhile is judged as far as it was long.
        file.take(len.saturating_sub(2)).read_to_end(&mut bytes).map_err(cannot)?;
        let verdict = serde_json::to_value(verify(&bytes, &VerifyOptions::default()));
        verdict.map_err(|error| Refused::Tool(error.to_string()))
    }
}

/// An argument that is a text, if it is there.
fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refused> {
    let text = |value: &'a Value| value.as_str().ok_or_else(|| Refused::Tool(format!("`{name}` is not a text")));
    arguments.get(name).map(text).transpose()
}

/// Opens a regular file. What may never end, or never begin, is not one.
fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::Error::other("it is no regular file")) }
}

fn log_report(path: &Path, most: u64, is_over: &dyn Fn() -> bool) -> Answer {
    let cannot = |error: io::Error| Refused::Tool(format!("cannot read {}: {}", path.display(), Cause(&error)));
    open_regular(path).map_err(cannot)?;
    let (file, len) = snapshot(path).map_err(cannot)?;
    if len > most {
        let path = path.display();
        return Err(Refused::Tool(format!("{path} has {len} bytes: look at it with capseal pcap verify --run {path}")));
    }
    let reading = Wanted { file: file.take(len), is_over };
    let report = examine_reader(reading, Options::default(), &mut refuse_proofs).map_err(cannot)?;
    serde_json::to_value(report).map_err(|error| Refused::Tool(error.to_string()))
}

/// A reader that ends when nobody waits for what comes of it.
struct Wanted<'a, R> {
    file: R,
    is_over: &'a dyn Fn() -> bool,
}

impl<R: Read> Read for Wanted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if (self.is_over)() {
            return Err(io::Error::other("it was cancelled"));
        }
        self.file.read(into)
    }
}

fn appended(Appended { seq, leaf }: Appended) -> Value {
    json!({ "seq": seq, "leaf": leaf.to_string() })
}

/// The tools, as a client is told of them.
pub(super) fn schemas() -> Value {
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
