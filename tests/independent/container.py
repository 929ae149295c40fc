"""container.md: a ZIP with one spelling."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from limits import Limits
from reasons import need, refuse

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
ZIP64_END, ZIP64_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
MIMETYPE = b"application/vnd.capseal.receipt"
TOKEN = r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?"
NAME = re.compile(
    r"mimetype|capsule\.cbor|events\.jsonl|policy\.json"
    rf"|proof/{TOKEN}\.bin|artifacts/sha256/[0-9a-f]{{64}}|manifests/{TOKEN}\.json|signatures/{TOKEN}\.cose|da/{TOKEN}"
)
LOCAL_FIELDS = struct.Struct("<HHHHHIIIHH")  # version needed .. length of the extra field
CENTRAL_FIELDS = struct.Struct("<HHHHHHIIIHHHHHII")  # version made by .. offset of the local header
END_FIELDS = struct.Struct("<HHHHIIH")
ALL_ONES_16, ALL_ONES_32 = 0xFFFF, 0xFFFFFFFF


class Walk:
    """A place in the file that only moves forward."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def next_is(self, signature: bytes) -> bool:
        return self.data.startswith(signature, self.at)

    def take(self, length: int, what: str) -> bytes:
        need(length <= len(self.data) - self.at, "E002", f"the file ends inside {what}")
        self.at += length
        return self.data[self.at - length : self.at]

    def record(self, signature: bytes, layout: struct.Struct, what: str) -> tuple[int, ...]:
        """The fields after a record's signature; what stands in its place decides the code."""
        found = self.data[self.at : self.at + 4]
        need(found not in (ZIP64_END, ZIP64_LOCATOR), "E001", "a zip64 record")
        need(not (len(found) < 4 and signature.startswith(found)), "E002", f"the file ends before {what}")
        need(found == signature, "E008", f"no {what} at offset {self.at}")
        return layout.unpack(self.take(4 + layout.size, what)[4:])


@dataclass(frozen=True)
class Common:
    """The fields that both headers of an entry have."""

    crc: int
    size: int
    name_length: int

    @staticmethod
    def of(fields: tuple[int, ...]) -> Common:
        version, flags, method, time, date, crc, compressed, size, name_length, extra = fields
        need(not flags & 0b0010_0000_0100_1001, "E001", "encryption or a data descriptor")
        need(method == 0, "E001", "a compressed entry")
        need(ALL_ONES_32 not in (compressed, size), "E001", "zip64 sizes")
        need((version, flags, time, date, extra) == (10, 0, 0, 0x0021, 0), "E004", "a constant of a header")
        need(compressed == size, "E008", "two sizes of one content")
        return Common(crc, size, name_length)


def read_entry(walk: Walk, last: str | None, seen: dict[str, bytes], limits: Limits) -> tuple[str, Common, bytes]:
    common = Common.of(walk.record(LOCAL, LOCAL_FIELDS, "a local header"))
    name = walk.take(common.name_length, "a name").decode("latin-1")
    need(len(name) <= 128 and NAME.fullmatch(name) is not None, "E006", f"name {name!r}")
    need(name not in seen, "E007", name)
    need(name == "mimetype" if last is None else last == "mimetype" or last < name, "E004", f"{name} is out of order")
    need(common.size <= limits.of_entry(name), "E005", f"size of {name}")
    return name, common, walk.take(common.size, name)


def read_directory_entry(walk: Walk, name: str, common: Common, offset: int) -> None:
    fields = walk.record(CENTRAL, CENTRAL_FIELDS, "a central header")
    made_by, *common_fields, comment, disk, internal, external, stated = fields
    again = Common.of(tuple(common_fields))
    need(disk == 0 and stated != ALL_ONES_32, "E001", "a second disk or zip64")
    need(external >> 28 != 0o12, "E006", f"{name} is a symbolic link")
    need((made_by, comment, internal, external) == (0x030A, 0, 0, 0x81A40000), "E004", "a constant of a central header")
    need(again == common and stated == offset, "E008", f"the directory contradicts {name}")
    need(walk.take(common.name_length, "a name") == name.encode(), "E008", f"the directory renames {name}")


def read_end(walk: Walk, count: int, start: int) -> None:
    length = walk.at - start
    disk, first, here, entries, size, offset, comment = walk.record(END, END_FIELDS, "the end record")
    need(disk == first == 0, "E001", "a second disk")
    need(ALL_ONES_16 not in (here, entries) and ALL_ONES_32 not in (size, offset), "E001", "zip64")
    need(here == entries, "E008", "two numbers of entries")
    need(comment == 0, "E004", "a comment")
    need((here, entries, size, offset) == (count, count, length, start), "E008", "the end record is wrong")
    need(walk.at == len(walk.data), "E008", "bytes after the end record")


def read_container(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The entries of a container, by the walk of container.md; then the one file that they have is compared with it."""
    need(len(data) <= limits.file_bytes, "E005", "size of the file")
    if not data.startswith(LOCAL):
        refuse("E008" if data[-22:-18] == END and len(data) > 22 else "E002", "the file does not begin with an entry")
    walk, entries, headers, last = Walk(data), dict[str, bytes](), list[tuple[str, Common, int]](), None
    while walk.next_is(LOCAL):
        need(len(entries) < limits.entries, "E005", "number of entries")
        offset = walk.at
        last, common, content = read_entry(walk, last, entries, limits)
        entries[last] = content
        headers.append((last, common, offset))
    start = walk.at
    for name, common, offset in headers:
        read_directory_entry(walk, name, common, offset)
    read_end(walk, len(entries), start)
    need(entries["mimetype"] == MIMETYPE, "E002", "content of mimetype")
    for name, common, _ in headers:
        need(zlib.crc32(entries[name]) == common.crc, "E008", f"checksum of {name}")
    assert write_container(entries) == data, "the walk accepted a second spelling"
    return entries


def write_container(entries: dict[str, bytes]) -> bytes:
    """The one file that these names and contents have."""
    body, directory = bytearray(), bytearray()
    for name, content in sorted(entries.items(), key=lambda entry: (entry[0] != "mimetype", entry[0])):
        fields = LOCAL_FIELDS.pack(10, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += CENTRAL + struct.pack("<H", 0x030A) + fields
        directory += struct.pack("<HHHII", 0, 0, 0, 0x81A40000, len(body)) + name.encode()
        body += LOCAL + fields + name.encode() + content
    end = END_FIELDS.pack(0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return bytes(body + directory + END + end)
