"""The topic of alerts: workers tell what changed, the relay reads it in one order.

A message is the alert as it stood (``schemas.alerts.Alert`` as JSON) under its id; headers say which record of the log
it follows from. The topic is compacted and has one partition, so that a relay has one place to go on from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from pipeline.errors import StorageError
from pipeline.log.clients import alerts_topic, client_arguments
from pipeline.settings import Settings

ACKNOWLEDGED_SECONDS_MAX = 30.0
LOG_OFFSET = "log_offset"
PARTITION = "partition"
_POLL_MS = 500


class Told(NamedTuple):
    """An alert as a worker tells it; ``log_offset``: what its partition of the uploads had been applied up to."""

    alert_id: str
    payload: bytes
    partition: int
    log_offset: int


class Heard(NamedTuple):
    """A message of the topic at its offset."""

    offset: int
    told: Told


class AlertsTopic:
    """Publishes and reads; for one thread at a time. Raises StorageError when the brokers do not answer."""

    def __init__(self, settings: Settings) -> None:
        self._arguments = client_arguments(settings)
        self.name = alerts_topic(settings)
        self._place = TopicPartition(self.name, 0)
        self._producer: KafkaProducer | None = None
        self._consumer: KafkaConsumer | None = None

    def publish(self, rows: Sequence[Told]) -> None:
        """Returns when all in-sync replicas have every message, in this order."""
        with self._in_words("published"):
            if self._producer is None:
                self._producer = KafkaProducer(
                    **self._arguments, client_id="spotter-alerts", compression_type="gzip", linger_ms=5
                )
            waiting = [
                self._producer.send(
                    self.name,
                    key=row.alert_id.encode(),
                    value=row.payload,
                    partition=0,
                    headers=[(PARTITION, b"%d" % row.partition), (LOG_OFFSET, b"%d" % row.log_offset)],
                )
                for row in rows
            ]
            for one in waiting:
                one.get(timeout=ACKNOWLEDGED_SECONDS_MAX)

    def read(self, offset: int, limit: int) -> list[Heard]:
        """Messages from ``offset`` on, at most ``limit``; none when there are none now."""
        with self._in_words("read"):
            consumer = self._reader()
            if offset >= self.end_offset():
                return []
            consumer.seek(self._place, offset)
            found = consumer.poll(timeout_ms=_POLL_MS, max_records=limit).get(self._place, [])
        return [Heard(record.offset, _told(record)) for record in found]

    def end_offset(self) -> int:
        """The offset the next message will get."""
        with self._in_words("read"):
            return int(self._reader().end_offsets([self._place])[self._place])

    def close(self) -> None:
        """Let go of the brokers."""
        for client in (self._producer, self._consumer):
            if client is not None:
                client.close()
        self._producer = self._consumer = None

    def _reader(self) -> KafkaConsumer:
        if self._consumer is None:
            consumer = KafkaConsumer(
                **self._arguments,
                client_id="spotter-relay",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            consumer.assign([self._place])
            self._consumer = consumer
        return self._consumer

    @contextmanager
    def _in_words(self, done: str) -> Iterator[None]:
        try:
            yield
        except (KafkaError, OSError, AssertionError, KeyError) as error:
            raise StorageError(
                f"the topic {self.name} could not be {done}",
                f"{type(error).__name__}: {error}",
                "look whether the brokers run, and whether `spotter topics describe` shows the topic",
            ) from error


def _told(record: Any) -> Told:
    headers = dict(record.headers)
    return Told(
        record.key.decode(), record.value or b"", int(headers.get(PARTITION, b"0")), int(headers.get(LOG_OFFSET, b"0"))
    )
