"""Folders of a cluster's roles: a command that would ask tables that are not there says where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from relay_fakes import Receiver
from service_events import RECEIVED, a_set, send

from pipeline.clock import FixedClock, SystemClock
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.relay.ledger import Ledger
from pipeline.store.shard import Shard
from pipeline.worker.embedded import Embedded
from pipeline.worker.fresh import LOG_NAME

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
