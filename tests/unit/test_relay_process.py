"""Alerts of a running ``spotter up`` reach a real receiver once per id, also when the process is killed."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_fakes import set_event
from relay_fakes import Got, Receiver
from standardwebhooks import Webhook
from test_cli_process import Service, spotter

from pipeline.relay.ledger import FILE_NAME

WAIT_SECONDS_MAX = 30.0
QUIET_S = 3.0
KILLS = 6


def until(true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS_MAX
    while not true():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("SPOTTER_CHANNEL_ADDRESSES", "any")
    running = Service(tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.kill()


def failures(session: str, exercise: str = "Squat (Barbell)") -> bytes:
    """A session that opens an alert: sets to failure on a lift that should have none."""
    return json.dumps(
        [
            set_event(
                f"{session}-{n}",
                session=session,
                exercise=exercise,
                set_index=n,
                outcome="failed_mechanical",
                performed_at=f"2026-11-20T18:{n:02}:00+01:00",
            )
            for n in range(1, 4)
        ]
    ).encode()


def add_channel(data: Path, url: str, *options: str) -> dict[str, str]:
    done = spotter("channels", "add", url, *options, "--json", data=data)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def sent(data: Path, channel: str) -> list[str]:
    done = spotter("channels", "log", channel, "--json", data=data)
    return [row["status"] for row in json.loads(done.stdout)]


def test_from_a_set_to_the_receiver(service: Service, receiver: Receiver) -> None:
    channel = add_channel(service.data, receiver.url, "--name", "desk")
    tested = spotter("channels", "test", channel["channel_id"], "--json", data=service.data)
    assert (tested.returncode, json.loads(tested.stdout)["sent"]) == (0, True)
    assert receiver.types == ["channel.test"]
    service.request("POST", "/v1/events", failures("s1"))
    until(lambda: "alert.opened" in receiver.types)
    alerts = json.loads(spotter("alerts", "--json", data=service.data).stdout)
    until(lambda: len(receiver.got) == 1 + len(alerts))
    assert {got.json["data"]["alert_id"] for got in receiver.got[1:]} == {alert["alert_id"] for alert in alerts}
    for got in receiver.got:
        Webhook(channel["secret"]).verify(got.body, got.headers)
    listed = spotter("channels", "list", "--json", data=service.data).stdout
    assert json.loads(listed)[0]["sent"] == len(receiver.got)
    shown = listed + (service.data.parent / "up.txt").read_text()
    assert channel["secret"] not in shown and "/hook" not in shown
    # a restart, a rebuild and even a lost shard send nothing again
    told = len(receiver.got)
    assert service.stop() == 0
    assert spotter("rebuild", data=service.data).returncode == 0
    for path in service.data.glob("shard-0.duckdb*"):
        path.unlink()
    service.start()
    assert json.loads(spotter("alerts", "--json", data=service.data).stdout)
    time.sleep(QUIET_S)
    assert len(receiver.got) == told
    # what is gone after all is withdrawn, and shown so, under the id it was sent with
    deletes = [
        {"kind": "delete", "athlete": "ana", "source": set_event("x")["source"], "document": f"s1-{n}"}
        for n in range(1, 4)
    ]
    service.request("POST", "/v1/events", json.dumps(deletes).encode())
    until(lambda: receiver.types.count("alert.withdrawn") == len(alerts))
    until(
        lambda: (
            {row["state"] for row in json.loads(spotter("alerts", "--json", data=service.data).stdout)} == {"withdrawn"}
        )
    )


def test_a_kill_between_sending_and_writing_repeats_the_same_id(service: Service) -> None:
    """The receiver kills the sender before it answers: it gets the message again, under the same id."""

    def kill_once(got: Got) -> None:
        if len(receiver.got) == 1:
            service.kill()

    receiver = Receiver(seen=kill_once)
    try:
        channel = add_channel(service.data, receiver.url)
        service.request("POST", "/v1/events", failures("s1"))
        until(lambda: service.process.poll() is not None)
        service.start()
        until(lambda: len(receiver.got) >= 2 and "due" not in sent(service.data, channel["channel_id"]))
        time.sleep(QUIET_S)
        first = receiver.got[0]
        again = [got for got in receiver.got[1:] if got.name == first.name]
        assert [got.body for got in again] == [first.body]
        by_revision = {(got.json["data"]["alert_id"], got.json["data"]["revision"]): got.name for got in receiver.got}
        assert len(by_revision) == len(set(receiver.names))
        for got in receiver.got:
            Webhook(channel["secret"]).verify(got.body, got.headers)
    finally:
        receiver.close()


def test_random_kills_under_load_lose_and_double_no_alert(service: Service, receiver: Receiver) -> None:
    """Killed at random moments while sets come in: what the receiver heard last of each alert is how it stands."""
    chance = random.Random(7)
    add_channel(service.data, receiver.url, "--updates")
    lifts = ["Squat (Barbell)", "Deadlift (Barbell)", "Bench Press (Barbell)", "Overhead Press (Barbell)"]
    for turn in range(KILLS):
        for n in range(chance.randint(1, 4)):
            status, _ = service.request("POST", "/v1/events", failures(f"k{turn}-{n}", chance.choice(lifts)))
            assert status == 202
        time.sleep(chance.uniform(0.0, 1.2))
        service.kill()
        service.start()
    rows = json.loads(spotter("alerts", "--json", data=service.data).stdout)
    want = {(row["alert_id"], row["revision"]) for row in rows if row["state"] == "open"}
    assert want

    def last() -> dict[str, Got]:
        return {got.json["data"]["alert_id"]: got for got in list(receiver.got)}

    until(lambda: want <= {(name, got.json["data"]["revision"]) for name, got in last().items()})
    time.sleep(QUIET_S)
    heard = {name: got.json["data"] for name, got in last().items()}
    assert {(name, alert["revision"]) for name, alert in heard.items() if alert["state"] == "open"} == want
    ids: dict[tuple[str, str, str], set[str]] = {}
    bodies: dict[str, set[str]] = {}
    for got in receiver.got:
        alert = got.json["data"]
        ids.setdefault((alert["alert_id"], alert["revision"], alert["state"]), set()).add(got.name)
        bodies.setdefault(got.name, set()).add(got.body)
    assert all(len(same) == 1 for same in bodies.values())
    assert all(len(names) == 1 for names in ids.values())
    assert len(receiver.got) <= len(bodies) + KILLS  # a kill repeats at most the message under way


def test_alerts_can_be_followed_acknowledged_and_snoozed(service: Service, receiver: Receiver) -> None:
    channel = add_channel(service.data, receiver.url, "--updates")
    service.request("POST", "/v1/events", failures("s1"))
    until(lambda: len(receiver.got) > 0)
    followed = spotter("alerts", "follow", "--from-start", "--limit", "1", "--json", data=service.data)
    (line,) = followed.stdout.splitlines()
    alert = json.loads(line)["alert_id"]
    table = spotter("alerts", "follow", "--from-start", "--limit", "1", data=service.data).stdout
    assert alert[:8] in table and "ana" in table
    assert spotter("alerts", "ack", alert[:8], data=service.data).returncode == 0
    assert (
        spotter("alerts", "snooze", "--athlete", "ana", "--until", "2999-01-01T00:00Z", data=service.data).returncode
        == 0
    )
    rows = {row["alert_id"]: row for row in json.loads(spotter("alerts", "--json", data=service.data).stdout)}
    assert rows[alert]["acknowledged_at"] and rows[alert]["snoozed_until"].startswith("2999")
    assert "acknowledged" in spotter("alerts", data=service.data).stdout
    assert spotter("alerts", "ack", "00000000", data=service.data).returncode == 1
    told = len(receiver.got)
    service.request("POST", "/v1/events", failures("s2", "Deadlift (Barbell)"))
    until(lambda: "due" in sent(service.data, channel["channel_id"]))  # snoozed with the athlete
    time.sleep(QUIET_S)
    assert len(receiver.got) == told
    with sqlite3.connect(service.data / FILE_NAME) as ledger:
        assert ledger.execute("select count(*) from delivery where status = 'sending'").fetchone() == (0,)
