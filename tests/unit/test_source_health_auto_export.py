"""Health Auto Export: sums of nights in three versions, single stretches, samples and values with their units."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UnitNeededError
from tests.unit.vendor_files import decoded, plan, sample
from tests.unit.vendor_readings import account, altered, body, checked, damaged, events, survives

NAME = "apple_health.auto_export.json"
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# sample: documents by kind, ignored, rejected
SAMPLES: dict[str, tuple[dict[str, int], int, int]] = {
    "metrics__apple-health-ingester.json": ({}, 2, 0),  # energy, and a temperature without values
    "sleep_aggregated_old__apple-health-ingester.json": ({"sleep": 1}, 0, 0),
    "workouts_v1__apple-health-ingester.json": ({}, 1, 0),
}


def at(clock: str, day: int = 20) -> str:
    return f"2026-11-{day:02d} {clock}:00 +0100"


def metric(name: str, units: str | None, *rows: Any) -> dict[str, Any]:
    return {"name": name, "data": list(rows)} | ({} if units is None else {"units": units})


def message(*metrics: Any, **beside: Any) -> dict[str, Any]:
    return {"data": {"metrics": list(metrics), **beside}}


def stretch(value: str, start: str, end: str, source: str = "Watch") -> dict[str, Any]:
    return {"startDate": start, "endDate": end, "date": start, "value": value, "qty": 1, "source": source}


BEATS = metric(
    "heart_rate",
    "bpm",
    {"date": at("05:10"), "Min": 50, "Avg": 52.5, "Max": 55, "source": "Watch"},
    {"date": at("05:11"), "Min": 60, "Avg": 60, "Max": 60, "source": "Watch"},
    {"date": at("06:00"), "Min": 61, "Avg": 61, "Max": 61, "source": "Watch"},
)
HRV = metric("heart_rate_variability", "ms", {"date": at("05:12"), "qty": 44.5, "source": "Watch"})
RESTING = metric("resting_heart_rate", "count/min", {"date": at("00:00"), "qty": 49, "source": "Watch"})
WEIGHT = metric("weight_body_mass", "lb", {"date": at("07:00"), "qty": 180.5, "source": "Scale"})
SUM = {
    "date": at("00:00"),
    "inBed": 0,
    "asleep": 0,
    "core": 4,
    "deep": 1.5,
    "rem": 2,
    "awake": 0.25,
    "sleepStart": at("22:30", 19),
    "sleepEnd": at("06:15"),
    "inBedStart": at("22:30", 19),
    "inBedEnd": at("06:15"),
    "source": "Watch",
}
NIGHT = metric("sleep_analysis", "hr", SUM)
STRETCHES = metric(
    "sleep_analysis",
    "hr",
    stretch("In Bed", at("22:00", 19), at("06:30"), "Phone"),
    stretch("Core", at("22:30", 19), at("01:00")),
    stretch("Awake", at("01:00"), at("01:10")),
    stretch("Deep", at("01:10"), at("02:00")),
    stretch("REM", at("02:00"), at("06:00")),
    stretch("Core", at("14:00"), at("14:30")),
)
STEPS = metric("step_count", "count", {"date": at("07:00"), "qty": 12})
ALL = message(BEATS, HRV, RESTING, WEIGHT, NIGHT, STEPS, workouts=[{"name": "Walking", "route": [{"lat": 1}]}])
EVERY_KIND = {"heart_rate": 2, "hrv": 1, "resting_heart_rate": 1, "body_mass": 1, "sleep": 1}

# what is sent: documents by kind, ignored, rejected
ACCOUNTS: list[tuple[Any, dict[str, int], int, int]] = [
    (ALL, EVERY_KIND, 2, 0),
    ([ALL, message(STEPS)], EVERY_KIND, 3, 0),
    ({"data": {"metrics": []}}, {}, 1, 0),
    ({"data": {"workouts": []}}, {}, 1, 0),
    (message(STRETCHES), {"sleep": 3}, 0, 0),
    (message(metric("step_count", "count", *[{"qty": 1}] * 1200)), {}, 3, 0),
    (message(HRV, ecg=[{"voltage": [1, 2]}], symptoms=[]), {"hrv": 1}, 1, 0),
    (message(HRV | {"units": "s"}, RESTING), {"resting_heart_rate": 1}, 0, 1),
    (message(BEATS | {"units": "Hz"}, HRV), {"hrv": 1}, 0, 2),  # two hours of samples
    (message(metric("resting_heart_rate", "bpm", {"date": None, "qty": 49}), HRV), {"hrv": 1}, 0, 1),
    (message(metric("resting_heart_rate", "bpm", {"date": at("00:00"), "qty": None}), HRV), {"hrv": 1}, 1, 0),
    (message(metric("resting_heart_rate", "bpm", 49), HRV), {"hrv": 1}, 0, 1),
    (message(WEIGHT | {"units": "stone"}, HRV), {"hrv": 1}, 0, 1),
    (message(NIGHT | {"units": None}), {"sleep": 1}, 0, 1),
    (message(metric("sleep_analysis", "hr", SUM | {"totalSleep": "long"})), {"sleep": 1}, 0, 1),
    (message(metric("sleep_analysis", "hr", {"date": at("00:00"), "asleep": 0})), {}, 1, 0),
    (message(metric("sleep_analysis", "hr", SUM | {"sleepEnd": at("22:00", 19), "inBedEnd": None})), {}, 0, 1),
    (message(metric("sleep_analysis", "hr", stretch("Core", at("06:00"), at("05:00")))), {}, 0, 1),
    (message(metric("sleep_analysis", "hr", stretch("Core", at("06:00"), "later"), SUM)), {"sleep": 1}, 0, 1),
    (message(metric("heart_rate", "bpm", {"date": at("05:10"), "Avg": 300}), HRV), {"hrv": 1}, 0, 1),
]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    assert account(sample(name)) == (NAME, *SAMPLES[name])


@pytest.mark.parametrize(("value", "kinds", "ignored", "rejected"), ACCOUNTS)
def test_all_is_accounted_for(value: Any, kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(body(value)) == (NAME, kinds, ignored, rejected)


def test_the_night_of_an_old_version_goes_from_bed_to_bed() -> None:
    night = events(sample("sleep_aggregated_old__apple-health-ingester.json"))[
        "sleep/2021-12-17T18:12:50Z/Irvin’s Apple Watch"
    ]
    assert (night["start_local"], night["end_local"]) == ("2021-12-18T02:12:50", "2021-12-18T09:04:45")
    assert night["asleep_min"] == pytest.approx(366.5)
    assert night["in_bed_min"] == pytest.approx(408.583732, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "asleep_min"),
    [
        ({}, 450),
        ({"totalSleep": 7.4}, 444),
        ({"core": 0, "deep": 0, "rem": 0, "asleep": 7}, 420),
        ({"asleep": 7.5}, None),  # the sum, or the rest: it does not say
        ({"core": None, "deep": None, "rem": None, "asleep": None}, None),
    ],
)
def test_minutes_asleep_of_a_sum(changes: dict[str, Any], asleep_min: float | None) -> None:
    night = events(body(message(metric("sleep_analysis", "hr", SUM | changes))))["sleep/2026-11-19T21:30:00Z/Watch"]
    assert night.get("asleep_min") == asleep_min
    assert "in_bed_min" not in night  # 0 was not measured


def test_stretches_become_nights_by_device() -> None:
    found = events(body(message(STRETCHES)))
    assert list(found) == [
        "sleep/2026-11-19T21:00:00Z/Phone",
        "sleep/2026-11-19T21:30:00Z/Watch",
        "sleep/2026-11-20T13:00:00Z/Watch",
    ]
    night = found["sleep/2026-11-19T21:30:00Z/Watch"]
    assert [(one["stage"], one["start_local"][11:16], one["end_local"][11:16]) for one in night["stages"]] == [
        ("light", "22:30", "01:00"),
        ("awake", "01:00", "01:10"),
        ("deep", "01:10", "02:00"),
        ("rem", "02:00", "06:00"),
    ]
    assert [one["stage"] for one in found["sleep/2026-11-19T21:00:00Z/Phone"]["stages"]] == ["in_bed"]


def test_no_minute_of_a_night_counts_twice() -> None:
    doubled = metric(
        "sleep_analysis",
        "hr",
        stretch("Asleep", at("22:30", 19), at("06:00")),
        stretch("Deep", at("23:00", 19), at("01:00")),
        stretch("Deep", at("23:00", 19), at("01:00")),
        stretch("Awake", at("00:30"), at("01:30")),
    )
    (night,) = events(body(message(doubled))).values()
    assert [(one["stage"], one["start_local"][11:16]) for one in night["stages"]] == [
        ("asleep", "22:30"),
        ("deep", "23:00"),
        ("awake", "00:30"),
        ("asleep", "01:30"),
    ]


@given(
    stretches=st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 90), st.sampled_from(["Core", "Deep", "Awake", "In Bed"])),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_stages_of_any_stretches_are_side_by_side(stretches: list[tuple[int, int, str]]) -> None:
    rows = []
    covered: set[int] = set()
    for begin, lasts, value in stretches:
        clock = [
            f"{20 + minute // 60 // 24} {minute // 60 % 24:02d}:{minute % 60:02d}" for minute in (begin, begin + lasts)
        ]
        start, end = (f"2026-11-{one}:00 +0000" for one in clock)
        rows.append(stretch(value, start, end))
        covered |= set(range(begin, begin + lasts))
    stages = [
        (one["start"], one["end"])
        for night in events(body(message(metric("sleep_analysis", "hr", *rows)))).values()
        for one in night["stages"]
    ]
    assert all(first[1] <= second[0] for first, second in pairwise(stages))
    edges = [int(one[11:13]) * 60 + int(one[14:16]) for pair in stages for one in pair]
    assert sum(edges[1::2]) - sum(edges[::2]) == len(covered)


def test_values_keep_unit_and_place() -> None:
    found = events(body(ALL))
    hour = found["heart_rate/2026-11-20T04:10:00Z"]
    assert (hour["offset_s"], hour["bpm"], hour["start_local"]) == ([0, 60], [52.5, 60], "2026-11-20T05:10:00")
    hrv = found["hrv/2026-11-20T04:12:00Z"]
    assert (hrv["statistic"], hrv["value_ms"], hrv["context"]) == ("sdnn", 44.5, "spot")
    resting = found["resting_heart_rate/2026-11-19T23:00:00Z"]
    assert (resting["day"], resting["bpm"]) == ("2026-11-20", 49)
    assert found["body_mass/2026-11-20T06:00:00Z"]["mass"] == {"value": 180.5, "unit": "lb"}


@pytest.mark.parametrize(
    ("units", "value", "mass"),
    [
        ("kg", 81.5, {"value": 81.5, "unit": "kg"}),
        ("st", 13, {"value": 182, "unit": "lb"}),
        ("lbs", 180, {"value": 180, "unit": "lb"}),
    ],
)
def test_units_of_body_mass(units: str, value: float, mass: dict[str, Any]) -> None:
    weight = metric("weight_body_mass", units, {"date": at("07:00"), "qty": value})
    assert events(body(message(weight)))["body_mass/2026-11-20T06:00:00Z"]["mass"] == mass


def test_a_weight_without_unit_asks_for_it() -> None:
    weight = body(message(metric("weight_body_mass", None, {"date": at("07:00"), "qty": 81})))
    with pytest.raises(UnitNeededError):
        plan(weight)
    assert decoded(weight, unit="kg").events.num_rows == 1


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-11-20 7:31:05 AM +0100", "2026-11-20T06:31:05Z"),
        ("2026-11-20 12:31:05\u202fam +0100", "2026-11-19T23:31:05Z"),
        ("2026-11-20 12:31:05 PM +0100", "2026-11-20T11:31:05Z"),
        ("2026-11-20T07:31:05+01:00", "2026-11-20T06:31:05Z"),
    ],
)
def test_times_of_phones_with_twelve_hours(text: str, start: str) -> None:
    value = message(metric("heart_rate_variability", "ms", {"date": text, "qty": 40}))
    assert list(events(body(value))) == [f"hrv/{start}"]


def test_an_overlapping_window_from_another_place_is_the_same_documents() -> None:
    there = body(ALL).replace(b"2026-11-19 22:30:00 +0100", b"2026-11-19 16:30:00 -0500")
    there = there.replace(b"2026-11-20 05:12:00 +0100", b"2026-11-19 23:12:00 -0500")
    assert there != body(ALL)
    assert events(there).keys() == events(body(ALL)).keys()


def test_a_route_is_not_kept() -> None:
    found = plan(sample("workouts_v1__apple-health-ingester.json"))
    assert b"Walking" in found.records[0].payload
    assert b"lat" not in found.records[0].payload
    assert [row.reason for row in found.row_reports] == ["workout_without_sets"]


def test_a_message_cut_off_keeps_what_is_whole() -> None:
    found = checked(body(message(HRV, RESTING, BEATS))[:-60])
    assert (found.kinds, found.rejected) == ({"hrv": 1, "resting_heart_rate": 1}, 1)


@pytest.mark.parametrize("value", [ALL, message(STRETCHES)])
def test_damage_anywhere(value: Any) -> None:
    for data in damaged(value):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    survives(body(data.draw(altered(data.draw(st.sampled_from([ALL, message(STRETCHES), message(NIGHT)]))))))
