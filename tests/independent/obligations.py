"""pcap-obligations.md: the lines that record checks, and whether what is required was checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from digests import sha256
from event_log import read_event
from reasons import need

Event = dict[str, Any]
LEVELS = ("S0", "S1", "S2")
FIELDS = {"policy_id", "invariant_id", "result", "proof_ref"}
ENVELOPE = {"seq", "prev", "time", "type", "obligation", "subject", "level"}
NOTES = {"checker", "checker_version", "evidence"}
HEX = "[0-9a-f]{64}"
PROOF_REF = re.compile(rf"sha256:{HEX}|log:{HEX}#(0|[1-9][0-9]*)|psp:.+", re.DOTALL)


def obligation_lines(log: bytes) -> list[bytes]:
    return [line for line in log.splitlines() if read_event(line)["type"] == "obligation"]


def recorded(log: bytes) -> list[Event]:
    """The obligations of a log, each of its schema."""
    events = [read_event(line) for line in obligation_lines(log)]
    for event in events:
        record, where = event.get("obligation"), f"obligation of line {event['seq']}"
        need(isinstance(record, dict) and set(record) == FIELDS, "E206", where)
        texts = [text for text in record.values() if isinstance(text, str) and 1 <= len(text.encode()) <= 256]
        need(len(texts) == len(FIELDS), "E206", where)
        need(record["result"] in ("verified", "failed", "error", "skipped"), "E206", where)
        need(PROOF_REF.fullmatch(record["proof_ref"]) is not None, "E206", where)
        need(ENVELOPE <= set(event) <= ENVELOPE | NOTES, "E206", where)
        need(all(isinstance(event[note], str) for note in NOTES & set(event)), "E206", where)
        need(isinstance(event["subject"], str) and re.fullmatch(HEX, event["subject"]) is not None, "E206", where)
        need(event["level"] in LEVELS, "E206", where)
    return events


def is_met(required: dict[str, str], log: bytes, at_hand: Iterable[bytes]) -> bool:
    """Whether a check is shown to have passed, at level S1: its proof is at hand."""
    name = (required["policy_id"], required["invariant_id"])
    of_name = [e for e in recorded(log) if (e["obligation"]["policy_id"], e["obligation"]["invariant_id"]) == name]
    subject = required.get("subject", of_name[-1]["subject"] if of_name else None)
    of_subject = [event for event in of_name if event["subject"] == subject]
    if any(event["obligation"]["result"] in ("failed", "error") for event in of_subject):
        return False
    lines = log.splitlines()
    log_id = sha256(b"\0" + lines[0]).hex()
    resolving = {f"sha256:{digest.hex()}" for digest in at_hand} | {f"log:{log_id}#{seq}" for seq in range(len(lines))}
    enough = LEVELS[LEVELS.index(required.get("level", "S0")) :]
    return any(
        event["obligation"]["result"] == "verified"
        and event["level"] in enough
        and event["obligation"]["proof_ref"] in resolving
        for event in of_subject
    )
