"""Readings of vendor files for tests: payloads by kind, the account of a file, and that its parts are the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from pipeline.errors import SpotterError
from pipeline.gateway.imports import ImportPlan
from pipeline.record import parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.decode import decode_records
from tests.unit.event_payload import payload_of
from tests.unit.vendor_files import assert_accounted, decoded, plan


def body(value: Any) -> bytes:
    """A value as the JSON a vendor sends."""
    return json.dumps(value).encode()


def events(data: bytes, *, tz: str | None = None) -> dict[str, dict[str, Any]]:
    """The payload of each document, with its kind, its stated day and whether it states a revision."""
    found = decoded(data, tz=tz)
    documents = found.documents.to_pylist()
    by_document = {
        one["document"]: {"kind": one["kind"], "rank": one["rank"]} for one in documents if one["kind"] == "delete"
    }
    for row in found.events.to_pylist():
        document = documents[row["doc_row"]]
        day = None if row["day"] is None else str(row["day"])
        by_document[document["document"]] = payload_of(row) | {
            "kind": document["kind"],
            "rank": document["rank"],
            "day": day,
        }
    return by_document


def checked(data: bytes, *, tz: str | None = None) -> ImportPlan:
    """The plan of a file, after its account and its parts were compared with the file read at once."""
    found = plan(data, tz=tz)
    assert_accounted(data, found, decode_records(found.records))
    decoder = registry.get(found.decoder)
    header = parse_header(found.records[0].header)
    parts = [decoder.decode(one.payload, header, "ana", unpack_items(one.items)) for one in found.records]
    items = sorted(item for one in found.records for item in unpack_items(one.items))
    whole = decoder.decode(data, header, "ana", items)
    assert sorted(whole.events, key=str) == sorted((one for part in parts for one in part.events), key=str)
    assert sorted(whole.ignored) == sorted(one for part in parts for one in part.ignored)
    assert [one[:4] for one in whole.rejected] == [one[:4] for part in parts for one in part.rejected]
    return found


def account(data: bytes, *, tz: str | None = None) -> tuple[str, dict[str, int], int, int]:
    """Decoder, documents by kind, ignored and rejected items of a file."""
    found = checked(data, tz=tz)
    return found.decoder, found.kinds, found.ignored, found.rejected


def survives(data: bytes) -> None:
    """A file is refused with reasons, or every item of it has an account."""
    try:
        checked(data, tz="Europe/Berlin")
    except SpotterError as refused:
        assert refused.what
        assert refused.why
        assert refused.do


def damaged(value: Any) -> Iterator[bytes]:
    """A body cut off at places all over it."""
    whole = body(value)
    for at in range(1, len(whole), max(1, len(whole) // 40)):
        yield whole[:at]


ODD: st.SearchStrategy[Any] = st.sampled_from(
    (
        None, True, False, 0, -1, -2, 1e300, -1e300, 1 << 70, float("nan"), float("inf"), "", "x", "\ud800", "9" * 400,
        "2026-02-30", "2026-11-20", "2026-11-20T05:00:00Z", "2026-11-20T05:00:00", [], {}, [[]], [{}], [None], {"a": 1},
    )
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, value: Any) -> Any:
    """A body in which a few values, somewhere, are something else."""
    copy = json.loads(json.dumps(value))
    places = list(_places(copy))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        if key in holder or isinstance(holder, list):
            holder[key] = draw(ODD)
    return copy


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)
