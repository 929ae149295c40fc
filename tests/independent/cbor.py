"""cbor.md: canonical CBOR."""

from __future__ import annotations

from typing import Any

from reasons import need, refuse

Cbor = Any  # int, bytes, str, bool, list of Cbor, or dict from str to Cbor
UINT, BYTES, TEXT, ARRAY, MAP, SIMPLE = 0, 2, 3, 4, 5, 7
FALSE, TRUE = 20, 21
MAX_DEPTH, MAX_ITEMS, LEAST_ITEM_BYTES = 16, 1 << 19, 8


def encode_head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * width:
            return bytes([major << 5 | info]) + value.to_bytes(width, "big")
    raise ValueError(value)


def encode_cbor(value: Cbor) -> bytes:
    match value:
        case bool():
            return encode_head(SIMPLE, TRUE if value else FALSE)
        case int():
            return encode_head(UINT, value)
        case bytes():
            return encode_head(BYTES, len(value)) + value
        case str():
            return encode_head(TEXT, len(value.encode())) + value.encode()
        case list() | tuple():
            return encode_head(ARRAY, len(value)) + b"".join(map(encode_cbor, value))
        case dict():
            items = sorted((encode_cbor(key), encode_cbor(item)) for key, item in value.items())
            return encode_head(MAP, len(items)) + b"".join(key + item for key, item in items)
    raise TypeError(type(value))


class CborReader:
    """Reads one object; whatever it accepts, `encode_cbor` writes to the byte."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.items = data, 0, 0

    def take(self, length: int) -> bytes:
        need(length <= len(self.data) - self.at, "E002", "the CBOR ends early")
        self.at += length
        return self.data[self.at - length : self.at]

    def head(self) -> tuple[int, int]:
        """The type of an item and its number: a value, or a length."""
        (first,) = self.take(1)
        major, info = first >> 5, first & 31
        need(info != 31 or major not in (BYTES, TEXT, ARRAY, MAP), "E004", "an indefinite length")
        need(info < 28, "E002", f"no CBOR item begins with {first:#04x}")
        width = 0 if info < 24 else 1 << info - 24
        value = int.from_bytes(self.take(width), "big") if width else info
        simple = major == SIMPLE and width < 2 and value in (FALSE, TRUE)
        need(simple or major in (UINT, BYTES, TEXT, ARRAY, MAP), "E001", f"CBOR type {first:#04x}")
        need(major not in (BYTES, TEXT, ARRAY, MAP) or value <= len(self.data) - self.at, "E002", "a length to nowhere")
        return major, value

    def item(self, depth: int = 1) -> Cbor:
        need(depth <= MAX_DEPTH or self.at == len(self.data), "E005", "nesting of a CBOR object")
        self.items += 1
        need(self.items <= max(MAX_ITEMS, len(self.data) // LEAST_ITEM_BYTES), "E005", "items of a CBOR object")
        major, value = self.head()
        match major:
            case 0:
                return value
            case 2:
                return self.take(value)
            case 3:
                return self.text(value)
            case 4:
                return [self.item(depth + 1) for _ in range(value)]
            case 5:
                return self.map(value, depth)
            case _:
                return value == TRUE

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            refuse("E002", "text that is not UTF-8")

    def map(self, length: int, depth: int) -> dict[str, Cbor]:
        found: dict[str, Cbor] = {}
        last = b""
        for _ in range(length):
            key = self.item(depth + 1)
            need(isinstance(key, str), "E001", "a key that is not text")
            spelling = encode_cbor(key)
            need(spelling > last, "E004", "keys of a map are out of order")
            last = spelling
            found[key] = self.item(depth + 1)
        return found


def decode_cbor(data: bytes) -> Cbor:
    reader = CborReader(data)
    value = reader.item()
    need(reader.at == len(data), "E002", "bytes after the CBOR object")
    need(encode_cbor(value) == data, "E004", "a number or length is longer than it needs to be")
    return value
