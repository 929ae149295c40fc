"""sampling.md: which rows are asked for, and what the answers have to be."""

from __future__ import annotations

import base64
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from capsule import Receipt
from digests import tagged, tagged_cbor
from proof import P
from reasons import Refused, need, refuse
from relay import Asked, archival_seed, check_attestations, check_challenge
from row_check import Extension, RowCheckHeader, extend, sketch_of
from stc import stc_check_opening

if TYPE_CHECKING:
    from verdict import Options

MAX_BITS = 100


def samples_for(header: RowCheckHeader, bits: int) -> int:
    """The fewest draws for which C(T - 1, k) / C(n, k) is at most 2^-bits."""
    rows, good = header.extended_rows, (header.extended_rows + header.rows) // 2 - 1
    passing, samples = Fraction(1), 0
    while passing > Fraction(1, 2**bits):
        passing *= Fraction(good - samples, rows - samples)
        samples += 1
    return samples


def seed_of(header_commit_hash: bytes, header_digest: bytes, rows: int, samples: int, nonce: bytes) -> bytes:
    return tagged("sample/live-seed", header_commit_hash + header_digest + struct.pack("<QI", rows, samples) + nonce)


def positions(seed: bytes, rows: int, samples: int) -> list[int]:
    """Floyd's algorithm over integers that are skipped where they would favour some rows."""
    drawn: list[int] = []
    block = 0
    chosen: set[int] = set()
    for last in range(max(rows - samples, 0), rows):
        while True:
            if not drawn:
                drawn = list(struct.unpack("<4Q", tagged("sample/stream", seed + struct.pack("<Q", block))))
                block += 1
            integer = drawn.pop(0)
            if integer < 2**64 - 2**64 % (last + 1):
                break
        candidate = integer % (last + 1)
        chosen.add(last if candidate in chosen else candidate)
    return sorted(chosen)


def check_availability(receipt: Receipt, options: Options, full: bool) -> None:
    """Check 11: everything travels, or sampled rows hold, or others say so."""
    if all(artifact["embedded"] for artifact in receipt.payload["artifacts"]):
        return
    header = RowCheckHeader.read(receipt.entries["da/header.bin"])
    commit, rows = tagged_cbor("header-commit", receipt.header), header.extended_rows
    if options.samples is not None:
        count = samples_for(header, options.samples.get("bits", 80))
        seed = seed_of(commit, header.digest, rows, count, bytes.fromhex(options.samples["nonce"]))
        check_answers(receipt, header, positions(seed, rows, count), options.samples["answers"])
    if options.attestations is not None:
        told = Asked.of(commit, header.digest, options.trust, options.at)
        enough = samples_for(header, options.attestations.get("bits", 80))
        check_attestations(told, options.attestations, rows, enough)
    if options.challenge is not None:
        told = Asked.of(commit, header.digest, options.trust, options.at)
        drawn, bits = check_challenge(told, options.challenge, receipt.capsule.get("da_challenge_hash"))
        count = samples_for(header, max(1, min(bits, MAX_BITS)))
        asked = positions(archival_seed(told, rows, count, drawn), rows, count)
        check_answers(receipt, header, asked, options.challenge["answers"])
    shown = options.samples is not None or options.attestations is not None
    need(shown or (options.challenge is not None and not full), "E302", "nothing shows that the archive can be had")


def check_answers(receipt: Receipt, header: RowCheckHeader, asked: list[int], answers: list[str | None]) -> None:
    need(len(answers) == len(asked), "E074", "number of answers")
    encoded = encode_sketch(receipt.entries["da/sketch.bin"], header)
    challenge = header.challenge()
    for position, answer in zip(asked, answers):
        if answer is not None:
            check_answer(header, challenge, encoded[position], position, base64.b64decode(answer, validate=True))
    need(None not in answers, "E074", "a row could not be had")


def encode_sketch(sketch: bytes, header: RowCheckHeader) -> list[Extension]:
    limbs = [limb for (limb,) in struct.iter_unpack("<Q", sketch)]
    one, x, xx = (extend(limbs[start::3], header.extended_rows) for start in range(3))
    return list(zip(one, x, xx))


def check_answer(
    header: RowCheckHeader, challenge: list[Extension], value: Extension, position: int, answer: bytes
) -> None:
    row_bytes = 8 * header.columns
    levels = header.extended_rows.bit_length() - 1
    need(len(answer) == row_bytes + 32 * levels, "E066", "length of an answer")
    row, path = answer[:row_bytes], answer[row_bytes:]
    digests = [path[at : at + 32] for at in range(0, len(path), 32)]
    try:
        stc_check_opening(header.root, 2, header.extended_rows, [(position, tagged("stc/row", row))], digests)
    except Refused:
        refuse("E064", "the path of a row")
    elements = [element for (element,) in struct.iter_unpack("<Q", row)]
    need(all(element < P for element in elements), "E004", "an element of a row")
    need(sketch_of(elements, challenge) == value, "E068", "a row and the sketch")
