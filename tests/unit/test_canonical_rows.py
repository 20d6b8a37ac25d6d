"""What each kind of event becomes: rows, versions, warnings, rejections."""

from __future__ import annotations

import json
import zlib
from datetime import date, datetime
from typing import Any

import pytest
from canonical_events import HEADER, a_set, as_rows, line

from pipeline.record import Header
from pipeline.sources import columns
from pipeline.sources.canonical import ITEM_BYTES_MAX, decode_lines, stand_in
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.rows import Item, RowBuilder, concat


def us(*parts: int) -> int:
    return round((datetime(*parts) - datetime(1970, 1, 1)).total_seconds() * 1e6)  # type: ignore[arg-type]


def decode(*events: dict[str, Any], header: Header = HEADER) -> dict[str, Any]:
    return as_rows(decode_lines([line(event) for event in events], header))


def the_set(**changes: Any) -> dict[str, Any]:
    held = decode(a_set(**changes))
    assert held["rejected"] == []
    (row,) = held["sets"]
    return row


def an_event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "athlete": "ana", "document": f"{kind}-1", **fields}


def payload_of(event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    held = decode(event)
    assert held["rejected"] == []
    (row,) = held["events"]
    return row, json.loads(row["payload"])


def test_the_set_of_the_contract() -> None:
    event = a_set()
    held = decode(event)
    assert held["documents"] == [
        {
            "record": 0,
            "item": 0,
            "athlete": "ana",
            "source": "gymlog",
            "document": "w1-s3",
            "kind": "set",
            "rank": 0,
            "value": 0,
            "deleted": False,
            "items": 1,
            "payload_hash": 0,
            "origin": columns.ORIGIN_EVENT,
        }
    ]
    (row,) = held["sets"]
    given = {name: value for name, value in row.items() if value is not None}
    assert given == {
        "doc_row": (0, 0),
        "ordinal": 0,
        "session": "w1",
        "performed_at_us": us(2026, 11, 20, 17, 5),
        "performed_local_us": us(2026, 11, 20, 18, 5),
        "zone_kind": columns.ZONE_OFFSET,
        "exercise": "Bench Press (Barbell)",
        "set_index": 3,
        "set_type": "working",
        "weight_mg": 80_000_000,
        "weight_value": 80.0,
        "weight_unit": "kg",
        "reps": 8,
        "rir_logged": 1.0,
        "effort_scale": "rir",
        "effort_value": 1.0,
        "outcome": "completed",
        "effort_dropped": False,
    }


@pytest.mark.parametrize(
    ("value", "unit", "milligrams"),
    [
        (80, "kg", 80_000_000),
        (42.5, "kg", 42_500_000),
        (0.0000005, "kg", 0),
        (0.0000015, "kg", 2),
        (100, "lb", 45_359_237),
        (100.00000000000001, "lb", 45_359_237),
        (0, "kg", 0),
    ],
)
def test_weights_in_milligrams_half_to_even(value: float, unit: str, milligrams: int) -> None:
    for notes in (..., "the models read this one"):
        assert the_set(weight={"value": value, "unit": unit}, notes=notes)["weight_mg"] == milligrams


def test_rarer_fields_of_a_set_are_kept() -> None:
    row = the_set(
        side="left",
        load_kind="added",
        exercise_block=2,
        duration_s=30.5,
        distance_m=20,
        rest_s=90,
        rep_velocities_m_s=[0.5, 0.4],
        superset=1,
        notes="fine",
        target={"reps": 10, "weight": {"value": 100, "unit": "lb"}, "effort": {"scale": "rpe", "value": 8.5}},
    )
    kept = ("side", "load_kind", "exercise_block", "duration_s", "distance_m", "rest_s", "rep_velocities_m_s")
    assert [row[name] for name in kept] == ["left", "added", 2, 30.5, 20.0, 90.0, [0.5, 0.4]]
    kept = ("superset", "notes", "target_reps", "target_weight_mg", "target_rir")
    assert [row[name] for name in kept] == ["1", "fine", 10, 45_359_237, 1.5]


def rpe(value: float) -> dict[str, Any]:
    return {"scale": "rpe", "value": value}


def rir(value: float) -> dict[str, Any]:
    return {"scale": "rir", "value": value}


@pytest.mark.parametrize(
    ("effort", "expected", "warnings"),
    [
        (rpe(8.5), (None, 8.5, "rpe", 8.5, False), 0),
        ([rir(1)], (1.0, None, "rir", 1.0, False), 0),
        ([rpe(9), rir(1)], (1.0, 9.0, "rir", 1.0, False), 0),
        ([rir(3), rpe(10)], (3.0, 10.0, "rir", 3.0, False), 1),
        (rir(12), (None, None, None, None, True), 1),
        (rir(-1), (None, None, None, None, True), 1),
        (rpe(11), (None, None, None, None, True), 1),
        (rpe(0), (None, None, None, None, True), 1),
        ([rir(12), rpe(9)], (None, 9.0, "rpe", 9.0, True), 1),
        (rir(0), (0.0, None, "rir", 0.0, False), 0),
        (rir(10), (10.0, None, "rir", 10.0, False), 0),
        (rpe(1), (None, 1.0, "rpe", 1.0, False), 0),
    ],
)
def test_efforts(effort: Any, expected: tuple[Any, ...], warnings: int) -> None:
    held = decode(a_set(effort=effort))
    (row,) = held["sets"]
    names = ("rir_logged", "rpe_logged", "effort_scale", "effort_value", "effort_dropped")
    assert tuple(row[name] for name in names) == expected
    assert len(held["warnings"]) == warnings


STAGES = {
    "apart": (("light", "23:00", "02:00"), ("awake", "02:00", "02:10"), ("deep", "02:10", "06:59")),
    "touching": (("light", "23:00", "02:00"), ("deep", "01:59", "07:01")),
    "two devices": (("in_bed", "23:00", "07:00"), ("asleep", "23:20", "06:40")),
    "overlapping": (("light", "23:00", "02:00"), ("deep", "01:58", "07:00")),
    "one in another": (("light", "23:00", "07:00"), ("awake", "02:00", "02:10"), ("rem", "03:00", "03:10")),
    "after the night": (("light", "23:00", "07:02"),),
    "before the night": (("light", "22:58", "07:00"),),
}


def stages(name: str) -> list[dict[str, str]]:
    def at(clock: str) -> str:
        return f"2026-11-{19 if clock > '12' else 20}T{clock}:00+01:00"

    return [{"stage": stage, "start": at(begin), "end": at(until)} for stage, begin, until in STAGES[name]]


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"asleep_min": 420, "in_bed_min": 470}, set()),
        ({"asleep_min": 481, "in_bed_min": 480}, set()),  # devices round
        ({"asleep_min": 482}, {"asleep_min"}),
        ({"asleep_min": 600, "in_bed_min": 100}, {"asleep_min"}),
        ({"asleep_min": 400, "in_bed_min": 600}, set()),  # in bed before and after a night of sleep
        ({"asleep_min": 400, "in_bed_min": 722}, {"in_bed_min"}),
        ({"asleep_min": 400, "in_bed_min": 100}, {"asleep_min", "in_bed_min"}),
        ({"in_bed_min": 100, "stages": stages("apart")}, {"in_bed_min"}),
        ({"stages": stages("apart")}, set()),
        ({"stages": stages("touching")}, set()),
        ({"stages": stages("two devices")}, set()),
        ({"asleep_min": 400, "stages": stages("overlapping")}, {"stages"}),
        ({"stages": stages("one in another")}, {"stages"}),
        ({"stages": stages("after the night")}, {"stages"}),
        ({"stages": stages("before the night")}, {"stages"}),
    ],
)
def test_what_cannot_be_of_a_night_is_left_out_with_a_warning(fields: dict[str, Any], left_out: set[str]) -> None:
    held = decode(an_event("sleep", start="2026-11-19T23:00:00+01:00", end="2026-11-20T07:00:00+01:00", **fields))
    assert held["rejected"] == []
    (row,) = held["events"]
    assert fields.keys() - json.loads(row["payload"]).keys() == left_out
    assert sorted(text.split("`")[1] for _, _, text in held["warnings"]) == sorted(left_out)
    assert all("left out, the night was kept" in text for _, _, text in held["warnings"])


