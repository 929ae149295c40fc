"""verdict.md: the checks in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archive import check_archive
from backends import BACKENDS, Backend
from capsule import CAPSULE, Receipt, check_hashes, check_instance, check_statement, conform
from cbor import decode_cbor
from container import read_container
from event_log import check_event_log
from limits import DEFAULT_LIMITS, Limits
from policy import Facts, check_inclusion, check_rules, document_hash, read_policy
from reasons import Refused, need, refuse
from sampling import check_availability
from sealed_log import check_sealed_log
from signatures import signing_keys
from trust import Trust

STATUSES = ("PROOF_ONLY", "POLICY_SELF_REPORTED", "POLICY_ENFORCED", "FULLY_VERIFIED")


@dataclass
class Result:
    """What this checker computed for a receipt that it accepts."""

    capsule_hash: bytes
    instance_hash: bytes
    trace_root: bytes
    archive_root: bytes
    needs_stark: bool
    status: str

    def __str__(self) -> str:
        hashes = (self.capsule_hash, self.instance_hash, self.trace_root, self.archive_root)
        names = ("capsule", "instance", "trace", "archive")
        status = f"{self.status} but needs the STARK" if self.needs_stark else self.status
        return " ".join([status, *(f"{name}={value.hex()}" for name, value in zip(names, hashes))])


@dataclass(frozen=True)
class Options:
    level: str = "proof-only"
    expected_capsule_hash: str | None = None
    trust: str | None = None
    policy: str | None = None
    policy_inclusion: dict[str, Any] | None = None
    at: int | None = None
    require_status: str = "PROOF_ONLY"
    require_exit: int | None = None
    samples: dict[str, Any] | None = None
    challenge: dict[str, Any] | None = None
    attestations: dict[str, Any] | None = None


DEFAULT_OPTIONS = Options()


def check(data: bytes, options: Options = DEFAULT_OPTIONS, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Checks 1 to 11 in the order of verdict.md, less the STARK."""
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
        if receipt.header["backend_id"] == "log_v1":
            check_sealed_log(receipt)
        status = check_trust(receipt, capsule_hash, options, backend)
    except Refused as refused:
        refused.needs_stark = backend.has_proof
        raise
    trace_root = receipt.statement["trace_root"]
    return Result(capsule_hash, instance_hash, trace_root, archive_root, backend.has_proof, status)


def check_trust(receipt: Receipt, capsule_hash: bytes, options: Options, backend: Backend) -> str:
    """Checks 9 to 11: the status that the receipt comes to."""
    authors = signing_keys(receipt, "authorship", capsule_hash)
    if options.level == "proof-only":
        signing_keys(receipt, "manifests", capsule_hash)
        status = "PROOF_ONLY"
    else:
        status = check_policy(receipt, capsule_hash, options, backend, authors)
    if options.require_exit is not None:
        need(receipt.claim.get("exit", {}).get("code") == options.require_exit, "E303", "the exit code that was required")
    full = options.level == "full"
    least = "POLICY_ENFORCED" if full else options.require_status
    need(STATUSES.index(status) >= STATUSES.index(least), "E302", "the level or status that was asked for")
    if full or (options.samples, options.challenge, options.attestations) != (None, None, None):
        check_availability(receipt, options, full)
    return "FULLY_VERIFIED" if full else status


def check_policy(
    receipt: Receipt, capsule_hash: bytes, options: Options, backend: Backend, authors: list[bytes]
) -> str:
    need(options.trust is not None, "E302", "no trust file")
    trust = Trust.read(options.trust)
    trust.check_registry()
    need(options.at is not None, "E302", "no time")
    need(authors != [], "E020", "nobody signed")
    named = receipt.header.get("policy_ref")
    allowed = None if named is None else trust.signers.get(named["policy_id"], [])
    signers = trust.fit(authors, "authorship", options.at, allowed)
    need(named is not None and named["policy_id"] != "", "E030", "policy_id")
    need(named["policy_version"] != "", "E031", "policy_version")
    witnesses = signing_keys(receipt, "manifests", capsule_hash)
    need(witnesses != [], "E106", "nobody signed the manifests")
    trust.fit(witnesses, "manifests", options.at, None)
    document, attested = find_document(receipt, options, named)
    hashes = trust.hashes.get(named["policy_id"], [])
    need(hashes == [] or named["policy_hash"].hex() in hashes, "E033", "another document was pinned")
    attested |= hashes != []
    if trust.policy_root is not None and (options.policy_inclusion is not None or not attested):
        check_inclusion(trust.policy_root, options.policy_inclusion, named["policy_hash"])
        attested = True
    need(document is not None, "E036", "the document is nowhere")
    policy = read_policy(document)
    need((policy["policy_id"], policy["policy_version"]) == (named["policy_id"], named["policy_version"]), "E033", "id")
    track = next((track for track in policy["tracks"] if track["track_id"] == named["track_id"]), None)
    need(track is not None, "E103", "track_id")
    bits = int(receipt.payload["proof"]["parameter_set"].removeprefix("stark-")) if backend.has_proof else None
    check_rules(track, Facts(receipt, backend.has_proof, bits, signers, options.at))
    return "POLICY_ENFORCED" if attested else "POLICY_SELF_REPORTED"


def find_document(receipt: Receipt, options: Options, named: dict[str, Any]) -> tuple[bytes | None, bool]:
    """The document that the verifier was given, or the one that travels; and whether the verifier chose it."""
    if options.policy is None:
        return receipt.entries.get("policy.json"), False
    document = options.policy.encode()
    if document_hash(document) != named["policy_hash"]:
        try:
            known = read_policy(document)["policy_id"] == named["policy_id"]
        except Refused:
            known = False
        refuse("E033" if known else "E032", "another policy was asked for")
    return document, True
