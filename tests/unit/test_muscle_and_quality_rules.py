"""R07 per muscle, R08 beside other signs, and the parts of R21 that look at devices and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.sim.driver import Driver
from tests.unit.test_day_rules import alerts, checkin, days, hrv, night, prove, resting
from tests.unit.test_training_weeks import MONDAY, sets_of
from tests.unit.test_trend_rules import CURL

Event = dict[str, Any]


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def sets(week: int, per_session: int, exercise: str, **fields: Any) -> list[Event]:
    return [
        event | {"exercise": exercise, "document": f"{exercise}{event['document']}", "set_index": index}
        for index, event in enumerate(sets_of(week, per_session, **fields))
    ]


def two_lifts(curls: list[int], others: int = 14) -> list[Event]:
    """Leg extensions that stay as they are, and curls of so many sets a session in each week."""
    events: list[Event] = []
    for week, number in enumerate(curls):
        events += sets_of(week, others) + sets(week, number, CURL)
    return events


def quality(driver: Driver, part: str) -> list[dict[str, Any]]:
    sql = "select * from alert where rule = 'R21' and scope = 'body:{}' order by opened_on"
    return driver.query(sql.format(part))


@pytest.mark.parametrize(
    ("curls", "severity"),
    [
        ([4, 4, 4, 4], None),
        ([4, 4, 4, 5], None),  # 15 against 12, 1.25 times
        ([2, 2, 2, 3], None),  # 9 against 6, 1.5 times, and 3 sets more
        ([4, 4, 4, 6], "warning"),  # 18 against 12, 1.5 times
        ([6, 4, 4, 4, 6], "advice"),  # the same, and as many as four weeks ago
        ([4, 4, 4, 4, 2, 4], None),  # back from a light week of the muscle
    ],
)
def test_r07_of_a_muscle(driver: Driver, curls: list[int], severity: str | None) -> None:
    driver.ingest(two_lifts([*curls, curls[-1]]))
    found = {row["scope"]: row for row in alerts(driver, "R07")}
    assert set(found) == (set() if severity is None else {"muscle:biceps"})
    if severity:
        row = found["muscle:biceps"]
        assert (row["severity"], row["subject"]) == (severity, "biceps")
        assert row["title"].startswith("Volume is up (biceps): 6 more hard sets")
        proof = driver.query(f"select * from alert_evidence where alert_id = '{row['alert_id']}'")
        by_metric = {one["metric"]: one for one in proof}
        assert by_metric["hard_sets_ratio"]["value"] == pytest.approx(1.5)
        assert by_metric["muscle_hard_sets_week_before"]["value"] == pytest.approx(12)
    prove(driver)


def test_r07_of_a_muscle_ends_when_the_rise_has_become_the_usual(driver: Driver) -> None:
    driver.ingest(two_lifts([4, 4, 4, 6, 6, 6, 6]))
    (row,) = alerts(driver, "R07")
    assert row["state"] == "resolved" and row["resolved_on"] > row["opened_on"] + timedelta(days=5)


def test_r07_of_the_body_speaks_for_its_muscles(driver: Driver) -> None:
    driver.ingest(two_lifts([4, 4, 4, 8, 4], others=4) + sets(3, 8, "Leg Press (Machine)"))
    assert [row["scope"] for row in alerts(driver, "R07")] == ["body"]


@pytest.mark.parametrize(("mood", "severity"), [(3, "advice"), (1, "warning")])
def test_r08_beside_low_mood_is_a_warning(driver: Driver, mood: int, severity: str) -> None:
    events = [event for week in range(4) for event in sets_of(week, 12)]
    events += sets_of(4, 12, rir=0)
    for n, day in enumerate(days(0, 35)):
        events.append(checkin(day, mood=mood if n >= 26 else 3 + n % 2))
    driver.ingest(events)
    (row,) = alerts(driver, "R08")
    assert row["severity"] == severity
    assert ("mood was low" in row["body"]) is (severity == "warning")
    prove(driver)


def readings(first: int, last: int, source: str) -> list[Event]:
    events: list[Event] = []
    for day in days(first, last):
        events += [night(day), resting(day, 52), hrv(day, 60)]
    return [event | {"source": source, "document": f"{source}{event['document']}"} for event in events]


def test_r21_names_a_new_device(driver: Driver) -> None:
    driver.ingest(readings(0, 30, "ring") + readings(30, 50, "watch"))
    (row,) = quality(driver, "device_change")
    assert row["opened_on"] == MONDAY + timedelta(days=30)
    assert (row["resolved_on"] - row["opened_on"]).days == 14
    assert row["subject"] == "watch" and "watch" in row["title"]
    (proof,) = driver.query(f"select metric, value from alert_evidence where alert_id = '{row['alert_id']}'")
    assert proof == {"metric": "signals_of_new_source", "value": 3}


def test_r21_keeps_silent_of_the_first_device_and_of_one_that_was_away_for_some_nights(driver: Driver) -> None:
    driver.ingest(readings(0, 20, "ring") + readings(0, 20, "watch"))
    driver.ingest(readings(25, 30, "ring") + readings(31, 60, "watch"))
    assert quality(driver, "device_change") == []


@pytest.mark.parametrize(("answers", "opens"), [(13, False), (14, True)])
def test_r21_names_answers_that_never_vary(driver: Driver, answers: int, opens: bool) -> None:
    events = [checkin(day) for day in days(0, answers)]
    other = checkin(days(answers + 3, answers + 4)[0], mood=4)
    driver.ingest([*events, other])
    found = quality(driver, "straight_line")
    assert len(found) == opens
    if opens:
        assert found[0]["opened_on"] == days(13, 14)[0] and found[0]["state"] == "resolved"
        assert found[0]["resolved_on"] == days(answers + 3, answers + 4)[0]
        assert "14 times in a row" in found[0]["title"]


def test_r21_of_devices_and_answers_is_the_same_in_any_order(driver: Driver) -> None:
    events = readings(0, 30, "ring") + readings(30, 50, "watch") + [checkin(day) for day in days(0, 40)]
    for part in (events[2::3], events[1::3], events[::3]):
        driver.ingest(part)
    with Driver() as once:
        once.ingest(events)
        sql = "select rule, scope, subject, opened_on, resolved_on, body from alert order by all"
        assert driver.query(sql) == once.query(sql) != []
