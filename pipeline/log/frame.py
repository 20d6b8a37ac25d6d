"""A record as one value of Kafka: a fixed head, then athlete, items, header, payload as the embedded log has them.

Little endian: ``S1``, then the lengths of athlete (uint16), items (uint32) and header (uint32), then the part (uint32).
The header inside is the versioned one of ``pipeline.record``; the key of the value is its tenant.
"""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta

from pipeline.errors import StorageError
from pipeline.record import HEADER_FORMAT, Header, Record, pack_items

MAGIC = b"S1"
_HEAD = struct.Struct("<2sHIII")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREIGN = "foreign"  # the decoder of what no gateway wrote: there is none, so it is rejected as a whole


def pack(record: Record) -> bytes:
    """The value of a record."""
    athlete = record.athlete.encode()
    head = _HEAD.pack(MAGIC, len(athlete), len(record.items), len(record.header), record.part)
    return b"".join((head, athlete, record.items, record.header, record.payload))


def unpack(value: bytes | None) -> Record | None:
    """The record of a value, its header read; None for what no gateway of this version wrote: see ``foreign``."""
    places = _places(value)
    if value is None or places is None:
        return None
    items_at, header_at, payload_at, part = places
    try:
        athlete = str(value[_HEAD.size : items_at], "utf-8")
        record = Record(athlete, part, value[items_at:header_at], value[header_at:payload_at], value[payload_at:])
        record.head()
    except (ValueError, TypeError, AttributeError):
        return None
    return record


def _places(value: bytes | None) -> tuple[int, int, int, int] | None:
    """Where items, header and payload begin, and the part; None where the head is not ours or says too much."""
    if value is None or len(value) < _HEAD.size:
        return None
    magic, athlete_size, items_size, header_size, part = _HEAD.unpack_from(value)
    items_at = _HEAD.size + athlete_size
    header_at = items_at + items_size
    payload_at = header_at + header_size
    return (items_at, header_at, payload_at, part) if magic == MAGIC and payload_at <= len(value) else None


def foreign(value: bytes | None, key: bytes | None, upload_id: str, timestamp_ms: int) -> Record:
    """What ``unpack`` cannot read, as a record that ends in ``rejected``, under ``upload_id``.

    Raises StorageError for a record of a newer version: rejecting it would be wrong once that version is installed.
    """
    places = _places(value)
    if value is not None and places is not None and (problem := _of_newer(value[places[1] : places[2]])) is not None:
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
