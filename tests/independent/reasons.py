"""Refusals: the reason codes of reasons.md."""

from __future__ import annotations

from typing import NoReturn


class Refused(Exception):
    """The receipt breaks a rule; `code` is the reason code that the spec names for it."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why
        self.needs_stark = False  # a verifier with a STARK may have refused the receipt before it came here


def refuse(code: str, why: str) -> NoReturn:
    raise Refused(code, why)


def need(holds: bool, code: str, why: str) -> None:
    if not holds:
        refuse(code, why)
