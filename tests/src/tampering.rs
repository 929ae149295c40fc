//! Every kind of tampering with an action log: what the original tool says of it in a log of version 1, what this verifier says, and
//! what it says of the same change to a log of version 2, alone and with a checkpoint.
//!
//! Who tampers recomputes whatever can be recomputed, where the kind says so. The log of version 2 is closed, and the checkpoint was made
//! over it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use verifier_core::{
    ReasonCode,
    pcap::{
        Checkpoint, Examination, Log, Note, Options, TreeHead, Writer,
        log::{HEADER, event, whole_lines},
        note::NoteSignature,
        obligation::Resolution,
        v1::{
            self, Answer,
            json::{self as json_v1, Dialect},
        },
    },
};

/// A kind of tampering, done to a log of either version.
#[derive(Clone, Debug)]
pub struct Tampering {
    /// What was done.
    pub name: &'static str,
    /// The log of version 1.
    pub old: Vec<u8>,
    /// The log of version 2.
    pub new: Vec<u8>,
}

/// What is said of a tampering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The original tool's answer.
    pub compat: Answer,
    /// Whether the log of version 1 is accepted by default.
    pub old: bool,
    /// Why the log of version 2 is refused, without a checkpoint.
    pub alone: Option<ReasonCode>,
    /// The same with a checkpoint.
    pub anchored: Option<ReasonCode>,
}

const ACTIONS: usize = 7;
const TIME: &str = "2026-01-31T12:34:56.789Z";

/// The log of version 1 that is tampered with.
pub fn honest_old() -> Vec<u8> {
    old_log("one", &(0..ACTIONS).map(old_action).collect::<Vec<_>>())
}

/// The log of version 2 that is tampered with.
pub fn honest_new() -> Vec<u8> {
    sealed("one", &(0..ACTIONS).map(new_action).collect::<Vec<_>>())
}

/// What is said of a tampering, or of the honest logs.
pub fn said(tampering: &Tampering) -> Said {
    let report = v1::check(&tampering.old);
    let checkpoint = checkpoint(&honest_new());
    Said {
        compat: report.answer,
        old: report.is_accepted(),
        alone: judge(&tampering.new, None),
        anchored: judge(&tampering.new, Some(checkpoint)),
    }
}

