"""The topic of alerts: workers tell what changed, the relay reads it in one order.

A message is the alert as it stood (``schemas.alerts.Alert`` as JSON) under its id; headers say which record of the log
it follows from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.log.clients import alerts_topic
from pipeline.log.one_partition import OnePartition
from pipeline.settings import Settings

LOG_OFFSET = "log_offset"
PARTITION = "partition"


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
        self.name = alerts_topic(settings)
        self._topic = OnePartition(settings, self.name, "spotter-alerts")

    def publish(self, rows: Sequence[Told]) -> None:
        """Returns when all in-sync replicas have every message, in this order."""
        self._topic.publish(
            [
                (
                    row.alert_id.encode(),
                    row.payload,
                    [(PARTITION, b"%d" % row.partition), (LOG_OFFSET, b"%d" % row.log_offset)],
                )
                for row in rows
            ]
        )

    def read(self, offset: int, limit: int) -> list[Heard]:
        """Messages from ``offset`` on, at most ``limit``; none when there are none now."""
        return [Heard(record.offset, _told(record)) for record in self._topic.read(offset, limit)[0]]

    def end_offset(self) -> int:
        """The offset the next message will get."""
        return self._topic.end_offset()

    def close(self) -> None:
        """Let go of the brokers."""
        self._topic.close()


def _told(record: Any) -> Told:
    headers = dict(record.headers)
    return Told(
        record.key.decode(), record.value or b"", int(headers.get(PARTITION, b"0")), int(headers.get(LOG_OFFSET, b"0"))
    )
