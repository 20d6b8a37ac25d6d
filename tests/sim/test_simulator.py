"""Five hundred histories with crashes at every step: incremental = replay = oracle."""

from __future__ import annotations

from tests.sim.driver import POINTS
from tests.sim.generator import history
from tests.sim.soak import soak

HISTORIES, SEED = 500, 1
HITS_MIN = 10  # per crash point; `make soak` reaches hundreds


def test_histories_with_crashes_agree_with_a_replay_and_with_the_oracle():
    outcome = soak(HISTORIES, SEED, processes=2)
    assert outcome.failures == []
    assert outcome.histories == HISTORIES
    assert {point: outcome.hits[point] for point in POINTS if outcome.hits[point] < HITS_MIN} == {}


def test_a_seed_tells_its_history():
    one, again = history(5), history(5)
    assert one == again
    assert len({event["athlete"] for upload in one for event in upload.events if "athlete" in event}) >= 3
    assert len(one) >= 40
