#!/usr/bin/env python3
"""Checks CapSeal receipts from `docs/spec` alone: a second implementation that shares no code with the verifier.

Each section below is named after the page that it follows. It checks everything but the STARK: where only that is left,
it says so. Python 3.11, standard library only.

    check.py FILE...                 one line for each receipt
    check.py --vectors tests/vectors every vector must get the verdict that its place promises
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import sys
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Iterable, Iterator, NoReturn

Cbor = Any  # int, bytes, str, bool, list of Cbor, or dict from str to Cbor


class Refused(Exception):
    """The receipt breaks a rule; `code` is the reason code that the spec names for it."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why


def refuse(code: str, why: str) -> NoReturn:
    raise Refused(code, why)


def need(holds: bool, code: str, why: str) -> None:
    if not holds:
        refuse(code, why)


# ---- limits.md --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """The defaults of limits.md."""

    file_bytes: int = 67108864
    entries: int = 20000
    entry_bytes: int = 67108864
    capsule_bytes: int = 4194304
    event_log_bytes: int = 16777216
    event_log_lines: int = 200000
    event_line_bytes: int = 1048576
    proof_bytes: int = 2097152
    document_bytes: int = 1048576

    def of_entry(self, name: str) -> int:
        """The most bytes that an entry of this name may have."""
        match name.partition("/")[0]:
            case "capsule.cbor":
                return self.capsule_bytes
            case "events.jsonl":
                return self.event_log_bytes
            case "proof":
                return self.proof_bytes
            case "artifacts" | "da":
                return self.entry_bytes
            case _:
                return self.document_bytes


# ---- digests.md -------------------------------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tagged(tag: str, data: bytes) -> bytes:
    """The hash of `data` in the domain `capseal/<tag>/v1`."""
    return sha256(f"capseal/{tag}/v1".encode() + b"\0" + data)


def tagged_cbor(tag: str, value: Cbor) -> bytes:
    return tagged(tag, encode_cbor(value))


def sha256_uri(digest: bytes) -> str:
    return "sha256:" + digest.hex()


# ---- container.md -----------------------------------------------------------------------------------------------------

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
ZIP64_END, ZIP64_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
MIMETYPE = b"application/vnd.capseal.receipt"
TOKEN = r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?"
NAME = re.compile(
    r"mimetype|capsule\.cbor|events\.jsonl|policy\.json"
    rf"|proof/{TOKEN}\.bin|artifacts/sha256/[0-9a-f]{{64}}|manifests/{TOKEN}\.json|signatures/{TOKEN}\.cose|da/{TOKEN}"
)
LOCAL_FIELDS = struct.Struct("<HHHHHIIIHH")  # version needed .. length of the extra field
CENTRAL_FIELDS = struct.Struct("<HHHHHHIIIHHHHHII")  # version made by .. offset of the local header
END_FIELDS = struct.Struct("<HHHHIIH")
ALL_ONES_16, ALL_ONES_32 = 0xFFFF, 0xFFFFFFFF


class Walk:
    """A place in the file that only moves forward."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def next_is(self, signature: bytes) -> bool:
        return self.data.startswith(signature, self.at)

    def take(self, length: int, what: str) -> bytes:
        need(length <= len(self.data) - self.at, "E002", f"the file ends inside {what}")
        self.at += length
        return self.data[self.at - length : self.at]

    def record(self, signature: bytes, layout: struct.Struct, what: str) -> tuple[int, ...]:
        """The fields after a record's signature; what stands in its place decides the code."""
        found = self.data[self.at : self.at + 4]
        need(found not in (ZIP64_END, ZIP64_LOCATOR), "E001", "a zip64 record")
        need(not (len(found) < 4 and signature.startswith(found)), "E002", f"the file ends before {what}")
        need(found == signature, "E008", f"no {what} at offset {self.at}")
        return layout.unpack(self.take(4 + layout.size, what)[4:])


@dataclass(frozen=True)
class Common:
    """The fields that both headers of an entry have."""

    crc: int
    size: int
    name_length: int

    @staticmethod
    def of(fields: tuple[int, ...]) -> Common:
        version, flags, method, time, date, crc, compressed, size, name_length, extra = fields
        need(not flags & 0b0010_0000_0100_1001, "E001", "encryption or a data descriptor")
        need(method == 0, "E001", "a compressed entry")
        need(ALL_ONES_32 not in (compressed, size), "E001", "zip64 sizes")
        need((version, flags, time, date, extra) == (10, 0, 0, 0x0021, 0), "E004", "a constant of a header")
        need(compressed == size, "E008", "two sizes of one content")
        return Common(crc, size, name_length)


def read_entry(walk: Walk, last: str | None, seen: dict[str, bytes], limits: Limits) -> tuple[str, Common, bytes]:
    common = Common.of(walk.record(LOCAL, LOCAL_FIELDS, "a local header"))
    name = walk.take(common.name_length, "a name").decode("latin-1")
    need(len(name) <= 128 and NAME.fullmatch(name) is not None, "E006", f"name {name!r}")
    need(name not in seen, "E007", name)
    need(name == "mimetype" if last is None else last == "mimetype" or last < name, "E004", f"{name} is out of order")
    need(common.size <= limits.of_entry(name), "E005", f"size of {name}")
    return name, common, walk.take(common.size, name)


