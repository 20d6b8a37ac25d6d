"""``spotter doctor`` where the log is on Kafka."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.gateway.control import Control
from pipeline.gateway.shared_control import ControlFeed
from pipeline.log.control_topic import ControlTopic
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.log.topics import ensure
from pipeline.settings import Settings
from pipeline.store.shard import Shard
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker.told import tell
from tests.broker.test_alerts_leave import failures

Rows = dict[str, dict[str, str]]


def unmade(brokers: str) -> Settings:
    """A deployment of its own whose topics are not made yet."""
    return replace(Settings(), brokers=brokers, topic_prefix=f"t{uuid.uuid4().hex[:8]}", topic_partitions=2)


def appended(settings: Settings, body: bytes) -> int:
    """Put an upload into the log; its partition."""
    now = SystemClock().now()
    log = KafkaLog(settings)
    log.append(accept_events(body, tenant="home", upload_id="u1", received_at=now, admin=False).records)
    log.close()
    return partition_by_name("home", settings.topic_partitions)


@pytest.fixture
def doctor(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rows]:
    def call(settings: Settings, **environment: str) -> Rows:
        given = {
            "SPOTTER_BROKERS": settings.brokers,
            "SPOTTER_TOPIC_PREFIX": settings.topic_prefix,
            "SPOTTER_TOPIC_PARTITIONS": str(settings.topic_partitions),
            **environment,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run(["doctor", "--data", str(tmp_path / "data"), "--json"])
        rows = {row["check"]: row for row in json.loads(capfd.readouterr().out)}
        assert code == any(row["status"] == "bad" for row in rows.values())
        return rows

    return call


def test_what_is_missing_is_named_until_it_is_there(brokers: str, doctor: Callable[..., Rows], tmp_path: Path) -> None:
    settings = unmade(brokers)
    rows = doctor(settings)
    assert rows["topics"]["status"] == "bad" and "topics ensure" in rows["topics"]["do"]
    assert "copies" not in rows
    ensure(settings)
    rows = doctor(settings)
    assert rows["topics"]["status"] == "good"
    assert rows["copies"]["status"] == rows["control data"]["status"] == "low"

    control = Control(tmp_path / "gateway", SystemClock())
    feed = ControlFeed(control, ControlTopic(settings))
    feed.look()
    feed.close()
    control.close()
    assert "1 row shared" in doctor(settings)["control data"]["says"]
    assert doctor(settings, SPOTTER_SNAPSHOTS=str(tmp_path / "store"))["copies"]["status"] == "good"


def test_a_worker_and_copies_that_are_behind(brokers: str, doctor: Callable[..., Rows], tmp_path: Path) -> None:
    settings = unmade(brokers)
    ensure(settings)
    number = appended(settings, failures("w1", 3))
    data, store = tmp_path / "data", tmp_path / "store"
    data.mkdir(mode=0o700)
    Shard(data / f"shard-{number}.duckdb").close()
    rows = doctor(settings, SPOTTER_SNAPSHOTS=str(store))
    assert rows["workers here"]["says"] == "none is running"
    assert f"partition {number} has none" in rows["copies"]["says"]
    tell(data, {"waiting": None, "partitions": {str(number): {"next_offset": 0, "settled": 0, "told": 0}}}, None)
    SnapshotStore(str(store)).publish(number, data / f"shard-{number}.duckdb", 0, {}, "2026-11-01T00:00:00Z")
    rows = doctor(settings, SPOTTER_SNAPSHOTS=str(store))
    assert rows["workers here"]["status"] == "good" and "1 record not yet" in rows["workers here"]["says"]
    assert f"partition {number}: 1 record behind since 2026-11-01" in rows["copies"]["says"]


def test_brokers_that_do_not_answer_are_said_so(doctor: Callable[..., Rows]) -> None:
    rows = doctor(Settings(brokers="127.0.0.1:1"))
    assert rows["topics"]["status"] == "bad" and "brokers" in rows["topics"]["do"]
