use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde_json::json;

use super::*;

const TIME: &str = "2026-01-31T12:34:56.789Z";

fn log() -> Vec<u8> {
    let mut writer = Writer::default();
    let mut append = |kind, fields: Value| writer.append(TIME, kind, fields.as_object().unwrap().clone()).unwrap();
    append(HEADER, json!({"tool": "capseal", "v": 2}));
    append("file_read", json!({"path": "a\u{7f}\u{2028}\"\\\n", "size": 3}));
    append("run_finished", json!({"exit_code": 0}));
    writer.finish()
}

fn refusal(log: &[u8]) -> EventLogError {
    check(log, &Limits::default()).unwrap_err()
}

fn replaced(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(log()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_written_log_is_accepted() {
    let summary = check(&log(), &Limits::default()).unwrap();
    assert_eq!(summary.lines, 3);
    assert_eq!(summary.last["exit_code"], 0);
    let last_line = log().split(|byte| *byte == b'\n').nth(2).unwrap().to_vec();
    assert_eq!(summary.head, leaf(&last_line));
    assert_eq!(events(&log()).len(), 3);
}

#[test]
fn each_rule_refuses_its_breach() {
    assert_eq!(refusal(b""), EventLogError::TornTail);
    assert_eq!(refusal(&log()[..log().len() - 1]), EventLogError::TornTail);
    assert_eq!(refusal(b"\n"), EventLogError::NotCanonical { line: 0 });
    assert_eq!(refusal(&replaced("{\"exit_code", "{ \"exit_code")), EventLogError::NotCanonical { line: 2 });
    assert_eq!(refusal(&replaced("\"exit_code\":0", "\"exit_code\":0.0")), EventLogError::NotCanonical { line: 2 });
    assert_eq!(refusal(&replaced("\"exit_code\":0", "\"exit_code\":-0")), EventLogError::NotCanonical { line: 2 });
    assert_eq!(refusal(&replaced("\"exit_code\":0", "\"exit_code\":null")), EventLogError::NotCanonical { line: 2 });
    assert_eq!(
        refusal(&replaced("\"exit_code\":0", "\"exit_code\":9007199254740992")),
        EventLogError::NotCanonical { line: 2 }
    );
    assert_eq!(
        refusal(&replaced("\"exit_code\":0", "\"exit_code\":1,\"exit_code\":0")),
        EventLogError::NotCanonical { line: 2 }
    );
    assert_eq!(refusal(&replaced("\"seq\":2", "\"seq\":3")), EventLogError::OutOfOrder { line: 2 });
    assert_eq!(refusal(&replaced("12:34:56", "12:34:57")), EventLogError::ChainBroken { line: 1 });
    assert_eq!(refusal(&replaced("file_read", "run_header")), EventLogError::HeaderMisplaced { line: 1 });
    assert_eq!(refusal(&replaced("run_header", "other")), EventLogError::HeaderMisplaced { line: 0 });
    assert_eq!(refusal(&replaced("56.789Z", "56.789z")), EventLogError::NotCanonical { line: 0 });
}

#[test]
fn time_does_not_run_backwards() {
    let mut writer = Writer::default();
    writer.append(TIME, HEADER, json!({"v": 2}).as_object().unwrap().clone()).unwrap();
    let earlier = "2026-01-31T12:34:56.788Z";
    assert_eq!(writer.append(earlier, "x", Map::new()), Err(EventLogError::OutOfOrder { line: 1 }));
}

#[test]
fn limits_hold() {
    for limits in [
        Limits { event_log_bytes: log().len() - 1, ..Limits::default() },
        Limits { event_log_lines: 2, ..Limits::default() },
        Limits { event_line_bytes: 40, ..Limits::default() },
    ] {
        assert_eq!(check(&log(), &limits), Err(EventLogError::TooLong));
    }
}

#[test]
fn deep_nesting_is_refused() {
    let line = ["{\"a\":".repeat(100_000), "1".to_string(), "}".repeat(100_000), "\n".to_string()].concat();
    assert_eq!(refusal(line.as_bytes()), EventLogError::NotCanonical { line: 0 });
}

#[test]
fn times_are_moments_of_the_calendar() {
    for (time, expected) in [
        ("1970-01-01T00:00:00.000Z", Some(0)),
        ("1972-02-29T00:00:00.000Z", Some(68_169_600_000)),
        ("2000-02-29T23:59:59.999Z", Some(951_868_799_999)),
        ("2026-01-31T12:34:56.789Z", Some(1_769_862_896_789)),
        ("2100-03-01T00:00:00.000Z", Some(4_107_542_400_000)),
        ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
        ("1969-12-31T23:59:59.999Z", None),
        ("2026-00-31T12:34:56.789Z", None),
        ("2026-13-31T12:34:56.789Z", None),
        ("2026-01-00T12:34:56.789Z", None),
        ("2026-04-31T12:34:56.789Z", None),
        ("2026-02-29T12:34:56.789Z", None),
        ("2100-02-29T12:34:56.789Z", None),
        ("2026-01-31T24:34:56.789Z", None),
        ("2026-01-31T12:60:56.789Z", None),
        ("2026-01-31T12:34:60.789Z", None),
        ("2026-01-31T12:34:56.789z", None),
        ("2026-01-31T12:34:56.78Z", None),
        ("+026-01-31T12:34:56.789Z", None),
        ("2026-01-31T12:34:56.7é", None),
    ] {
        assert_eq!(millis(time), expected, "{time}");
    }
}
