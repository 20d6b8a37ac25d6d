"""Weeks of training against the weeks before: loading, deloads and their clock, failure weeks, the volume's base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.sim.driver import Driver

MONDAY = date(2026, 1, 5)


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def sets_of(week: int, per_session: int, sessions: int = 3, *, rir: float = 2) -> list[dict[str, Any]]:
    """Sets of one week on Monday, Wednesday and Friday."""
    return [
        {
            "kind": "set", "athlete": "ana", "document": f"w{week}s{session}n{n}", "session": f"w{week}s{session}",
            "performed_at": datetime.combine(
                MONDAY + timedelta(days=7 * week + 2 * session), datetime.min.time(), UTC
            ).replace(hour=17, minute=n).isoformat(),
            "timezone": "Europe/Lisbon", "exercise": "Leg Extension (Machine)", "set_index": n, "set_type": "working",
            "weight": {"value": 50, "unit": "kg"}, "reps": 10, "effort": {"scale": "rir", "value": rir},
        }
        for session in range(sessions) for n in range(per_session)
    ]  # fmt: skip


def plan(weeks: Sequence[int], **fields: Any) -> list[dict[str, Any]]:
    return [event for week, sets in enumerate(weeks) for event in sets_of(week, sets, **fields)]


def sunday(driver: Driver, week: int) -> dict[str, Any]:
    day = MONDAY + timedelta(days=7 * week + 6)
    (row,) = driver.query(f"select * from mart.training_week where local_day = date '{day}'")
    return row


def test_steady_weeks_are_loading_weeks_and_their_own_base(driver: Driver) -> None:
    driver.ingest(plan([12] * 6))
    row = driver.query("select * from mart.training_week order by local_day desc limit 1")[0]
    assert (row["is_loading"], row["is_deload"], row["is_failure_week"]) == (True, False, False)
    assert (row["hard_sets_7d"], row["hard_sets_base"], row["hard_sets_sessions"]) == (36, 36.0, 9)
    assert row["fatigue_weighted_volume_7d"] == pytest.approx(36 * (0.3 + 0.7 * 0.100259), abs=1e-4)


def test_a_light_week_is_a_deload_and_leaves_the_base(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 12, 12, 7, 12, 12, 12]))
    light = sunday(driver, 4)
    assert (light["is_deload"], light["weeks_since_deload"]) == (True, 0)
    after = sunday(driver, 6)
    assert (after["weeks_since_deload"], after["loading_weeks"]) == (2, 2)
    assert (after["hard_sets_base"], after["hard_sets_sessions"]) == (36.0, 6)  # the deload is none of its blocks


@pytest.mark.parametrize(
    ("days_later", "base"),
    [*((n, 36.0) for n in range(6)), (6, None), (7, 36.0)],  # nine days lie in weeks as light as that, of three blocks
)
def test_no_block_of_the_base_holds_a_day_of_a_deload(driver: Driver, days_later: int, base: float | None) -> None:
    """Blocks that end in mid-week hold some of the light days, and a return to the usual would look like a rise."""
    driver.ingest(plan([12] * 6 + [7] + [12] * 4))
    sunday_after = MONDAY + timedelta(days=7 * 7 + 6)
    (row,) = driver.query(
        f"select * from mart.training_week where local_day = date '{sunday_after + timedelta(days=days_later)}'"
    )
    assert (row["hard_sets_7d"], row["hard_sets_base"]) == (36, base)


def test_the_most_of_the_four_weeks_before_holds_light_and_hard_weeks(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 16, *[12] * 7]))
    most = [sunday(driver, week)["hard_sets_most"] for week in range(9)]
    assert most == [None, 36, 36, 48, 48, 48, 48, 44, 36]  # in week 7 Monday of week 2 is gone


@pytest.mark.parametrize(("sets", "deload"), [(7, True), (8, False)])
def test_a_deload_has_at_most_60_percent_of_the_median(driver: Driver, sets: int, deload: bool) -> None:
    driver.ingest(plan([12, 12, 12, 12, sets, 12]))
    assert sunday(driver, 4)["is_deload"] is deload


def test_a_light_week_with_a_reported_failure_is_no_deload(driver: Driver) -> None:
    events = plan([12, 12, 12, 12, 7, 12])
    light = [event for event in events if event["document"].startswith("w4")]
    light[0]["outcome"] = "failed_mechanical"
    driver.ingest(events)
    assert sunday(driver, 4)["is_deload"] is False


def test_four_loading_weeks_are_needed_before_one_is_light(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 12, 7, 12]))
    assert sunday(driver, 3)["is_deload"] is False


def test_a_week_hardly_trained_after_three_is_a_deload(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 12]) + sets_of(3, 12, sessions=1) + sets_of(4, 12))
    assert sunday(driver, 3)["is_deload"] is True


@pytest.mark.parametrize(("what", "weeks"), [("deload", 1), ("illness", 1), ("travel", 1), ("injury", 5)])
def test_what_is_declared_sets_the_clock_back(driver: Driver, what: str, weeks: int) -> None:
    declared = {
        "kind": "declaration", "athlete": "ana", "document": "d", "what": what,
        "from_day": str(MONDAY + timedelta(days=21)), "to_day": str(MONDAY + timedelta(days=27)),
    }  # fmt: skip
    driver.ingest([*plan([12] * 6), declared])
    assert sunday(driver, 4)["weeks_since_deload"] == weeks


def test_failure_weeks_run_until_one_without(driver: Driver) -> None:
    failing = [event | {"effort": {"scale": "rir", "value": 0}} for week in (2, 3) for event in sets_of(week, 12)]
    driver.ingest([*plan([12, 12]), *failing, *sets_of(4, 12)])
    assert [sunday(driver, week)["failure_weeks"] for week in (1, 2, 3)] == [0, 1, 2]


def test_monotony_of_golden_vector_11(driver: Driver) -> None:
    """GV-11 through session ratings: 300, 0, 450, 0, 360, 500, 0."""
    sets = plan([12, 12])
    sessions = []
    for day, load in ((0, 300), (2, 450), (4, 360), (5, 500)):
        start = datetime.combine(MONDAY + timedelta(days=14 + day), datetime.min.time(), UTC).replace(hour=17)
        sessions.append({
            "kind": "session", "athlete": "ana", "document": f"m{day}", "session": f"m{day}", "cr10": load / 60,
            "start": start.isoformat(), "end": (start + timedelta(minutes=60)).isoformat(), "timezone": "Europe/Lisbon",
            "sets": [{"exercise": "Leg Extension (Machine)", "set_type": "working", "reps": 10,
                      "weight": {"value": 50, "unit": "kg"}}],
        })  # fmt: skip
    driver.ingest([*sets, *sessions, *sets_of(3, 12)])
    week = sunday(driver, 2)
    assert week["load_kind"] == "session_rpe"
    assert week["load_7d"] == pytest.approx(1610)
    assert week["monotony"] == pytest.approx(1.1077, abs=5e-5)
    assert week["strain"] == pytest.approx(1783.38, abs=5e-2)


def test_late_sets_move_the_weeks_after_them_as_a_rebuild_does(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 12, 12, 0, 12, 12, 12, 12, 12]))
    assert sunday(driver, 4)["hard_sets_7d"] == 0
    driver.ingest(sets_of(4, 6))
    assert sunday(driver, 4)["hard_sets_7d"] == 18
    before = driver.query("select * from mart.training_week order by local_day")
    driver.service.rebuild()
    assert driver.query("select * from mart.training_week order by local_day") == before
