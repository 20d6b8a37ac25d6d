"""FIT files: what the shipped ones hold, forms without a sample written here, and damage of every kind."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from pipeline.errors import RefusedError
from pipeline.record import RECORD_BYTES_MAX
from pipeline.sources import registry
from tests.unit.fit_bytes import Field, file_id, fit, message, records, seconds
from tests.unit.reading_files import account, readings, survives
from tests.unit.vendor_files import plan, sample, sets

YOGA = "set_messages_yoga_fenix6x__garth.fit"
STRENGTH = "strength_tool_generated_open.fit"
RUN, WALK = "hrv_rr_run_fenix5__fitdecode.fit", "hrv_rr_walk_fenix5__fitdecode.fit"
# sample: decoder, documents by kind, rows, ignored, rejected
ACCOUNTS = {
    YOGA: ("garmin.fit", {"heart_rate": 1}, 4, 3, 0),
    STRENGTH: ("fit.fit", {"session": 1}, 19, 9, 0),
    RUN: ("garmin.fit", {"heart_rate": 1, "rr_intervals": 2}, 3, 0, 0),
    WALK: ("garmin.fit", {"heart_rate": 1, "rr_intervals": 2}, 3, 0, 0),
}
REFUSED = {
    "invalid_filecrc__fitdecode.fit": "check sum",
    "invalid_truncated__fitdecode.fit": "cut off",
    "monitoring__fitdecode.fit": "it has no sets, heart rate",
}
ACTIVE, REST = 1, 0
BENCH, RUNNING, WARM_UP, UNKNOWN = 0, 32, 31, 65534


def one_set(
    end: str,
    *,
    kind: int | None = ACTIVE,
    reps: int | None = None,
    weight_16: int | None = None,
    category: tuple[int | None, ...] = (BENCH, None, None),
    subtype: tuple[int | None, ...] = (1, None, None),
    duration_ms: int = 40_000,
) -> bytes:
    fields: list[Field] = [
        (254, "uint32", seconds(end)),
        (0, "uint32", duration_ms),
        (3, "uint16", reps),
        (4, "uint16", weight_16),
        (5, "uint8", kind),
        (6, "uint32", seconds(end) - duration_ms // 1000),
        (7, "uint16", category),
        (8, "uint16", subtype),
    ]
    return message(225, *fields)


def workout(*messages: bytes, maker: int = 1) -> bytes:
    ends = message(
        18, (253, "uint32", seconds("2026-03-02T19:00:00")), (2, "uint32", seconds("2026-03-02T18:00:00")),
        (7, "uint32", 3_500_000), (5, "enum", 10), (6, "enum", 20),
    )  # fmt: skip
    place = message(34, (253, "uint32", seconds("2026-03-02T19:00:00")), (5, "uint32", seconds("2026-03-02T20:00:00")))
    return fit(file_id("2026-03-02T18:00:01", maker=maker), *messages, ends, place)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_samples(name: str) -> None:
    assert account(sample(name), tz=None) == ACCOUNTS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_samples_that_are_refused(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        plan(sample(name))
    assert REFUSED[name] in caught.value.why
    assert caught.value.do


def test_sets_of_a_sample() -> None:
    found = plan(sample(STRENGTH), tz=None)
    assert [(one["document"], one["start"]) for one in found.preview] == [
        ("12345/2026-07-09T06:34:49Z", "2026-07-09T06:34:49Z")
    ]
    rows = sets(sample(STRENGTH), tz=None)
    assert [(one["exercise"], one["weight_value"], one["reps"]) for one in rows] == [
        ("Incline Bench Press (Dumbbell)", 20, 12),
        ("Incline Bench Press (Dumbbell)", 22, 12),
        ("Incline Bench Press (Dumbbell)", 24, 12),
        ("Incline Bench Press (Dumbbell)", 24, 9),
        ("Lat Pulldown - Close Grip (Cable)", 73, 10),
        ("Lat Pulldown - Close Grip (Cable)", 73, 10),
        ("Lat Pulldown - Close Grip (Cable)", 73, 8),
        ("Preacher Curl (Barbell)", 35, 14),
        ("Preacher Curl (Barbell)", 35, 10),
        ("Preacher Curl (Barbell)", 35, 8),
    ]
    assert [one["rest_s"] for one in rows] == [150, 150, 150, 240, 150, 150, 240, 150, 150, None]
    assert {(one["weight_unit"], one["effort_value"], one["outcome"]) for one in rows} == {("kg", None, None)}
    assert [one["exercise_block"] for one in rows] == [1] * 4 + [2] * 3 + [3] * 3


def test_intervals_of_a_sample() -> None:
    found = readings(sample(RUN), tz=None)
    first = found["3945849289/2017-06-11T14:34:09Z/rr_intervals/2017-06-11T14:34:10Z"]
    assert first["rr_ms"][:9] == [1093, 1165, 1063, 983, 919, 896, 938, 968, 1245]
    assert (first["start_local"], first["context"]) == ("2017-06-11T07:34:10", "exercise")
    assert [len(one["rr_ms"]) for one in found.values() if one["kind"] == "rr_intervals"] == [86, 27]
    block = found["3945849289/2017-06-11T14:34:09Z/heart_rate/2017-06-11T14:34:09Z"]
    assert block["bpm"][:6] == [61, 61, 58, 56, 59, 63]
    assert block["offset_s"][:6] == [0, 1, 2, 4, 5, 7]


def test_what_a_set_is() -> None:
    data = workout(
        one_set("2026-03-02T18:01:00", reps=8, weight_16=1280),
        one_set("2026-03-02T18:03:00", kind=REST, category=(None,), subtype=(None,), duration_ms=120_000),
        one_set("2026-03-02T18:04:00", reps=10, weight_16=0, category=(22, 0, None), subtype=(77, None, None)),
        one_set("2026-03-02T18:05:00", reps=0, category=(19, None, None), subtype=(43, None, None)),
        one_set("2026-03-02T18:06:00", reps=12, category=(WARM_UP, None, None), subtype=(None, None, None)),
        one_set("2026-03-02T18:07:00", reps=5, weight_16=800, category=(UNKNOWN, None, None)),
        one_set("2026-03-02T18:08:00", category=(None, None, None)),
        one_set("2026-03-02T18:09:00", category=(RUNNING, None, None)),
        one_set("2026-03-02T18:10:00", reps=4000),
    )
    assert account(data, tz=None) == ("garmin.fit", {"session": 1}, 9, 3, 1)
    assert {one["reason"]: one["count"] for one in plan(data).reasons} == {
        "rest_timer": 1, "no_exercise": 1, "no_strength_set": 1, "out_of_range": 1,
    }  # fmt: skip
    rows = sets(data, tz=None)
    assert [
        (one["exercise"], one["set_type"], one["weight_value"], one["reps"], one["duration_s"]) for one in rows
    ] == [
        ("Barbell Bench Press", "working", 80, 8, 40),
        ("Push Up", "working", None, 10, 40),
        ("Plank", "working", None, None, 40),
        ("Warm Up", "warmup", None, 12, 40),
        ("Unknown exercise", "working", 50, 5, 40),
    ]
    (session,) = plan(data, tz=None).preview
    assert (session["document"], session["start"]) == ("77/2026-03-02T18:00:01Z", "2026-03-02T19:00:00+01:00")
    assert session["title"] == "Strength Training"


def test_a_workout_of_another_maker_is_not_garmins() -> None:
    data = one_set("2026-03-02T18:01:00", reps=8)
    assert account(workout(data, maker=32))[0] == "fit.fit"
    assert registry.detect(workout(data), "garmin").name == "garmin.fit"
    with pytest.raises(RefusedError, match="no file of garmin"):
        registry.detect(workout(data, maker=32), "garmin")


def test_sixteen_bits_of_time_follow_the_last_full_one() -> None:
    full = seconds("2026-03-02T06:00:00")
    day = [message(55, (26, "uint16", (full + after) & 0xFFFF), (27, "uint8", bpm)) for after, bpm in
           ((60, 55), (120, 56), (180, 0), (40_000, 57))]  # fmt: skip
    data = fit(file_id("2026-03-02T05:00:00", kind=32), message(55, (253, "uint32", full), (3, "uint32", 9)), *day)
    assert account(data, tz=None) == ("garmin.fit", {"heart_rate": 2}, 2, 0, 0)
    found = readings(data, tz=None)
    assert found["77/2026-03-02T05:00:00Z/heart_rate/2026-03-02T06:01:00Z"]["offset_s"] == [0, 60]
    assert found["77/2026-03-02T05:00:00Z/heart_rate/2026-03-02T17:06:40Z"]["bpm"] == [57]
    unplaced = fit(file_id("2026-03-02T05:00:00", kind=32), *day)
    assert account(unplaced, tz=None) == ("garmin.fit", {}, 1, 0, 1)


def test_intervals_end_at_a_pause_and_at_missing_beats() -> None:
    def beats(*values: int | None) -> bytes:
        return message(78, (0, "uint16", values))

    def stop(at: str) -> bytes:
        return message(21, (253, "uint32", seconds(at)), (0, "enum", 0), (1, "enum", 4))

    data = fit(
        file_id("2026-03-02T18:00:00"),
        beats(800, None, None, None, None),  # before any time: the first one that follows
        records([("2026-03-02T18:00:01", None)]),
        beats(810, 820, None, None, None),
        beats(None, None, None, None, None),
        stop("2026-03-02T18:00:03"),
        records([("2026-03-02T18:10:00", None)]),
        beats(900, 0, 65_534, None, None),
        records([("2026-03-02T18:12:00", None)]),
        beats(700, None, None, None, None),
    )
    assert account(data, tz=None) == ("garmin.fit", {"rr_intervals": 3}, 3, 0, 0)
    name = "77/2026-03-02T18:00:00Z/rr_intervals/2026-03-02T"
    found = {key.removeprefix(name): one["rr_ms"] for key, one in readings(data, tz=None).items()}
    assert found == {"18:00:01Z": [800, 810, 820], "18:10:00Z": [900, 0, 65_534], "18:12:00Z": [700]}


def test_a_night() -> None:
    levels = [("22:30:00", 1), ("22:40:00", 2), ("23:40:00", 3), ("23:55:00", 0), ("23:56:00", 4), ("23:59:00", 1)]
    data = fit(
        file_id("2026-03-02T06:00:00", kind=49),
        *(message(275, (253, "uint32", seconds(f"2026-03-01T{at}")), (0, "enum", level)) for at, level in levels),
        message(370, (253, "uint32", seconds("2026-03-02T06:00:00")), (1, "uint16", 6080), (0, "uint16", 6400)),
        message(371, (253, "uint32", seconds("2026-03-02T01:00:00")), (0, "uint16", 5000)),
    )
    assert account(data, tz=None) == ("garmin.fit", {"sleep": 1, "hrv": 1}, 3, 1, 0)
    found = readings(data)
    night = found["77/2026-03-02T06:00:00Z/sleep"]
    assert (night["start"], night["end_local"], night["asleep_min"]) == (
        "2026-03-01T22:30:00Z", "2026-03-02T00:59:00", 78,
    )  # fmt: skip
    assert [one["stage"] for one in night["stages"]] == ["awake", "light", "deep", "unknown", "rem"]
    hrv = found["77/2026-03-02T06:00:00Z/hrv/2026-03-02T06:00:00Z"]
    assert (hrv["value_ms"], hrv["statistic"], hrv["context"]) == (47.5, "rmssd", "overnight")


@pytest.mark.parametrize(("placed", "kinds", "ignored"), [(True, {"resting_heart_rate": 2}, 0), (False, {}, 1)])
def test_resting_heart_rate_needs_the_day_of_the_place(placed: bool, kinds: dict[str, int], ignored: int) -> None:
    place = message(103, (253, "uint32", seconds("2026-03-02T06:00:00")), (0, "uint32", seconds("2026-03-02T01:00:00")))
    values = [("2026-03-02T03:00:00", 51), ("2026-03-02T07:00:00", 49), ("2026-03-02T09:00:00", 48)]
    resting = [message(211, (253, "uint32", seconds(at)), (0, "uint8", 60), (1, "uint8", bpm)) for at, bpm in values]
    data = fit(file_id("2026-03-02T05:00:00", kind=32), *([place] if placed else []), *resting)
    assert account(data, tz="Asia/Tokyo") == ("garmin.fit", kinds, sum(kinds.values()) + ignored, ignored, 0)
    found = {one["day"]: one["bpm"] for one in readings(data, tz="Asia/Tokyo").values()}
    assert found == ({"2026-03-01": 51, "2026-03-02": 48} if placed else {})


def test_a_long_recording_is_many_blocks() -> None:
    start = seconds("2026-03-02T10:59:50")
    every = b"".join(message(20, (253, "uint32", start + at), (3, "uint8", 100 + at % 7)) for at in range(2000))
    found = plan(fit(file_id("2026-03-02T10:59:50"), every), tz=None)
    assert [(entry["start"], entry["what"]) for entry in found.preview] == [
        ("2026-03-02T10:59:50Z", "10 samples"),
        ("2026-03-02T11:00:00Z", "600 samples"),
        ("2026-03-02T11:10:00Z", "600 samples"),
        ("2026-03-02T11:20:00Z", "600 samples"),
        ("2026-03-02T11:30:00Z", "190 samples"),
    ]
    assert all(len(one.payload) < RECORD_BYTES_MAX for one in found.records)


def test_impossible_samples_are_one_problem() -> None:
    data = fit(file_id("2026-03-02T10:00:00"), records([("2026-03-02T10:00:00", 15), ("2026-03-02T10:00:01", 90)]))
    assert account(data, tz=None) == ("garmin.fit", {"heart_rate": 1}, 2, 0, 1)


@pytest.mark.parametrize(
    ("identity", "document"),
    [
        ({"created": "2026-03-02T10:00:00", "serial": None, "maker": 260}, "maker-260/2026-03-02T10:00:00Z"),
        ({"created": None}, None),
    ],
)
def test_what_a_file_is_known_by(identity: dict[str, Any], document: str | None) -> None:
    data = fit(file_id(**identity), records([("2026-03-02T10:00:00", 90)]))
    found = plan(data, tz=None)
    assert found.rejected == (document is None)
    assert [str(one["document"]).partition("/heart")[0] for one in found.preview] == ([document] if document else [])


def test_chained_files_are_read_up_to_the_broken_one() -> None:
    one = fit(file_id("2026-03-02T10:00:00"), records([("2026-03-02T10:00:00", 90)]))
    two = fit(file_id("2026-03-02T11:00:00"), records([("2026-03-02T11:00:00", 91)]))
    nothing = fit(file_id("2026-03-02T12:00:00"))
    assert account(one + two, tz=None) == ("garmin.fit", {"heart_rate": 2}, 2, 0, 0)
    assert account(one + nothing, tz=None) == ("garmin.fit", {"heart_rate": 1}, 2, 1, 0)
    flipped = two[:30] + bytes([two[30] ^ 1]) + two[31:]
    for tail in (two[:-5], flipped, b"garbage behind it", two[:3]):
        assert account(one + tail, tz=None) == ("garmin.fit", {"heart_rate": 1}, 2, 0, 1)
    assert "Copy it again" in str(plan(one + flipped).row_reports[1].message)
    with pytest.raises(RefusedError, match="damaged"):
        plan(flipped + one)


def test_a_recording_that_was_never_closed() -> None:
    data = fit(file_id("2026-03-02T10:00:00"), records([("2026-03-02T10:00:00", 90)]))
    with pytest.raises(RefusedError) as caught:
        plan(data[:4] + struct.pack("<I", 0) + data[8:])
    assert "never closed" in caught.value.why


def test_damage_anywhere_is_told() -> None:
    chosen = random.Random(7)
    whole = sample(STRENGTH)
    for length in range(0, len(whole), 61):
        assert not survives(whole[:length])
    for _ in range(60):
        at = chosen.randrange(len(whole))
        survives(whole[:at] + bytes([chosen.randrange(256)]) + whole[at + 1 :])


def test_hostile_definitions_are_accounted_for() -> None:
    chosen = random.Random(11)
    kinds = ("enum", "uint8", "uint16", "uint32", "string")
    for _ in range(80):
        body = [
            message(
                chosen.choice((0, 18, 20, 21, 34, 55, 78, 103, 211, 225, 264, 275, 370)),
                *(
                    (chosen.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 26, 27, 253, 254)), chosen.choice(kinds), 100)
                    for _ in range(chosen.randrange(1, 5))
                ),
            )
            for _ in range(8)
        ]
        survives(fit(file_id("2026-03-02T10:00:00"), *body, records([("2026-03-02T10:00:00", 90)])))
