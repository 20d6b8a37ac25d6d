"""Left and right rows of one set: which of them counts (M1)."""

from __future__ import annotations

import pytest

from tests.sim.driver import Driver


def row(document: str, minute: int, side: str, reps: int) -> dict[str, object]:
    return {
        "kind": "set", "athlete": "ana", "source": "bar", "document": document, "session": "s",
        "performed_at": f"2026-11-20T18:{minute:02d}:00+01:00", "exercise": "Leg Extension (Machine)", "set_index": 1,
        "set_type": "working", "weight": {"value": 60, "unit": "kg"}, "reps": reps, "side": side,
        "effort": {"scale": "rir", "value": 1},
    }  # fmt: skip


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a"), ("b", "x", "k"), ("one", "two", "three")])
def test_of_rows_with_equal_effort_the_first_left_one_counts_whatever_the_documents_are_called(names):
    first, second, right = names
    with Driver() as driver:
        driver.ingest([row(second, 9, "left", 12), row(right, 7, "right", 10), row(first, 5, "left", 8)])
        counted = driver.query("select document_id from set_fact where e1rm_kg is not null and is_counted")
        (exercise,) = driver.query("select sets, e1rm_kg from exercise_session")
        assert driver.problems() == []
    assert [found["document_id"] for found in counted] == [first]
    assert exercise == {"sets": 1, "e1rm_kg": pytest.approx(60 * (1 + 9 / 30))}
