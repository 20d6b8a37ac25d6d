"""R10, R11, R17 and R20 end to end: falling strength, soreness that stays, several signs at once, jumps of load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from dashboards.panels import Panels
from tests.sim.driver import Driver
from tests.unit.test_day_rules import alerts, checkin, days, night, prove, resting, steady, told
from tests.unit.test_training_weeks import MONDAY

Event = dict[str, Any]
CURL, RAISE, BENCH = "Bicep Curl (Dumbbell)", "Lateral Raise (Dumbbell)", "Bench Press (Barbell)"
GV_17 = (
    (0, 120.0),
    (4, 121.5),
    (7, 119.0),
    (11, 118.5),
    (14, 117.0),
    (18, 116.0),
    (21, 117.5),
    (25, 114.0),
    (28, 113.0),
)


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def single(day: date, exercise: str, kg: float, unit: str = "kg", reps: int = 1, rir: float = 0) -> Event:
    """One working set: with one repetition and none in reserve its e1RM is its weight."""
    return {
        "kind": "set", "athlete": "ana", "document": f"{day}{exercise}", "session": f"{day}", "set_index": 1,
        "performed_at": f"{day}T17:00:00", "timezone": "Europe/Lisbon", "exercise": exercise, "set_type": "working",
        "weight": {"value": kg, "unit": unit}, "reps": reps, "effort": {"scale": "rir", "value": rir},
    }  # fmt: skip


def course(exercise: str, points: Any = GV_17, first: int = 0, **fields: Any) -> list[Event]:
    return [single(MONDAY + timedelta(days=first + day), exercise, kg, **fields) for day, kg in points]


def test_the_trend_of_golden_vector_17(driver: Driver) -> None:
    driver.ingest(course(CURL))
    (row,) = driver.query("select * from mart.exercise_trend order by local_day desc limit 1")
    assert row["slope_kg_per_day"] == pytest.approx(-0.28175, abs=5e-6)
    assert (row["median_kg"], row["n_obs"], row["status"]) == (117.5, 9, "OK")
    assert row["pct28"] == pytest.approx(-6.714, abs=5e-4)
    assert row["p_decline"] == pytest.approx(0.00125, abs=5e-6)
    assert row["is_declining"] is True


def test_r10_needs_two_exercises(driver: Driver) -> None:
    driver.ingest(course(CURL))
    assert told(driver, "R10") == []
    driver.ingest(course(RAISE))
    (row,) = alerts(driver, "R10")
    assert (row["severity"], row["state"]) == ("warning", "open")
    assert "2 of 2 exercises with a trend are falling" in row["body"]
    prove(driver)
    better = [(day, 125.0) for day in range(32, 62, 3)]
    driver.ingest(course(CURL, better) + course(RAISE, better))
    assert [row["state"] for row in alerts(driver, "R10")] == ["resolved"]


def test_r10_takes_a_main_lift_that_falls_for_two_weeks(driver: Driver) -> None:
    longer = (*GV_17, (32, 112.0), (35, 111.0), (39, 110.0), (43, 108.0), (46, 107.0))
    driver.ingest(course(CURL, longer))
    assert told(driver, "R10") == []
    driver.ingest(course(BENCH, longer))  # two fall now
    driver.ingest(
        [{"kind": "delete", "athlete": "ana", "document": event["document"]} for event in course(CURL, longer)]
    )
    (row,) = alerts(driver, "R10")
    assert "a main lift has been falling for two weeks or more" in row["body"]
    prove(driver)


def test_r10_is_silent_in_a_declared_deload_and_without_effort(driver: Driver) -> None:
    both = course(CURL) + course(RAISE)
    silent = [{key: value for key, value in event.items() if key != "effort"} for event in both]
    driver.ingest(silent)
    assert told(driver, "R10") == []
    span = {"from_day": str(MONDAY), "to_day": str(MONDAY + timedelta(days=40))}
    driver.ingest([*both, {"kind": "declaration", "athlete": "ana", "document": "d", "what": "deload"} | span])
    assert told(driver, "R10") == []
    driver.ingest([{"kind": "delete", "athlete": "ana", "document": "d"}])
    assert [level for level, _ in told(driver, "R10")] == ["warning"]


def sore(day: date, biceps: float) -> Event:
    return checkin(day) | {"document": f"b{day}", "soreness": {"biceps": biceps}}


def test_r11_is_soreness_that_stays_after_training(driver: Driver) -> None:
    trained = single(MONDAY, CURL, 20, reps=10, rir=2)
    driver.ingest([trained, *(sore(day, 7) for day in days(1, 4))])
    assert told(driver, "R11") == []  # three days, but not 72 hours apart
    driver.ingest([sore(day, 7) for day in days(4, 5)])
    (row,) = alerts(driver, "R11")
    assert (row["severity"], row["scope"]) == ("advice", "muscle:biceps")
    assert "It is no measure of growth" in row["body"]
    driver.ingest([sore(day, 7) for day in days(5, 8)])
    assert [row["severity"] for row in alerts(driver, "R11")] == ["warning"]
    driver.ingest([sore(day, 2) for day in days(8, 10)])
    assert [row["state"] for row in alerts(driver, "R11")] == ["resolved"]
    prove(driver)


@pytest.mark.parametrize("change", ["eased", "trained"])
def test_r11_begins_anew_after_ease_or_training(driver: Driver, change: str) -> None:
    events = [single(MONDAY, CURL, 20, reps=10, rir=2), *(sore(day, 7) for day in days(1, 6))]
    if change == "eased":
        events[3] = sore(days(3, 4)[0], 3)
    else:
        events.append(single(MONDAY + timedelta(days=3), CURL, 20, reps=10, rir=2))
    driver.ingest(events)
    assert told(driver, "R11") == []


def test_r17_weighs_several_signs_and_speaks_for_them(driver: Driver) -> None:
    first = 60
    events = [*steady(first + 28), *course(CURL, first=first), *course(RAISE, first=first)]
    bad = days(first + 20, first + 29)
    events += [resting(day, 60) for day in bad] + [night(day, 330) for day in bad]
    driver.ingest(events)
    (row,) = alerts(driver, "R17")
    assert row["severity"] == "warning"
    assert "falling strength (3 points), worse sleep (1)" in row["body"]  # on the first day with three kinds of signs
    assert row["body"].count("not a medical diagnosis") == 1
    folded = driver.query("select rule, folded_into from alert where rule in ('R10', 'R12', 'R15') order by rule")
    assert [(one["rule"], one["folded_into"]) for one in folded] == [
        (rule, row["alert_id"]) for rule in ("R10", "R12", "R15")
    ]
    panels = Panels(driver.service.query)
    listed = panels.alerts("home", "ana", "open", 100)
    (seen,) = panels.rows("roster", "home", "ana")
    parts = {str(one["rule"]) for one in listed if one["part_of_rule"] == "R17"}
    assert parts and parts <= {"R10", "R12", "R15"}
    assert seen["parts"] == len(parts), "the roster counts as the list does"
    alone = sum(int(str(seen[severity])) for severity in ("high", "warning", "advice", "info"))
    assert alone + len(parts) == len(listed)
    prove(driver)
    assert driver.service.check() == []


@pytest.mark.parametrize("declared", [0, 3])
def test_r17_says_on_how_many_days_a_declaration_kept_signs_from_counting(driver: Driver, declared: int) -> None:
    first = 60
    bad = days(first + 20, first + 29)
    events = [*steady(first + 28), *course(CURL, first=first), *course(RAISE, first=first)]
    events += [resting(day, 60) for day in bad] + [night(day, 330) for day in bad]
    driver.ingest(events)
    (plain,) = alerts(driver, "R17")
    last = plain["opened_on"] - timedelta(days=4)
    span = {"from_day": str(last - timedelta(days=2)), "to_day": str(last)}
    said = {"kind": "declaration", "athlete": "ana", "document": "d", "what": "travel"} | span
    driver.ingest([said] if declared else [])
    (row,) = alerts(driver, "R17")
    proof = driver.query(f"select * from alert_evidence where alert_id = '{row['alert_id']}'")
    (one,) = [part for part in proof if part["metric"] == "declared_days"]
    assert (one["value"], one["n_obs"], one["threshold"]) == (declared, 7, None)
    prove(driver)


def test_r17_needs_performance_or_the_athletes_word(driver: Driver) -> None:
    bad = days(84, 96)
    driver.ingest([*steady(), *(resting(day, 60) for day in bad), *(night(day, 330) for day in bad)])
    assert {row["rule"] for row in driver.query("select distinct rule from alert")} >= {"R12", "R15"}
    assert told(driver, "R17") == []


@pytest.mark.parametrize(
    ("weights", "severities"),
    [
        ([100, 109], []),
        ([100, 121], ["advice"]),
        ([100, 112], []),
        ([100, 112, 126], ["info"]),
        ([10, 15], []),  # below 20 kg
    ],
)
def test_r20_jumps_of_load(driver: Driver, weights: list[float], severities: list[str]) -> None:
    points = [(3 * n, kg) for n, kg in enumerate(weights)]
    driver.ingest(course(CURL, points, reps=8, rir=2))
    assert [level for level, _ in told(driver, "R20")] == severities
    prove(driver)


def test_r20_compares_kilograms_when_the_unit_changes(driver: Driver) -> None:
    driver.ingest(course(CURL, [(0, 40), (3, 40)], reps=8, rir=2) + course(CURL, [(6, 90)], unit="lb", reps=8, rir=2))
    assert told(driver, "R20") == []


def test_r20_compares_sessions_of_similar_repetitions(driver: Driver) -> None:
    driver.ingest(course(CURL, [(0, 40)], reps=12, rir=2) + course(CURL, [(3, 60)], reps=5, rir=2))
    assert told(driver, "R20") == []


def test_readiness_is_told_apart_exactly_and_feeds_no_alert(driver: Driver) -> None:
    first = 60
    driver.ingest([*steady(first + 28), *course(CURL, first=first), *course(RAISE, first=first)])
    rows = driver.query("select * from readiness_day where readiness is not null order by local_day")
    names = ("subjective_points", "sleep_points", "performance_points", "hrv_points", "resting_hr_points")
    assert rows
    for row in rows:
        assert 50 + sum(row[name] or 0 for name in names) == row["readiness"]
    full = [row for row in rows if row["components"] == 5]
    assert full and all(row["coverage"] == 1 and row["performance_points"] < 0 for row in full)
    (day,) = driver.query(f"select readiness from athlete_day where local_day = date '{full[-1]['local_day']}'")
    assert day["readiness"] == full[-1]["readiness"]
    thin = driver.query("select * from readiness_day where status = 'INSUFFICIENT'")
    assert thin and all(row["readiness"] is None for row in thin)
    assert driver.service.check() == []


def test_no_condition_reads_readiness() -> None:
    texts = [file.read_text() for file in files("pipeline.alerts").joinpath("conditions").iterdir()]
    assert len(texts) > 15 and not [text for text in texts if "readiness" in text]
