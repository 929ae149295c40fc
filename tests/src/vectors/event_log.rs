//! Event logs that are not the one committed to, not in canonical form, or not about the run that the capsule claims.

use serde_json::json;
use verifier_core::{
    ReasonCode,
    capsule::entry,
    cbor::Value,
    event_log::{events, leaf},
};

use super::{Bases, Rejects, another_digest};
use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers, written},
};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    anchors(bases, rejects);
    bytes(bases, rejects);
    lines(bases, rejects);
    circumstances(bases, rejects);
    endings(bases, rejects);
}

/// A log that holds what readers and writers of JSON differ in.
pub(super) fn of_every_value(receipt: &Receipt) -> Receipt {
    let deep = (1..LEVELS).fold(json!(0), |inner, _| json!([inner]));
    let extra = json!({
        "controls": (0..32).map(char::from).collect::<String>(),
        "deep": deep,
        "empty": [{}, [], ""],
        "keys": { "_": 1, "0": 2, "a": 3, "a0": 4, "a_": 5, "aa": 6 },
        "largest": MAX_INTEGER,
        "least": -MAX_INTEGER,
        "marks": "\" \\ / \u{7f} \u{80} \u{a0} \u{e9} e\u{301} \u{2028} \u{2029}",
        "planes": "\u{feff} \u{fffd} \u{ffff} \u{1f600} \u{10ffff}",
        "truth": [true, false],
    });
    receipt.changed(AROUND, |receipt| {
        let mut events = events(&receipt.entries[entry::EVENTS]);
        events[1].extend(extra.as_object().cloned().unwrap_or_default());
        receipt.entries.insert(entry::EVENTS.to_owned(), written(events).expect("a canonical log"));
    })
}

/// Levels of arrays and objects that a line may have, its own object included.
const LEVELS: usize = 127;
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// What an attacker recomputes around a log that stands as it is.
const AROUND: Layers = Layers::ALL.without(Layer::Log);

fn anchors(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EventLogMismatch;
    let all = (&bases.typical, Layers::ALL);
    rejects.change(code, "log-missing", all, |receipt| drop(receipt.entries.remove(entry::EVENTS)));
    for key in ["events_log_hash", "event_chain_head"] {
        let path = format!("header.anchor.{key}");
        let name = key.replace('_', "-");
        rejects.change(code, &format!("{name}-other"), all, |receipt| receipt.set(&path, another_digest()));
        let of_other = bases.other.value(&path);
        rejects.change(code, &format!("{name}-of-another-receipt"), all, |r| r.set(&path, of_other.clone()));
    }
    for (name, lines) in [("0", 0), ("one-less", 10), ("2-to-the-60", 1 << 60)] {
        rejects.change(code, &format!("events-log-length-{name}"), all, |receipt| {
            receipt.set("header.anchor.events_log_len", Value::Uint(lines));
        });
    }
    rejects.change(code, "trace-root-other", all, |r| r.set("payload.statement.trace_root", another_digest()));
    let of_other = bases.other.entries[entry::EVENTS].clone();
    for (name, layers) in [("unsaid", Layers::NONE), ("anchored", AROUND)] {
        rejects.change(code, &format!("log-of-another-receipt-{name}"), (&bases.typical, layers), |receipt| {
            receipt.entries.insert(entry::EVENTS.to_owned(), of_other.clone());
        });
    }
}

/// The log's lines.
fn log_of(receipt: &Receipt) -> Vec<String> {
    let log = String::from_utf8(receipt.entries[entry::EVENTS].clone()).expect("a log is text");
    log.lines().map(str::to_owned).collect()
}

/// Joins lines, each with the leaf of the one before in it.
fn chained(lines: &[String]) -> String {
    let (mut log, mut head) = (String::new(), "0".repeat(64));
    for line in lines {
        let line = match line.find("\"prev\":\"").map(|at| at + 8) {
            Some(at) if line.len() >= at + 64 => format!("{}{head}{}", &line[..at], &line[at + 64..]),
            _ => line.clone(),
        };
        head = leaf(line.as_bytes()).to_string();
        log += &line;
        log.push('\n');
    }
    log
}

fn with_log(receipt: &Receipt, log: impl Into<Vec<u8>>) -> Vec<u8> {
    let log = log.into();
    let changed = receipt.changed(AROUND, |receipt| {
        receipt.entries.insert(entry::EVENTS.to_owned(), log.clone());
    });
    changed.bytes()
}

