"""Fixtures that several of these tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from relay_fakes import Receiver, World
from service_events import RECEIVED, a_set, send

from pipeline.cli.main import run
from pipeline.clock import FixedClock
from pipeline.worker.embedded import Embedded


@pytest.fixture
def spotter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command on a folder of its own: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([*arguments, "--data", str(tmp_path / "D")])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one set."""
    found = tmp_path / "data"
    service = Embedded.open(found, FixedClock(RECEIVED))
    send(service, [a_set("d")])
    service.close()
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on 127.0.0.1 that answers 200."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A relay over a folder of its own, with a clock that stands."""
    return World(tmp_path)
