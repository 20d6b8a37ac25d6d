"""Averages of the daily load that carry on (M16, M17 of averages, M18), end to end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from pipeline.models import load_day
from tests.sim.driver import Driver

FIRST = date(2026, 1, 5)  # a Monday
WEEK = (12, 0, 10, 0, 11, 0, 0)
STATE = "select * from mart.load_day order by athlete_no, local_day"


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


def sets_of(n: int, sets: int, athlete: str = "ana", rir: float | None = 0) -> list[dict[str, Any]]:
    """So many sets to failure of an isolation exercise on day ``n``: a load of as many weighted sets."""
    at = datetime.combine(day(n), time(8), UTC)
    effort = {} if rir is None else {"effort": {"scale": "rir", "value": rir}}
    return [
        {
            "kind": "set", "athlete": athlete, "document": f"d{n}n{number}", "session": f"d{n}",
            "performed_at": (at + timedelta(seconds=60 * number)).isoformat(), "timezone": "Europe/Lisbon",
            "exercise": "Leg Extension (Machine)", "set_index": number, "set_type": "working",
            "weight": {"value": 50, "unit": "kg"}, "reps": 10, **effort,
        }
        for number in range(sets)
    ]  # fmt: skip


def loads(*values: int, since: int = 0) -> list[dict[str, Any]]:
    return [event for n, sets in enumerate(values, since) for event in sets_of(n, sets)]


def until(n: int) -> dict[str, Any]:
    return {"kind": "tick", "now_at": f"{day(n)}T22:00:00Z"}


def row(driver: Driver, n: int) -> dict[str, Any]:
    (found,) = driver.query(f"select * from load_day where local_day = date '{day(n)}'")
    return found


def column(driver: Driver, name: str, days: Sequence[int]) -> list[Any]:
    return [row(driver, n)[name] for n in days]


def indicator(driver: Driver, n: int, metric: str) -> tuple[str, float | None, int, date]:
    (found,) = driver.query(f"select * from indicator where local_day = date '{day(n)}' and metric = '{metric}'")
    return found["status"], found["value"], found["n_obs"], found["window_start"]


def test_gv_12_corrected_averages(driver: Driver) -> None:
    driver.ingest(loads(*[30] * 21, *[50] * 7))
    found = row(driver, 27)
    assert found["load_weighted_sets"] == pytest.approx(50)
    assert found["load_acute_weighted_sets"] == pytest.approx(47.335826, abs=5e-7)
    assert found["load_chronic_weighted_sets"] == pytest.approx(39.102857, abs=5e-7)
    assert found["load_ratio_ewma"] == pytest.approx(1.210546, abs=5e-7)
    for metric in ("load_acute_weighted_sets", "load_chronic_weighted_sets", "load_ratio_ewma"):
        assert indicator(driver, 27, metric) == ("OK", pytest.approx(found[metric]), 28, FIRST)
        assert indicator(driver, 26, metric) == ("INSUFFICIENT", None, 27, FIRST)
    assert indicator(driver, 27, "hard_sets_ratio")[1] == pytest.approx(1.666667, abs=5e-7)


def test_gv_13_the_ratio_of_averages_hides_what_the_blocks_show(driver: Driver) -> None:
    driver.ingest([*loads(*WEEK * 3, 18, 0, 15, 0, 17), until(27)])
    assert row(driver, 27)["load_ratio_ewma"] == pytest.approx(0.8956, abs=5e-5)
    assert indicator(driver, 27, "hard_sets_ratio")[1] == pytest.approx(1.515152, abs=5e-7)


def test_gv_13_a_steady_week_swings_by_weekday(driver: Driver) -> None:
    driver.ingest([*loads(*WEEK * 5), until(34)])
    swing = column(driver, "load_ratio_ewma", range(28, 35))
    assert swing == pytest.approx([1.106, 0.900, 1.119, 0.909, 1.156, 0.938, 0.761], abs=5e-4)


def test_gv_15_fitness_and_fatigue_then_a_week_of_rest(driver: Driver) -> None:
    driver.ingest([*loads(*[10] * 42), until(48)])  # a tenth of the vector's load: all of it is linear
    assert 10 * row(driver, 41)["fitness_weighted_sets"] == pytest.approx(63.2121, abs=5e-5)
    assert 10 * row(driver, 41)["fatigue_weighted_sets"] == pytest.approx(99.7521, abs=5e-5)
    assert 10 * row(driver, 42)["balance_weighted_sets"] == pytest.approx(-36.5401, abs=5e-5)  # of the evening before
    assert 10 * row(driver, 48)["fitness_weighted_sets"] == pytest.approx(53.5079, abs=5e-5)
    assert 10 * row(driver, 48)["fatigue_weighted_sets"] == pytest.approx(36.6968, abs=5e-5)
    for metric in ("fitness_weighted_sets", "fatigue_weighted_sets", "balance_weighted_sets"):
        assert indicator(driver, 40, metric) == ("INSUFFICIENT", None, 41, FIRST)
        assert indicator(driver, 41, metric)[0] == "OK"


def test_five_sessions_are_no_average(driver: Driver) -> None:
    driver.ingest(loads(*[5, 0, 0, 0, 0, 0] * 4, 0, 0, 0, 5, 5))
    assert column(driver, "sessions_28d", (27, 28)) == [5, 5]  # the sixth came as the first one left
    assert indicator(driver, 28, "load_acute_weighted_sets")[0] == "INSUFFICIENT"
    driver.ingest(sets_of(26, 5))
    assert column(driver, "sessions_28d", (27, 28)) == [6, 6]
    assert indicator(driver, 28, "load_acute_weighted_sets")[0] == "OK"


def test_a_gap_ends_the_averages_and_fitness_fades_through_it(driver: Driver) -> None:
    driver.ingest(loads(*[5] * 42) + loads(*[5] * 30, since=60))
    assert column(driver, "observed_days", (41, 55, 56, 59, 60, 87)) == [42, 56, 0, 0, 1, 28]
    assert column(driver, "load_weighted_sets", (55, 56)) == [0, None]
    assert indicator(driver, 55, "load_acute_weighted_sets")[0] == "OK"
    assert indicator(driver, 56, "load_acute_weighted_sets") == ("INSUFFICIENT", None, 0, day(56))
    assert row(driver, 86)["load_acute_weighted_sets"] is None
    assert row(driver, 87)["load_acute_weighted_sets"] == pytest.approx(5)  # nothing of before the gap is left in it
    assert indicator(driver, 56, "fitness_weighted_sets")[0] == "DEGRADED"
    fitness = column(driver, "fitness_weighted_sets", range(41, 61))
    assert fitness[:-1] == sorted(fitness[:-1], reverse=True)
    assert fitness[-1] > fitness[-2]


def test_the_first_day_is_the_first_set_whatever_a_band_said_before(driver: Driver) -> None:
    heart = [
        {"kind": "resting_heart_rate", "athlete": "ana", "source": "band", "document": f"r{n}", "day": str(day(n)),
         "bpm": 50}
        for n in range(-40, 0)
    ]  # fmt: skip
    driver.ingest(heart)
    assert driver.query("select * from load_day") == []
    driver.ingest(loads(5, 0, 5))
    shown = driver.query("select local_day, days, observed_days from load_day order by local_day")
    assert [tuple(one.values()) for one in shown] == [(day(n), n + 1, n + 1) for n in range(3)]


def test_a_load_of_mostly_unknown_effort_says_so(driver: Driver) -> None:
    driver.ingest([event for n in range(30) for event in sets_of(n, 4, rir=None if n % 3 else 0)])
    assert indicator(driver, 29, "load_acute_weighted_sets")[0] == "DEGRADED"


def test_a_rating_is_a_load(driver: Driver) -> None:
    driver.ingest([
        {"kind": "session", "athlete": "ana", "document": name, "session": name, "cr10": 7, "timezone": "Europe/Lisbon",
         "start": f"{day(n)}T17:00:00", "end": f"{day(n)}T{hour}:00:00", "sets": []}
        for n, (name, hour) in enumerate((("hour", 18), ("long", 22)))
    ])  # fmt: skip
    shown = driver.query("select scope, value, status from indicator where metric_id = 'M14' order by local_day")
    assert [tuple(one.values()) for one in shown] == [("session:hour", 420, "OK"), ("session:long", 2100, "DEGRADED")]


@pytest.fixture(scope="module")
def history() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sixty days of three athletes, one of them with a gap, and what then comes late, is corrected and taken back."""
    rng = random.Random(3)
    plans = {name: [rng.choice((0, 0, 1, 2, 3)) for _ in range(60)] for name in ("ana", "bo", "cy")}
    plans["bo"][20:40] = [0] * 20
    told = [
        event
        for n in range(60)
        for name, plan in plans.items()
        for event in sets_of(n, plan[n], name, rng.choice((0, 1, 2.5, None)))
    ]
    late = rng.sample(told, 8)
    changed = [event | {"reps": 4, "effort": {"scale": "rir", "value": 3}} for event in told[:40:10]]
    gone = [{"kind": "delete", "athlete": event["athlete"], "document": event["document"]} for event in told[5:8]]
    return [event for event in told if event not in late], [*late, *changed, *gone]