def read_directory_entry(walk: Walk, name: str, common: Common, offset: int) -> None:
    made_by, *fields, comment, disk, internal, external, stated = walk.record(CENTRAL, CENTRAL_FIELDS, "a central header")
    again = Common.of(tuple(fields))
    need(disk == 0 and stated != ALL_ONES_32, "E001", "a second disk or zip64")
    need(external >> 28 != 0o12, "E006", f"{name} is a symbolic link")
    need((made_by, comment, internal, external) == (0x030A, 0, 0, 0x81A40000), "E004", "a constant of a central header")
    need(again == common and stated == offset, "E008", f"the directory contradicts {name}")
    need(walk.take(common.name_length, "a name") == name.encode(), "E008", f"the directory renames {name}")


def read_end(walk: Walk, count: int, start: int) -> None:
    length = walk.at - start
    disk, first, here, entries, size, offset, comment = walk.record(END, END_FIELDS, "the end record")
    need(disk == first == 0, "E001", "a second disk")
    need(ALL_ONES_16 not in (here, entries) and ALL_ONES_32 not in (size, offset), "E001", "zip64")
    need(here == entries, "E008", "two numbers of entries")
    need(comment == 0, "E004", "a comment")
    need((here, entries, size, offset) == (count, count, length, start), "E008", "the end record is wrong")
    need(walk.at == len(walk.data), "E008", "bytes after the end record")