def test_a_session_owns_its_sets_and_a_bad_one_is_rejected_alone() -> None:
    plain = {"exercise": "Squat (Barbell)", "set_type": "working", "reps": 5, "weight": {"value": 100, "unit": "kg"}}
    sets = [
        {**plain, "performed_at": "2026-11-20T18:04:00+01:00", "set_index": 1},
        {**plain, "reps": -1},
        {**plain, "weight": 100},
        {**plain, "performed_at": "1970-01-01T00:00:00Z"},
        "no set",
        {**plain, "effort": rir(12)},
    ]
    held = decode(an_event("session", session="w1", start="2026-11-20T18:00:00", timezone="Europe/Berlin", sets=sets))
    (document,) = held["documents"]
    assert (document["kind"], document["items"], document["source"]) == ("session", 2, "api")
    assert [(row["ordinal"], row["set_index"], row["session"], row["zone_kind"]) for row in held["sets"]] == [
        (1, 1, "w1", columns.ZONE_EVENT),
        (6, 6, "w1", columns.ZONE_EVENT),
    ]
    assert [row["performed_at_us"] for row in held["sets"]] == [us(2026, 11, 20, 17, 4), None]
    assert [(row["item"], row["reason"], row["field"]) for row in held["rejected"]] == [
        (0, "out_of_range", "sets[1].reps"),
        (0, "missing_unit", "sets[2].weight"),
        (0, "implausible_time", "sets[3].performed_at"),
        (0, "invalid_type", "sets[4]"),
    ]
    assert len(held["warnings"]) == 5  # four sets left out, one effort
    (session,) = held["sessions"]
    assert (session["owns_sets"], session["start_at_us"], session["zone_kind"]) == (True, us(2026, 11, 20, 17), 2)