/// The page: a table of what is said of each.
pub fn page() -> String {
    let mut page = String::from(
        "# Tampering with action logs\n\n\
         Generated from `tests/src/tampering.rs`. Each row is a change to an honest log of seven actions; where it says \"recomputed\", \
         every hash, link and seal that the change touches was made anew. The log of version 2 is closed, and its checkpoint was made over \
         it. In version 1, \"accepted\" means that the change is not seen.\n\n\
         | what was done | v1, `--compat` | v1 | v2, unanchored | v2, with a checkpoint |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut seen = [0; 4];
    let all = all();
    for tampering in &all {
        let Said { compat, old, alone, anchored } = said(tampering);
        let cell = |reason: Option<ReasonCode>| reason.map_or("**accepted**".to_owned(), code);
        let compat_cell = if compat == Answer::Ok { "**accepted**" } else { compat.name() };
        let old_cell = if old { "**accepted**" } else { "E201" };
        let _ = writeln!(
            page,
            "| {} | {compat_cell} | {old_cell} | {} | {} |",
            tampering.name,
            cell(alone),
            cell(anchored)
        );
        for (count, refused) in seen.iter_mut().zip([compat != Answer::Ok, !old, alone.is_some(), anchored.is_some()]) {
            *count += usize::from(refused);
        }
    }
    let count = all.len();
    let [compat, old, alone, anchored] = seen.map(|seen| format!("{seen} of {count}"));
    let _ = writeln!(page, "| seen | {compat} | {old} | {alone} | {anchored} |");
    page
}

fn code(reason: ReasonCode) -> String {
    format!("E{:03}", reason.number())
}

fn judge(log: &[u8], checkpoint: Option<Checkpoint>) -> Option<ReasonCode> {
    let mut examination = Examination::new(Options { checkpoint, ..Options::default() });
    match examination.read(log) {
        Ok(()) => examination.finish(&mut |_, _| Resolution::Missing).reason,
        Err(refusal) => Some(refusal.code),
    }
}

/// A checkpoint over a log. Who signed is not what is shown here.
fn checkpoint(log: &[u8]) -> Checkpoint {
    let mut read = Log::default();
    read.read(log).expect("an honest log");
    let head = TreeHead {
        log_id: read.chain().log_id().expect("a log with a header"),
        size: read.chain().lines(),
        root: read.root(),
    };
    let signature = NoteSignature { name: "keeper".to_owned(), id: [0; 4], signature: vec![0; 64] };
    Checkpoint { head, note: Note { text: head.to_string(), signatures: vec![signature] } }
}

fn old_header(run: &str) -> String {
    format!(
        r#"{{"run_id":"{run}","started_at":"2026-01-31T12:34:56+00:00","tool":"xme","type":"run_header","version":"0.0.1"}}"#
    )
}

/// An action of version 1 before it is linked.
fn old_action(i: usize) -> String {
    format!(
        r#"{{"action":"a{i}","actor":"alice","deltas":{{"x":-0.0,"y":3.0}},"level":"S0","obligations":{{}},"psp_ref":null,"timestamp":"2026-01-31T12:34:56+00:00","type":"action"}}"#
    )
}

fn object(line: &str) -> json_v1::Object {
    match json_v1::parse(line.as_bytes()).map(|parsed| parsed.value) {
        Some(json_v1::Value::Object(object)) => object,
        _ => json_v1::Object::new(),
    }
}

/// Links an action and gives it its hash.
fn linked(line: &str, prev: Option<&str>) -> (String, String) {
    let mut object = object(line);
    let prev = prev.map_or(json_v1::Value::Null, |prev| json_v1::Value::Text(prev.to_owned()));
    object.insert("prev_hash".to_owned(), prev);
    let payload = json_v1::write_without(&object, "hash", Dialect::Zmij).expect("a flat object").text;
    let hash = verifier_core::Digest::of_content(payload.as_bytes()).to_string();
    object.insert("hash".to_owned(), json_v1::Value::Text(hash.clone()));
    (json_v1::write(&json_v1::Value::Object(object), Dialect::Zmij).expect("a flat object").text, hash)
}

fn old_lines(run: &str, actions: &[String]) -> Vec<String> {
    let mut lines = vec![old_header(run)];
    let mut prev = None;
    for action in actions {
        let (line, hash) = linked(action, prev.as_deref());
        lines.push(line);
        prev = Some(hash);
    }
    lines
}

fn old_log(run: &str, actions: &[String]) -> Vec<u8> {
    joined(&old_lines(run, actions))
}

fn joined(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn new_action(i: usize) -> (String, Map<String, Value>) {
    ("action".to_owned(), fields(json!({ "action": format!("a{i}"), "actor": "alice", "count": 3, "zero": 0 })))
}

/// A closed log of version 2.
fn sealed(run: &str, actions: &[(String, Map<String, Value>)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.append(TIME, HEADER, fields(json!({ "run_id": run, "v": 2 }))).expect("a header");
    for (kind, fields) in actions {
        writer.append(TIME, kind, fields.clone()).expect("an entry");
    }
    let mut log = writer.finish();
    let mut read = Log::default();
    read.read(&log).expect("lines that were just written");
    log.extend(read.seal(TIME, Map::new()).expect("an open log").line.into_bytes());
    log.push(b'\n');
    log
}

fn new_lines() -> Vec<String> {
    let log = honest_new();
    whole_lines(&log).expect("a log").map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// The log with each link and the seal recomputed.
fn resealed(lines: &[String]) -> Vec<u8> {
    let events = lines.iter().filter_map(|line| event(line.as_bytes())).filter(|event| event["type"] != "seal");
    let entries: Vec<_> = events
        .map(|mut event| {
            let kind = event.remove("type").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
            ["seq", "prev", "time"].iter().for_each(|name| drop(event.remove(*name)));
            (kind, event)
        })
        .collect();
    let (run, actions) = match entries.split_first() {
        Some(((kind, header), actions)) if kind == HEADER => (header["run_id"].as_str().unwrap_or_default(), actions),
        _ => ("", entries.as_slice()),
    };
    sealed(run, actions)
}

/// Every kind.
pub fn all() -> Vec<Tampering> {
    let (old, new) = (old_lines("one", &(0..ACTIONS).map(old_action).collect::<Vec<_>>()), new_lines());
    let mut all = Vec::new();
    recomputed(&old, &new, &mut all);
    links(&old, &new, &mut all);
    lines(&old, &new, &mut all);
    headers(&old, &new, &mut all);
    spellings(&old, &new, &mut all);
    all
}

fn edited(lines: &[String], at: usize, from: &str, to: &str) -> Vec<String> {
    let mut lines = lines.to_vec();
    assert!(lines[at].contains(from), "{from} is not in {}", lines[at]);
    lines[at] = lines[at].replacen(from, to, 1);
    lines
}

fn without(lines: &[String], at: usize) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.remove(at);
    lines
}

/// Links of version 1 made anew from a line on.
fn relinked(lines: &[String], from: usize, to: usize) -> Vec<String> {
    let mut lines = lines.to_vec();
    for at in from..to {
        let prev = object(&lines[at - 1]).get("hash").and_then(|hash| match hash {
            json_v1::Value::Text(hash) => Some(hash.clone()),
            _ => None,
        });
        lines[at] = linked(&lines[at], prev.as_deref()).0;
    }
    lines
}

type All = Vec<Tampering>;

fn add(all: &mut All, name: &'static str, old: Vec<u8>, new: Vec<u8>) {
    all.push(Tampering { name, old, new });
}

fn recomputed(old: &[String], new: &[String], all: &mut All) {
    let actor = ("\"alice\"", "\"mallory\"");
    let (edited_old, edited_new) = (edited(old, 3, actor.0, actor.1), edited(new, 3, actor.0, actor.1));
    add(all, "a field edited", joined(&edited_old), joined(&edited_new));
    let mut next_linked = edited_new.clone();
    let leaf = verifier_core::pcap::tree::leaf(edited_new[3].as_bytes()).to_string();
    let was = verifier_core::pcap::tree::leaf(new[3].as_bytes()).to_string();
    next_linked[4] = next_linked[4].replacen(&was, &leaf, 1);
    let rehashed = relinked(&edited_old, 3, 4);
    add(all, "a field edited, this line recomputed", joined(&rehashed), joined(&next_linked));
    add(all, "a field edited, all later lines recomputed", joined(&relinked(&edited_old, 3, 8)), resealed(&edited_new));
    let last = (edited(old, 7, actor.0, actor.1), edited(new, 7, actor.0, actor.1));
    add(all, "the last action edited, recomputed", joined(&relinked(&last.0, 7, 8)), resealed(&last.1));
    let kind = ("\"type\":\"action\"", "\"type\":\"remark\"");
    add(
        all,
        "the last action's type changed, recomputed",
        joined(&edited(old, 7, kind.0, kind.1)),
        resealed(&edited(new, 7, kind.0, kind.1)),
    );
    let forged = (old_action(9), new_action(9));
    let with_forged = relinked(&[old, std::slice::from_ref(&forged.0)].concat(), 8, 9);
    let entries: Vec<_> = (0..ACTIONS).map(new_action).chain([forged.1]).collect();
    add(all, "a forged action appended, recomputed", joined(&with_forged), sealed("one", &entries));
    let unlinked = [old, &[linked(&forged.0, None).0]].concat();
    let line = new[7].replace("\"seq\":7", "\"seq\":9");
    add(all, "a forged action appended, linked to nothing", joined(&unlinked), joined(&[new, &[line]].concat()));
}

fn links(old: &[String], new: &[String], all: &mut All) {
    let field = |line: &str, name: &str| {
        let from = line.find(&format!("\"{name}\":\"")).map_or(0, |at| at + name.len() + 4);
        line[from..from + 64].to_owned()
    };
    let (hash, prev) = (field(&old[3], "hash"), field(&new[3], "prev"));
    let zeros = "0".repeat(64);
    add(
        all,
        "a hash replaced by zeros",
        joined(&edited(old, 3, &hash, &zeros)),
        joined(&edited(new, 3, &prev, &zeros)),
    );
    let last = (field(&old[7], "hash"), field(&new[7], "prev"));
    let upper = (edited(old, 7, &last.0, &last.0.to_uppercase()), edited(new, 7, &last.1, &last.1.to_uppercase()));
    add(all, "a hash in upper case", joined(&upper.0), joined(&upper.1));
    let missing = (format!("\"hash\":\"{hash}\","), format!("\"prev\":\"{prev}\","));
    add(all, "a hash left out", joined(&edited(old, 3, &missing.0, "")), joined(&edited(new, 3, &missing.1, "")));
    let not_hex = (edited(old, 7, &last.0, "x"), edited(new, 7, &last.1, "x"));
    add(all, "a hash that is no hexadecimal text", joined(&not_hex.0), joined(&not_hex.1));
    let old_prev = field(&old[3], "prev_hash");
    let other = (edited(old, 3, &old_prev, &zeros), edited(new, 3, &prev, &"1".repeat(64)));
    add(all, "a link edited", joined(&other.0), joined(&other.1));
    let mut rehashed = other.0;
    rehashed[3] = linked(&rehashed[3], Some(&zeros)).0;
    add(all, "a link edited, this line recomputed", joined(&rehashed), joined(&other.1));
}

fn lines(old: &[String], new: &[String], all: &mut All) {
    add(all, "a line in the middle deleted", joined(&without(old, 4)), joined(&without(new, 4)));
    add(all, "the first action deleted", joined(&without(old, 1)), joined(&without(new, 1)));
    add(all, "the last action deleted, recomputed", joined(&old[..7]), resealed(&new[..7]));
    add(all, "all actions deleted, recomputed", joined(&old[..1]), resealed(&new[..1]));
    let swapped = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.swap(3, 4);
        lines
    };
    add(all, "two lines swapped", joined(&swapped(old)), joined(&swapped(new)));
    let twice = |lines: &[String]| [lines, &lines[lines.len() - 1..]].concat();
    add(all, "the last line repeated", joined(&twice(old)), joined(&twice(new)));
    let root = match v1::check(&joined(old)).merkle {
        v1::Merkle::Root(root) => root,
        v1::Merkle::Empty | v1::Merkle::Malformed => String::new(),
    };
    let one = format!("{{\"hash\":\"{root}\",\"type\":\"action\"}}");
    let seal = vec![new[0].clone(), new[8].clone()];
    add(all, "one line that claims the root of all", joined(&[old[0].clone(), one]), joined(&seal));
    let cut = |log: Vec<u8>, bytes: usize| log[..log.len() - bytes].to_vec();
    add(all, "the last line torn", cut(joined(old), 40), cut(joined(new), 40));
    add(all, "the last line feed left out", cut(joined(old), 1), cut(joined(new), 1));
    let note = "{\"type\":\"remark\"}".to_owned();
    let injected = |lines: &[String]| [&lines[..4], std::slice::from_ref(&note), &lines[4..]].concat();
    add(all, "a line of an unknown type put in", joined(&injected(old)), joined(&injected(new)));
    let array = |lines: &[String]| [&lines[..4], &["[]".to_owned()], &lines[4..]].concat();
    add(all, "an array put in as a line", joined(&array(old)), joined(&array(new)));
}

fn headers(old: &[String], new: &[String], all: &mut All) {
    let run = ("\"one\"", "\"two\"");
    add(all, "the header edited", joined(&edited(old, 0, run.0, run.1)), joined(&edited(new, 0, run.0, run.1)));
    add(all, "the header removed", joined(&old[1..]), joined(&new[1..]));
    let other = (old_header("two"), resealed(&edited(new, 0, run.0, run.1)));
    add(all, "another run's header on top, recomputed", joined(&[&[other.0], &old[1..]].concat()), other.1);
    let actions: Vec<_> = (0..3).map(old_action).collect();
    let again = [old, &old_lines("two", &actions)].concat();
    let header = new[0].replace("\"seq\":0", "\"seq\":9");
    add(all, "a second header with a new chain", joined(&again), joined(&[new, &[header]].concat()));
}

fn spellings(old: &[String], new: &[String], all: &mut All) {
    let twice = ("{\"action\"", "{\"action\":\"other\",\"action\"");
    add(all, "a key twice", joined(&edited(old, 3, twice.0, twice.1)), joined(&edited(new, 3, twice.0, twice.1)));
    let spaced = |lines: &[String]| lines.iter().map(|line| line.replace("\":", "\": ")).collect::<Vec<_>>();
    add(all, "lines spaced otherwise", joined(&spaced(old)), joined(&spaced(new)));
    let blank = |log: Vec<u8>| String::from_utf8_lossy(&log).replace('\n', "\r\n\n").into_bytes();
    add(all, "carriage returns and blank lines put in", blank(joined(old)), blank(joined(new)));
    let spoilt = |log: Vec<u8>| {
        let mut log = log;
        let at = log.windows(5).position(|bytes| bytes == b"alice").unwrap_or_default();
        log[at + 2] = 0xff;
        log
    };
    add(all, "bytes that are no UTF-8", spoilt(joined(old)), spoilt(joined(new)));
    add(
        all,
        "a zero spelled otherwise",
        joined(&edited(old, 3, "-0.0", "-0")),
        joined(&edited(new, 3, "\"zero\":0", "\"zero\":-0")),
    );
    add(
        all,
        "a number spelled otherwise",
        joined(&edited(old, 3, "3.0", "3")),
        joined(&edited(new, 3, "\"count\":3", "\"count\":3.0")),
    );
}
