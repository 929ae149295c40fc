"""signatures.md: ECDSA over secp256k1 inside COSE_Sign1, in its one spelling."""

from __future__ import annotations

import hashlib
import re

from capsule import Receipt
from cbor import encode_head
from digests import tagged
from reasons import need

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
G = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
Point = tuple[int, int] | None
INVALID = {"authorship": "E021", "manifests": "E107"}
MOST_SIGNATURES = 64
ENTRY = re.compile(r"signatures/(authorship|manifests)\.([0-9a-f]{64})\.cose")


def add(a: Point, b: Point) -> Point:
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar: int, point: Point) -> Point:
    product: Point = None
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def decompress(key: bytes) -> Point:
    """The point of a key, or None."""
    x = int.from_bytes(key[1:], "big")
    if key[0] not in (2, 3) or x >= P:
        return None
    y = pow(x**3 + 7, (P + 1) // 4, P)
    if (y * y - x**3 - 7) % P:
        return None
    return x, y if y & 1 == key[0] & 1 else P - y


def ecdsa_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    point = decompress(key)
    if point is None or not 0 < r < N or not 0 < s <= N // 2:
        return False
    inverse = pow(s, -1, N)
    hashed = int.from_bytes(hashlib.sha256(message).digest(), "big")
    found = add(times(hashed * inverse % N, G), times(r * inverse % N, point))
    return found is not None and found[0] % N == r


def bstr(data: bytes) -> bytes:
    return encode_head(2, len(data)) + data


def protected_header(key: bytes) -> bytes:
    return bytes([0xA2, 0x01, 0x38, 0x2E, 0x04]) + bstr(key)


def to_be_signed(key: bytes, purpose: str, payload: bytes) -> bytes:
    context = f"capseal/signature/{purpose}/v1".encode()
    parts = (protected_header(key), context, payload)
    return b"\x84\x6aSignature1" + b"".join(map(bstr, parts))


def key_id(key: bytes) -> str:
    return tagged("key", key).hex()


def holds(cose: bytes, purpose: str, name_id: str, subject: bytes) -> bytes | None:
    """The key that signed, if the entry is what its name says."""
    if len(cose) != 111:
        return None
    key, signature = cose[10:43], cose[47:]
    protected = protected_header(key)
    if cose != b"\x84" + bstr(protected) + b"\xa0\xf6" + bstr(signature) or key_id(key) != name_id:
        return None
    return key if ecdsa_holds(key, to_be_signed(key, purpose, subject), signature) else None


def signing_keys(receipt: Receipt, purpose: str, capsule_hash: bytes) -> list[bytes]:
    """The keys whose signatures for a purpose hold."""
    subject = capsule_hash
    if purpose == "manifests":
        subject = tagged("manifest-anchor", capsule_hash + receipt.header["manifest_hash"])
    keys = []
    for name in sorted(receipt.entries):
        match = ENTRY.fullmatch(name)
        if match is None or match[1] != purpose:
            continue
        need(len(keys) < MOST_SIGNATURES, "E005", "number of signatures")
        key = holds(receipt.entries[name], purpose, match[2], subject)
        need(key is not None, INVALID[purpose], name)
        keys.append(key)
    return keys
