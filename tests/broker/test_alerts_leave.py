"""Gateway, worker and relay as processes: an alert reaches its receiver once, also when the worker that told it is
killed and another one, with an empty folder, goes on from the copy in the snapshot store."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.clock import SystemClock
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.log.alerts_topic import AlertsTopic, Told
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.relay.source import TopicSource
from pipeline.settings import Settings
from pipeline.store.snapshot_store import SnapshotStore
from tests.broker.process import free_port
from tests.broker.roles import Role, Shard, running, settled, until
from tests.unit.relay_fakes import Receiver, World, an_alert


def failures(session: str, days_ago: int) -> bytes:
    """A session that opens an alert: sets to failure on a lift that should have none. A running gateway tells the
    time, so it must be of these days."""
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago, hours=2)
    return json.dumps(
        [
            {
                "kind": "set", "athlete": "ana", "source": "bar", "document": f"{session}-{n}", "session": session,
                "performed_at": (begun + timedelta(minutes=n)).isoformat(), "set_index": n,
                "exercise": "Squat (Barbell)", "set_type": "working", "weight": {"value": 80, "unit": "kg"}, "reps": 5,
                "outcome": "failed_mechanical",
            }
            for n in range(1, 4)
        ]
    ).encode()  # fmt: skip


def send(port: int, key: str, body: bytes) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/events",
        body,
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202


def test_an_alert_leaves_once_although_its_worker_is_replaced(cluster: Callable[..., Settings], tmp_path: Path) -> None:
    settings = cluster()
    home = partition_by_name("home", settings.topic_partitions)
    receiver, port, store = Receiver(), free_port(), tmp_path / "store"
    control = Control(tmp_path / "gateway", SystemClock())
    _, key = control.create_key("home", ["ingest"])
    _, secret = Channels(control, SystemClock()).add("home", "webhook", receiver.url, Wishes())
    control.close()
    assert secret is not None
    kept = {"SPOTTER_SNAPSHOTS": str(store), "SPOTTER_SNAPSHOT_SECONDS": "0.3", "SPOTTER_CHANNEL_ADDRESSES": "any"}
    gateway = Role("gateway", tmp_path / "gateway", settings, "--port", str(port))
    numbers = free_port()
    first = Role("worker", tmp_path / "first", settings, "--metrics-port", str(numbers), **kept)
    relay = Role("relay", tmp_path / "relay", settings, **kept)
    roles = [gateway, first, relay]
    with running(*roles):
        gateway.wait_for("the gateway is up")
        send(port, key, failures("w1", 3))
        until(lambda: len(receiver.got) > 0, "the first alert")
        told = set(receiver.names)
        with urllib.request.urlopen(f"http://127.0.0.1:{numbers}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        assert f'spotter_lag_records{{partition="{home}"}} 0.0' in lines
        assert any(line.startswith("spotter_sets_applied_total ") for line in lines)  # not what it was built from
        log = KafkaLog(settings)
        until(
            lambda: (
                (found := SnapshotStore(str(store)).newest(home)) is not None
                and found.next_offset == log.end_offset(home)
            ),
            "the snapshot",
        )
        first.end(signal.SIGKILL)

        second = Role("worker", tmp_path / "second", settings, **kept)
        roles.append(second)
        second.wait_for("snapshot restored")
        send(port, key, failures("w2", 2))
        until(lambda: settled(tmp_path / "second").get(home) == log.end_offset(home), "the second upload")
        until(lambda: set(receiver.names) > told, "the second alert")
        assert relay.end() == 0, relay.told()
        seen = list(receiver.names)

        again = Role("relay", tmp_path / "relay", settings, **kept)
        roles.append(again)
        again.wait_for("the relay is up")
        send(port, key, failures("w3", 1))
        until(lambda: len(receiver.names) > len(seen), "the third alert")
        for role in (again, second, gateway):
            assert role.end() == 0, role.told()
        log.close()
    assert len(set(receiver.names)) == len(receiver.names), "something was sent twice"
    assert all(got.is_signed_with(secret) for got in receiver.got)
    alerts = {got.json["data"]["alert_id"] for got in receiver.got}
    shard = Shard(tmp_path / "second" / f"shard-{home}.duckdb")
    assert alerts <= {row["alert_id"] for row in shard.query("select alert_id from alert")}
    assert shard.query("select count(*) as n from set_fact") == [{"n": 9}]
    shard.close()
    receiver.close()


def test_what_is_told_again_is_heard_once(cluster: Callable[..., Settings], tmp_path: Path) -> None:
    """A worker that died before it noted what it told, and one that began from an older copy, tell old news."""
    topic = AlertsTopic(cluster())
    receiver, world = Receiver(), World(tmp_path)
    world.stream = source = TopicSource(topic.read, topic.end_offset)  # type: ignore[assignment]
    world.restart()
    world.webhook(receiver.url)

    def tell(*news: tuple[str, int]) -> None:
        alerts = [an_alert(1, revision=revision, title=revision) for revision, _ in news]
        rows = zip(alerts, news, strict=True)
        topic.publish([Told(alert["alert_id"], json.dumps(alert).encode(), 0, offset) for alert, (_, offset) in rows])
        world.relay.turn()

    tell(("r1", 10))
    tell(("r2", 20))
    heard = receiver.names
    assert heard
    tell(("r2", 20))
    tell(("r1", 10), ("r2", 20))
    assert receiver.names == heard
    marks = [(one.mark.seq, one.mark.revision, one.mark.log_offset) for one in source.read(None, 10) or []]
    assert marks == [(0, "r1", 10), (1, "r2", 20), (2, "r2", 20), (3, "r1", 10), (4, "r2", 20)]
    last = (source.read(None, 10) or [])[-1].mark
    assert source.read(last, 10) == []
    assert source.read(last._replace(seq=9), 10) is None, "a topic that was made anew has fewer messages"
    world.relay.close()
    topic.close()
    receiver.close()
