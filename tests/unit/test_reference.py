"""The reference e1RM of a session comes from sessions before it, and of two at the same moment neither was first."""

from __future__ import annotations

import pytest

from tests.sim.driver import Driver


def a_set(document: str, at: str, *, reps: int = 5, rir: float | None = 1) -> dict[str, object]:
    event: dict[str, object] = {
        "kind": "set", "athlete": "ana", "source": "bar", "document": document, "session": document,
        "exercise": "Bench Press (Barbell)", "set_index": 1, "set_type": "working", "reps": reps,
        "weight": {"value": 80, "unit": "kg"}, "performed_at": at,
    }  # fmt: skip
    return event if rir is None else event | {"effort": {"scale": "rir", "value": rir}}


@pytest.mark.parametrize("twins", [("a", "b"), ("b", "a"), ("long name", "x")])
def test_sessions_that_begin_together_are_no_reference_for_each_other(twins: tuple[str, str]) -> None:
    known, unknown = twins
    start = "2026-09-21T16:34:00+05:30"
    with Driver() as driver:
        driver.ingest([a_set(f"d{n}", f"2026-09-0{n}T18:00:00+00:00") for n in (1, 2)])
        driver.ingest([a_set(known, start), a_set(unknown, start, rir=None)])
        assert driver.problems() == []
        (row,) = driver.query("select effort_source from set_fact where effort_scale is null")
        assert row["effort_source"] is None  # two sessions before it, and three are asked for
        driver.ingest([a_set("d3", "2026-09-03T18:00:00+00:00")])
        assert driver.problems() == []
        (row,) = driver.query("select effort_source from set_fact where effort_scale is null")
        assert row["effort_source"] == "load_reps"
