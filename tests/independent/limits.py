"""limits.md: the defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The defaults of limits.md."""

    file_bytes: int = 50331648
    entries: int = 20000
    entry_bytes: int = 50331648
    capsule_bytes: int = 20971520
    event_log_bytes: int = 16777216
    event_log_lines: int = 200000
    event_line_bytes: int = 1048576
    proof_bytes: int = 2097152
    document_bytes: int = 1048576

    def of_entry(self, name: str) -> int:
        """The most bytes that an entry of this name may have."""
        match name.partition("/")[0]:
            case "capsule.cbor":
                return self.capsule_bytes
            case "events.jsonl":
                return self.event_log_bytes
            case "proof":
                return self.proof_bytes
            case "artifacts" | "da":
                return self.entry_bytes
            case _:
                return self.document_bytes


DEFAULT_LIMITS = Limits()
