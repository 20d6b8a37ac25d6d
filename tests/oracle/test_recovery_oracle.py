"""The oracle's recovery against the numbers printed in the specification, before it judges anything else."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.baseline import Look, without_outliers
from tests.oracle.beats import Measured, accepted, measured, rmssd
from tests.oracle.documents import Item
from tests.oracle.readiness import columns_of
from tests.oracle.readings import normalised
from tests.oracle.samples import find
from tests.oracle.trends import Trained, Trends, pct28_of
from tests.oracle.world import Truth, compute

RECEIVED = datetime(2026, 11, 20, 22, tzinfo=UTC)
FIRST = date(2026, 6, 1)


def truth_of(*events: dict[str, Any]) -> Truth:
    common = {"athlete": "ana", "source": "band"}
    items = [Item("home", n, 0, RECEIVED, common | {"document": f"d{n}"} | event) for n, event in enumerate(events)]
    return compute(items, find).people["home", "ana"]


def series(*values: float | None) -> dict[date, float]:
    return {FIRST + timedelta(n): value for n, value in enumerate(values) if value is not None}


def sleep(start: str, end: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "sleep", "start": start, "end": end, **fields}


def test_gv_18_efficiency_and_debt():
    hours = (7.5, 6, 8.25, 5.5, 7, 6.75, 8, 7.25, None, 6.5, 7, 5, 8.5, 7.75)
    days = [str(FIRST + timedelta(n)) for n in range(len(hours))]
    nights = [
        sleep(f"{day}T00:00:00+01:00", f"{day}T09:00:00+01:00", asleep_min=h * 60)
        for day, h in zip(days, hours, strict=True)
        if h
    ]
    truth = truth_of(*nights)
    assert truth.recovery.days[FIRST + timedelta(13)]["sleep_debt_h"] == pytest.approx(14.0)
    (kept,) = truth_of(nights[0] | {"asleep_min": 402, "in_bed_min": 455}).recovery.readings.nights
    assert kept.night.efficiency == pytest.approx(0.883516, abs=5e-7)


def test_gv_21_an_outlier_is_none_of_the_baseline():
    base = [52, 53, 51, 54, 52, 50, 53, 52, 71, 51, 53, 52, 54, 50, 52]
    look = Look(series(*base, *[None] * 2, 57, 58, 56, 59, 57), FIRST + timedelta(21), 1.0)
    found = look.baseline(28)
    assert (found.n, found.median, found.spread) == (15, 52, pytest.approx(1.4826))
    assert without_outliers([float(v) for v in base], 1.0) == [v for v in base if v != 71]


def test_gv_22_baseline_of_the_logarithms():
    base = (
        62,
        58,
        65,
        70,
        60,
        55,
        66,
        63,
        59,
        61,
        68,
        64,
        57,
        62,
        60,
        66,
        71,
        58,
        63,
        61,
        65,
        59,
        64,
        62,
        60,
        67,
        56,
        63,
    )
    week = (55, None, 52, 58, 50, None, 54)
    look = Look(series(*(v and math.log(v) for v in base + week)), FIRST + timedelta(34), 0.02)
    found = look.baseline(60)
    assert (found.n, found.mean, found.sd) == (28, pytest.approx(4.13030, abs=5e-6), pytest.approx(0.06434, abs=5e-6))
    assert sum(look.last(7)) / len(look.last(7)) == pytest.approx(3.98401, abs=5e-6)


def test_gv_25_normalised_answers():
    hooper = {"sleep": 3, "fatigue": 5, "stress": 4, "soreness": 5}
    mclean = {"fatigue": 2, "sleep_quality": 3, "soreness": 2, "stress": 3, "mood": 2}
    for instrument, answers, mean in (("hooper", hooper, 0.458333), ("mclean", mclean, 0.35)):
        found = [normalised(instrument, item, answer) for item, answer in answers.items()]
        assert sum(found) / len(found) == pytest.approx(mean, abs=5e-7)


def test_a_spread_falls_back_to_the_quartiles_and_then_to_one_step():
    flat = Look(series(*[50.0] * 20), FIRST + timedelta(27), 1.0).baseline(28)
    wide = Look(series(*[50.0] * 12, *[56.0] * 6, *[44.0] * 2), FIRST + timedelta(27), 1.0).baseline(28)
    assert flat.spread == 1.0
    assert wide.kept == wide.values
    assert wide.spread == pytest.approx(6 / 1.349)


def test_of_overlapping_nights_the_longest_that_knows_its_sleep_stays():
    part = sleep("2026-06-01T23:00:00+01:00", "2026-06-02T03:00:00+01:00", asleep_min=200)
    whole = sleep("2026-06-01T23:00:00+01:00", "2026-06-02T07:00:00+01:00", asleep_min=420)
    blind = sleep("2026-06-01T22:00:00+01:00", "2026-06-02T07:30:00+01:00")
    truth = truth_of(part, blind, whole)
    assert [(kept.night.asleep_s, kept.overlapping) for kept in truth.recovery.readings.nights] == [(420 * 60, 2)]
    touching = sleep("2026-06-02T07:00:00+01:00", "2026-06-02T08:00:00+01:00", asleep_min=50)
    assert len(truth_of(whole, touching).recovery.readings.nights) == 2


def test_a_reading_that_states_its_day_needs_no_zone():
    beats = {"kind": "hrv", "night": "2026-06-02", "statistic": "rmssd", "context": "overnight", "value_ms": 60}
    truth = truth_of({"kind": "resting_heart_rate", "day": "2026-06-03", "bpm": 51}, beats)
    assert [(day, columns["resting_hr_bpm"]) for day, columns in truth.recovery.days.items()] == [
        (date(2026, 6, 2), None), (date(2026, 6, 3), 51),
    ]  # fmt: skip
    assert list(truth.days.days) == [date(2026, 6, 2), date(2026, 6, 3)]


def heart_rate(minutes: dict[float, int]) -> dict[str, Any]:
    rates = [bpm for bpm, length in minutes.items() for _ in range(length)]
    offsets = [60 * n for n in range(len(rates) + 1)]
    start = "2026-06-30T10:00:00+01:00"
    return {"kind": "heart_rate", "start": start, "offset_s": offsets, "bpm": [*rates, rates[-1]]}


def rested(bpm: float, days: int = 14) -> list[dict[str, Any]]:
    found = [str(date(2026, 6, 30) - timedelta(n)) for n in range(7, 7 + days)]
    return [{"kind": "resting_heart_rate", "day": day, "bpm": bpm} for day in found]


@pytest.mark.parametrize(
    ("sex", "most", "rest", "minutes", "trimp"),
    [
        ("male", 190, 55, {155: 60}, 117.9399),
        ("female", 190, 55, {155: 60}, 131.6905),
        ("male", 200, 40, {130: 30}, 31.8025),
    ],
)
def test_gv_16_load_from_heart_rate(sex: str, most: float, rest: float, minutes: dict[float, int], trimp: float):
    profile = {"kind": "athlete", "timezone": "Europe/Lisbon", "sex": sex, "hr_max_bpm": most}
    (found,) = truth_of(profile, *rested(rest), heart_rate(minutes)).heart_rates.values()
    assert (found["trimp_au"], found["trimp_status"]) == (pytest.approx(trimp, abs=5e-5), "OK")
    (thin,) = truth_of(profile, *rested(rest, 13), heart_rate(minutes)).heart_rates.values()
    assert (thin["trimp_au"], thin["trimp_status"], thin["edwards_status"]) == (None, "UNDEFINED", "OK")
    (zones,) = truth_of(
        profile | {"hr_max_bpm": 200}, heart_rate({110: 10, 130: 20, 150: 20, 170: 8, 190: 2})
    ).heart_rates.values()
    assert zones["edwards_au"] == 152


GV_24 = [812.0, 830, 845, 820, 1190, 640, 815, 822, 835, 828, 810, 805]


def test_gv_24_the_filter_of_beats():
    marks = accepted(GV_24)
    assert [beat for beat, good in zip(GV_24, marks, strict=True) if not good] == [1190, 640]
    assert rmssd(GV_24, marks) == pytest.approx(14.958275, abs=5e-7)
    found = measured(GV_24)
    assert (found.value_ms, found.status) == (None, "INSUFFICIENT")
    assert (found.beats, found.rejected_share, found.raw_ms) == (12, 2 / 12, pytest.approx(207.10, abs=5e-3))


def test_gv_23_and_a_beat_alone():
    assert measured([800, 810, 790, 805, 795]).raw_ms == pytest.approx(14.361407, abs=5e-7)
    assert measured([800]) == measured([800.0]) == Measured(None, None, 1, 0.0, "INSUFFICIENT")


@pytest.mark.parametrize(
    ("rr_ms", "rejected", "status"),
    [
        ([1000] * 95 + [0] * 5, 5, "OK"),
        ([1000] * 94 + [0] * 6, 6, "DEGRADED"),
        ([1000] * 90 + [0] * 10, 10, "DEGRADED"),
        ([1000] * 89 + [0] * 11, 11, "INSUFFICIENT"),
        ([1200] * 50, 0, "OK"),  # 60 s, 50 intervals
        ([1200] * 49 + [1199], 0, "INSUFFICIENT"),
        ([1250] * 49, 0, "INSUFFICIENT"),
        ([800, 960] * 50, 0, "OK"),  # a fifth more passes, and 160 of 960 less
        ([800, 961] * 50, None, "INSUFFICIENT"),
        ([300, 2000] * 50, None, "INSUFFICIENT"),
        ([1000] * 60 + [1500] * 60, 3, "OK"),  # after three rejections a new run begins
    ],
)
def test_the_quality_of_a_series(rr_ms: list[float], rejected: int | None, status: str):
    found = measured(rr_ms)
    assert found.status == status
    assert (found.value_ms is None) == (status == "INSUFFICIENT")
    if rejected is not None:
        assert found.rejected_share == pytest.approx(rejected / len(rr_ms))


def test_series_of_a_day_are_one_value_and_none_of_another_context_or_of_exercise():
    poor = [1000.0, 1060.0] * 47 + [0] * 6
    sent = (([1000, 1040] * 50, "morning"), (poor, "morning"), ([1000, 1040] * 50, "spot"), (poor, "exercise"))
    events = [
        {"kind": "rr_intervals", "start": f"2026-06-02T07:0{n}:00+01:00", "rr_ms": beats, "context": context}
        for n, (beats, context) in enumerate(sent)
    ]
    found = truth_of(*events).recovery.readings
    day = date(2026, 6, 2)
    assert found.signals == {
        ("ln_rmssd_morning", "band"): {day: pytest.approx((math.log(40) + math.log(60)) / 2)},
        ("ln_rmssd_spot", "band"): {day: pytest.approx(math.log(40))},
    }
    assert found.degraded == {("ln_rmssd_morning", "band", day)}


def test_gv_27_readiness_from_its_components():
    z = {"subjective": -1.2, "sleep": -0.6, "performance": 0.1, "hrv": -0.9, "resting_hr": -0.5}
    found = columns_of(z, {"wellness_same_answers": 3})
    assert (found["readiness"], found["coverage"], found["status"]) == (pytest.approx(35.6), 1.0, "OK")
    assert [found[f"{name}_points"] for name in z] == pytest.approx([-9.6, -2.4, 0.4, -1.8, -1.0])
    heartless = columns_of(dict(list(z.items())[:3]), {"wellness_same_answers": 14})
    assert (heartless["readiness"], heartless["coverage"]) == (pytest.approx(35.5), 0.8)
    assert (heartless["status"], heartless["hrv_points"]) == ("DEGRADED", None)
    assert columns_of({"sleep": 1.0, "hrv": 3.0}, {}) == {
        "readiness": None, "coverage": pytest.approx(0.3), "components": 2, "status": "INSUFFICIENT",
        "subjective_points": None, "sleep_points": pytest.approx(40 / 3), "performance_points": None,
        "hrv_points": pytest.approx(10 / 3), "resting_hr_points": None,
    }  # fmt: skip


def test_gv_17_the_trend_of_session_bests():
    days = (0, 4, 7, 11, 14, 18, 21, 25, 28)
    kg = ("120", "121.5", "119", "118.5", "117", "116", "117.5", "114", "113")
    bests = {FIRST + timedelta(n): Trained(Fraction(e1rm), 4, 5) for n, e1rm in zip(days, kg, strict=True)}
    assert pct28_of(bests) == pytest.approx(-6.714, abs=5e-4)
    assert pct28_of(bests | {FIRST: Trained(Fraction(120), 3, 5)}) is None  # effort known on less than 80 %
    assert pct28_of(dict(list(bests.items())[:4])) is None
    assert Trends({"squat": {FIRST: -3.0, FIRST + timedelta(9): 1.0}, "press": {FIRST: 4.0}}).mean_on(
        FIRST + timedelta(28)
    ) == pytest.approx(2.5)
    assert Trends({"press": {FIRST: 4.0}}).mean_on(FIRST + timedelta(29)) is None
