"""stc.md: the streaming trace commitment."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from digests import tagged
from reasons import need


def ceil_div(amount: int, by: int) -> int:
    return (amount + by - 1) // by


def stc_top_to_root(top: bytes, arity: int, rows: int) -> bytes:
    return tagged("stc/root", struct.pack("<BQ", arity, rows) + top)


def stc_leaf(row: bytes) -> bytes:
    return tagged("stc/row", row)


def stc_root(rows: Iterable[bytes], arity: int) -> bytes:
    level = [stc_leaf(row) for row in rows]
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
        known, size = above, ceil_div(size, arity)
    need(next(digests, None) is None, "E064", "digests are left over")
    need(stc_top_to_root(known[0], arity, rows) == root, "E064", "another root")
