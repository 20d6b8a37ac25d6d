"""Headers as columns say what each header says by itself, however many are alike, and a batch can be cut and joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import headers as module
from pipeline.headers import Headers
from pipeline.log import frame
from pipeline.log.base import Batch, Logged
from pipeline.record import Header, Record, pack_items, parse_header
from pipeline.records import Records

HEADER = Header(tenant="gym", source="api", decoder="canonical", upload_id="u", received_at="2026-11-23T00:00:00Z")
GOOD = HEADER.to_bytes()

instants = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
)
ids = st.one_of(
    st.integers(10_000, 99_999).map(lambda number: f"20261123T000000-{number}"),
    st.text(st.sampled_from('ab"\\é\x7f\x1f{}:,'), max_size=6),
)
gateways = st.builds(
    lambda tenant, upload_id, at, rest: HEADER._replace(tenant=tenant, upload_id=upload_id, received_at=at, **rest),
    st.sampled_from(["gym", "gim", "Zoë"]),
    ids,
    st.one_of(instants, st.sampled_from(["2026-11-23T01:00:00+01:00", "2026-11-23", "2026-13-23T00:00:00Z", "now"])),
    st.sampled_from([{}, {"admin": True}, {"import_id": "i"}, {"tz": "Europe/Berlin"}, {"file": "a.csv"}]),
).map(Header.to_bytes)
strange = st.sampled_from(
    [
        b"",
        b"{",
        b"[]",
        b"7",
        GOOD[:-1],
        GOOD.replace(b'"format":1', b'"format":2'),
        GOOD.replace(b'"tenant":"gym"', b'"tenant":7'),
        GOOD.replace(b'"tz":null', b'"tz":[]'),
        GOOD.replace(b'"upload_id":"u"', b'"upload_id":null'),
        GOOD.replace(b'"upload_id":"u"', b'"upload_id": "u"'),
        GOOD.replace(b'"upload_id":"u"', b'"upload_id":"\\u0075"'),
        GOOD.replace(b'"unit":null', b'"upload_id":"v"'),
    ]
)


@dataclass
class Said:
    """What one header says, or that it cannot be used."""

    header: Header | None
    received_us: int


def alone(raw: bytes) -> Said:
    try:
        header = parse_header(raw)
        at = datetime.fromisoformat(header.received_at)
        texts = (header.tenant, header.upload_id, header.source, header.decoder)
        assert at.tzinfo and all(isinstance(one, str) for one in texts) and isinstance(header.tz, str | None)
    except (ValueError, TypeError, AttributeError, AssertionError):
        return Said(None, 0)
    return Said(header._replace(received_at=""), round(at.timestamp() * 1e6))


def said(found: Headers) -> list[Said]:
    upload_ids = found.upload_ids.to_pylist()
    rows = []
    for row, number in enumerate(found.shared_no.tolist()):
        if row in found.problems:
            rows.append(Said(None, 0))
        else:
            header = found.shared[number]._replace(upload_id=upload_ids[row])
            rows.append(Said(header, int(found.received_us[row])))
    return rows


@settings(max_examples=300)
@given(st.lists(st.one_of(gateways, gateways, gateways, strange), max_size=60))
def test_columns_say_what_each_header_says(raws: list[bytes]) -> None:
    found = Headers.of(raws)
    assert len(found) == len(raws)
    assert said(found) == [alone(raw) for raw in raws]
    assert found.column("tenant").to_pylist() == [
        "" if one.header is None else one.header.tenant for one in map(alone, raws)
    ]


@settings(max_examples=60)
@given(st.lists(st.one_of(gateways, strange), min_size=1, max_size=40), st.data())
def test_headers_are_cut_and_joined(raws: list[bytes], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raws)), max_size=3)))
    bounds = list(zip([0, *cuts], [*cuts, len(raws)], strict=True))
    whole = Headers.of(raws)
    assert [one for first, last in bounds for one in said(whole.cut(first, last))] == said(whole)
    assert said(Headers.join([Headers.of(raws[first:last]) for first, last in bounds])) == said(whole)
    for decoder in ("canonical", "none"):
        of_it = [row for row, one in enumerate(said(whole)) if one.header and one.header.decoder == decoder]
        assert whole.where(decoder).tolist() == of_it


def many(count: int = 40) -> list[bytes]:
    return [
        HEADER._replace(upload_id=f"{number:05}", received_at=f"2026-11-23T00:00:{number:02}Z").to_bytes()
        for number in range(count)
    ]


def test_ids_with_a_character_that_is_not_plain_are_read_by_themselves() -> None:
    """As many as may be alike, and not one of them is."""
    raws = [raw.replace(b'"upload_id":"0', b'"upload_id":"\x7f') for raw in many(9)]
    assert said(Headers.of(raws)) == [alone(raw) for raw in raws]


def test_alike_headers_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would say nothing about the columns."""
    read: list[bytes] = []

    def noted(raw: bytes) -> Header:
        read.append(raw)
        return parse_header(raw)

    monkeypatch.setattr(module, "parse_header", noted)
    raws = many()
    raws[7] = raws[7].replace(b'"admin":false', b'"admin":faisE')
    found = Headers.of(raws)
    assert len(read) == 2 and list(found.problems) == [7]
    assert found.upload_ids.to_pylist()[8] == "00008"


