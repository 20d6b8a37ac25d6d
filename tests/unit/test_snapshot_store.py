"""Snapshots for other machines: what is stored comes back whole, a moved shard goes on where the copy ends, and a log
that begins too late is refused in plain words."""

from __future__ import annotations

import threading
from pathlib import Path

import fsspec
import pytest

from pipeline.clock import FixedClock
from pipeline.errors import BehindError, StorageError
from pipeline.log.sqlite import SqliteLog
from pipeline.store.snapshot_store import KEPT, SnapshotStore
from pipeline.worker.embedded import Embedded
from pipeline.worker.fresh import LOG_NAME
from pipeline.worker.partition import Partition
from pipeline.worker.place import Place
from pipeline.worker.rules_in_force import RulesInForce
from tests.sim.views import differences, read_views
from tests.unit.service_events import RECEIVED, a_set, send

VERSIONS = {"model_version": "1", "rule_version": "2", "catalogue_version": "3"}


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    if request.param == "folder":
        return SnapshotStore(str(tmp_path / "store"))
    fsspec.filesystem("memory").store.clear()
    return SnapshotStore("memory://store")


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / "copy.duckdb"
    path.write_bytes(content)
    return path


def test_the_newest_comes_back_whole(store: SnapshotStore, tmp_path: Path) -> None:
    assert store.newest(0) is None
    for offset in (5, 9, 7):  # 7: somebody who fell behind publishes late
        store.publish(0, a_file(tmp_path, b"%d" % offset * 1000), offset, VERSIONS)
    store.publish(1, a_file(tmp_path, b"other"), 100, VERSIONS)
    found = store.newest(0)
    assert found is not None and (found.next_offset, found.versions) == (9, VERSIONS)
    store.fetch(found, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"9" * 1000


def test_old_ones_go_and_the_newest_stay(tmp_path: Path) -> None:
    store = SnapshotStore(str(tmp_path / "store"))
    for offset in range(1, 8):
        store.publish(3, a_file(tmp_path, b"x"), offset, VERSIONS)
    names = sorted(path.name for path in (tmp_path / "store" / "partition-3").glob("snapshot-*"))
    assert names == [f"snapshot-{offset:012d}.duckdb" for offset in (5, 6, 7)]
    assert len(names) == KEPT


def test_a_damaged_one_is_refused(store: SnapshotStore, tmp_path: Path) -> None:
    stored = store.publish(0, a_file(tmp_path, b"x" * 10), 1, VERSIONS)
    store._files.pipe_file(f"{store._folder(0)}/{stored.name}", b"y" * 10)
    with pytest.raises(StorageError, match="is damaged"):
        store.fetch(stored, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    store._files.pipe_file(f"{store._folder(0)}/current.json", b"{")
    with pytest.raises(StorageError, match="cannot be read"):
        store.newest(0)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder belongs")
    store = SnapshotStore(str(tmp_path / "store"))
    with pytest.raises(StorageError, match="could not be stored"):
        store.publish(0, a_file(tmp_path, b"x"), 1, VERSIONS)
    with pytest.raises(StorageError, match="cannot be used"):
        SnapshotStore("nosuchthing://bucket")


class Gym:
    """A log with sets in it, and partitions that open shards on it in folders of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = Embedded.open(folder / "log", FixedClock(RECEIVED))
        self.store = SnapshotStore(str(folder / "store"))

    def partition(self, name: str, log: SqliteLog | None = None, store: bool = True) -> Partition:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        place = Place.of_worker(data, 0, "uploads")
        lock = place.take_or_refuse()
        try:
            return Partition(
                place,
                log or self.service.log,
                FixedClock(RECEIVED),
                RulesInForce(data),
                lock,
                snapshots=self.store if store else None,
            )
        except BaseException:
            lock.close()
            raise


class Cut(SqliteLog):
    """A log whose retention took its first records."""

    first = 0

    def first_offset(self, partition: int) -> int:
        return self.first


def test_another_worker_goes_on_from_the_copy(tmp_path: Path) -> None:
    gym = Gym(tmp_path)
    send(gym.service, [a_set("a"), a_set("b", set_index=2)])
    first = gym.partition("first")
    while first.apply_next():
        pass
    assert first.publish() == first.next_offset > 0
    first.close()
    send(gym.service, [a_set("c", set_index=3, outcome="failed")], upload="u2")

    second = gym.partition("second")
    begun = second.next_offset
    while second.apply_next():
        pass
    second.settle(lambda: False)
    assert begun == first_end(gym) and second.next_offset == gym.service.log.end_offset(0)
    assert differences(read_views(second.read), read_views(gym.service.query)) == []
    second.close()
    gym.service.close()


def first_end(gym: Gym) -> int:
    found = gym.store.newest(0)
    assert found is not None
    return found.next_offset


def test_a_copy_is_of_one_moment_while_work_goes_on(tmp_path: Path) -> None:
    gym = Gym(tmp_path)
    send(gym.service, [a_set(f"s{n}", session=f"w{n // 20}", set_index=n % 20 + 1) for n in range(2000)], apply=False)
    partition = gym.partition("busy")
    offsets: list[int] = []
    copier = threading.Thread(target=lambda: offsets.append(partition.publish()))
    copier.start()
    for n in range(5):
        send(gym.service, [a_set(f"more{n}", session="more", set_index=n + 1)], upload=f"m{n}", apply=False)
        partition.apply_next()
        partition.shard.checkpoint()
    copier.join()
    partition.close()
    other = gym.partition("other")
    assert [other.next_offset] == offsets
    (row,) = other.read("select count(*) as sets from base.set_log")
    assert row["sets"] == 2000 + offsets[0] - 1
    other.close()
    gym.service.close()


def test_closing_ends_a_copy(tmp_path: Path) -> None:
    gym = Gym(tmp_path)
    send(gym.service, [a_set("a")], apply=False)
    partition = gym.partition("one")
    inside, ended = threading.Event(), []

    def publish() -> None:
        try:
            partition.publish()
        except BaseException as error:
            ended.append(error)

    real = gym.store.publish

    def slow(*given: object) -> object:
        inside.set()
        return real(*given)  # type: ignore[arg-type]

    gym.store.publish = slow  # type: ignore[method-assign,assignment]
    copier = threading.Thread(target=publish)
    copier.start()
    assert inside.wait(10)
    partition.close()  # waits for the copy, then gives the lock free
    copier.join(10)
    assert not copier.is_alive() and not ended
    gym.partition("one").close()
    gym.service.close()


def test_a_log_that_begins_too_late_is_refused_or_begun_from_a_copy(tmp_path: Path) -> None:
    gym = Gym(tmp_path)
    for n in range(4):
        send(gym.service, [a_set(f"s{n}", set_index=n + 1)], upload=f"u{n}")
    gym.service.close()
    log = Cut(tmp_path / "log" / LOG_NAME)
    behind = gym.partition("behind", log)  # built from the log
    end = behind.next_offset
    behind.close()

    log.first = end + 2
    with pytest.raises(BehindError, match=f"partition 0: records 0 to {end + 1} are gone"):
        gym.partition("empty", log)
    with pytest.raises(BehindError, match="no snapshot reaches beyond them"):
        gym.partition("behind", log)

    log.first = 0
    source = gym.partition("source", log)
    while source.apply_next():
        pass
    source.publish()
    whole = read_views(source.read)
    source.close()
    log.first = source_end = first_end(gym)
    for name in ("behind", "empty"):
        taken = gym.partition(name, log)
        assert taken.next_offset == source_end
        assert differences(read_views(taken.read), whole) == []
        taken.close()
    log.close()


def test_a_damaged_shard_begins_from_the_copy_and_is_kept_beside(tmp_path: Path) -> None:
    gym = Gym(tmp_path)
    send(gym.service, [a_set("a")], apply=False)
    partition = gym.partition("one")
    partition.publish()
    end = partition.next_offset
    partition.close()
    shard = tmp_path / "one" / "shard-0.duckdb"
    shard.write_bytes(b"\0" * 8192)
    built: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.worker.partition.build", lambda *_, **__: built.append("from the log"))
        again = gym.partition("one")
    assert (again.next_offset, built) == (end, [])
    assert list((tmp_path / "one").glob("shard-0.duckdb.corrupt-*"))
    again.close()
    gym.service.close()