/// Changes of the log's bytes, the anchor made to agree.
fn bytes(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EventLogMismatch;
    let receipt = &bases.minimal;
    let log = receipt.entries[entry::EVENTS].clone();
    let whole = log.as_slice();
    let mut add = |name: &str, log: Vec<u8>| rejects.add(code, &format!("log-{name}"), with_log(receipt, log));
    add("empty", Vec::new());
    add("of-one-line-feed", b"\n".to_vec());
    add("without-its-last-line-feed", whole[..whole.len() - 1].to_vec());
    add("with-an-empty-line", [whole, b"\n"].concat());
    add("with-a-byte-order-mark", ["\u{feff}".as_bytes(), whole].concat());
    add("with-carriage-returns", String::from_utf8_lossy(whole).replace('\n', "\r\n").into_bytes());
    add("twice", whole.repeat(2));
    add("not-utf-8", [&whole[..whole.len() - 3], &[0xc3, 0x28], &whole[whole.len() - 3..]].concat());
    add("of-zeros", vec![0; 64]);
}

/// Changes of one line, the chain made anew.
fn lines(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EventLogMismatch;
    let receipt = &bases.minimal;
    let lines = log_of(receipt);
    let replaced = |at: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        assert!(lines[at].contains(from), "{from} is not in {}", lines[at]);
        lines[at] = lines[at].replacen(from, to, 1);
        chained(&lines)
    };
    let nested = |levels: usize| {
        replaced(1, "\"size\":", &format!("\"size\":{}0{},\"size_\":", "[".repeat(levels), "]".repeat(levels)))
    };
    let last = lines.len() - 1;
    let cases = [
        ("spaced", replaced(1, "\"size\":", "\"size\": ")),
        ("keys-unsorted", replaced(1, "{", "{\"z\":1,")),
        ("key-twice", replaced(1, "{", "{\"digest\":\"\",")),
        ("key-upper-case", replaced(1, "{", "{\"A\":1,")),
        ("key-empty", replaced(1, "{", "{\"\":1,")),
        ("float", replaced(1, "\"size\":", "\"size\":1.0,\"size_\":")),
        ("null", replaced(1, "\"size\":", "\"size\":null,\"size_\":")),
        ("number-over-2-to-the-53", replaced(1, "\"size\":", "\"size\":9007199254740992,\"size_\":")),
        ("number-of-20-digits", replaced(1, "\"size\":", "\"size\":99999999999999999999,\"size_\":")),
        ("number-minus-0", replaced(1, "\"size\":", "\"size\":-0,\"size_\":")),
        ("number-with-exponent", replaced(1, "\"size\":", "\"size\":1e3,\"size_\":")),
        ("number-with-plus", replaced(1, "\"size\":", "\"size\":+1,\"size_\":")),
        ("escape-needless", replaced(1, "\"stream_ended\"", "\"stream\\u005fended\"")),
        ("escape-of-a-slash", replaced(1, "\"stream_ended\"", "\"stream\\/ended\"")),
        ("surrogate-alone", replaced(1, "\"stream_ended\"", "\"\\ud800\"")),
        ("array-for-an-event", chained(&[lines[0].clone(), "[]".to_owned(), lines[last].clone()])),
        ("text-for-an-event", chained(&[lines[0].clone(), "\"event\"".to_owned(), lines[last].clone()])),
        ("nested-128-deep", nested(127)),
        ("nested-1000-deep", nested(999)),
        ("seq-missing", replaced(1, "\"seq\":1,", "")),
        ("seq-twice-the-same", replaced(1, "\"seq\":1,", "\"seq\":0,")),
        ("seq-from-2", replaced(1, "\"seq\":1,", "\"seq\":2,")),
        ("seq-as-text", replaced(1, "\"seq\":1,", "\"seq\":\"1\",")),
        ("prev-missing", replaced(1, "\"prev\":", "\"prex\":")),
        ("time-missing", replaced(1, "\"time\":", "\"tine\":")),
        ("time-without-milliseconds", replaced(1, "796Z", "Z")),
        ("time-with-an-offset", replaced(1, "796Z", "796+00:00")),
        ("time-in-month-13", replaced(1, "2026-01", "2026-13")),
        ("time-on-day-0", replaced(1, "-31T", "-00T")),
        ("time-on-30-february", replaced(1, "-01-31T", "-02-30T")),
        ("time-in-a-leap-second", replaced(last, ":56.", ":60.")),
        ("time-before-1970", replaced(1, "2026-", "1969-")),
        ("time-goes-back", replaced(2, "2026-", "2025-")),
        ("type-missing", replaced(1, "\"type\":", "\"tyre\":")),
        ("type-as-number", replaced(1, "\"type\":\"stream_ended\"", "\"type\":1")),
        ("header-twice", replaced(1, "\"stream_ended\"", "\"run_header\"")),
        ("header-missing", replaced(0, "\"run_header\"", "\"run_begins\"")),
    ];
    for (name, log) in cases {
        rejects.add(code, &format!("line-{name}"), with_log(receipt, log));
    }
    let closed_early = replaced(1, "\"stream_ended\"", "\"run_finished\"");
    rejects.add(code, "line-after-the-closing-one", with_log(receipt, closed_early));
    for (name, version) in [("1", "\"v\":1"), ("3", "\"v\":3"), ("as-text", "\"v\":\"2\""), ("missing", "\"w\":2")] {
        let log = replaced(0, "\"v\":2", version);
        rejects.add(ReasonCode::SchemaUnsupported, &format!("log-version-{name}"), with_log(receipt, log));
    }
    // The chain as it stands, around a change.
    let torn = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut dropped = lines.clone();
    dropped.remove(2);
    rejects.add(code, "line-dropped", with_log(receipt, torn(&dropped)));
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    rejects.add(code, "lines-swapped", with_log(receipt, torn(&swapped)));
    let mut twice = lines.clone();
    twice.insert(2, lines[1].clone());
    rejects.add(code, "line-twice", with_log(receipt, torn(&twice)));
    let mut edited = lines.clone();
    edited[1] = edited[1].replacen("\"size\":", "\"size\":1", 1);
    rejects.add(code, "line-edited", with_log(receipt, torn(&edited)));
}

