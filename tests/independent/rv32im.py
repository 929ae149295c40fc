"""rv32im.md and rv32im-machine.md: the statement, the public tables, and the machine itself."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cbor import Cbor, decode_cbor
from digests import tagged_cbor
from reasons import Refused, need

COLUMNS = (
    "PC RS1 RS2 RD IMM OFF NEXT SP SLT SEQ SMUL SSH SDIV SLD SST SB SHF SJR SIG WK WZ KK S13 S23 CLK V1 V2 VD DP DA DB DC AB AC "
    "X0 X1 X2 X3 Y0 Y1 Y2 Z0 Z1 Z2 Z3 SA UI UO P0 P1 P2 P3 K R0 R1 INV MCLK XH YH ZH MAND MRNG MA MF MT FI FO"
).split()
DEGREES = [1, 3, 2, 2, 2, 2, 2, 4, 4, 4, 3, 2, 4, 3, 4, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 2, 2, 2, 2]
AUX_COLUMNS, AUX_DEGREE, CHALLENGES = 7, 5, 26
CONDITIONS = 32 + 7 + 5 + 2
NUMBERS = ("exit_code", "cycles", "trace_length", "segments")
DOCUMENTS = ("program", "input", "output", "tables")
PATHS = dict(zip(DOCUMENTS, (f"rv32im/{name}" for name in ("program.cbor", "input.bin", "output.bin", "tables.bin"))))
INPUT_BASE, OUTPUT_BASE, MASK = 1 << 30, 1 << 31, (1 << 32) - 1
FIXED = 1 + 80 + 2 * 1536 + 256 + 2  # numbers of the public tables before those of micro-ops


@dataclass
class Image:
    entry: int
    segments: list[tuple[int, bool, bytes]]


def read_image(data: bytes) -> Image:
    value = decode_cbor(data)
    need(isinstance(value, dict) and value.keys() == {"entry", "segments"}, "E003", "image")
    image, free, total = Image(value["entry"], []), 0, 0
    for segment in value["segments"]:
        need(isinstance(segment, dict) and segment.keys() == {"address", "content", "executable"}, "E003", "segment")
        address, content = segment["address"], segment["content"]
        need(address % 4 == 0 and len(content) % 4 == 0 and content != b"" and address >= free, "E053", "segment")
        free, total = address + len(content), total + len(content)
        need(free <= INPUT_BASE, "E053", "segment in the input")
        image.segments.append((address, segment["executable"], content))
    need(total <= 1 << 24, "E005", "size of the program")
    executable = any(a <= image.entry < a + len(c) for a, x, c in image.segments if x)
    need(image.entry % 4 == 0 and executable, "E053", "entry")
    return image


def is_instruction(word: int) -> bool:
    funct3, funct7 = word >> 12 & 7, word >> 25
    match word & 0x7F:
        case 0x37 | 0x17 | 0x6F:
            return True
        case 0x67 | 0x0F:
            return funct3 == 0
        case 0x63:
            return funct3 not in (2, 3)
        case 0x03:
            return funct3 in (0, 1, 2, 4, 5)
        case 0x23:
            return funct3 < 3
        case 0x13:
            return funct7 in ({1: (0,), 5: (0, 0x20)}.get(funct3, range(128)))
        case 0x33:
            return funct7 in (0, 1) or (funct7 == 0x20 and funct3 in (0, 5))
        case 0x73:
            return word == 0x73
    return False


def micro_ops(word: int) -> int:
    """How many micro-ops an instruction is."""
    opcode, funct3, rs1, rs2 = word & 0x7F, word >> 12 & 7, word >> 15 & 31, word >> 20 & 31
    copy = int(rs1 == rs2 != 0)
    if opcode == 0x33 and word >> 25 == 1:
        return {1: 7 + copy, 2: 4 + copy, 4: 12, 6: 9}.get(funct3, 1 + copy)
    return 1 + copy if opcode in (0x33, 0x63, 0x23) else 1


def check_words(image: Image, documents: dict[str, bytes], rows: int) -> None:
    """Each word of image, input and output has a row of the memory table, and the last row has none."""
    words = sum(len(content) // 4 for _, _, content in image.segments)
    for name, base, end in (("input", INPUT_BASE, OUTPUT_BASE), ("output", OUTPUT_BASE, 1 << 32)):
        taken = 1 + -(-len(documents[name]) // 4)
        need(base + 4 * taken <= end, "E005", f"length of the {name}")
        words += taken
    need(words <= rows - 1, "E053", "words of image, input and output")


def check_tables(data: bytes, image: Image, values: dict[str, int]) -> None:
    need(data[:8] == b"capsrv1\0" and len(data) % 4 == 0, "E053", "form of the public tables")
    numbers = [number for (number,) in struct.iter_unpack("<I", data[8:])]
    need(len(numbers) >= FIXED, "E053", "form of the public tables")
    need(len(numbers) - FIXED <= 1 << 20, "E005", "micro-ops of the program")
    first: list[bool] = []
    for _, executable, content in image.segments:
        for (word,) in struct.iter_unpack("<I", content if executable else b""):
            if is_instruction(word):
                first += [True] + [False] * (micro_ops(word) - 1)
    first.append(False)  # the padding
    need(len(numbers) == FIXED + len(first), "E053", "length of the public tables")
    fetches = numbers[FIXED:]
    need(numbers[0] <= 1 << 30, "E053", "end of memory")
    need(sum(fetches) + 1 == values["trace_length"], "E053", "rows fetched")
    need(sum(n for n, is_first in zip(fetches, first) if is_first) == values["cycles"], "E053", "cycles")
    need(numbers[1 + 2 * 10] == values["exit_code"], "E053", "exit code")


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def extended(value: int, bits: int) -> int:
    return (value ^ 1 << bits - 1) - (1 << bits - 1) & MASK


def quotient(a: int, b: int) -> int:
    """Rounded towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def operate(funct7: int, funct3: int, a: int, b: int) -> int:
    sa, sb = signed(a), signed(b)
    if funct7 == 1:
        high = {0: a * b, 1: sa * sb >> 32, 2: sa * b >> 32, 3: a * b >> 32}
        if funct3 < 4:
            return high[funct3] & MASK
        x, y = (sa, sb) if funct3 in (4, 6) else (a, b)
        if y == 0:
            return MASK if funct3 < 6 else a
        return (quotient(x, y) if funct3 < 6 else x - y * quotient(x, y)) & MASK
    shift = b & 31
    right = (sa if funct7 == 0x20 else a) >> shift
    total = a - b if funct7 == 0x20 and funct3 == 0 else a + b
    return (total, a << shift, int(sa < sb), int(a < b), a ^ b, right, a | b, a & b)[funct3] & MASK


