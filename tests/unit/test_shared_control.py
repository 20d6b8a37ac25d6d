"""Control data of the gateway reaches the other roles: what is there, what ended, and the one thing the relay says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_events import RECEIVED
from structlog.testing import capture_logs

from pipeline.clock import FixedClock
from pipeline.errors import StorageError
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.gateway.shared_control import ControlFeed, ControlMirror, shared_rows, wait_until_fed
from pipeline.relay.ledger import Ledger
from pipeline.relay.relay import Relay
from pipeline.relay.send import ChannelSender
from tests.unit.relay_fakes import OWN_NETWORK, Stream, an_alert

CLOCK = FixedClock(RECEIVED)


class Log:
    """The topic as a list; ``compact`` forgets what is not the newest of its key, and what ended."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes | None] | None] = []
        self.away = False

    def compact(self) -> None:
        newest = {one[0]: place for place, one in enumerate(self.messages) if one is not None}
        for place, one in enumerate(self.messages):
            if one is not None and (newest[one[0]] != place or one[1] is None):
                self.messages[place] = None

    def reader(self) -> Reader:
        return Reader(self)


class Reader:
    """One role's way to it."""

    def __init__(self, log: Log) -> None:
        self._log, self._next = log, 0

    def publish(self, rows: Mapping[bytes, bytes | None]) -> None:
        self._look()
        self._log.messages += rows.items()

    def news(self) -> dict[bytes, bytes | None]:
        self._look()
        if len(self._log.messages) < self._next:
            self._next = 0
        found = dict(one for one in self._log.messages[self._next :] if one is not None)
        self._next = len(self._log.messages)
        return found

    def _look(self) -> None:
        if self._log.away:
            raise StorageError("the topic could not be read", "nobody answers", "wait")

    def close(self) -> None:
        pass


class World:
    """A gateway and a relay, each with its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = Log()
        self.gateway, self.relay = Control(folder / "gateway", CLOCK), Control(folder / "relay", CLOCK)
        self.feed = ControlFeed(self.gateway, self.log.reader())
        self.mirror = ControlMirror(self.relay, self.log.reader())
        self.here = Channels(self.gateway, CLOCK)
        self.there = Channels(self.relay, CLOCK, self.mirror.tell_disabled)

    def look(self) -> None:
        self.feed.look()
        self.mirror.look()

    def relay_again(self) -> None:
        """The relay's process ended and began anew."""
        self.mirror = ControlMirror(self.relay, self.log.reader())
        self.there = Channels(self.relay, CLOCK, self.mirror.tell_disabled)

    def gateway_again(self) -> None:
        self.feed = ControlFeed(self.gateway, self.log.reader())

    def close(self) -> None:
        self.gateway.close()
        self.relay.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_keys_gyms_places_and_channels_arrive(world: World) -> None:
    world.gateway.create_tenant("north")
    key_id, text = world.gateway.create_key("north", ["read"])
    world.gateway.place("north", 3)
    channel, secret = world.here.add("north", "webhook", "https://example.org/hook", Wishes(updates=True))
    world.look()
    caller = world.relay.caller(text)
    assert caller is not None and (caller.tenant, caller.key_id) == ("north", key_id)
    assert world.relay.placed("north") == 3
    arrived = world.there.get(channel)
    assert arrived is not None and arrived.secret == secret and arrived.wishes.updates
    world.gateway.revoke_key(key_id)
    world.here.remove("north", channel)
    world.look()
    assert world.there.get(channel) is None
    assert [row.revoked_at is not None for row in world.relay.list_keys("north")] == [True]


def test_the_text_of_a_key_and_what_is_the_gateways_own_stay_there(world: World) -> None:
    _, text = world.gateway.create_key("home", ["read"])
    world.gateway.note_sender("home", RECEIVED)
    world.look()
    said = b"".join(part for one in world.log.messages if one for part in one if part)
    assert text.encode() not in said and text.rpartition("_")[2].encode() not in said
    assert {orjson.loads(one[0])[0] for one in world.log.messages if one} == {"tenant", "api_key"}


def test_nothing_is_said_twice_and_a_lost_topic_is_filled_again(world: World) -> None:
    world.gateway.create_tenant("north")
    world.look()
    count = len(world.log.messages)
    world.look()
    world.gateway_again()
    world.look()
    assert len(world.log.messages) == count
    world.log.messages.clear()
    world.gateway_again()
    world.look()
    assert len(world.log.messages) == count and shared_rows(world.relay) == shared_rows(world.gateway)


def test_what_ended_while_the_relay_was_down_ends_there_too(world: World) -> None:
    channel, _ = world.here.add("home", "webhook", "https://example.org/hook", Wishes())
    world.here.acknowledge("home", "a1")
    world.look()
    world.here.remove("home", channel)
    world.here.acknowledge("home", "a1", undo=True)
    world.feed.look()
    world.log.compact()
    world.relay_again()
    world.look()
    assert world.there.get(channel) is None and world.there.acknowledged_at("home", "a1") is None


def test_a_channel_that_the_relay_finds_gone_is_disabled_everywhere(world: World) -> None:
    channel, _ = world.here.add("home", "webhook", "https://example.org/hook", Wishes())
    world.look()
    world.there.disable(channel, "410 Gone")
    world.mirror.look()
    found = world.here.get(channel)
    assert found is not None and found.disabled_at is None  # the gateway was not there
    world.here.snooze("home", "alert", "a1", RECEIVED + timedelta(days=1))
    world.look()
    world.look()
    for channels in (world.here, world.there):
        found = channels.get(channel)
        assert found is not None and found.disabled_why == "410 Gone"
    assert [one for one in world.log.messages if one and orjson.loads(one[0])[0] == "disabled"][-1][1] is None
    world.here.enable("home", channel)
    world.look()
    world.look()
    for channels in (world.here, world.there):
        found = channels.get(channel)
        assert found is not None and found.disabled_at is None


