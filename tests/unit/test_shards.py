"""The shards of a worker of a cluster: opened, moved, closed; what was applied before is dropped, a hole stops."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from service_events import RECEIVED, a_set

from pipeline.clock import FixedClock
from pipeline.errors import GapError, StorageError
from pipeline.gateway.accept import accept_events
from pipeline.log.base import Logged
from pipeline.record import Record
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker import marked_days, reached, room
from pipeline.worker.marked_days import NOBODY
from pipeline.worker.partition import Partition
from pipeline.worker.shards import Shards
from tests.memory_log import MemoryLog

NAME = "spotter.uploads"


class ListLog(MemoryLog):
    """A log of several partitions in memory."""

    def append(self, records: Sequence[Record]) -> int:
        raise AssertionError("the worker does not append")

    def put(self, partition: int, documents: Sequence[str]) -> list[Logged]:
        """Add a set a record; they as they come from the stream."""
        first = len(self.records[partition])
        for name in documents:
            body = json.dumps(a_set(name)).encode()
            taken = accept_events(body, tenant=f"gym{partition}", upload_id=name, received_at=RECEIVED)
            self.records[partition] += taken.records
        return self.read(partition, first, items_max=1 << 20, bytes_max=1 << 30)


class Full:
    """A fault: there is no room for the first transactions."""

    def __init__(self, times: int) -> None:
        self.left, self.met = times, threading.Event()

    def __call__(self, point: str) -> None:
        if point == "inside:6" and self.left:
            self.left -= 1
            self.met.set()
            raise duckdb.IOException("IO Error: Could not write file: No space left on device")


def a_worker(data: Path, log: ListLog, fault: Full | None = None) -> Shards:
    data.mkdir(exist_ok=True)
    clock = FixedClock(RECEIVED)
    return Shards(data, log, NAME, clock, fault) if fault else Shards(data, log, NAME, clock)


def opened(shards: Shards, number: int) -> int:
    lock = shards.place(number).take()
    assert lock is not None
    return shards.open(number, lock)


def sets_in(data: Path, number: int) -> list[str]:
    """The documents of a shard that nobody has open."""
    with duckdb.connect(str(data / f"shard-{number}.duckdb"), read_only=True) as connection:
        return [row[0] for row in connection.execute("select document_id from set_fact order by 1").fetchall()]


def test_each_partition_has_files_of_its_own(tmp_path: Path) -> None:
    log = ListLog(3)
    shards = a_worker(tmp_path, log)
    assert [opened(shards, number) for number in (0, 2)] == [0, 0]
    assert shards.apply(2, log.put(2, ["a", "b"])) and shards.apply(0, log.put(0, ["c"]))
    assert shards.offsets == {0: 1, 2: 2}
    shards.close()
    assert (sets_in(tmp_path, 0), sets_in(tmp_path, 2)) == (["c"], ["a", "b"])
    assert not (tmp_path / "shard-1.duckdb").exists()
    with duckdb.connect(str(tmp_path / "shard-2.duckdb")) as connection:
        assert connection.execute("select partition, next_offset from ledger").fetchall() == [(2, 2)]


def test_its_numbers_are_of_all_shards_and_the_lag_of_each(tmp_path: Path) -> None:
    log = ListLog(3)
    shards = a_worker(tmp_path, log)
    for number in (0, 2):
        opened(shards, number)
        log.put(number, [f"{number}-{n}" for n in range(number + 3)])
    shards.apply(0, log.read(0, 0, items_max=2, bytes_max=1 << 20))
    shards.apply(2, log.read(2, 0, items_max=9, bytes_max=1 << 20))
    value = shards.measures.registry.get_sample_value
    assert value("spotter_records_applied_total") == 2 + 5
    assert [value("spotter_lag_records", {"partition": number}) for number in "012"] == [1, None, 0]
    assert [value("spotter_lag_seconds", {"partition": number}) for number in "02"] == [0, 0]  # the clock stands
    shards.close()
    assert value("spotter_lag_records", {"partition": "0"}) is None


def test_what_was_applied_before_is_dropped(tmp_path: Path) -> None:
    log = ListLog(1)
    shards = a_worker(tmp_path, log)
    opened(shards, 0)
    batch = log.put(0, ["a", "b", "c"])
    assert shards.apply(0, batch[:2]) and shards.apply(0, batch) and shards.apply(0, batch[:1])
    assert shards.offsets == {0: 3}
    shards.close()
    assert sets_in(tmp_path, 0) == ["a", "b", "c"]


def test_a_hole_stops_and_changes_nothing(tmp_path: Path) -> None:
    log = ListLog(1)
    shards = a_worker(tmp_path, log)
    opened(shards, 0)
    batch = log.put(0, ["a", "b", "c", "d"])
    shards.apply(0, batch[:1])
    with pytest.raises(GapError) as told:
        shards.apply(0, batch[2:])
    assert f"{NAME}, partition 0: offset 1 is missing, 2 came next" in str(told.value) and "do:" in str(told.value)
    with pytest.raises(GapError):
        shards.apply(0, [batch[1], batch[3]])
    assert shards.offsets == {0: 1}
    shards.close()
    assert sets_in(tmp_path, 0) == ["a"]


def test_a_batch_for_a_shard_that_is_not_held_is_dropped(tmp_path: Path) -> None:
    log = ListLog(1)
    shards = a_worker(tmp_path, log)
    opened(shards, 0)
    batch = log.put(0, ["a"])
    shards.close(frozenset({0}))
    assert shards.apply(0, batch) is False
    assert shards.offsets == {}


def test_a_shard_has_one_owner_and_the_next_goes_on_at_its_ledger(tmp_path: Path) -> None:
    log = ListLog(2)
    one, other = a_worker(tmp_path, log), a_worker(tmp_path, log)
    opened(one, 0)
    one.apply(0, log.put(0, ["a", "b"]))
    assert other.place(0).take() is None
    opened(other, 1)  # a folder may have several workers, a shard one
    one.close()
    assert opened(other, 0) == 2
    other.apply(0, log.put(0, ["c"]))
    other.close()
    assert sets_in(tmp_path, 0) == ["a", "b", "c"]


@pytest.mark.parametrize("damage", [None, b"no database"])
def test_a_missing_or_damaged_shard_is_built_from_the_log(tmp_path: Path, damage: bytes | None) -> None:
    log = ListLog(2)
    log.put(1, ["a", "b"])
    shards = a_worker(tmp_path, log)
    if damage is not None:
        (tmp_path / "shard-1.duckdb").write_bytes(damage)
    assert opened(shards, 1) == 2
    shards.close()
    assert sets_in(tmp_path, 1) == ["a", "b"]
    assert len(list(tmp_path.glob("shard-1.duckdb.corrupt-*"))) == (damage is not None)


def test_tables_that_reach_beyond_the_log_are_not_opened(tmp_path: Path) -> None:
    log = ListLog(1)
    shards = a_worker(tmp_path, log)
    opened(shards, 0)
    shards.apply(0, log.put(0, ["a", "b"]))
    shards.close()
    del log.records[0][1:]
    with pytest.raises(StorageError) as told:
        opened(shards, 0)
    assert f"{NAME} holds 1" in str(told.value)
    assert shards.place(0).take() is not None  # and the lock is free


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PAUSE_FIRST_S", 0.01)
    log, full = ListLog(1), Full(3)
    shards = a_worker(tmp_path, log, full)
    opened(shards, 0)
    assert shards.apply(0, log.put(0, ["a"])) and full.left == 0
    assert shards.excused is None and shards.offsets == {0: 1}
    shards.close()
    assert sets_in(tmp_path, 0) == ["a"]


def test_who_waits_for_room_lets_go_when_the_shard_is_taken_away(tmp_path: Path) -> None:
    log, full = ListLog(1), Full(1 << 30)
    shards = a_worker(tmp_path, log, full)
    opened(shards, 0)
    done: list[bool] = []
    batch = log.put(0, ["a"])
    working = threading.Thread(target=lambda: done.append(shards.apply(0, batch)))
    working.start()
    assert full.met.wait(30)
    shards.give_up(frozenset({0}))
    working.join(30)
    assert done == [False]
    assert "waiting for disk space" in str(shards.excused)
    shards.close()
    full.left = 0
    assert opened(shards, 0) == 0 and shards.apply(0, batch)
    shards.close()


def test_days_are_worked_out_when_a_shard_has_caught_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reached, "REST_S", 0.0)
    log = ListLog(1)
    shards = a_worker(tmp_path, log)
    opened(shards, 0)
    shards.apply(0, log.put(0, ["a", "b"]))
    assert shards.state == {"0": {"next_offset": 2, "settled": -1, "told": -2}}
    assert not shards.is_settling_due(lambda number: True)  # more is on its way
    assert not shards.settle_next(lambda number: True)
    assert shards.is_settling_due(lambda number: False)
    while shards.settle_next(lambda number: False):
        pass
    assert not shards.is_settling_due(lambda number: False)
    assert shards.state == {"0": {"next_offset": 2, "settled": 2, "told": -2}}
    shards.close()
    with duckdb.connect(str(tmp_path / "shard-0.duckdb")) as connection:
        assert connection.execute("select count(*) from base.mark").fetchall() == [(0,)]


def settled_under_load(data: Path, *, begins_anew: bool) -> list[int]:
    """How far the days are after each piece of one athlete, while every athlete sends again in between."""
    log = ListLog(1)
    shards = a_worker(data, log)
    opened(shards, 0)

    def send(number: int) -> None:
        records = []
        for athlete in ("ana", "ben", "cem"):
            body = json.dumps(a_set(f"{athlete}{number}", athlete=athlete)).encode()
            records += accept_events(body, tenant="gym0", upload_id=f"u{number}", received_at=RECEIVED).records
        first = len(log.records[0])
        log.records[0] += records
        shards.apply(0, log.read(0, first, items_max=1 << 20, bytes_max=1 << 30))

    found = []
    for number in range(9):
        send(number)
        assert shards.settle_next(lambda number: False)
        if begins_anew and (run := shards._held[0].settling) is not None:
            run.after = NOBODY
        found.append(int(shards.state["0"]["settled"]))
    shards.close()
    return found


def test_athletes_who_send_all_the_time_do_not_keep_the_others_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reached, "REST_S", 0.0)
    monkeypatch.setattr(reached, "REST_TIMES", 0.0)
    monkeypatch.setattr(marked_days, "_NEXT", marked_days._NEXT.replace(str(marked_days.CHUNK_DAYS), "1"))
    # three pieces make a run, which reaches what was there at its begin; it takes none more to see that nobody is left
    assert settled_under_load(tmp_path / "good", begins_anew=False) == [-1, -1, 3, 3, 3, 12, 12, 12, 21]
    assert set(settled_under_load(tmp_path / "bad", begins_anew=True)) == {-1}, "the first athlete takes every piece"


class Stopwatch:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("pipeline.worker.shards.time.monotonic", lambda: self.now)


def copies_made(data: Path, times: Stopwatch, seconds: int, *, begun_at: int = 0) -> list[int]:
    """At which seconds a shard that moves every second is copied; ``every_s`` is 60."""
    log = ListLog(1)
    data.mkdir(exist_ok=True)
    clock = FixedClock(RECEIVED + timedelta(seconds=begun_at))
    shards = Shards(data / "worker", log, NAME, clock, snapshots=SnapshotStore(str(data / "store")))
    (data / "worker").mkdir(exist_ok=True)
    opened(shards, 0)
    found = []
    assert not shards.publish_next(60.0), "nothing is worth no copy"
    for second in range(seconds):
        shards._held[0].offset += 1
        if shards.publish_next(60.0):
            found.append(second)
        assert not shards.publish_next(60.0), "one is enough"
        times.now += 1
        clock.at += timedelta(seconds=1)
    shards.close()
    return found


def test_a_first_copy_comes_at_once_and_later_ones_more_and_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = Stopwatch(monkeypatch)
    monkeypatch.setattr(Partition, "publish", lambda self: self.next_offset)
    assert copies_made(tmp_path, times, 300) == [0, 5, 15, 35, 75, 135, 195, 255]


def test_a_worker_that_starts_again_and_again_copies_when_the_last_copy_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = Stopwatch(monkeypatch)
    made = SnapshotStore(str(tmp_path / "store"))
    file = tmp_path / "copy"
    file.write_bytes(b"")
    made.publish(0, file, 1, {}, RECEIVED.isoformat())
    monkeypatch.setattr(Partition, "publish", lambda self: self.next_offset)
    monkeypatch.setattr(Partition, "_restore", lambda self, first: False)
    assert [copies_made(tmp_path, times, 30, begun_at=at) for at in (10, 40, 200)] == [[], [20], [0]]
