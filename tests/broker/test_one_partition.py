"""What brokers did not take in time does not come later, behind what was published after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka import KafkaProducer

from pipeline.errors import StorageError
from pipeline.log import one_partition
from pipeline.log.clients import control_topic
from pipeline.log.one_partition import OnePartition
from pipeline.log.topics import ensure
from pipeline.settings import Settings
from tests.broker.conftest import broker_alone
from tests.broker.process import BrokerProcess
from tests.broker.roles import until

CLIENT = "spotter-test"
CONNECT_AGAIN_MS = 200  # at most: one that was left at work is soon there when its broker is


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerProcess]:
    with broker_alone() as found:
        yield found


@pytest.fixture
def topic(broker: BrokerProcess, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> OnePartition:
    monkeypatch.setattr(one_partition, "ACKNOWLEDGED_SECONDS_MAX", 1.0)
    settings = replace(Settings(), brokers=broker.address, topic_prefix=request.node.name[:40])
    ensure(settings)
    found = OnePartition(settings, control_topic(settings), CLIENT)
    found._arguments["reconnect_backoff_max_ms"] = CONNECT_AGAIN_MS
    return found


def at_work() -> int:
    """Threads of producers."""
    return sum(thread.name.startswith(CLIENT) for thread in threading.enumerate())


def refused_then_newer(topic: OnePartition, broker: BrokerProcess) -> int:
    """The key is good when the broker dies and is revoked when it is back; producers at work in between."""
    topic.publish([(b"key", b"first", [])])
    broker.kill()
    with pytest.raises(StorageError, match="could not be published"):
        topic.publish([(b"key", b"good", [])])
    left = at_work()
    broker.start()
    topic.publish([(b"key", b"revoked", [])])
    return left


def values(topic: OnePartition) -> list[bytes]:
    return [record.value for record in topic.read(0, 100)[0]]


def test_the_newest_is_the_last(topic: OnePartition, broker: BrokerProcess) -> None:
    assert refused_then_newer(topic, broker) == 0
    assert values(topic) == [b"first", b"revoked"]
    topic.close()


def test_a_producer_that_is_closed_as_its_manual_says_sends_the_older_one_after_all(
    topic: OnePartition, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault that the test above catches."""
    dropped: list[KafkaProducer] = []

    def close(producer: KafkaProducer) -> None:
        dropped.append(producer)
        producer.close(timeout=0)

    end = one_partition._end
    monkeypatch.setattr(one_partition, "_end", close)
    assert refused_then_newer(topic, broker) == 1
    until(lambda: b"good" in values(topic), "what was given up", 60)
    end(dropped[0])
    topic.close()