def test_a_disabled_channel_stays_so_until_the_gateway_heard_of_it(world: World) -> None:
    channel, _ = world.here.add("home", "webhook", "https://example.org/hook", Wishes())
    world.look()
    world.there.disable(channel, "410 Gone")
    world.mirror.look()
    world.relay_again()
    world.mirror.look()
    found = world.there.get(channel)
    assert found is not None and found.disabled_why == "410 Gone"


def test_gateways_leave_each_others_rows(world: World, tmp_path: Path) -> None:
    other = Control(tmp_path / "other", FixedClock(RECEIVED + timedelta(days=1)))
    second = ControlFeed(other, world.log.reader())
    world.gateway.create_tenant("north")
    other.create_tenant("south")
    for _ in range(3):
        world.look()
        second.look()
    world.mirror.look()
    count = len(world.log.messages)
    world.look()
    second.look()
    assert len(world.log.messages) == count  # both have the gym `home`, made at other times
    assert {name for name, _ in world.relay.tenants()} == {"home", "north", "south"}
    other.close()


def test_brokers_that_are_away_are_told_of_once(world: World) -> None:
    world.log.away = True
    with capture_logs() as said:
        assert not world.feed.try_to(world.feed.look)
        assert not world.feed.try_to(world.feed.look)
    assert len(said) == 1 and world.feed.failure is not None
    world.log.away = False
    assert world.feed.try_to(world.feed.look) and world.feed.failure is None
    world.mirror.look()
    assert shared_rows(world.relay) == shared_rows(world.gateway)


def test_waiting_ends_when_a_gateway_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.gateway.shared_control.LOOK_EVERY_S", 0.0)
    said: list[str] = []

    def say() -> None:
        said.append("waiting")
        world.feed.look()

    world.mirror.wait(say)
    world.relay_again()
    world.mirror.wait(say)
    assert said == ["waiting"]


def test_a_channel_published_before_an_alert_hears_of_it(world: World, tmp_path: Path) -> None:
    """The copy looks once a second; an alert that comes sooner is planned on what was published, not on the copy."""
    channel, _ = world.here.add("home", "webhook", "https://example.org/hook", Wishes())
    stream = Stream()
    stream.tell(an_alert())

    def planned(name: str, **follows: Callable[[], None]) -> int:
        folder = tmp_path / name
        folder.mkdir()
        relay = Relay(stream, Ledger(folder), world.there, ChannelSender(OWN_NETWORK), CLOCK, **follows)
        relay.take_in()
        count = len(relay.ledger.history(channel, 10))
        relay.close()
        return count

    world.feed.look()
    assert planned("bad") == 0, "without looking the alert is never told"
    assert planned("good", refresh=world.mirror.look) == 1


def test_whoever_adds_a_channel_hears_whether_it_is_published(world: World) -> None:
    world.here.add("home", "webhook", "https://example.org/hook", Wishes())
    assert not wait_until_fed(world.gateway, 0.0)
    world.feed.look()
    assert wait_until_fed(world.gateway, 0.0)
    world.gateway.ensure_tenant("north")
    threading.Timer(0.2, world.feed.look).start()
    assert wait_until_fed(world.gateway, 30.0)


STEP = st.tuples(st.sampled_from(["tenant", "key", "revoke", "channel", "remove", "rotate", "put", "undo", "away",
                                  "gateway", "relay", "compact", "look"]), st.integers(0, 3))  # fmt: skip


@given(steps=st.lists(STEP, max_size=30))
@settings(max_examples=40, deadline=None)
def test_whatever_happens_both_files_say_the_same_in_the_end(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("control"))
    try:
        for what, number in steps:
            _do(world, what, number)
        world.log.away = False
        world.look()
        world.look()
        assert shared_rows(world.relay) == shared_rows(world.gateway)
    finally:
        world.close()


def _do(world: World, what: str, number: int) -> None:
    gym, channels = f"gym{number}", world.here.of(None)
    live = [key for key in world.gateway.list_keys() if key.revoked_at is None]
    match what:
        case "tenant":
            world.gateway.ensure_tenant(gym)
            world.gateway.place(gym, number)
        case "key" if world.gateway.has_tenant(gym):
            world.gateway.create_key(gym, ["read"], label=gym)
        case "revoke" if live:
            world.gateway.revoke_key(live[number % len(live)].key_id)
        case "channel":
            world.here.add(gym, "webhook", f"https://example.org/{number}", Wishes())
        case "remove" if channels:
            world.here.remove(channels[0].tenant, channels[0].channel_id)
        case "rotate" if channels:
            world.here.rotate(channels[-1].tenant, channels[-1].channel_id, timedelta(hours=number))
        case "put":
            world.here.snooze("home", "athlete", gym, RECEIVED + timedelta(days=number + 1))
            world.here.acknowledge("home", f"a/{number}")
        case "undo":
            world.here.snooze("home", "athlete", gym, None)
            world.here.acknowledge("home", f"a/{number}", undo=True)
        case "away":
            world.log.away = not world.log.away
        case "gateway":
            world.gateway_again()
        case "relay":
            world.relay_again()
        case "compact":
            world.log.compact()
        case "look":
            world.feed.try_to(world.feed.look)
            world.mirror.try_to(world.mirror.look)
