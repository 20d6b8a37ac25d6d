"""What a week is held against (M17, R09), worked out again day by day from the rows of the days alone."""

from __future__ import annotations

import random
from datetime import date, timedelta
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.series import Bools, segment_start, within
from tests.sim.driver import Driver
from tests.unit.test_training_weeks import plan, sets_of


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40), st.integers(0, 8))
def test_within_looks_both_ways_in_its_own_series(rows: list[tuple[int, bool]], days: int) -> None:
    rows.sort(key=lambda row: row[0])
    owner = np.array([who for who, _ in rows], dtype=np.int64)
    flags: Bools = np.array([flag for _, flag in rows], dtype=bool)
    wanted = [
        any(flag and other == who and abs(at - place) <= days for at, (other, flag) in enumerate(rows))
        for place, (who, _) in enumerate(rows)
    ]
    assert within(flags, segment_start(owner), days).tolist() == wanted


@pytest.mark.parametrize("seed", range(4))
def test_base_most_and_telling_weeks_day_by_day(seed: int) -> None:
    rng = random.Random(seed)
    weeks = [rng.choice([10, 12, 12, 13]) for _ in range(16)]
    weeks[rng.randrange(5, 9)] = weeks[rng.randrange(10, 14)] = 5
    with Driver() as driver:
        driver.ingest(plan(weeks))
        driver.ingest(sets_of(rng.randrange(4), 20))  # late, over a week that is there
        hard = {
            row["local_day"]: int(row["hard_sets_assumed"])
            for row in driver.query("select local_day, hard_sets_assumed from mart.athlete_day")
        }
        rows = {row["local_day"]: row for row in driver.query("select * from mart.training_week")}
    first = min(rows)
    deload = {day for day, row in rows.items() if row["is_deload"]}
    loading = {day for day, row in rows.items() if row["is_loading"]}
    assert deload and loading and first == min(hard)

    def block(end: date) -> list[date]:
        return [end - timedelta(days=n) for n in range(7)]

    def week(end: date) -> int:
        return sum(hard.get(day, 0) for day in block(end))

    for day, row in rows.items():
        ends = [day - timedelta(days=7 * n) for n in (1, 2, 3)]
        # a deload that ends after the judged day is not known on it
        known = {one for end in deload if end <= day for one in block(end)}
        kept = [week(end) for end in ends if block(end)[-1] >= first and not known & set(block(end))]
        assert row["hard_sets_base"] == (pytest.approx(fmean(kept)) if kept else None), day
        before = [day - timedelta(days=n) for n in range(7, 35)]
        assert row["hard_sets_most"] == max((week(end) for end in before if block(end)[-1] >= first), default=None)
        since = (day - row["clock_from"]).days // 7
        telling = [
            sum(day - timedelta(days=7 * older) in loading for older in range(n + 1, 27)) >= 4 for n in range(since)
        ]
        assert row["telling_weeks"] == sum(telling), day
