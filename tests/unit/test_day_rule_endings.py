"""What ends an alert: data that are there and say so, or four weeks of silence; no new device and no gap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.sim.driver import Driver
from tests.unit.test_day_rules import (
    LAST,
    Event,
    alerts,
    checkin,
    days,
    hrv,
    night,
    plan,
    prove,
    resting,
    steady,
)

BAD = 16  # days on which something is off


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def wave(day: date) -> float:
    """A little up and down, as everybody has."""
    return day.toordinal() % 4 - 1.5


def ended(driver: Driver, rule: str) -> date | None:
    (row,) = alerts(driver, rule)
    end: date | None = row["resolved_on"]
    return end


def training(first: int, last: int) -> list[Event]:
    """A set every day: it keeps the calendar going."""
    return [
        {
            "kind": "set", "athlete": "ana", "document": f"t{day}", "session": f"t{day}", "set_index": 1, "reps": 8,
            "set_type": "working", "performed_at": f"{day}T18:00:00", "timezone": "Europe/Lisbon",
            "exercise": "Bench Press (Barbell)", "weight": {"value": 40, "unit": "kg"},
        }
        for day in days(first, last)
    ]  # fmt: skip


def worn_out(worn: list[date]) -> list[Event]:
    """What opens R17: hard weeks after steady ones, with bad answers, short nights and a raised pulse on ``worn``."""
    told = [checkin(day, mood=1, stress=1, fatigue=1, sleep_quality=1, soreness=2) for day in worn]
    told += [*(night(day, 300) for day in worn), *(resting(day, 66) for day in worn)]
    return [*steady(), *plan([12] * 12 + [20] * 3), *told]


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("R12", lambda day: night(day, 300)),
        ("R13", lambda day: checkin(day, mood=1, stress=1 + day.day % 2)),
        ("R14", lambda day: hrv(day, 30)),
        ("R15", lambda day: resting(day, 66)),
    ],
)
@pytest.mark.parametrize("everything", [True, False], ids=["nothing else is there", "sets go on"])
def test_four_weeks_after_the_last_reading_nothing_is_left_to_speak_of(
    driver: Driver, rule: str, bad: Any, everything: bool
) -> None:
    begin, end = LAST, LAST + BAD
    driver.ingest([*steady(), *map(bad, days(begin, end)), *training(0, end + (27 if everything else 60))])
    last = days(end - 1, end)[0]
    if everything:
        assert ended(driver, rule) is None
        return
    assert ended(driver, rule) == last + timedelta(days=29)
    prove(driver)
    assert driver.service.check() == []


def test_low_mood_of_working_days_is_one_warning(driver: Driver) -> None:
    answers = [checkin(day, mood=1, stress=3 + day.day % 2) for day in days(LAST, LAST + 40) if day.weekday() < 5]
    driver.ingest([*steady(), *answers])
    (row,) = alerts(driver, "R13")
    assert row["severity"] == "warning" and row["resolved_on"] is None
    assert driver.service.check() == []


def test_a_question_that_is_no_longer_answered_ends_nothing(driver: Driver) -> None:
    told = [checkin(day, mood=1, stress=3 + day.day % 2) for day in days(LAST, LAST + 8)]
    silent = [checkin(day, stress=3 + day.day % 2) for day in days(LAST + 8, LAST + 25)]
    for event in silent:
        del event["items"]["mood"]
    driver.ingest([*steady(), *told, *silent])
    assert ended(driver, "R13") is None


def test_three_good_check_ins_end_it(driver: Driver) -> None:
    told = [checkin(day, mood=1, stress=3 + day.day % 2) for day in days(LAST, LAST + 8)]
    driver.ingest([*steady(), *told])
    for count, day in enumerate(days(LAST + 8, LAST + 24)):
        driver.ingest([checkin(day, mood=5, stress=4)])
        if (end := ended(driver, "R13")) is not None:
            break
    assert end == day and count >= 3
    prove(driver)


def test_a_new_device_without_a_usual_ends_no_short_nights(driver: Driver) -> None:
    begin = days(LAST, LAST + 30)
    driver.ingest([*steady(), *(night(day, 340) for day in begin[:10])])
    driver.ingest([night(day, 370, source="watch", document=f"w{day}") for day in begin[10:]])  # as bad by itself
    assert ended(driver, "R12") is None
    driver.ingest([night(day, 450, source="watch", document=f"w{day}") for day in days(LAST + 30, LAST + 45)])
    assert ended(driver, "R12") is not None  # seven hours are enough for everybody
    assert driver.service.check() == []


def test_a_new_device_without_a_usual_ends_no_raised_heart_rate(driver: Driver) -> None:
    begin = days(LAST, LAST + 20)
    driver.ingest([*steady(), *(resting(day, 66 + wave(day)) for day in begin[:8])])
    driver.ingest([resting(day, 66 + wave(day)) | {"source": "watch", "document": f"w{day}"} for day in begin[8:]])
    assert ended(driver, "R15") is None


def test_one_reading_after_a_gap_ends_no_raised_heart_rate(driver: Driver) -> None:
    begin = days(LAST, LAST + 30)
    driver.ingest([*steady(), *(resting(day, 66 + wave(day)) for day in begin[:8]), resting(begin[22], 50)])
    assert ended(driver, "R15") is None


def test_points_that_fall_because_nobody_tells_end_no_r17(driver: Driver) -> None:
    begin = days(LAST, LAST + 60)
    worn = begin[:18]
    driver.ingest(worn_out(worn))
    (row,) = alerts(driver, "R17")
    assert row["resolved_on"] is None
    driver.ingest(training(LAST + 21, LAST + 40))
    assert ended(driver, "R17") is None
    driver.ingest(training(LAST + 40, LAST + 60))
    assert ended(driver, "R17") == worn[-1] + timedelta(days=29)
    assert driver.service.check() == []


def test_a_ring_that_comes_back_with_good_news_ends_r17(driver: Driver) -> None:
    begin = days(LAST, LAST + 60)
    worn = begin[:18]
    driver.ingest(worn_out(worn))
    good = begin[18:]
    driver.ingest([checkin(day, mood=4 + day.day % 2) for day in good[:14]])
    assert ended(driver, "R17") is None  # the ring is silent
    driver.ingest([event for day in good[14:20] for event in (night(day, 450), resting(day, 52), checkin(day))])
    assert ended(driver, "R17") is not None
    assert driver.service.check() == []
