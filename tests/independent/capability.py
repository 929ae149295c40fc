"""capability.md: tokens, proofs of possession, revocation lists, and the decision about them."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbor import Cbor, CborReader, decode_cbor, encode_cbor
from digests import sha256, tagged
from reasons import Refused
from signatures import bstr, ecdsa_holds

PERMISSIONS = {"read": 1, "create": 2, "modify": 4, "verify": 8}
CLAIMS = {b"\x01": "iss", b"\x02": "sub", b"\x03": "aud", b"\x04": "exp", b"\x05": "nbf", b"\x07": "cti", b"\x3a\0\1\0\0": "grant"}
CODES = {
    "missing": "E601", "malformed": "E602", "too_large": "E005", "root_untrusted": "E604", "signature_invalid": "E603",
    "parent_mismatch": "E605", "issuer_mismatch": "E606", "permissions_widened": "E607", "resources_widened": "E608",
    "depth_exceeded": "E612", "level_lowered": "E613", "limit_raised": "E614", "expiry_extended": "E609", "start_advanced": "E610",
    "audience_widened": "E611", "expired": "E615", "not_yet_valid": "E616", "revocation_invalid": "E619",
    "revocation_rollback": "E620", "revoked": "E617", "revocation_stale": "E618", "audience_wrong": "E621",
    "possession_missing": "E622", "possession_invalid": "E623", "possession_mismatch": "E624", "possession_stale": "E625",
    "possession_replayed": "E626", "permission_denied": "E627", "resource_denied": "E628", "level_too_low": "E629",
    "limit_exceeded": "E630",
}
FORBIDDEN = ("permission_denied", "resource_denied", "level_too_low", "limit_exceeded")
MAX_TIME, ANY = 253402300799, 2**64 - 1
KEY = re.compile(r"0[23][0-9a-f]{64}")
AUDIENCE = re.compile(r"[!-~]{1,255}")
SEGMENT = re.compile(r"[A-Za-z0-9._:-]+")


class Denied(Exception):
    def __init__(self, rule: str, link: int | None = None) -> None:
        super().__init__(rule)
        self.rule, self.link = rule, link


def need(holds: bool, rule: str, link: int | None = None) -> None:
    if not holds:
        raise Denied(rule, link)


def from_base64(text: str) -> bytes | None:
    """base64url without padding, in its one spelling."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text else None


@dataclass(frozen=True)
class Signed:
    key: bytes
    payload: bytes
    signature: bytes

    @functools.cache
    def holds(self, context: str) -> bool:
        signed = b"\x84\x6aSignature1" + bstr(protected(self.key)) + bstr(context.encode()) + encode_cbor(self.payload)
        return ecdsa_holds(self.key, signed, self.signature)


def protected(key: bytes) -> bytes:
    return bytes([0xA2, 0x01, 0x38, 0x2E, 0x04]) + bstr(key)


def read_signed(cose: bytes) -> Signed | None:
    """COSE_Sign1 in its one spelling: whatever is read is written again, and has to be the same."""
    if len(cose) < 44 + 67:
        return None
    key, signature = cose[10:43], cose[-64:]
    head = b"\x84" + bstr(protected(key)) + b"\xa0"
    middle = cose[len(head) : -66]
    try:
        payload = decode_cbor(middle)
    except Refused:
        return None
    if not isinstance(payload, bytes) or cose != head + encode_cbor(payload) + bstr(signature):
        return None
    return Signed(key, payload, signature)


def is_resource(text: Any) -> bool:
    if not isinstance(text, str) or len(text) > 256 or text.count("/") > 15:
        return False
    return all(SEGMENT.fullmatch(part) and part not in (".", "..") for part in text.removesuffix("/*").split("/"))


def covers(wide: str, narrow: str) -> bool:
    if not wide.endswith("/*"):
        return wide == narrow
    stem, segments = wide[:-2].split("/"), narrow.removesuffix("/*").split("/")
    return segments[: len(stem)] == stem and (narrow.endswith("/*") or len(segments) > len(stem))


