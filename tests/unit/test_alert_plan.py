"""R19: the guideline's sample plan, and what counts as following it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.alerts.evidence import recompute
from pipeline.alerts.rules import load
from tests.sim.driver import Driver
from tests.unit.alert_marts import DAY0, Marts, Session
from tests.unit.test_day_rules import resting
from tests.unit.test_training_weeks import MONDAY, sets_of

BENCH, CURL, PULL = 2, 3, 5


def row(exercise: str, sets: int, reps: int, slots: tuple[int, ...] = (), **more: Any) -> dict[str, Any]:
    return {"exercise": exercise, "sets": sets, "reps": reps, "failure_slots": list(slots), **more}


PLAN = [
    row("Bench Press", 4, 8, target_rir={"min": 1, "max": 2}),
    row("lat_pulldown", 4, 8, target_rir=None),
    row("biceps curl", 3, 8, (2, 3)),
]


def compliance(work: dict[int, str], rows: list[dict[str, Any]] | None = None, **more: Any) -> tuple[Any, ...] | None:
    """(severity, passed, applicable), or None where no alert is made."""
    marts = Marts()
    marts.plan(rows or PLAN)
    marts.play(Session(0, work, "s", ended=True, **more))
    alerts = marts.alerts("R19")
    if not alerts:
        return None
    evidence = marts.select("select * from alert_evidence where alert_id = ?", [alerts[0]["alert_id"]])
    assert recompute(load()["R19"], evidence) == alerts[0]["severity"]
    found = {one["metric"]: one for one in evidence}
    checks = found["plan_checks_passed"]
    return alerts[0]["severity"], checks["value"], checks["threshold"]


def test_a_session_as_planned_makes_no_alert() -> None:
    assert compliance({BENCH: "NNNN", PULL: "NNNN", CURL: "NFF"}) is None
    assert compliance({BENCH: "NNNN", PULL: "NNNN", CURL: "NFT"}) is None  # a technical failure is in its slot


def test_a_set_at_the_limit_where_none_is_planned() -> None:
    assert compliance({BENCH: "NNNL", PULL: "NNNN", CURL: "NFF"}) == ("info", 32, 33)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ({BENCH: "NNNF", PULL: "NNNN", CURL: "NFF"}, ("advice", 32, 33)),  # an unplanned reported failure
        ({BENCH: "NNNN", PULL: "NNNN", CURL: "NFN"}, ("info", 32, 33)),  # 2 in reserve in a failure slot
        ({BENCH: "NNNU", PULL: "NNNN", CURL: "NFF"}, None),  # unknown effort leaves the denominator
        ({BENCH: "NNN", PULL: "NNNN", CURL: "NFF"}, ("info", 30, 32)),  # a set not done: two checks missed
        ({BENCH: "NNNNF", PULL: "NNNN", CURL: "NFF"}, ("advice", 33, 33)),  # failure in a set beyond the plan
        ({BENCH: "NNNN", PULL: "NNNN", CURL: "NFF", 4: "N"}, None),  # more than planned is no fault
        ({1: "NN"}, None),  # no exercise of the plan
    ],
)
def test_checks(work: dict[int, str], expected: tuple[Any, ...] | None) -> None:
    assert compliance(work) == expected


def test_repetitions_may_differ_by_two() -> None:
    rows = [row("Bench Press", 2, 8)]
    assert compliance({BENCH: "NN"}, rows, reps=6) is None
    assert compliance({BENCH: "NN"}, rows, reps=10) is None
    assert compliance({BENCH: "NN"}, rows, reps=11) == ("info", 4, 6)


def test_the_plan_day_that_shares_most_exercises_is_meant() -> None:
    rows = [
        row("Bench Press", 5, 8, day="A"),
        row("Bench Press", 2, 8, day="B"),
        row("Lat Pulldown", 2, 8, day="B"),
        row("Lat Pulldown", 4, 8, day="C"),
    ]
    assert compliance({BENCH: "NN", PULL: "NN"}, rows) is None
    assert compliance({BENCH: "NNNNN"}, rows) is None  # a tie: the first day


def test_only_a_closed_session_is_compared() -> None:
    marts = Marts()
    marts.plan(PLAN)
    marts.put(Session(0, {BENCH: "NN"}, "s"))  # ends at 19:00
    marts.now(datetime(2026, 3, 2, 21, 59))
    marts.run({1: DAY0})
    assert marts.alerts("R19") == []
    marts.now(datetime(2026, 3, 2, 22, 0))
    marts.run({1: DAY0})
    assert [alert["severity"] for alert in marts.alerts("R19")] == ["info"]


def test_a_session_closed_after_midnight_is_found_by_the_next_day() -> None:
    marts = Marts()
    marts.plan(PLAN)
    marts.put(Session(0, {BENCH: "NN"}, "s", hour=22.0))
    marts.now(datetime(2026, 3, 3, 1, 0))
    marts.run({1: DAY0})
    assert marts.alerts("R19") == []
    marts.now(datetime(2026, 3, 3, 3, 0))
    marts.run({1: DAY0 + timedelta(days=1)})
    assert len(marts.alerts("R19")) == 1


def test_the_plan_in_force_on_the_day_counts_and_a_good_session_resolves() -> None:
    marts = Marts()
    marts.plan([row("Bench Press", 4, 8)], 0)
    marts.plan([row("Bench Press", 2, 8)], 10)
    marts.play(Session(0, {BENCH: "NN"}, "s", ended=True), Session(10, {BENCH: "NN"}, "t", ended=True))
    assert [(alert["scope"], alert["resolved_on"]) for alert in marts.alerts("R19")] == [
        ("session:s", DAY0 + timedelta(days=7))
    ]
    marts.play(Session(3, {BENCH: "NNNN"}, "u", ended=True))
    assert [alert["resolved_on"] for alert in marts.alerts("R19")] == [DAY0 + timedelta(days=3)]


def test_a_reading_that_names_a_day_alone_does_not_hide_a_session_that_is_still_open() -> None:
    """It moves today, and no instant: the session is closed by the next instant, days after its own."""
    plan = {
        "kind": "plan", "athlete": "ana", "document": "p", "from_day": str(MONDAY), "plan": "block",
        "rows": [{"exercise": "Leg Extension (Machine)", "sets": 3, "reps": 10}],
    }  # fmt: skip
    with Driver() as driver:
        driver.ingest([plan, *sets_of(0, 1, 1)])
        assert driver.query("select * from alert where rule = 'R19'") == []
        driver.ingest([resting(MONDAY + timedelta(days=3), 52)])
        assert driver.query("select * from alert where rule = 'R19'") == []
        driver.ingest(sets_of(1, 3, 1))
        (alert,) = driver.query("select * from alert where rule = 'R19'")
        assert (alert["opened_on"], alert["state"]) == (MONDAY, "resolved")
