"""row-check.md: the encoding of archives that are kept elsewhere."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from digests import tagged
from proof import P
from reasons import need
from stc import ceil_div

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
        columns = ceil_div(ceil_div(8 + header.byte_len, 7), header.rows)
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
    coefficients = [sum(value * pow(w, -i * k, P) for i, value in enumerate(column)) * inverse % P for k in range(size)]
    return [sum(c * pow(wide, i * k, P) for k, c in enumerate(coefficients)) % P for i in range(count)]


def systematic_rows(content: bytes, header: RowCheckHeader) -> list[list[int]]:
    packed = struct.pack("<Q", len(content)) + content
    packed = packed.ljust(7 * header.rows * header.columns, b"\0")
    elements = [int.from_bytes(packed[at : at + 7], "little") for at in range(0, len(packed), 7)]
    return [elements[at : at + header.columns] for at in range(0, len(elements), header.columns)]
