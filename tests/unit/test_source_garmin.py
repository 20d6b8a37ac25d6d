"""Garmin: the answers of Garmin Connect that people save, and the bodies that the Health API pushes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RefusedError
from tests.unit.vendor_files import plan, sample
from tests.unit.vendor_readings import account, altered, body, checked, damaged, events, survives

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONNECT, HEALTH = "garmin.connect.json", "garmin.health.api"

# file: documents by kind, ignored, rejected
ACCOUNTS: dict[str, tuple[dict[str, int], int, int]] = {
    "heart_rate_2026-01-07__garth.json": ({"heart_rate": 1, "resting_heart_rate": 1}, 0, 0),
    "hrv_daily_2023-07-01_20__garth.json": ({"hrv": 20}, 0, 0),
    "hrv_night_2023-07-20__garth.json": ({"hrv": 1}, 0, 0),
    "sleep_future_2030_empty__garth.json": ({}, 1, 0),
    "sleep_sleepservice_2025-07-07__garth.json": ({"sleep": 1, "resting_heart_rate": 1}, 0, 0),
    "sleep_wellness_2021-07-20__garth.json": ({"sleep": 1}, 0, 0),
}
NIGHT = json.loads(sample("sleep_sleepservice_2025-07-07__garth.json"))
NIGHT_US = 1_751_863_648  # its start, seconds since 1970

SLEEP = {
    "userId": "u1",
    "summaryId": "s-1",
    "calendarDate": "2026-11-20",
    "startTimeInSeconds": 1_795_126_800,  # 2026-11-19T22:20:00Z
    "startTimeOffsetInSeconds": 3600,
    "durationInSeconds": 14_400,
    "deepSleepDurationInSeconds": 3_600,
    "lightSleepDurationInSeconds": 10_800,
    "remSleepInSeconds": 0,
    "awakeDurationInSeconds": 600,
    "sleepLevelsMap": {
        "deep": [{"startTimeInSeconds": 1_795_137_600, "endTimeInSeconds": 1_795_141_200}],
        "light": [{"startTimeInSeconds": 1_795_126_800, "endTimeInSeconds": 1_795_137_600}],
        "awake": [{"startTimeInSeconds": 1_795_141_200, "endTimeInSeconds": 1_795_141_800}],
    },
    "validation": "ENHANCED_TENTATIVE",
    "naps": [
        {
            "napStartTimeInSeconds": 1_795_180_000,
            "napOffsetInSeconds": 3600,
            "napDurationInSeconds": 1_200,
            "napValidation": "DEVICE",
        }
    ],
}
HRV = {
    "userId": "u1",
    "summaryId": "h-1",
    "calendarDate": "2026-11-20",
    "startTimeInSeconds": 1_795_126_800,
    "startTimeOffsetInSeconds": 3600,
    "lastNightAvg": 44,
    "lastNight5MinHigh": 72,
    "hrvValues": {"300": 32, "600": 24},
}
DAY = {
    "userId": "u1",
    "summaryId": "d-1",
    "calendarDate": "2026-11-20",
    "startTimeInSeconds": 1_795_129_200,  # midnight in Berlin
    "startTimeOffsetInSeconds": 3600,
    "durationInSeconds": 86_400,
    "restingHeartRateInBeatsPerMinute": 49,
    "timeOffsetHeartRateSamples": {"15": 75, "30": 76, "3180": 0},
}
BODY = {
    "userId": "u1",
    "summaryId": "b-1",
    "measurementTimeInSeconds": 1_795_158_000,
    "measurementTimeOffsetInSeconds": 3600,
    "weightInGrams": 81_250,
}
PUSH = {
    "sleeps": [SLEEP],
    "hrv": [HRV],
    "dailies": [DAY],
    "bodyComps": [BODY],
    "epochs": [{"userId": "u1", "summaryId": "e-1", "steps": 12}],
    "deregistrations": [{"userId": "u1"}],
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_sample_is_accounted_for(name: str) -> None:
    assert account(sample(name)) == (CONNECT, *ACCOUNTS[name])


def test_a_night_states_the_place_it_was_slept_at() -> None:
    found = events(sample("sleep_sleepservice_2025-07-07__garth.json"))
    night = found["sleep/2025-07-07"]
    assert (night["start"], night["start_local"]) == ("2025-07-07T04:47:28Z", "2025-07-06T22:47:28")
    assert (night["end"], night["end_local"]) == ("2025-07-07T11:37:28Z", "2025-07-07T05:37:28")
    assert (night["asleep_min"], night["nap"]) == (403, False)
    assert "in_bed_min" not in night  # the window is of sleep, and says nothing about the bed
    assert (found["resting_heart_rate/2025-07-07"]["bpm"], found["resting_heart_rate/2025-07-07"]["day"]) == (
        44,
        "2025-07-07",
    )


def test_heart_rates_of_a_day_leave_gaps_out() -> None:
    found = events(sample("heart_rate_2026-01-07__garth.json"))
    block = found["heart_rate/2026-01-07"]
    assert (block["start"], block["start_local"]) == ("2026-01-07T06:00:00Z", "2026-01-07T00:00:00")
    assert len(block["bpm"]) == 707  # of 710, three of them null
    assert (block["offset_s"][:3], block["bpm"][:3]) == ([0, 120, 240], [63, 62, 60])
    assert (block["offset_s"][-1], block["bpm"][-1]) == (86_280, 52)
    assert found["resting_heart_rate/2026-01-07"]["bpm"] == 52


def test_the_list_of_days_and_the_night_are_the_same_documents() -> None:
    of_many = events(sample("hrv_daily_2023-07-01_20__garth.json"))
    of_one = events(sample("hrv_night_2023-07-20__garth.json"))
    assert of_one == {"hrv/2023-07-20": of_many["hrv/2023-07-20"]}
    assert [of_many[f"hrv/2023-07-{day:02d}"]["value_ms"] for day in (1, 3, 12, 20)] == [43, 48, 38, 42]
    assert {(one["statistic"], one["context"]) for one in of_many.values()} == {("rmssd", "overnight")}


def test_what_a_sleep_answer_holds_beside_the_night() -> None:
    answer = NIGHT | {
        "avgOvernightHrv": 51.0,
        "sleepLevels": [
            {"startGMT": "2025-07-07T04:47:28.0", "endGMT": "2025-07-07T05:00:28.0", "activityLevel": 1.0},
            {"startGMT": "2025-07-07T05:00:28.0", "endGMT": "2025-07-07T06:00:28.0", "activityLevel": 0.0},
            {"startGMT": "2025-07-07T06:00:28.0", "endGMT": "2025-07-07T06:10:28.0", "activityLevel": 7.0},
        ],
        "dailyNapDTOS": [
            {
                "napTimeSec": 1500,
                "napStartTimestampGMT": "2025-07-07T20:10:00.0",
                "napEndTimestampGMT": "2025-07-07T20:38:00.0",
            }
        ],
    }
    assert account(body(answer)) == (CONNECT, {"sleep": 2, "hrv": 1, "resting_heart_rate": 1}, 0, 0)
    found = events(body(answer))
    assert [one["stage"] for one in found["sleep/2025-07-07"]["stages"]] == ["light", "deep", "unknown"]
    assert found["sleep/2025-07-07"]["stages"][0]["start_local"] == "2025-07-06T22:47:28"
    nap = found["nap/2025-07-07T20:10:00Z"]
    assert (nap["nap"], nap["asleep_min"], nap["end"]) == (True, 25, "2025-07-07T20:38:00Z")
    assert found["hrv/2025-07-07"]["value_ms"] == 51


def test_a_night_corrected_later_is_the_same_document() -> None:
    moved = NIGHT | {
        "dailySleepDTO": NIGHT["dailySleepDTO"] | {"id": 1, "sleepStartTimestampGMT": (NIGHT_US + 600) * 1000}
    }
    assert events(body(moved)).keys() == events(body(NIGHT)).keys()


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"sleepStartTimestampGMT": None}, {"resting_heart_rate": 1}, 0, 1),
        ({"sleepEndTimestampGMT": "late"}, {"resting_heart_rate": 1}, 0, 1),
        ({"sleepEndTimestampGMT": NIGHT_US * 1000 - 1}, {"resting_heart_rate": 1}, 0, 1),
        ({"sleepTimeSeconds": -60}, {"sleep": 1, "resting_heart_rate": 1}, 0, 1),
        ({"sleepTimeSeconds": None}, {"sleep": 1, "resting_heart_rate": 1}, 0, 0),
        ({"sleepStartTimestampGMT": 1e300}, {"resting_heart_rate": 1}, 0, 1),
    ],
)
def test_what_a_night_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    answer = NIGHT | {"dailySleepDTO": NIGHT["dailySleepDTO"] | changes}
    assert account(body(answer)) == (CONNECT, kinds, ignored, rejected)


def test_a_local_time_that_is_no_zone_leaves_the_instant() -> None:
    odd = NIGHT["dailySleepDTO"] | {"sleepStartTimestampLocal": (NIGHT_US + 61) * 1000}
    night = events(body(NIGHT | {"dailySleepDTO": odd}))["sleep/2025-07-07"]
    assert night["start"] == "2025-07-07T04:47:28Z"
    assert "start_local" not in night


def test_wrong_stages_do_not_cost_the_night() -> None:
    answer = NIGHT | {"sleepLevels": [{"startGMT": "soon", "endGMT": None, "activityLevel": 1}]}
    assert account(body(answer)) == (CONNECT, {"sleep": 1, "resting_heart_rate": 1}, 0, 1)


def test_a_wrong_sample_does_not_cost_the_day() -> None:
    day = json.loads(sample("heart_rate_2026-01-07__garth.json"))
    day["heartRateValues"][5] = [1767766200000, 400]
    day["heartRateValues"][6] = ["x", 60]
    found = checked(body(day))
    assert (found.kinds, found.rejected) == ({"heart_rate": 1, "resting_heart_rate": 1}, 1)
    (reason,) = found.reasons
    assert "2 of 710 samples" in str(reason["message"])
    assert len(events(body(day))["heart_rate/2026-01-07"]["bpm"]) == 705


def test_several_answers_in_one_file() -> None:
    answers = [NIGHT, json.loads(sample("sleep_future_2030_empty__garth.json"))]
    assert account(body(answers)) == (CONNECT, {"sleep": 1, "resting_heart_rate": 1}, 1, 0)


def test_a_push_is_read_type_by_type() -> None:
    kinds = {"sleep": 2, "hrv": 1, "resting_heart_rate": 1, "heart_rate": 1, "body_mass": 1}
    found = checked(body(PUSH))
    assert (found.decoder, found.kinds, found.rejected) == (HEALTH, kinds, 0)
    assert {str(one["reason"]) for one in found.reasons} == {"other_data", "about_the_connection"}
    by_document = events(body(PUSH))
    night = by_document["s-1"]
    # asleep for 14,400 s and awake for 600: the end is that of the last stage
    assert (night["start"], night["end"], night["end_local"]) == (
        "2026-11-19T22:20:00Z",
        "2026-11-20T02:30:00Z",
        "2026-11-20T03:30:00",
    )
    assert night["asleep_min"] == 240
    assert [one["stage"] for one in night["stages"]] == ["light", "deep", "awake"]
    assert by_document["s-1/nap/1795180000"]["end"] == "2026-11-20T13:26:40Z"
    assert (by_document["h-1"]["value_ms"], by_document["h-1"]["day"]) == (44, "2026-11-20")
    assert (by_document["d-1/resting_heart_rate"]["bpm"], by_document["d-1/resting_heart_rate"]["day"]) == (
        49,
        "2026-11-20",
    )
    block = by_document["d-1/heart_rate"]
    assert (block["start_local"], block["offset_s"], block["bpm"]) == ("2026-11-20T00:00:15", [0, 15], [75, 76])
    assert by_document["b-1"]["mass"] == {"value": 81.25, "unit": "kg"}


@pytest.mark.parametrize(
    ("changes", "end", "asleep_min"),
    [
        ({"sleepLevelsMap": None}, "2026-11-20T02:30:00Z", 240),  # asleep and awake stand one after the other
        ({"sleepLevelsMap": {}, "durationInSeconds": 15_600}, "2026-11-20T02:40:00Z", 240),
        (
            {
                "sleepLevelsMap": None,
                "validation": "MANUAL",
                "deepSleepDurationInSeconds": 0,
                "lightSleepDurationInSeconds": 0,
                "awakeDurationInSeconds": 0,
            },
            "2026-11-20T02:20:00Z",
            None,  # what somebody typed in says when they lay down, not how long they slept
        ),
    ],
)
def test_the_end_of_a_night_without_stages(changes: dict[str, Any], end: str, asleep_min: float | None) -> None:
    night = events(body({"sleeps": [SLEEP | changes]}))["s-1"]
    assert (night["end"], night.get("asleep_min")) == (end, asleep_min)


@pytest.mark.parametrize(
    ("push", "kinds", "ignored", "rejected"),
    [
        ({"deregistrations": [{"userId": "u1"}]}, {}, 1, 0),
        ({"hrv": [HRV | {"lastNightAvg": None}]}, {}, 1, 0),
        ({"hrv": [HRV | {"calendarDate": None}]}, {}, 0, 1),
        ({"hrv": [HRV | {"summaryId": None}, HRV]}, {"hrv": 1}, 0, 1),
        ({"dailies": [DAY | {"timeOffsetHeartRateSamples": None, "restingHeartRateInBeatsPerMinute": None}]}, {}, 1, 0),
        ({"dailies": [DAY | {"timeOffsetHeartRateSamples": {"x": 60}}]}, {"resting_heart_rate": 1}, 0, 1),
        ({"bodyComps": [BODY | {"weightInGrams": 0}]}, {}, 1, 0),
        ({"bodyComps": [BODY | {"weightInGrams": 900_000}]}, {}, 0, 1),
        ({"sleeps": [SLEEP | {"naps": [None]}], "hrv": []}, {"sleep": 1}, 1, 1),
        ({"sleeps": [SLEEP | {"sleepLevelsMap": {"deep": [7]}, "naps": None}]}, {"sleep": 1}, 0, 1),
        ({"sleeps": [SLEEP | {"startTimeInSeconds": None}]}, {}, 0, 1),
        ({"activityFiles": [{"userId": "u1", "summaryId": "a", "callbackURL": "https://example.org/x"}]}, {}, 1, 0),
    ],
)
def test_what_a_push_may_lack(push: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(body(push)) == (HEALTH, kinds, ignored, rejected)


def test_a_push_about_several_users_is_refused() -> None:
    both = {"sleeps": [SLEEP], "hrv": [HRV | {"userId": "u2"}]}
    with pytest.raises(RefusedError, match="several users") as caught:
        plan(body(both))
    assert "userId" in caught.value.do
    with pytest.raises(RefusedError, match="several users"):  # also when its end is lost
        plan(body({"sleeps": [SLEEP, SLEEP | {"userId": "u2"}], "hrv": [HRV]})[:-30])


def test_a_ping_is_refused() -> None:
    with pytest.raises(RefusedError, match="ping"):
        plan(body({"sleeps": [{"userId": "u1", "callbackURL": "https://example.org/sleeps?token=1"}]}))


def test_of_a_push_cut_off_the_whole_summaries_are_read() -> None:
    push = {"sleeps": [SLEEP | {"naps": None}, SLEEP | {"summaryId": "s-2", "naps": None}]}
    found = checked(body(push)[:-200])
    assert (found.kinds, found.rejected) == ({"sleep": 1}, 1)
    assert found.reasons[0]["reason"] == "invalid_json"
    assert "s-2" in str(found.reasons[0]["message"])  # where the reading stopped


@pytest.mark.parametrize("value", [NIGHT, PUSH, json.loads(sample("hrv_daily_2023-07-01_20__garth.json"))])
def test_damage_anywhere(value: Any) -> None:
    for data in damaged(value):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from([NIGHT, PUSH, {"hrvSummary": HRV | {"calendarDate": "2026-11-20"}}]))
    survives(body(data.draw(altered(value))))
