"""A record as one value of Kafka: a fixed head, then athlete, items, header, payload as the embedded log has them.

Little endian: ``S1``, then the lengths of athlete (uint16), items (uint32) and header (uint32), then the part (uint32).
The header inside is the versioned one of ``pipeline.record``; the key of the value is its tenant.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from pipeline.errors import StorageError
from pipeline.headers import Headers
from pipeline.record import HEADER_FORMAT, ITEM_BYTES, Header, Record, pack_items
from pipeline.records import Int64s, Records

MAGIC = b"S1"
_HEAD = struct.Struct("<2sHIII")
_HEADS = np.dtype([("magic", "S2"), ("athlete", "<u2"), ("items", "<u4"), ("header", "<u4"), ("part", "<u4")])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREIGN = "foreign"  # the decoder of what no gateway wrote: there is none, so it is rejected as a whole


def pack(record: Record) -> bytes:
    """The value of a record."""
    athlete = record.athlete.encode()
    head = _HEAD.pack(MAGIC, len(athlete), len(record.items), len(record.header), record.part)
    return b"".join((head, athlete, record.items, record.header, record.payload))


class _Places(NamedTuple):
    """Where the parts of some values begin, and how long they are."""

    items: Int64s
    header: Int64s
    payload: Int64s
    end: Int64s


class PackedRecords(Records):
    """Records in the values they came in: nothing is taken out of one before somebody asks for it."""

    def __init__(self, values: list[bytes], places: _Places, headers: Headers | None = None) -> None:
        self._values, self._places, self._headers = values, places, headers

    @classmethod
    def of_values(cls, values: list[bytes]) -> PackedRecords | None:
        """None where one of them is not what a gateway writes: see ``unpack``."""
        end = np.fromiter(map(len, values), np.int64, len(values))
        if (end < _HEAD.size).any():
            return None
        heads = np.frombuffer(b"".join([value[: _HEAD.size] for value in values]), _HEADS)
        items = _HEAD.size + heads["athlete"].astype(np.int64)
        header = items + heads["items"]
        payload = header + heads["header"]
        if (heads["magic"] != MAGIC).any() or (payload > end).any():
            return None
        names = [value[_HEAD.size : at] for value, at in zip(values, items.tolist(), strict=True)]
        if not b"".join(names).isascii() and not all(map(_is_text, names)):
            return None
        return cls(values, _Places(items, header, payload, end))

    def __len__(self) -> int:
        return len(self._values)

    def _at(self, place: int) -> Record:
        found = unpack(self._values[place])
        assert found is not None, "it was looked at"
        return found

    def cut(self, first: int, last: int) -> Records:
        places = _Places(*(part[first:last] for part in self._places))
        return PackedRecords(self._values[first:last], places, self._cut_headers(first, last))

    def with_others(self, others: Sequence[Records]) -> Records:
        parts = [self, *(part for part in others if isinstance(part, PackedRecords))]
        if len(parts) <= len(others):
            return super().with_others(others)
        places = _Places(*(np.concatenate(column) for column in zip(*(part._places for part in parts), strict=True)))
        return PackedRecords([value for part in parts for value in part._values], places, self._join_headers(others))

    def raw_headers(self) -> list[bytes]:
        return self._between(self._places.header, self._places.payload)

    def payloads(self) -> list[bytes]:
        return self._between(self._places.payload, self._places.end)

    def items(self) -> list[bytes]:
        return self._between(self._places.items, self._places.header)

    def item_counts(self) -> Int64s:
        counts: Int64s = (self._places.header - self._places.items) // ITEM_BYTES
        return counts

    def payload_sizes(self) -> Int64s:
        sizes: Int64s = self._places.end - self._places.payload
        return sizes

    def _between(self, first: Int64s, last: Int64s) -> list[bytes]:
        return [value[a:b] for value, a, b in zip(self._values, first.tolist(), last.tolist(), strict=True)]


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def unpack(value: bytes | None) -> Record | None:
    """The record of a value, its header unread; None for what no gateway wrote: see ``foreign``."""
    if value is None or len(value) < _HEAD.size:
        return None
    magic, athlete_size, items_size, header_size, part = _HEAD.unpack_from(value)
    items_at = _HEAD.size + athlete_size
    header_at = items_at + items_size
    payload_at = header_at + header_size
    if magic != MAGIC or payload_at > len(value):
        return None
    try:
        athlete = value[_HEAD.size : items_at].decode()
    except UnicodeDecodeError:
        return None
    return Record(athlete, part, value[items_at:header_at], value[header_at:payload_at], value[payload_at:])


def foreign(value: bytes | None, key: bytes | None, upload_id: str, timestamp_ms: int) -> Record:
    """What ``unpack`` cannot read, as a record that ends in ``rejected``, under ``upload_id``.

    Raises StorageError for a record of a newer version: rejecting it would be wrong once that version is installed.
    """
    found = unpack(value)
    if found is not None and (problem := _of_newer(found.header)) is not None:
        raise StorageError(
            f"the record {upload_id} is of a newer version",
            problem,
            "install the version of Spotter that the gateway has; nothing was skipped",
        )
    received_at = _EPOCH + timedelta(milliseconds=max(timestamp_ms, 0))
    header = Header(
        tenant=(key or b"home").decode("utf-8", "replace"),
        source="kafka",
        decoder=FOREIGN,
        upload_id=upload_id,
        received_at=received_at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z",
    )
    return Record("", 0, pack_items([0]), header.to_bytes(), value or b"")


def _of_newer(header: bytes) -> str | None:
    """What is newer about it, when the header says so."""
    try:
        number = int(json.loads(header)["format"])
    except (ValueError, TypeError, KeyError):
        return None
    return f"record format {number} is not known to this version" if number > HEADER_FORMAT else None