def read_container(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The entries of a container, by the walk of container.md; then the one file that they have is compared with it."""
    need(len(data) <= limits.file_bytes, "E005", "size of the file")
    if not data.startswith(LOCAL):
        refuse("E008" if data[-22:-18] == END and len(data) > 22 else "E002", "the file does not begin with an entry")
    walk, entries, headers, last = Walk(data), dict[str, bytes](), list[tuple[str, Common, int]](), None
    while walk.next_is(LOCAL):
        need(len(entries) < limits.entries, "E005", "number of entries")
        offset = walk.at
        last, common, content = read_entry(walk, last, entries, limits)
        entries[last] = content
        headers.append((last, common, offset))
    start = walk.at
    for name, common, offset in headers:
        read_directory_entry(walk, name, common, offset)
    read_end(walk, len(entries), start)
    need(entries["mimetype"] == MIMETYPE, "E002", "content of mimetype")
    for name, common, _ in headers:
        need(zlib.crc32(entries[name]) == common.crc, "E008", f"checksum of {name}")
    assert write_container(entries) == data, "the walk accepted a second spelling"
    return entries


def write_container(entries: dict[str, bytes]) -> bytes:
    """The one file that these names and contents have."""
    body, directory = bytearray(), bytearray()
    for name, content in sorted(entries.items(), key=lambda entry: (entry[0] != "mimetype", entry[0])):
        fields = LOCAL_FIELDS.pack(10, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += CENTRAL + b"\x0a\x03" + fields + struct.pack("<HHHII", 0, 0, 0, 0x81A40000, len(body)) + name.encode()
        body += LOCAL + fields + name.encode() + content
    end = END_FIELDS.pack(0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return bytes(body + directory + END + end)


# ---- cbor.md ----------------------------------------------------------------------------------------------------------

UINT, BYTES, TEXT, ARRAY, MAP, SIMPLE = 0, 2, 3, 4, 5, 7
FALSE, TRUE = 20, 21
MAX_DEPTH, MAX_ITEMS = 16, 1 << 19


def encode_head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * width:
            return bytes([major << 5 | info]) + value.to_bytes(width, "big")
    raise ValueError(value)


def encode_cbor(value: Cbor) -> bytes:
    match value:
        case bool():
            return encode_head(SIMPLE, TRUE if value else FALSE)
        case int():
            return encode_head(UINT, value)
        case bytes():
            return encode_head(BYTES, len(value)) + value
        case str():
            return encode_head(TEXT, len(value.encode())) + value.encode()
        case list() | tuple():
            return encode_head(ARRAY, len(value)) + b"".join(map(encode_cbor, value))
        case dict():
            items = sorted((encode_cbor(key), encode_cbor(item)) for key, item in value.items())
            return encode_head(MAP, len(items)) + b"".join(key + item for key, item in items)
    raise TypeError(type(value))


class CborReader:
    """Reads one object; whatever it accepts, `encode_cbor` writes to the byte."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.items = data, 0, 0

    def take(self, length: int) -> bytes:
        need(length <= len(self.data) - self.at, "E002", "the CBOR ends early")
        self.at += length
        return self.data[self.at - length : self.at]

    def head(self) -> tuple[int, int]:
        """The type of an item and its number: a value, or a length."""
        (first,) = self.take(1)
        major, info = first >> 5, first & 31
        need(info != 31 or major not in (BYTES, TEXT, ARRAY, MAP), "E004", "an indefinite length")
        need(info < 28, "E002", f"no CBOR item begins with {first:#04x}")
        width = 0 if info < 24 else 1 << info - 24
        value = int.from_bytes(self.take(width), "big") if width else info
        simple = major == SIMPLE and width < 2 and value in (FALSE, TRUE)
        need(simple or major in (UINT, BYTES, TEXT, ARRAY, MAP), "E001", f"CBOR type {first:#04x}")
        need(major not in (BYTES, TEXT, ARRAY, MAP) or value <= len(self.data) - self.at, "E002", "a length to nowhere")
        return major, value

    def item(self, depth: int = 1) -> Cbor:
        need(depth <= MAX_DEPTH or self.at == len(self.data), "E005", "nesting of a CBOR object")
        self.items += 1
        need(self.items <= MAX_ITEMS, "E005", "items of a CBOR object")
        major, value = self.head()
        match major:
            case 0:
                return value
            case 2:
                return self.take(value)
            case 3:
                return self.text(value)
            case 4:
                return [self.item(depth + 1) for _ in range(value)]
            case 5:
                return self.map(value, depth)
            case _:
                return value == TRUE

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            refuse("E002", "text that is not UTF-8")

    def map(self, length: int, depth: int) -> dict[str, Cbor]:
        found: dict[str, Cbor] = {}
        last = b""
        for _ in range(length):
            key = self.item(depth + 1)
            need(isinstance(key, str), "E001", "a key that is not text")
            spelling = encode_cbor(key)
            need(spelling > last, "E004", "keys of a map are out of order")
            last = spelling
            found[key] = self.item(depth + 1)
        return found


def decode_cbor(data: bytes) -> Cbor:
    reader = CborReader(data)
    value = reader.item()
    need(reader.at == len(data), "E002", "bytes after the CBOR object")
    need(encode_cbor(value) == data, "E004", "a number or length is longer than it needs to be")
    return value


# ---- capsule.md: the records ------------------------------------------------------------------------------------------

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


# ---- capsule.md: three hashes -----------------------------------------------------------------------------------------


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


# ---- capsule.md: statement --------------------------------------------------------------------------------------------


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
    backend.check_claim(receipt)
    anchors = [{"anchor_rule_id": "manifests_v1", "anchor_ref": sha256_uri(header["manifest_hash"])}]
    if "anchor" in header:
        head = sha256_uri(header["anchor"]["event_chain_head"])
        anchors.insert(0, {"anchor_rule_id": "event_chain_v1", "anchor_ref": head})
    need(statement["anchors"] == anchors, "E053", "anchors")


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


# ---- backends.md ------------------------------------------------------------------------------------------------------

EVENT_SCHEMA = Path(__file__).resolve().parents[2] / "verifier-core/src/event_log/schema.cddl"
SECTIONS = ("code", "inputs", "config", "environment", "outputs")


P = 2**64 - 2**32 + 1  # the field of geom_v1 and of row-check
GEOM_PROGRAM = [1, 2, 3, 1, 2, 0]
GEOM_COLUMNS = ("pc", "gas", "acc", "x1", "x2", "cnt", "m11", "m12", "m22", "acc_9", "acc_6", "acc_3")
GEOM_DEGREES = (1, 1, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2)  # of the constraint on each column
GEOM_CONDITIONS = 12 + 19  # constraints and assertions
GEOM_ROW_STEPS = 12
GEOM_PARAMETERS = ("steps", "initial_x1", "initial_x2", "matrix_11", "matrix_12", "matrix_21", "matrix_22")
GEOM_OUTPUTS = ("final_cnt", "acc", "x1", "x2", "m11", "m12", "m22")


@dataclass(frozen=True)
class ParameterSet:
    queries: int
    grinding: int
    blowup: int = 8
    extension_degree: int = 3
    folding: int = 4
    remainder_degree: int = 127


PARAMETER_SETS = {"stark-100": ParameterSet(62, 10), "stark-128": ParameterSet(86, 12)}


def public_inputs(pairs: Iterable[tuple[str, int | bytes]]) -> list[dict[str, Cbor]]:
    return [{"name": name, "value": value} for name, value in pairs]


def check_proof_system(header: dict[str, Cbor], backend: Backend, **hashes: bytes) -> None:
    vk = {"backend_id": header["backend_id"], "circuit_id": backend.circuit_id}
    hashes["vk_hash"] = tagged_cbor("verification-key", vk)
    for name, value in hashes.items():
        need(header["proof_system"][name] == value, "E301", f"proof_system.{name}")


class Backend:
    vm_id: str
    circuit_id: str
    trace_spec: dict[str, Cbor]
    has_proof = False

    def check_claim(self, receipt: Receipt) -> None:
        raise NotImplementedError


class ProcessV1(Backend):
    vm_id, circuit_id = "process", "none"
    trace_spec = {
        "spec_version": 1,
        "trace_format_id": "event_log_v2",
        "record_schema_ref": sha256_uri(sha256(EVENT_SCHEMA.read_bytes())),
        "encoding_id": "canonical_jsonl_v1",
        "field_modulus_id": "none",
    }

    def check_claim(self, receipt: Receipt) -> None:
        payload, claim = receipt.payload, receipt.claim
        need("run" in payload and "anchor" in receipt.header and "proof" not in payload, "E015", "run, anchor or proof")
        need(payload["run"]["capture"] in ("observed", "declared"), "E003", "run.capture")
        digests = {name: tagged_cbor(f"claim/{name}", claim[name]) for name in SECTIONS}
        exit_ = claim.get("exit", {})
        need(len(exit_) == 1, "E015", "exit")
        ((kind, number),) = exit_.items()
        expected = public_inputs([*digests.items(), (f"exit_{kind}", number)])
        need(receipt.statement["public_inputs"] == expected, "E015", "public_inputs")
        check_proof_system(
            receipt.header,
            self,
            params_hash=tagged("params", b""),
            air_params_hash=tagged("air-params", b""),
            fri_params_hash=tagged("fri-params", b""),
            program_hash=tagged("program", digests["code"]),
        )


class GeomV1(Backend):
    vm_id, circuit_id, has_proof = "geom", "geom_air_v1", True
    trace_spec = {
        "spec_version": 1,
        "trace_format_id": "geom_trace_v1",
        "record_schema_ref": sha256_uri(sha256(",".join(GEOM_COLUMNS).encode())),
        "encoding_id": "lde_rows_le64_v1",
        "field_modulus_id": "goldilocks",
    }

    def check_claim(self, receipt: Receipt) -> None:
        payload, header = receipt.payload, receipt.header
        need("run" not in payload and "anchor" not in header, "E015", "run or anchor")
        need("proof" in payload, "E050", "proof")
        proof = payload["proof"]
        need(proof["format"] == "winterfell_0_13_stc_v1", "E051", "proof.format")
        need(proof["system"] == "geom_v1" and proof["parameter_set"] in PARAMETER_SETS, "E301", "proof")
        parameter_set = PARAMETER_SETS[proof["parameter_set"]]
        inputs = receipt.statement["public_inputs"]
        need([public["name"] for public in inputs] == [*GEOM_PARAMETERS, *GEOM_OUTPUTS], "E053", "public_inputs")
        for public in inputs:
            need(type(public["value"]) is int and public["value"] < P, "E053", public["name"])
        values = {public["name"]: public["value"] for public in inputs}
        need(12 <= values["steps"] <= 1 << 20, "E053", "steps")
        need(receipt.claim == geom_claim(values, header["manifest_hash"]), "E015", "claim")
        check_proof_system(
            header,
            self,
            params_hash=tagged_cbor("params", geom_params(values)),
            air_params_hash=tagged_cbor("air-params", geom_air_params(values["steps"])),
            fri_params_hash=tagged_cbor("fri-params", {"parameter_set": proof["parameter_set"], **vars(parameter_set)}),
            program_hash=tagged_cbor("program", GEOM_PROGRAM),
        )


def geom_params(values: dict[str, int]) -> Cbor:
    initial = [values["initial_x1"], values["initial_x2"]]
    matrix = [[values["matrix_11"], values["matrix_12"]], [values["matrix_21"], values["matrix_22"]]]
    return {"steps": values["steps"], "initial": initial, "matrix": matrix}


def geom_air_params(steps: int) -> Cbor:
    return {
        "columns": list(GEOM_COLUMNS),
        "degrees": list(GEOM_DEGREES),
        "row_steps": GEOM_ROW_STEPS,
        "trace_length": geom_trace_length(steps),
    }


def geom_claim(values: dict[str, int], manifest_hash: bytes) -> Cbor:
    """The claim is a function of the statement."""

    def file(path: str, document: Any) -> list[dict[str, Cbor]]:
        content = json.dumps(document, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        return [{"path": path, "digest": sha256(content), "size": len(content)}]

    return {
        "code": file("geom/program.json", {"program": GEOM_PROGRAM, "vm": "geom"}),
        "inputs": file("geom/parameters.json", {name: str(values[name]) for name in GEOM_PARAMETERS}),
        "config": {"arguments": [], "files": []},
        "environment": {"variables": [], "manifest_hash": manifest_hash},
        "outputs": file("geom/outputs.json", {name: str(values[name]) for name in GEOM_OUTPUTS}),
    }


BACKENDS: dict[str, Backend] = {"process_v1": ProcessV1(), "geom_v1": GeomV1()}

# ---- geom.md ----------------------------------------------------------------------------------------------------------


def geom_trace_length(steps: int) -> int:
    return max(64, 1 << (steps // GEOM_ROW_STEPS).bit_length())


def geom_run(values: dict[str, int]) -> dict[str, int]:
    """The machine itself: its outputs say whether a statement is true, whatever its proof says."""
    a, b, c, d = (values[f"matrix_{place}"] for place in ("11", "12", "21", "22"))
    x1, x2, gas, acc, cnt, m11, m12, m22 = values["initial_x1"], values["initial_x2"], 100, 0, 0, 0, 0, 0
    for step in range(values["steps"]):
        opcode = GEOM_PROGRAM[step % 6]
        acc = (acc, acc + gas, acc * gas, acc - gas)[opcode] % P
        m11, m12, m22 = (m11 + x1 * x1) % P, (m12 + x1 * x2) % P, (m22 + x2 * x2) % P
        x1, x2 = (a * x1 + b * x2) % P, (c * x1 + d * x2) % P
        gas, cnt = (gas - 1 - opcode % 3) % P, cnt + 1
    return dict(zip(GEOM_OUTPUTS, (cnt, acc, x1, x2, m11, m12, m22)))


# ---- proof.md ---------------------------------------------------------------------------------------------------------


class ProofReader:
    """Gives every byte of a proof its place."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        need(length <= len(self.data) - self.at, "E056", "the proof ends early")
        self.at += length
        return self.data[self.at - length : self.at]

    def uint(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def vint(self) -> int:
        """A length in the shortest of 1 to 4 bytes."""
        first = self.data[self.at : self.at + 1] or b"\0"
        width = 1 + (first[0] & -first[0]).bit_length() - 1 if first[0] else 9
        need(width <= 4, "E056", "a length")
        value = self.uint(width) >> width
        need(width == 1 or value >> 7 * (width - 1) > 0, "E056", "a length longer than needed")
        return value

    def elements(self, count: int) -> bytes:
        data = self.take(8 * count)
        need(all(element < P for (element,) in struct.iter_unpack("<Q", data)), "E056", "an element is not below p")
        return data

    def opening(self, length: int, depth: int, leaves: int) -> None:
        need(length % 32 == 1 and length // 32 <= leaves * depth, "E056", "length of an opening")
        need(self.uint(1) == depth, "E056", "depth of an opening")
        self.take(length - 1)


def read_proof(
    data: bytes, rows: int, columns: int, composition: int, conditions: int, chosen: ParameterSet
) -> tuple[bytes, bool]:
    """Steps 2 and 3 of the verification; returns what steps 4 and 6 need: the first commitment, whether the last holds."""
    log_rows, blowup, folding = rows.bit_length() - 1, chosen.blowup, chosen.folding
    options = (chosen.queries, blowup, chosen.grinding, 3, folding, chosen.remainder_degree, 0, 0, 1, 1)
    context = bytes([columns, 0, 0, log_rows, 0, 0, 8]) + struct.pack("<Q", P) + bytes(options)
    context += bytes([conditions << 1 | 1])
    reader = ProofReader(data)
    need(reader.take(len(context)) == context, "E056", "the context")
    unique = reader.uint(1)
    need(1 <= unique <= chosen.queries, "E056", "number of positions")
    layers, domain = 0, rows * blowup
    while domain > (chosen.remainder_degree + 1) * blowup:
        layers, domain = layers + 1, domain // folding
    need(reader.uint(2) == 32 * (layers + 3), "E056", "number of commitments")
    commitments = [reader.take(32) for _ in range(layers + 3)]
    depth = (rows * blowup).bit_length() - 1
    for cells in (columns, 3 * composition):
        need(reader.vint() == 8 * cells * unique, "E056", "length of rows")
        reader.elements(cells * unique)
        reader.opening(reader.vint(), depth, unique)
    for cells in (columns, composition):
        need(reader.uint(2) == 48 * cells + 1 and reader.uint(1) == 2, "E056", "out-of-domain values")
        reader.elements(6 * cells)
    need(reader.uint(1) == layers, "E056", "number of layers")
    before = unique
    for layer in range(1, layers + 1):
        length = reader.uint(4)
        here = length // (24 * folding)
        need(length % (24 * folding) == 0 and 1 <= here <= before, "E056", "rows of a layer")
        reader.elements(3 * folding * here)
        reader.opening(reader.uint(4), depth - layer * (folding.bit_length() - 1), here)
        before = here
    last = rows // folding**layers
    need(reader.uint(2) == 24 * last, "E056", "length of the last polynomial")
    polynomial = reader.elements(3 * last)
    need(reader.uint(1) == 0, "E056", "partitions")
    reader.uint(8)
    need(reader.at == len(data), "E056", "bytes after the proof")
    return commitments[0], tagged("stc/row", polynomial) == commitments[-1]


def check_proof(receipt: Receipt) -> None:
    """All but the STARK: the bytes have their one shape, and are about the statement's trace."""
    proof, statement = receipt.payload["proof"], receipt.statement
    data = receipt.entry(f"proof/{proof['system']}.bin", "E050")
    need(len(data) == proof["size"] and sha256(data) == proof["digest"], "E052", "digest or size of the proof")
    rows = geom_trace_length(statement["public_inputs"][0]["value"])
    chosen = PARAMETER_SETS[proof["parameter_set"]]
    trace_root, last_is_committed = read_proof(data, rows, len(GEOM_COLUMNS), 1, GEOM_CONDITIONS, chosen)
    need(trace_root == statement["trace_root"], "E058", "trace_root")
    need(last_is_committed, "E057", "the last polynomial")
    values = {public["name"]: public["value"] for public in statement["public_inputs"]}
    outputs = {name: values[name] for name in GEOM_OUTPUTS}
    need(geom_run(values) == outputs, "E054", "the machine has other outputs, so that nothing can prove these")


# ---- archive.md -------------------------------------------------------------------------------------------------------

ROW_BYTES, ROWS_PER_CHUNK, ARITY = 4096, 256, 16


def check_archive(receipt: Receipt) -> bytes:
    """Every artifact, manifest and entry is accounted for; returns the archive's root."""
    payload, artifacts = receipt.payload, receipt.payload["artifacts"]
    listed = [(artifact["digest"], artifact["size"]) for artifact in artifacts]
    named = {(file["digest"], file["size"]) for files in claim_files(receipt.claim) for file in files}
    need(sorted_without_twins([digest for digest, _ in listed]), "E015", "order of artifacts")
    need(set(listed) == named, "E015", "artifacts are not those of the claim")
    called_for = {"mimetype", "capsule.cbor"}
    detached = "pointer" in payload["row_index_ref"]
    for artifact in artifacts:
        need(detached or artifact["embedded"], "E062", "an archive that is not detached travels whole")
        if artifact["embedded"]:
            name = f"artifacts/sha256/{artifact['digest'].hex()}"
            content = receipt.entry(name, "E062")
            need(len(content) == artifact["size"], "E066", name)
            need(sha256(content) == artifact["digest"], "E067", name)
            called_for.add(name)
    manifests = payload["manifests"]
    need(sorted_without_twins([manifest["name"].encode() for manifest in manifests]), "E015", "order of manifests")
    for manifest in manifests:
        name = f"manifests/{manifest['name']}.json"
        need(sha256(receipt.entry(name, "E062")) == manifest["digest"], "E067", name)
        called_for.add(name)
    if "anchor" in receipt.header:
        called_for.add("events.jsonl")
    if "proof" in payload:
        called_for.add(f"proof/{payload['proof']['system']}.bin")
    if detached:
        called_for |= {"da/header.bin", "da/sketch.bin"}
    root = check_detached(receipt) if detached else check_embedded(receipt)
    for name in receipt.entries:
        need(name in called_for, "E009", name)
    return root


def check_embedded(receipt: Receipt) -> bytes:
    payload, meta, ref = receipt.payload, receipt.payload["chunk_meta"], receipt.payload["row_index_ref"]
    archive = b"".join(receipt.entries[f"artifacts/sha256/{a['digest'].hex()}"] for a in payload["artifacts"])
    chunk = ROW_BYTES * ROWS_PER_CHUNK
    need(meta["data_length_bytes"] == len(archive), "E066", "data_length_bytes")
    need(meta["num_chunks"] == -(-len(archive) // chunk), "E076", "num_chunks")
    fixed = (meta["chunk_len"], meta["chunk_size_bytes"], meta["chunking_rule_id"])
    need(fixed == (ROWS_PER_CHUNK, chunk, "rows_4096_v1"), "E061", "chunk_meta")
    need("sketch" not in ref, "E061", "a sketch of an embedded archive")
    fixed = (ref["commitment_type"], ref["tree_arity"], ref["proof_fetch_rule_id"])
    need(fixed == ("stc_v1", ARITY, "embedded_v1"), "E061", "row_index_ref")
    root = stc_root((archive[at : at + ROW_BYTES] for at in range(0, len(archive), ROW_BYTES)), ARITY)
    need(ref["commitment"] == root, "E063", "commitment")
    return root


def check_detached(receipt: Receipt) -> bytes:
    """Header and sketch agree with the capsule; the archive itself lies elsewhere."""
    meta, ref = receipt.payload["chunk_meta"], receipt.payload["row_index_ref"]
    spelling, sketch = receipt.entry("da/header.bin", "E062"), receipt.entry("da/sketch.bin", "E062")
    header = RowCheckHeader.read(spelling)
    need(ref["pointer"] == header.digest, "E061", "pointer")
    need(ref.get("sketch") == tagged("row-check/sketch", sketch), "E061", "sketch")
    check_sketch(header, sketch)
    total = sum(artifact["size"] for artifact in receipt.payload["artifacts"])
    need(meta["data_length_bytes"] == header.byte_len == total, "E066", "data_length_bytes")
    need(meta["num_chunks"] == header.extended_rows, "E076", "num_chunks")
    fixed = (meta["chunk_len"], meta["chunk_size_bytes"], meta["chunking_rule_id"])
    need(fixed == (1, 8 * header.columns, "row_check_v1"), "E061", "chunk_meta")
    fixed = (ref["commitment_type"], ref["tree_arity"], ref["proof_fetch_rule_id"])
    need(fixed == ("row_check_v1", 2, "rows_v1"), "E061", "row_index_ref")
    need(ref["commitment"] == header.root, "E063", "commitment")
    return header.root


# ---- stc.md -----------------------------------------------------------------------------------------------------------


def stc_top_to_root(top: bytes, arity: int, rows: int) -> bytes:
    return tagged("stc/root", struct.pack("<BQ", arity, rows) + top)


def stc_root(rows: Iterable[bytes], arity: int) -> bytes:
    level = [tagged("stc/row", row) for row in rows]
    count = len(level)
    while len(level) > 1:
        level = [tagged("stc/node", b"".join(level[at : at + arity])) for at in range(0, len(level), arity)]
    return stc_top_to_root(level[0] if level else b"", arity, count)


def stc_check_opening(root: bytes, arity: int, rows: int, items: list[tuple[int, bytes]], opening: list[bytes]) -> None:
    """`items` are indices with their leaves."""
    need(2 <= arity <= 64, "E061", "arity")
    known = dict(items)
    need(0 < len(known) == len(items) and max(known) < rows, "E064", "indices")
    digests, size = iter(opening), rows
    while size > 1:
        above: dict[int, bytes] = {}
        for group in sorted({index // arity for index in known}):
            children = range(group * arity, min(size, (group + 1) * arity))
            hashes = [known[child] if child in known else next(digests, None) for child in children]
            need(None not in hashes, "E064", "the opening ends early")
            above[group] = tagged("stc/node", b"".join(filter(None, hashes)))
        known, size = above, -(-size // arity)
    need(next(digests, None) is None, "E064", "digests are left over")
    need(stc_top_to_root(known[0], arity, rows) == root, "E064", "another root")


# ---- row-check.md -----------------------------------------------------------------------------------------------------

Extension = tuple[int, int, int]  # the coefficients of 1, x, x^2 in F_p[x] / (x^3 - x - 1)


@dataclass(frozen=True)
class RowCheckHeader:
    """The 81 bytes, with the shape that they state."""

    spelling: bytes
    byte_len: int
    rows: int
    columns: int
    log_blowup: int
    root: bytes
    archive: bytes

    @staticmethod
    def read(spelling: bytes) -> RowCheckHeader:
        need(len(spelling) == 81, "E061", "length of a row-check header")
        header = RowCheckHeader(spelling, *struct.unpack("<QIIB32s32s", spelling))
        need(header.rows >= 2 and header.rows.bit_count() == 1, "E061", "rows of a row-check header")
        need(header.rows <= 1 << 18, "E005", "rows of a row-check header")
        need(header.log_blowup in (1, 2), "E061", "log_blowup of a row-check header")
        columns = -(-(-(-(8 + header.byte_len) // 7)) // header.rows)
        need(columns <= 8192, "E005", "columns of a row-check header")
        need(header.columns == columns, "E061", "columns of a row-check header")
        return header

    @property
    def extended_rows(self) -> int:
        return self.rows << self.log_blowup

    @property
    def digest(self) -> bytes:
        return tagged("row-check/header", self.spelling)

    def challenge(self) -> list[Extension]:
        limbs: list[int] = []
        block = 0
        while len(limbs) < 3 * self.columns:
            digest = tagged("row-check/challenge", self.spelling + struct.pack("<Q", block))
            limbs += [limb for limb in struct.unpack("<4Q", digest) if limb < P]
            block += 1
        return [(limbs[3 * j], limbs[3 * j + 1], limbs[3 * j + 2]) for j in range(self.columns)]


def check_sketch(header: RowCheckHeader, sketch: bytes) -> None:
    need(len(sketch) == 24 * header.rows, "E066", "length of a sketch")
    need(all(limb < P for (limb,) in struct.iter_unpack("<Q", sketch)), "E004", "an element of a sketch")


def sketch_of(row: list[int], challenge: list[Extension]) -> Extension:
    one, x, xx = (sum(element * xi[limb] for element, xi in zip(row, challenge)) % P for limb in range(3))
    return one, x, xx


def root_of_unity(order: int) -> int:
    return pow(7277203076849721926, 2**32 // order, P)


def extend(column: list[int], count: int) -> list[int]:
    """The values on `count` points of the polynomial that has these values on its own. Quadratic: for vectors."""
    size = len(column)
    inverse, w, wide = pow(size, -1, P), root_of_unity(size), root_of_unity(count)
    coefficients = [
        sum(value * pow(w, -i * k, P) for i, value in enumerate(column)) * inverse % P for k in range(size)
    ]
    return [sum(c * pow(wide, i * k, P) for k, c in enumerate(coefficients)) % P for i in range(count)]


def systematic_rows(content: bytes, header: RowCheckHeader) -> list[list[int]]:
    packed = struct.pack("<Q", len(content)) + content
    packed = packed.ljust(7 * header.rows * header.columns, b"\0")
    elements = [int.from_bytes(packed[at : at + 7], "little") for at in range(0, len(packed), 7)]
    return [elements[at : at + header.columns] for at in range(0, len(elements), header.columns)]


# ---- event-log.md -----------------------------------------------------------------------------------------------------


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
        time = time_ms(event.get("time"))
        need(time >= last_time, "E201", f"time of line {seq}")
        if seq == 0:
            check_circumstances(event, time, receipt.payload["run"])
        head, last_time = sha256(b"\0" + line), time
    need(anchor["events_log_hash"] == tagged("event-log", log), "E201", "events_log_hash")
    need(anchor["events_log_len"] == len(lines), "E201", "events_log_len")
    need(anchor["event_chain_head"] == head, "E201", "event_chain_head")
    need(event["type"] == "run_finished", "E201", "the last line")
    for public in receipt.statement["public_inputs"]:
        value = public["value"].hex() if isinstance(public["value"], bytes) else public["value"]
        stated = event.get(public["name"])
        need(type(stated) is type(value) and stated == value, "E201", f"{public['name']} of the last line")
    need(receipt.statement["trace_root"] == stc_root(lines, 2), "E201", "trace_root")


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


# ---- verdict.md -------------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """What this checker computed for a receipt that it accepts."""

    capsule_hash: bytes
    instance_hash: bytes
    trace_root: bytes
    archive_root: bytes
    needs_stark: bool

    def __str__(self) -> str:
        hashes = (self.capsule_hash, self.instance_hash, self.trace_root, self.archive_root)
        names = ("capsule", "instance", "trace", "archive")
        status = "ACCEPTED but needs the STARK" if self.needs_stark else "PROOF_ONLY"
        return " ".join([status, *(f"{name}={value.hex()}" for name, value in zip(names, hashes))])


@dataclass(frozen=True)
class Options:
    level: str = "proof-only"
    expected_capsule_hash: str | None = None


def check(data: bytes, options: Options = Options(), limits: Limits = Limits()) -> Result:
    """Checks 1 to 8 in the order of verdict.md, less the STARK."""
    entries = read_container(data, limits)
    need("capsule.cbor" in entries, "E002", "there is no capsule")
    capsule = decode_cbor(entries["capsule.cbor"])
    conform(capsule, CAPSULE, "capsule")
    receipt = Receipt(entries, capsule, limits)
    need(receipt.header["backend_id"] in BACKENDS, "E301", "backend_id")
    backend = BACKENDS[receipt.header["backend_id"]]
    capsule_hash = check_hashes(receipt)
    need(options.expected_capsule_hash in (None, capsule_hash.hex()), "E011", "not the capsule that was expected")
    check_statement(receipt, backend)
    instance_hash = check_instance(receipt)
    if backend.has_proof:
        check_proof(receipt)
    archive_root = check_archive(receipt)
    if "anchor" in receipt.header:
        check_event_log(receipt)
    need(options.level == "proof-only", "E302", "no level above proof-only can be reached")
    return Result(capsule_hash, instance_hash, receipt.statement["trace_root"], archive_root, backend.has_proof)


# ---- tests/vectors ----------------------------------------------------------------------------------------------------

NEEDS_STARK = ("E054", "E056")  # a proof with the right shape and nothing behind it
Outcome = tuple[str, bool, str]  # which vector, whether it passed, and what was found


def receipt_outcomes(folder: Path) -> Iterator[Outcome]:
    for path in sorted(folder.glob("**/*.cap")):
        name = str(path.relative_to(folder))
        beside = path.with_suffix(".options.json")
        options = Options(**json.loads(beside.read_text())) if beside.exists() else Options()
        expected = path.parent.name[:4] if name.startswith("reject/") else "accepted"
        try:
            result = check(path.read_bytes(), options)
        except Refused as refused:
            yield name, refused.code == expected, str(refused)
            continue
        passed = expected == "accepted" or (result.needs_stark and expected in NEEDS_STARK)
        verdict = path.with_suffix(".verdict.json")
        if verdict.exists():
            passed &= json.loads(verdict.read_text())["capsule_hash"] == result.capsule_hash.hex()
        yield name, passed, str(result)


def stc_outcomes(path: Path) -> Iterator[Outcome]:
    vectors = json.loads(path.read_text())
    for index, case in enumerate(vectors["roots"]):
        root = stc_root(map(bytes.fromhex, case["rows"]), case["arity"])
        yield f"stc.json roots[{index}]", root.hex() == case["root"], root.hex()
    for index, case in enumerate(vectors["openings"]):
        items = [(position, bytes.fromhex(leaf)) for position, leaf in case["items"]]
        opening = list(map(bytes.fromhex, case["opening"]))
        try:
            stc_check_opening(bytes.fromhex(case["root"]), case["arity"], case["rows"], items, opening)
            found = True
        except Refused:
            found = False
        yield f"stc.json openings[{index}]", found == case["accepted"], case["case"]


def row_check_outcomes(path: Path) -> Iterator[Outcome]:
    for index, case in enumerate(json.loads(path.read_text())["archives"]):
        content = bytes.fromhex(case["content"])
        header = RowCheckHeader.read(bytes.fromhex(case["header"]))
        rows = systematic_rows(content, header)
        columns = [extend(list(column), header.extended_rows) for column in zip(*rows)]
        extended = [struct.pack(f"<{header.columns}Q", *row) for row in zip(*columns)]
        challenge = header.challenge()
        sketch = b"".join(struct.pack("<3Q", *sketch_of(row, challenge)) for row in rows)
        check_sketch(header, sketch)
        found = {
            "extended_rows": [row.hex() for row in extended],
            "root": stc_root(extended, 2).hex(),
            "header_digest": header.digest.hex(),
            "challenge": [struct.pack("<3Q", *xi).hex() for xi in challenge],
            "sketch": sketch.hex(),
            "sketch_digest": tagged("row-check/sketch", sketch).hex(),
        }
        wrong = [name for name, value in found.items() if case[name] != value]
        stated = (header.byte_len, header.root.hex(), header.archive)
        passed = not wrong and stated == (len(content), found["root"], sha256(content))
        yield f"row-check.json archives[{index}]", passed, " ".join(wrong)


def check_vectors(folder: Path) -> int:
    outcomes = [*receipt_outcomes(folder), *stc_outcomes(folder / "stc.json")]
    outcomes += row_check_outcomes(folder / "row-check.json")
    for name, passed, found in outcomes:
        print("ok    " if passed else "FAILED", name, found)
    failed = sum(not passed for _, passed, _ in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--vectors"] and len(arguments) == 2:
        return check_vectors(Path(arguments[1]))
    failed = 0
    for path in arguments:
        try:
            print(path, check(Path(path).read_bytes()))
        except Refused as refused:
            failed += 1
            print(path, "REJECTED", refused)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
