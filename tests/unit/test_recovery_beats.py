"""Series of beats end to end: RR intervals in, hrv_fact and the day's RMSSD out (M28)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.sim.driver import Driver
from tests.unit.vendor_files import SAMPLES

REST = [float(line) for line in (SAMPLES / "hrv" / "rri_rest__hrv.txt").read_text().split()]


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def series(n: int, rr_ms: list[float], context: str = "morning", day: date = date(2026, 3, 2)) -> dict[str, Any]:
    return {
        "kind": "rr_intervals", "athlete": "ana", "source": "strap", "document": f"s{n}", "rr_ms": rr_ms,
        "start": f"{day}T06:{n % 60:02d}:00", "timezone": "Europe/Lisbon", "context": context,
    }  # fmt: skip


def test_a_recording_at_rest_has_its_published_numbers(driver: Driver) -> None:
    driver.ingest([series(1, REST)])
    (row,) = driver.query("select * from hrv_fact")
    assert row["value_raw_ms"] == pytest.approx(55.137, abs=5e-4)
    assert row["value_ms"] == pytest.approx(51.974, abs=5e-4)
    assert (row["n_beats"], row["status"]) == (910, "OK")
    assert row["rejected_share"] == pytest.approx(14 / 910)
    (day,) = driver.query("select rmssd_ms from athlete_day where rmssd_ms is not null")
    assert day["rmssd_ms"] == pytest.approx(51.974, abs=5e-4)


@pytest.mark.parametrize("vector", ["23", "24"])
def test_golden_vectors_below_the_minimum_have_no_value(driver: Driver, vector: str) -> None:
    beats = {
        "23": [800.0, 810, 790, 805, 795],
        "24": [812.0, 830, 845, 820, 1190, 640, 815, 822, 835, 828, 810, 805],
    }[vector]
    driver.ingest([series(1, beats)])
    (row,) = driver.query("select value_ms, value_raw_ms, status from hrv_fact")
    assert (row["value_ms"], row["status"]) == (None, "INSUFFICIENT")
    assert row["value_raw_ms"] == pytest.approx({"23": 14.361407, "24": 207.10}[vector], abs=5e-3)
    assert driver.query("select * from athlete_day where rmssd_ms is not null") == []


def test_exercise_is_a_fact_and_no_days_value(driver: Driver) -> None:
    driver.ingest([series(1, REST, "exercise")])
    assert len(driver.query("select * from hrv_fact where value_ms is not null")) == 1
    assert driver.query("select * from recovery_day where hrv_ms is not null") == []


def test_published_measurements_agree_raw_through_the_tables(driver: Driver) -> None:
    """Every tenth row of the open study, its RMSSD recomputed from the beats without a filter."""
    path = SAMPLES / "hrv" / "welltory_hrv_measurements_open.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::10]
    beats = [[float(one) for one in row["rr_data"].split(",")] for row in rows]
    start = date(2025, 1, 1)
    driver.ingest([series(n, one, "spot", start + timedelta(days=n)) for n, one in enumerate(beats)])
    found = {row["document_id"]: row for row in driver.query("select * from hrv_fact")}
    assert len(found) == len(rows) == 140
    for n, row in enumerate(rows):
        assert found[f"s{n}"]["value_raw_ms"] == pytest.approx(float(row["rmssd"]), abs=0.1)
    for n, one in enumerate(beats):
        clean = found[f"s{n}"]["rejected_share"] == 0
        if clean and sum(one) >= 60_000 and len(one) >= 50:
            assert found[f"s{n}"]["value_ms"] == pytest.approx(found[f"s{n}"]["value_raw_ms"])
        if sum(one) < 60_000:
            assert found[f"s{n}"]["value_ms"] is None


def test_a_corrected_series_takes_the_place_of_the_first(driver: Driver) -> None:
    driver.ingest([series(1, REST)])
    driver.ingest([series(1, REST[:400])])
    (row,) = driver.query("select n_beats from hrv_fact")
    assert row["n_beats"] == 400
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "strap", "document": "s1"}])
    assert driver.query("select * from hrv_fact") == driver.query("select * from recovery_day") == []
    assert driver.service.check() == []


def test_a_days_value_from_a_series_of_poor_quality_says_so(driver: Driver) -> None:
    calm = [1000.0, 1040.0] * 50
    poor = [250.0 if n % 17 == 3 else beat for n, beat in enumerate(calm)]  # 6 of 100 beats rejected
    second, third = date(2026, 3, 3), date(2026, 3, 4)
    driver.ingest([
        series(1, calm), series(2, poor, day=second), series(3, calm, day=third),
        series(4, poor, "exercise", day=third),
    ])  # fmt: skip
    shares = {row["document_id"]: row["rejected_share"] for row in driver.query("select * from hrv_fact")}
    assert shares == {"s1": 0, "s2": 0.06, "s3": 0, "s4": 0.06}
    rows = driver.query("select * from indicator where metric = 'rmssd_ms' order by local_day")
    assert [(row["metric_id"], row["value"], row["status"]) for row in rows] == [
        ("M28", pytest.approx(40), "OK"), ("M28", pytest.approx(40), "DEGRADED"), ("M28", pytest.approx(40), "OK"),
    ]  # fmt: skip
    driver.ingest([series(5, calm, day=second)])  # a good series does not make the poor one good
    statuses = driver.query("select status from indicator where metric = 'rmssd_ms' order by local_day")
    assert [row["status"] for row in statuses] == ["OK", "DEGRADED", "OK"]
