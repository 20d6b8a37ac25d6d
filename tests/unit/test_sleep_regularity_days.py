"""M24 end to end: nights in, the index of the chosen source out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from recovery_events import ZONE, day, indicator, night, reading, recovery

from tests.sim.driver import Driver

TABLE = "select * from mart.sleep_regularity_day order by all"


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def index(driver: Driver, n: int) -> tuple[float | None, int]:
    row = recovery(driver, n)
    return row["sleep_regularity_index"], row["sleep_regularity_day_pairs"]


def staged(n: int, *awake: tuple[str, str]) -> dict[str, Any]:
    """Asleep from 23:00 to 07:00 but for the stretches ``awake`` of the morning of day ``n``."""
    begin = datetime.fromisoformat(f"{day(n)}T07:00:00") - timedelta(hours=8)
    end = datetime.fromisoformat(f"{day(n)}T07:00:00")
    cuts = [(f"{day(n)}T{since}:00", f"{day(n)}T{until}:00") for since, until in awake]
    edges = [begin.isoformat(), *(edge for cut in cuts for edge in cut), end.isoformat()]
    stages = [
        {"stage": "awake" if place % 2 else "asleep", "start": since, "end": until}
        for place, (since, until) in enumerate(pairwise(edges))
    ]
    return reading("sleep", f"sleep{n}", start=edges[0], end=edges[-1], timezone=ZONE, stages=stages)


def test_equal_nights_are_100(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(16)])
    assert index(driver, 15) == (100, 13)
    assert indicator(driver, 15, "sleep_regularity_index") == ("OK", 100, 13)
    (row,) = driver.query(f"select * from indicator where metric_id = 'M24' and local_day = date '{day(15)}'")
    assert (row["window_start"], row["window_end"]) == (day(1), day(15))


def test_four_day_pairs_are_no_index(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(6)])
    assert index(driver, 5) == (None, 4)  # the evening before day 0 is too little of a day, and day 5 is not over
    assert indicator(driver, 5, "sleep_regularity_index") == ("INSUFFICIENT", None, 4)
    driver.ingest([night(6, 420)])
    assert index(driver, 6) == (100, 5)


def test_an_hour_later_every_second_night(driver: Driver) -> None:
    """Awake from 06:00 instead of 07:00 in UTC: an hour of each pair differs, 23 of 24 agree."""
    driver.ingest([night(n, 420, until=("07:00", "08:00")[n % 2], hours=8 + n % 2) for n in range(20)])
    assert index(driver, 19) == (pytest.approx(91.6667, abs=5e-5), 13)


def test_stretches_awake_are_awake(driver: Driver) -> None:
    """One hour awake at 3 in one of two nights differs from the nights before and after it."""
    driver.ingest([staged(n, ("03:00", "04:00")) if n % 2 else staged(n) for n in range(20)])
    assert index(driver, 19) == (pytest.approx(91.6667, abs=5e-5), 13)


def test_a_night_not_worn_is_unknown_and_not_a_day_awake(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(20) if n != 12])
    assert index(driver, 19) == (100, 10)  # from one morning to the night after next nothing is known
    driver.ingest([night(12, None)])  # worn, but nobody knows how long it was slept
    value, pairs = index(driver, 19)
    assert (value, pairs) == (100, 13)  # awake before and after it; only its own hours are missing


def test_a_nap_is_sleep_and_parts_the_day(driver: Driver) -> None:
    nap = night(15, 60, until="15:00", hours=1, nap=True, name="nap")
    driver.ingest([*(night(n, 420) for n in range(20)), nap])
    assert index(driver, 19)[0] == pytest.approx(-100 + 200 * (1 - 2 / (13 * 24)))


def test_a_night_handed_out_twice_counts_once_and_what_is_told_both_ways_is_unknown(driver: Driver) -> None:
    driver.ingest([*(staged(n, ("03:00", "04:00")) for n in range(20))])
    driver.ingest([night(n, 420, name="again", hours=6) for n in range(20)])
    assert index(driver, 19) == (100, 13)


def test_the_source_of_the_day_is_the_one_that_is_judged(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(20)])
    driver.ingest([night(n, 300, source="ring", until=("07:00", "11:00")[n % 2], hours=6) for n in range(20)])
    driver.ingest([reading("athlete", "profile", "coach", timezone=ZONE, source_priority={"sleep": ["ring"]})])
    assert recovery(driver, 19)["sleep_source"] == "ring"
    assert index(driver, 19)[0] < 60
    driver.ingest([reading("athlete", "profile", "coach", timezone=ZONE, source_priority={"sleep": ["band"]})])
    assert index(driver, 19) == (100, 13)


def test_nobody_sleeps_for_more_than_a_day(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(20)])
    driver.ingest([night(19, 300, until="23:00", hours=30, name="stuck")])
    assert driver.service.check() == []
    assert driver.problems(replay=False) == []


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_any_order_and_corrections_are_what_one_batch_gives(driver: Driver, zone: str) -> None:
    """Where a day of UTC begins at noon or in the evening, a night also tells of the days before its own."""
    nights = [staged(n, ("02:00", "02:20"), ("05:00", "05:01")) | {"timezone": zone} for n in range(24) if n % 9]
    nights += [night(n, 90, until="16:30", hours=1.5, nap=True, name="nap") | {"timezone": zone} for n in (3, 4, 9, 17)]
    late = [nights.pop(place) for place in (18, 10, 4)]
    with Driver() as whole:
        whole.ingest([*nights, *late, {"kind": "delete", "athlete": "ana", "source": "band", "document": "sleep14"}])
        expected = whole.query(TABLE)
        assert whole.problems(replay=False) == []
    assert len(expected) > 20
    driver.ingest(nights[::-1])
    for one in late:
        driver.ingest([one])
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "band", "document": "sleep14"}])
    assert driver.query(TABLE) == expected
    driver.service.rebuild()
    assert driver.query(TABLE) == expected


def test_gv_19_end_to_end_is_too_few_days(driver: Driver) -> None:
    """Its three days agree in 45 of 48 hours (87.5); an index asks for five pairs of days, so none is shown."""

    def asleep(document: str, start: str, end: str) -> dict[str, Any]:
        return reading("sleep", document, start=start, end=end, timezone=ZONE, stages=[
            {"stage": "asleep", "start": start, "end": end},
        ])  # fmt: skip

    driver.ingest([
        asleep("first", f"{day(1)}T00:00:00", f"{day(1)}T07:00:00"),
        asleep("second", f"{day(1)}T23:00:00", f"{day(2)}T07:00:00"),
        asleep("third", f"{day(3)}T00:00:00", f"{day(3)}T08:00:00"),
        asleep("fourth", f"{day(3)}T23:00:00", f"{day(4)}T07:00:00"),
    ])  # fmt: skip
    value, pairs = index(driver, 4)
    assert value is None and 0 < pairs < 5
    assert indicator(driver, 4, "sleep_regularity_index") == ("INSUFFICIENT", None, pairs)
    assert driver.problems() == []
