#!/usr/bin/env python3
"""Checks CapSeal receipts and logs from `docs/spec` alone: a second implementation that shares no code with the verifier.

Each module is named after the page that it follows. Everything is checked but the STARK: where only that is left, the line
says so. (Statements of `geom_v1` are true or false without it: the machine is run.) Python 3.11, standard library only.

    check.py FILE...                 one line for each receipt
    check.py --vectors tests/vectors every vector must get the verdict that its place promises
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import capability
import pcap
from digests import sha256, tagged
from reasons import Refused
from row_check import RowCheckHeader, check_sketch, extend, sketch_of, systematic_rows
from sampling import positions, seed_of
from stc import stc_check_opening, stc_root
from verdict import Options, check

NEEDS_STARK = ("E054",)  # the bytes of the proof have their one shape, and nothing stands behind them
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
            passed = refused.code == expected or (refused.needs_stark and expected in NEEDS_STARK)
            yield name, passed, str(refused)
            continue
        passed = expected == "accepted" or (result.needs_stark and expected in NEEDS_STARK)
        passed &= not name.startswith("accept/policy-enforced") or result.status == "POLICY_ENFORCED"
        verdict = path.with_suffix(".verdict.json")
        if verdict.exists():
            frozen = json.loads(verdict.read_text())
            passed &= (frozen["status"], frozen["capsule_hash"]) == ("PROOF_ONLY", result.capsule_hash.hex())
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


def sampling_outcomes(path: Path) -> Iterator[Outcome]:
    vectors = json.loads(path.read_text())
    same = bytes.fromhex(vectors["all_of_these_are"])
    for index, case in enumerate(vectors["positions"]):
        seed = seed_of(same, same, case["rows"], case["samples"], same)
        found = positions(seed, case["rows"], case["samples"])
        yield f"sampling.json positions[{index}]", found == case["positions"], f"{len(found)} positions"
    rows = vectors["rows"]
    receipt = (path.parent / vectors["receipt"]).read_bytes()
    for index, case in enumerate(vectors["plans"]):
        answers = [rows[position] for position in case["positions"]]
        samples = {"nonce": case["nonce"], "bits": case["bits"], "answers": answers}
        try:
            yield f"sampling.json plans[{index}]", True, str(check(receipt, Options(samples=samples)))
        except Refused as refused:
            yield f"sampling.json plans[{index}]", False, str(refused)


def check_vectors(folder: Path) -> int:
    outcomes = list(receipt_outcomes(folder))
    if not outcomes:
        raise FileNotFoundError(f"no receipts below {folder}")
    outcomes += [*stc_outcomes(folder / "stc.json"), *row_check_outcomes(folder / "row-check.json"), *sampling_outcomes(folder / "sampling.json")]
    outcomes += pcap.outcomes(folder / "pcap")
    outcomes += capability.outcomes(folder / "capability.json")
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
