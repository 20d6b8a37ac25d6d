"""What uploads say as columns is what they say one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.headers import Headers
from pipeline.record import Header, Record, pack_items
from pipeline.sources.decode import decode_records
from pipeline.sources.lines import Uploads
from pipeline.sources.receipt import upload_of

HEADER = Header(tenant="gym", source="api", decoder="canonical", upload_id="u", received_at="2026-11-23T00:00:00Z")
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))


def header(at: datetime, **fields: object) -> Header:
    return HEADER._replace(received_at=at.isoformat().replace("+00:00", "Z"), **fields)  # type: ignore[arg-type]


@given(st.lists(st.tuples(TIMES, st.sampled_from([None, "Europe/Berlin", "Nowhere/Land"])), min_size=1, max_size=30))
def test_columns_say_what_the_uploads_say(told: list[tuple[datetime, str | None]]) -> None:
    headers = [header(at, tz=tz, source=f"s{number}") for number, (at, tz) in enumerate(told)]
    found = Uploads(Headers.of([one.to_bytes() for one in headers]))
    alone = [upload_of(one) for one in headers]
    assert [found[number] for number in range(len(found))] == alone
    assert found.received_us.tolist() == [one.received_us for one in alone]
    assert found.with_zone.tolist() == [one.tz is not None for one in alone]
    assert found.sources.to_pylist() == [one.source for one in alone]
    assert not found.headers.problems


@dataclass
class Damaged:
    """A header as bytes that say so much and no more."""

    raw: bytes
    said: str


@pytest.mark.parametrize(
    "damaged",
    [
        Damaged(HEADER.to_bytes().replace(b'"2026-11-23T00:00:00Z"', b'"2026-11-23T00:00:00"'), "offset"),
        Damaged(HEADER.to_bytes().replace(b'"2026-11-23T00:00:00Z"', b'"2026-13-23T00:00:00Z"'), "month"),
        Damaged(HEADER.to_bytes().replace(b'"2026-11-23T00:00:00Z"', b"7"), "text"),
        Damaged(HEADER.to_bytes()[:-1], "header"),
    ],
)
@pytest.mark.parametrize("others", [0, 20])
def test_a_header_that_cannot_be_used_costs_its_record_alone(damaged: Damaged, others: int) -> None:
    good = [
        Record("ana", 0, pack_items([0]), header(datetime(2026, 11, 23, 0, 0, second, tzinfo=UTC)).to_bytes(), b"{}")
        for second in range(others)
    ]
    found = decode_records([*good, Record("ana", 0, pack_items([3]), damaged.raw, b"{}")])
    rows = [row for row in found.rejected.to_pylist() if row["record"] == others]
    assert [(row["item"], row["reason"]) for row in rows] == [(3, "unsupported")]
    assert "header cannot be read" in rows[0]["message"] and damaged.said in rows[0]["message"]
    assert found.rejected.num_rows == others + 1  # the others say nothing of worth, and are told so
