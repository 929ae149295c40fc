"""verdict.md: the checks in their order."""

from __future__ import annotations

from dataclasses import dataclass

from archive import check_archive
from backends import BACKENDS
from capsule import CAPSULE, Receipt, check_hashes, check_instance, check_statement, conform
from cbor import decode_cbor
from container import read_container
from event_log import check_event_log
from limits import DEFAULT_LIMITS, Limits
from reasons import Refused, need


@dataclass
class Result:
    """What this checker computed for a receipt that it accepts."""

    capsule_hash: bytes
    instance_hash: bytes
    trace_root: bytes
    archive_root: bytes
    needs_stark: bool

    def __str__(self) -> str:
        hashes = (self.capsule_hash, self.instance_hash, self.trace_root, self.archive_root)
        names = ("capsule", "instance", "trace", "archive")
        status = "ACCEPTED but needs the STARK" if self.needs_stark else "PROOF_ONLY"
        return " ".join([status, *(f"{name}={value.hex()}" for name, value in zip(names, hashes))])


@dataclass(frozen=True)
class Options:
    level: str = "proof-only"
    expected_capsule_hash: str | None = None


DEFAULT_OPTIONS = Options()


def check(data: bytes, options: Options = DEFAULT_OPTIONS, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Checks 1 to 8 in the order of verdict.md, less the STARK."""
    entries = read_container(data, limits)
    need("capsule.cbor" in entries, "E002", "there is no capsule")
    capsule = decode_cbor(entries["capsule.cbor"])
    conform(capsule, CAPSULE, "capsule")
    receipt = Receipt(entries, capsule, limits)
    need(receipt.header["backend_id"] in BACKENDS, "E301", "backend_id")
    backend = BACKENDS[receipt.header["backend_id"]]
    capsule_hash = check_hashes(receipt)
    need(options.expected_capsule_hash in (None, capsule_hash.hex()), "E011", "not the capsule that was expected")
    check_statement(receipt, backend)
    instance_hash = check_instance(receipt)
    backend.check_proof(receipt)
    try:
        archive_root = check_archive(receipt)
        if "anchor" in receipt.header:
            check_event_log(receipt)
    except Refused as refused:
        refused.needs_stark = backend.has_proof
        raise
    need(options.level == "proof-only", "E302", "no level above proof-only can be reached")
    return Result(capsule_hash, instance_hash, receipt.statement["trace_root"], archive_root, backend.has_proof)
