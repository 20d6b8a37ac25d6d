"""Files of readings for tests: what the worker makes of them, and that every part of one stands alone."""

from __future__ import annotations

import json
from typing import Any

from pipeline.errors import SpotterError
from pipeline.gateway.imports import ImportPlan
from pipeline.record import parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.decode import decode_records
from tests.unit.event_payload import payload_of
from tests.unit.vendor_files import assert_accounted, plan


def readings(data: bytes, *, tz: str | None = "Europe/Berlin") -> dict[str, dict[str, Any]]:
    """The payload of each event by its document, with its kind, its day and the value of its version."""
    found = decode_records(plan(data, tz=tz).records)
    documents = found.documents.to_pylist()
    return {
        documents[row["doc_row"]]["document"]: payload_of(row)
        | {"kind": documents[row["doc_row"]]["kind"], "value": documents[row["doc_row"]]["value"]}
        | ({"day": str(row["day"])} if row["day"] is not None else {})
        for row in found.events.to_pylist()
    }


def account(data: bytes, *, tz: str | None = "Europe/Berlin") -> tuple[str, dict[str, int], int, int, int]:
    """Decoder, documents by kind, rows, ignored and rejected of a file, checked against the worker and part by part."""
    found = plan(data, tz=tz)
    assert_accounted(data, found, decode_records(found.records))
    assert_parts_are_the_file(data, found)
    return found.decoder, found.kinds, found.rows, found.ignored, found.rejected


def assert_parts_are_the_file(data: bytes, found: ImportPlan) -> None:
    """Decoding the parts one by one is decoding the file at once."""
    decoder = registry.get(found.decoder)
    header = parse_header(found.records[0].header)
    items = sorted(item for record in found.records for item in unpack_items(record.items))
    at_once = decoder.decode(data, header, "ana", items)
    parts = [decoder.decode(one.payload, header, "ana", unpack_items(one.items)) for one in found.records]
    assert sorted(map(repr, at_once.events)) == sorted(repr(event) for part in parts for event in part.events)
    assert sorted(at_once.ignored) == sorted(row for part in parts for row in part.ignored)
    assert sorted(map(repr, at_once.rejected)) == sorted(repr(row) for part in parts for row in part.rejected)


def survives(data: bytes, *, tz: str | None = "Europe/Berlin") -> bool:
    """Whether a damaged or hostile file was read at all; refused ones say why, the others account for every row."""
    try:
        account(data, tz=tz)
    except SpotterError as refused:
        assert refused.what
        assert refused.why
        return False
    return True


def as_json(value: Any) -> bytes:
    """A JSON file."""
    return json.dumps(value).encode()
