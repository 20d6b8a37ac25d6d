"""Folders of a cluster's roles: a command that would ask tables that are not there says where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from relay_fakes import Receiver
from service_events import RECEIVED, a_set, send
from structlog.testing import capture_logs

from pipeline.clock import FixedClock, SystemClock
from pipeline.errors import BusyError
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.relay.ledger import Ledger
from pipeline.store.shard import Shard
from pipeline.worker import faust_app
from pipeline.worker.embedded import Embedded
from pipeline.worker.fresh import LOG_NAME
from pipeline.worker.place import lock_folder

Spotter = Callable[..., tuple[int, str, str]]
ASKS = (["roster"], ["alerts", "--open"], ["sql", "select 1"], ["rejected", "list"], ["rebuild"])


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTTER_BROKERS", "127.0.0.1:1")


@pytest.mark.usefixtures("brokers")
@pytest.mark.parametrize("command", [*ASKS, ["ingest", "-"], ["demo"]], ids=" ".join)
@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_tables_that_are_elsewhere_are_not_answered_for(
    spotter: Spotter, tmp_path: Path, command: list[str], role: str
) -> None:
    folder, events = tmp_path / "D", tmp_path / "events.ndjson"
    folder.mkdir()
    events.write_text(json.dumps(a_set("d1")))
    if role == "gateway":
        assert spotter("channels", "list")[0] == 0  # leaves an empty log, as `channels add` does
        assert (folder / LOG_NAME).exists()
    else:
        Shard(folder / "shard-0.duckdb").close()
    code, out, err = spotter(*(str(events) if word == "-" else word for word in command))
    assert (code, out) == (1, "")
    assert "a cluster" in err and "spotter web" in err and "lost" not in err


@pytest.mark.parametrize("command", ASKS, ids=" ".join)
def test_a_folder_with_a_log_of_its_own_is_answered_for(
    spotter: Spotter, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Embedded.open(tmp_path / "D", FixedClock(RECEIVED))
    send(service, [a_set("d1")])
    service.close()
    monkeypatch.setenv("SPOTTER_BROKERS", "127.0.0.1:1")
    assert spotter(*command)[0] == 0


@pytest.mark.usefixtures("brokers")
def test_a_relay_says_what_it_sent_and_changes_nothing(spotter: Spotter, tmp_path: Path) -> None:
    folder = tmp_path / "D"
    folder.mkdir()
    control = Control(folder, SystemClock())
    channel_id, _ = Channels(control, SystemClock()).add("home", "webhook", "https://example.org/hook", Wishes())
    control.close()
    Ledger(folder).close()
    (row,) = json.loads(spotter("channels", "list", "--json")[1])
    assert (row["channel_id"], row["sent"]) == (channel_id, 0)
    code, out, err = spotter("channels", "log", channel_id)
    assert (code, out) == (0, "nothing was sent there yet\n") and "relay" not in err
    for command in (["remove", channel_id], ["add", "https://example.org/other"], ["rotate", channel_id]):
        code, _, err = spotter("channels", *command)
        assert code == 1 and "spotter gateway" in err
    assert not (folder / LOG_NAME).exists()


@pytest.mark.usefixtures("brokers")
def test_a_gateway_says_who_knows_what_was_sent(spotter: Spotter, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver()
    try:
        monkeypatch.setenv("SPOTTER_CHANNEL_ADDRESSES", "any")
        monkeypatch.setattr("pipeline.cli.relay_operations.FED_SECONDS_MAX", 0.0)
        made = json.loads(spotter("channels", "add", receiver.url, "--json")[1])
        for command in (["list"], ["log", made["channel_id"]]):
            assert "ask in the folder of `spotter relay`" in spotter("channels", *command)[2]
    finally:
        receiver.close()


ALERT = "7bd62bf0-5b0b-5d3e-9a53-7c1d4f6b2e90"


def shared(folder: Path, table: str) -> list[tuple[str, str]]:
    """What the gateway would publish of a table of its control file."""
    control = Control(folder, SystemClock())
    try:
        aside = Channels(control, SystemClock()).put_aside("home")
    finally:
        control.close()
    return sorted(
        {"acknowledged": aside.acknowledged, "alerts": aside.alerts, "athletes": aside.athletes}[table].items()
    )


@pytest.mark.usefixtures("brokers")
def test_a_gateway_takes_note_of_alerts_it_has_no_tables_of(spotter: Spotter, tmp_path: Path) -> None:
    folder = tmp_path / "D"
    assert spotter("alerts", "ack", ALERT)[0] == 0
    assert [name for name, _ in shared(folder, "acknowledged")] == [ALERT]
    code, _, err = spotter("alerts", "ack", ALERT[:8])
    assert code == 1 and "whole id" in err
    until = ("--until", "2099-01-01", "--tz", "UTC")
    assert spotter("alerts", "snooze", ALERT, *until)[0] == 0
    assert spotter("alerts", "snooze", "--athlete", "ana", *until)[0] == 0
    assert [name for name, _ in shared(folder, "alerts")] == [ALERT]
    assert [name for name, _ in shared(folder, "athletes")] == ["ana"]
    assert spotter("alerts", "ack", ALERT, "--undo")[0] == 0
    assert shared(folder, "acknowledged") == []


def test_a_worker_does_not_take_the_shard_of_one_process_for_its_own(
    spotter: Spotter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "D"
    service = Embedded.open(folder, FixedClock(RECEIVED))
    send(service, [a_set("d1")])
    service.close()
    monkeypatch.setenv("SPOTTER_BROKERS", "127.0.0.1:1")
    for command in (["worker"], ["rebuild", "--partition", "0"]):
        code, _, err = spotter(*command)
        assert code == 1 and "folder of one process" in err and "--data" in err, command


def test_a_workers_folder_is_not_told_to_have_lost_anything(spotter: Spotter, tmp_path: Path) -> None:
    folder = tmp_path / "D"
    folder.mkdir()
    Shard(folder / "shard-0.duckdb").close()
    (folder / "shard-0.lock").touch()
    for command in (["roster"], ["channels", "list"], ["up"]):
        code, _, err = spotter(*command)
        assert code == 1 and "nothing is wrong with them" in err and "move" not in err, command


@pytest.mark.parametrize("role", ["gateway", "relay"])
def test_two_of_a_role_do_not_share_a_folder(tmp_path: Path, role: str) -> None:
    first = lock_folder(tmp_path, role)
    with pytest.raises(BusyError, match=f"another {role} works"):
        lock_folder(tmp_path, role)
    first.close()
    lock_folder(tmp_path, role).close()


def test_a_worker_waits_for_its_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str | None] = ["they are away", "they are away", "the topic is missing", None]

    class Kafka:
        def why_not_ready(self) -> str | None:
            return said.pop(0)

    slept: list[float] = []
    monkeypatch.setattr("pipeline.worker.faust_app.time.sleep", slept.append)
    with capture_logs() as lines:
        faust_app._wait_for(Kafka())  # type: ignore[arg-type]
    assert [line["why"] for line in lines] == ["they are away", "the topic is missing"]
    assert len(slept) == 3
