"""proof.md: parameter sets, and the place of every byte. The STARK itself is not verified."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from digests import tagged
from reasons import need

P = 2**64 - 2**32 + 1  # the field of proofs and of row-check


@dataclass(frozen=True)
class ParameterSet:
    queries: int
    grinding: int
    blowup: int = 8
    extension_degree: int = 3
    folding: int = 4
    remainder_degree: int = 127


PARAMETER_SETS = {
    "geom_v1": {"stark-100": ParameterSet(62, 10), "stark-128": ParameterSet(86, 12)},
    "rv32im_v1": {
        "stark-100": ParameterSet(84, 20, blowup=4, folding=8),
        "stark-128": ParameterSet(73, 22, folding=8, remainder_degree=255),
    },
}


@dataclass(frozen=True)
class Shape:
    """What an AIR decides about a proof's bytes."""

    rows: int
    columns: int
    composition: int
    conditions: int  # constraints and assertions
    aux_columns: int = 0
    challenges: int = 0


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


def read_proof(data: bytes, shape: Shape, chosen: ParameterSet) -> tuple[bytes, bool]:
    """Steps 2 and 3 of the verification; returns what steps 4 and 6 need: the first commitment, whether the last holds."""
    rows, columns, aux_columns = shape.rows, shape.columns, shape.aux_columns
    log_rows, blowup, folding = rows.bit_length() - 1, chosen.blowup, chosen.folding
    options = (chosen.queries, blowup, chosen.grinding, 3, folding, chosen.remainder_degree, 0, 0, 1, 1)
    context = bytes([columns, aux_columns, shape.challenges, log_rows, 0, 0, 8]) + struct.pack("<Q", P) + bytes(options)
    context += bytes([shape.conditions << 1 | 1])
    reader = ProofReader(data)
    need(reader.take(len(context)) == context, "E056", "the context")
    unique = reader.uint(1)
    need(1 <= unique <= chosen.queries, "E056", "number of positions")
    layers, domain = 0, rows * blowup
    while domain > (chosen.remainder_degree + 1) * blowup:
        layers, domain = layers + 1, domain // folding
    roots = layers + (4 if aux_columns else 3)
    need(reader.uint(2) == 32 * roots, "E056", "number of commitments")
    commitments = [reader.take(32) for _ in range(roots)]
    depth = (rows * blowup).bit_length() - 1
    for cells in (columns, *([3 * aux_columns] if aux_columns else []), 3 * shape.composition):
        need(reader.vint() == 8 * cells * unique, "E056", "length of rows")
        reader.elements(cells * unique)
        reader.opening(reader.vint(), depth, unique)
    for cells in (columns + aux_columns, shape.composition):
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