def test_a_field_that_is_not_compared_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The known-bad variant: headers are taken for alike by their length alone."""
    monkeypatch.setattr(module, "_every", lambda block: block.any(axis=1) | True)
    raws = many()
    raws[7] = raws[7].replace(b'"gym"', b'"gim"')
    assert said(Headers.of(raws)) != [alone(raw) for raw in raws]


names = st.sampled_from(["ana", "", "Zoë 🏋"])
records = st.builds(
    lambda athlete, count, header, payload: Record(athlete, 0, pack_items(range(count)), header, payload),
    names,
    st.integers(0, 3),
    gateways,
    st.binary(max_size=20),
)


@given(st.lists(records, min_size=1, max_size=12), st.data())
def test_packed_records_are_the_records(found: list[Record], data: st.DataObject) -> None:
    packed = frame.PackedRecords.of_values([frame.pack(one) for one in found])
    assert packed is not None
    plain = Records(found)
    first = data.draw(st.integers(0, len(found)))
    for one, other in (
        (packed, plain),
        (packed[first:], plain[first:]),
        (packed[:first].with_others([packed[first:]]), plain),
        (packed[:first].with_others([plain[first:]]), plain),
    ):
        assert list(one) == list(other) and len(one) == len(other)
        assert (one.payloads(), one.items(), one.raw_headers()) == (
            other.payloads(), other.items(), other.raw_headers()
        )  # fmt: skip
        assert one.item_counts().tolist() == other.item_counts().tolist()
        assert one.payload_sizes().tolist() == other.payload_sizes().tolist()
        assert said(one.headers) == said(other.headers)
    assert [one.payload for one in packed.without_payloads()] == [b""] * len(found)


@given(st.lists(st.integers(0, 50), unique=True, min_size=1, max_size=12).map(sorted), st.integers(0, 51))
def test_a_batch_is_cut_by_offset(offsets: list[int], at: int) -> None:
    logged = [Logged(offset, Record("ana", 0, pack_items([0]), GOOD, b"{}")) for offset in offsets]
    batch = Batch.of(logged)
    assert list(batch.since(at)) == [one for one in logged if one.offset >= at]
    assert list(batch.below(at)) == [one for one in logged if one.offset < at]
    assert list(Batch.join([batch.below(at), batch.since(at)])) == logged == list(batch)
    assert batch.next_offset == offsets[-1] + 1


@pytest.mark.parametrize(
    ("items_max", "bytes_max", "within"), [(100, 1000, 4), (3, 1000, 2), (100, 25, 2), (0, 0, 1), (3, 15, 1)]
)
def test_a_batch_is_cut_by_what_it_holds(items_max: int, bytes_max: int, within: int) -> None:
    sizes = [(1, 10), (2, 10), (3, 10), (1, 10)]
    batch = Batch.of(
        [
            Logged(place, Record("ana", 0, pack_items(range(n)), GOOD, bytes(size)))
            for place, (n, size) in enumerate(sizes)
        ]
    )
    assert batch.within(items_max=items_max, bytes_max=bytes_max) == within
