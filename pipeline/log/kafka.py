"""The log on Kafka: the topic of uploads, a partition for each gym, acknowledged by all in-sync replicas.

Reading is by place, without a consumer group: for rebuilds, histories and gaps. The worker's own stream
comes through its consumer. aiokafka reads and writes every codec, and its loop has a thread here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OffsetOutOfRangeError
from aiokafka.partitioner import murmur2

from pipeline.errors import GapError, RefusedError, StorageError
from pipeline.log.base import Batch, Logged
from pipeline.log.clients import client_arguments, uploads_topic
from pipeline.log.frame import PackedRecords, foreign, pack, unpack
from pipeline.log.loop import LoopThread
from pipeline.record import Record
from pipeline.records import Records
from pipeline.settings import Settings

T = TypeVar("T")
CHUNK_BYTES = 4 << 20  # of an upload, acknowledged before more of it is sent
MESSAGE_BYTES_MAX = 3 << 20  # a record holds 1 MiB of payload, or one line that is longer
BATCH_BYTES = 256 << 10
FETCH_BYTES = 8 << 20  # of a partition, when it is read from its beginning
RECORD_BYTES = 400  # what a record takes in memory beside its payload
READ_SECONDS_MAX = 30.0  # brokers that take longer cannot be read
_POLL_MS = 500

NO_RECORDS = Batch.of([])
Placement = Callable[[str, int], int]
"""(tenant, partition by its name) to the partition it is kept in from then on."""


def partition_by_name(tenant: str, partitions: int) -> int:
    """Where Kafka's clients put a key by default: murmur2, the sign bit dropped."""
    return int((murmur2(tenant.encode()) & 0x7FFFFFFF) % partitions)


def batch_of(records: Sequence[Any]) -> Batch:
    """Records of aiokafka as those of the log."""
    offsets = np.array([record.offset for record in records], np.int64)
    packed = PackedRecords.of_values([record.value or b"" for record in records])
    if packed is not None and not packed.headers.problems:
        return Batch(offsets, packed)
    found = [unpack(record.value) or _foreign(record) for record in records]
    for place in Records(found).headers.problems:
        found[place] = _foreign(records[place])
    return Batch(offsets, Records(found))


def _foreign(record: Any) -> Record:
    name = f"{record.topic}-{record.partition}-{record.offset}"
    return foreign(record.value, record.key, name, record.timestamp)


