"""R21: stretches of days, cool-down, and equality of any cuts."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from pipeline.alerts.day_lane import run_day_lane
from pipeline.alerts.evidence import recompute
from pipeline.alerts.rules import load
from tests.unit.alert_marts import DAY0, Marts

Days = list[tuple[int, int, int, int]]
"""Per day: sets, known and conflicting sets of 14 days, days since the last set."""


def lane(marts: Marts, days: Days, from_day: int) -> int:
    run = marts.connection.execute
    marts.athlete(1)
    run("delete from mart.athlete_window")
    marts.connection.executemany(
        "insert into mart.athlete_window by name select 1 as athlete_no, ? as local_day, ? as sets_14d,"
        " ? as known_sets_14d, ? as conflict_sets_14d, ? as days_since_set",
        [(DAY0 + timedelta(days=index), *row) for index, row in enumerate(days)],
    )
    marts.now(datetime(2026, 3, 2, 23) + timedelta(days=len(days) - 1))
    run("create or replace temp table touched_day_lane as select 1 as athlete_no, ?::date as from_day",
        [DAY0 + timedelta(days=from_day)])  # fmt: skip
    return run_day_lane(marts.connection, rules=load(), log_offset=1, model_version="1")


def told(marts: Marts) -> list[tuple[Any, ...]]:
    return marts.connection.execute("select scope, opened_on, resolved_on from mart.alert order by all").fetchall()


def slow(days: Days) -> list[tuple[Any, ...]]:
    """A day-by-day second opinion."""
    found = []
    for name, holds in (
        ("unknown_effort", lambda row: row[0] > 0 and (row[0] - row[1]) / row[0] > 0.5),
        ("effort_conflict", lambda row: row[1] > 0 and row[2] / row[1] > 0.2),
        ("gap", lambda row: row[3] > 14),
    ):
        opened: date | None = None
        resolved: date | None = None
        trained = False
        for index, row in enumerate(days):
            day = DAY0 + timedelta(days=index)
            trained = trained or row[3] <= 14
            if opened is None:
                allowed = resolved is None or day >= resolved + timedelta(days=14)
                if holds(row) and allowed and (name != "gap" or trained):
                    opened = day
            elif not holds(row):
                found.append((f"body:{name}", opened, day))
                opened, resolved = None, day
        if opened is not None:
            found.append((f"body:{name}", opened, None))
    return sorted(found, key=lambda one: (one[0], one[1]))


def random_days(rng: random.Random, n: int) -> Days:
    days: Days = []
    row = (20, 15, 0, 1)
    for _ in range(n):
        if rng.random() < 0.15:
            sets = rng.choice((0, 10, 20))
            known = rng.choice((0, sets // 2, sets))
            row = (sets, known, rng.choice((0, known // 5, known)), rng.choice((0, 3, 14, 15, 15)))
        days.append(row)
    return days


@pytest.mark.parametrize("seed", range(12))
def test_any_cuts_equal_a_day_by_day_walk(seed: int) -> None:
    rng = random.Random(seed)
    marts = Marts()
    days = random_days(rng, 30)
    lane(marts, days, 0)
    assert told(marts) == slow(days)
    for _ in range(15):
        cut = rng.randrange(len(days))
        days = days[:cut] + random_days(rng, rng.randint(1, 40))
        lane(marts, days, cut)
        assert told(marts) == slow(days)
        again = len(marts.outbox())
        lane(marts, days, max(cut - 3, 0))
        assert len(marts.outbox()) == again
    whole = Marts()
    lane(whole, days, 0)
    assert marts.state() == whole.state()


def test_boundaries_texts_and_evidence() -> None:
    marts = Marts()
    lane(marts, [(10, 5, 1, 14)], 0)
    assert told(marts) == []
    lane(marts, [(10, 5, 1, 14), (10, 4, 1, 15)], 0)
    assert [row[0] for row in told(marts)] == ["body:effort_conflict", "body:gap", "body:unknown_effort"]
    for alert in marts.alerts():
        evidence = marts.select("select * from alert_evidence where alert_id = ?", [alert["alert_id"]])
        assert recompute(load()["R21"], evidence) == alert["severity"] == "info"
        assert alert["state"] == "open"
    titles = {row["scope"]: row["title"] for row in marts.alerts()}
    assert titles["body:gap"] == "No sets logged for more than 14 days (to 3 March 2026)"


def test_who_never_trained_has_no_gap() -> None:
    marts = Marts()
    lane(marts, [(0, 0, 0, 15)] * 30, 0)
    lane(marts, [(0, 0, 0, 15)] * 40, 30)
    assert told(marts) == []
