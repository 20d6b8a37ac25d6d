"""Any cuts, any order, late data and deletions give the alerts of one run over everything, and of a second opinion."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest

from tests.unit.alert_marts import DAY0, Marts, Session
from tests.unit.alert_oracle import Expected, expected

MARKS = "FTLhNNNUu"


def random_session(rng: random.Random, days: int) -> Session:
    source = rng.choice(("api", "api", "hevy"))
    day = rng.randrange(days)
    hour = rng.choice((7.0, 12.0, 18.0, 23.5))
    name = str(rng.randrange(12)) if rng.random() < 0.3 else f"{source}{day}-{hour}"
    work = {
        exercise: "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 5)))
        for exercise in rng.sample((1, 2, 3, 4, 5, 6), rng.randint(1, 3))
    }
    return Session(day, work, name, hour, rng.randint(1, 2), source, date_only=rng.random() < 0.1)


def present(marts: Marts) -> dict[int, datetime]:
    last: dict[int, datetime] = {}
    for session in marts.sessions.values():
        at = datetime.combine(DAY0 + timedelta(days=session.day), datetime.min.time()) + timedelta(
            hours=session.hour + 1
        )
        last[session.athlete] = max(at, last.get(session.athlete, at))
    return last


def move_time(marts: Marts, touched: dict[int, date], before: dict[int, datetime]) -> dict[int, datetime]:
    """Today moves with the data; athletes whose today moved are touched from the earlier of both on."""
    now = present(marts)
    for athlete, at in now.items():
        marts.now(at, athlete)
        earlier = min(at, before.get(athlete, at))
        if at.date() != before.get(athlete, at).date():
            touched[athlete] = min(touched.get(athlete, earlier.date()), earlier.date())
    return now


def told(marts: Marts) -> Expected:
    rows = marts.select(
        "select athlete_no, rule, scope, opened_on, severity, updated_on, resolved_on from mart.alert order by all"
    )
    return {
        (row["athlete_no"], row["rule"], row["scope"], row["opened_on"]): (
            row["severity"], row["updated_on"], row["resolved_on"],
        )
        for row in rows
    }  # fmt: skip


def visible(marts: Marts) -> list[dict[str, object]]:
    return [row for row in marts.alerts() if row["state"] != "withdrawn"]


@pytest.mark.parametrize("seed", range(3))
def test_any_cuts_give_the_alerts_of_one_run(seed: int) -> None:
    rng = random.Random(seed)
    days = rng.choice((12, 60, 200))
    marts = Marts()
    marts.profile(1, level="beginner")
    marts.athlete(2)
    before: dict[int, datetime] = {}
    for step in range(20):
        touched: dict[int, date] = {}
        for _ in range(rng.choice((1, 1, 2, 8))):
            if marts.sessions and rng.random() < 0.2:
                athlete, source, name = rng.choice(sorted(marts.sessions))
                changed = marts.remove(name, athlete, source)
            else:
                session = random_session(rng, days)
                athlete, changed = session.athlete, marts.put(session)
            touched[athlete] = min(changed, touched.get(athlete, changed))
        before = move_time(marts, touched, before)
        marts.run(touched)
        if step % 4 == 3:
            whole = Marts()
            whole.profile(1, level="beginner")
            whole.athlete(2)
            for session in marts.sessions.values():
                whole.put(session)
            move_time(whole, {}, {})
            whole.run({1: DAY0, 2: DAY0})
            assert told(marts) == expected(list(marts.sessions.values()), {1})
            for table, rows in whole.state().items():
                assert marts.state()[table] == rows, table
            assert visible(marts) == visible(whole)
    sent = {row["alert_id"]: row["state"] for row in marts.outbox()}
    for row in marts.alerts():
        assert sent[row["alert_id"]] == row["state"]


def test_a_run_over_nothing_new_sends_and_changes_nothing() -> None:
    rng = random.Random(7)
    marts = Marts()
    for _ in range(60):
        marts.put(random_session(rng, 40))
    move_time(marts, {}, {})
    assert marts.run({1: DAY0, 2: DAY0}) > 0
    stored, sent = marts.state(), len(marts.outbox())
    for day in (DAY0, DAY0 + timedelta(days=20), DAY0 + timedelta(days=39)):
        assert marts.run({1: day, 2: day}) == 0
    assert marts.state() == stored
    assert len(marts.outbox()) == sent


def test_a_rebuild_sends_nothing_again() -> None:
    rng = random.Random(8)
    marts = Marts()
    for _ in range(60):
        marts.put(random_session(rng, 40))
    move_time(marts, {}, {})
    marts.run({1: DAY0, 2: DAY0})
    stored, sent = marts.state(), len(marts.outbox())
    for table in ("condition", "alert", "alert_evidence"):
        marts.connection.execute(f"delete from mart.{table}")
    assert marts.run({1: DAY0, 2: DAY0}) == 0
    assert marts.state() == stored
    assert len(marts.outbox()) == sent
