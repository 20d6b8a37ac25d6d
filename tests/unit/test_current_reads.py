"""Commands beside a running service answer on all that was accepted before they were given."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_events import RECEIVED, a_set, rows, send

from pipeline.cli import operations, portability
from pipeline.cli.main import run
from pipeline.cli.operations import Operations
from pipeline.clock import FixedClock
from pipeline.gateway.control import Control
from pipeline.gateway.local_socket import LocalServer
from pipeline.settings import Settings
from pipeline.worker.embedded import Embedded

WAIT_S_MAX = 20.0
SETS = [a_set(f"d{i}", set_index=i + 1) for i in range(5)]
COUNT = ["sql", "select count(*) as n from set_fact", "--format", "json"]


class Hold:
    """A worker that stands still at the beginning of a batch, until it is let go or for ``seconds``."""

    def __init__(self) -> None:
        self.go_on, self.seconds = threading.Event(), WAIT_S_MAX

    def __call__(self, point: str) -> None:
        if point == "before:3":
            self.go_on.wait(self.seconds)


@pytest.fixture
def hold() -> Hold:
    return Hold()


@pytest.fixture
def service(tmp_path: Path, hold: Hold) -> Iterator[Embedded]:
    clock = FixedClock(RECEIVED)
    found = Embedded.open(tmp_path / "data", clock, background=True, fault=hold)
    control = Control(found.data, clock)
    server = LocalServer(found.data, Operations(found, control, clock, Settings(), background=True))
    yield found
    hold.go_on.set()
    server.close()
    control.close()
    found.close()


@pytest.mark.parametrize("command", [
    COUNT,
    ["snapshot"],
    ["export", "--athlete", "ana", "--to", "OUT"],
    ["alerts"],
    ["roster"],
    ["report", "--athlete", "ana"],
    ["rejected", "list"],
    ["unmapped"],
    ["unmapped", "list", "--mapped"],
    ["import", "--list"],
    ["rebuild", "--check"],
], ids=lambda command: command[0])  # fmt: skip
def test_what_was_accepted_before_is_in_the_answer(
    service: Embedded,
    hold: Hold,
    tmp_path: Path,
    command: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portability, "EXPORTED", ("set_fact",))  # each table is read by a process of its own
    hold.seconds = 0.5
    send(service, SETS, apply=False)
    given = [one.replace("OUT", str(tmp_path / "out")) for one in command]
    assert run([*given, "--data", str(service.data)]) == 0
    assert service.applied() == 1
    told = capfd.readouterr()
    assert "not applied" not in told.err
    if command is COUNT:
        assert json.loads(told.out) == [{"n": 5}]


@pytest.mark.parametrize("command", [COUNT, ["roster", "--json"]], ids=lambda command: command[0])
def test_what_is_not_applied_in_time_is_counted_beside_the_answer(
    service: Embedded,
    hold: Hold,
    command: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "CURRENT_SECONDS_MAX", 0.2)
    hold.seconds = 2.0
    send(service, SETS, apply=False)
    assert run([*command, "--data", str(service.data)]) == 0
    told = capfd.readouterr()
    assert isinstance(json.loads(told.out), list)
    assert told.err.startswith("1 record is not applied yet") and "spotter doctor" in told.err


def test_uploads_without_end_do_not_keep_a_reader_waiting(tmp_path: Path) -> None:
    sent = 0

    def always_more(point: str) -> None:
        nonlocal sent
        if point == "before:1":
            sent += 1
            send(service, [a_set(f"more-{sent}", session=f"s{sent}")], upload=f"more-{sent}", apply=False)

    service = Embedded.open(tmp_path, FixedClock(RECEIVED), background=True, fault=always_more)
    send(service, SETS, apply=False)
    assert service.wait_applied(1, WAIT_S_MAX)
    assert sent
    assert rows(service, "select sets >= 5 from athlete_day where sets > 0") == [(True,)]
    service.close()


def test_a_check_applies_the_log_first(tmp_path: Path) -> None:
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    send(service, SETS, apply=False)
    assert service.check() == []
    assert service.applied() == 1
    assert rows(service, "select count(*) from set_fact") == [(5,)]
    service.close()
