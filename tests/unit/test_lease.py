"""A worker that slept through its session commits nothing until the group has given it its partitions again."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from service_events import RECEIVED
from structlog.testing import capture_logs
from test_shards import ListLog, opened, sets_in

from pipeline.clock import FixedClock
from pipeline.worker.lease import AsleepError, Lease
from pipeline.worker.shards import SLEPT_IN_COMMIT, Shards


class Time:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_it_holds_while_beats_come(time: Time) -> None:
    lease = Lease(2.0, time)
    for _ in range(10):
        time.now += 1.9
        assert lease.holds
        lease.beat()
    time.now += 2.1
    assert not lease.holds
    with pytest.raises(AsleepError):
        lease.require()


def test_a_beat_after_the_sleep_does_not_bring_it_back_but_the_group_does(time: Time) -> None:
    lease = Lease(2.0, time)
    time.now += 3
    lease.beat()  # the loop was the first to wake
    assert not lease.holds
    lease.leave(1)
    lease.renew(2)
    assert lease.holds


def test_what_the_group_gave_before_the_sleep_brings_nothing_back(time: Time) -> None:
    """A worker stopped between the end of a rebalance and its taking over goes on with partitions of before."""
    lease = Lease(2.0, time)
    lease.leave(6)
    time.now += 3
    lease.renew(7)
    assert not lease.holds
    time.now += 0.1
    lease.beat()
    lease.leave(7)  # now it is asked whether it is awake
    lease.renew(7)  # a taking over that was under way
    assert not lease.holds
    lease.renew(8)
    assert lease.holds


def test_where_the_group_did_not_notice_it_holds_again_after_as_long(time: Time) -> None:
    lease = Lease(2.0, time)
    time.now += 3
    lease.beat()
    for _ in range(4):
        time.now += 0.5
        assert lease.holds == (time.now >= 105.0)
        lease.beat()
    assert lease.holds


class Nap:
    """A fault: the process is stopped at a point for longer than its session."""

    def __init__(self, time: Time, point: str) -> None:
        self._time, self._point, self.slept = time, point, threading.Event()

    def __call__(self, point: str) -> None:
        if point == self._point and not self.slept.is_set():
            self._time.now += 60
            self.slept.set()


def ledger(shards: Shards) -> object:
    return shards._held[0].partition.read("select next_offset from base.ledger")[0]["next_offset"]


@pytest.mark.parametrize("point", ["before:1", "inside:4", "inside:6"])
@pytest.mark.parametrize("noticed", [False, True])
def test_a_batch_slept_through_waits_for_the_group(tmp_path: Path, time: Time, point: str, noticed: bool) -> None:
    log, lease, nap = ListLog(1), Lease(10.0, time), Nap(time, point)
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), nap, lease=lease)
    opened(shards, 0)
    batch, done = log.put(0, ["a", "b"]), []
    working = threading.Thread(target=lambda: done.append(shards.apply(0, batch)))
    working.start()
    assert nap.slept.wait(30)
    working.join(0.5)
    assert done == [] and ledger(shards) == 0 and shards.news() is None
    if noticed:  # the group takes the shard away
        shards.give_up(frozenset({0}))
    else:
        lease.beat()
        time.now += 10
        lease.beat()
    working.join(30)
    assert done == [not noticed]
    if noticed:
        assert ledger(shards) == 0
        shards.close()
        lease.leave(1)
        lease.renew(2)
        assert opened(shards, 0) == 0 and shards.apply(0, batch)
    assert shards.offsets == {0: 2}
    shards.close()
    assert sets_in(tmp_path, 0) == ["a", "b"]


def test_a_sleep_inside_a_commit_is_told_with_its_length(tmp_path: Path, time: Time) -> None:
    """Nobody can stop a commit that is being written; the tests of faults tell it from one begun after waking."""
    log, lease = ListLog(1), Lease(10.0, time)
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), Nap(time, "after:6"), lease=lease)
    opened(shards, 0)
    with capture_logs() as said:
        assert shards.apply(0, log.put(0, ["a", "b"]))
    assert [(one["next_offset"], one["seconds"]) for one in said if one["event"] == SLEPT_IN_COMMIT] == [(2, 60.0)]
    shards.close()


def test_what_was_told_is_noted_by_nobody_who_slept_over_it(tmp_path: Path, time: Time) -> None:
    log, lease, nap = ListLog(1), Lease(10.0, time), Nap(time, "inside:note_published")
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), nap, lease=lease)
    opened(shards, 0)
    assert shards.apply(0, log.put(0, ["a"]))
    news: list[dict[str, object]] = [{"alert_id": "a", "revision": "1", "seq": 7}]
    working = threading.Thread(target=lambda: shards.note_published(0, news))
    working.start()
    assert nap.slept.wait(30)
    working.join(0.5)
    told = "select count(*) as n from base.outbox_published"
    assert working.is_alive() and shards._held[0].partition.read(told) == [{"n": 0}]
    lease.leave(1)
    lease.renew(2)
    working.join(30)
    assert shards._held[0].partition.read(told) == [{"n": 1}]
    shards.close()


def test_days_slept_through_are_worked_out_later(tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.worker.reached.REST_S", 0.0)
    log, lease, nap = ListLog(1), Lease(10.0, time), Nap(time, "inside:settle")
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), nap, lease=lease)
    opened(shards, 0)
    shards.apply(0, log.put(0, ["a"]))
    marks = "select count(*) as n from base.mark"
    working = threading.Thread(target=lambda: shards.settle_next(lambda number: False))
    working.start()
    assert nap.slept.wait(30)
    working.join(0.5)
    assert working.is_alive() and shards._held[0].partition.read(marks) != [{"n": 0}]
    lease.leave(1)
    lease.renew(2)
    working.join(30)
    while shards.settle_next(lambda number: False):
        pass
    assert shards._held[0].partition.read(marks) == [{"n": 0}]
    assert shards.state == {"0": {"next_offset": 1, "settled": 1, "told": -2}}
    shards.close()