def test_what_a_session_document_stands_for() -> None:
    start = {"session": "w1", "start": "2026-11-20T18:00:00Z"}
    bad = {"exercise": "Squat", "set_type": "working", "reps": -1}
    held = decode(
        an_event("session", **start),
        an_event("session", **start, sets=[]),
        an_event("session", **start, sets=[bad]),
        an_event("session", **start, end="2026-11-20T17:00:00Z", cr10=7, title="Push", notes="n"),
    )
    assert [row["items"] for row in held["documents"]] == [1, 1, 0, 1]
    assert [row["owns_sets"] for row in held["sessions"]] == [False, True, True, False]
    last = held["sessions"][3]
    assert (last["end_at_us"], last["cr10"], last["title"], last["notes"]) == (None, 7.0, "Push", "n")
    assert any("`end`" in text for _, item, text in held["warnings"] if item == 3)


def test_versions() -> None:
    numbered, dated = a_set(revision=7), a_set(revision="2026-11-20T18:00:00+01:00", source="hevy")
    held = decode(numbered, dated, a_set(), {**dated, "revision": 7}, a_set(revision="2027-11-20T18:00:00Z"))
    assert [(row["rank"], row["value"], row["payload_hash"]) for row in held["documents"]] == [
        (1, 7, zlib.crc32(line(numbered))),
        (1, us(2026, 11, 20, 17), zlib.crc32(line(dated))),
        (0, 0, 0),
    ]
    assert [(row["item"], row["reason"]) for row in held["rejected"]] == [(3, "revision_type"), (4, "implausible_time")]


def test_delete_names_the_document_it_withdraws() -> None:
    held = decode({"kind": "delete", "athlete": "ana", "source": "gymlog", "document": "w1-s3"})
    (row,) = held["documents"]
    assert (row["kind"], row["deleted"], row["items"], row["source"], row["document"]) == (
        ("delete", True, 1, "gymlog", "w1-s3")
    )
    assert held["sets"] == held["events"] == []


def test_ticks_need_scope_admin() -> None:
    tick = {"kind": "tick", "now_at": "2026-11-20T19:00:00+01:00"}
    (refused,) = decode(tick)["rejected"]
    assert (refused["reason"], refused["athlete"]) == ("unsupported", "")
    held = decode(tick, header=HEADER._replace(admin=True))
    assert (held["documents"][0]["athlete"], held["documents"][0]["document"]) == ("", "2026-11-20T18:00:00Z")
    assert held["events"][0]["at_us"] == us(2026, 11, 20, 18)


def test_a_night_counts_by_its_end_and_keeps_both_clocks() -> None:
    stage = {"stage": "deep", "start": "2026-11-20T01:00:00", "end": "2026-11-20T02:00:00"}
    row, payload = payload_of(
        an_event(
            "sleep",
            start="2026-11-19T23:00:00",
            end="2026-11-20T07:00:00",
            timezone="Europe/Berlin",
            asleep_min=430,
            stages=[stage],
        )
    )
    assert (row["at_us"], row["local_us"], row["zone_kind"]) == (us(2026, 11, 20, 6), us(2026, 11, 20, 7), 2)
    assert payload == {
        "timezone": "Europe/Berlin",
        "start": "2026-11-19T22:00:00Z",
        "start_local": "2026-11-19T23:00:00",
        "end": "2026-11-20T06:00:00Z",
        "end_local": "2026-11-20T07:00:00",
        "asleep_min": 430.0,
        "nap": False,
        "stages": [
            {
                "stage": "deep",
                "start": "2026-11-20T00:00:00Z",
                "start_local": "2026-11-20T01:00:00",
                "end": "2026-11-20T01:00:00Z",
                "end_local": "2026-11-20T02:00:00",
            }
        ],
    }


