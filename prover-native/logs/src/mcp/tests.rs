//! Sessions, as a client has them.

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
    let long = format!("{{\"x\":\"{}\"}}\n", "x".repeat(5 << 20));
    let messages = ["nonsense\n", "[]\n", "{\"id\":1}\n", "\n", &long].concat()
        + &request(1, "nonsense", &Value::Null)
        + &call(2, "nonsense", &Value::Null)
        + "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n"
        + &request(3, "tools/list", &Value::Null);
    let codes: Vec<_> = exchange(&messages).iter().map(|answer| answer["error"]["code"].as_i64()).collect();
    let (no_request, no_method) = (INVALID_REQUEST, METHOD_NOT_FOUND);
    let expected = [PARSE_ERROR, no_request, no_request, no_request, no_method, INVALID_PARAMS, no_request];
    assert_eq!(codes, expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
}

#[test]
fn what_a_tool_does_not_take_is_refused_and_nothing_is_logged() {
    for (name, arguments) in [
        ("log", json!({ "action": "real", "fields": { "action": "approved" } })),
        ("log", json!({ "action": "real", "fields": { "actor": "ceo" } })),
        ("log", json!({ "action": "real", "fields": { "level": "S2" } })),
        ("log", json!({ "action": "real", "fields": { "seq": 7 } })),
        ("log", json!({ "action": "real", "fields": { "prev": "00" } })),
        ("log", json!({ "action": "real", "fields": { "time": "2020-01-01T00:00:00.000Z" } })),
        ("log", json!({ "action": "real", "fields": { "type": "seal" } })),
        ("log", json!({ "action": "real", "fields": "nope" })),
        ("log", json!({ "action": "real", "fields": [1] })),
        ("log", json!({ "action": "real", "fields": null })),
        ("log", json!({ "action": "real", "feilds": {} })),
        ("log", json!({ "action": 7 })),
        ("log", json!({ "action": "real", "actor": null })),
        ("log", json!({ "action": "real", "level": "S3" })),
        ("log", json!({})),
        ("verify", json!({ "pth": "/nowhere" })),
        ("verify", json!({ "path": 7 })),
        ("verify", json!({ "path": "/dev/zero" })),
        ("verify", json!({ "path": "/" })),
        ("seal", json!({ "really": true })),
        ("status", json!({ "log": "other" })),
    ] {
        let answers = exchange(&(call(1, name, &arguments) + &call(2, "status", &json!({}))));
        assert_eq!(answers[0]["result"]["isError"], true, "{name} {arguments}: {}", answers[0]);
        assert_eq!(answers[1]["result"]["structuredContent"]["report"]["size"], 1, "{name} {arguments}");
    }
}

#[test]
fn a_batch_is_answered_where_the_version_has_them() {
    let hello = |version: &str| request(1, "initialize", &json!({ "protocolVersion": version }));
    let batch = format!(
        "[{},{},{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}},7]\n",
        call(2, "log", &json!({ "action": "edit" })).trim(),
        request(3, "ping", &Value::Null).trim()
    );
    let answers = exchange(&(hello(BATCHES) + &batch));
    let items = answers[1].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["result"]["structuredContent"]["seq"], 1);
    assert_eq!((&items[1]["id"], &items[2]["error"]["code"]), (&json!(3), &json!(INVALID_REQUEST)));
    for version in ["2024-11-05", "2025-06-18"] {
        let answers = exchange(&(hello(version) + &batch));
        assert_eq!(answers[1]["error"]["code"], INVALID_REQUEST, "{version}");
    }
}

#[test]
fn a_fifo_is_no_file_to_verify() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let answers = exchange(&call(1, "verify", &json!({ "path": fifo.to_string_lossy() })));
    assert_eq!(answers[0]["result"]["isError"], true);
}

#[test]
fn a_cancelled_call_is_not_answered() {
    let session = Session { answers: Mutex::new(Vec::new()), pending: Mutex::default() };
    let (turns, come) = mpsc::sync_channel(9);
    let cancel = |id: u64| {
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{id}}}}}\n")
    };
    let calls = call(1, "status", &json!({})) + &call(2, "status", &json!({})) + &cancel(1) + &cancel(7);
    session.read(calls.as_bytes(), &turns).unwrap();
    drop(turns);
    assert_eq!(lock(&session.pending).len(), 2, "what was never asked is not noted");
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::open(&folder.path().join("agent.jsonl")).unwrap();
    let mut answerer = Answerer { session: &session, tools: &mut server.tools, version: None };
    come.into_iter().for_each(|turn| answerer.answer(turn).unwrap());
    let answers = String::from_utf8(lock(&session.answers).clone()).unwrap();
    assert!(answers.lines().count() == 1 && answers.contains("\"id\":2"), "{answers}");
    assert!(lock(&session.pending).is_empty());
}