/// Logs in good order that tell another run than `payload.run` and the backend.
fn circumstances(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EventLogMismatch;
    let kept = (&bases.typical, AROUND);
    rejects.change(code, "run-command-other-than-logged", kept, |receipt| {
        receipt.set("payload.run.command.0", Value::Text("another.py".to_owned()));
    });
    rejects.change(code, "run-start-other-than-logged", kept, |receipt| {
        receipt.set("payload.run.started_at_ms", Value::Uint(1_769_862_896_788));
    });
    rejects.change(code, "run-capture-other-than-logged", kept, |receipt| {
        receipt.set("payload.run.capture", Value::Text("declared".to_owned()));
    });
    let lines = log_of(&bases.typical);
    for (name, from, to) in [
        ("backend-other", "\"backend\":\"process_v1\"", "\"backend\":\"geom_v1\""),
        ("backend-missing", "\"backend\":", "\"backenb\":"),
        ("command-missing", "\"command\":", "\"commanb\":"),
        ("command-as-text", "\"command\":[\"strategy.py\",", "\"command\":\"strategy.py\",\"commanf\":["),
        ("capture-missing", "\"capture\":", "\"capturb\":"),
    ] {
        let mut lines = lines.clone();
        assert!(lines[0].contains(from), "{from} is not in {}", lines[0]);
        lines[0] = lines[0].replacen(from, to, 1);
        rejects.add(code, &format!("header-line-{name}"), with_log(&bases.typical, chained(&lines)));
    }
}

/// Logs in good order whose last line does not say what the claim says.
fn endings(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EventLogMismatch;
    let receipt = &bases.typical;
    let lines = log_of(receipt);
    let last = lines.len() - 1;
    rejects.add(code, "ending-missing", with_log(receipt, chained(&lines[..last])));
    rejects.add(code, "ending-of-one-line", with_log(receipt, chained(&lines[..1])));
    for name in ["code", "inputs", "config", "environment", "outputs"] {
        let mut lines = lines.clone();
        let from = format!("\"{name}\":\"");
        assert!(lines[last].contains(&from), "{name} is not in {}", lines[last]);
        let at = lines[last].find(&from).map(|at| at + from.len()).unwrap_or_default();
        lines[last].replace_range(at..at + 64, &"0".repeat(64));
        rejects.add(code, &format!("ending-{name}-other"), with_log(receipt, chained(&lines)));
    }
    for (name, from, to) in [
        ("exit-other", "\"exit_code\":0", "\"exit_code\":1"),
        ("exit-as-text", "\"exit_code\":0", "\"exit_code\":\"0\""),
        ("exit-by-signal", "\"exit_code\":0", "\"exit_signal\":0"),
        ("type-other", "\"run_finished\"", "\"run_completed\""),
    ] {
        let mut lines = lines.clone();
        assert!(lines[last].contains(from), "{from} is not in {}", lines[last]);
        lines[last] = lines[last].replacen(from, to, 1);
        rejects.add(code, &format!("ending-{name}"), with_log(receipt, chained(&lines)));
    }
    // Claims that were exchanged under the log.
    let kept = (receipt, AROUND);
    for (name, path) in [
        ("claim-code-path", "payload.claim.code.0.path"),
        ("claim-arguments", "payload.claim.config.arguments"),
        ("claim-variable", "payload.claim.environment.variables.1.value"),
        ("claim-exit", "payload.claim.exit"),
    ] {
        let value = match path {
            "payload.claim.code.0.path" => Value::Text("another.py".to_owned()),
            path => bases.other.value(path),
        };
        rejects.change(code, &format!("{name}-other-than-logged"), kept, |receipt| receipt.set(path, value.clone()));
    }
}
