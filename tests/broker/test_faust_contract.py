"""What this project relies on in faust-streaming, and what it works around: a release that changes it fails here.

No broker is needed: messages are made by hand and go through Faust's own streams, acknowledgements and commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.transport.consumer import Consumer
from faust.types import TP
from mode import CrashingSupervisor

from pipeline.settings import Settings
from pipeline.worker.consumer import LedgerConsumer, WholeBatches
from pipeline.worker.faust_app import App, credentials
from tests.broker.faust_by_hand import HERE, SETTINGS, TOPIC, a_topic, an_app, message


class Failure(Exception):
    """What the body of an agent raises here."""


@pytest.fixture
def make(tmp_path: Path) -> Callable[[], App]:
    """Makes one on a folder of its own."""
    return lambda: an_app(tmp_path)


async def read(
    app: App, offsets: Sequence[int], body: Callable[[Any], Awaitable[None]], values: Sequence[Any] = ()
) -> Any:
    """Deliver two messages at most (then a stream is full), run a body until it fails; the consumer with its acks."""
    app.flow_control.resume()  # as after a rebalance
    stream = a_topic(app).stream()
    for number, offset in enumerate(offsets):
        await stream.channel.deliver(message(app, offset, values[number] if values else b"x"))
    with pytest.raises(Failure):
        await asyncio.wait_for(body(stream), 10)
    return app.consumer


def acked(consumer: Any) -> list[int]:
    return sorted(consumer._acked[HERE])


# acknowledgements


def test_take_acknowledges_a_whole_batch_whose_body_failed(make: Callable[[], App]) -> None:
    """So it is not used."""

    async def body(stream: Any) -> None:
        async for _ in stream.take(2, within=1):
            raise Failure

    async def run() -> list[int]:
        return acked(await read(make(), [1, 2], body))

    assert asyncio.run(run()) == [1, 2]


def test_noack_take_acknowledges_nothing_by_itself(make: Callable[[], App]) -> None:
    async def body(stream: Any) -> None:
        async for _ in stream.noack_take(2, within=1):
            raise Failure

    async def run() -> list[int]:
        return acked(await read(make(), [1, 2], body))

    assert asyncio.run(run()) == []


def test_events_without_acks_are_acknowledged_by_hand_only(make: Callable[[], App]) -> None:
    """The way of the worker: acknowledged after the commit, and not when the body failed."""

    async def body(stream: Any) -> None:
        async for event in stream.noack().events():
            if event.message.offset == 2:
                raise Failure
            await stream.ack(event)

    async def run() -> list[int]:
        return acked(await read(make(), [1, 2], body))

    assert asyncio.run(run()) == [1]


def test_a_message_of_an_earlier_generation_is_left_out(make: Callable[[], App]) -> None:
    """What was fetched before a rebalance does not come to the agent after it."""
    seen: list[int] = []

    async def body(stream: Any) -> None:
        async for event in stream.noack().events():
            seen.append(event.message.offset)
            if event.message.offset == 2:
                raise Failure

    async def run() -> None:
        app = make()
        app.flow_control.resume()
        stream = a_topic(app).stream()
        await stream.channel.deliver(message(app, 1))
        app.consumer_generation_id += 1
        await stream.channel.deliver(message(app, 2))
        with pytest.raises(Failure):
            await asyncio.wait_for(body(stream), 10)

    asyncio.run(run())
    assert seen == [2]


# what Kafka is told


@pytest.mark.parametrize(
    ("committed", "done", "told"),
    [
        (2585, [2586, 2587, 2588, 2589], 2590),  # 2585 is not done: the test for a gap is off by one
        (None, [7, 8], 9),  # and is not made before the first commit
        (5, [5, 6, 9], 7),
        (5, [7, 8], None),
    ],
)
def test_kafka_is_told_more_than_is_done(
    make: Callable[[], App], committed: int | None, done: list[int], told: int | None
) -> None:
    """So Kafka's committed offset is never where reading starts."""

    async def run() -> int | None:
        consumer: Any = make().consumer
        consumer._committed_offset[HERE] = committed
        consumer._acked[HERE] = list(done)
        return consumer._new_offset(HERE)

    assert asyncio.run(run()) == told


def test_the_record_behind_a_gap_counts_as_done(make: Callable[[], App]) -> None:
    async def run() -> int | None:
        consumer: Any = make().consumer
        consumer._committed_offset[HERE] = 1
        consumer._acked[HERE] = [1, 11]
        await consumer._add_gap(HERE, 2, 10)  # the record at 10 was delivered and is not acknowledged
        return consumer._new_offset(HERE)

    assert asyncio.run(run()) == 12


# where reading starts


class Ledgers:
    """Says where to go on, and nothing else."""

    def __init__(self, offsets: Mapping[TP, int]) -> None:
        self._offsets = offsets

    async def take_over(self, consumer: LedgerConsumer) -> Mapping[TP, int]:
        return self._offsets


@pytest.mark.parametrize("offset", [0, 17])
def test_a_seek_starts_at_the_ledger(make: Callable[[], App], offset: int) -> None:
    async def run() -> Any:
        app = make()
        app.ledgers = Ledgers({HERE: offset})  # type: ignore[assignment]
        consumer: Any = app.consumer
        assert isinstance(consumer, LedgerConsumer)
        await consumer.perform_seek()
        return consumer._read_offset[HERE], consumer._committed_offset[HERE]

    assert asyncio.run(run()) == (offset, offset or None)


