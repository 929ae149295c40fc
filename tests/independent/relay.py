"""relay.md: what relays and auditors say about an archive that is kept elsewhere."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import Any

from capsule import DIGEST, Shape, conform
from cbor import Cbor, decode_cbor
from digests import tagged
from reasons import Refused, need
from signatures import bstr, ecdsa_holds, key_id, protected_header, to_be_signed
from trust import Trust

MAX_MESSAGE = 1024
MOST_ATTESTATIONS = 64
BOUND: dict[str, Shape] = {"schema": str, "header_commit_hash": DIGEST, "da_hash": DIGEST}
COMMIT_RECEIPT = {**BOUND, "committed_at": int, "position": int}
CHALLENGE = {
    **BOUND, "mode": str, "seed": DIGEST, "bits": int, "issued_at": int, "not_after": int, "registry_root": DIGEST,
}  # fmt: skip
ATTESTATION = {**BOUND, "sampled_at": int, "samples": int}
Message = tuple[bytes, dict[str, Cbor]]  # whose, and what


@dataclass(frozen=True)
class Asked:
    """What messages have to be about, and when they are judged."""

    header_commit_hash: bytes
    da_hash: bytes
    trust: Trust
    at: int

    @staticmethod
    def of(header_commit_hash: bytes, da_hash: bytes, trust: str | None, at: int | None) -> Asked:
        need(trust is not None, "E302", "no trust file")
        read = Trust.read(trust)
        read.check_registry()
        need(at is not None, "E302", "no time")
        return Asked(header_commit_hash, da_hash, read, at)

    def check_bound(self, message: dict[str, Cbor]) -> None:
        found = (message["header_commit_hash"], message["da_hash"])
        need(found == (self.header_commit_hash, self.da_hash), "E077", "of another receipt or archive")

    def check_fit(self, key: bytes, purpose: str) -> None:
        unfit = self.trust.unfit(key, purpose, self.at)
        need(unfit is None, "E073", f"the signer is {unfit}")


def read_message(data: bytes, purpose: str, schema: str, shape: Shape) -> Message:
    """A message in its one spelling, whose signature holds."""
    need(len(data) <= MAX_MESSAGE, "E005", "length of a message")
    key, signature = data[10:43], data[-64:]
    head = b"\x84" + bstr(protected_header(key)) + b"\xa0"
    need(data.startswith(head) and data[-66:-64] == b"\x58\x40", "E073", "spelling of a message")
    framed = data[len(head) : -66]
    head_bytes = 1 if len(framed) < 25 else 2 if len(framed) < 258 else 3
    payload = framed[head_bytes:]
    need(framed == bstr(payload), "E073", "spelling of a message")
    need(ecdsa_holds(key, to_be_signed(key, purpose, payload), signature), "E073", "signature of a message")
    message = decode_cbor(payload)
    conform(message, shape, schema)
    need(message["schema"] == f"capseal/{schema}/v1", "E003", "schema of a message")
    return key, message


def check_challenge(asked: Asked, given: dict[str, Any], named: bytes | None) -> tuple[bytes, int]:
    """The seed of the rows that a relay calls for, and the bits that they have to show."""
    need(given["commit"] is not None, "E071", "no receipt of the commit")
    need(given["challenge"] is not None, "E071", "no challenge")
    commit_bytes, challenge_bytes = (base64.b64decode(given[name], validate=True) for name in ("commit", "challenge"))
    relay, challenge = read_message(challenge_bytes, "relay", "challenge", CHALLENGE)
    committer, commit = read_message(commit_bytes, "relay", "commit-receipt", COMMIT_RECEIPT)
    need(relay == committer, "E073", "commit and challenge of two relays")
    need(challenge["mode"] == "archival", "E070", "mode of the challenge")
    asked.check_bound(challenge)
    asked.check_bound(commit)
    need(challenge["seed"] == tagged("relay/challenge-seed", commit_bytes), "E072", "seed of the challenge")
    need(named in (None, tagged("relay/challenge", challenge_bytes)), "E072", "the capsule names another challenge")
    asked.check_fit(relay, "relay")
    need(challenge["registry_root"].hex() == asked.trust.pin, "E073", "registry of the challenge")
    issued = challenge["issued_at"]
    need(commit["committed_at"] <= issued <= asked.at < challenge["not_after"], "E078", "time of the challenge")
    need(challenge["bits"] >= given.get("bits", 80), "E079", "bits of the challenge")
    return challenge["seed"], challenge["bits"]


def archival_seed(asked: Asked, rows: int, samples: int, seed: bytes) -> bytes:
    bound = asked.header_commit_hash + asked.da_hash
    return tagged("sample/archival-seed", bound + struct.pack("<QI", rows, samples) + seed)


def check_attestations(asked: Asked, given: dict[str, Any], rows: int, enough: int) -> None:
    """As many keys as were asked for say that they sampled `enough` of the rows."""
    need(len(given["given"]) <= MOST_ATTESTATIONS, "E005", "number of attestations")
    good, first_wrong = set(), Refused("E074", "too few attest")
    for text in reversed(given["given"]):
        try:
            good.add(check_attestation(asked, given, base64.b64decode(text, validate=True), rows, enough))
        except Refused as refused:
            first_wrong = refused
    if len(good) < given.get("threshold", 1):
        raise first_wrong


def check_attestation(asked: Asked, given: dict[str, Any], data: bytes, rows: int, enough: int) -> str:
    key, message = read_message(data, "attestation", "attestation", ATTESTATION)
    asked.check_bound(message)
    asked.check_fit(key, "attestation")
    age = asked.at - message["sampled_at"]
    most = given.get("max_age_ms")
    need(age >= 0 and (most is None or age <= most), "E078", "time of an attestation")
    need(message["samples"] <= rows, "E077", "more rows than there are")
    need(message["samples"] >= enough, "E079", "rows of an attestation")
    return key_id(key)
