"""M31: days sore in a row since a muscle was last trained, as R11 reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.sim.driver import Driver

MONDAY = date(2026, 1, 5)
Event = dict[str, Any]


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def day(n: int) -> date:
    return MONDAY + timedelta(days=n)


def trained(n: int, exercise: str = "Dumbbell Bicep Curl") -> Event:
    return {
        "kind": "set", "athlete": "ana", "document": f"s{n}{exercise}", "session": f"s{n}",
        "performed_at": f"{day(n)}T18:00:00", "timezone": "Europe/Lisbon", "exercise": exercise, "set_index": 1,
        "set_type": "working", "weight": {"value": 20, "unit": "kg"}, "reps": 10,
    }  # fmt: skip


def answer(n: int, name: str = "", instrument: str = "plain", **fields: Any) -> Event:
    return {
        "kind": "checkin", "athlete": "ana", "document": f"c{n}{name}", "checked_at": f"{day(n)}T08:00:00",
        "timezone": "Europe/Lisbon", "instrument": instrument, "items": {}, **fields,
    }  # fmt: skip


def sore(n: int, of_ten: float, muscle: str = "biceps") -> Event:
    return answer(n, soreness={muscle: of_ten})


def told(driver: Driver, scope: str = "muscle:biceps", metric: str = "sore_days") -> dict[int, tuple[float, int, int]]:
    """Per day number: value, answers, and the day number on which the window begins."""
    rows = driver.query(f"select * from indicator where metric = '{metric}' and scope = '{scope}' order by local_day")
    assert {row["status"] for row in rows} <= {"OK"}
    numbers = [((row["local_day"] - MONDAY).days, row) for row in rows]
    return {n: (row["value"], row["n_obs"], (row["window_start"] - MONDAY).days) for n, row in numbers}


def test_sore_days_are_counted_from_the_day_after_training(driver: Driver) -> None:
    driver.ingest([trained(0), sore(0, 9), sore(1, 6), sore(2, 5), sore(4, 8)])
    assert told(driver) == {0: (0, 0, 0), 1: (1, 1, 1), 2: (1, 2, 1), 4: (2, 3, 1)}
    assert told(driver, metric="sore_span_days") == {0: (0, 0, 0), 1: (0, 1, 1), 2: (0, 2, 1), 4: (3, 3, 1)}


def test_ease_ends_the_count_and_training_begins_it_anew(driver: Driver) -> None:
    driver.ingest([trained(0), *(sore(n, 7) for n in (1, 2)), sore(3, 4), *(sore(n, 7) for n in (4, 5))])
    assert [value for value, _, _ in told(driver).values()] == [1, 2, 0, 0, 0]
    driver.ingest([trained(3)])
    assert told(driver)[5] == (2, 2, 4)


def test_another_muscle_does_not_begin_it_anew_but_counts_for_the_body(driver: Driver) -> None:
    legs = trained(2, "Leg Extension (Machine)")
    driver.ingest([trained(0), legs, *(sore(n, 7) | {"items": {"soreness": 8}} for n in (1, 3, 4))])
    assert told(driver)[4] == (3, 3, 1)
    assert told(driver, "body") == {1: (1, 1, 1), 3: (1, 1, 3), 4: (2, 2, 3)}


def test_a_muscle_never_trained_looks_28_days_back(driver: Driver) -> None:
    driver.ingest([sore(n, 7) for n in (0, 1, 27, 28)])
    assert told(driver) == {0: (1, 1, -27), 1: (2, 2, -26), 27: (3, 3, 0), 28: (3, 3, 1)}


def test_muscles_are_known_by_either_spelling(driver: Driver) -> None:
    driver.ingest([trained(1, "Deadlift (Barbell)"), *(sore(n, 7, "lower_back") for n in (0, 1, 2, 3))])
    assert told(driver, "muscle:lower back")[3] == (2, 2, 2)


@pytest.mark.parametrize(("instrument", "least"), [("hooper", 5), ("mclean", 2), ("plain", 6)])
def test_each_instrument_has_its_own_scale(driver: Driver, instrument: str, least: int) -> None:
    better = least + 1 if instrument == "mclean" else least - 1
    driver.ingest([answer(0, instrument=instrument, items={"soreness": least})])
    driver.ingest([answer(5, instrument=instrument, items={"soreness": better})])
    assert [value for value, _, _ in told(driver, "body").values()] == [1, 1]


def test_the_worst_answer_of_a_day_counts(driver: Driver) -> None:
    driver.ingest([sore(0, 3), answer(0, "evening", soreness={"biceps": 7})])
    assert told(driver) == {0: (1, 1, -27)}


def test_late_answers_and_what_is_taken_back_reach_the_days_after(driver: Driver) -> None:
    table = "select * from mart.soreness_day order by all"
    events = [trained(2), *(sore(n, 7) for n in (0, 3, 4, 9, 29, 31)), sore(6, 3), trained(40)]
    for event in reversed(events):
        driver.ingest([event])
    driver.ingest([{"kind": "delete", "athlete": "ana", "document": "c6"}])
    assert told(driver)[29] == (4, 4, 3)
    driver.ingest([sore(5, 2) | {"document": "c4"}])
    cut = driver.query(table)
    assert told(driver)[29] == (0, 4, 3)
    driver.service.rebuild()
    assert driver.query(table) == cut
    gone = [{"kind": "delete", "athlete": "ana", "document": f"c{n}"} for n in (0, 3, 4, 9, 29, 31)]
    driver.ingest(gone)
    assert driver.query(table) == []