@pytest.fixture(scope="module")
def at_once(history: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The stored days of a shard that took everything in one batch, which the oracle and a rebuild confirm."""
    with Driver() as whole:
        whole.ingest([*history[0], *history[1]])
        found = whole.query(STATE)
        assert whole.problems(replay=False) == []
        whole.service.rebuild()
        assert whole.query(STATE) == found
        assert len(found) > 150
        return found


@pytest.mark.parametrize("together", [1, 7])
def test_cuts_and_corrections_are_bit_for_bit_what_one_batch_gives(
    driver: Driver,
    monkeypatch: pytest.MonkeyPatch,
    history: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    at_once: list[dict[str, Any]],
    together: int,
) -> None:
    monkeypatch.setattr(load_day, "_ROWS_MAX", 50)
    told, after = history
    third = len(told) // 3
    for part in (told[:third], told[third : 2 * third], told[2 * third :]):
        driver.ingest(part)
    for first in range(0, len(after), together):
        driver.ingest(after[first : first + together])
    assert driver.query(STATE) == at_once


def test_what_was_taken_back_leaves_no_day(driver: Driver) -> None:
    driver.ingest(loads(3, 3, 3))
    driver.ingest([{"kind": "delete", "athlete": "ana", "document": event["document"]} for event in loads(3, 3)])
    assert [one["days"] for one in driver.query("select days from load_day")] == [1]
    driver.ingest([{"kind": "delete", "athlete": "ana", "document": event["document"]} for event in sets_of(2, 3)])
    assert driver.query(STATE) == []
