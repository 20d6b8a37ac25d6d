"""A data folder that cannot be written, or holds another thing where a file or folder belongs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from service_events import RECEIVED

from pipeline import disk
from pipeline.cli.main import run
from pipeline.clock import FixedClock
from pipeline.errors import StorageError
from pipeline.gateway.control import Control
from pipeline.worker.embedded import Embedded

Command = Callable[..., tuple[int, str]]
COMMANDS = (["roster"], ["ingest", "FILE"], ["sql", "select 1"], ["rebuild"])


@pytest.fixture
def spotter(tmp_path: Path, data: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    file = tmp_path / "events.ndjson"
    file.write_text('{"kind":"athlete","athlete":"ana","source":"bar","document":"p","timezone":"Europe/Berlin"}\n')

    def call(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        given = [str(file) if one == "FILE" else one for one in arguments]
        return run([*given, "--data", str(data)]), capfd.readouterr().err

    return call


def is_clear(told: tuple[int, str], *words: str) -> bool:
    code, text = told
    clear = "why:" in text and "do:" in text and "did not foresee" not in text and "Traceback" not in text
    return code == 1 and clear and all(word in text for word in words)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_named_snapshots_is_named(data: Path, spotter: Command, command: list[str]) -> None:
    (data / "snapshots").write_text("notes")
    assert is_clear(spotter(*command), "snapshots cannot be used", "a file where a folder belongs", "move it away")
    assert (data / "snapshots").read_text() == "notes"


def test_a_file_named_snapshots_that_came_while_the_service_runs_is_named(tmp_path: Path) -> None:
    service = Embedded.open(tmp_path / "running", FixedClock(RECEIVED))
    (tmp_path / "running" / "snapshots").write_text("notes")
    with pytest.raises(StorageError) as told:
        service.snapshot()
    assert "a file where a folder belongs" in str(told.value)
    service.close()


@pytest.mark.parametrize("name", ["log.sqlite", "shard-0.duckdb", "control.sqlite", "lock", "attempts.json"])
def test_a_folder_where_a_file_belongs_is_named(data: Path, spotter: Command, name: str) -> None:
    (data / name).unlink(missing_ok=True)
    (data / name).mkdir()
    assert is_clear(spotter("roster"), f"{name} cannot be used", "a folder where a file belongs", "move it away")
    assert (data / name).is_dir()


@pytest.mark.parametrize("name", ["attempts.tmp", "aliases.csv", "snapshots/current.json"])
def test_other_names_are_told_by_the_system_in_words(data: Path, spotter: Command, name: str) -> None:
    (data / name).mkdir(parents=True)
    spotter("ingest", "FILE")
    assert is_clear(spotter("sql", "select 1"), f"{Path(name).name} cannot be used", "move away the folder")


@pytest.mark.parametrize("command", [*COMMANDS, ["keys", "list"], ["up", "--port", "1"], ["snapshot"]])
def test_a_folder_that_may_not_be_written_is_named(
    data: Path, spotter: Command, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def access(path: Path, mode: int) -> bool:
        return not mode & os.W_OK

    monkeypatch.setattr(os, "access", access)  # whoever runs the tests may be allowed everything
    if command[0] == "up":
        monkeypatch.setattr("pipeline.cli.serving.listener", lambda settings: open(os.devnull))  # noqa: PTH123, SIM115
    assert is_clear(spotter(*command), "cannot be written", "read-only", "mount the disk for writing")


def test_files_that_may_not_be_written_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "log.sqlite")
    with pytest.raises(StorageError) as told:
        Embedded.open(data, FixedClock(RECEIVED))
    assert "log.sqlite cannot be written" in str(told.value) and "chown" in str(told.value)


def test_a_file_in_the_data_folders_place_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    for command in (["roster"], ["keys", "list"], ["rebuild"]):
        assert run([*command, "--data", str(tmp_path / "file")]) == 1
        assert "it is a file, not a folder" in capfd.readouterr().err
    assert run(["doctor", "--data", str(tmp_path / "file")]) == 1


@pytest.mark.parametrize("command", [*COMMANDS, ["snapshot"], ["up", "--port", "1"]])
def test_a_log_that_is_missing_beside_its_tables_is_named(
    data: Path, spotter: Command, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "log.sqlite").unlink()
    if command[0] == "up":
        monkeypatch.setattr("pipeline.cli.serving.listener", lambda settings: open(os.devnull))  # noqa: PTH123, SIM115
    words = ("log.sqlite is missing", "which is the record", "restore log.sqlite from a backup", "move shard-0.duckdb")
    assert is_clear(spotter(*command), *words)
    assert not (data / "log.sqlite").exists(), "an empty one in its place would hide that it is gone"


def test_the_doctor_says_that_the_log_is_missing(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (data / "log.sqlite").unlink()
    assert run(["doctor", "--data", str(data)]) == 1
    assert "restore log.sqlite from a backup" in capfd.readouterr().out


@pytest.mark.parametrize("damage", ["garbage", "pages"])
def test_a_damaged_control_file_is_said_to_be_damaged(data: Path, spotter: Command, damage: str) -> None:
    Control(data).close()
    content = bytearray((data / "control.sqlite").read_bytes())
    content[:] = b"no database" * 500 if damage == "garbage" else content[:4096] + b"\xa5" * (len(content) - 4096)
    (data / "control.sqlite").write_bytes(content)
    words = ("it is damaged", "restore it from a backup", "move it away", "keys")
    assert is_clear(spotter("keys", "list"), *words)
    assert is_clear(spotter("tenants", "list"), *words)


def test_a_control_file_that_was_closed_is_not_called_unusable(data: Path) -> None:
    control = Control(data)
    control.close()
    with pytest.raises(StorageError) as told:
        control.tenants()
    assert "closed" in told.value.what and "stopping" in told.value.why


def test_what_the_system_refuses_is_said_with_its_name() -> None:
    told = str(disk.in_words(PermissionError(13, "Permission denied", "/data/x")))
    assert "/data/x cannot be used" in told and "Permission denied" in told and "right" in told
    assert "the disk is full" in str(disk.in_words(OSError(28, "No space left on device", "/nowhere/x")))
