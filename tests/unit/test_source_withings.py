"""Withings: summaries of nights with their zone, and the stretches of a night."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pipeline.errors import RefusedError
from tests.unit.reading_files import account, as_json, readings, survives
from tests.unit.vendor_files import plan, sample

NIGHTS = "sleep_summary_300_nights__python-withings.json"
# sample: documents by kind, rows, ignored, rejected
ACCOUNTS: dict[str, tuple[dict[str, int], int, int, int]] = {
    NIGHTS: ({"sleep": 300, "resting_heart_rate": 300}, 600, 0, 0),
    "sleep_summary_2016__shimmer.json": ({"sleep": 2}, 2, 0, 0),
}

SUMMARY = {
    "id": 9,
    "timezone": "Europe/Paris",
    "model": 32,
    "startdate": 1_772_400_000,  # 2026-03-01T21:20:00Z
    "enddate": 1_772_430_000,  # 2026-03-02T05:40:00Z
    "date": "2026-03-02",
    "data": {"total_sleep_time": 27_000, "wakeupduration": 1_800, "hr_min": 48, "sleep_efficiency": 0.5},
    "modified": 1_772_440_000,
}
FIRST = 1_772_400_000
STRETCHES: list[dict[str, Any]] = [
    {"startdate": FIRST + 600, "enddate": FIRST + 4200, "state": 2, "hr": {str(FIRST + 660): 52, str(FIRST + 720): 0}},
    {"startdate": FIRST, "enddate": FIRST + 600, "state": 0, "hr": {str(FIRST + 60): 61}},
    {"startdate": FIRST + 4200, "enddate": FIRST + 6000, "state": 3, "rmssd": {str(FIRST + 4260): 40}},
    {"startdate": FIRST + 6000, "enddate": FIRST + 6300, "state": 1},
    {"startdate": FIRST + 6300, "enddate": FIRST + 6360, "state": 5},
]


def answer(*series: Any, **beside: Any) -> bytes:
    return as_json({"status": 0, "body": {"series": list(series), "more": False, **beside}})


@pytest.mark.parametrize("name", ACCOUNTS)
def test_samples(name: str) -> None:
    assert account(sample(name), tz=None) == ("withings.api", *ACCOUNTS[name])


@pytest.mark.parametrize(
    ("day", "seconds", "start", "end", "asleep", "in_bed", "lowest"),
    [
        ("2021-03-28", 28_260, "2021-03-27T22:30:50", "2021-03-28T07:21:50", 416, 471, 66),
        ("2021-10-31", 34_215, "2021-10-30T22:30:01", "2021-10-31T07:00:16", 481, 557, 59),
    ],
)
def test_nights_in_which_the_clock_changes(
    day: str, seconds: int, start: str, end: str, asleep: float, in_bed: float, lowest: float
) -> None:
    found = readings(sample(NIGHTS), tz=None)
    (night,) = (one for one in found.values() if one.get("end_local", "").startswith(day))
    lasts = datetime.fromisoformat(night["end"]) - datetime.fromisoformat(night["start"])
    assert lasts.total_seconds() == seconds
    assert (night["start_local"], night["end_local"]) == (start, end)
    assert (night["asleep_min"], night["in_bed_min"]) == (asleep, in_bed)
    (resting,) = (one for one in found.values() if one.get("day") == day)
    assert resting["bpm"] == lowest


def test_no_night_of_the_sample_has_more_in_bed_than_it_lasts() -> None:
    nights = [one for one in readings(sample(NIGHTS), tz=None).values() if one["kind"] == "sleep"]
    for night in nights:
        lasts = datetime.fromisoformat(night["end"]) - datetime.fromisoformat(night["start"])
        assert 0 < night["asleep_min"] <= night["in_bed_min"] <= lasts.total_seconds() / 60
    assert len({one["end_local"][:10] for one in nights}) == 300


def test_the_values_of_the_old_sample() -> None:
    found = readings(sample("sleep_summary_2016__shimmer.json"), tz=None)
    assert (found["123"]["asleep_min"], found["123"]["in_bed_min"]) == (186, 186)  # light and deep: 3,360 + 7,800 s
    assert (found["124"]["asleep_min"], found["124"]["in_bed_min"]) == (495, 540)  # 29,700 s and 2,700 s awake
    assert found["124"]["value"] == 1_504_682_107
    assert found["124"]["start_local"] == "2017-09-03T23:19:00"


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"data": None}, {"sleep": 1}, 0, 0),
        ({"data": {"hr_min": 0}}, {"sleep": 1}, 0, 0),
        ({"data": {"hr_min": "x"}}, {"sleep": 1}, 0, 1),
        ({"data": {"hr_min": 7}}, {"sleep": 1}, 0, 1),
        ({"id": None}, {}, 0, 1),
        ({"id": "9"}, {}, 0, 1),
        ({"enddate": None}, {}, 0, 1),
        ({"enddate": FIRST - 1}, {"resting_heart_rate": 1}, 0, 1),
        ({"startdate": -5}, {}, 0, 1),
        ({"startdate": 10**30}, {"resting_heart_rate": 1}, 0, 1),
        ({"timezone": "Mars/Olympus"}, {"resting_heart_rate": 1}, 0, 1),
        ({"date": "yesterday"}, {"sleep": 1}, 0, 1),
        ({"modified": "2026-03-02T10:00:00Z"}, {}, 0, 1),
        ({"category": 16}, {}, 1, 0),
    ],
)
def test_what_a_summary_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    data = answer(SUMMARY | changes)
    assert account(data) == ("withings.api", kinds, sum(kinds.values()) + ignored + rejected, ignored, rejected)
    beside = account(answer(SUMMARY | changes, SUMMARY | {"id": 10}))
    assert beside[3:] == (ignored, rejected)


def test_stretches_are_the_stages_of_one_sleep() -> None:
    assert account(answer(*STRETCHES)) == ("withings.api", {"sleep": 1, "heart_rate": 1}, 2, 0, 0)
    found = readings(answer(*STRETCHES), tz="Europe/Paris")
    night = found[f"sleep/{FIRST}"]
    assert [one["stage"] for one in night["stages"]] == ["awake", "deep", "rem", "light", "unknown"]
    assert night["asleep_min"] == (3600 + 1800 + 300) / 60
    assert (night["start"], night["end"]) == ("2026-03-01T21:20:00Z", "2026-03-01T23:06:00Z")
    assert night["start_local"] == "2026-03-01T22:20:00"
    assert night["stages"][1]["start"] == "2026-03-01T21:30:00Z"
    block = found[f"sleep/{FIRST}/heart_rate"]
    assert (block["start"], block["offset_s"], block["bpm"]) == ("2026-03-01T21:21:00Z", [0, 600], [61, 52])


def test_stretches_more_than_an_hour_apart_are_two_sleeps() -> None:
    touching = {"startdate": FIRST + 6360 + 3600, "enddate": FIRST + 20_000, "state": 1}
    apart = {"startdate": FIRST + 6360 + 3601, "enddate": FIRST + 20_000, "state": 1}
    assert account(answer(*STRETCHES, touching))[1]["sleep"] == 1
    assert account(answer(apart, *STRETCHES))[1]["sleep"] == 2


def test_the_order_of_stretches_does_not_matter() -> None:
    assert readings(answer(*STRETCHES)) == readings(answer(*reversed(STRETCHES)))


@pytest.mark.parametrize(
    ("changes", "kinds", "rejected"),
    [
        ({"hr": None}, {"sleep": 1}, 0),
        ({"hr": {str(FIRST): None}}, {"sleep": 1}, 0),
        ({"hr": {"noon": 60}}, {}, 1),
        ({"hr": [60]}, {}, 1),
        ({"enddate": None}, {}, 1),
        ({"enddate": FIRST - 10}, {}, 1),
        ({"state": "deep"}, {}, 1),
        ({"state": None}, {"sleep": 1}, 0),
    ],
)
def test_bad_stretches(changes: dict[str, Any], kinds: dict[str, int], rejected: int) -> None:
    one = {"startdate": FIRST, "enddate": FIRST + 600, "state": 1} | changes
    assert account(answer(one)) == ("withings.api", kinds, 1, 0, rejected)


def test_stretches_without_a_state_are_of_unknown_stage() -> None:
    night = readings(answer({"startdate": FIRST, "enddate": FIRST + 600, "state": None}))[f"sleep/{FIRST}"]
    assert [one["stage"] for one in night["stages"]] == ["unknown"]
    assert night["asleep_min"] == 0


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (sample("notify_list__python-withings.json"), "list of notifications"),
        (answer(), "holds no nights"),
        (b"userid=1&startdate=1772400000&enddate=1772430000&appli=44", "notification of Withings"),
    ],
)
def test_what_holds_no_nights_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(RefusedError, match=what) as caught:
        plan(data)
    assert "getsummary" in caught.value.do


def test_damaged_and_hostile_files() -> None:
    whole = answer(SUMMARY, *STRETCHES, SUMMARY | {"id": 10})
    assert sum(survives(whole[:length]) for length in range(30, len(whole), 61)) > 0
    cut = answer(*STRETCHES, SUMMARY)[:-60]  # the stretches stand before the cut, and are still one sleep
    assert account(cut) == ("withings.api", {"sleep": 1, "heart_rate": 1}, 3, 0, 1)
    assert survives(answer(SUMMARY, 5, None, "x", [[[[[[]]]]]], {"stretches": []}, {"stretches": [5]}))
    assert survives(answer({"startdate": True, "enddate": 1e400, "state": 1}, {"startdate": FIRST, "state": 1}))
    assert survives(as_json({"body": {"series": {"startdate": 1, "enddate": [], "state": 0}}}))


def test_one_entry_is_as_good_as_an_answer() -> None:
    assert readings(as_json(SUMMARY)) == readings(answer(SUMMARY))
