"""Records of the log to columns: many uploads at once, vendors, damage."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from canonical_events import HEADER, a_set, as_rows, line

from pipeline.record import WITHDRAWAL, Header, Record, pack_items
from pipeline.sources import columns
from pipeline.sources.base import RowIgnored, RowNote, RowProblem, VendorDecoded, VendorEvent
from pipeline.sources.decode import decode_records


def record(lines: Sequence[bytes], header: Header = HEADER, items: Sequence[int] = (), athlete: str = "ana") -> Record:
    return Record(athlete, 0, pack_items(items or range(len(lines))), header.to_bytes(), b"\n".join(lines))


def test_records_of_many_uploads_are_read_together() -> None:
    phone, early = HEADER._replace(source="phone"), HEADER._replace(received_at="2020-01-01T00:00:00Z")
    records = [
        record([line(a_set(document=f"d{n}", source=...)) for n in range(9)], items=range(10, 19)),
        record([line(a_set(document=f"p{n}", source=...)) for n in range(9)], phone),
        record([line(a_set())], early),  # performed six years after it was received
        record([b"{broken"], athlete=""),
    ]
    held = as_rows(decode_records(records))
    sources = [(row["record"], row["item"], row["source"]) for row in held["documents"]]
    assert sources == [(0, n, "api") for n in range(10, 19)] + [(1, n, "phone") for n in range(9)]
    reasons = [(row["record"], row["reason"], row["athlete"]) for row in held["rejected"]]
    assert reasons == [(2, "implausible_time", "ana"), (3, "invalid_json", "")]


def test_nothing_in_no_records() -> None:
    held = as_rows(decode_records([]))
    assert all(not rows for rows in held.values())
    assert decode_records([]).sets.schema == columns.SET


def test_damaged_records_are_rejected_item_by_item() -> None:
    whole = record([line(a_set())])
    short = Record("ana", 0, pack_items([0, 1]), HEADER.to_bytes(), line(a_set()))
    strange = Record("ana", 0, pack_items([5]), HEADER.to_bytes().replace(b'"format":1', b'"format":9'), b"?")
    undated = record([line(a_set())], HEADER._replace(received_at="yesterday"))
    held = as_rows(decode_records([short, strange, undated, whole]))
    assert [row["record"] for row in held["documents"]] == [3]
    rejected = [(row["record"], row["item"], row["reason"]) for row in held["rejected"]]
    assert rejected == [(0, 0, "unsupported"), (0, 1, "unsupported"), (1, 5, "unsupported"), (2, 0, "unsupported")]


def test_withdrawals_have_no_rows() -> None:
    withdrawal = Record("", 0, b"", HEADER._replace(decoder=WITHDRAWAL, import_id="i").to_bytes(), b"")
    assert all(not rows for rows in as_rows(decode_records([withdrawal])).values())


SQUAT = {"exercise": "Squat (Barbell)", "set_type": "working", "set_index": 1, "reps": 5}


class Bar:
    """A vendor whose payload says what to do."""

    name, source, origin = "bar.csv", "bar", columns.ORIGIN_FILE

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        if payload == b"raise":
            raise RuntimeError("no such column")
        session: dict[str, Any] = {
            "kind": "session",
            "document": "2026-11-20T18:00/Legs",
            "session": "2026-11-20T18:00/Legs",
            "start": "2026-11-20T18:00:00" if payload != b"early" else "1970-01-01T00:00:00",
            "sets": [SQUAT, {**SQUAT, "reps": -1}, {**SQUAT, "reps": 10**30}],
        }
        if payload == b"odd":
            session["notes"] = "\ud800"
        return VendorDecoded(
            [VendorEvent(items[0], session, (items[0], items[1], items[3]))],
            [RowProblem(items[4], "invalid_type", "reps", "`reps` is no number.", "a,b,c")],
            [RowIgnored(items[2], "rest_timer")],
            [RowNote(items[0], "a date was cut")],
        )


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Header:
    import pipeline.sources

    fake = SimpleNamespace(get={"bar.csv": Bar()}.__getitem__)
    monkeypatch.setitem(sys.modules, "pipeline.sources.registry", fake)  # type: ignore[arg-type]
    monkeypatch.setattr(pipeline.sources, "registry", fake, raising=False)
    return HEADER._replace(decoder="bar.csv", source="bar", tz="Europe/Berlin")


def part(header: Header, payload: bytes) -> Record:
    return Record("ana", 0, pack_items([20, 21, 22, 23, 24]), header.to_bytes(), payload)


def test_vendor_rows_are_accounted_for_one_by_one(bar: Header) -> None:
    held = as_rows(decode_records([part(bar, b"plain"), record([line(a_set())])]))
    documents = [(row["record"], row["item"], row["source"], row["origin"], row["items"]) for row in held["documents"]]
    assert documents == [(0, 20, "bar", columns.ORIGIN_FILE, 1), (1, 0, "gymlog", columns.ORIGIN_EVENT, 1)]
    assert [(row["item"], row["reason"], row["field"]) for row in held["rejected"]] == [
        (21, "out_of_range", "sets[1].reps"),
        (23, "out_of_range", "sets[2].reps"),
        (24, "invalid_type", "reps"),
    ]
    assert [(row["item"], row["reason"]) for row in held["ignored"]] == [(22, "rest_timer")]
    assert (0, 20, "a date was cut") in held["warnings"]
    assert held["sets"][0]["zone_kind"] == held["sessions"][0]["zone_kind"] == columns.ZONE_IMPORT


@pytest.mark.parametrize("payload", [b"early", b"odd"])
def test_a_workout_that_is_refused_is_refused_row_by_row(bar: Header, payload: bytes) -> None:
    held = as_rows(decode_records([part(bar, payload)]))
    assert held["documents"] == held["sets"] == held["sessions"] == []
    assert [row["item"] for row in held["rejected"]] == [20, 21, 23, 24]


def test_a_decoder_that_fails_is_a_rejection_and_no_crash(bar: Header) -> None:
    unknown = bar._replace(decoder="nobody.csv")
    held = as_rows(decode_records([part(bar, b"raise"), part(unknown, b"plain"), record([line(a_set())])]))
    assert len(held["documents"]) == 1
    assert {row["reason"] for row in held["rejected"]} == {"unsupported"}
    assert len(held["rejected"]) == 10 and "no such column" in held["rejected"][0]["message"]
