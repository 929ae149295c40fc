"""digests.md: SHA-256 with a tag for each use."""

from __future__ import annotations

import hashlib

from cbor import Cbor, encode_cbor


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tagged(tag: str, data: bytes) -> bytes:
    """The hash of `data` in the domain `capseal/<tag>/v1`."""
    return sha256(f"capseal/{tag}/v1".encode() + b"\0" + data)


def tagged_cbor(tag: str, value: Cbor) -> bytes:
    return tagged(tag, encode_cbor(value))


def sha256_uri(digest: bytes) -> str:
    return "sha256:" + digest.hex()
