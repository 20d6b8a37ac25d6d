"""Which device a recovery day believes, and what time does to it: silence, late zones, deleted readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from recovery_events import ZONE, against_usual, day, indicator, night, reading, recovery, resting, tick, values

from tests.sim.driver import Driver


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


# sources


def priority(**listed: Sequence[str]) -> dict[str, Any]:
    return reading("athlete", "profile", "coach", timezone=ZONE, source_priority=listed)


def test_the_device_that_is_listed_first_counts_and_another_fills_in_when_it_falls_silent(driver: Driver) -> None:
    driver.ingest([resting(n, 50) for n in range(3)] + [resting(n, 60, "ring") for n in range(8)])
    driver.ingest([priority(resting_heart_rate=["band", "ring"])])
    assert values(driver, "resting_hr_source") == ["band"] * 6 + ["ring"] * 2
    assert values(driver, "resting_hr_bpm") == [50] * 3 + [None] * 3 + [60] * 2


def test_without_a_list_the_longest_baseline_counts_and_a_missing_night_is_filled(driver: Driver) -> None:
    driver.ingest([night(n, 400) for n in range(20) if n != 15])
    driver.ingest([night(n, 440, source="ring") for n in range(12, 20)])
    assert values(driver, "sleep_source")[12:] == ["band"] * 3 + ["ring"] + ["band"] * 4
    assert recovery(driver, 15)["sleep_minutes"] == 440


def test_a_list_that_comes_later_holds_for_all_days(driver: Driver) -> None:
    driver.ingest([night(n, 400) for n in range(20)] + [night(n, 440, source="ring") for n in range(20)])
    driver.ingest([priority(sleep=["ring"], hrv=["band"])])
    assert set(values(driver, "sleep_minutes")) == {440}
    assert driver.service.check() == []
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "coach", "document": "profile"}])
    assert set(values(driver, "sleep_minutes")) == {400}
    assert driver.service.check() == []


def test_a_new_device_starts_a_new_baseline(driver: Driver) -> None:
    driver.ingest([resting(n, 50) for n in range(30)] + [resting(n, 58, "ring") for n in range(30, 40)])
    row = recovery(driver, 39)
    assert (row["resting_hr_source"], row["resting_hr_n_28d"], row["resting_hr_deviation_bpm"]) == ("ring", 3, None)
    assert indicator(driver, 39, "resting_hr_deviation_bpm")[:2] == ("INSUFFICIENT", None)


# time


def test_after_three_days_of_silence_a_value_is_stale_and_after_28_it_is_gone(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(14)])
    driver.ingest([tick(16)])
    assert indicator(driver, 16, "sleep_duration_7d_min") == ("OK", 420, 4)
    driver.ingest([tick(60)])
    assert indicator(driver, 17, "sleep_duration_7d_min")[:2] == ("STALE", None)
    days = driver.query("select max(local_day) as last from recovery_day")
    assert days == [{"last": day(13 + 29)}]  # and one day on which alerts end
    assert driver.query("select max(local_day) as today from athlete_day") == [{"today": day(60)}]
    assert driver.service.check() == []


def test_a_check_in_holds_for_a_week(driver: Driver) -> None:
    against_usual(driver, "hooper", 4, {"sleep": 3, "fatigue": 5, "stress": 4, "soreness": 5})
    driver.ingest([tick(30)])
    assert indicator(driver, 18, "subjective_z")[0] == "OK"
    assert indicator(driver, 23, "subjective_z")[0] == "INSUFFICIENT"  # not silent yet, but one report in 7 days
    assert indicator(driver, 24, "subjective_z")[0] == "STALE"


def test_a_deleted_reading_leaves_the_windows_of_the_days_after_it(driver: Driver) -> None:
    driver.ingest([resting(n, 50 + n % 2) for n in range(40)] + [resting(40, 80)])
    driver.ingest([resting(n, 50) for n in range(41, 46)])
    assert recovery(driver, 42)["resting_hr_n_7d"] == 7
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "band", "document": "resting40"}])
    assert recovery(driver, 42)["resting_hr_n_7d"] == 6
    assert driver.service.check() == []


def test_a_day_becomes_known_with_its_zone(driver: Driver) -> None:
    times = {"start": "2026-06-01T22:30:00Z", "end": "2026-06-02T06:30:00Z"}
    driver.ingest([reading("sleep", "z", asleep_min=420, **times)])
    assert driver.query("select night, asleep_minutes from sleep_fact") == [{"night": None, "asleep_minutes": 420}]
    assert driver.query("select 1 from recovery_day") == []
    driver.ingest([reading("athlete", "profile", "coach", timezone="Pacific/Auckland")])
    (row,) = driver.query("select local_day, sleep_minutes, sleep_midpoint_min from recovery_day")
    assert row == {"local_day": date(2026, 6, 2), "sleep_minutes": 420, "sleep_midpoint_min": 14 * 60 + 30}
    driver.ingest([reading("athlete", "profile", "coach", timezone="America/New_York")])
    (row,) = driver.query("select local_day, sleep_midpoint_min from recovery_day")
    assert row == {"local_day": date(2026, 6, 1) + timedelta(1), "sleep_midpoint_min": 22 * 60 + 30}
    assert driver.service.check() == []


def test_a_baseline_ends_a_week_before_the_day_it_judges(driver: Driver) -> None:
    driver.ingest([resting(n, 50) for n in range(28)] + [resting(n, 60) for n in range(28, 36)])
    assert recovery(driver, 34)["resting_hr_median_28d_bpm"] == 50
    assert (recovery(driver, 34)["resting_hr_n_28d"], recovery(driver, 35)["resting_hr_n_28d"]) == (28, 28)
