"""backends.md: what each backend fixes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from capsule import Receipt
from cbor import Cbor
from digests import sha256, sha256_uri, tagged, tagged_cbor
from geom import (
    GEOM_COLUMNS,
    GEOM_CONDITIONS,
    GEOM_OUTPUTS,
    GEOM_PARAMETERS,
    GEOM_PROGRAM,
    geom_air_params,
    geom_claim,
    geom_params,
    geom_run,
    geom_trace_length,
)
from proof import PARAMETER_SETS, P, ParameterSet, Shape, read_proof
from reasons import need
import rv32im

EVENT_SCHEMA = Path(__file__).resolve().parents[2] / "verifier-core/src/event_log/schema.cddl"
SECTIONS = ("code", "inputs", "config", "environment", "outputs")


def public_inputs(pairs: Iterable[tuple[str, int | bytes]]) -> list[dict[str, Cbor]]:
    return [{"name": name, "value": value} for name, value in pairs]


def check_proof_system(header: dict[str, Cbor], backend: Backend, **hashes: bytes) -> None:
    vk = {"backend_id": header["backend_id"], "circuit_id": backend.circuit_id}
    hashes["vk_hash"] = tagged_cbor("verification-key", vk)
    for name, value in hashes.items():
        need(header["proof_system"][name] == value, "E301", f"proof_system.{name}")


def proof_parameters(receipt: Receipt, system: str) -> ParameterSet:
    need("proof" in receipt.payload, "E050", "proof")
    proof = receipt.payload["proof"]
    need(proof["system"] == system, "E301", "proof.system")
    need(proof["format"] == "winterfell_0_13_stc_v1", "E051", "proof.format")
    need(proof["parameter_set"] in PARAMETER_SETS[system], "E301", "proof.parameter_set")
    return PARAMETER_SETS[system][proof["parameter_set"]]


def fri_params_hash(receipt: Receipt, chosen: ParameterSet) -> bytes:
    options = {name: value for name, value in vars(chosen).items() if name != "longest"}
    return tagged_cbor("fri-params", {"parameter_set": receipt.payload["proof"]["parameter_set"], **options})


def proof_bytes(receipt: Receipt) -> bytes:
    proof = receipt.payload["proof"]
    data = receipt.entry(f"proof/{proof['system']}.bin", "E050")
    need(len(data) == proof["size"] and sha256(data) == proof["digest"], "E052", "digest or size of the proof")
    return data


def check_bytes(receipt: Receipt, data: bytes, shape: Shape) -> None:
    trace_root, last_is_committed = read_proof(data, shape, proof_parameters(receipt, receipt.payload["proof"]["system"]))
    need(trace_root == receipt.statement["trace_root"], "E058", "trace_root")
    need(last_is_committed, "E057", "the last polynomial")


class Backend:
    vm_id: str
    circuit_id: str
    trace_spec: dict[str, Cbor]
    has_proof = False

    def check_claim(self, receipt: Receipt) -> None:
        raise NotImplementedError

    def check_proof(self, receipt: Receipt) -> None:
        """Nothing, for a backend that proves nothing."""


class ProcessV1(Backend):
    vm_id, circuit_id = "process", "none"
    trace_spec = {
        "spec_version": 1,
        "trace_format_id": "event_log_v2",
        "record_schema_ref": sha256_uri(sha256(EVENT_SCHEMA.read_bytes())),
        "encoding_id": "canonical_jsonl_v1",
        "field_modulus_id": "none",
    }

    def check_claim(self, receipt: Receipt) -> None:
        payload, claim = receipt.payload, receipt.claim
        need("run" in payload and "anchor" in receipt.header and "proof" not in payload, "E015", "run, anchor or proof")
        need(payload["run"]["capture"] in ("observed", "declared"), "E003", "run.capture")
        digests = {name: tagged_cbor(f"claim/{name}", claim[name]) for name in SECTIONS}
        exit_ = claim.get("exit", {})
        need(len(exit_) == 1, "E015", "exit")
        ((kind, number),) = exit_.items()
        need(number < 1 << 32, "E015", "exit")
        expected = public_inputs([*digests.items(), (f"exit_{kind}", number)])
        need(receipt.statement["public_inputs"] == expected, "E015", "public_inputs")
        check_proof_system(
            receipt.header,
            self,
            params_hash=tagged("params", b""),
            air_params_hash=tagged("air-params", b""),
            fri_params_hash=tagged("fri-params", b""),
            program_hash=tagged("program", digests["code"]),
        )


class LogV1(Backend):
    vm_id, circuit_id = "log", "none"
    trace_spec = {**ProcessV1.trace_spec, "trace_format_id": "action_log_v2"}

    def check_claim(self, receipt: Receipt) -> None:
        payload, claim = receipt.payload, receipt.claim
        need("run" not in payload and "anchor" in receipt.header and "proof" not in payload, "E015", "run, anchor or proof")
        environment = {"variables": [], "manifest_hash": receipt.header["manifest_hash"]}
        contents_alone = {"code": [], "inputs": [], "config": {"arguments": [], "files": []}, "environment": environment}
        need(claim == {**contents_alone, "outputs": claim["outputs"]}, "E015", "more than contents")
        contents = public_inputs([("contents", tagged_cbor("claim/outputs", claim["outputs"]))])
        need(receipt.statement["public_inputs"][-1:] == contents, "E015", "contents")
        nothing = {f"{name}_hash": tagged(name.replace("_", "-"), b"") for name in ("params", "air_params", "fri_params", "program")}
        check_proof_system(receipt.header, self, **nothing)


class GeomV1(Backend):
    vm_id, circuit_id, has_proof = "geom", "geom_air_v1", True
    trace_spec = {
        "spec_version": 1,
        "trace_format_id": "geom_trace_v1",
        "record_schema_ref": sha256_uri(sha256(",".join(GEOM_COLUMNS).encode())),
        "encoding_id": "lde_rows_le64_v1",
        "field_modulus_id": "goldilocks",
    }

    def check_claim(self, receipt: Receipt) -> None:
        payload, header = receipt.payload, receipt.header
        need("run" not in payload and "anchor" not in header, "E015", "run or anchor")
        parameter_set = proof_parameters(receipt, "geom_v1")
        inputs = receipt.statement["public_inputs"]
        need([public["name"] for public in inputs] == [*GEOM_PARAMETERS, *GEOM_OUTPUTS], "E053", "public_inputs")
        for public in inputs:
            need(type(public["value"]) is int and public["value"] < P, "E053", public["name"])
        values = {public["name"]: public["value"] for public in inputs}
        need(12 <= values["steps"] <= 1 << 20, "E053", "steps")
        need(receipt.claim == geom_claim(values, header["manifest_hash"]), "E015", "claim")
        check_proof_system(
            header,
            self,
            params_hash=tagged_cbor("params", geom_params(values)),
            air_params_hash=tagged_cbor("air-params", geom_air_params(values["steps"])),
            fri_params_hash=fri_params_hash(receipt, parameter_set),
            program_hash=tagged_cbor("program", GEOM_PROGRAM),
        )

    def check_proof(self, receipt: Receipt) -> None:
        """All but the STARK: the bytes have their one shape, and are about a statement that is true."""
        data = proof_bytes(receipt)
        values = {public["name"]: public["value"] for public in receipt.statement["public_inputs"]}
        check_bytes(receipt, data, Shape(geom_trace_length(values["steps"]), len(GEOM_COLUMNS), 1, GEOM_CONDITIONS))
        outputs = {name: values[name] for name in GEOM_OUTPUTS}
        need(geom_run(values) == outputs, "E054", "the machine has other outputs, so that nothing can prove these")


class Rv32imV1(Backend):
    vm_id, circuit_id, has_proof = "rv32im", "rv32im_air_v1", True
    trace_spec = {
        "spec_version": 1,
        "trace_format_id": "rv32im_trace_v1",
        "record_schema_ref": sha256_uri(sha256(",".join(rv32im.COLUMNS).encode())),
        "encoding_id": "lde_rows_le64_v1",
        "field_modulus_id": "goldilocks",
    }

    def check_claim(self, receipt: Receipt) -> None:
        payload, header = receipt.payload, receipt.header
        parameter_set = proof_parameters(receipt, "rv32im_v1")
        inputs = receipt.statement["public_inputs"]
        need([public["name"] for public in inputs] == [*rv32im.DOCUMENTS, *rv32im.NUMBERS], "E053", "public_inputs")
        values = {public["name"]: public["value"] for public in inputs}
        need(all(type(values[name]) is bytes for name in rv32im.DOCUMENTS), "E053", "digests")
        need(all(type(values[name]) is int for name in rv32im.NUMBERS), "E053", "numbers")
        need(values["segments"] == 1, "E053", "segments")
        need(max(values["exit_code"], values["trace_length"]) < 1 << 32, "E053", "a number of 32 bits")
        need("run" not in payload and "anchor" not in header, "E015", "run or anchor")
        need(receipt.claim == rv32im.claim_of(values, receipt.claim, header["manifest_hash"]), "E015", "claim")
        check_proof_system(
            header,
            self,
            params_hash=rv32im.params_hash(values),
            air_params_hash=tagged_cbor("air-params", rv32im.air_params(values["trace_length"])),
            fri_params_hash=fri_params_hash(receipt, parameter_set),
            program_hash=tagged("program", values["program"]),
        )

    def check_proof(self, receipt: Receipt) -> None:
        """All but the STARK: the documents are here and consistent, the bytes have their one shape, and the run is true."""
        data = proof_bytes(receipt)
        values = {public["name"]: public["value"] for public in receipt.statement["public_inputs"]}
        names = {name: f"artifacts/sha256/{values[name].hex()}" for name in rv32im.DOCUMENTS}
        documents = {name: receipt.entry(path, "E062") for name, path in names.items()}
        for name, content in documents.items():
            need(sha256(content) == values[name], "E067", name)
        image, rows = rv32im.read_image(documents["program"]), values["trace_length"]
        need(rows & (rows - 1) == 0 and 1 << 16 <= rows <= 1 << 22, "E053", "trace_length")
        rv32im.check_tables(documents["tables"], image, values)
        shape = Shape(rows, len(rv32im.COLUMNS), 4, rv32im.CONDITIONS, rv32im.AUX_COLUMNS, rv32im.CHALLENGES)
        check_bytes(receipt, data, shape)
        machine = rv32im.Machine(image, documents["input"])
        machine.run()
        ended = (machine.output(), machine.x[10], machine.cycles)
        stated = (documents["output"], values["exit_code"], values["cycles"])
        need(ended == stated, "E054", "the machine ends otherwise, so that nothing can prove this")


BACKENDS: dict[str, Backend] = {"process_v1": ProcessV1(), "geom_v1": GeomV1(), "rv32im_v1": Rv32imV1(), "log_v1": LogV1()}
