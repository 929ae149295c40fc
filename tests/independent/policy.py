"""policy.md: documents, tracks, rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from capsule import Receipt, conform
from digests import tagged
from obligations import is_met
from reasons import Refused, need, refuse
from stc import stc_check_opening, stc_leaf

STRINGS = [str]
OBLIGATION: dict[str, Any] = {"policy_id": str, "invariant_id": str, "?level": {"S0", "S1", "S2"}, "?subject": str}
RULES: dict[str, Any] = {
    "?backends": STRINGS, "?require_claim": {"proven", "witnessed"}, "?min_security_bits": int, "?programs": STRINGS,
    "?inputs": STRINGS, "?required_public_outputs": STRINGS, "?exit_codes": [int], "?capture": STRINGS, "?capture_notes": STRINGS,
    "?max_age_seconds": int, "?environment": STRINGS, "?forbid_network": bool, "?manifests": STRINGS,
    "?forbid_gpu": bool, "?image_digests": STRINGS, "?require_deterministic_build": bool, "?obligations": [OBLIGATION], "?signers": {"allowed": STRINGS, "threshold": int},
}  # fmt: skip
SHAPE: Any = {
    "schema": {"capseal/policy/v1"}, "policy_id": str, "policy_version": str, "?description": str,
    "tracks": [{"track_id": str, "?description": str, "rules": RULES}],
}  # fmt: skip


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "E002", "a key twice")
    return dict(pairs)


def no_float(text: str) -> Any:
    refuse("E002", f"the number {text}")


def read_policy(document: bytes) -> dict[str, Any]:
    try:
        policy = json.loads(
            document.decode(), object_pairs_hook=without_twins, parse_float=no_float, parse_constant=no_float
        )
    except ValueError as error:
        refuse("E002", str(error))
    conform(policy, SHAPE, "policy")
    notes = [note for track in policy["tracks"] for note in track["rules"].get("capture_notes", [])]
    need(all(map(is_note, notes)), "E003", "a note")
    return policy


@dataclass
class Facts:
    """What rules look at."""

    receipt: Receipt
    proven: bool
    security_bits: int | None
    signers: list[str]
    at: int

    def notes(self) -> list[str] | None:
        """The notes of the capture, where they are stated and written as notes are."""
        notes = self.manifest("capture", "notes")
        if len(self.receipt.entries.get("manifests/capture.json", b"")) > 16 * 1024:
            return None
        if not isinstance(notes, list) or len(notes) > 64 or not all(is_note(note) for note in notes):
            return None
        return notes if len(set(notes)) == len(notes) else None

    def manifest(self, name: str, fact: str) -> Any:
        """A fact of a manifest in its one spelling; None where there is none."""
        listed = [manifest["name"] for manifest in self.receipt.payload["manifests"]]
        if name not in listed:
            return None
        content = self.receipt.entries[f"manifests/{name}.json"]
        try:
            value = json.loads(content)
        except ValueError:
            return None
        spelt = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        return value.get(fact) if spelt.encode() == content and isinstance(value, dict) else None


def is_note(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch("[a-z][a-z0-9_]{0,63}", text) is not None


Rule = tuple[str, str, Callable[[Facts, Any], bool]]


def digests(files: list[dict[str, Any]]) -> list[str]:
    return [file["digest"].hex() for file in files]


def outputs(facts: Facts) -> set[str]:
    statement, claim = facts.receipt.statement, facts.receipt.claim
    return {public["name"] for public in statement["public_inputs"]} | {file["path"] for file in claim["outputs"]}


def exit_code(facts: Facts, allowed: list[int]) -> bool:
    exit_ = facts.receipt.claim.get("exit")
    return exit_ is None or exit_.get("code") in allowed


def capture(facts: Facts, allowed: list[str]) -> bool:
    run = facts.receipt.payload.get("run")
    return run is None or run["capture"] in allowed


def age(facts: Facts, most: int) -> bool:
    run = facts.receipt.payload.get("run")
    return run is not None and 0 <= facts.at - run["started_at_ms"] <= most * 1000


def network(facts: Facts, _: bool) -> bool:
    if facts.proven:
        return True
    notes = facts.notes()
    return facts.manifest("capture", "mode") == "observed" and notes is not None and "network" not in notes


def capture_notes(facts: Facts, allowed: list[str]) -> bool:
    notes = facts.notes()
    return "run" not in facts.receipt.payload or (notes is not None and set(notes) <= set(allowed))


def obligations(facts: Facts, required: list[dict[str, str]]) -> bool:
    log = facts.receipt.entries.get("events.jsonl")
    at_hand = [artifact["digest"] for artifact in facts.receipt.payload["artifacts"] if artifact["embedded"]]
    try:
        return log is not None and all(is_met(one, log, at_hand) for one in required)
    except Refused:
        return False


ORDER: list[Rule] = [
    ("backends", "E110", lambda facts, allowed: facts.receipt.header["backend_id"] in allowed),
    ("require_claim", "E111", lambda facts, claim: facts.proven or claim == "witnessed"),
    ("min_security_bits", "E112", lambda facts, bits: (facts.security_bits or -1) >= bits),
    ("programs", "E113", lambda facts, allowed: {*digests(facts.receipt.claim["code"]), "x"} <= {*allowed, "x"}
     and facts.receipt.claim["code"] != []),
    ("inputs", "E114", lambda facts, allowed: set(digests(facts.receipt.claim["inputs"])) <= set(allowed)),
    ("required_public_outputs", "E102", lambda facts, names: set(names) <= outputs(facts)),
    ("exit_codes", "E115", exit_code),
    ("capture", "E116", capture),
    ("capture_notes", "E123", capture_notes),
    ("max_age_seconds", "E117", age),
    ("environment", "E118", lambda facts, allowed: {variable["name"] for variable in
     facts.receipt.claim["environment"]["variables"]} <= set(allowed)),
    ("forbid_network", "E119", network),
    ("manifests", "E104", lambda facts, names: set(names) <= {m["name"] for m in facts.receipt.payload["manifests"]}),
    ("forbid_gpu", "E101", lambda facts, _: facts.manifest("cpu", "gpu_devices") == []),
    ("image_digests", "E105", lambda facts, allowed: facts.manifest("container", "image_digest") in allowed),
    ("require_deterministic_build", "E120", lambda facts, _: facts.manifest("build", "deterministic") is True),
    ("obligations", "E122", obligations),
    ("signers", "E121", lambda facts, rule: len(set(rule["allowed"]) & set(facts.signers)) >= rule["threshold"]),
]  # fmt: skip


def check_rules(track: dict[str, Any], facts: Facts) -> None:
    rules = track["rules"]
    for name, code, holds in ORDER:
        if name in rules and rules[name] is not False:
            need(holds(facts, rules[name]), code, name)


def document_hash(document: bytes) -> bytes:
    return tagged("policy", document)


def check_inclusion(root: str, inclusion: dict[str, Any] | None, policy_hash: bytes) -> None:
    need(inclusion is not None, "E034", "nothing shows that the policy is in the registry")
    items = [(inclusion["index"], stc_leaf(policy_hash))]
    path = [bytes.fromhex(digest) for digest in inclusion["path"]]
    try:
        stc_check_opening(bytes.fromhex(root), 2, inclusion["rows"], items, path)
    except Refused as refused:
        refuse("E034", refused.why)
