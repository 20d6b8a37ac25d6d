"""The queue between Faust's fetching and the agent alone holds fetching up; Faust's own way of it is left out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from faust.transport.consumer import Consumer

from pipeline.worker.faust_app import App
from tests.broker.faust_by_hand import HERE, a_topic, an_app, message


async def filled(app: App) -> tuple[Any, asyncio.Task[None]]:
    """A stream whose queue is full, and the delivery of one more, which waits."""
    app.flow_control.resume()
    stream = a_topic(app).stream()
    size = app.conf.stream_buffer_maxsize
    for offset in range(size):
        await asyncio.wait_for(stream.channel.deliver(message(app, offset)), 10)
    late = asyncio.create_task(stream.channel.deliver(message(app, size)))
    await asyncio.sleep(0.05)
    assert not late.done()
    return stream, late


async def taken(stream: Any, count: int) -> list[int]:
    found: list[int] = []
    async for event in stream.noack().events():
        found.append(event.message.offset)
        if len(found) == count:
            break
    return found


def test_a_full_queue_does_not_stop_the_fetching(tmp_path: Path) -> None:
    """Faust would fetch nothing more, and sleep for a second whenever it has no partition left to fetch from."""

    async def run() -> None:
        consumer: Any = an_app(tmp_path).consumer
        consumer._active_partitions = {HERE}
        consumer.on_buffer_full(HERE)
        assert consumer._get_active_partitions() == {HERE} and not consumer._buffered_partitions
        consumer.on_buffer_drop(HERE)
        assert consumer._get_active_partitions() == {HERE}
        Consumer.on_buffer_full(consumer, HERE)  # what is overridden, and why
        assert consumer._get_active_partitions() == set()

    asyncio.run(run())


def test_what_comes_to_a_full_queue_waits_until_there_is_room(tmp_path: Path) -> None:
    """So fetching is held up by the queue alone, however little is taken out of it."""

    async def run() -> list[int]:
        stream, late = await filled(an_app(tmp_path))
        found = await taken(stream, 3)
        await asyncio.wait_for(late, 10)
        return found

    assert asyncio.run(run()) == [0, 1, 2]


def test_what_waits_for_room_is_given_up_when_partitions_are_taken_away(tmp_path: Path) -> None:
    """Faust clears its queues then; whoever fetches must not wait for room in one that is empty."""

    async def run() -> list[int]:
        app = an_app(tmp_path)
        stream, late = await filled(app)
        app.flow_control.suspend()
        app.flow_control.clear()
        await asyncio.wait([late], timeout=10)
        assert late.cancelled()
        app.flow_control.resume()
        await asyncio.wait_for(stream.channel.deliver(message(app, 9)), 10)
        return await taken(stream, 1)

    assert asyncio.run(run()) == [9]
