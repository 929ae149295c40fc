"""pcap.md: a log of version 2, its tree, checkpoints and proofs."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import ed25519
from cbor import encode_head
from digests import sha256
from event_log import CLOSING, read_event, time_ms
from reasons import Refused, need

Head = tuple[str, int, bytes]  # log id, size, root


def leaf(line: bytes) -> bytes:
    return sha256(b"\0" + line)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it stands there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:split]), root(leaves[split:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.3.1."""
    if len(leaves) < 2:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return path(index, leaves[:split]) + [root(leaves[split:])]
    return path(index - split, leaves[split:]) + [root(leaves[:split])]


def consistency(size: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """Section 2.1.4.1."""
    if size == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        return consistency(size, leaves[:split], whole) + [root(leaves[split:])]
    return consistency(size - split, leaves[split:], False) + [root(leaves[:split])]


def read_log(log: bytes) -> list[bytes]:
    """The lines of a log that keeps the rules."""
    need(log.endswith(b"\n"), "E201", "the log does not end with a line feed")
    lines = log[:-1].split(b"\n")
    head, last_time = bytes(32), 0
    for seq, line in enumerate(lines):
        event = read_event(line)
        need(type(event.get("seq")) is int and event["seq"] == seq, "E201", f"seq of line {seq}")
        need(event.get("prev") == head.hex(), "E201", f"prev of line {seq}")
        need((event.get("type") == "run_header") == (seq == 0), "E201", f"type of line {seq}")
        need(seq > 0 or event.get("v") == 2, "E003", "v of line 0")
        need(event["type"] not in CLOSING or seq == len(lines) - 1, "E201", f"lines after line {seq}")
        if event["type"] == "seal":
            before = root([leaf(line) for line in lines[:seq]])
            need((event.get("size"), event.get("root")) == (seq, before.hex()), "E201", "the seal")
        time = time_ms(event.get("time"))
        need(time >= last_time, "E201", f"time of line {seq}")
        head, last_time = leaf(line), time
    return lines


SIGNER, WITNESS = b"\1", b"\4"


def read_key(text: str, kind: bytes = SIGNER) -> tuple[str, bytes, bytes]:
    name, key_id, encoded = text.split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    need(typed[:1] == kind and len(typed) == 33, "E203", "the key's type")
    need(sha256(name.encode() + b"\n" + typed)[:4].hex() == key_id, "E203", "the key's id")
    return name, bytes.fromhex(key_id), typed[1:]


def read_checkpoint(note: bytes, trusted: str) -> Head:
    """The head that a checkpoint states, signed by the trusted key."""
    text, _, signatures = note.decode().rpartition("\n\n")
    text += "\n"
    name, key_id, key = read_key(trusted)
    signed = False
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        need(dash == "\u2014", "E203", "a signature line")
        blob = base64.b64decode(encoded, validate=True)
        if (signer, blob[:4]) == (name, key_id):
            need(ed25519.verify(key, text.encode(), blob[4:]), "E021", "the signature")
            signed = True
    need(signed, "E204", "no trusted key signed")
    origin, size, encoded = text.removesuffix("\n").split("\n")
    need(origin.startswith("capseal/") and size == str(int(size)), "E203", "the text")
    return origin.removeprefix("capseal/"), int(size), base64.b64decode(encoded, validate=True)


def read_cosignatures(note: bytes, witnesses: list[str]) -> list[tuple[str, int]]:
    """The witnesses that cosigned, each with its time."""
    text, _, signatures = note.decode().rpartition("\n\n")
    keys = {key[:2]: key[2] for key in (read_key(witness, WITNESS) for witness in witnesses)}
    found = []
    for line in signatures.splitlines():
        _, name, encoded = line.split(" ")
        blob = base64.b64decode(encoded, validate=True)
        if (name, blob[:4]) not in keys:
            continue
        (time,) = struct.unpack(">Q", blob[4:12])
        message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
        need(ed25519.verify(keys[name, blob[:4]], message, blob[12:]), "E021", "the cosignature")
        found.append((name, time))
    return found


def cbor(value: Any) -> bytes:
    """Deterministic CBOR with what COSE needs: negative integers, null, and maps with any keys."""
    match value:
        case None:
            return b"\xf6"
        case int():
            return encode_head(0, value) if value >= 0 else encode_head(1, -1 - value)
        case bytes():
            return encode_head(2, len(value)) + value
        case str():
            return encode_head(3, len(value.encode())) + value.encode()
        case list():
            return encode_head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return encode_head(5, len(value)) + b"".join(sorted(cbor(key) + cbor(item) for key, item in value.items()))
    raise TypeError(type(value))


def check_receipt(cose: bytes, trusted: str, head: Head, label: int, proof: list[Any]) -> None:
    """A COSE receipt has one spelling: what it says of a head, by a key, is written again, and its signature verified."""
    name, key_id, key = read_key(trusted)
    log_id, size, root_of_head = head
    claims = {1: name, 2: f"capseal/{log_id}", "size": size}
    protected = cbor({1: -19, 4: key_id, 15: claims, 395: 1})
    signature = cose[-64:]
    spelled = b"\xd2" + cbor([protected, {396: {label: [cbor(proof)]}}, None, signature])
    need(cose == spelled, "E002", "the receipt's spelling")
    message = cbor(["Signature1", protected, b"", root_of_head])
    need(ed25519.verify(key, message, signature), "E021", "the receipt's signature")


def outcomes(folder: Path) -> list[tuple[str, bool, str]]:
    """The vectors of version 2."""
    lines = read_log((folder / "v2" / "log.jsonl").read_bytes())
    leaves, key = [leaf(line) for line in lines], (folder / "v2" / "key.txt").read_text().strip()
    found: list[tuple[str, bool, str]] = []
    heads: list[Head] = []
    for name in ("early.ckpt", "final.ckpt"):
        head = read_checkpoint((folder / "v2" / name).read_bytes(), key)
        heads.append(head)
        found.append((f"pcap/v2/{name}", head == (leaves[0].hex(), head[1], root(leaves[: head[1]])), str(head[1])))

    def proof(name: str) -> dict[str, Any]:
        return json.loads((folder / "v2" / name).read_text())

    inclusion, joined = proof("inclusion.json"), proof("consistency.json")
    index, expected = inclusion["index"], lambda digests: [digest.hex() for digest in digests]
    holds = inclusion["path"] == expected(path(index, leaves)) and inclusion["entry"].encode() == lines[index]
    found.append(("pcap/v2/inclusion.json", holds and inclusion["root"] == heads[1][2].hex(), str(index)))
    holds = joined["path"] == expected(consistency(heads[0][1], leaves))
    holds &= (joined["from_root"], joined["root"]) == (heads[0][2].hex(), heads[1][2].hex())
    found.append(("pcap/v2/consistency.json", holds, f"{joined['from']} to {joined['size']}"))
    return found + test_key_outcomes(folder / "v2", leaves, heads)


def test_key_outcomes(folder: Path, leaves: list[bytes], heads: list[Head]) -> list[tuple[str, bool, str]]:
    """What the test keys signed: a checkpoint with witnesses, and COSE receipts."""
    key, witnesses = (folder / "test-key.txt").read_text().strip(), (folder / "witnesses.txt").read_text().split()
    earlier, head = heads
    note = (folder / "witnessed.ckpt").read_bytes()
    cosigned = read_cosignatures(note, witnesses)
    names = [witness.split("+")[0] for witness in witnesses]
    found = [("pcap/v2/witnessed.ckpt", read_checkpoint(note, key) == head and [name for name, _ in cosigned] == names, str(cosigned))]
    size = head[1]
    for name, label, proof in (
        ("header.cose", -1, [size, 0, path(0, leaves)]),
        ("inclusion.cose", -1, [size, 2, path(2, leaves)]),
        ("consistency.cose", -2, [earlier[1], size, consistency(earlier[1], leaves)]),
    ):
        try:
            check_receipt((folder / name).read_bytes(), key, head, label, proof)
            found.append((f"pcap/v2/{name}", True, f"{len(proof[2])} digests"))
        except Refused as refused:
            found.append((f"pcap/v2/{name}", False, str(refused)))
    return found
