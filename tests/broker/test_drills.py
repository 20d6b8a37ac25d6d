"""Accidents: each ends in the right tables by itself, or the worker says what is gone and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.broker import drills
from tests.broker.conftest import broker_alone
from tests.broker.deployment import Deployment, deployed
from tests.broker.process import BrokerProcess


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerProcess]:
    with broker_alone() as made:
        yield made


def test_disks_that_were_full_and_are_freed(broker: BrokerProcess, tmp_path: Path) -> None:
    if (reason := drills.why_no_small_disk()) is not None:
        pytest.skip(reason)
    with (
        drills.small_disks(tmp_path, drills.DISKS) as disks,
        deployed(lambda: Deployment(tmp_path, broker, "full", workers=2, apart=False)) as deployment,
    ):
        drills.fill_and_free(deployment, disks)
        findings = deployment.judge()
        assert findings.holds, findings.examples
        assert not deployment.ended, deployment.last_words


@pytest.mark.parametrize("apart", [False, True], ids=["from the log", "from the store"])
def test_damaged_shards_are_made_anew(broker: BrokerProcess, tmp_path: Path, apart: bool) -> None:
    name = f"damaged{int(apart)}"
    with deployed(lambda: Deployment(tmp_path, broker, name, workers=2, apart=apart)) as deployment:
        assert set(drills.damage(deployment).values()) == {"head", "middle", "missing", "short"}
        findings = deployment.judge()
        assert findings.holds, findings.examples


def test_a_shard_that_retention_left_behind_begins_from_the_store(
    cluster: Callable[..., Settings], tmp_path: Path
) -> None:
    findings, refusal = drills.retention(cluster(topic_partitions=1), tmp_path)
    assert findings.holds, findings.examples
    *before, first, why, do = refusal.strip().splitlines()
    assert "records 6 to 9 are gone" in first and "snapshot" in why and "SPOTTER_SNAPSHOTS" in do, refusal
    assert not [line for line in before if not line.startswith('{"') or "never retrieved" in line], refusal
