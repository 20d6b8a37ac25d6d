"""A run on Kafka and an embedded run of the same input give the same tables and alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.clock import FixedClock
from pipeline.demo import load
from pipeline.gateway.log_only import LogOnly
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.record import Record, withdrawal_of
from pipeline.settings import Settings
from pipeline.sources.columns import Decoded
from pipeline.worker.embedded import Embedded
from tests.broker.roles import Role, Shard, running, settled, until
from tests.sim.views import differences, read_views

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


class Both:
    """The embedded service, whose records also go to Kafka."""

    def __init__(self, embedded: Embedded, kafka: LogOnly) -> None:
        self._embedded, self._kafka = embedded, kafka
        self.apply_all, self.query = embedded.apply_all, embedded.query

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int:
        self._kafka.append(records)
        return self._embedded.append(records, decoded)


def test_the_demo_gives_the_same_tables_and_alerts_through_kafka(
    cluster: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = cluster()
    home = partition_by_name("home", settings.topic_partitions)
    data = tmp_path / "worker"
    worker = Role("worker", data, settings)
    with running(worker):
        until(lambda: home in settled(data), "the shard")
        embedded = Embedded.open(tmp_path / "embedded", FixedClock(NOW))
        log = KafkaLog(settings)
        report = load(Both(embedded, LogOnly(log, FixedClock(NOW))), clock=FixedClock(NOW))
        undone = [withdrawal_of("home", report.import_ids[1], "undo", "2026-11-23T06:40:00Z")]
        end = log.append(undone)
        log.close()
        assert embedded.append(undone) == end
        embedded.apply_all()
        until(lambda: settled(data).get(home) == end, "the end of the log")
        assert worker.end() == 0, worker.told()
    expected = read_views(embedded.query)
    embedded.close()
    assert report.accepted > 10_000 and expected["alert"] and expected["set_fact"]
    shard = Shard(data / f"shard-{home}.duckdb")
    assert differences(expected, shard.views()) == []
    assert shard.query("select partition, next_offset from ledger") == [{"partition": home, "next_offset": end}]
    ids = shard.query("select alert_id, rule from alert order by all")
    assert len(ids) == len({row["alert_id"] for row in ids}) > 20
    shard.close()
