"""A disk without room: the worker waits and goes on, the door answers, commands say what to free."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from app_fakes import Door, set_event
from service_events import RECEIVED, a_set, rows, send

from pipeline import disk
from pipeline.cli.main import run
from pipeline.clock import FixedClock
from pipeline.errors import DiskFullError, StorageError
from pipeline.store import failure, snapshot
from pipeline.store.shard import Shard
from pipeline.worker import room
from pipeline.worker.embedded import SHARD_NAME, Embedded

NO_ROOM = 'Could not write file "shard-0.duckdb.wal": No space left on device'
SETS = [a_set(f"d{i}", set_index=i + 1, performed_at=f"2026-11-20T18:{i:02d}:00+01:00") for i in range(6)]
WAIT_S_MAX = 20.0


class Disk:
    """Fails at one point of a batch for as long as ``error`` is set, as a database does on a disk without room."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.invalidates = False
        self.shard: Shard | None = None
        self.failures = 0

    def __call__(self, point: str) -> None:
        if point == "inside:6" and self.error is not None:
            self.failures += 1
            if self.invalidates and self.shard is not None:
                self.shard.connection.close()
            raise self.error


def until(reached: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_S_MAX
    while not reached():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(room, "PAUSE_FIRST_S", 0.01)
    monkeypatch.setattr(room, "PAUSE_MAX_S", 0.05)
    return Disk()


@pytest.fixture
def service(tmp_path: Path, full: Disk) -> Iterator[Embedded]:
    found = Embedded.open(tmp_path, FixedClock(RECEIVED), background=True, fault=full)
    full.shard = found._shard
    yield found
    found.close()


@pytest.mark.parametrize("error", [
    duckdb.IOException(f"IO Error: {NO_ROOM}"),
    duckdb.TransactionException(f"TransactionContext Error: Failed to commit: {NO_ROOM}"),
    duckdb.FatalException(f"FATAL Error: database has been invalidated. Original error: {NO_ROOM}"),
    duckdb.OutOfMemoryException("failed to offload data block; limit was set by the 'max_temp_directory_size' setting"),
    OSError(28, "No space left on device", "attempts.json"),
])  # fmt: skip
@pytest.mark.parametrize("invalidates", [False, True])
def test_the_worker_waits_for_disk_space_and_goes_on_without_a_restart(
    service: Embedded, full: Disk, error: Exception, invalidates: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    full.error, full.invalidates = error, invalidates
    send(service, SETS, apply=False)
    until(lambda: full.failures >= 3 or (invalidates and full.failures >= 1 and service.why_not_ready is not None))
    assert service.failure is None
    assert "waiting for disk space" in str(service.why_not_ready) and "free some space" in str(service.why_not_ready)
    with pytest.raises(DiskFullError) as told:
        service.wait_applied(1, WAIT_S_MAX)
    assert "is in the log" in str(told.value)
    send(service, [a_set("later", set_index=9)], upload="u2", apply=False)  # the log has room
    full.error = None
    until(lambda: service.why_not_ready is None)
    assert service.wait_applied(2, WAIT_S_MAX)
    assert rows(service, "select count(*) from set_fact") == [(7,)]
    assert rows(service, "select count(*) from rejected") == [(0,)]
    assert service.check() == []
    told = capfd.readouterr()
    assert (
        "waiting for disk space" in told.out + told.err
    )  # a command that ran before may have turned the log to stderr


def test_the_pause_grows_to_a_limit() -> None:
    waiting = room.Room()
    waiting.stop()
    paused = []
    for _ in range(10):
        paused.append(waiting._pause_s)
        waiting.pause()
    assert paused[:3] == [0.5, 1.0, 2.0] and paused[-1] == room.PAUSE_MAX_S == 30.0
    waiting.found()
    assert waiting._pause_s == 0.5


@pytest.mark.parametrize("error", [
    ValueError("a comment that says No space left on device"),
    duckdb.ConversionException("Could not convert string 'No space left on device' to INT32"),
    duckdb.IOException("IO Error: Could not write file: Input/output error"),
    duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"),
])  # fmt: skip
def test_every_other_failure_ends_the_worker(service: Embedded, full: Disk, error: Exception) -> None:
    full.error = error
    send(service, SETS, apply=False)
    until(lambda: service.failure is not None)
    doublings = 3 if isinstance(error, duckdb.OutOfMemoryException) else 0  # from 160 MB to 1280 MB, then no more
    assert full.failures == 1 + doublings
    assert service.why_not_ready == "the worker ended; the service stops"
    storage = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)
    assert isinstance(service.failure, StorageError) == storage


def test_readers_of_a_shard_that_was_given_up_are_told_to_come_again(service: Embedded, full: Disk) -> None:
    full.error, full.invalidates = duckdb.FatalException(f"FATAL Error: {NO_ROOM}"), True
    service._room.pause = lambda: service._room._over.wait(WAIT_S_MAX)  # type: ignore[method-assign]
    send(service, SETS, apply=False)
    until(lambda: service.why_not_ready is not None)
    with pytest.raises(DiskFullError):
        service.query("select 1")
    with pytest.raises(DiskFullError):
        service.snapshot()
    service.close()


def test_a_full_disk_is_no_death_of_a_record(tmp_path: Path, full: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    full.error = duckdb.IOException(f"IO Error: {NO_ROOM}")
    for _ in range(8):
        service = Embedded.open(tmp_path, FixedClock(RECEIVED), fault=full)
        noted = service._attempts._note

        def note(offset: int, starts: int, alone: bool, noted: Callable[..., None] = noted) -> None:
            if offset < 0:
                raise OSError(28, "No space left on device", "attempts.tmp")
            noted(offset, starts, alone)

        monkeypatch.setattr(service._attempts, "_note", note)
        if service.log.end_offset(0) == 0:
            send(service, SETS, apply=False)
        with pytest.raises(DiskFullError):
            service.apply_all()
        service.close()
    full.error = None
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    service.apply_all()
    assert rows(service, "select count(*) from set_fact") == [(6,)]
    service.close()


def test_a_shard_that_does_not_open_for_want_of_room_is_not_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    send(service, SETS)
    service.close()

    def prepare(shard: Shard, created: bool) -> None:
        raise duckdb.IOException(f"IO Error: {NO_ROOM}")

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "_prepare", prepare)
        with pytest.raises(DiskFullError) as told:
            Embedded.open(tmp_path, FixedClock(RECEIVED))
    assert "the disk is full" in str(told.value)
    assert not list(tmp_path.glob(f"{SHARD_NAME}.corrupt-*"))
    Embedded.open(tmp_path, FixedClock(RECEIVED)).close()


def test_half_a_snapshot_is_removed_and_the_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    send(service, SETS)

    def copy(connection: object, temporary: Path, *, name: str) -> None:
        temporary.write_bytes(b"half")
        raise duckdb.IOException(f"IO Error: Checkpoint failed. Original error: {NO_ROOM}")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "copy_to", copy)
        with pytest.raises(DiskFullError) as told:
            service.snapshot()
    assert "the snapshot could not be written: the disk is full" in str(told.value)
    assert not list((tmp_path / "snapshots").iterdir())
    service.close()


