"""Fitbit: answers of the Web API and files of the account export, in the zone each of them is written in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.vendor_files import plan, sample
from tests.unit.vendor_readings import account, altered, body, checked, damaged, events, survives

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
API, EXPORT, CSV, BERLIN = "fitbit.api", "fitbit.export.json", "fitbit.csv", "Europe/Berlin"

# file: documents by kind, ignored, rejected
ACCOUNTS: dict[str, tuple[dict[str, int], int, int]] = {
    "fitbit-activities-heart-1d-1m-intraday__shimmer.json": ({"heart_rate": 1}, 1, 0),
    "fitbit-sleep-date-range-empty-sleep-list__shimmer.json": ({}, 1, 0),
    "fitbit-sleep-date-range__shimmer.json": ({"sleep": 2}, 0, 0),
}
NIGHTS = json.loads(sample("fitbit-sleep-date-range__shimmer.json"))
LOG: dict[str, Any] = {
    "dateOfSleep": "2025-03-02",
    "duration": 10_800_000,
    "efficiency": 97,
    "startTime": "2025-03-01T23:30:00.000",
    "endTime": "2025-03-02T02:30:00.000",
    "isMainSleep": True,
    "logId": 47_112_233_445,
    "minutesAsleep": 160,
    "timeInBed": 180,
    "type": "stages",
    "levels": {
        "data": [
            {"dateTime": "2025-03-01T23:30:00.000", "level": "wake", "seconds": 600},
            {"dateTime": "2025-03-01T23:40:00.000", "level": "light", "seconds": 3_600},
            {"dateTime": "2025-03-02T00:40:00.000", "level": "deep", "seconds": 3_000},
            {"dateTime": "2025-03-02T01:30:00.000", "level": "rem", "seconds": 3_600},
        ],
        "shortData": [
            {"dateTime": "2025-03-02T00:10:00.000", "level": "wake", "seconds": 60},
            {"dateTime": "2025-03-02T02:28:00.000", "level": "wake", "seconds": 120},
        ],
    },
}
HRV = {
    "hrv": [
        {"value": {"dailyRmssd": 34.938, "deepRmssd": 31.567}, "dateTime": "2025-03-02"},
        {"minutes": [{"minute": "2025-03-03T01:10:00.000", "value": {"rmssd": 26.6}}], "dateTime": "2025-03-03"},
        {"value": {"dailyRmssd": None}, "dateTime": "2025-03-04"},
    ]
}
HEART: dict[str, Any] = {
    "activities-heart": [{"dateTime": "2025-03-02", "value": {"heartRateZones": [], "restingHeartRate": 57}}],
    "activities-heart-intraday": {
        "dataset": [
            {"time": "00:00:05", "value": 60},
            {"time": "00:59:59", "value": 61},
            {"time": "01:00:00", "value": 62},
        ],
        "datasetInterval": 1,
        "datasetType": "second",
    },
}
SAMPLES = [
    {"dateTime": "03/02/25 05:00:03", "value": {"bpm": 67, "confidence": 2}},
    {"dateTime": "03/02/25 05:00:08", "value": {"bpm": 70, "confidence": 0}},
    {"dateTime": "03/02/25 05:00:18", "value": {"bpm": 69, "confidence": 3}},
    {"dateTime": "03/02/25 06:10:00", "value": {"bpm": 71, "confidence": 1}},
]
RESTING = [
    {"dateTime": "03/02/25 00:00:00", "value": {"date": "03/02/25", "value": 57.42, "error": 6.78}},
    {"dateTime": "03/03/25 00:00:00", "value": {"date": None, "value": 0.0, "error": 0.0}},
]
SUMMARY = b"timestamp,rmssd,nremhr,entropy\n2025-03-02T00:00:00,34.938,55.1,2.4\n2025-03-03T00:00:00,NaN,55.1,2.4\n"


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_sample_is_accounted_for(name: str) -> None:
    assert account(sample(name), tz=BERLIN) == (API, *ACCOUNTS[name])


def test_a_night_without_stages() -> None:
    found = events(sample("fitbit-sleep-date-range__shimmer.json"), tz=BERLIN)
    morning, night = found["13214029456"], found["13211507000"]  # two of one day
    assert (morning["start_local"], morning["end_local"]) == ("2016-12-13T09:59:00", "2016-12-13T11:02:30")
    assert (morning["start"], morning["asleep_min"], morning["in_bed_min"]) == ("2016-12-13T08:59:00Z", 63, 63)
    assert (night["asleep_min"], night["in_bed_min"], night["nap"]) == (112, 118, False)
    # restless minutes are awake: 112 asleep, 6 restless, and the vendor's own count awake is 6
    lengths: dict[str, int] = {}
    for one in night["stages"]:
        minutes = int(one["end"][11:13]) * 60 + int(one["end"][14:16])
        minutes -= int(one["start"][11:13]) * 60 + int(one["start"][14:16])
        lengths[one["stage"]] = lengths.get(one["stage"], 0) + minutes
    assert lengths == {"asleep": 112, "awake": 6}


def test_samples_of_the_day_are_wall_clocks() -> None:
    (block,) = events(sample("fitbit-activities-heart-1d-1m-intraday__shimmer.json"), tz=BERLIN).values()
    assert (block["start_local"], block["start"]) == ("2015-08-21T00:01:00", "2015-08-20T22:01:00Z")
    assert (block["offset_s"], block["bpm"]) == ([0, 60, 120, 180, 240], [64, 63, 64, 65, 65])


@pytest.mark.parametrize("name", ["fitbit-sleep-date-range__shimmer.json", *list(ACCOUNTS)[:1]])
def test_a_zone_is_asked_for(name: str) -> None:
    with pytest.raises(ZoneNeededError, match="time zone"):
        plan(sample(name), tz=None)


def test_short_wakes_lie_over_the_stages() -> None:
    night = events(body({"sleep": [LOG]}), tz="UTC")["47112233445"]
    assert [(one["stage"], one["start"][11:16], one["end"][11:16]) for one in night["stages"]] == [
        ("awake", "23:30", "23:40"),
        ("light", "23:40", "00:10"),
        ("awake", "00:10", "00:11"),
        ("light", "00:11", "00:40"),
        ("deep", "00:40", "01:30"),
        ("rem", "01:30", "02:28"),
        ("awake", "02:28", "02:30"),
    ]
    assert "efficiency" not in night


def test_the_export_is_the_same_nights_as_the_api() -> None:
    assert account(body([LOG]), tz="UTC") == (API, {"sleep": 1}, 0, 0)
    assert events(body([LOG]), tz="UTC") == events(body({"sleep": [LOG]}), tz="UTC")


@pytest.mark.parametrize(
    ("changes", "nap"), [({"isMainSleep": False}, True), ({"isMainSleep": None}, False), ({"isMainSleep": True}, False)]
)
def test_a_nap_is_what_is_not_the_main_sleep(changes: dict[str, Any], nap: bool) -> None:
    assert events(body([LOG | changes]), tz="UTC")["47112233445"]["nap"] is nap


@pytest.mark.parametrize(
    ("changes", "kinds", "rejected"),
    [
        ({"levels": None}, {"sleep": 1}, 0),
        ({"levels": {"data": [{"dateTime": "x", "level": "deep", "seconds": 60}]}}, {"sleep": 1}, 1),
        ({"logId": None}, {}, 1),
        ({"endTime": "2025-03-01T23:00:00.000"}, {}, 1),
        ({"minutesAsleep": "long"}, {}, 1),
    ],
)
def test_what_a_night_may_lack(changes: dict[str, Any], kinds: dict[str, int], rejected: int) -> None:
    assert account(body([LOG | changes]), tz="UTC") == (API, kinds, 0, rejected)


def test_hrv_is_the_night_and_not_its_five_minutes() -> None:
    assert account(body(HRV)) == (API, {"hrv": 1}, 2, 0)
    assert {str(one["reason"]) for one in plan(body(HRV)).reasons} == {"five_minute_values", "no_reading"}
    (night,) = events(body(HRV)).values()
    assert (night["value_ms"], night["statistic"], night["day"]) == (34.938, "rmssd", "2025-03-02")


def test_intraday_heart_rate_is_cut_by_the_hour() -> None:
    assert account(body(HEART), tz="UTC") == (API, {"heart_rate": 2, "resting_heart_rate": 1}, 0, 0)
    found = events(body(HEART), tz="UTC")
    assert found["heart_rate/2025-03-02T00:00:05"]["offset_s"] == [0, 3594]
    assert found["heart_rate/2025-03-02T01:00:00"]["bpm"] == [62]
    assert (found["resting_heart_rate/2025-03-02"]["bpm"], found["resting_heart_rate/2025-03-02"]["day"]) == (
        57,
        "2025-03-02",
    )


def test_samples_of_no_known_day_are_not_placed() -> None:
    two_days = HEART | {"activities-heart": HEART["activities-heart"] + [{"dateTime": "2025-03-03", "value": {}}]}
    assert account(body(two_days), tz="UTC") == (API, {"resting_heart_rate": 1}, 1, 2)


def test_a_day_of_every_second_fits_into_its_parts() -> None:
    clock = [f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}" for at in range(0, 86_400, 2)]
    dataset = [{"time": time, "value": 60 + index % 40} for index, time in enumerate(clock)]
    day = HEART | {"activities-heart-intraday": {"dataset": dataset}}
    assert account(body(day), tz="UTC") == (API, {"heart_rate": 144, "resting_heart_rate": 1}, 0, 0)
    found = events(body(day), tz="UTC")
    assert sum(len(one["bpm"]) for one in found.values() if one["kind"] == "heart_rate") == 43_200


def test_the_exports_heart_rate_is_in_utc() -> None:
    assert account(body(SAMPLES)) == (EXPORT, {"heart_rate": 2}, 0, 0)  # and needs no zone
    found = events(body(SAMPLES))
    block = found["heart_rate/2025-03-02T05:00:03Z"]
    # the device was not sure of the second sample
    assert (block["start"], block["offset_s"], block["bpm"]) == ("2025-03-02T05:00:03Z", [0, 15], [67, 69])
    assert found["heart_rate/2025-03-02T06:10:00Z"]["bpm"] == [71]


def test_the_exports_resting_heart_rate() -> None:
    assert account(body(RESTING)) == (EXPORT, {"resting_heart_rate": 1}, 1, 0)
    day = events(body(RESTING))["resting_heart_rate/2025-03-02"]
    assert (day["bpm"], day["day"]) == (57.42, "2025-03-02")


def test_an_export_in_another_order_of_the_date_is_not_guessed() -> None:
    swapped = [one | {"dateTime": "02/30/25 05:00:03"} for one in SAMPLES]
    found = checked(body(swapped))
    assert (found.kinds, found.rejected) == ({}, 1)


def test_the_summaries_of_the_export_are_the_apis_documents() -> None:
    found = checked(SUMMARY)
    assert (found.decoder, found.kinds, found.rejected) == (CSV, {"hrv": 1}, 1)
    assert events(SUMMARY) == events(body(HRV))


@pytest.mark.parametrize(
    ("row", "ignored", "rejected"),
    [
        (b"2025-03-05T00:00:00,,55,2", 1, 0),
        (b"2025-03-05T00:00:00,0,55,2", 1, 0),
        (b"yesterday,40,55,2", 0, 1),
        (b"2025-03-05T00:00:00,4000,55,2", 0, 1),
        (b"2025-03-05T00:00:00,40", 0, 1),
    ],
)
def test_rows_that_are_no_night(row: bytes, ignored: int, rejected: int) -> None:
    data = SUMMARY.splitlines()[0] + b"\n2025-03-02T00:00:00,34.938,55.1,2.4\n" + row + b"\n"
    assert account(data) == (CSV, {"hrv": 1}, ignored, rejected)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"timestamp,rmssd,coverage,low_frequency,high_frequency\n2025-03-02T01:00:00,30,0.9,1,1\n", "five-minute"),
        (body([{"collectionType": "sleep", "date": "2025-03-02", "ownerId": "A", "subscriptionId": "1"}]), "notific"),
    ],
)
def test_what_holds_no_readings_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(RefusedError, match=word) as caught:
        plan(data)
    assert caught.value.do


def test_of_a_file_cut_off_whole_entries_are_read() -> None:
    found = checked(body(HEART)[:-70], tz="UTC")  # in the last sample
    assert (found.kinds, found.rejected) == ({"heart_rate": 1, "resting_heart_rate": 1}, 1)
    found = checked(body(SAMPLES)[:-20])
    assert (found.kinds, found.rejected) == ({"heart_rate": 1}, 1)


@pytest.mark.parametrize("value", [NIGHTS, HRV, HEART, SAMPLES, RESTING])
def test_damage_anywhere(value: Any) -> None:
    for data in damaged(value):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from([[LOG], NIGHTS, HRV, HEART, SAMPLES, RESTING]))
    survives(body(data.draw(altered(value))))


@given(tail=st.binary(max_size=200))
@SLOW
def test_any_bytes_after_the_header(tail: bytes) -> None:
    survives(SUMMARY + tail)


def test_an_empty_day_is_no_day_whole_or_in_part() -> None:
    answer = {
        "activities-heart": [{"dateTime": "", "value": {}}],
        "activities-heart-intraday": {"dataset": [{"time": "05:00:00", "value": 60}]},
    }
    survives(body(answer))  # decodes whole and item by item, and compares what was said
