"""Publishing to a topic of one partition: a producer that failed is not asked again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaError, KafkaTimeoutError

from pipeline.errors import StorageError
from pipeline.log import one_partition
from pipeline.log.one_partition import OnePartition
from pipeline.settings import Settings


class Producer:
    """Fails for ever once it failed, as an idempotent one does after some errors."""

    made: list[Producer]
    away = False

    def __init__(self, **arguments: Any) -> None:
        self.sent: list[bytes] = []
        self.failed = self.closed = False
        self._sender = SimpleNamespace(force_close=lambda: None, join=lambda seconds: None)
        type(self).made.append(self)

    def send(self, topic: str, *, key: bytes, value: bytes, partition: int, headers: Any) -> Any:
        if self.failed:
            raise KafkaError("a previous fatal error")
        self.sent.append(key)
        return SimpleNamespace(get=self._get)

    def _get(self, timeout: float) -> None:
        if type(self).away:
            self.failed = True
            raise KafkaTimeoutError("away")

    def close(self, timeout: float | None = None) -> None:
        self.closed = True
        if timeout == 0:
            raise KafkaError("it does not close well either")


def test_after_a_failure_the_next_call_begins_with_a_new_producer(monkeypatch: pytest.MonkeyPatch) -> None:
    Producer.made, Producer.away = [], True
    monkeypatch.setattr(one_partition, "KafkaProducer", Producer)
    topic = OnePartition(Settings(brokers="localhost:1"), "alerts", "test")
    with pytest.raises(StorageError, match="could not be published"):
        topic.publish([(b"a", b"1", [])])
    Producer.away = False
    topic.publish([(b"a", b"1", []), (b"b", b"2", [])])
    topic.publish([(b"c", b"3", [])])
    first, second = Producer.made
    assert first.closed and first.sent == [b"a"]
    assert not second.closed and second.sent == [b"a", b"b", b"c"]
