"""Google Health API: data points with the offset of the place, numbers as texts, two kinds of HRV."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RefusedError
from tests.unit.vendor_files import decoded, plan
from tests.unit.vendor_readings import account, altered, body, checked, damaged, events, survives

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAME = "google_health.api"

SLEEP: dict[str, Any] = {
    "name": "users/me/dataTypes/sleep/dataPoints/n1",
    "dataSource": {"platform": "FITBIT", "recordingMethod": "DERIVED"},
    "sleep": {
        "interval": {
            "startTime": "2026-10-24T21:30:00Z",
            "startUtcOffset": "7200s",
            "endTime": "2026-10-25T06:30:00Z",
            "endUtcOffset": "3600s",  # clocks went back in this night
        },
        "type": "STAGES",
        "stages": [
            {
                "startTime": "2026-10-25T01:30:00Z",
                "startUtcOffset": "3600s",
                "endTime": "2026-10-25T06:30:00Z",
                "endUtcOffset": "3600s",
                "type": "LIGHT",
            },
            {"startTime": "2026-10-24T21:30:00Z", "endTime": "2026-10-25T01:30:00Z", "type": "RESTLESS"},
        ],
        "metadata": {"nap": False, "processed": True},
        "summary": {"minutesAsleep": "300", "minutesAwake": "240", "minutesInSleepPeriod": "540"},
        "updateTime": "2026-10-25T07:00:00Z",
    },
}


def sampled(name: str, at: str, **fields: Any) -> dict[str, Any]:
    return {name: {"sampleTime": {"physicalTime": at, "utcOffset": "3600s"}, **fields}}


HEART = [
    sampled("heartRate", "2026-11-20T06:00:10Z", beatsPerMinute="63"),
    sampled("heartRate", "2026-11-20T05:59:50Z", beatsPerMinute="61"),
    sampled("heartRate", "2026-11-20T05:59:40Z", beatsPerMinute="60"),
]
HRV = sampled(
    "heartRateVariability",
    "2026-11-20T03:00:00Z",
    rootMeanSquareOfSuccessiveDifferencesMilliseconds=41.5,
    standardDeviationMilliseconds=58.0,
)
DATE = {"year": 2026, "month": 11, "day": 20}
DAILY = [
    {
        "dataPointName": "users/me/dataTypes/daily-heart-rate-variability/dataPoints/7",
        "dailyHeartRateVariability": {
            "date": DATE,
            "averageHeartRateVariabilityMilliseconds": 44.5,
            "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds": 58.1,
        },
    },
    {"dailyRestingHeartRate": {"date": DATE, "beatsPerMinute": "52"}},
]
WEIGHT = sampled("weight", "2026-11-20T06:30:00Z", weightGrams=81_250)
STEPS = {"steps": {"count": "39"}, "dataSource": {"platform": "FITBIT"}}
PAGE = {"dataPoints": [SLEEP, *HEART, HRV, *DAILY, WEIGHT, STEPS], "nextPageToken": ""}

# points: documents by kind, ignored, rejected
ACCOUNTS: list[tuple[list[Any], dict[str, int], int, int]] = [
    (PAGE["dataPoints"], {"sleep": 1, "heart_rate": 2, "hrv": 3, "resting_heart_rate": 1, "body_mass": 1}, 1, 0),
    ([], {}, 1, 0),
    ([STEPS], {}, 1, 0),
    ([{"sleep": {"interval": None}}, SLEEP], {"sleep": 1}, 0, 1),
    ([sampled("heartRateVariability", "2026-11-20T03:00:00Z")], {}, 1, 0),
    ([sampled("heartRateVariability", "2026-11-20T03:00:00", standardDeviationMilliseconds=3)], {}, 0, 1),
    ([sampled("heartRate", "2026-11-20T03:00:00Z", beatsPerMinute="fast"), HEART[0]], {"heart_rate": 1}, 0, 1),
    ([sampled("heartRate", "2026-11-20T03:00:00Z", beatsPerMinute=None)], {}, 1, 0),
    ([{"dailyRestingHeartRate": {"date": {"year": 2026, "month": 13, "day": 1}, "beatsPerMinute": "52"}}], {}, 0, 1),
    ([{"dailyRestingHeartRate": {"date": DATE, "beatsPerMinute": "0"}}], {}, 1, 0),
    ([sampled("weight", "2026-11-20T03:00:00Z", weightGrams=1)], {}, 0, 1),
]


@pytest.mark.parametrize(("points", "kinds", "ignored", "rejected"), ACCOUNTS)
def test_points_are_accounted_for(points: list[Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(body({"dataPoints": points})) == (NAME, kinds, ignored, rejected)


def test_a_night_over_the_change_of_clocks() -> None:
    night = events(body({"dataPoints": [SLEEP]}))["sleep/n1"]
    assert (night["start_local"], night["end_local"]) == ("2026-10-24T23:30:00", "2026-10-25T07:30:00")
    assert (night["start"], night["end"]) == ("2026-10-24T21:30:00Z", "2026-10-25T06:30:00Z")  # nine hours
    assert (night["asleep_min"], night["nap"], night["rank"]) == (300, False, 1)
    assert [one["stage"] for one in night["stages"]] == ["awake", "light"]


def test_the_order_of_two_versions_of_a_night_does_not_matter() -> None:
    older = {**SLEEP, "sleep": {**SLEEP["sleep"], "updateTime": "2026-10-25T06:40:00Z"}}
    for points in ([older, SLEEP], [SLEEP, older]):
        versions = decoded(body({"dataPoints": points})).documents.to_pylist()
        assert {(one["document"], one["rank"]) for one in versions} == {("sleep/n1", 1)}
        assert max(one["value"] for one in versions) == 1_792_911_600_000_000  # 07:00, in microseconds


@pytest.mark.parametrize(("nap", "told"), [(True, True), (False, False), (None, False)])
def test_naps(nap: Any, told: bool) -> None:
    point = {**SLEEP, "sleep": {**SLEEP["sleep"], "metadata": {"nap": nap}}}
    assert events(body({"dataPoints": [point]}))["sleep/n1"]["nap"] is told


def test_heart_rates_are_sorted_and_cut_by_the_hour() -> None:
    found = events(body({"dataPoints": HEART}))
    block = found["heart_rate/2026-11-20T06:59:40+01:00"]
    assert (block["start_local"], block["offset_s"], block["bpm"]) == ("2026-11-20T06:59:40", [0, 10], [60, 61])
    assert found["heart_rate/2026-11-20T07:00:10+01:00"]["bpm"] == [63]


def test_rmssd_and_sdnn_are_two_documents() -> None:
    found = events(body({"dataPoints": [HRV]}))
    rmssd, sdnn = found["hrv/2026-11-20T03:00:00Z"], found["hrv/2026-11-20T03:00:00Z/sdnn"]
    assert (rmssd["statistic"], rmssd["value_ms"], rmssd["context"]) == ("rmssd", 41.5, "spot")
    assert (sdnn["statistic"], sdnn["value_ms"], sdnn["measured_at_local"]) == ("sdnn", 58, "2026-11-20T04:00:00")


def test_days_state_their_date() -> None:
    found = events(body({"dataPoints": DAILY}))
    hrv = found["daily-heart-rate-variability/7"]
    assert (hrv["value_ms"], hrv["statistic"], hrv["context"], hrv["day"]) == (44.5, "rmssd", "overnight", "2026-11-20")
    resting = found["resting_heart_rate/2026-11-20"]
    assert (resting["bpm"], resting["day"]) == (52, "2026-11-20")


def test_wrong_stages_do_not_cost_the_night() -> None:
    point = {**SLEEP, "sleep": {**SLEEP["sleep"], "stages": [{"startTime": "x"}]}}
    assert account(body({"dataPoints": [point]})) == (NAME, {"sleep": 1}, 0, 1)


def test_a_page_cut_off_keeps_its_whole_points() -> None:
    found = checked(body({"dataPoints": [SLEEP, WEIGHT]})[:-20])
    assert (found.kinds, found.rejected) == ({"sleep": 1}, 1)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"data": {"healthUserId": "1", "operation": "DELETE", "dataType": "sleep", "intervals": []}}, "notification"),
        ({"rollupDataPoints": [{"heartRate": {"beatsPerMinuteAvg": 60}}]}, "roll-ups"),
    ],
)
def test_what_holds_no_measurement_is_refused(value: Any, word: str) -> None:
    with pytest.raises(RefusedError, match=word) as caught:
        plan(body(value))
    assert caught.value.do


def test_damage_anywhere() -> None:
    for data in damaged(PAGE):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    survives(body(data.draw(altered(PAGE))))
