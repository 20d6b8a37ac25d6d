"""The door for canonical events: splitting bodies, answers, duplicates, records."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from canonical_events import HEADER, a_set, as_rows, line
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.gateway import split
from pipeline.gateway.accept import BODY_BYTES_MAX, ITEM_BYTES_MAX, Accepted, accept_events
from pipeline.gateway.split import split_items
from pipeline.record import RECORD_BYTES_MAX, parse_header, unpack_items
from pipeline.sources.canonical import decode_lines
from pipeline.sources.decode import decode_records


def accept(body: bytes, content_type: str = "", **changes: Any) -> Accepted:
    given = {"tenant": "home", "upload_id": "u1", "received_at": datetime(2026, 11, 23, 12, tzinfo=UTC), **changes}
    return accept_events(body, content_type=content_type, **given)


def statuses(answer: Accepted) -> list[str]:
    return [result.status for result in answer.results]


def pretty(fields: Any) -> bytes:
    return json.dumps(fields, indent=2).encode()


ONE, TWO = a_set(document="d1"), a_set(document="d2", athlete="ben")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (line(ONE) + b"\n" + line(TWO), ""),
        (line(ONE) + b"\r\n\r\n  " + line(TWO) + b"\n\n", "application/x-ndjson"),
        (b"\xef\xbb\xbf" + line(ONE) + b"\n" + line(TWO), ""),
        (b"[" + line(ONE) + b"," + line(TWO) + b"]", "application/json"),
        (pretty([ONE, TWO]), ""),
        (b" \n[ " + pretty(ONE) + b"\t,\r\n" + line(TWO) + b" ]\n", "application/json; charset=utf-8"),
    ],
)
def test_the_shapes_of_a_body(body: bytes, content_type: str) -> None:
    answer = accept(body, content_type)
    assert statuses(answer) == ["accepted", "accepted"]
    assert [(record.athlete, unpack_items(record.items)) for record in answer.records] == [("ana", [0]), ("ben", [1])]
    assert as_rows(decode_records(answer.records))["documents"][1]["document"] == "d2"


@pytest.mark.parametrize("body", [line(ONE), pretty(ONE), b"[" + line(ONE) + b"]", b"\n" + line(ONE) + b"\n"])
def test_one_object(body: bytes) -> None:
    answer = accept(body)
    assert statuses(answer) == ["accepted"] and b"\n" not in answer.records[0].payload


def test_items_keep_their_bytes() -> None:
    spaced = json.dumps(ONE).encode()
    for body in (spaced, b"[" + spaced + b"]", spaced + b"\n" + line(TWO)):
        assert accept(body).records[0].payload == spaced


def test_the_first_line_decides_that_a_body_is_lines() -> None:
    body = line(ONE) + b"\n[1,2\n" + b'"text"\n\xff\xfe\n{broken\n' + line(TWO)
    assert statuses(accept(body)) == ["accepted", *["rejected"] * 4, "accepted"]
    assert statuses(accept(b"[" + line(ONE) + b"\n" + line(TWO), "application/x-ndjson")) == ["rejected", "accepted"]
    assert statuses(accept(b"{broken\n" + line(ONE))) == ["rejected", "accepted"]


def test_a_cut_off_array_loses_only_its_last_item() -> None:
    whole = b"[" + line(ONE) + b"," + line(TWO) + b"," + line(ONE)
    answer = accept(whole[:-30])
    assert statuses(answer) == ["accepted", "accepted", "rejected"]
    assert answer.results[2].reason == "invalid_json"
    assert statuses(accept(b"[" + line(ONE) + b",," + line(TWO) + b"] rest")) == (
        ["accepted", "rejected", "accepted", "rejected"]
    )


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"[]", b"[ ]", b"\xef\xbb\xbf"])
def test_a_body_without_events(body: bytes) -> None:
    answer = accept(body)
    assert (statuses(answer), answer.records, answer.rejected) == (["rejected"], [], 1)
    assert answer.results[0].reason == "invalid_json"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(alphabet='[]{},:"\\ a\n', max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text('"\\,]a', max_size=3), inner)),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=5), st.sampled_from([None, 1]), st.integers(1, 9))
def test_arrays_are_split_at_their_own_commas(values: list[Any], indent: int | None, block: int) -> None:
    before, split._BLOCK_BYTES = split._BLOCK_BYTES, block
    try:
        items = split_items(json.dumps(values, indent=indent).encode())
    finally:
        split._BLOCK_BYTES = before
    assert [json.loads(item) for item in items] == values
    assert all(b"\n" not in item for item in items)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.sampled_from([b"", b"[", b"{", b'["', b'[{"a":']))
def test_any_bytes_are_answered(tail: bytes, head: bytes) -> None:
    answer = accept(head + tail)
    assert set(statuses(answer)) == {"rejected"}
    assert len(answer.results) == answer.rejected
    assert as_rows(decode_records(answer.records))["documents"] == []


def test_duplicates_are_those_of_the_latest_version_only() -> None:
    first, second = a_set(reps=8), a_set(reps=9)
    body = b"\n".join(map(line, [first, first, second, second, first, {**first, "source": "other"}]))
    answer = accept(body)
    assert statuses(answer) == ["accepted", "duplicate", "accepted", "duplicate", "accepted", "accepted"]
    assert (answer.accepted, answer.duplicates, answer.rejected) == (4, 2, 0)
    assert [index for record in answer.records for index in unpack_items(record.items)] == [0, 2, 4, 5]


def test_rejected_items_are_kept_for_the_record_and_answered_alike_later() -> None:
    body = b"\n".join([line(ONE), line({**ONE, "reps": -1}), b"{broken", line({**TWO, "wat": 1}), b"\xff"])
    answer = accept(body)
    held = as_rows(decode_records(answer.records))
    later = {(row["item"], row["reason"], row["field"], row["message"]) for row in held["rejected"]}
    now = {(r.index, r.reason, r.field, r.message) for r in answer.results if r.status == "rejected"}
    assert later == now and len(now) == 4
    assert sorted(record.athlete for record in answer.records) == ["", "ana", "ben"]


def test_large_items_are_answered_and_leave_a_trace() -> None:
    large = line(a_set(notes="x" * (2 << 20)))
    answer = accept(line(ONE) + b"\n" + large)
    assert [result.reason for result in answer.results] == [None, "too_large"]
    assert sum(len(record.payload) for record in answer.records) < 3000
    assert [row["message"] for row in as_rows(decode_records(answer.records))["rejected"]] == (
        [answer.results[1].message]
    )
    assert ITEM_BYTES_MAX == RECORD_BYTES_MAX and BODY_BYTES_MAX == 64 << 20


def test_records_stay_within_their_size_and_share_one_header() -> None:
    lines = [line(a_set(document=f"d{n}", notes="x" * 4000)) for n in range(600)]
    answer = accept(b"\n".join(lines))
    assert len(answer.records) == 3
    assert all(len(record.payload) <= RECORD_BYTES_MAX for record in answer.records)
    assert [record.part for record in answer.records] == [0, 1, 2]
    assert len({record.header for record in answer.records}) == 1
    header = parse_header(answer.records[0].header)
    assert (header.parts, header.tenant, header.received_at) == (3, "home", "2026-11-23T12:00:00Z")
    assert b"\n".join(record.payload for record in answer.records) == b"\n".join(lines)


def test_what_is_answered_is_what_the_records_decode_to() -> None:
    random.seed(3)
    lines = [line(a_set(document=f"d{n}", athlete=f"a{n % 7}", reps=random.randint(-2, 12))) for n in range(400)]
    answer = accept(b"\n".join(lines))
    held, once = as_rows(decode_records(answer.records)), as_rows(decode_lines(lines, HEADER))
    assert answer.accepted == len(held["documents"]) == len(once["documents"])
    assert [row["item"] for row in once["rejected"]] == sorted(row["item"] for row in held["rejected"])


def test_warnings_belong_to_their_item_and_keep_the_set() -> None:
    answer = accept(line(ONE) + b"\n" + line({**TWO, "effort": {"scale": "rir", "value": 12}}))
    assert statuses(answer) == ["accepted", "accepted"]
    assert [len(result.warnings) for result in answer.results] == [0, 1]
    assert "RIR 12" in answer.results[1].warnings[0]


def test_ticks_only_with_scope_admin() -> None:
    tick = b'{"kind":"tick","now_at":"2026-11-23T12:00:00Z"}'
    assert accept(tick).results[0].reason == "unsupported"
    answer = accept(tick, admin=True)
    assert statuses(answer) == ["accepted"] and parse_header(answer.records[0].header).admin
