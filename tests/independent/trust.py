"""trust.md: the trust file, the registry, and who may sign."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from digests import tagged_cbor
from reasons import need, refuse
from signatures import key_id

UNFIT = ("unknown", "revoked", "not valid then", "wrong purpose", "not listed")  # the furthest from fitting first
CODES = {"revoked": "E023", "not valid then": "E024", "wrong purpose": "E025"}
UNTRUSTED = {"authorship": "E022", "manifests": "E108"}


def moment(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) * 1000


@dataclass
class Trust:
    """What a trust file says."""

    keys: list[dict[str, Any]] | None = None
    pin: str | None = None
    signers: dict[str, list[str]] = field(default_factory=dict)
    hashes: dict[str, list[str]] = field(default_factory=dict)
    policy_root: str | None = None

    @staticmethod
    def read(text: str) -> Trust:
        file = tomllib.loads(text)
        registry = file.get("registry")
        tables = [] if registry is None else registry.get("keys", [])
        keys = sorted(map(canonical_key, tables), key=lambda key: key["key"])
        policies = file.get("policies", [])
        return Trust(
            None if registry is None else keys,
            (registry or {}).get("pin"),
            {policy["id"]: policy["signers"] for policy in policies},
            {policy["id"]: policy.get("hashes", []) for policy in policies},
            file.get("policy_registry", {}).get("pin"),
        )

    def check_registry(self) -> None:
        need(self.keys is not None, "E302", "the trust file has no registry")
        root = tagged_cbor("registry", {"schema": "capseal/registry/v1", "keys": self.keys}).hex()
        need(self.pin == root, "E109", "the registry is not the one that was pinned")

    def unfit(self, key: bytes, purpose: str, at: int) -> str | None:
        """Why a key may not sign."""
        listed = next((listed for listed in self.keys or [] if listed["key"] == key), None)
        if listed is None:
            return "unknown"
        if listed["status"] == "revoked":
            return "revoked"
        if not listed["valid_from"] <= at < listed["valid_until"]:
            return "not valid then"
        return None if purpose in listed["purposes"] else "wrong purpose"

    def fit(self, keys: list[bytes], purpose: str, at: int, allowed: list[str] | None) -> list[str]:
        """Identities of the keys that may sign; refuses where there is none."""
        found, nearest = [], "unknown"
        for key in keys:
            unfit = self.unfit(key, purpose, at)
            if unfit is None and allowed is not None and key_id(key) not in allowed:
                unfit = "not listed"
            if unfit is None:
                found.append(key_id(key))
            else:
                nearest = max(nearest, unfit, key=UNFIT.index)
        if not found:
            refuse(CODES.get(nearest, UNTRUSTED[purpose]), f"signer: {nearest}")
        return found


def canonical_key(table: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": table["name"],
        "algorithm": table["algorithm"],
        "key": bytes.fromhex(table["key"]),
        "purposes": sorted(table["purposes"]),
        "valid_from": moment(table["valid_from"]),
        "valid_until": moment(table["valid_until"]),
        "status": table["status"],
    }
