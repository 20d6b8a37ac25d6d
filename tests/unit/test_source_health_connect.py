"""Health Connect: messages of a bridge app in UTC without ids, and records with ids, versions and deletions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.vendor_files import decoded, plan
from tests.unit.vendor_readings import account, altered, body, checked, damaged, events, survives

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BRIDGE, RECORDS, BERLIN = "health_connect.webhook.json", "health_connect.records.json", "Europe/Berlin"

MESSAGE: dict[str, Any] = {
    "timestamp": "2026-11-20T08:00:00Z",
    "app_version": "1.9.0",
    "sleep": [
        {
            "session_end_time": "2026-11-20T06:00:00Z",
            "duration_seconds": 27_000,
            "stages": [
                {"stage": "deep", "start_time": "2026-11-19T22:30:00Z", "end_time": "2026-11-20T01:00:00Z"},
                {"stage": "5", "start_time": "2026-11-20T01:00:00Z", "end_time": "2026-11-20T06:00:00Z"},
            ],
        }
    ],
    "heart_rate": [
        {"bpm": 55, "time": "2026-11-20T05:10:00Z"},
        {"bpm": 58, "time": "2026-11-20T05:11:00Z"},
        {"bpm": 0, "time": "2026-11-20T05:12:00Z"},
        {"bpm": 60, "time": "2026-11-20T06:00:00Z"},
    ],
    "heart_rate_variability": [{"rmssd_millis": 42.5, "time": "2026-11-20T03:00:00Z"}],
    "weight": [{"kilograms": 81.25, "time": "2026-11-20T06:30:00Z"}],
    "steps": [{"count": 12, "start_time": "2026-11-20T05:10:00Z", "end_time": "2026-11-20T05:11:00Z"}] * 3,
}
SENT = {key: MESSAGE[key] for key in ("timestamp", "app_version", "heart_rate_variability")}
RESTING = {"resting_heart_rate": [{"bpm": 49, "time": "2026-11-19T23:30:00Z"}]}


def record(number: int, **fields: Any) -> dict[str, Any]:
    metadata = {
        "id": f"r{number}",
        "dataOrigin": "com.example.watch",
        "clientRecordId": f"c{number}",
        "clientRecordVersion": 3,
        "lastModifiedTime": f"2026-11-20T08:00:0{number}Z",
    }
    return {"metadata": metadata, **fields}


NIGHT = record(
    1,
    startTime="2026-11-19T22:30:00Z",
    startZoneOffset="+01:00",
    endTime="2026-11-20T06:00:00Z",
    endZoneOffset={"totalSeconds": 3600},
    stages=[
        {"startTime": "2026-11-19T22:30:00Z", "endTime": "2026-11-20T01:00:00Z", "stage": 4},
        {"startTime": "2026-11-20T01:00:00Z", "endTime": "2026-11-20T05:50:00Z", "stage": 2},
        {"startTime": "2026-11-20T05:50:00Z", "endTime": "2026-11-20T06:00:00Z", "stage": 99},
    ],
)
BEATS = record(
    2,
    startTime="2026-11-20T05:00:00Z",
    endTime="2026-11-20T05:10:00Z",
    samples=[
        {"time": "2026-11-20T05:00:00Z", "beatsPerMinute": 55},
        {"time": "2026-11-20T05:05:00Z", "beatsPerMinute": 57},
    ],
)
HRV = record(3, time="2026-11-20T03:00:00Z", zoneOffset="+01:00", heartRateVariabilityMillis=42.5)
QUIET = record(4, time="2026-11-19T23:30:00Z", zoneOffset="+01:00", beatsPerMinute=49)
WEIGHT = record(5, time="2026-11-20T06:30:00Z", zoneOffset="+01:00", weight={"inKilograms": 81.25, "inPounds": 179.1})
STEPS = record(6, startTime="2026-11-20T05:00:00Z", endTime="2026-11-20T05:10:00Z", count=12)
ALL = {"records": [NIGHT, BEATS, HRV, QUIET, WEIGHT, STEPS]}
CHANGES = {
    "upsertionChanges": [{"record": NIGHT}, {"record": HRV}],
    "deletionChanges": [{"recordId": "r9"}],
    "nextChangesToken": "t",
}
EVERY_KIND = {"sleep": 1, "heart_rate": 1, "hrv": 1, "resting_heart_rate": 1, "body_mass": 1}

# what is sent: decoder, documents by kind, ignored, rejected
ACCOUNTS: list[tuple[Any, str, dict[str, int], int, int]] = [
    (MESSAGE, BRIDGE, {"sleep": 1, "heart_rate": 2, "hrv": 1, "body_mass": 1}, 1, 0),
    (MESSAGE | RESTING, BRIDGE, {**EVERY_KIND, "heart_rate": 2}, 1, 0),
    ({"timestamp": "2026-11-20T08:00:00Z", "app_version": "1.9.0"}, BRIDGE, {}, 1, 0),
    (SENT | {"sleep": [{"session_end_time": "2026-11-20T06:00:00Z"}]}, BRIDGE, {"hrv": 1}, 0, 1),
    (SENT | {"heart_rate": [{"bpm": 400, "time": "2026-11-20T05:10:00Z"}]}, BRIDGE, {"hrv": 1}, 0, 1),
    (SENT | {"weight": [{"kilograms": 2, "time": "2026-11-20T06:30:00Z"}, None]}, BRIDGE, {"hrv": 1}, 0, 2),
    (ALL, RECORDS, EVERY_KIND, 1, 0),
    (ALL["records"], RECORDS, EVERY_KIND, 1, 0),
    (NIGHT, RECORDS, {"sleep": 1}, 0, 0),
    (CHANGES, RECORDS, {"sleep": 1, "hrv": 1}, 0, 0),
    ({"upsertionChanges": [], "deletionChanges": []}, RECORDS, {}, 1, 0),
    ([NIGHT | {"metadata": {"dataOrigin": "x"}}, HRV], RECORDS, {"hrv": 1}, 0, 1),
    ([NIGHT | {"stages": [None]}, HRV | {"heartRateVariabilityMillis": 0}], RECORDS, {"sleep": 1}, 1, 1),
    ([NIGHT | {"endTime": "2026-11-19T22:00:00Z"}], RECORDS, {}, 0, 1),
    ([NIGHT | {"startTime": "2026-11-19T22:00:00"}], RECORDS, {}, 0, 1),
]


@pytest.mark.parametrize(("value", "decoder", "kinds", "ignored", "rejected"), ACCOUNTS)
def test_all_is_accounted_for(value: Any, decoder: str, kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(body(value), tz=BERLIN) == (decoder, kinds, ignored, rejected)


def test_a_message_says_nothing_about_the_place() -> None:
    found = events(body(MESSAGE))
    night = found["sleep/2026-11-19T22:30:00Z"]
    assert (night["start"], night["end"], night["rank"]) == ("2026-11-19T22:30:00Z", "2026-11-20T06:00:00Z", 0)
    assert "end_local" not in night
    assert [one["stage"] for one in night["stages"]] == ["deep", "unknown"]
    assert found["heart_rate/2026-11-20T05:10:00Z"]["bpm"] == [55, 58]
    assert found["heart_rate_variability/2026-11-20T03:00:00Z"]["value_ms"] == 42.5
    assert found["weight/2026-11-20T06:30:00Z"]["mass"] == {"value": 81.25, "unit": "kg"}


def test_a_window_that_comes_again_is_the_same_documents() -> None:
    later = MESSAGE | {
        "timestamp": "2026-11-20T09:00:00Z",
        "heart_rate": [*MESSAGE["heart_rate"], {"bpm": 62, "time": "2026-11-20T06:30:00Z"}],
    }
    first, second = events(body(MESSAGE)), events(body(later))
    assert first.keys() == second.keys()
    assert second["heart_rate/2026-11-20T06:00:00Z"]["bpm"] == [60, 62]


def test_a_night_with_the_time_of_its_change_has_a_version() -> None:
    night = MESSAGE["sleep"][0] | {"sleep_updated_at": "2026-11-20T07:00:00Z"}
    assert events(body(MESSAGE | {"sleep": [night]}))["sleep/2026-11-19T22:30:00Z"]["rank"] == 1


@pytest.mark.parametrize(
    ("value", "tz", "day"),
    [
        (MESSAGE | RESTING, BERLIN, "2026-11-20"),  # half past midnight there
        (MESSAGE | RESTING, "America/New_York", "2026-11-19"),
        ([QUIET | {"zoneOffset": None}], BERLIN, "2026-11-20"),
        ([QUIET], None, "2026-11-20"),
        ([QUIET], "America/New_York", "2026-11-20"),  # the record's own place counts
    ],
)
def test_the_day_of_a_resting_heart_rate_is_that_of_the_place(value: Any, tz: str | None, day: str) -> None:
    (found,) = (one for one in events(body(value), tz=tz).values() if one["kind"] == "resting_heart_rate")
    assert (found["day"], found["bpm"]) == (day, 49)


@pytest.mark.parametrize("value", [MESSAGE | RESTING, [QUIET | {"zoneOffset": None}]])
def test_a_day_that_depends_on_the_zone_asks_for_it(value: Any) -> None:
    with pytest.raises(ZoneNeededError, match="time zone"):
        plan(body(value), tz=None)


def test_records_state_place_version_and_stages() -> None:
    found = events(body(ALL))
    night = found["r1"]
    assert (night["start_local"], night["end_local"], night["rank"]) == (
        "2026-11-19T23:30:00",
        "2026-11-20T07:00:00",
        1,
    )
    assert [one["stage"] for one in night["stages"]] == ["light", "asleep", "unknown"]
    assert (found["r2"]["offset_s"], found["r2"]["bpm"], found["r2"]["rank"]) == ([0, 300], [55, 57], 1)
    assert (found["r3"]["statistic"], found["r3"]["measured_at_local"]) == ("rmssd", "2026-11-20T04:00:00")
    assert found["r4"]["day"] == "2026-11-20"
    assert found["r5"]["mass"]["value"] == 81.25


def test_a_deletion_withdraws_the_record() -> None:
    assert events(body(CHANGES))["r9"] == {"kind": "delete", "rank": 0}
    versions = {one["document"]: one["rank"] for one in decoded(body(CHANGES)).documents.to_pylist()}
    assert versions == {"r1": 1, "r3": 1, "r9": 0}


def test_the_type_of_a_record_is_believed_where_it_is_stated() -> None:
    typed = [record(7, recordType="BodyTemperature", time="2026-11-20T06:30:00Z", beatsPerMinute=3)]
    typed.append(record(8, recordType="SleepSessionRecord", **{k: NIGHT[k] for k in ("startTime", "endTime")}))
    assert account(body(typed), tz=BERLIN) == (RECORDS, {"sleep": 1}, 1, 0)


def test_a_test_message_is_refused() -> None:
    with pytest.raises(RefusedError, match="test message"):
        plan(body({"timestamp": MESSAGE["timestamp"], "app_version": "1.9.0", "test": True, **MESSAGE}))


def test_a_message_cut_off_keeps_what_is_whole() -> None:
    found = checked(body({"app_version": "1.9.0", "sleep": MESSAGE["sleep"], "weight": MESSAGE["weight"] * 2})[:-30])
    assert (found.kinds, found.rejected) == ({"sleep": 1, "body_mass": 1}, 1)


def test_many_steps_are_few_items() -> None:
    assert account(body(MESSAGE | {"steps": MESSAGE["steps"] * 400})) == (
        BRIDGE,
        {"sleep": 1, "heart_rate": 2, "hrv": 1, "body_mass": 1},
        3,  # of 1,200 rows
        0,
    )


@pytest.mark.parametrize("value", [MESSAGE | RESTING, ALL, CHANGES])
def test_damage_anywhere(value: Any) -> None:
    for data in damaged(value):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    survives(body(data.draw(altered(data.draw(st.sampled_from([MESSAGE | RESTING, ALL, CHANGES]))))))
