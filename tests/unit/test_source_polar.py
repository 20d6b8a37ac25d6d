"""Polar AccessLink: nights, nightly recharge, samples of a day on the watch's clock, samples of exercises."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, as_json, readings, survives
from tests.unit.vendor_files import plan, sample

# sample: samples of the day, first and last time of it, lowest and highest bpm
DAYS = {
    "continuous_hr_2025-06-30__polar-metrics.json": (1156, "00:02:38", "23:57:44", 58, 83),
    "continuous_hr_2025-07-01__polar-metrics.json": (857, "00:02:44", "23:57:07", 61, 87),
    "continuous_hr_2025-07-06__polar-metrics.json": (557, "00:02:52", "23:55:05", 59, 85),
    "continuous_hr_2025-07-12__polar-metrics.json": (586, "00:04:54", "23:59:04", 66, 86),
}

NIGHT = {
    "polar_user": "https://www.polaraccesslink/v3/users/1",
    "date": "2026-03-02",
    "sleep_start_time": "2026-03-01T22:39:07+02:00",
    "sleep_end_time": "2026-03-02T06:19:37+02:00",
    "light_sleep": 14_400,
    "deep_sleep": 5_400,
    "rem_sleep": 5_400,
    "unrecognized_sleep_stage": 600,
    "total_interruption_duration": 1_830,
    "sleep_score": 80,
    "hypnogram": {"22:39": 2, "23:50": 4, "00:20": 0, "00:25": 1, "01:00": 3, "05:00": 6},
    "heart_rate_samples": {"22:41": 61, "23:51": 52, "00:01": 0, "06:01": 50},
}
RECHARGE = {
    "polar_user": "https://www.polaraccesslink/v3/users/1",
    "date": "2026-03-02",
    "heart_rate_avg": 50,
    "beat_to_beat_avg": 1196,
    "heart_rate_variability_avg": 47,
    "breathing_rate_avg": 14.2,
    "ans_charge": -1.5,
    "hrv_samples": {"23:10": 42, "23:15": 0},
}
EXERCISE = {
    "id": "2AC312F",
    "start_time": "2026-03-02T18:00:00",
    "start_time_utc_offset": 120,
    "duration": "PT30M",
    "detailed_sport_info": "STRENGTH_TRAINING",
    "heart_rate": {"average": 120, "maximum": 150},
    "samples": [
        {"recording_rate": 5, "sample_type": "0", "data": "0,100,102,,99"},
        {"recording_rate": 0, "sample_type": "11", "data": "600,612,0,590"},
        {"recording_rate": 5, "sample_type": "1", "data": "0,1,2"},
    ],
}


def day(date: str, **times: Any) -> bytes:
    """A day of samples, given as ``t0130=61``."""
    samples = [{"heart_rate": bpm, "sample_time": f"{at[1:3]}:{at[3:5]}:00"} for at, bpm in times.items()]
    return as_json({"polar_user": "u", "date": date, "heart_rate_samples": samples})


@pytest.mark.parametrize("name", DAYS)
def test_samples_of_a_day(name: str) -> None:
    assert account(sample(name), tz="Europe/Madrid") == ("polar.api", {"heart_rate": 1}, 1, 0, 0)
    count, first, last, lowest, highest = DAYS[name]
    date = name[14:24]
    block = readings(sample(name), tz="Europe/Madrid")[f"continuous_heart_rate/{date}"]
    hours, minutes, seconds = map(int, last.split(":"))
    start_hours, start_minutes, start_seconds = map(int, first.split(":"))
    lasts = (hours - start_hours) * 3600 + (minutes - start_minutes) * 60 + seconds - start_seconds
    assert block["start_local"] == f"{date}T{first}"
    assert (block["offset_s"][0], block["offset_s"][-1]) == (0, lasts)
    assert (len(block["bpm"]), min(block["bpm"]), max(block["bpm"])) == (count, lowest, highest)


def test_samples_of_a_day_need_a_zone() -> None:
    with pytest.raises(ZoneNeededError):
        plan(day("2026-03-02", t0130=61), tz=None)
    assert account(as_json([NIGHT, RECHARGE, EXERCISE]), tz=None)[4] == 0  # these say where they are from


@pytest.mark.parametrize(
    ("date", "offsets"),
    [
        ("2026-03-02", [0, 7200, 10_800]),
        ("2026-03-29", [0, 3600, 7200]),  # the clock goes forward at 02:00
        ("2026-10-25", [0, 10_800, 14_400]),  # it goes back at 03:00
    ],
)
def test_seconds_of_a_day_are_elapsed_ones(date: str, offsets: list[float]) -> None:
    block = readings(day(date, t0130=61, t0330=60, t0430=59))[f"continuous_heart_rate/{date}"]
    assert block["offset_s"] == offsets
    assert block["bpm"] == [61, 60, 59]


def test_a_range_of_days_is_a_block_each() -> None:
    one = {"date": "2026-03-02", "heart_rate_samples": [{"heart_rate": 60, "sample_time": "10:00:00"}]}
    empty = {"date": "2026-03-03", "heart_rate_samples": []}
    unseen = {"date": "2026-03-04", "heart_rate_samples": [{"heart_rate": 0, "sample_time": "10:00:00"}]}
    days = as_json({"heart_rates": [one, empty, unseen, one | {"date": "2026-03-05"}]})
    assert account(days) == ("polar.api", {"heart_rate": 2}, 4, 2, 0)


def test_a_night() -> None:
    data = as_json({"nights": [NIGHT]})
    assert account(data, tz=None) == ("polar.api", {"sleep": 1, "heart_rate": 1}, 2, 0, 0)
    found = readings(data, tz=None)
    night = found["sleep/2026-03-02"]
    assert (night["start"], night["end_local"]) == ("2026-03-01T20:39:07Z", "2026-03-02T06:19:37")
    assert night["asleep_min"] == 430  # all stages, also the one that was not recognised
    assert "in_bed_min" not in night
    assert [(one["stage"], one["start_local"][11:]) for one in night["stages"]] == [
        ("light", "22:39:07"),
        ("deep", "23:50:00"),
        ("awake", "00:20:00"),
        ("rem", "00:25:00"),
        ("light", "01:00:00"),
        ("unknown", "05:00:00"),
    ]
    assert night["stages"][0]["end_local"] == "2026-03-01T23:50:00"
    assert night["stages"][-1]["end_local"] == "2026-03-02T06:19:37"
    block = found["sleep/2026-03-02/heart_rate"]
    assert (block["offset_s"], block["bpm"]) == ([113, 4313, 26_513], [61, 52, 50])


def test_a_night_in_which_the_clock_changes_has_no_stages() -> None:
    night = NIGHT | {"sleep_start_time": "2026-03-28T23:00:00+01:00", "sleep_end_time": "2026-03-29T07:00:00+02:00"}
    data = as_json({"nights": [night]})
    assert account(data, tz=None) == ("polar.api", {"sleep": 1}, 2, 1, 0)
    assert plan(data).reasons[0]["reason"] == "clock_changed"
    found = readings(data)["sleep/2026-03-02"]
    assert (found["start"], found["end"]) == ("2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z")
    assert "stages" not in found


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"hypnogram": None, "heart_rate_samples": {}}, {"sleep": 1}, 0, 0),
        ({"heart_rate_samples": {"23:00": None, "23:05": -1}}, {"sleep": 1}, 1, 0),
        ({"heart_rate_samples": {"25:00": 60}}, {"sleep": 1}, 0, 1),
        ({"heart_rate_samples": [60]}, {"sleep": 1}, 0, 1),
        ({"heart_rate_samples": {"23:00": 300}}, {"sleep": 1}, 0, 1),
        ({"hypnogram": {"now": 1}, "heart_rate_samples": None}, {}, 0, 1),
        ({"light_sleep": "long", "heart_rate_samples": None}, {}, 0, 1),
        ({"date": None}, {}, 0, 1),
        ({"sleep_end_time": None}, {}, 0, 1),
        ({"sleep_end_time": "2026-03-01T20:00:00+02:00", "hypnogram": None, "heart_rate_samples": None}, {}, 0, 1),
    ],
)
def test_what_a_night_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    found = account(as_json({"nights": [NIGHT | changes]}), tz=None)
    assert found == ("polar.api", kinds, sum(kinds.values()) + ignored + rejected, ignored, rejected)
    beside = account(as_json({"nights": [NIGHT | changes, NIGHT | {"date": "2026-03-03"}]}), tz=None)
    assert beside[3:] == (ignored, rejected)


def test_a_night_without_minutes_has_none() -> None:
    bare = NIGHT | {"light_sleep": 0, "deep_sleep": None, "rem_sleep": 0, "unrecognized_sleep_stage": 0}
    assert "asleep_min" not in readings(as_json({"nights": [bare]}))["sleep/2026-03-02"]


def test_nightly_recharge_is_the_mean_of_the_night() -> None:
    data = as_json({"recharges": [RECHARGE]})
    assert account(data, tz=None) == ("polar.api", {"hrv": 1}, 1, 0, 0)
    (found,) = readings(data, tz=None).values()
    assert (found["value_ms"], found["statistic"], found["context"]) == (47, "rmssd", "overnight")
    assert found["day"] == "2026-03-02"
    unset = as_json({"recharges": [RECHARGE | {"heart_rate_variability_avg": None}]})
    assert account(unset, tz=None) == ("polar.api", {}, 1, 1, 0)


def test_samples_of_an_exercise() -> None:
    assert account(as_json([EXERCISE]), tz=None) == ("polar.api", {"heart_rate": 1, "rr_intervals": 1}, 2, 0, 0)
    found = readings(as_json(EXERCISE), tz=None)
    block = found["exercise/2AC312F/heart_rate"]
    assert (block["start"], block["start_local"]) == ("2026-03-02T16:00:00Z", "2026-03-02T18:00:00")
    assert (block["offset_s"], block["bpm"], block["context"]) == ([5, 10, 20], [100, 102, 99], "exercise")
    assert found["exercise/2AC312F/rr_intervals"]["rr_ms"] == [600, 612, 0, 590]


def test_an_exercise_with_dashes_in_its_names() -> None:
    dashed = {key.replace("_", "-"): value for key, value in EXERCISE.items() if key != "samples"}
    dashed["samples"] = [{"recording-rate": 5, "sample-type": "0", "data": "0,100,102,,99"}]
    block = readings(as_json(dashed), tz=None)["exercise/2AC312F/heart_rate"]
    assert block == readings(as_json(EXERCISE), tz=None)["exercise/2AC312F/heart_rate"]


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"samples": None}, {}, 1, 0),
        ({"samples": [{"sample_type": "0", "recording_rate": 5, "data": "0,0"}]}, {}, 1, 0),
        ({"samples": [{"sample_type": "0", "data": "60"}]}, {}, 0, 1),
        ({"samples": [{"sample_type": "0", "recording_rate": 5, "data": "a,b"}]}, {}, 0, 1),
        ({"samples": [{"sample_type": "0", "recording_rate": 5, "data": [60]}]}, {}, 0, 1),
        ({"samples": 5}, {}, 0, 1),
        ({"start_time_utc_offset": 5000}, {}, 0, 1),
        ({"id": None}, {}, 0, 1),
    ],
)
def test_what_an_exercise_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(as_json([EXERCISE | changes])) == ("polar.api", kinds, ignored + rejected, ignored, rejected)


def test_damaged_and_hostile_files() -> None:
    whole = as_json({"nights": [NIGHT, NIGHT | {"date": "2026-03-03"}]})
    assert sum(survives(whole[:length]) for length in range(100, len(whole), 83)) > 0
    cut = account(whole[:-30], tz=None)
    assert cut == ("polar.api", {"sleep": 1, "heart_rate": 1}, 3, 0, 1)
    assert survives(as_json({"nights": [NIGHT, 5, None, "x", [[]], {"sleep_start_time": {}, "sleep_end_time": 1}]}))
    bad = [{"heart_rate": 60, "sample_time": "noon"}]
    assert account(as_json({"date": "2026-03-02", "heart_rate_samples": bad}))[4] == 1
    assert account(as_json({"date": "2026-03-02", "heart_rate_samples": [*bad, 5], "sample_time": 1}))[4] == 1
    assert survives(as_json({"date": ["x"], "heart_rate_samples": {"sample_time": 1}}))


def test_other_answers_are_refused() -> None:
    with pytest.raises(RefusedError):
        plan(as_json({"polar_user": "u", "calories": 2000, "active_steps": 250}))