def read_claims(payload: bytes) -> dict[str, Cbor]:
    claims: dict[str, Cbor] = {}
    if not payload or not 0xA0 <= payload[0] <= 0xA7:
        raise ValueError("no map of claims")
    at, keys = 1, list(CLAIMS)
    for _ in range(payload[0] - 0xA0):
        key = next((key for key in keys if payload.startswith(key, at)), None)
        if key is None:
            raise ValueError("a claim that is unknown, or not in order")
        keys = keys[keys.index(key) + 1 :]
        reader = CborReader(payload[at + len(key) :])
        claims[CLAIMS[key]] = reader.item()
        end = at + len(key) + reader.at
        if encode_cbor(claims[CLAIMS[key]]) != payload[at + len(key) : end]:
            raise ValueError("not canonical")
        at = end
    if at != len(payload):
        raise ValueError("bytes behind the claims")
    return claims


def is_uint(value: Any) -> bool:
    return type(value) is int


def is_time(value: Any) -> bool:
    return is_uint(value) and value <= MAX_TIME


def is_key(value: Any) -> bool:
    return isinstance(value, str) and KEY.fullmatch(value) is not None


def is_grant(grant: Any) -> bool:
    keys = {"permissions", "resources", "depth"}
    if not isinstance(grant, dict) or not keys <= set(grant) <= keys | {"parent", "min_level", "max_bytes"}:
        return False
    resources = grant["resources"]
    return (
        is_uint(grant["permissions"]) and 1 <= grant["permissions"] <= 15
        and isinstance(resources, list) and 1 <= len(resources) <= 32 and all(map(is_resource, resources))
        and resources == sorted(set(resources))
        and is_uint(grant["depth"]) and grant["depth"] <= 7
        and (isinstance(grant.get("parent", b""), bytes) and len(grant.get("parent", bytes(32))) == 32)
        and grant.get("min_level", "S0") in ("S0", "S1", "S2")
        and is_uint(grant.get("max_bytes", 0))
    )


@dataclass(frozen=True)
class Link:
    signed: Signed
    claims: dict[str, Cbor]
    digest: bytes

    @property
    def grant(self) -> dict[str, Cbor]:
        return self.claims["grant"]

    def view(self) -> dict[str, Any]:
        expires = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=self.claims["exp"])
        return {
            "capability_id": self.claims["cti"].hex(),
            "subject": self.claims["sub"],
            "permissions": [name for name, bit in PERMISSIONS.items() if self.grant["permissions"] & bit],
            "resource": " ".join(self.grant["resources"]),
            "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "signature": self.signed.signature.hex(),
        }


def read_link(data: bytes) -> Link | None:
    signed = read_signed(data)
    if signed is None:
        return None
    try:
        claims = read_claims(signed.payload)
    except (ValueError, Refused):
        return None
    if not {"iss", "sub", "exp", "cti", "grant"} <= set(claims):
        return None
    audience = claims.get("aud", "-")
    formed = (
        is_key(claims["iss"]) and is_key(claims["sub"]) and claims["iss"] == signed.key.hex()
        and isinstance(audience, str) and AUDIENCE.fullmatch(audience) is not None
        and is_time(claims["exp"]) and is_time(claims.get("nbf", 0))
        and isinstance(claims["cti"], bytes) and len(claims["cti"]) == 16
        and is_grant(claims["grant"])
    )
    return Link(signed, claims, tagged("capability/link", data)) if formed else None


def read_token(text: str) -> tuple[bytes, list[Link]]:
    need(text != "", "missing")
    need(len(text) <= 43724, "too_large")
    data = from_base64(text)
    need(data is not None, "malformed")
    try:
        items = decode_cbor(data)
    except Refused:
        raise Denied("malformed") from None
    need(isinstance(items, list) and len(items) > 0, "malformed")
    need(len(items) <= 8, "too_large")
    links = []
    for index, item in enumerate(items):
        need(isinstance(item, bytes), "malformed", index)
        need(len(item) <= 4096, "too_large", index)
        link = read_link(item)
        need(link is not None, "malformed", index)
        links.append(link)
    return data, links


