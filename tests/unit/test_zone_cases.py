"""Hand-made time-zone cases through the whole pipeline, and the days they are about against the zone rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.sim.driver import NOW, Driver
from tests.sim.generator import Upload
from tests.unit import zone_cases, zone_cases_clock, zone_cases_days, zone_cases_readings
from tests.unit.zone_events import Case

CASES = [*zone_cases.CASES, *zone_cases_readings.CASES, *zone_cases_days.CASES, *zone_cases_clock.CASES]


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """One service; each case is a gym of its own, and all of them come in together."""
    with Driver() as opened:
        for told in ("events", "later"):
            for case in CASES:
                if getattr(case, told):
                    opened.send(Upload(case.name, NOW, getattr(case, told), admin=True))
            opened.service.apply_all()
        yield opened


def rows(driver: Driver, case: Case, wanted: str) -> list[tuple[object, ...]]:
    """The rows of this case's gym, days and times as text."""
    columns, _, view = wanted.partition(" from ")
    view, _, condition = view.partition(" where ")
    found = driver.query(
        f"select {columns} from {view} where tenant_id = '{case.name}' and ({condition or 'true'}) order by all"
    )
    return [tuple(str(v) if isinstance(v, date) else v for v in row.values()) for row in found]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_zone_case(driver: Driver, case: Case) -> None:
    for wanted, expected in case.expect.items():
        found = rows(driver, case, wanted)
        assert found == [tuple(map(near, row)) for row in expected], (case.why, wanted)


def near(value: object) -> object:
    """A float may differ by rounding; all else is the same or is not."""
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def hours(zone: str, day: str) -> float:
    """Length of a local date: from its midnight to that of the next."""
    begin, end = (
        datetime.combine(date.fromisoformat(day) + timedelta(n), time(), ZoneInfo(zone)).astimezone(UTC) for n in (0, 1)
    )
    return (end - begin) / timedelta(hours=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_days_of_a_case_are_as_long_as_it_says(case: Case) -> None:
    assert case.days, "a case names the days of the zones it is about"
    assert {(zone, day): hours(zone, day) for zone, day, _ in case.days} == {(z, d): told for z, d, told in case.days}


def test_there_are_enough_cases_and_each_says_what_for() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.why and case.expect for case in CASES)
    lengths = {told for case in CASES for _, _, told in case.days}
    assert lengths >= {0, 23, 23.5, 24, 24.5, 25}
    kinds = {event["kind"] for case in CASES for event in (*case.events, *case.later)}
    assert kinds >= {
        "set", "session", "sleep", "hrv", "resting_heart_rate", "heart_rate", "rr_intervals", "checkin", "body_mass",
        "declaration", "athlete", "tick",
    }  # fmt: skip


def test_all_cases_together_agree_with_the_second_computation(driver: Driver) -> None:
    assert driver.problems() == []
