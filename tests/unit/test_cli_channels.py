"""``spotter channels`` and ``spotter alerts ack|snooze`` without a running service: what is kept, shown and refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from relay_fakes import Receiver
from service_events import RECEIVED, a_set, send

from pipeline.clock import FixedClock
from pipeline.gateway.control import FILE_NAME
from pipeline.worker.embedded import Embedded

Spotter = Callable[..., tuple[int, str, str]]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("SPOTTER_CHANNEL_ADDRESSES", "any")
    made = Receiver()
    yield made
    made.close()


def add(spotter: Spotter, *arguments: str) -> dict[str, str]:
    code, out, err = spotter("channels", "add", *arguments, "--json")
    assert code == 0, err
    return dict(json.loads(out))


def listed(spotter: Spotter) -> list[dict[str, object]]:
    return list(json.loads(spotter("channels", "list", "--json")[1]))


def test_beside_a_gateway_it_is_said_when_a_channel_is_not_published(
    spotter: Spotter, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.relay_operations.FED_SECONDS_MAX", 0.0)
    assert spotter("channels", "add", receiver.url)[2].count("not published") == 0
    monkeypatch.setenv("SPOTTER_BROKERS", "127.0.0.1:1")
    code, _, note = spotter("channels", "add", receiver.url)
    assert code == 0 and "the gateway has not published this yet" in note
    code, out, note = spotter("channels", "enable", str(listed(spotter)[0]["channel_id"]))
    assert code == 0 and "not published this yet" in note and "from now on" not in out


def test_a_channel_is_made_tested_rotated_and_removed(spotter: Spotter, receiver: Receiver, tmp_path: Path) -> None:
    made = add(spotter, receiver.url, "--name", "desk", "--severity", "high", "--severity", "warning", "--updates")
    assert made["secret"].startswith("whsec_")
    code, out, _ = spotter("channels", "test", made["channel_id"])
    assert (code, out) == (0, "sent: HTTP 200\n")
    assert receiver.got[0].is_signed_with(made["secret"])
    code, fresh, note = spotter("channels", "rotate", made["channel_id"])
    assert code == 0 and fresh.strip() != made["secret"] and "shown only now" in note
    spotter("channels", "test", made["channel_id"])
    assert receiver.got[1].is_signed_with(made["secret"]) and receiver.got[1].is_signed_with(fresh.strip())
    (row,) = listed(spotter)
    assert (row["name"], row["severities"], row["updates"], row["sent"]) == ("desk", ["high", "warning"], True, 2)
    everything = "".join(
        spotter("channels", *command)[1]
        for command in (
            ["list"],
            ["list", "--json"],
            ["log", made["channel_id"]],
            ["log", made["channel_id"], "--json"],
        )
    )
    assert made["secret"] not in everything and fresh.strip() not in everything and "/hook" not in everything
    assert "channel.test" in everything and f"127.0.0.1:{receiver.port}" in everything
    assert (tmp_path / "D" / FILE_NAME).stat().st_mode & 0o077 == 0
    assert spotter("channels", "remove", made["channel_id"])[0] == 0
    assert listed(spotter) == []
    assert spotter("channels", "list")[1].startswith("no channels")


def test_a_test_that_does_not_arrive_says_why(spotter: Spotter) -> None:
    receiver = Receiver([500])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTTER_CHANNEL_ADDRESSES", "any")
        made = add(spotter, receiver.url)
        code, _, err = spotter("channels", "test", made["channel_id"])
        assert code == 1 and "HTTP 500" in err and "channels log" in err
        receiver.close()
        assert spotter("channels", "test", made["channel_id"])[0] == 1
    code, _, err = spotter("channels", "test", made["channel_id"])  # the setting is the default again
    assert code == 1 and "HTTPS" in err
    assert len(receiver.got) == 1


def test_the_address_may_come_from_standard_input(
    spotter: Spotter, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"json://127.0.0.1:{receiver.port}/secret-part\n"))
    made = add(spotter, "-")
    assert (made["kind"], made["secret"]) == ("apprise", None)
    assert spotter("channels", "test", made["channel_id"])[0] == 0
    assert "channel" in receiver.got[0].json["message"]
    assert "secret-part" not in spotter("channels", "list")[1]
    code, _, err = spotter("channels", "rotate", made["channel_id"])
    assert code == 1 and "only webhooks are signed" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["http://127.0.0.1/x"], "HTTPS"),
        (["https://127.0.0.1/x"], "private"),
        (["https://localhost/x"], "private"),
        (["https://no-such-host.invalid/x"], "not known"),
        (["https://user:pw@example.org/x"], "name or password"),
        (["nothing at all"], "no service"),
        (["syslog://"], "stays on the machine"),
        (["https://example.org/x", "--severity", "loud"], "no severity"),
        (["https://example.org/x", "--rule", "R2"], "no rule"),
        (["https://example.org/x", "--quiet", "22-7"], "--tz"),
        (["https://example.org/x", "--quiet", "22-7", "--tz", "UTC"], "no time"),
        (["https://example.org/x", "--quiet", "22:00-22:00", "--tz", "UTC"], "begin when they end"),
        (["https://example.org/x", "--digest", "25:00", "--tz", "UTC"], "no time"),
        (["https://example.org/x", "--digest", "08:00"], "--tz"),
        (["https://example.org/x", "--per-day", "3", "--tz", "Mars"], "no time zone"),
        (["https://example.org/x", "--tenant", "Bad Name"], "cannot be a tenant"),
    ],
)
def test_what_cannot_be_a_channel(spotter: Spotter, arguments: list[str], told: str) -> None:
    code, out, err = spotter("channels", "add", *arguments)
    assert code in (1, 2) and out == "" and told in err and "  do:  " in err
    spotter("tenants", "list")
    assert listed(spotter) == []


def test_what_is_not_there_is_refused(spotter: Spotter, receiver: Receiver) -> None:
    made = add(spotter, receiver.url)
    for command in ("test", "log", "rotate", "enable", "remove"):
        assert "no channel" in spotter("channels", command, "nope")[2]
        code, _, err = spotter("channels", command, made["channel_id"], "--tenant", "other")
        assert code == 1 and "no channel" in err
    assert len(listed(spotter)) == 1 and receiver.got == []
    assert "start `spotter up`" in spotter("alerts", "follow")[2]


def test_what_was_there_before_the_channel_is_no_news(spotter: Spotter, receiver: Receiver, tmp_path: Path) -> None:
    def feed(athlete: str) -> None:
        service = Embedded.open(tmp_path / "D", FixedClock(RECEIVED))
        one = a_set("d", athlete=athlete, exercise="Squat (Barbell)", outcome="failed_mechanical")
        send(service, [one], upload=athlete)
        service.close()

    feed("ana")
    assert json.loads(spotter("alerts", "--json")[1])
    made = add(spotter, receiver.url)
    feed("ben")
    after = {row["alert_id"] for row in json.loads(spotter("alerts", "--athlete", "ben", "--json")[1])}
    assert after
    _turn(tmp_path / "D")
    assert {got.json["data"]["alert_id"] for got in receiver.got} == after
    assert all(got.is_signed_with(made["secret"]) for got in receiver.got)


def _turn(data: Path) -> None:
    """What ``spotter up`` does twice a second, once."""
    from pipeline.cli.operations import Operations
    from pipeline.gateway.control import Control
    from pipeline.settings import Settings

    clock = FixedClock(RECEIVED)
    service, control = Embedded.open(data, clock), Control(data, clock)
    operations = Operations(service, control, clock, Settings.from_environment(), background=False)
    operations.relay.turn()
    operations.close()
    control.close()
    service.close()


def test_acknowledge_and_snooze_need_a_known_alert_and_a_clear_time(spotter: Spotter, tmp_path: Path) -> None:
    service = Embedded.open(tmp_path / "D", FixedClock(RECEIVED))
    send(service, [a_set("d", exercise="Squat (Barbell)", outcome="failed_mechanical")])
    service.close()
    alert = json.loads(spotter("alerts", "--json")[1])[0]["alert_id"]
    assert "acknowledged: " in spotter("alerts", "ack", alert[:8])[1]
    assert json.loads(spotter("alerts", "--json")[1])[0]["acknowledged_at"]
    assert "no longer" in spotter("alerts", "ack", alert, "--undo")[1]
    assert json.loads(spotter("alerts", "--json")[1])[0]["acknowledged_at"] is None
    code, out, _ = spotter("alerts", "snooze", alert[:8], "--until", "2999-12-01", "--tz", "Europe/Berlin")
    assert (code, out[:40]) == (0, "nothing before 2999-11-30 23:00 UTC: Bar")
    assert json.loads(spotter("alerts", "--json")[1])[0]["snoozed_until"] == "2999-11-30T23:00:00+00:00"
    assert "until 2999-11-30T23:00Z" in spotter("alerts")[1]
    assert spotter("alerts", "snooze", alert[:8], "--undo")[0] == 0
    assert json.loads(spotter("alerts", "--json")[1])[0]["snoozed_until"] is None
    for arguments, told in (
        (["ack", "0000"], "not known"),
        (["ack", "0" * 8], "not known"),
        (["ack", alert, "--tenant", "other"], "not known"),
        (["snooze", alert, "--until", "2999-12-01"], "--tz"),
        (["snooze", alert, "--until", "soon", "--tz", "UTC"], "neither a day nor a time"),
        (["snooze", alert, "--until", "2001-01-01", "--tz", "UTC"], "is over"),
        (["snooze", alert, "--until", "2999-12-01", "--tz", "Mars"], "unknown time zone"),
        (["snooze", alert], "until when"),
        (["snooze", "--until", "2999-12-01", "--tz", "UTC"], "what to snooze"),
        (["snooze", "--athlete", "nobody", "--until", "2999-12-01", "--tz", "UTC"], "no athlete"),
    ):
        code, out, err = spotter("alerts", *arguments)
        assert code in (1, 2) and told in err, (arguments, err)


def test_the_doctor_names_channels_that_are_off(spotter: Spotter, tmp_path: Path) -> None:
    receiver = Receiver([410])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTTER_CHANNEL_ADDRESSES", "any")
        made = add(spotter, receiver.url)
        service = Embedded.open(tmp_path / "D", FixedClock(RECEIVED))
        send(service, [a_set("d", exercise="Squat (Barbell)", outcome="failed_mechanical")])
        service.close()
        _turn(tmp_path / "D")
        found = {row["check"]: row for row in json.loads(spotter("doctor", "--json")[1])}["channels"]
        assert found["status"] == "low" and made["channel_id"] in found["says"] and "410" in found["says"]
        assert spotter("channels", "enable", made["channel_id"])[0] == 0
        (row,) = listed(spotter)
        assert row["disabled_at"] is None and row["failed"] == 1
    receiver.close()
