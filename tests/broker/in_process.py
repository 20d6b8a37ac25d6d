"""The cluster in one process, for planted faults: a broker in memory, crashes as values in the input.

Door, shards, outbox and relay are the product's own; what is asked of the result is what ``judge`` asks of a soak.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.clock import FixedClock
from pipeline.errors import GapError
from pipeline.gateway.accept import accept_events
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.gateway.log_only import LogOnly
from pipeline.log.alerts_topic import Heard as TopicMessage
from pipeline.log.alerts_topic import Told
from pipeline.log.kafka import partition_by_name
from pipeline.record import Record, parse_header
from pipeline.relay.ledger import Ledger
from pipeline.relay.relay import Relay
from pipeline.relay.send import ChannelSender
from pipeline.relay.source import TopicSource
from pipeline.worker.custody import _told as message_of
from pipeline.worker.shards import Shards
from tests.broker.judge import Heard, Tables, read_shard
from tests.broker.load import Acknowledged, gyms_of, post
from tests.memory_log import MemoryLog
from tests.sim.driver import SimulatedCrash
from tests.unit.relay_fakes import OWN_NETWORK, Receiver

NOW = datetime(2026, 11, 25, 20, tzinfo=UTC)
PARTITIONS = 2


# what may stand in the input


@dataclass(frozen=True)
class Post:
    """The next ``count`` posts of each gym; ``together`` they come to the worker as one batch."""

    count: int


@dataclass(frozen=True)
class Work:
    """The worker does all there is; it dies at ``dies_at`` of its first batch, and another one goes on."""

    dies_at: str | None = None


@dataclass(frozen=True)
class Stream:
    """Around a rebalance the stream goes on ``by`` records before (below 0) or behind where it was."""

    by: int


@dataclass(frozen=True)
class Move:
    """The partitions go to a worker with an empty folder; before that one dies between telling and noting it."""


@dataclass(frozen=True)
class GatewayDies:
    """The door is killed and started again."""


Step = Post | Work | Stream | Move | GatewayDies


class Uploads(MemoryLog):
    """The uploads; a gym lies where its name says."""

    def append(self, records: Sequence[Record]) -> int:
        tenant = parse_header(records[0].header).tenant
        partition = self.records[partition_by_name(tenant, PARTITIONS)]
        partition += records
        return len(partition)


class MemoryTopic:
    """The topic of alerts."""

    def __init__(self) -> None:
        self.messages: list[TopicMessage] = []

    def publish(self, rows: Sequence[Told]) -> None:
        self.messages += [TopicMessage(len(self.messages) + n, row) for n, row in enumerate(rows)]

    def read(self, offset: int, limit: int) -> list[TopicMessage]:
        return self.messages[offset : offset + limit]

    def end_offset(self) -> int:
        return len(self.messages)


class Cluster:
    """One worker at a time over all partitions, a door, a relay with a receiver."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lives = folder, 0
        self.log, self.topic, self.receiver = Uploads(PARTITIONS), MemoryTopic(), Receiver()
        self.acknowledged: Acknowledged = {}
        self._posted = 0
        clock = FixedClock(NOW)
        self._control = Control(folder / "gateway", clock)
        channels = Channels(self._control, clock)
        for gym in gyms_of(PARTITIONS):
            self._control.create_tenant(gym)
            channels.add(gym, "webhook", self.receiver.url, Wishes(updates=True))
        self._door = LogOnly(self.log, clock)
        (folder / "relay").mkdir()
        self._relay = Relay(
            TopicSource(self.topic.read, self.topic.end_offset),
            Ledger(folder / "relay"),
            channels,
            ChannelSender(OWN_NETWORK),
            clock,
        )
        self._armed: str | None = None
        self._open(folder / "life-0")

    # the worker

    def _open(self, data: Path) -> None:
        data.mkdir(exist_ok=True)
        self._data = data
        self._shards = Shards(data, self.log, "uploads", FixedClock(NOW), self._fault)
        self._at: dict[int, int] = {}
        for number in range(PARTITIONS):
            lock = self._shards.place(number).take()
            assert lock is not None
            self._at[number] = self._shards.open(number, lock)

    def _next_folder(self) -> Path:
        self._lives += 1
        return self._folder / f"life-{self._lives}"

    def _fault(self, point: str) -> None:
        if point == self._armed:
            self._armed = None
            self._image = self._next_folder()
            shutil.copytree(self._data, self._image)  # what a killed process leaves on the disk
            raise SimulatedCrash(point)

    def _work(self) -> None:
        for number in range(PARTITIONS):
            while batch := self.log.read(number, self._at[number], items_max=1 << 20, bytes_max=1 << 30):
                try:
                    self._shards.apply(number, batch)
                except GapError:  # as the agent does: the ledger says where to read
                    self._at[number] = self._shards.offsets[number]
                    continue
                self._at[number] = batch[-1].offset + 1
        while self._shards.settle_next(lambda number: False):
            pass

    def _tell(self, *, note: bool = True) -> None:
        while (found := self._shards.news()) is not None:
            number, news = found
            self.topic.publish([message_of(number, row) for row in news])
            if not note:
                return
            self._shards.note_published(number, news)

    # the input

    def do(self, step: Step) -> None:
        """One value of the input."""
        match step:
            case Post(count):
                for _ in range(count):
                    self._post()
            case Work(dies_at):
                self._armed = dies_at
                try:
                    self._work()
                except SimulatedCrash:
                    self._shards.close()
                    self._open(self._image)
                    self._work()
                self._tell()
            case Stream(by):
                self._at = {number: max(at + by, 0) for number, at in self._at.items()}
            case Move():
                self._tell(note=False)
                self._shards.close()
                self._open(self._next_folder())
            case GatewayDies():
                self._door = LogOnly(self.log, FixedClock(NOW))
        self._relay.turn()

    def _post(self) -> None:
        for gym in gyms_of(PARTITIONS):
            events = post(gym, self._posted, NOW)
            body = "\n".join(json.dumps(event) for event in events).encode()
            name = f"{gym}-{self._posted}"
            self._door.append(accept_events(body, tenant=gym, upload_id=name, received_at=NOW).records)
            for event in events:
                self.acknowledged[gym, event["document"]] = (event["reps"], float(event["weight"]["value"]))
        self._posted += 1

    # the end

    def heard(self) -> list[Heard]:
        return [Heard(got.name, got.body, got.json["data"]) for got in self.receiver.got]

    def tables(self) -> dict[int, Tables]:
        """Close the worker; what its shards hold."""
        self._shards.close()
        self._relay.close()
        self._control.close()
        self.receiver.close()
        return {number: read_shard(self._shards.place(number).shard) for number in range(PARTITIONS)}
