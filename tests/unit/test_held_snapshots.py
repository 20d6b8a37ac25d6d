"""Snapshots are kept for those who read them, and an export is there whole or not at all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from service_events import RECEIVED, a_set, send

from pipeline.cli import portability
from pipeline.cli.main import run
from pipeline.cli.snapshots import TRIES, current_snapshot
from pipeline.clock import FixedClock
from pipeline.errors import StorageError
from pipeline.store import sandbox
from pipeline.store.held import held
from pipeline.store.snapshot import KEPT
from pipeline.worker.embedded import Embedded

HOLDER = """
import sys
from pathlib import Path
from pipeline.store.held import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portability, "EXPORTED", ("set_fact",))  # each table is read by a process of its own


def newer(service: Embedded, *names: str) -> Path:
    """A snapshot for each name, with one more set in it."""
    for name in names:
        send(service, [a_set(name)], upload=name)
        path = service.snapshot()
    return path


def test_a_snapshot_that_is_read_outlives_newer_ones_and_a_rebuild(data: Path) -> None:
    service = Embedded.open(data, FixedClock(RECEIVED))
    first = service.snapshot()
    with held(first):
        newer(service, *(f"n{i}" for i in range(KEPT + 1)))
        assert first.exists()
        service.rebuild()
        assert [path.name for path in first.parent.iterdir()] == [first.name]
    newer(service, *(f"m{i}" for i in range(KEPT)))
    assert not first.exists(), "nobody reads it any more"
    service.close()


def test_a_reader_that_died_keeps_nothing(data: Path) -> None:
    service = Embedded.open(data, FixedClock(RECEIVED))
    first = service.snapshot()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdin and holder.stdout.readline() == "held\n"
    newer(service, *(f"n{i}" for i in range(KEPT)))
    assert first.exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    newer(service, "last")
    assert not first.exists()
    service.close()


def test_a_snapshot_that_is_gone_before_it_is_held_is_asked_for_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with current_snapshot(data) as there:
        pass
    answers = [there.with_name("gone.duckdb"), there]
    monkeypatch.setattr("pipeline.cli.snapshots._path", lambda folder: answers.pop(0))
    with current_snapshot(data) as found:
        assert found == there
    answers += [there.with_name("gone.duckdb")] * TRIES
    with pytest.raises(StorageError, match="removed before it could be read"), current_snapshot(data):
        pass


@pytest.mark.parametrize("command", [["export", "--athlete", "ana"], ["sql", "select count(*) as n from set_fact"]])
@pytest.mark.usefixtures("one_table")
def test_newer_snapshots_do_not_take_the_one_that_is_read(
    data: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = sandbox.Query.ask

    def meanwhile(query: sandbox.Query, snapshot: Path, *rest: Any) -> sandbox.Query:
        service = Embedded.open(data, FixedClock(RECEIVED))
        newer(service, *(f"{len(list(data.iterdir()))}-{rest!r:.40}-{i}" for i in range(KEPT + 1)))
        service.close()
        return ask(query, snapshot, *rest)

    monkeypatch.setattr(sandbox.Query, "ask", meanwhile)
    to = ["--to", str(tmp_path / "out")]
    assert run([*command, *to, "--data", str(data)]) == 0
    if command[0] == "export":
        assert json.loads((tmp_path / "out" / "manifest.json").read_text())["rows"] == {"set_fact": 1}


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device", "x"), KeyboardInterrupt()])
@pytest.mark.usefixtures("one_table")
def test_an_export_that_fails_leaves_nothing(
    data: Path, tmp_path: Path, there: bool, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "out"
    if there:
        to.mkdir(mode=0o700)

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(portability, "write_tables", fail)
        assert run(["export", "--athlete", "ana", "--to", str(to), "--data", str(data)]) != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == (["data", "out"] if there else ["data"])
    assert not there or not list(to.iterdir())
    assert run(["export", "--athlete", "ana", "--to", str(to), "--data", str(data)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]
    assert not there or to.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("fails", [False, True])
def test_a_folder_that_cannot_be_replaced_is_filled(
    tmp_path: Path, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "mounted"
    to.mkdir()
    monkeypatch.setattr("os.path.ismount", lambda path: path == to)
    before = to.stat().st_ino
    try:
        with portability.written_whole(to) as folder:
            (folder / "manifest.json").write_text("{}")
            (folder / "set_fact.csv").write_text("")
            if fails:
                raise ValueError
    except ValueError:
        pass
    assert to.stat().st_ino == before
    assert sorted(path.name for path in to.iterdir()) == ([] if fails else ["manifest.json", "set_fact.csv"])
