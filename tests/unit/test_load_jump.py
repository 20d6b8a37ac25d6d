"""What R20 compares a session with, against a plain search; and history that lies before the days that are read."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.load_jump import BEFORE_DAYS, compared_with, load_jumps
from pipeline.store.shard import Shard
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


STEP = st.tuples(st.integers(1, 45), st.integers(20, 60), st.sampled_from([3, 6, 12]))


@given(st.lists(st.lists(STEP, min_size=1, max_size=14), min_size=1, max_size=3), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_what_is_read_near_and_what_is_read_far_say_the_same(
    exercises: list[list[tuple[int, int, int]]], apart: int
) -> None:
    """Against one read of all days: only how far back is looked at first differs."""
    today = date(2026, 1, 1)
    days = [
        (1, exercise, today - timedelta(days=sum(gap for gap, _, _ in steps[: number + 1]) - 1), kg, reps)
        for exercise, steps in enumerate(exercises)
        for number, (_, kg, reps) in enumerate(steps)
    ]
    with closing(Shard(None)) as shard:
        connection = shard.connection
        rows = ", ".join(
            f"({who}, {exercise}, date '{day}', {kg * 1_000_000}, {reps})" for who, exercise, day, kg, reps in days
        )
        connection.execute(
            "insert into mart.exercise_session (athlete_no, exercise_no, local_day, top_weight_mg, top_reps)"
            f" values {rows}"
        )
        connection.execute(
            "insert into base.athlete_span (athlete_no, first_day)"
            " select athlete_no, min(local_day) from mart.exercise_session group by all"
        )
        connection.execute(f"create temp table touched_day_lane as select 1 as athlete_no, date '{today}' as from_day")
        found = load_jumps(connection, 27, apart)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipeline.models.load_jump.NEAR_DAYS", 2 * BEFORE_DAYS)
            whole = load_jumps(connection, 27, apart)
    order = [(name, "ascending") for name in ("athlete_no", "exercise_no", "local_day")]
    assert found.sort_by(order).to_pylist() == whole.sort_by(order).to_pylist()


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
