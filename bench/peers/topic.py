"""The topic all contestants read: records as the gateway writes them, of one set each; one in a hundred sent again."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bench.generate import SETS_PER_WORKOUT, lines, recent_first_day
from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.gateway.ids import new_id
from pipeline.log.clients import uploads_topic
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.log.topics import ensure
from pipeline.record import Header, Record, pack_items
from pipeline.settings import Settings

AGAIN_EVERY = 100  # the last of so many records is one that was sent before: a sender that had no answer
AGAIN_BACK = 50
APPENDED = 10_000  # records at once


@dataclass(frozen=True, slots=True)
class Topic:
    """A deployment of its own on the broker, and what was written to its uploads. ``ends`` by partition."""

    settings: Settings
    ends: dict[int, int]

    @property
    def name(self) -> str:
        return uploads_topic(self.settings)


def bodies_in(records: int) -> int:
    """How many different bodies so many records from the beginning of a topic hold."""
    return records - records // AGAIN_EVERY


def made(brokers: str, partitions: int = 1) -> Settings:
    """New empty topics."""
    settings = replace(
        Settings(),
        brokers=brokers,
        topic_prefix=f"bench-{uuid.uuid4().hex[:8]}",
        topic_partitions=partitions,
        append_seconds_max=30.0,
    )
    ensure(settings)
    return settings


def set_lines(sets: int, athletes: int) -> Iterator[bytes]:
    """So many sets, each of another athlete than the one before, the last of them two weeks ago."""
    for line in _recent(sets, athletes, "live"):
        yield line.rstrip("\n").encode()


def workouts(count: int, athletes: int) -> Iterator[bytes]:
    """So many whole workouts, each of another athlete than the one before, as a logger sends them that waits."""
    found = _recent(count * SETS_PER_WORKOUT, athletes, "visits")
    for _ in range(count):
        yield "".join(islice(found, SETS_PER_WORKOUT)).rstrip("\n").encode()


def _recent(sets: int, athletes: int, order: str) -> Iterator[str]:
    first_day = recent_first_day(sets * 1000 // athletes)  # which reckons with the 1,000 athletes of the generator
    return islice(lines(sets, order=order, athletes=athletes, first_day=first_day), sets)


def record_of(body: bytes, tenant: str, received_at: datetime, upload_id: str) -> Record:
    """The record the gateway makes of an upload of one athlete's sets."""
    header = Header(
        tenant=tenant,
        source="api",
        decoder="canonical",
        upload_id=upload_id,
        received_at=received_at.isoformat().replace("+00:00", "Z"),
    )
    athlete = body.partition(b'"athlete":"')[2].partition(b'"')[0].decode()
    return Record(athlete, 0, pack_items(range(1 + body.count(b"\n"))), header.to_bytes(), body)


def records(bodies: Iterator[bytes], count: int, tenant: str = "home") -> Iterator[Record]:
    """``count`` records from new bodies, some of them sent again. Raises AssertionError if the gateway's differ."""
    clock = SystemClock()
    before: deque[bytes] = deque(maxlen=AGAIN_BACK)
    for number in range(count):
        body = before[0] if number % AGAIN_EVERY == AGAIN_EVERY - 1 else next(bodies)
        before.append(body)
        now = clock.now()
        upload_id = new_id(now)
        record = record_of(body, tenant, now, upload_id)
        if number < AGAIN_EVERY:
            accepted = accept_events(body, tenant=tenant, upload_id=upload_id, received_at=now)
            assert accepted.records == [record], "the gateway writes other records than this bench"
        yield record


def fill(settings: Settings, count: int, athletes: int, appended: int = APPENDED) -> Topic:
    """Write ``count`` records to each partition, each of a gym of its own; so many are ``appended`` at once."""
    log = KafkaLog(settings)
    try:
        ends = {}
        for number, tenant in tenants(settings.topic_partitions).items():
            source = records(set_lines(bodies_in(count), athletes), count, tenant)
            while part := list(islice(source, appended)):
                ends[number] = log.append(part)
        assert ends == dict.fromkeys(ends, count), ends
        return Topic(settings, ends)
    finally:
        log.close()


def tenants(partitions: int) -> dict[int, str]:
    """By partition: a gym whose name leads there."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        name = f"gym{number}" if number else "home"
        found.setdefault(partition_by_name(name, partitions), name)
        number += 1
    return dict(sorted(found.items()))
