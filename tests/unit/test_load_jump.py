"""What R20 compares a session with, against a plain search; and history that lies before the days that are read."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.load_jump import BEFORE_DAYS, compared_with
from tests.sim.driver import Driver
from tests.unit.test_day_rules import prove, told
from tests.unit.test_training_weeks import MONDAY
from tests.unit.test_trend_rules import BENCH, single

SESSION = st.tuples(st.integers(0, 2), st.integers(0, 400), st.integers(20, 60), st.integers(1, 12))


@given(st.lists(SESSION, max_size=60, unique_by=lambda one: one[:2]), st.integers(0, 4))
def test_a_session_is_compared_with_the_last_one_alike(sessions: list[tuple[int, int, int, int]], apart: int) -> None:
    sessions = sorted(sessions)
    columns = np.array(sessions, dtype=np.int64).reshape(-1, 4).T
    found = compared_with(*columns, apart)
    for at, (group, day, _, reps) in enumerate(sessions):
        alike = [
            weight
            for other, earlier, weight, counted in sessions
            if other == group and day - BEFORE_DAYS <= earlier < day and abs(counted - reps) <= apart
        ]
        assert found[at] == (alike[-1] if alike else 0)


@pytest.mark.parametrize(("gap", "told_of"), [(60, ["info"]), (BEFORE_DAYS + 10, [])])
def test_a_jump_long_ago_is_not_the_jump_before(gap: int, told_of: list[str]) -> None:
    """Two jumps of 15 %, the second against a lighter set of other repetitions' session in between or long after."""
    with Driver() as driver:
        first = MONDAY + timedelta(days=80)
        for day, kg, reps in (
            (MONDAY, 100, 5),
            (first, 115, 5),  # a jump
            (first + timedelta(days=gap), 132.5, 5),  # another one: in a row when it comes in time
        ):
            driver.ingest([single(day, BENCH, kg, reps=reps, rir=3)])  # so the last is worked out on stored history
        assert [level for level, _ in told(driver, "R20")] == told_of
        prove(driver)
