"""sampling.md: which rows are asked for, and what the answers have to be."""

from __future__ import annotations

import base64
import struct
from fractions import Fraction
from typing import Any

from capsule import Receipt
from digests import tagged, tagged_cbor
from proof import P
from reasons import Refused, need, refuse
from row_check import Extension, RowCheckHeader, extend, sketch_of
from stc import stc_check_opening

MAX_BITS = 100


def samples_for(header: RowCheckHeader, bits: int) -> int:
    """The fewest draws for which C(T - 1, k) / C(n, k) is at most 2^-bits."""
    rows, good = header.extended_rows, (header.extended_rows + header.rows) // 2 - 1
    passing, samples = Fraction(1), 0
    while passing > Fraction(1, 2**bits):
        passing *= Fraction(good - samples, rows - samples)
        samples += 1
    return samples


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


def check_availability(receipt: Receipt, samples: dict[str, Any] | None) -> None:
    """Check 11: everything travels, or the sampled rows hold."""
    if all(artifact["embedded"] for artifact in receipt.payload["artifacts"]):
        return
    need(samples is not None, "E302", "no rows were sampled")
    header = RowCheckHeader.read(receipt.entries["da/header.bin"])
    count = samples_for(header, samples.get("bits", 80))
    parts = tagged_cbor("header-commit", receipt.header) + header.digest
    parts += struct.pack("<QI", header.extended_rows, count) + bytes.fromhex(samples["nonce"])
    asked = positions(tagged("sample/live-seed", parts), header.extended_rows, count)
    need(len(samples["answers"]) == len(asked), "E074", "number of answers")
    encoded = encode_sketch(receipt.entries["da/sketch.bin"], header)
    challenge = header.challenge()
    for position, answer in zip(asked, samples["answers"]):
        if answer is not None:
            check_answer(header, challenge, encoded[position], position, base64.b64decode(answer, validate=True))
    need(None not in samples["answers"], "E074", "a row could not be had")


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