def test_every_seek_goes_through_that_one() -> None:
    """Three places seek; a fourth would start where Kafka says."""
    import inspect

    from faust.tables import recovery
    from faust.transport import consumer

    callers = inspect.getsource(recovery).count(".perform_seek()") + inspect.getsource(consumer).count(
        ".perform_seek()"
    )
    assert callers == 3
    assert inspect.getsource(Consumer.perform_seek).count("seek_to_committed()") == 1


# batches


def records(*offsets: int) -> list[Any]:
    return [
        SimpleNamespace(
            topic=TOPIC, partition=0, offset=offset, timestamp=1_700_000_000_000 + offset, timestamp_type=0,
            headers=(), key=b"home", value=b"v%d" % offset,
        )
        for offset in offsets
    ]  # fmt: skip


def test_what_was_fetched_of_a_partition_is_one_event(make: Callable[[], App]) -> None:
    other = TP(TOPIC, 1)
    fetched = {HERE: records(3, 4, 5), other: records(9), TP(TOPIC, 2): []}

    async def run() -> list[tuple[TP, Any]]:
        app = make()
        consumer: Any = app.consumer
        assert isinstance(consumer.scheduler, WholeBatches)

        async def fetch(timeout: float) -> tuple[Mapping[TP, list[Any]], None]:
            return fetched, None

        consumer._wait_next_records = fetch
        consumer.highwater = lambda tp: 100
        found: AsyncIterator[tuple[TP, Any]] = consumer.getmany(timeout=1.0)
        return [item async for item in found]

    got = asyncio.run(run())
    assert [(place, one.offset, one.value) for place, one in got] == [
        (HERE, 5, fetched[HERE]),
        (other, 9, fetched[other]),
    ]
    assert got[0][1].timestamp == 1_700_000_000.005


def test_a_batch_comes_to_the_agent_as_it_was_fetched(make: Callable[[], App]) -> None:
    """The raw codec must not look into a value; a decoder's error would be acknowledged."""
    batch = records(3, 4, 5)
    seen: list[Any] = []

    async def body(stream: Any) -> None:
        async for event in stream.noack().events():
            seen.append(event.message.value)
            raise Failure

    async def run() -> list[int]:
        return acked(await read(make(), [5], body, [batch]))

    assert asyncio.run(run()) == []
    assert seen == [batch] and seen[0] is batch


# failures and the end


def test_an_agent_that_fails_is_not_started_again(make: Callable[[], App]) -> None:
    """Faust's default goes on with the next event, as if the failed one had been done."""
    app = make()
    assert app.conf.agent_supervisor is CrashingSupervisor

    async def run() -> list[int]:
        starts: list[int] = []

        @app.agent(a_topic(app), concurrency=1, supervisor_strategy=CrashingSupervisor)  # type: ignore[untyped-decorator]
        async def fold(stream: Any) -> None:
            starts.append(1)
            async for _ in stream.noack().events():
                raise Failure

        with pytest.raises(Failure):
            async with fold.test_context() as agent:
                await asyncio.wait_for(agent.put(b"x"), 10)
        return starts

    assert asyncio.run(run()) == [1]


def test_waiting_for_streams_is_off_because_it_hangs(make: Callable[[], App]) -> None:
    """With one batch unacknowledged, ``wait_empty`` goes on for ever and swallows its cancellation."""
    app = make()
    assert app.conf.stream_wait_empty is False

    async def run() -> bool:
        consumer: Any = app.consumer
        consumer.commit = consumer.commit_and_end_transactions = _nothing
        held = message(app, 1)
        consumer._unacked_messages.add(held)
        waiting = asyncio.create_task(consumer.wait_empty())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.05)
        hangs = not waiting.done()
        consumer._unacked_messages.discard(held)
        await asyncio.wait([waiting], timeout=5)
        return hangs

    assert asyncio.run(run())


async def _nothing(*_: Any, **__: Any) -> bool:
    return True


def test_settings_are_those_that_were_tried(make: Callable[[], App]) -> None:
    conf = make().conf
    assert (conf.table_standby_replicas, conf.topic_disable_leader, conf.topic_allow_declare) == (0, True, False)
    assert (conf.web_enabled, conf.broker_session_timeout, conf.stream_recovery_delay) == (False, 10.0, 0.0)
    assert conf.processing_guarantee.value == "at_least_once"
    assert str(conf.store) == "memory:"


def test_security_comes_to_faust_as_to_every_client() -> None:
    assert credentials(SETTINGS) is None
    plain = Settings(
        brokers="a:1",
        security_protocol="SASL_PLAINTEXT",
        sasl_username="ana",
        sasl_password="p",
        sasl_mechanism="PLAIN",
    )
    found = credentials(plain)
    assert isinstance(found, faust.SASLCredentials)
    assert (found.username, found.password, found.mechanism.value) == ("ana", "p", "PLAIN")
    assert found.protocol.value == "SASL_PLAINTEXT"
    both = credentials(Settings(brokers="a:1", security_protocol="SASL_SSL", sasl_username="ana", sasl_password="p"))
    assert (both.protocol.value, both.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    tls = credentials(Settings(brokers="a:1", security_protocol="SSL"))
    assert isinstance(tls, faust.SSLCredentials) and tls.protocol.value == "SSL"
