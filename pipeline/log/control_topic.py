"""The topic of control data: who may read and send, where gyms are kept, where their alerts go. Compacted."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.log.clients import control_topic
from pipeline.log.one_partition import OnePartition
from pipeline.settings import Settings

READ_MAX = 1000


class ControlTopic:
    """Publishes rows under their keys, and reads them from the beginning on; for one thread at a time.

    Raises StorageError when the brokers do not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.name = control_topic(settings)
        self._topic = OnePartition(settings, self.name, "spotter-control")
        self._next = 0

    def publish(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Returns when all in-sync replicas have them; None ends a key."""
        self._topic.publish([(key, value, []) for key, value in rows.items()])

    def news(self) -> dict[bytes, bytes | None]:
        """What was published since the last call, the first time everything; the newest value of each key."""
        found: dict[bytes, bytes | None] = {}
        end = self._topic.end_offset()
        if end < self._next:  # the topic was made anew
            self._next = 0
        while self._next < end:
            records, self._next = self._topic.read(self._next, READ_MAX)
            found |= {record.key: record.value for record in records}
        return found

    def close(self) -> None:
        """Let go of the brokers."""
        self._topic.close()
