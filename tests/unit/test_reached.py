"""How long the day-level lane rests: by what a run took, not by what it waited for."""

from __future__ import annotations

import pytest

from pipeline.worker.reached import REST_TIMES, Reached


def test_what_a_run_waited_for_asks_for_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("pipeline.worker.reached.time.monotonic", lambda: now[0])
    reached = Reached()
    assert reached.is_due()
    now[0] += 3600  # the disk was full
    with reached.working():
        now[0] += 1
    reached.tell(5)
    now[0] += REST_TIMES + 0.1
    assert reached.is_due()
    for _ in range(2):
        with reached.working():
            now[0] += 1
        now[0] += 3600  # batches came between the pieces
    reached.tell(6)
    now[0] += 2 * REST_TIMES - 0.1
    assert not reached.is_due()
    now[0] += 0.2
    assert reached.is_due()