def test_instants_without_a_zone_have_no_wall_clock() -> None:
    row, payload = payload_of(an_event("rr_intervals", start="2026-11-20T06:00:00Z", rr_ms=[800], context="morning"))
    assert (row["at_us"], row["local_us"], row["zone_kind"]) == (us(2026, 11, 20, 6), None, columns.ZONE_NONE)
    assert payload == {"start": "2026-11-20T06:00:00Z", "rr_ms": [800.0], "context": "morning"}


@pytest.mark.parametrize(
    ("event", "day"),
    [
        (an_event("resting_heart_rate", day="2026-11-20", bpm=52), date(2026, 11, 20)),
        (an_event("declaration", what="deload", from_day="2026-11-16", to_day="2026-11-22"), date(2026, 11, 16)),
        (an_event("hrv", night="2026-11-20", statistic="rmssd", value_ms=48, context="overnight"), date(2026, 11, 20)),
        (an_event("athlete", timezone="Europe/Berlin"), None),
        (an_event("athlete", timezone="Europe/Berlin", timezone_from="2026-09-01"), date(2026, 9, 1)),
    ],
)
def test_kinds_that_speak_of_a_day(event: dict[str, Any], day: date | None) -> None:
    row, _ = payload_of(event)
    assert (row["day"], row["at_us"]) == (day, None)


def test_body_mass_carries_milligrams() -> None:
    row, payload = payload_of(
        an_event("body_mass", measured_at="2026-11-20T07:00:00+01:00", mass={"value": 150, "unit": "lb"})
    )
    assert payload["mass_mg"] == 68_038_856 and row["local_us"] == us(2026, 11, 20, 7)


def test_default_source_and_import_zone_come_from_the_header() -> None:
    header = HEADER._replace(source="phone", tz="Asia/Tokyo")
    held = decode(a_set(source=..., performed_at="2026-11-20T18:00:00"), header=header)
    assert held["documents"][0]["source"] == "phone"
    assert held["sets"][0]["performed_at_us"] == us(2026, 11, 20, 9)
    assert (held["sets"][0]["zone_kind"], held["sets"][0]["zone"]) == (columns.ZONE_IMPORT, "Asia/Tokyo")


def test_large_items_are_rejected_and_so_are_their_stand_ins() -> None:
    large = line(a_set(notes="x" * ITEM_BYTES_MAX))
    for raw in (large, stand_in(large)):
        held = as_rows(decode_lines([raw], HEADER))
        (row,) = held["rejected"]
        assert (row["reason"], str(len(large)) in row["message"]) == ("too_large", True)
        assert row["excerpt"] == excerpt(large)
        assert held["documents"] == []


def test_excerpts_show_what_cannot_be_printed() -> None:
    assert excerpt(b"\xff\xfe\x00bin\n") == "\\xff\\xfe\\x00bin\\n"
    assert len(excerpt("é".encode() * 500)) == 200
    assert len(excerpt(b"\x00" * 5000)) == 200


def test_rejected_items_keep_their_athlete_and_source() -> None:
    (row,) = decode(a_set(reps=-1, source="bar"))["rejected"]
    assert (row["athlete"], row["source"], row["item"]) == ("ana", "bar", 0)
    (row,) = decode(a_set(athlete="a\nb"))["rejected"]
    assert (row["athlete"], row["field"]) == ("", "athlete")


def test_items_keep_their_index_and_record() -> None:
    decoded = decode_lines([line(a_set()), b"{"], HEADER, record=4, items=[10, 12])
    assert decoded.documents["item"].to_pylist() == [10] and decoded.rejected["item"].to_pylist() == [12]
    assert decoded.documents["record"].to_pylist() == decoded.rejected["record"].to_pylist() == [4]


def test_concat_moves_document_rows() -> None:
    session = an_event("session", session="w", start="2026-11-20T18:00:00Z")
    parts = [decode_lines([line(a_set()), line(session)], HEADER, record=n) for n in range(3)]
    whole = concat(parts)
    assert whole.documents.num_rows == 6
    assert sorted(whole.sets["doc_row"].to_pylist() + whole.sessions["doc_row"].to_pylist()) == list(range(6))
    assert whole.sets.schema == columns.SET and whole.documents.schema == columns.DOCUMENT


def test_a_message_with_half_a_character_is_a_row() -> None:
    builder = RowBuilder()
    builder.reject(Item(0, 1, "ana", "whoop"), Problem("invalid_type", "zone", "it is '\ud800'"), "")
    assert builder.finish().rejected["message"].to_pylist() == ["it is '\\ud800'"]
