"""backends.md, log_v1: what the statement says of the log."""

from __future__ import annotations

from capsule import Receipt
from digests import tagged
from obligations import obligation_lines, recorded
from pcap import leaf, read_log, root
from reasons import need


def check_sealed_log(receipt: Receipt) -> None:
    log = receipt.entry("events.jsonl", "E201")
    leaves = [leaf(line) for line in read_log(log)]
    stated = {public["name"]: public["value"] for public in receipt.statement["public_inputs"][:-1]}
    recorded(log)
    obligations = b"".join(line + b"\n" for line in obligation_lines(log))
    found = {"log_id": leaves[0], "size": len(leaves), "root": root(leaves), "obligations": tagged("obligations", obligations)}
    need(list(stated.items()) == list(found.items()), "E201", "the statement is about another log")
