"""event-log.md: the lines, their chain, and what they repeat."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any, NoReturn

from capsule import Receipt
from cbor import Cbor
from digests import sha256, tagged
from reasons import need, refuse
from stc import stc_root


def check_event_log(receipt: Receipt) -> None:
    log, anchor = receipt.entry("events.jsonl", "E201"), receipt.header["anchor"]
    need(log.endswith(b"\n"), "E201", "the log does not end with a line feed")
    lines = log[:-1].split(b"\n")
    need(len(lines) <= receipt.limits.event_log_lines, "E005", "lines of the log")
    head, last_time = bytes(32), 0
    event: dict[str, Any] = {}
    for seq, line in enumerate(lines):
        need(len(line) <= receipt.limits.event_line_bytes, "E005", f"line {seq}")
        event = read_event(line)
        need(type(event.get("seq")) is int and event["seq"] == seq, "E201", f"seq of line {seq}")
        need(event.get("prev") == head.hex(), "E201", f"prev of line {seq}")
        need(isinstance(event.get("type"), str), "E201", f"type of line {seq}")
        need((event["type"] == "run_header") == (seq == 0), "E201", f"type of line {seq}")
        need(seq > 0 or type(event.get("v")) is int and event["v"] == 2, "E003", "v of line 0")
        need(event["type"] not in CLOSING or seq == len(lines) - 1, "E201", f"lines after line {seq}, which closes the log")
        time = time_ms(event.get("time"))
        need(time >= last_time, "E201", f"time of line {seq}")
        if seq == 0 and "run" in receipt.payload:
            check_circumstances(event, time, receipt.payload["run"])
        head, last_time = sha256(b"\0" + line), time
    need(anchor["events_log_hash"] == tagged("event-log", log), "E201", "events_log_hash")
    need(anchor["events_log_len"] == len(lines), "E201", "events_log_len")
    need(anchor["event_chain_head"] == head, "E201", "event_chain_head")
    if "run" in receipt.payload:
        check_ending(event, receipt)
    else:
        need(event["type"] == "seal", "E205", "the last line does not close the log")
    need(receipt.statement["trace_root"] == stc_root(lines, 2), "E201", "trace_root")


def check_ending(event: dict[str, Any], receipt: Receipt) -> None:
    need(event["type"] == "run_finished", "E201", "the last line")
    for public in receipt.statement["public_inputs"]:
        value = public["value"].hex() if isinstance(public["value"], bytes) else public["value"]
        stated = event.get(public["name"])
        need(type(stated) is type(value) and stated == value, "E201", f"{public['name']} of the last line")


CLOSING = ("seal", "run_finished")


def check_circumstances(event: dict[str, Any], time: int, run: dict[str, Cbor]) -> None:
    need(event.get("backend") == "process_v1", "E201", "backend of line 0")
    for name in ("capture", "command"):
        need(event.get(name) == run[name], "E201", f"{name} of line 0")
    need(time == run["started_at_ms"], "E201", "time of line 0")


def read_event(line: bytes) -> dict[str, Any]:
    """A line in its canonical form: the one that its value is written back in."""
    try:
        event: dict[str, Any] = json.loads(line.decode(), parse_float=not_an_event, parse_constant=not_an_event)
        check_event_value(event)
        written = json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    except (ValueError, RecursionError) as error:
        refuse("E201", f"a line is not canonical JSON: {error}")
    need(written == line and isinstance(event, dict), "E201", "a line is not canonical JSON")
    return event


def not_an_event(text: str) -> NoReturn:
    raise ValueError(f"number {text}")


def check_event_value(value: Any, level: int = 1) -> None:
    need(level <= 127 or not isinstance(value, (dict, list)), "E201", "nesting of a line")
    match value:
        case dict():
            for key, item in value.items():
                need(re.fullmatch("[a-z0-9_]+", key) is not None, "E201", f"key {key!r}")
                check_event_value(item, level + 1)
        case list():
            for item in value:
                check_event_value(item, level + 1)
        case bool() | str():
            pass
        case int():
            need(abs(value) < 1 << 53, "E201", f"number {value}")
        case _:
            refuse("E201", f"value {value!r}")


TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", re.ASCII)
EPOCH = datetime(1970, 1, 1)


def time_ms(text: Any) -> int:
    """Milliseconds since 1970."""
    found = TIME.fullmatch(text) if isinstance(text, str) else None
    try:
        year, month, day, hour, minute, second, ms = map(int, found.groups()) if found else [0] * 7
        since = datetime(year, month, day, hour, minute, second, 1000 * ms) - EPOCH
    except ValueError:
        refuse("E201", f"time {text!r}")
    need(since.days >= 0, "E201", f"time {text!r}")
    return since // timedelta(milliseconds=1)
