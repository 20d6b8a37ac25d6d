"""The place of a set in its session: by its time, or by the list where the list has sets without one."""

from __future__ import annotations

import pytest

from tests.sim.driver import Driver


def listed(times: list[str | None]) -> dict[str, object]:
    """A workout as many apps list it: all sets of the first exercise, then those of the second."""
    sets = [
        {
            "exercise": "Squat (Barbell)" if n <= 2 else "Leg Extension (Machine)", "set_index": 1 + (n - 1) % 2,
            "set_type": "working", "reps": n, "weight": {"value": 60, "unit": "kg"},
            **({"performed_at": f"2026-11-20T18:{at}:00+01:00"} if at else {}),
        }
        for n, at in enumerate(times, 1)
    ]  # fmt: skip
    return {
        "kind": "session", "athlete": "ana", "source": "bar", "document": "w", "session": "w",
        "start": "2026-11-20T18:00:00+01:00", "end": "2026-11-20T18:30:00+01:00", "sets": sets,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("times", "reps_in_order"),
    [
        (["00", "06", "03", "09"], [1, 3, 2, 4]),  # a superset
        (["05", "05", "05", "05"], [1, 2, 3, 4]),
        ([None, None, None, None], [1, 2, 3, 4]),
        (["00", None, "03", "09"], [1, 2, 3, 4]),  # where the second stood in time nobody knows
    ],
)
def test_sets_of_a_session(times: list[str | None], reps_in_order: list[int]) -> None:
    with Driver() as driver:
        driver.ingest([listed(times)])
        assert driver.problems() == []
        rows = driver.query("select reps from set_fact order by set_order")
    assert [row["reps"] for row in rows] == reps_in_order


def test_of_two_sets_at_one_moment_the_one_outside_a_block_comes_first() -> None:
    one = {"kind": "set", "athlete": "ana", "source": "bar", "session": "s", "set_index": 1, "set_type": "working"}
    one |= {"performed_at": "2026-11-20T18:00:00+01:00", "exercise": "Squat (Barbell)"}
    with Driver() as driver:
        driver.ingest([one | {"document": "a", "reps": 2, "exercise_block": 1}, one | {"document": "b", "reps": 1}])
        assert driver.problems() == []
        assert [row["reps"] for row in driver.query("select reps from set_fact order by set_order")] == [1, 2]
