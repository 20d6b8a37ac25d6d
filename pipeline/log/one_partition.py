"""A compacted topic of one partition, so that there is one order and one place to go on from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from pipeline.errors import StorageError
from pipeline.log.clients import client_arguments
from pipeline.settings import Settings

ACKNOWLEDGED_SECONDS_MAX = 30.0
ENDED_SECONDS_MAX = 5.0
_POLL_MS = 500

Headers = list[tuple[str, bytes]]


class OnePartition:
    """Publishes and reads; for one thread at a time. Raises StorageError when the brokers do not answer.

    ``clients`` is how its clients name themselves to the brokers.
    """

    def __init__(self, settings: Settings, name: str, clients: str) -> None:
        self._arguments = client_arguments(settings)
        self.name, self._clients = name, clients
        self._place = TopicPartition(name, 0)
        self._producer: KafkaProducer | None = None
        self._consumer: KafkaConsumer | None = None

    def publish(self, rows: Sequence[tuple[bytes, bytes | None, Headers]]) -> None:
        """Keys, values and headers; returns when all in-sync replicas have every message, in this order.

        A message without a value ends its key. After a failure the next call begins with a new producer: one that
        has given up for good would fail for ever, and what waits in it would be sent beside the next try.
        """
        with self._in_words("published"):
            try:
                if self._producer is None:
                    self._producer = KafkaProducer(
                        **self._arguments, client_id=self._clients, compression_type="gzip", linger_ms=5
                    )
                waiting = [
                    self._producer.send(self.name, key=key, value=value, partition=0, headers=headers)
                    for key, value, headers in rows
                ]
                for one in waiting:
                    one.get(timeout=ACKNOWLEDGED_SECONDS_MAX)
            except BaseException:
                self._drop_producer()
                raise

    def read(self, offset: int, limit: int) -> tuple[list[Any], int]:
        """Records from ``offset`` on, at most ``limit``, and the offset to go on at; none when there are none now.

        Compaction leaves holes, so the next offset may lie further on than the last record.
        """
        with self._in_words("read"):
            consumer = self._reader()
            if offset >= self.end_offset():
                return [], offset
            consumer.seek(self._place, offset)
            found = consumer.poll(timeout_ms=_POLL_MS, max_records=limit).get(self._place, [])
            return found, max(offset, int(consumer.position(self._place)))

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

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):  # why it failed is what counts
                _end(producer)

    def _reader(self) -> KafkaConsumer:
        if self._consumer is None:
            consumer = KafkaConsumer(
                **self._arguments,
                client_id=self._clients,
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


def _end(producer: KafkaProducer) -> None:
    """End a producer now, with what waits in it.

    Its ``close`` first waits for that to be sent and stops there when it is not: its thread stays at work and sends it
    after all, behind what is published next, so that a key that was revoked meanwhile would be good again.
    """
    producer._sender.force_close()
    producer._sender.join(ENDED_SECONDS_MAX)
    producer.close(timeout=0)