class KafkaLog:
    """``Log`` on Kafka; safe to append and read from several threads.

    ``place`` fixes the partition of a tenant; without one its name alone says it, which holds as long as the
    number of partitions does.
    """

    def __init__(self, settings: Settings, place: Placement | None = None) -> None:
        self._arguments: dict[str, Any] = client_arguments(settings)
        self.topic = uploads_topic(settings)
        self._wait_s = settings.append_seconds_max
        self._place = place or (lambda tenant, partition: partition)
        self._places: dict[str, int] = {}
        self._loop = LoopThread("kafka-log")
        self._closed = False
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._readers: dict[int, _Reader] = {}

    # append

    def append(self, records: Sequence[Record]) -> int:
        """Append all records; returns the end offset of their partition after them.

        All are of one tenant. Raises StorageError when not all were acknowledged in time: then the upload is to be
        sent again. What was appended of it does no harm, because a document has one identity however often it comes.
        """
        if self._closed:
            raise StorageError("the log is closed", "the service is stopping", "send the upload again")
        tenant = records[0].head().tenant
        key = tenant.encode()
        packed = [pack(record) for record in records]
        try:
            return self._loop.run(self._append(tenant, key, packed))
        except MessageSizeTooLargeError as error:
            raise RefusedError(
                "a part of the upload is too large for the log",
                f"one item of it is longer than {MESSAGE_BYTES_MAX >> 20} MiB",
                "send it in smaller items",
            ) from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise StorageError(
                "the upload was not taken: Kafka did not acknowledge it",
                f"{self._named()} did not answer within {self._wait_s:g} s ({_said(error)})",
                "send it again; nothing that was accepted is lost",
            ) from error

    async def _append(self, tenant: str, key: bytes, packed: list[bytes]) -> int:
        end = 0
        try:
            async with asyncio.timeout(self._wait_s):
                producer = await self._started()
                partition = await self._partition_of(producer, tenant)
            for chunk in _chunks(packed):
                async with asyncio.timeout(self._wait_s):
                    waiting = [await producer.send(self.topic, value, key, partition) for value in chunk]
                    for done in await asyncio.gather(*waiting):
                        end = max(end, done.offset + 1)
        except MessageSizeTooLargeError:
            raise
        except (KafkaError, TimeoutError, OSError):
            await self._give_up()  # it would go on trying to send what is refused now
            raise
        return end

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._arguments,
                    client_id="spotter-gateway",
                    acks="all",
                    enable_idempotence=True,
                    compression_type="lz4",
                    max_request_size=MESSAGE_BYTES_MAX,
                    max_batch_size=BATCH_BYTES,
                    request_timeout_ms=max(int(self._wait_s * 1000), 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await _stop(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def _partition_of(self, producer: AIOKafkaProducer, tenant: str) -> int:
        found = self._places.get(tenant)
        if found is None:
            partitions = len(await producer.partitions_for(self.topic))
            by_name = partition_by_name(tenant, partitions)
            found = self._places[tenant] = self._place(tenant, by_name)
        return found

    # read

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> Batch:
        """Records from ``offset`` on: at least one if there is any, then up to the limits.

        Raises GapError when the log begins after ``offset``.
        """
        return self._ask(lambda: self._read(partition, offset, items_max, bytes_max))

    async def _read(self, partition: int, offset: int, items_max: int, bytes_max: int) -> Batch:
        async with self._reader(partition) as reader:
            return await reader.read(offset, items_max, bytes_max)

    @contextlib.asynccontextmanager
    async def _reader(self, partition: int) -> AsyncIterator[_Reader]:
        """The kept reader of a partition, for one at a time; one that failed is not used again."""
        async with self._reading:
            reader = self._readers.get(partition)
            if reader is None:
                reader = self._readers[partition] = await self._new_reader(partition)
            try:
                yield reader
            except BaseException:
                del self._readers[partition]
                await reader.close()
                raise

    def read_athlete(self, partition: int, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        """All records of one athlete below ``end``, in order; reads the partition from its beginning."""
        reader = self._ask(lambda: self._new_reader(partition))
        try:
            offset = 0
            while offset < end:
                at = offset
                found = self._ask(lambda at=at: reader.read(at, 1 << 30, FETCH_BYTES))  # type: ignore[misc]
                if not found:
                    return
                for logged in found.below(end):
                    if logged.record.athlete == athlete and logged.record.head().tenant == tenant:
                        yield logged
                offset = found.next_offset
        finally:
            with contextlib.suppress(StorageError):
                self._ask(reader.close)

    def end_offset(self, partition: int) -> int:
        """The offset the next record will get."""
        return self._ask(lambda: self._end_offset(partition))

    async def _end_offset(self, partition: int) -> int:
        async with self._reader(partition) as reader:
            return await reader.find_end()

    def first_offset(self, partition: int) -> int:
        """The offset of the first record that the topic's retention left."""
        return self._ask(lambda: self._first_offset(partition))

    async def _first_offset(self, partition: int) -> int:
        async with self._reader(partition) as reader:
            return await reader.find_first()

    def why_not_ready(self) -> str | None:
        """Why uploads cannot be taken now; None when the brokers answer."""
        try:
            self._ask(lambda: self._end_offset(0), self._wait_s)
        except StorageError as error:
            return f"{error.what}: {error.why}" if error.why else error.what
        return None

    async def _new_reader(self, partition: int) -> _Reader:
        consumer = AIOKafkaConsumer(
            **self._arguments,
            client_id="spotter-reader",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        place = TopicPartition(self.topic, partition)
        consumer.assign([place])
        return _Reader(consumer, place)

    def _ask(self, work: Callable[[], Coroutine[Any, Any, T]], seconds_max: float = READ_SECONDS_MAX) -> T:
        if self._closed:
            raise StorageError("the log is closed", "the service is stopping", "ask again when it runs")

        async def bounded() -> T:
            async with asyncio.timeout(seconds_max):
                return await work()

        try:
            return self._loop.run(bounded())
        except (KafkaError, TimeoutError, OSError) as error:
            raise StorageError(
                f"the log {self.topic} cannot be read",
                f"{self._named()}: {_said(error)}",
                "look whether the brokers run, and whether `spotter topics describe` shows the topic",
            ) from error

    def _named(self) -> str:
        return ", ".join(self._arguments["bootstrap_servers"])

    def close(self) -> None:
        """Close producer and readers; waiting appends fail."""
        if self._closed:
            return
        self._closed = True
        self._loop.run(self._close())
        self._loop.close()

    async def _close(self) -> None:
        await self._give_up()
        for reader in self._readers.values():
            await reader.close()


class _Reader:
    """Reads one partition in order; what was fetched beyond a limit waits for the next call."""

    def __init__(self, consumer: AIOKafkaConsumer, place: TopicPartition) -> None:
        self._consumer, self._place = consumer, place
        self._next = -1
        self._fetched = NO_RECORDS
        self._end = 0

    async def find_first(self) -> int:
        """The first offset that is there."""
        return int((await self._consumer.beginning_offsets([self._place]))[self._place])

    async def find_end(self) -> int:
        found = await self._consumer.end_offsets([self._place])
        self._end = int(found[self._place])
        return self._end

    async def read(self, offset: int, items_max: int, bytes_max: int) -> Batch:
        if offset != self._next:
            self._fetched, self._next = NO_RECORDS, offset
            self._consumer.seek(self._place, offset)
        if not self._fetched and (offset < self._end or offset < await self.find_end()):
            self._fetched = await self._fetch(offset)
        batch = self._fetched
        if batch:
            batch = batch[: batch.within(items_max=items_max, bytes_max=bytes_max, record_bytes=RECORD_BYTES)]
            self._fetched, self._next = self._fetched[len(batch) :], batch.next_offset
        return batch

    async def _fetch(self, offset: int) -> Batch:
        while True:
            try:
                found = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS)
            except OffsetOutOfRangeError as error:
                start = (await self._consumer.beginning_offsets([self._place]))[self._place]
                raise GapError(
                    f"the log {self._place.topic} no longer has the offset {offset} of partition"
                    f" {self._place.partition}: it begins at {start}",
                    "its retention took records that the tables of this partition do not have yet",
                    "restore the newest snapshot of the partition that reaches beyond it; then raise the retention",
                ) from error
            if records := found.get(self._place):
                return batch_of(records)

    async def close(self) -> None:
        await self._consumer.stop()


async def _stop(producer: AIOKafkaProducer) -> None:
    """End a producer now, with what it still holds; ``stop`` alone would wait for the brokers."""
    with contextlib.suppress(Exception):
        await producer._sender.close()
    with contextlib.suppress(Exception):
        await producer.client.close()
    producer._closed = True


def _chunks(packed: list[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for value in packed:
        if chunk and size + len(value) > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += len(value)
    if chunk:
        yield chunk


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
