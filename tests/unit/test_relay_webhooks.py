"""Webhooks of the relay against a real receiver: ids, signatures, the schedule, what the receiver may ask for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from relay_fakes import NOON, Got, Receiver, World, an_alert
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from pipeline.clock import SystemClock
from pipeline.relay import schedule, webhook
from schemas.alerts import ALERT


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(answers: Sequence[object] = (), **options: object) -> Receiver:
        made.append(Receiver(answers, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_an_alert_leaves_once_signed_and_under_its_id(world: World, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers()
    _, secret = world.webhook(receiver.url)
    alert = an_alert()
    world.tell(alert)
    for _ in range(3):
        world.later(hours=30)
    (got,) = receiver.got
    assert got.name == f"{alert['alert_id']}_r1"
    assert got.is_signed_with(secret)
    assert got.headers["content-type"] == "application/json"
    assert got.json == {"type": "alert.opened", "timestamp": "2026-11-23T12:00:00+00:00", "data": alert}
    ALERT.validate_python(got.json["data"])


def test_a_receiver_can_check_with_the_library(receivers: Callable[..., Receiver]) -> None:
    receiver = receivers()
    secret, other = "whsec_" + "YWJj" * 8, "whsec_" + "eHl6" * 8
    now = SystemClock().now()
    sent = webhook.post(receiver.url, "m1", '{"a":1}', [secret], now=now, seconds_max=5, allowed="any")
    assert sent.verdict == "sent"
    (got,) = receiver.got
    assert Webhook(secret).verify(got.body, got.headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace("1", "2"), got.headers)


def test_both_secrets_sign_while_one_is_rotated(world: World, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers()
    channel, old = world.webhook(receiver.url)
    new = world.channels.rotate("home", channel, timedelta(hours=24))
    world.tell(an_alert(1))
    world.clock.at += timedelta(hours=24)
    world.tell(an_alert(2))
    first, second = receiver.got
    assert first.is_signed_with(old) and first.is_signed_with(new)
    assert second.is_signed_with(new) and not second.is_signed_with(old)


def test_the_schedule_is_that_of_the_standard() -> None:
    assert schedule.ATTEMPTS_MAX == 10
    assert sum(schedule.WAITS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    for name in ("a", "b", "c"):
        waits = [schedule.wait_after(n, name) for n in range(1, 10)]
        for wait, told in zip(waits, schedule.WAITS, strict=True):
            assert wait is not None and 0.9 <= wait / told <= 1.1
        assert schedule.wait_after(10, name) is None
    assert schedule.wait_after(3, "a") == schedule.wait_after(3, "a") != schedule.wait_after(3, "b")


def test_a_receiver_that_fails_is_tried_by_the_schedule_and_then_given_up(
    world: World, receivers: Callable[..., Receiver]
) -> None:
    receiver = receivers([500] * 20)
    channel, secret = world.webhook(receiver.url)
    world.tell(an_alert())
    for n, wait in enumerate(schedule.WAITS, start=1):
        world.later(seconds=0.89 * wait.total_seconds())
        assert len(receiver.got) == n
        world.later(seconds=0.22 * wait.total_seconds())
        assert len(receiver.got) == n + 1
    world.later(days=30)
    assert len(receiver.got) == 10
    assert world.statuses(channel) == [("alert.opened", "failed")]
    assert len(set(receiver.names)) == 1 and len({got.body for got in receiver.got}) == 1
    assert all(got.is_signed_with(secret) for got in receiver.got)
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 10


def test_a_receiver_that_comes_back_gets_it_once(world: World, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers([500, 503, 301])
    channel, _ = world.webhook(receiver.url)
    world.tell(an_alert())
    for _ in range(60):
        world.later(minutes=3)
    assert len(receiver.got) == 4
    assert world.statuses(channel) == [("alert.opened", "sent")]


def test_an_hour_without_receiver_ends_in_the_newest_state_once(
    world: World, receivers: Callable[..., Receiver]
) -> None:
    receiver = receivers([500] * 100)
    world.webhook(receiver.url, updates=True)
    for n in range(6):
        world.tell(an_alert(revision=f"r{n}"))
        world.later(minutes=10)
    receiver.answers, receiver.got = [], []
    for _ in range(300):
        world.later(minutes=15)
    assert receiver.names == [f"{an_alert()['alert_id']}_r5"]
    assert receiver.got[0].json["data"]["revision"] == "r5"


def test_retry_after_is_obeyed_for_the_whole_channel(world: World, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers([(429, {"retry-after": "3600"})])
    world.webhook(receiver.url)
    world.tell(an_alert(1))
    world.later(minutes=10)
    world.tell(an_alert(2))
    world.later(minutes=49)
    assert len(receiver.got) == 1
    world.later(minutes=1, seconds=1)
    assert [name[:8] for name in receiver.names] == ["00000001", "00000002", "00000001"] or [
        name[:8] for name in receiver.names
    ] == ["00000001", "00000001", "00000002"]


def test_retry_after_as_a_date_and_nonsense() -> None:
    assert schedule.retry_after("Mon, 23 Nov 2026 13:00:00 GMT", NOON) == NOON + timedelta(hours=1)
    assert schedule.retry_after("Mon, 23 Nov 2026 11:00:00 GMT", NOON) is None
    assert schedule.retry_after("99999999999999999999", NOON) == NOON + schedule.RETRY_AFTER_MAX
    for text in ("", "soon", "-5", "1.5", "٣", None):
        assert schedule.retry_after(text, NOON) is None


def test_410_disables_the_channel(world: World, receivers: Callable[..., Receiver]) -> None:
    receiver = receivers([410])
    channel, _ = world.webhook(receiver.url)
    world.tell(an_alert(1), an_alert(2))
    assert len(receiver.got) == 1
    found = world.channels.require("home", channel)
    assert found.disabled_at == NOON and "410" in (found.disabled_why or "")
    world.later(days=2)
    world.tell(an_alert(3))
    assert len(receiver.got) == 1
    assert [status for _, status in world.statuses(channel)] == ["failed", "dropped"]
    world.channels.enable("home", channel)
    world.tell(an_alert(4))
    assert [name[:8] for name in receiver.names] == ["00000001", "00000004"]


def test_one_dead_receiver_keeps_nobody_waiting(world: World, receivers: Callable[..., Receiver]) -> None:
    dead, alive = receivers(), receivers()
    dead.close()
    world.webhook(dead.url)
    world.webhook(alive.url)
    world.tell(an_alert(1), an_alert(2))
    assert len(alive.got) == 2


def test_a_receiver_that_hangs_delays_nobody_else_and_not_the_end(tmp_path: Path) -> None:
    """In threads, as ``spotter up`` runs it."""
    hold = threading.Event()
    hanging, alive = Receiver(seen=lambda got: hold.wait(30) and None), Receiver()
    world = World(tmp_path)
    world.webhook(hanging.url)
    world.webhook(alive.url)
    world.stream.tell(*(an_alert(n) for n in range(1, 6)))
    world.relay.start()
    ends_at = time.monotonic() + 20
    while len(alive.got) < 5 or not hanging.got:
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    assert len(hanging.got) == 1
    world.relay.close()
    hold.set()
    world.relay = world._relay()  # the next start finds the attempt under way, and makes it again
    world.relay.turn()
    assert sorted(set(hanging.names)) == sorted(alive.names)
    assert [hanging.names.count(name) for name in alive.names] == [2, 1, 1, 1, 1]
    hanging.close()
    alive.close()


def test_what_changes_while_others_are_sent_goes_out_as_it_stands(world: World) -> None:
    def change(got: Got) -> None:
        if len(receiver.got) == 1:
            world.stream.tell(an_alert(2, state="withdrawn"), an_alert(3, revision="r2"), an_alert(1, revision="r2"))
            world.relay.take_in()

    receiver = Receiver(seen=change)
    world.webhook(receiver.url)
    world.tell(an_alert(1), an_alert(2), an_alert(3))
    world.later(minutes=1)
    assert receiver.names == [f"{an_alert(1)['alert_id']}_r1", f"{an_alert(3)['alert_id']}_r2"]
    receiver.close()


def test_a_mistake_in_sending_is_not_repeated_without_end(
    world: World, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receivers()
    channel, _ = world.webhook(receiver.url)
    with monkeypatch.context() as broken:
        broken.setattr(webhook, "headers", lambda *_: {}["nothing"])
        world.tell(an_alert())
    (one,) = world.relay.ledger.history(channel, 9)
    assert (one.status, one.attempts, one.answer) == ("due", 1, "the attempt failed here: KeyError")
    world.later(seconds=6)
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(world: World, receivers: Callable[..., Receiver]) -> None:
    target = receivers()
    receiver = receivers([(307, {"location": target.url}), (302, {"location": target.url})])
    world.webhook(receiver.url)
    world.tell(an_alert(1))
    world.tell(an_alert(2))
    assert len(receiver.got) == 2 and target.got == []


def test_an_answer_without_end_is_cut(receivers: Callable[..., Receiver]) -> None:
    """A receiver that promises more than it sends is given up in time."""
    receiver = receivers([(200, {"transfer-encoding": "chunked"})])
    told = webhook.post(receiver.url, "m1", "{}", ["whsec_YWJj"], now=SystemClock().now(), seconds_max=1, allowed="any")
    assert told.verdict == "again"


def test_nothing_secret_is_shown(
    world: World,
    receivers: Callable[..., Receiver],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    receiver = receivers([500])
    channel, secret = world.webhook(receiver.url + "?token=canary")
    with caplog.at_level(logging.DEBUG):
        world.tell(an_alert())
        world.later(minutes=1)
    shown = caplog.text + "".join(capfd.readouterr()) + str(world.relay.ledger.history(channel, 9))
    assert len(receiver.got) == 2 and channel in shown
    assert secret not in shown and "canary" not in shown
    found = world.channels.require("home", channel)
    assert secret not in repr(found) and "canary" not in repr(found)
    assert world.control.path.stat().st_mode & 0o077 == 0
