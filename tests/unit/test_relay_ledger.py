"""One revision, one id: kills, restarts, rebuilds, lost shards, changes of mind; and variants that must be caught."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from relay_fakes import Receiver, World, an_alert

from pipeline.relay import messages
from pipeline.relay import relay as relay_module
from pipeline.relay.delivery import Delivery
from pipeline.relay.ledger import Ledger

KINDS = {
    "open": ("alert.opened", "alert.updated"),
    "resolved": ("alert.resolved",),
    "withdrawn": ("alert.withdrawn",),
}


class Killed(BaseException):
    """The process ended here."""


def kill_after(count: int) -> Callable[[str], None]:
    """Ends the process after so many attempts, before their result is written."""
    left = itertools.count(count - 1, -1)

    def fault(point: str) -> None:
        if next(left) == 0:
            raise Killed(point)

    return fault


def kill_again_and_again(world: World, receiver: Receiver) -> None:
    """Twelve alerts, killed after the first, second, third … attempt; then what must hold at the receiver."""
    world.webhook(receiver.url)
    world.stream.tell(*(an_alert(n) for n in range(1, 13)))
    kills = 0
    for count in (1, 2, 3, 1, 1, 4, 2):
        world.restart(kill_after(count))
        try:
            world.relay.turn()
        except Killed:
            kills += 1
    world.restart()
    world.relay.turn()
    world.later(days=5)
    by_alert: dict[str, set[str]] = {}
    for got in receiver.got:
        by_alert.setdefault(got.json["data"]["alert_id"], set()).add(got.name)
    assert len(by_alert) == 12, "an alert was lost"
    assert {len(names) for names in by_alert.values()} == {1}, "an alert was sent under several ids"
    assert len(receiver.got) == 12 + kills, "a message was repeated without need, or not where it may have been lost"
    assert len({got.body for got in receiver.got}) == 12, "a repeated message has other bytes"
    assert kills >= 5


def test_kills_between_sending_and_writing_repeat_the_same_message(world: World, receiver: Receiver) -> None:
    kill_again_and_again(world, receiver)


def test_random_ids_are_caught(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known-bad variant: ids made when the message is sent."""
    whole = relay_module.Relay._attempt

    def attempt(self: Any, channel: Any, one: Delivery) -> bool:
        send = self._sender
        self._sender = lambda channel, name, *rest: send(channel, str(uuid.uuid4()), *rest)
        try:
            return whole(self, channel, one)
        finally:
            self._sender = send

    monkeypatch.setattr(relay_module.Relay, "_attempt", attempt)
    with pytest.raises(AssertionError, match="several ids"):
        kill_again_and_again(world, receiver)


