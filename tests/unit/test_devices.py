"""A source that collects from several devices: each has baselines of its own, and a new one is said to be new (R21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from recovery_events import FIRST, ZONE, day, hrv, night, recovery, resting

from pipeline.sources.apple import device_of
from pipeline.sources.health_auto_export import HealthAutoExport
from tests.sim.driver import Driver

RING_DAYS, WATCH_DAYS = 45, 15
HUB = "apple_health"


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def told(rings: dict[str, str], watches: dict[str, str]) -> list[dict[str, Any]]:
    """A resting heart rate a day: 48 to 50 bpm by a ring, then 57 to 59 by a watch, through one hub."""
    last = RING_DAYS + WATCH_DAYS
    events = [resting(n, 48 + n % 3, HUB) | rings for n in range(RING_DAYS)]
    events += [resting(n, 57 + n % 3, HUB) | watches for n in range(RING_DAYS, last)]
    zone = {"kind": "athlete", "athlete": "ana", "source": "app", "document": "profile", "timezone": ZONE}
    return [zone, *events, {"kind": "tick", "now_at": f"{day(last - 1)}T22:00:00Z"}]


def opened(driver: Driver) -> set[str]:
    return {str(row["rule"]) for row in driver.query("select distinct rule from alert where state <> 'withdrawn'")}


def test_a_new_device_begins_a_baseline_of_its_own(driver: Driver) -> None:
    driver.ingest(told({"device": "Ring"}, {"device": "Watch"}))
    assert "R15" not in opened(driver), "nine beats more, but from another device"
    row = recovery(driver, RING_DAYS + WATCH_DAYS - 1)
    assert (row["resting_hr_source"], row["resting_hr_n_28d"]) == (f"{HUB} (Watch)", 8)
    assert recovery(driver, RING_DAYS - 1)["resting_hr_source"] == f"{HUB} (Ring)"
    assert driver.problems() == []


def test_a_new_device_is_told_of(driver: Driver) -> None:
    both = [hrv(n, 60 + n % 5, HUB) | {"device": "Ring" if n < RING_DAYS else "Watch"} for n in range(60)]
    driver.ingest([*told({"device": "Ring"}, {"device": "Watch"}), *both])
    assert "R21" in opened(driver)


def test_known_bad_without_devices_the_ring_is_what_the_watch_is_held_against(driver: Driver) -> None:
    driver.ingest(told({}, {}))
    assert "R15" in opened(driver)


@pytest.mark.parametrize(
    ("listed", "chosen"), [([HUB], "Ring"), ([f"{HUB} (Watch)", HUB], "Watch"), (["else"], "Ring")]
)
def test_a_listed_source_stands_for_its_devices(driver: Driver, listed: list[str], chosen: str) -> None:
    profile = {"kind": "athlete", "athlete": "ana", "source": "app", "document": "profile", "timezone": ZONE,
               "source_priority": {"resting_heart_rate": listed}}  # fmt: skip
    rings = [resting(n, 50, HUB) | {"device": "Ring"} for n in range(20)]
    watches = [resting(n, 60, HUB, name="w") | {"device": "Watch"} for n in range(10, 20)]
    driver.ingest([profile, *rings, *watches])
    assert recovery(driver, 19)["resting_hr_source"] == f"{HUB} ({chosen})"
    assert driver.problems() == []


def test_nights_of_two_devices_stay_two(driver: Driver) -> None:
    """A phone that only knows when one lay in bed does not stand for a watch that measured."""
    watch = [night(n, 420, source=HUB, name="w", device="Watch") for n in range(20)]
    phone = [night(n, 510, source=HUB, name="p", hours=8.6, device="Phone") for n in range(15, 20)]
    driver.ingest([*watch, *phone])
    (row,) = driver.query(f"select sleep_minutes from athlete_day where local_day = date '{day(19)}'")
    assert row["sleep_minutes"] == 420
    assert driver.problems() == []


def test_an_export_names_its_devices() -> None:
    body = {
        "data": {
            "metrics": [
                {"name": "resting_heart_rate", "units": "count/min",
                 "data": [{"date": f"{FIRST} 07:00:00 +0100", "qty": 50, "source": "Ring"}]},
                {"name": "heart_rate_variability", "units": "ms",
                 "data": [{"date": f"{FIRST} 07:00:00 +0100", "qty": 60, "source": "Watch|Ring"}]},
            ]
        }
    }  # fmt: skip
    decoder = HealthAutoExport()
    found = [reading for one in decoder.elements_of(body) for reading in decoder.readings(one)]
    devices = {reading["kind"]: reading.get("device") for reading in found if isinstance(reading, dict)}
    assert devices == {"resting_heart_rate": "Ring", "hrv": None}, "of a value of two devices neither is guessed"
    assert device_of(" Ana’s\u00a0 Watch\n ") == {"device": "Ana’s Watch"} and device_of("") == {}
