"""Faust's consumer as this worker needs it: it starts from the ledger and hands over whole batches.

Subclasses of faust-streaming's aiokafka driver. ``tests/broker/test_faust_contract.py`` holds what they rely on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP, ConsumerMessage


class Ledgers(Protocol):
    """Who knows where to go on."""

    async def take_over(self, consumer: LedgerConsumer) -> Mapping[TP, int]:
        """Make the consumer's assignment this worker's; the offset of each partition that can go on now."""
        ...


class WholeBatches(DefaultSchedulingStrategy):  # type: ignore[misc]
    """What was fetched of a partition is one thing, not many: 90,000 records/s instead of 14,000."""

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """(partition, all its fetched records) for each partition that has any."""
        return ((place, batch) for place, batch in records.items() if batch)


class LedgerConsumer(driver.Consumer):  # type: ignore[misc]
    """Reads on from the ledgers of the shards. Kafka's committed offsets are for onlookers.

    One message stands for the offsets up to its last record's, so Faust may commit more than is done: it is of no
    consequence, because nothing starts from there.
    """

    def on_buffer_full(self, tp: TP) -> None:
        """The partition stays among those that are fetched: the queue is bounded, and a put waits for room in it.

        Faust takes it out, and sleeps a second whenever none is left: so a worker that was behind stood still between
        fetches, and one that was not behind told its alerts a second later.
        """

    @property
    def generation(self) -> int:
        """Of the group, as it stood when partitions were given last."""
        return int(self.app.consumer_generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition of the assignment that can go on, also to 0."""
        ledgers: Ledgers = self.app.ledgers
        return await ledgers.take_over(self)

    async def go_on(self, place: TP, offset: int) -> None:
        """Read a partition that was paused, from ``offset`` on."""
        await self.seek_wait({place: offset})
        self._read_offset[place] = offset or None
        self._committed_offset[place] = offset or None
        self.resume_partitions({place})

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        """A batch as one message: its value is the list of records, its offset the last one's."""
        last = record[-1]
        return ConsumerMessage(
            last.topic,
            last.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            (),
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )


class LedgerTransport(driver.Transport):  # type: ignore[misc]
    """The aiokafka driver with that consumer."""

    Consumer = cast(Any, LedgerConsumer)
