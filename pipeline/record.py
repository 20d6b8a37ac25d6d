"""A log record: items of one athlete as received, under a versioned header."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import orjson

HEADER_FORMAT = 1
ITEM_BYTES = 4  # of the index of an item
RECORD_BYTES_MAX = 1 << 20  # a record holds at most 1 MiB of payload
CANONICAL = "canonical"  # decoder of canonical events: payload is one JSON object a line
WITHDRAWAL = "withdrawal"  # takes back an import: header.import_id names it, no payload


class Header(NamedTuple):  # one a record is parsed where every record is an upload: a dataclass took twice as long
    """What all parts of one upload share. Times are RFC 3339 in UTC.

    ``source`` is used for events that name none; ``admin`` says that the sender may send ticks; ``file`` is the name
    of an imported file, without its folders.
    """

    tenant: str
    source: str
    decoder: str
    upload_id: str
    received_at: str
    content_type: str = "application/x-ndjson"
    parts: int = 1
    tz: str | None = None
    unit: str | None = None
    import_id: str | None = None
    admin: bool = False
    key_id: int = 0
    format: int = HEADER_FORMAT
    file: str | None = None

    def to_bytes(self) -> bytes:
        """One line of JSON; parts of an upload carry the very same bytes."""
        fields = self._asdict()
        if self.file is None:  # events come from no file; their headers are as they were before files had names
            del fields["file"]
        return json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()


_ALWAYS = itemgetter(*Header._fields[:-1])  # what every header has in it; a file name not
_ALWAYS_COUNT = len(Header._fields) - 1


@lru_cache(maxsize=1_000)  # the records of an upload have one header
def parse_header(raw: bytes) -> Header:
    """The header of ``to_bytes``; raises ValueError for a format this version does not know."""
    fields = orjson.loads(raw)
    if fields.get("format") != HEADER_FORMAT:
        raise ValueError(f"record format {fields.get('format')!r} is not known to this version")
    try:
        return Header._make((*_ALWAYS(fields), None)) if len(fields) == _ALWAYS_COUNT else Header(**fields)
    except KeyError:
        return Header(**fields)


def instant_us(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time; raises ValueError for one without an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("received_at needs an offset")
    return round(found.timestamp() * 1e6)  # exact: below 2**53


class Record(NamedTuple):
    """One part of an upload: ``items`` are the indexes its items had in the upload (uint32, little endian).

    A canonical payload has one line per item, in the order of ``items``; a vendor payload is
    whatever its decoder splits into, and ``items`` are the vendor's rows in it.
    ``athlete`` is empty for what could not be given to anyone.
    """

    athlete: str
    part: int
    items: bytes
    header: bytes
    payload: bytes

    def head(self) -> Header:
        """``header``, read; raises ValueError, TypeError or AttributeError where it is none."""
        return parse_header(self.header)

    @property
    def item_count(self) -> int:
        return len(self.items) // ITEM_BYTES


def pack_items(indexes: Iterable[int]) -> bytes:
    """Item indexes as the bytes ``Record.items`` holds."""
    return array("I", indexes).tobytes()


def unpack_items(raw: bytes) -> list[int]:
    """The indexes that ``pack_items`` packed."""
    return array("I", raw).tolist()


def withdrawal_of(tenant: str, import_id: str, upload_id: str, received_at: str) -> Record:
    """The record that takes an import back; ``received_at`` is RFC 3339 in UTC."""
    header = Header(
        tenant=tenant,
        source="spotter",
        decoder=WITHDRAWAL,
        upload_id=upload_id,
        received_at=received_at,
        import_id=import_id,
    )
    return Record("", 0, pack_items([]), header.to_bytes(), b"")