def test_a_ledger_written_only_after_sending_is_caught(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A known-bad variant: nothing is known of a message until it was sent, and a kill makes it anew."""
    names = itertools.count()
    interrupted = Ledger.interrupted

    def forget(self: Ledger) -> list[Delivery]:
        for one in interrupted(self):
            self._do("delete from delivery where message_id = ?", (one.message_id,))
            self._do("delete from alert where alert_id = ?", (one.alert_id,))
            self._do("update cursor set alert_id = ''", ())  # the stream is read again
        return []

    monkeypatch.setattr(Ledger, "interrupted", forget)
    monkeypatch.setattr(messages, "message_id", lambda *_: f"msg_{next(names)}")
    with pytest.raises(AssertionError, match=r"several ids"):
        kill_again_and_again(world, receiver)


def test_a_cursor_moved_before_its_messages_are_planned_is_caught(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A known-bad variant: the cursor outside of the transaction, and a kill between the two."""
    plan = relay_module.Relay._plan

    def move_first(self: Any, alert: dict[str, Any], log_offset: int) -> None:
        if alert["alert_id"].startswith("00000003") and not getattr(move_first, "done", False):
            move_first.done = True  # type: ignore[attr-defined]
            self.ledger._do("commit", ())
            self.ledger.move(world.stream.rows[-1].mark)
            self.ledger._do("begin", ())
            raise Killed("between")
        plan(self, alert, log_offset)

    monkeypatch.setattr(relay_module.Relay, "_plan", move_first)
    with pytest.raises(AssertionError, match="lost"):
        kill_again_and_again(world, receiver)


def test_a_kill_while_taking_in_loses_and_doubles_nothing(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.webhook(receiver.url)
    world.stream.tell(*(an_alert(n) for n in range(1, 6)))
    plan, calls = relay_module.Relay._plan, itertools.count(1)

    def die(self: Any, alert: dict[str, Any], log_offset: int) -> None:
        plan(self, alert, log_offset)
        if next(calls) == 3:
            raise Killed("planning")

    monkeypatch.setattr(relay_module.Relay, "_plan", die)
    with pytest.raises(Killed):
        world.relay.turn()
    world.restart()
    world.relay.turn()
    world.later(days=1)
    assert sorted(receiver.names) == [f"{an_alert(n)['alert_id']}_r1" for n in range(1, 6)]


def test_a_restart_goes_on_where_it_stopped(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.tell(an_alert(1))
    world.restart()
    world.tell(an_alert(2))
    world.restart()
    world.relay.turn()
    assert [name[:8] for name in receiver.names] == ["00000001", "00000002"]


def test_a_lost_shard_sends_nothing_again_and_withdraws_what_it_no_longer_has(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.tell(an_alert(1), an_alert(2), an_alert(3))
    world.stream.mirrored.clear()
    world.stream.lose(an_alert(3), an_alert(1), an_alert(4))
    world.relay.turn()
    assert [(got.json["type"], got.name) for got in receiver.got[3:]] == [
        ("alert.opened", f"{an_alert(4)['alert_id']}_r1"),
        ("alert.withdrawn", f"{an_alert(2)['alert_id']}_r1_withdrawn"),
    ]
    assert {row.alert_id[:8] for row in world.stream.mirrored} == {f"0000000{n}" for n in (1, 2, 3, 4)}
    world.later(days=1)
    world.restart()
    world.relay.turn()
    assert len(receiver.got) == 5


def test_a_lost_ledger_does_not_send_what_somebody_heard(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.tell(an_alert(1))
    world.relay.ledger.close()
    for path in world.folder.glob("relay.sqlite*"):
        path.unlink()
    world.relay = world._relay()
    world.tell(an_alert(2))
    assert [name[:8] for name in receiver.names] == ["00000001", "00000002"]


def test_what_left_is_mirrored_once(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    world.webhook(receiver.url)
    world.tell(an_alert(1))
    assert world.stream.mirrored == []
    world.later(minutes=1)
    world.later(minutes=1)
    assert [(row.alert_id[:8], row.revision) for row in world.stream.mirrored] == [("00000001", "r1")]


def test_a_revision_that_comes_back_is_a_message_of_its_own(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.tell(an_alert())
    world.tell(an_alert(state="withdrawn"))
    world.tell(an_alert())
    world.tell(an_alert(state="withdrawn"))
    name = f"{an_alert()['alert_id']}_r1"
    assert receiver.names == [name, f"{name}_withdrawn", f"{name}_2", f"{name}_withdrawn_2"]
    assert receiver.types == ["alert.opened", "alert.withdrawn"] * 2


@pytest.mark.parametrize("updates", [False, True])
def test_what_becomes_of_an_alert_is_sent_where_it_is_asked_for(
    world: World, receiver: Receiver, updates: bool
) -> None:
    world.webhook(receiver.url, updates=updates)
    world.tell(an_alert(1))
    world.tell(an_alert(1, revision="r2"))
    world.tell(an_alert(1, revision="r2", state="resolved", resolved_on="2026-11-24"))
    world.tell(an_alert(2))
    world.tell(an_alert(2, state="withdrawn", replaced_by=an_alert(3)["alert_id"]))
    world.tell(an_alert(3, corrects=[an_alert(2)["alert_id"]]))
    told = [(got.json["type"], got.name[:8]) for got in receiver.got]
    asked = [("alert.updated", "00000001"), ("alert.resolved", "00000001"), ("alert.corrected", "00000003")]
    always = [("alert.opened", "00000001"), ("alert.opened", "00000002"), ("alert.withdrawn", "00000002")]
    assert sorted(told) == sorted(always + (asked if updates else []))


def test_what_rises_is_sent_again_and_what_falls_is_not(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.tell(an_alert(revision="r1", severity="advice"))
    world.tell(an_alert(revision="r2", severity="high"))
    world.tell(an_alert(revision="r3", severity="warning"))
    assert [got.json["data"]["severity"] for got in receiver.got] == ["advice", "high"]


def test_what_was_never_sent_is_not_taken_back(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, severities=("high",), updates=True)
    world.tell(an_alert(1))
    world.tell(an_alert(1, state="withdrawn"))
    world.stream.tell(an_alert(2, severity="high"), an_alert(2, severity="high", state="withdrawn"))
    world.relay.turn()
    world.tell(an_alert(3, severity="high", state="resolved", resolved_on="2026-11-21"))
    assert receiver.got == []


def test_what_may_have_arrived_is_taken_back(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    world.webhook(receiver.url)
    world.tell(an_alert())
    world.tell(an_alert(state="withdrawn"))
    world.later(days=2)
    assert receiver.types == ["alert.opened", "alert.withdrawn"]


def test_what_ended_long_ago_is_forgotten_and_not_sent_again(world: World, receiver: Receiver) -> None:
    channel, _ = world.webhook(receiver.url, updates=True)
    over = an_alert(1, state="resolved", resolved_on="2026-11-24")
    world.tell(an_alert(1), an_alert(2))
    world.tell(over)
    world.later(days=399)
    assert len(world.statuses(channel)) == 3
    world.later(days=2)
    assert [one.alert_id for one in world.relay.ledger.history(channel, 9)] == [an_alert(2)["alert_id"]]
    world.stream.lose(over, an_alert(2))
    world.relay.turn()
    assert len(receiver.got) == 3


@pytest.mark.parametrize("between", ["withdrawn", "resolved"])
@pytest.mark.parametrize("answers", [[500], [500, 500], [200, 500], [200]])
def test_an_alert_that_stands_again_is_told_as_such(
    world: World, receiver: Receiver, between: str, answers: list[int]
) -> None:
    """Whatever arrived of it before."""
    receiver.answers = [(status, {}) for status in answers]
    world.webhook(receiver.url, updates=True)
    world.tell(an_alert())
    world.tell(an_alert(state=between, resolved_on="2026-11-24" if between == "resolved" else None))
    world.tell(an_alert(revision="r2"))
    world.later(days=1)
    last = receiver.got[-1].json
    assert (last["type"], last["data"]["revision"]) in {("alert.opened", "r2"), ("alert.updated", "r2")}


def test_filters_and_gyms(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, severities=("warning", "high"), rules=("R02", "R17"))
    world.tell(an_alert(1), an_alert(2, severity="info"), an_alert(3, rule="R01"), an_alert(4, tenant_id="other"))
    world.tell(an_alert(5, rule="R17", severity="high"))
    assert [name[:8] for name in receiver.names] == ["00000001", "00000005"]


def test_a_removed_channel_gets_nothing_more(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    channel, _ = world.webhook(receiver.url)
    world.tell(an_alert(1))
    world.channels.remove("home", channel)
    world.later(days=1)
    world.tell(an_alert(2))
    assert len(receiver.got) == 1


WISHES: dict[str, dict[str, Any]] = {
    "at once": {},
    "quiet hours": {"zone": "Europe/Berlin", "quiet": ("14:00", "09:00")},
    "digest": {"zone": "Europe/Berlin", "digest": "15:30", "per_day": 2},
}


@pytest.mark.parametrize("wishes", WISHES)
@pytest.mark.parametrize("seed", [*range(6), 107, 1026, 1123])
def test_random_histories_end_in_the_newest_state(tmp_path: Path, seed: int, wishes: str) -> None:
    """Changes, failures, kills and lost shards in any order: what the receiver heard last is how the alert stands."""
    chance = random.Random(seed)
    receiver, world = Receiver(), World(tmp_path)
    world.webhook(receiver.url, updates=True, **WISHES[wishes])
    now: dict[str, dict[str, Any]] = {}
    for step in range(25):
        receiver.answers = [(chance.choice([200, 200, 500, 503]), {}) for _ in range(6)]
        number = chance.randint(1, 4)
        old = now.get(an_alert(number)["alert_id"])
        state = chance.choice(["open", "open", "resolved", "withdrawn"]) if old else "open"
        if old and old["state"] == "withdrawn":
            state = "open"
        fresh = an_alert(number, revision=f"r{step}" if state != "withdrawn" else (old or {})["revision"], state=state)
        if state == "resolved":
            fresh["resolved_on"] = "2026-11-24"
        now[fresh["alert_id"]] = fresh
        world.stream.tell(fresh)
        if chance.random() < 0.15:
            world.stream.lose(*(one for one in now.values() if one["state"] != "withdrawn"))
        if chance.random() < 0.3:
            world.restart(kill_after(chance.randint(1, 3)))
        try:
            world.later(seconds=chance.choice([1, 10, 600, 9000]))
        except Killed:
            world.restart()
    receiver.answers = []
    world.restart()
    for _ in range(150):
        world.later(hours=1)
    last: dict[str, dict[str, Any]] = {}
    bodies: dict[str, str] = {}
    for got in receiver.got:
        assert bodies.setdefault(got.name, got.body) == got.body
        for one in got.json["data"]["messages"] if got.json["type"] == "alert.digest" else [got.json]:
            assert one["type"] in KINDS[one["data"]["state"]]
            last[one["data"]["alert_id"]] = one["data"]
    for name, alert in now.items():
        told = last.get(name)
        if alert["state"] == "open":
            assert told is not None and (told["revision"], told["state"]) == (alert["revision"], "open")
        elif told is not None:  # what was taken back, and was over again before it could be told, stays so
            fine = {alert["state"], "withdrawn"}
            assert told["state"] in fine, f"the receiver still believes in {told}"
    receiver.close()
