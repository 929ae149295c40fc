"""pcap.md: a log of version 2, its tree, checkpoints and proofs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import ed25519
from digests import sha256
from event_log import CLOSING, read_event, time_ms
from reasons import need

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


def read_key(text: str) -> tuple[str, bytes, bytes]:
    name, key_id, encoded = text.split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    need(typed[:1] == b"\1" and len(typed) == 33, "E203", "the key's type")
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
    return found
