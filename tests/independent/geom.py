"""geom.md: the machine, and all that follows from a statement about it."""

from __future__ import annotations

import json
from typing import Any

from cbor import Cbor
from digests import sha256
from proof import P

GEOM_PROGRAM = [1, 2, 3, 1, 2, 0]
GEOM_COLUMNS = ("pc", "gas", "acc", "x1", "x2", "cnt", "m11", "m12", "m22", "acc_9", "acc_6", "acc_3")
GEOM_DEGREES = (1, 1, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2)  # of the constraint on each column
GEOM_CONDITIONS = 12 + 19  # constraints and assertions
GEOM_ROW_STEPS = 12
GEOM_PARAMETERS = ("steps", "initial_x1", "initial_x2", "matrix_11", "matrix_12", "matrix_21", "matrix_22")
GEOM_OUTPUTS = ("final_cnt", "acc", "x1", "x2", "m11", "m12", "m22")


def geom_trace_length(steps: int) -> int:
    return max(64, 1 << (steps // GEOM_ROW_STEPS).bit_length())


def geom_run(values: dict[str, int]) -> dict[str, int]:
    """The machine itself: its outputs say whether a statement is true, whatever its proof says."""
    a, b, c, d = (values[f"matrix_{place}"] for place in ("11", "12", "21", "22"))
    x1, x2, gas, acc, cnt, m11, m12, m22 = values["initial_x1"], values["initial_x2"], 100, 0, 0, 0, 0, 0
    for step in range(values["steps"]):
        opcode = GEOM_PROGRAM[step % 6]
        acc = (acc, acc + gas, acc * gas, acc - gas)[opcode] % P
        m11, m12, m22 = (m11 + x1 * x1) % P, (m12 + x1 * x2) % P, (m22 + x2 * x2) % P
        x1, x2 = (a * x1 + b * x2) % P, (c * x1 + d * x2) % P
        gas, cnt = (gas - 1 - opcode % 3) % P, cnt + 1
    return dict(zip(GEOM_OUTPUTS, (cnt, acc, x1, x2, m11, m12, m22)))


def geom_params(values: dict[str, int]) -> Cbor:
    initial = [values["initial_x1"], values["initial_x2"]]
    matrix = [[values["matrix_11"], values["matrix_12"]], [values["matrix_21"], values["matrix_22"]]]
    return {"steps": values["steps"], "initial": initial, "matrix": matrix}


def geom_air_params(steps: int) -> Cbor:
    return {
        "columns": list(GEOM_COLUMNS),
        "degrees": list(GEOM_DEGREES),
        "row_steps": GEOM_ROW_STEPS,
        "trace_length": geom_trace_length(steps),
    }


def geom_claim(values: dict[str, int], manifest_hash: bytes) -> Cbor:
    """The claim is a function of the statement."""

    def file(path: str, document: Any) -> list[dict[str, Cbor]]:
        content = json.dumps(document, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        return [{"path": path, "digest": sha256(content), "size": len(content)}]

    return {
        "code": file("geom/program.json", {"program": GEOM_PROGRAM, "vm": "geom"}),
        "inputs": file("geom/parameters.json", {name: str(values[name]) for name in GEOM_PARAMETERS}),
        "config": {"arguments": [], "files": []},
        "environment": {"variables": [], "manifest_hash": manifest_hash},
        "outputs": file("geom/outputs.json", {name: str(values[name]) for name in GEOM_OUTPUTS}),
    }