def test_half_a_rebuild_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    send(service, SETS)
    with monkeypatch.context() as patch:

        def everything(engine: object) -> None:
            raise duckdb.IOException(f"IO Error: {NO_ROOM}")

        patch.setattr("pipeline.worker.rebuild.run_everything", everything)
        with pytest.raises(DiskFullError):
            service.rebuild()
    assert not list(tmp_path.glob(f"{SHARD_NAME}.new*"))
    assert rows(service, "select count(*) from set_fact") == [(6,)]
    service.rebuild()
    service.close()


def test_a_rebuild_that_finds_no_room_at_its_end_does_not_end_the_worker(
    service: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(service, SETS, apply=False)
    assert service.wait_applied(1, WAIT_S_MAX)
    opened = []

    def shard(path: Path) -> Shard:
        opened.append(path)
        if len(opened) < 4:
            raise disk.full("the tables cannot be opened", path.parent, "then try again")
        return Shard(path)

    monkeypatch.setattr("pipeline.worker.partition.Shard", shard)
    with pytest.raises(DiskFullError):
        service.rebuild()
    until(lambda: service.why_not_ready is None)
    assert service.failure is None and len(opened) == 4
    assert rows(service, "select count(*) from set_fact") == [(6,)]
    assert service.check() == []


def test_a_command_names_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    service = Embedded.open(tmp_path, FixedClock(RECEIVED))
    send(service, SETS)
    service.close()

    def copy(connection: object, temporary: Path, *, name: str) -> None:
        raise duckdb.IOException(f"IO Error: {NO_ROOM}")

    monkeypatch.setattr(snapshot, "copy_to", copy)
    assert run(["sql", "select 1", "--data", str(tmp_path)]) == 1
    told = capfd.readouterr().err
    assert "the disk is full" in told and "free some space" in told and "backup" not in told

    def connect(*_: object, **__: object) -> sqlite3.Connection:
        raise OSError(28, "No space left on device", str(tmp_path / "log.sqlite"))

    monkeypatch.setattr("pipeline.log.sqlite._connect", connect)
    assert run(["roster", "--data", str(tmp_path)]) == 1
    told = capfd.readouterr().err
    assert "the disk is full" in told and "free some space" in told and "did not foresee" not in told


def test_what_is_in_the_log_is_answered_so_when_the_control_file_has_no_room(tmp_path: Path) -> None:
    door = Door(tmp_path)
    headers = door.key("ingest") | {"Idempotency-Key": "k"}
    door.control._db.execute("pragma max_page_count = 1")  # the file may not grow: SQLite says that the disk is full
    door.control._db.execute("pragma query_only = on")
    assert door.client.post("/v1/events", json=set_event(), headers=headers).status_code == 202
    assert len(door.service.records) == 1
    with pytest.raises(StorageError):
        door.control.create_key("home", ["read"])


def test_a_ready_service_that_waits_says_so(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.why_not_ready = "waiting for disk space: free some"
    answer = door.client.get("/readyz")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "waiting for disk space" in answer.json()["detail"]
    assert door.client.post("/v1/events", json=set_event(), headers=door.key("ingest")).status_code == 202


def test_only_the_disk_is_believed_about_the_disk() -> None:
    assert failure.is_disk_full(disk.full("it", Path("/"), "then"))
    assert not failure.is_disk_full(RuntimeError(NO_ROOM))
    assert not failure.is_damage(duckdb.IOException(NO_ROOM))
    assert failure.is_damage(duckdb.IOException("file is cut"))
