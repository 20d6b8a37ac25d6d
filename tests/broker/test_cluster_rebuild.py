"""``spotter rebuild --partition``: a shard of a worker against the topic, and made anew from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.cli.main import run
from pipeline.log.kafka import partition_by_name
from pipeline.settings import Settings
from pipeline.store.snapshot_store import SnapshotStore
from tests.broker.roles import Role, ends, running, settled, until
from tests.broker.test_alerts_leave import failures
from tests.broker.test_doctor import appended

LOST = "delete from mart.set_fact where set_index = 2"


def test_a_shard_is_compared_with_the_topic_and_made_anew(
    cluster: Callable[..., Settings],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, data, store = cluster(topic_partitions=2), tmp_path / "worker", tmp_path / "store"
    number = partition_by_name("home", 2)
    assert appended(settings, failures("w1", 3)) == number
    given = {
        "SPOTTER_BROKERS": settings.brokers,
        "SPOTTER_TOPIC_PREFIX": settings.topic_prefix,
        "SPOTTER_TOPIC_PARTITIONS": "2",
        "SPOTTER_SNAPSHOTS": str(store),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def rebuild(*options: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["rebuild", "--partition", str(number), *options, "--data", str(data)])
        return code, *capfd.readouterr()

    worker = Role("worker", data, settings, **given)
    with running(worker):
        until(lambda: settled(data).get(number) == ends(settings)[number], "the upload")
        code, _, told = rebuild("--check")
        assert code != 0 and "stop the workers" in told
        assert worker.end() == 0
    assert rebuild("--check")[:2] == (0, "0 differences: the tables are what the log says\n")
    with duckdb.connect(str(data / f"shard-{number}.duckdb")) as shard:
        shard.execute(LOST)
    code, out, _ = rebuild("--check", "--json")
    assert code == 1 and {row["relation"] for row in json.loads(out)} >= {"set_fact"}
    assert rebuild()[:2] == (0, "rebuilt from the log\n")
    assert rebuild("--check")[0] == 0
    newest = SnapshotStore(str(store)).newest(number)
    assert newest is not None and newest.next_offset == ends(settings)[number]
    code = run(["rebuild", "--partition", "7", "--data", str(data)])
    assert code == 2 and "there is no partition 7" in capfd.readouterr().err
