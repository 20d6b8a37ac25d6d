"""The embedded log: what append returned is there, in order and without holes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from pipeline import disk
from pipeline.errors import DiskFullError, StorageError
from pipeline.log import sqlite as module
from pipeline.log.sqlite import RECORD_BYTES, SqliteLog
from pipeline.record import Header, Record, pack_items


def record(athlete: str, index: int = 0, size: int = 3) -> Record:
    header = Header("home", "api", "canonical", f"u{index}", "2026-01-01T00:00:00Z")
    return Record(athlete, 0, pack_items([index]), header.to_bytes(), b"x" * size)


def test_append_returns_the_end_and_read_gives_the_records_back(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log.append([record("a"), record("b")]) == 2
    assert log.append([record("c")]) == 3
    read = log.read(0, 0, items_max=10, bytes_max=1 << 20)
    assert [(one.offset, one.record.athlete) for one in read] == [(0, "a"), (1, "b"), (2, "c")]
    log.close()


def test_invariant_I1_acknowledged_means_in_the_log_after_reopening(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    end = log.append([record(str(i), i) for i in range(50)])
    # a second connection sees the commit without the writer closing: it is on its way to the disk, not in a buffer
    other = SqliteLog(tmp_path / "log.sqlite")
    assert other.end_offset(0) == end
    other.close()
    log.close()


def test_appends_of_many_threads_are_whole_and_without_holes(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    ends: list[tuple[int, int]] = []
    lock = threading.Lock()

    def post(number: int) -> None:
        for turn in range(20):
            end = log.append([record(f"{number}-{turn}", i) for i in range(3)])
            with lock:
                ends.append((end, number))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = log.read(0, 0, items_max=10_000, bytes_max=1 << 20)
    assert [one.offset for one in read] == list(range(480))
    assert len({end for end, _ in ends}) == 160
    for end, number in ends:  # the three records of one append stand together
        names = {one.record.athlete for one in read[end - 3 : end]}
        assert len(names) == 1 and next(iter(names)).startswith(f"{number}-")
    log.close()


def test_read_stops_at_the_limits_but_gives_at_least_one(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append([record("a", size=100) for _ in range(10)])
    assert len(log.read(0, 0, items_max=3, bytes_max=1 << 20)) == 3
    assert len(log.read(0, 0, items_max=100, bytes_max=2 * (RECORD_BYTES + 100) + 50)) == 2
    assert len(log.read(0, 0, items_max=1, bytes_max=1)) == 1
    assert list(log.read(0, 10, items_max=1, bytes_max=1)) == []
    log.close()


def test_read_athlete_gives_only_that_athlete_below_the_end(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append([record(name, i) for i, name in enumerate("abab")])
    assert [one.offset for one in log.read_athlete(0, "home", "a", 4)] == [0, 2]
    assert [one.offset for one in log.read_athlete(0, "home", "a", 2)] == [0]
    assert list(log.read_athlete(0, "other", "a", 4)) == []
    log.close()


def test_a_nearly_full_disk_refuses_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    monkeypatch.setattr(disk, "FREE_BYTES_MIN", 1 << 62)
    with pytest.raises(StorageError) as refused:
        log.append([record("a")])
    assert "free some space" in str(refused.value)
    monkeypatch.setattr(disk, "FREE_BYTES_MIN", 0)
    assert log.append([record("a")]) == 1
    log.close()


def test_a_log_that_does_not_open_on_a_full_disk_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
        raise error

    monkeypatch.setattr(module, "_connect", connect)
    monkeypatch.setattr(disk, "FREE_BYTES_MIN", 1 << 62)
    with pytest.raises(DiskFullError) as refused:
        SqliteLog(tmp_path / "log.sqlite")
    assert "the disk is full" in str(refused.value) and "backup" not in str(refused.value)


def test_a_damaged_log_is_called_damaged_on_a_full_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    monkeypatch.setattr(disk, "FREE_BYTES_MIN", 1 << 62)
    with pytest.raises(StorageError) as refused:
        SqliteLog(path)
    assert "backup" in str(refused.value)


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.close()
    with pytest.raises(StorageError):
        log.append([record("a")])


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError) as refused:
        SqliteLog(path)
    assert "cannot be opened" in str(refused.value) and "backup" in str(refused.value)


def test_a_log_that_was_closed_is_not_called_damaged(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append([record("a"), record("a")])
    reading = log.read_athlete(0, "home", "a", 2)
    next(reading)
    log.close()
    new_thread: list[BaseException] = []

    def read() -> None:
        try:
            log.read(0, 0, items_max=1, bytes_max=1)
        except StorageError as error:
            new_thread.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    with pytest.raises(StorageError) as same_thread:
        log.read(0, 0, items_max=1, bytes_max=1)
    with pytest.raises(StorageError) as amid:
        list(reading)
    for told in (*new_thread, same_thread.value, amid.value):
        assert "the log is closed" in str(told) and "backup" not in str(told)
    assert len(new_thread) == 1