def check_chain(links: list[Link], roots: list[str]) -> None:
    for index, link in enumerate(links):
        parent = links[index - 1] if index else None
        need(parent is not None or link.claims["iss"] in roots, "root_untrusted", index)
        need(link.signed.holds("capseal/capability/v1"), "signature_invalid", index)
        need(link.grant.get("parent") == (parent.digest if parent else None), "parent_mismatch", index)
        if parent is None:
            continue
        child, before = link.grant, parent.grant
        need(link.claims["iss"] == parent.claims["sub"], "issuer_mismatch", index)
        need(child["permissions"] & ~before["permissions"] == 0, "permissions_widened", index)
        covered = all(any(covers(wide, narrow) for wide in before["resources"]) for narrow in child["resources"])
        need(covered, "resources_widened", index)
        need(child["depth"] < before["depth"], "depth_exceeded", index)
        need(child.get("min_level", "S0") >= before.get("min_level", "S0"), "level_lowered", index)
        need(child.get("max_bytes", ANY) <= before.get("max_bytes", ANY), "limit_raised", index)
        need(link.claims["exp"] <= parent.claims["exp"], "expiry_extended", index)
        need(link.claims.get("nbf", 0) >= parent.claims.get("nbf", 0), "start_advanced", index)
        need(parent.claims.get("aud") in (None, link.claims.get("aud")), "audience_widened", index)


