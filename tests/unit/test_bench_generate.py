"""The benchmark's sets: as many as asked for, in both orders, and taken by the door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.generate import ATHLETES, LINES_PER_BODY, SETS_PER_WORKOUT, bodies, lines, workouts_of, write
from pipeline.gateway.accept import accept_events

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_both_orders_hold_the_same_sets() -> None:
    live, visits = (list(lines(40_000, order=order, athletes=100)) for order in ("live", "visits"))
    assert len(live) == 40_000
    assert live != visits
    assert sorted(live) == sorted(visits)
    assert len({json.loads(line)["document"] + json.loads(line)["athlete"] for line in live[:5000]}) == 5000


def test_whole_workouts_are_written() -> None:
    assert workouts_of(1) == 1
    assert workouts_of(ATHLETES * SETS_PER_WORKOUT + 1) == 2


@pytest.mark.parametrize("order", ["live", "visits"])
def test_the_door_takes_every_line(tmp_path: Path, order: str) -> None:
    file = tmp_path / "sets.ndjson"
    assert write(file, 1, order=order) == ATHLETES * SETS_PER_WORKOUT
    made = list(bodies(file))
    assert {body.count(b"\n") for body in made} == {LINES_PER_BODY}
    answer = accept_events(made[0], tenant="home", upload_id="b", received_at=NOW)
    assert (answer.accepted, answer.rejected) == (LINES_PER_BODY, 0)
    athletes = len(answer.records)
    assert athletes == (ATHLETES if order == "live" else LINES_PER_BODY // SETS_PER_WORKOUT)
