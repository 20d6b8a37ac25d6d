"""The soak in short: kills, rebalances and a worker that slept, judged like the long one."""

from __future__ import annotations

import json
import os
import random
from argparse import Namespace
from pathlib import Path

import pytest

from pipeline.worker.shards import SLEPT_IN_COMMIT
from tests.broker import faults, soak
from tests.broker.conftest import no_broker
from tests.broker.process import why_not

KILLS, REBALANCES = 30, 10
POST_EVERY_S = 0.6  # half the posts of the whole soak: each is a batch, and here the machine has other tests to run
AWAY_S = float(os.environ.get("SPOTTER_TEST_AWAY_SECONDS") or 60)  # 600 for the ten minutes of the whole soak


WANTED = bool(os.environ.get("SPOTTER_SOAK")) or "broker" in os.environ.get("SPOTTER_REQUIRE", "").split(",")


@pytest.mark.skipif(not WANTED, reason="eight minutes; SPOTTER_SOAK=1 runs it, as does a run that requires the broker")
def test_thirty_kills_ten_rebalances_sleeping_workers_and_a_broker_away(tmp_path: Path) -> None:
    """Half with two workers that share a folder, half with three that have their own and a snapshot store."""
    if (reason := why_not()) is not None:
        no_broker(reason)
    options = Namespace(
        kills=KILLS, rebalances=REBALANCES, sleeps=1, away=AWAY_S, every=POST_EVERY_S, drills=False, seed=7
    )
    result = soak.soak(options, tmp_path)
    told = {name: value for name, value in result.items() if name != "parts"}
    assert result["holds"], (told, [part["findings"]["examples"] for part in result["parts"]])
    assert sum(result["kills"].values()) == KILLS and set(result["kills"]) == set(faults.SHARES)
    assert result["rebalances"] == REBALANCES and result["sleeps"] == 2
    assert all(slept["after"] for part in result["parts"] for slept in part["sleeps"])
    assert result["parts"][0]["broker_away"]["refused_503"] > 0
    assert result["alerts_heard"] > 20 and result["sets_acknowledged"] > 500


@pytest.mark.parametrize("kills", [15, 30, 200])
def test_a_plan_has_every_role_in_its_share(kills: int) -> None:
    planned = [role for roles in faults.plan(kills, random.Random(kills)) for role in roles]
    assert len(planned) == kills and set(planned) == set(faults.SHARES)
    assert kills / 2 <= planned.count("worker") <= 0.7 * kills


def test_a_commit_slept_through_is_told_from_one_begun_after_waking() -> None:
    """The first is as long as the sleep; the second, of a worker that does not look, takes milliseconds."""

    def line(seconds: float) -> str:
        return json.dumps({"event": SLEPT_IN_COMMIT, "partition": 1, "next_offset": 5, "seconds": seconds})

    slept = faults.Sleep(seconds=9.0, before={1: 4, 2: 7}, after={1: 5, 2: 7})
    slept.commits = faults.slept_in_commits(f"not json\n{line(8.9)}\n", slept.seconds)
    assert slept.wrote == {}
    slept.commits = faults.slept_in_commits(line(0.02), slept.seconds)
    assert slept.wrote == {1: (4, 5)}
    slept.after[1], slept.commits = 6, {1: 5}
    assert slept.wrote == {1: (4, 6)}  # one more than the one that was being written
