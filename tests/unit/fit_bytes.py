"""FIT files for tests, written message by message from the public layout of the format."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime

Field = tuple[int, str, int | Sequence[int] | str | None]  # number, base type, value (null: not valid)

_TYPES = {
    "enum": (0x00, "B", 0xFF),
    "uint8": (0x02, "B", 0xFF),
    "uint16": (0x84, "H", 0xFFFF),
    "uint32": (0x86, "I", 0xFFFFFFFF),
    "uint32z": (0x8C, "I", 0),
}
_NIBBLES = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def seconds(text: str) -> int:
    """Seconds since 1989-12-31 of a time in UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) - 631_065_600


def message(number: int, *fields: Field) -> bytes:
    """A definition and a data message of it."""
    definition, data = bytearray(struct.pack("<BBBHB", 0x40, 0, 0, number, len(fields))), bytearray(b"\0")
    for field, kind, value in fields:
        if kind == "string":
            raw, base = str(value or "").encode() + b"\0", 0x07
        else:
            base, code, invalid = _TYPES[kind]
            values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            raw = b"".join(struct.pack(f"<{code}", invalid if one is None else one) for one in values)
        definition += bytes((field, len(raw), base))
        data += raw
    return bytes(definition + data)


def fit(*messages: bytes) -> bytes:
    """A whole file."""
    body = b"".join(messages)
    header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    header += struct.pack("<H", _crc(header))
    return header + body + struct.pack("<H", _crc(header + body))


def file_id(created: str | None, *, serial: int | None = 77, maker: int = 1, kind: int = 4) -> bytes:
    """Who recorded the file, and when."""
    return message(
        0,
        (0, "enum", kind),
        (1, "uint16", maker),
        (3, "uint32z", serial),
        (4, "uint32", None if created is None else seconds(created)),
    )


def records(samples: Iterable[tuple[str, int | None]]) -> bytes:
    """Records with a heart rate."""
    return b"".join(message(20, (253, "uint32", seconds(at)), (3, "uint8", bpm)) for at, bpm in samples)


def _crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        for nibble in (byte & 0xF, byte >> 4):
            crc = ((crc >> 4) & 0x0FFF) ^ _NIBBLES[crc & 0xF] ^ _NIBBLES[nibble]
    return crc
