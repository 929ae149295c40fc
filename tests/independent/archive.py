"""archive.md: artifacts, manifests, entries, and the commitment to the archive."""

from __future__ import annotations

from capsule import Receipt, claim_files, sorted_without_twins
from digests import sha256, tagged
from policy import document_hash
from reasons import need
from row_check import RowCheckHeader, check_sketch
from signatures import ENTRY as SIGNATURE_ENTRY
from stc import ceil_div, stc_root

ROW_BYTES, ROWS_PER_CHUNK, ARITY = 4096, 256, 16


def check_archive(receipt: Receipt) -> bytes:
    """Every artifact, manifest and entry is accounted for; returns the archive's root."""
    payload, artifacts = receipt.payload, receipt.payload["artifacts"]
    listed = [(artifact["digest"], artifact["size"]) for artifact in artifacts]
    named = {(file["digest"], file["size"]) for files in claim_files(receipt.claim) for file in files}
    need(sorted_without_twins([digest for digest, _ in listed]), "E015", "order of artifacts")
    need(set(listed) == named, "E015", "artifacts are not those of the claim")
    called_for = {"mimetype", "capsule.cbor"}
    detached = "pointer" in payload["row_index_ref"]
    for artifact in artifacts:
        need(detached or artifact["embedded"], "E062", "an archive that is not detached travels whole")
        if artifact["embedded"]:
            name = f"artifacts/sha256/{artifact['digest'].hex()}"
            content = receipt.entry(name, "E062")
            need(sha256(content) == artifact["digest"], "E067", name)
            need(len(content) == artifact["size"], "E066", name)
            called_for.add(name)
    check_policy_document(receipt)
    manifests = payload["manifests"]
    need(sorted_without_twins([manifest["name"].encode() for manifest in manifests]), "E015", "order of manifests")
    for manifest in manifests:
        name = f"manifests/{manifest['name']}.json"
        need(sha256(receipt.entry(name, "E062")) == manifest["digest"], "E067", name)
        called_for.add(name)
    if "anchor" in receipt.header:
        called_for.add("events.jsonl")
    if "proof" in payload:
        called_for.add(f"proof/{payload['proof']['system']}.bin")
    if detached:
        called_for |= {"da/header.bin", "da/sketch.bin"}
    root = check_detached(receipt) if detached else check_embedded(receipt)
    if "policy_ref" in receipt.header:
        called_for.add("policy.json")
    for name in receipt.entries:
        need(name in called_for or SIGNATURE_ENTRY.fullmatch(name) is not None, "E009", name)
    return root


def check_policy_document(receipt: Receipt) -> None:
    if "policy.json" in receipt.entries and "policy_ref" in receipt.header:
        found = document_hash(receipt.entries["policy.json"])
        need(found == receipt.header["policy_ref"]["policy_hash"], "E033", "policy.json")


def check_embedded(receipt: Receipt) -> bytes:
    payload, meta, ref = receipt.payload, receipt.payload["chunk_meta"], receipt.payload["row_index_ref"]
    archive = travelling(receipt)
    chunk = ROW_BYTES * ROWS_PER_CHUNK
    need(meta["data_length_bytes"] == len(archive), "E066", "data_length_bytes")
    need(meta["num_chunks"] == ceil_div(len(archive), chunk), "E076", "num_chunks")
    fixed = (meta["chunk_len"], meta["chunk_size_bytes"], meta["chunking_rule_id"])
    need(fixed == (ROWS_PER_CHUNK, chunk, "rows_4096_v1"), "E061", "chunk_meta")
    need("sketch" not in ref, "E061", "a sketch of an embedded archive")
    fixed = (ref["commitment_type"], ref["tree_arity"], ref["proof_fetch_rule_id"])
    need(fixed == ("stc_v1", ARITY, "embedded_v1"), "E061", "row_index_ref")
    root = stc_root((archive[at : at + ROW_BYTES] for at in range(0, len(archive), ROW_BYTES)), ARITY)
    need(ref["commitment"] == root, "E063", "commitment")
    return root


def travelling(receipt: Receipt) -> bytes:
    artifacts = receipt.payload["artifacts"]
    return b"".join(receipt.entries[f"artifacts/sha256/{a['digest'].hex()}"] for a in artifacts)


def check_detached(receipt: Receipt) -> bytes:
    """Header and sketch agree with the capsule; the archive itself lies elsewhere."""
    meta, ref = receipt.payload["chunk_meta"], receipt.payload["row_index_ref"]
    spelling, sketch = receipt.entry("da/header.bin", "E062"), receipt.entry("da/sketch.bin", "E062")
    header = RowCheckHeader.read(spelling)
    need(ref["pointer"] == header.digest, "E061", "pointer")
    need(ref.get("sketch") == tagged("row-check/sketch", sketch), "E061", "sketch")
    check_sketch(header, sketch)
    artifacts = receipt.payload["artifacts"]
    total = sum(artifact["size"] for artifact in artifacts)
    need(meta["data_length_bytes"] == header.byte_len == total, "E066", "data_length_bytes")
    if all(artifact["embedded"] for artifact in artifacts):
        need(header.archive == sha256(travelling(receipt)), "E063", "the header's digest of the archive")
    need(meta["num_chunks"] == header.extended_rows, "E076", "num_chunks")
    fixed = (meta["chunk_len"], meta["chunk_size_bytes"], meta["chunking_rule_id"])
    need(fixed == (1, 8 * header.columns, "row_check_v1"), "E061", "chunk_meta")
    fixed = (ref["commitment_type"], ref["tree_arity"], ref["proof_fetch_rule_id"])
    need(fixed == ("row_check_v1", 2, "rows_v1"), "E061", "row_index_ref")
    need(ref["commitment"] == header.root, "E063", "commitment")
    return header.root