class Machine:
    """A run, or a `Refused` for one that does not come to its exit."""

    def __init__(self, image: Image, data: bytes) -> None:
        self.x, self.pc, self.cycles = [0] * 32, image.entry, 0
        self.memory: dict[int, int] = {}
        self.code: dict[int, int] = {}
        for address, executable, content in image.segments:
            for place, (word,) in enumerate(struct.iter_unpack("<I", content)):
                self.memory[address + 4 * place] = word
                if executable:
                    self.code[address + 4 * place] = word
        padded = struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)
        for place, (word,) in enumerate(struct.iter_unpack("<I", padded)):
            self.memory[INPUT_BASE + 4 * place] = word

    def fail(self, why: str) -> Refused:
        return Refused("E054", f"{why} at {self.pc:#x}: no such run comes to its exit")

    def run(self) -> None:
        while self.step():
            self.x[0] = 0

    def access(self, funct3: int, address: int, value: int | None = None) -> int:
        width = 1 << (funct3 & 3)
        if address % width:
            raise self.fail("misaligned access")
        at, shift, mask = address & ~3, 8 * (address & 3), (1 << 8 * width) - 1
        word = self.memory.get(at, 0)
        if value is not None:
            self.memory[at] = word & ~(mask << shift) | (value & mask) << shift
        part = word >> shift & mask
        return extended(part, 8 * width) if funct3 < 2 else part

    def step(self) -> bool:
        word = self.code.get(self.pc, 0)
        if not is_instruction(word):
            raise self.fail("no instruction")
        self.cycles += 1
        x, opcode, rd, funct3 = self.x, word & 0x7F, word >> 7 & 31, word >> 12 & 7
        a, b, funct7 = x[word >> 15 & 31], x[word >> 20 & 31], word >> 25
        imm, next_pc = extended(word >> 20, 12), self.pc + 4
        match opcode:
            case 0x37:
                x[rd] = word & 0xFFFFF000
            case 0x17:
                x[rd] = (word & 0xFFFFF000) + self.pc & MASK
            case 0x6F:
                offset = (word >> 31) << 20 | (word >> 12 & 255) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 1023) << 1
                x[rd], next_pc = next_pc, self.pc + extended(offset, 21) & MASK
            case 0x67:
                x[rd], next_pc = next_pc, a + imm & MASK & ~1
            case 0x63:
                offset = (word >> 31) << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 63) << 5 | (word >> 8 & 15) << 1
                less = a < b if funct3 & 2 else signed(a) < signed(b)
                if (less if funct3 & 4 else a == b) != bool(funct3 & 1):
                    next_pc = self.pc + extended(offset, 13) & MASK
            case 0x03:
                x[rd] = self.access(funct3, a + imm & MASK)
            case 0x23:
                self.access(funct3, a + extended(funct7 << 5 | rd, 12) & MASK, b)
            case 0x13:
                x[rd] = operate(funct7 if funct3 == 5 else 0, funct3, a, word >> 20 & 31 if funct3 in (1, 5) else imm)
            case 0x33:
                x[rd] = operate(funct7, funct3, a, b)
            case 0x73:
                if x[17] != 93:
                    raise self.fail("unknown call")
                return False
        self.pc = next_pc
        return True

    def output(self) -> bytes:
        length = self.memory.get(OUTPUT_BASE, 0)
        words = (self.memory.get(OUTPUT_BASE + 4 + 4 * place, 0) for place in range(-(-length // 4)))
        data = b"".join(struct.pack("<I", word) for word in words)
        if any(data[length:]):
            raise self.fail("output without zeros behind it")
        return data[:length]


def air_params(rows: int) -> Cbor:
    return {
        "columns": list(COLUMNS),
        "degrees": DEGREES,
        "aux_columns": AUX_COLUMNS,
        "aux_degree": AUX_DEGREE,
        "challenges": CHALLENGES,
        "trace_length": rows,
    }


def params_hash(values: dict[str, int | bytes]) -> bytes:
    return tagged_cbor("params", {"tables": values["tables"], "segments": values["segments"]})


def claim_of(values: dict[str, int | bytes], claim: Cbor, manifest_hash: bytes) -> Cbor:
    """The claim is a function of the public inputs and of the files' lengths, which the archive's check compares."""

    def file(name: str, there: list[dict[str, Cbor]]) -> list[dict[str, Cbor]]:
        size = there[0]["size"] if there else 0
        return [{"path": PATHS[name], "digest": values[name], "size": size}]

    return {
        "code": file("program", claim["code"]),
        "inputs": file("input", claim["inputs"]),
        "config": {"arguments": [], "files": file("tables", claim["config"]["files"])},
        "environment": {"variables": [], "manifest_hash": manifest_hash},
        "outputs": file("output", claim["outputs"]),
        "exit": {"code": values["exit_code"]},
    }
