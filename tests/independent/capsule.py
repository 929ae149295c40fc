"""capsule.md: records, three hashes, statement, instance hash."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Any

from cbor import Cbor
from digests import sha256_uri, tagged_cbor
from limits import Limits
from reasons import need, refuse

if TYPE_CHECKING:
    from backends import Backend

DIGEST = object()
Shape = Any  # a type, DIGEST, a set of texts, [shape], a tuple of choices, or {key: shape} where `?key` is optional
MISSING = {"capsule_hash": "E010", "header": "E012", "commitment": "E060", "format": "E051"}

FILES = [{"path": str, "digest": DIGEST, "size": int}]
HEADER: Shape = {
    "schema": str,
    "vm_id": str, "backend_id": str, "circuit_id": str, "trace_id": str, "?prev_capsule_hash": DIGEST,
    "trace_spec_hash": DIGEST, "statement_hash": DIGEST, "instance_hash": DIGEST,
    "row_tree_arity": int, "row_index_ref_hash": DIGEST, "chunk_meta_hash": DIGEST,
    "?policy_ref": {"policy_id": str, "policy_version": str, "policy_hash": DIGEST, "track_id": str},
    "?da_policy_hash": DIGEST,
    "?anchor": {"events_log_hash": DIGEST, "events_log_len": int, "event_chain_head": DIGEST},
    "proof_system": {"params_hash": DIGEST, "air_params_hash": DIGEST, "fri_params_hash": DIGEST,
                     "program_hash": DIGEST, "vk_hash": DIGEST},
    "manifest_hash": DIGEST, "payload_hash": DIGEST,
    "verification_profile": str,
}  # fmt: skip
CLAIM: Shape = {
    "code": FILES, "inputs": FILES, "config": {"arguments": [str], "files": FILES},
    "environment": {"variables": [{"name": str, "?value": str}], "manifest_hash": DIGEST},
    "outputs": FILES, "?exit": {"?code": int, "?signal": int},
}  # fmt: skip
TRACE_SPEC: Shape = {"spec_version": int, "trace_format_id": str, "record_schema_ref": str, "encoding_id": str,
                     "field_modulus_id": str}  # fmt: skip
STATEMENT: Shape = {
    "statement_version": int, "trace_spec_hash": DIGEST, "?policy_hash": DIGEST, "trace_root": DIGEST,
    "public_inputs": [{"name": str, "value": (int, DIGEST)}],
    "anchors": [{"anchor_rule_id": str, "anchor_ref": str, "?track_id": str}],
}  # fmt: skip
PAYLOAD: Shape = {
    "claim": CLAIM, "trace_spec": TRACE_SPEC, "statement": STATEMENT,
    "artifacts": [{"digest": DIGEST, "size": int, "embedded": bool}],
    "chunk_meta": {"chunk_len": int, "num_chunks": int, "chunk_size_bytes": int, "data_length_bytes": int,
                   "chunking_rule_id": str},
    "row_index_ref": {"commitment_type": str, "commitment": DIGEST, "tree_arity": int, "proof_fetch_rule_id": str,
                      "?pointer": DIGEST, "?sketch": DIGEST},
    "manifests": [{"name": str, "digest": DIGEST}],
    "?proof": {"system": str, "format": str, "parameter_set": str, "digest": DIGEST, "size": int},
    "?run": {"command": [str], "directory": str, "started_at_ms": int, "duration_ms": int, "capture": str},
}  # fmt: skip
CAPSULE: Shape = {"schema": {"capseal/capsule/v1"}, "header": HEADER, "payload": PAYLOAD,
                  "?da_challenge_hash": DIGEST, "capsule_hash": DIGEST}  # fmt: skip


def conform(value: Cbor, shape: Shape, where: str) -> None:
    """Refuses what is not of this shape (cbor.md, records)."""
    if isinstance(shape, dict):
        need(isinstance(value, dict), "E003", f"{where} is not a map")
        keys = {key.lstrip("?"): (key, item) for key, item in shape.items()}
        for key, (spelling, item) in keys.items():
            if key in value:
                conform(value[key], item, f"{where}.{key}")
            elif spelling == key:
                refuse(MISSING.get(key, "E003"), f"{where}.{key} is missing")
        for key in value:
            need(key in keys, "E003", f"unknown key {where}.{key}")
    elif isinstance(shape, list):
        need(isinstance(value, list), "E003", f"{where} is not an array")
        for index, item in enumerate(value):
            conform(item, shape[0], f"{where}[{index}]")
    else:
        choices = shape if isinstance(shape, tuple) else (shape,)
        need(any(is_of(value, choice) for choice in choices), "E003", f"type or value of {where}")


def is_of(value: Cbor, choice: Shape) -> bool:
    if choice is DIGEST:
        return isinstance(value, bytes) and len(value) == 32
    if isinstance(choice, set):
        return isinstance(value, str) and value in choice
    return type(value) is choice


def sorted_without_twins(keys: list[Any]) -> bool:
    return all(first < second for first, second in zip(keys, keys[1:]))


@dataclass
class Receipt:
    """A receipt whose container and records have been read."""

    entries: dict[str, bytes]
    capsule: dict[str, Cbor]
    limits: Limits

    def __post_init__(self) -> None:
        self.header: dict[str, Cbor] = self.capsule["header"]
        self.payload: dict[str, Cbor] = self.capsule["payload"]
        self.claim: dict[str, Cbor] = self.payload["claim"]
        self.statement: dict[str, Cbor] = self.payload["statement"]

    def entry(self, name: str, code: str) -> bytes:
        need(name in self.entries, code, f"{name} is missing")
        return self.entries[name]


def check_hashes(receipt: Receipt) -> bytes:
    """Returns the capsule hash."""
    header, payload = receipt.header, receipt.payload
    payload_hash = tagged_cbor("payload", payload)
    identity = [tagged_cbor("header-commit", header), payload_hash]
    if "da_challenge_hash" in receipt.capsule:
        identity.append(receipt.capsule["da_challenge_hash"])
    capsule_hash = tagged_cbor("capsule", identity)
    computed = {
        "payload_hash": payload_hash,
        "trace_spec_hash": tagged_cbor("trace-spec", payload["trace_spec"]),
        "statement_hash": tagged_cbor("statement", payload["statement"]),
        "chunk_meta_hash": tagged_cbor("chunk-meta", payload["chunk_meta"]),
        "row_index_ref_hash": tagged_cbor("row-index-ref", payload["row_index_ref"]),
        "manifest_hash": tagged_cbor("manifests", payload["manifests"]),
        "row_tree_arity": payload["row_index_ref"]["tree_arity"],
    }
    for name, value in computed.items():
        need(header[name] == value, "E013", name)
    need(receipt.capsule["capsule_hash"] == capsule_hash, "E011", "capsule_hash")
    return capsule_hash


def check_statement(receipt: Receipt, backend: Backend) -> None:
    header, payload, claim, statement = receipt.header, receipt.payload, receipt.claim, receipt.statement
    need(header["schema"] == "capseal/header/v1", "E003", "header.schema")
    need(header["verification_profile"] in ("proof-only", "policy-enforced", "full"), "E003", "verification_profile")
    need((header["vm_id"], header["circuit_id"]) == (backend.vm_id, backend.circuit_id), "E301", "vm_id or circuit_id")
    need(payload["trace_spec"] == backend.trace_spec, "E053", "trace_spec")
    need(statement["statement_version"] == 1, "E053", "statement_version")
    need(statement["trace_spec_hash"] == header["trace_spec_hash"], "E053", "statement.trace_spec_hash")
    policy = header.get("policy_ref", {}).get("policy_hash")
    need(statement.get("policy_hash") == policy, "E053", "statement.policy_hash")
    need(claim["environment"]["manifest_hash"] == header["manifest_hash"], "E015", "claim.environment.manifest_hash")
    for files in claim_files(claim):
        need(sorted_without_twins([file["path"].encode() for file in files]), "E015", "order of files")
    variables = [variable["name"].encode() for variable in claim["environment"]["variables"]]
    need(sorted_without_twins(variables), "E015", "order of variables")
    check_spelling(claim)
    backend.check_claim(receipt)
    anchors = [{"anchor_rule_id": "manifests_v1", "anchor_ref": sha256_uri(header["manifest_hash"])}]
    if "anchor" in header:
        head = sha256_uri(header["anchor"]["event_chain_head"])
        anchors.insert(0, {"anchor_rule_id": "event_chain_v1", "anchor_ref": head})
    need(statement["anchors"] == anchors, "E053", "anchors")


def check_spelling(claim: dict[str, Cbor]) -> None:
    for files in claim_files(claim):
        for file in files:
            need(is_path(file["path"]), "E004", f"path {file['path']!r}")
    variables = claim["environment"]["variables"]
    texts = claim["config"]["arguments"] + [text for variable in variables for text in variable.values()]
    for text in texts:
        need(name_bytes(text) is not None, "E004", f"text {text!r}")


def is_path(text: str) -> bool:
    name = name_bytes(text)
    parts = text.removeprefix("/").split("/")
    return name is not None and b"\0" not in name and not any(part in ("", ".", "..") for part in parts)


def name_bytes(text: str) -> bytes | None:
    """The byte string that has this text, if one has."""
    if re.search("%(?![0-9A-F]{2})", text):
        return None
    name = re.sub(b"%([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())
    return name if name_text(name) == text else None


def name_text(name: bytes) -> str:
    def escaped(character: str) -> str:
        # surrogateescape keeps a byte b that is not part of UTF-8 as the surrogate 0xDC00 + b.
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            return f"%{code - 0xDC00:02X}"
        return f"%{code:02X}" if code < 0x20 or character in "%\x7f" else character

    return "".join(escaped(character) for character in name.decode("utf-8", "surrogateescape"))


def claim_files(claim: dict[str, Cbor]) -> list[list[dict[str, Cbor]]]:
    return [claim["code"], claim["inputs"], claim["config"]["files"], claim["outputs"]]


def check_instance(receipt: Receipt) -> bytes:
    header = receipt.header
    names = ("vk_hash", "params_hash", "air_params_hash", "fri_params_hash", "program_hash")
    instance = {name: header["proof_system"][name] for name in names}
    for name in ("statement_hash", "trace_spec_hash", "chunk_meta_hash", "row_tree_arity"):
        instance[name] = header[name]
    instance["row_root"] = receipt.payload["row_index_ref"]["commitment"]
    instance_hash = tagged_cbor("instance", instance)
    need(header["instance_hash"] == instance_hash, "E014", "instance_hash")
    return instance_hash