def check_times(links: list[Link], at: int) -> None:
    for index, link in enumerate(links):
        need(at // 1000 < link.claims["exp"], "expired", index)
        need(link.claims.get("nbf", 0) <= at // 1000, "not_yet_valid", index)


def record(value: Any, **kinds: Any) -> bool:
    return isinstance(value, dict) and set(value) == set(kinds) and all(isinstance(value[key], kind) and not isinstance(value[key], bool) for key, kind in kinds.items())


def read_list(text: str) -> dict[str, Any]:
    data = from_base64(text)
    need(data is not None and len(data) <= 256 * 1024, "revocation_invalid")
    signed = read_signed(data)
    need(signed is not None, "revocation_invalid")
    try:
        found = decode_cbor(signed.payload)
    except Refused:
        raise Denied("revocation_invalid") from None
    need(record(found, issued_at=int, entries=list, issuer=bytes, next_update=int, seq=int), "revocation_invalid")
    for entry in found["entries"]:
        need(record(entry, id=bytes, revoked_at=int, reason=str) and len(entry["id"]) in (16, 32), "revocation_invalid")
    ids = [entry["id"] for entry in found["entries"]]
    need(ids == sorted(set(ids)) and found["issuer"] == signed.key, "revocation_invalid")
    need(signed.holds("capseal/revocations/v1"), "revocation_invalid")
    return {**found, "issuer": signed.key.hex(), "ids": ids}


def in_use(found: dict[str, Any], at: int) -> bool:
    return found["issued_at"] <= at + 60000 and at < found["next_update"]


def check_revocations(links: list[Link], options: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules about lists; answers those that concern the token, as far as they can be read."""
    lists = [read_list(text) for text in options.get("revocations", [])]
    concerning = concern(links, lists)
    for found in concerning:
        seen = [seen["seq"] for seen in options.get("seen", []) if seen["issuer"] == found["issuer"]]
        need(all(found["seq"] >= seq for seq in seen), "revocation_rollback")
        first = next(index for index, link in enumerate(links) if link.claims["iss"] == found["issuer"])
        for index, link in enumerate(links):
            named = link.claims["cti"] in found["ids"] or link.digest in found["ids"]
            need(not (named and index >= first), "revoked", index)
    permission = options.get("request", {}).get("permission")
    if options.get("stale_reads", False) and permission not in ("create", "modify"):
        return concerning
    need(any(found["issuer"] == links[0].claims["iss"] for found in concerning), "revocation_stale")
    for found in concerning:
        newest = all(other["seq"] <= found["seq"] for other in concerning if other["issuer"] == found["issuer"])
        need(not newest or in_use(found, options["at"]), "revocation_stale")
    return concerning


def concern(links: list[Link], lists: list[dict[str, Any]]) -> list[dict[str, Any]]:
    issuers = {link.claims["iss"] for link in links}
    return [found for found in lists if found["issuer"] in issuers]


def check_possession(token: bytes, leaf: Link, options: dict[str, Any]) -> bytes:
    """The nonce of a proof that holds otherwise."""
    expected = options["possession"]
    need(expected.get("proof") is not None, "possession_missing")
    data = from_base64(expected["proof"]) or b""
    signed = read_signed(data) if len(data) <= 4096 else None
    need(signed is not None and signed.key.hex() == leaf.claims["sub"], "possession_invalid")
    try:
        found = decode_cbor(signed.payload)
    except Refused:
        raise Denied("possession_invalid") from None
    formed = record(found, audience=str, body=bytes, method=str, nonce=bytes, path=str, time=int, token=bytes)
    formed = formed and (len(found["body"]), len(found["nonce"]), len(found["token"])) == (32, 16, 32)
    need(formed and signed.holds("capseal/possession/v1"), "possession_invalid")
    audience = options["request"]["audience"] if "request" in options else leaf.claims.get("aud", "")
    body = bytes.fromhex(expected["body"]) if "body" in expected else sha256(b"")
    asked = (tagged("capability/token", token), audience, expected["method"], expected["path"], body)
    stated = (found["token"], found["audience"], found["method"], found["path"], found["body"])
    need(asked == stated, "possession_mismatch")
    need(abs(found["time"] - options["at"]) <= 60000, "possession_stale")
    return found["nonce"]


def check_request(leaf: Link, last: int, request: dict[str, Any]) -> None:
    grant = leaf.grant
    need(bool(grant["permissions"] & PERMISSIONS[request["permission"]]), "permission_denied", last)
    need(any(covers(wide, request["resource"]) for wide in grant["resources"]), "resource_denied", last)
    need(request.get("level", "S0") >= grant.get("min_level", "S0"), "level_too_low", last)
    need(request.get("bytes", 0) <= grant.get("max_bytes", ANY), "limit_exceeded", last)


def decide(text: str, options: dict[str, Any]) -> dict[str, Any]:
    """The decision, but for its sentences."""
    found: dict[str, Any] = {"token": None, "links": [], "revocations": []}
    try:
        token, links = read_token(text)
        found.update(token=tagged("capability/token", token).hex(), links=[link.view() for link in links])
        found["revocations"] = states(links, options)
        check_chain(links, options.get("roots", []))
        check_times(links, options["at"])
        check_revocations(links, options)
        leaf, last, request = links[-1], len(links) - 1, options.get("request")
        if request is not None:
            need(leaf.claims.get("aud") in (None, request["audience"]), "audience_wrong", last)
        nonce = check_possession(token, leaf, options) if "possession" in options else None
        if request is not None:
            check_request(leaf, last, request)
        need(nonce is None or nonce.hex() not in options.get("seen_nonces", []), "possession_replayed")
    except Denied as denied:
        status = 403 if denied.rule in FORBIDDEN else 401
        return {**found, "outcome": "denied", "rule": denied.rule, "link": denied.link, "code": CODES[denied.rule], "http_status": status, "possession": False}
    outcome = "valid" if request is None else "allowed"
    return {**found, "outcome": outcome, "rule": None, "link": None, "code": None, "http_status": 200, "possession": "possession" in options}


def states(links: list[Link], options: dict[str, Any]) -> list[dict[str, Any]]:
    readable = []
    for text in options.get("revocations", []):
        try:
            readable.append(read_list(text))
        except Denied:
            continue
    keys = ("issuer", "seq", "issued_at", "next_update")
    return [{**{key: found[key] for key in keys}, "fresh": in_use(found, options["at"])} for found in concern(links, readable)]


def outcomes(path: Path) -> Iterator[tuple[str, bool, str]]:
    """The vectors: every decision, to the last key but the sentences."""
    for index, case in enumerate(json.loads(path.read_text())["cases"]):
        found, expected = decide(case["token"], case["options"]), case["decision"]
        code = expected["reason"] and expected["reason"][:4]
        wrong = [key for key, value in found.items() if value != (code if key == "code" else expected[key])]
        yield f"capability.json cases[{index}]", not wrong, f"{found['outcome']} {found['rule'] or ''} {' '.join(wrong)}"
