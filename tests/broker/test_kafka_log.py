"""The log on Kafka keeps what it acknowledged, in order, and says plainly what it cannot do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.partitioner.default import murmur2 as murmur2_of_kafka_python

from pipeline.errors import GapError, StorageError
from pipeline.gateway.accept import accept_events
from pipeline.log.base import Batch, Logged
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.record import Record
from pipeline.settings import Settings
from pipeline.worker.apply import decode_batch
from tests.broker.process import free_port
from tests.sim.kill_child import event

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)


def records(numbers: Sequence[int], tenant: str = "home", upload: str = "u") -> list[Record]:
    """The records of an upload of some sets of the kill tests' world."""
    body = "\n".join(json.dumps(event(number)) for number in numbers).encode()
    return accept_events(body, tenant=tenant, upload_id=upload, received_at=RECEIVED).records


def read_all(log: KafkaLog, partition: int, items_max: int = 100) -> list[Logged]:
    found: list[Logged] = []
    while batch := log.read(partition, len(found), items_max=items_max, bytes_max=1 << 20):
        found += batch
    return found


@pytest.fixture
def settings(cluster: Callable[..., Settings]) -> Settings:
    return cluster()


@pytest.fixture
def log(settings: Settings) -> Iterator[KafkaLog]:
    opened = KafkaLog(settings)
    yield opened
    opened.close()


def test_what_was_appended_is_read_again_as_it_was(log: KafkaLog) -> None:
    sent = [record for n in range(30) for record in records(range(10 * n, 10 * n + 10), upload=f"u{n}")]
    home = partition_by_name("home", 4)
    assert log.end_offset(home) == 0 and not log.read(home, 0, items_max=1, bytes_max=1)
    end = log.append(sent[:100])
    assert log.append(sent[100:]) == len(sent) == log.end_offset(home) and end == 100
    found = read_all(log, home)
    assert [logged.offset for logged in found] == list(range(len(sent)))
    assert [logged.record for logged in found] == sent
    middle = log.read(home, 57, items_max=1, bytes_max=1)  # limits hold, one record comes in any case
    assert list(middle) == [Logged(57, sent[57])]
    assert not log.read(home, len(sent), items_max=9, bytes_max=1 << 20)


def test_a_gym_lives_in_the_partition_of_its_name_or_where_it_was_placed(settings: Settings) -> None:
    placed: dict[str, int] = {}

    def place(tenant: str, by_name: int) -> int:
        placed[tenant] = by_name
        return 3 if tenant == "moved" else by_name

    log = KafkaLog(settings, place)
    for tenant in ("home", "one", "two", "moved"):
        log.append(records([1], tenant))
        log.append(records([2], tenant))
    assert placed == {tenant: partition_by_name(tenant, 4) for tenant in placed}
    ends = [log.end_offset(partition) for partition in range(4)]
    expected = [0, 0, 0, 0]
    for tenant, by_name in placed.items():
        expected[3 if tenant == "moved" else by_name] += 2
    assert ends == expected
    log.close()


def test_clients_agree_on_the_place_of_a_key() -> None:
    keys = [f"gym-{n}-{'x' * (n % 7)}".encode() for n in range(2000)] + [b"", "größe".encode(), bytes(range(256))]
    assert all(murmur2_of_aiokafka(key) & 0xFFFFFFFF == murmur2_of_kafka_python(key) for key in keys)
    # kafka-clients for Java, Utils.murmur2 in its unit test
    assert murmur2_of_kafka_python(b"21") - 2**32 == -973932308
    assert murmur2_of_kafka_python(b"foobar") - 2**32 == -790332482


def test_the_records_of_one_athlete_are_found_among_all(log: KafkaLog) -> None:
    sent = [record for n in range(40) for record in records([n], upload=f"u{n}")]
    end = log.append(sent)
    home = partition_by_name("home", 4)
    ours = [record for record in sent[: end - 7] if record.athlete == "k3"]
    assert [logged.record for logged in log.read_athlete(home, "home", "k3", end - 7)] == ours and ours
    assert list(log.read_athlete(home, "other", "k3", end)) == []


def test_what_no_gateway_wrote_is_rejected_and_stops_nothing(log: KafkaLog, settings: Settings, brokers: str) -> None:
    home = partition_by_name("home", 4)
    log.append(records([1]))
    with KafkaProducer(bootstrap_servers=brokers) as producer:
        for value in (b"hello", b"S1", b"S1" + b"\xff" * 30, None):
            producer.send(log.topic, value, key=b"home", partition=home).get(10)
    log.append(records([2]))
    found = read_all(log, home)
    decoded = decode_batch(Batch.of(found))
    assert decoded.sets.num_rows == 2
    assert decoded.rejected["record"].to_pylist() == [1, 2, 3, 4]
    assert set(decoded.rejected["reason"].to_pylist()) == {"unsupported"}


def test_retention_that_ran_ahead_is_told(log: KafkaLog, brokers: str) -> None:
    home = partition_by_name("home", 4)
    log.append(records(range(60)))
    end = log.append([record for n in range(30) for record in records([n])])
    with KafkaAdminClient(bootstrap_servers=brokers) as admin:
        admin.delete_records({TopicPartition(log.topic, home): 20})
    with pytest.raises(GapError) as told:
        log.read(home, 0, items_max=10, bytes_max=1 << 20)
    assert "no longer has the offset 0" in str(told.value) and "snapshot" in str(told.value)
    assert len(log.read(home, 20, items_max=1 << 20, bytes_max=1 << 24)) == end - 20


def test_without_a_broker_nothing_is_taken_and_the_sender_is_told_to_come_again(settings: Settings) -> None:
    away = KafkaLog(replace(settings, brokers=f"127.0.0.1:{free_port()}", append_seconds_max=0.5))
    with pytest.raises(StorageError) as told:
        away.append(records([1]))
    assert "was not taken" in str(told.value) and "send it again" in str(told.value)
    away.close()
    with pytest.raises(StorageError):
        away.append(records([1]))
