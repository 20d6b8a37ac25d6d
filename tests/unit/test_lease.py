"""A worker that slept through its session commits nothing until the group has given it its partitions again."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_events import RECEIVED
from test_shards import ListLog, opened, sets_in

from pipeline.clock import FixedClock
from pipeline.worker.lease import AsleepError, Lease
from pipeline.worker.shards import Shards


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
    lease.renew()
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


@pytest.mark.parametrize("point", ["before:1", "inside:4", "inside:6"])
def test_a_batch_slept_through_is_given_up_and_done_later(tmp_path: Path, time: Time, point: str) -> None:
    slept = []

    def sleep(at: str) -> None:
        if at == point and not slept:
            slept.append(at)
            time.now += 60

    log, lease = ListLog(1), Lease(10.0, time)
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), sleep, lease=lease)
    opened(shards, 0)
    batch = log.put(0, ["a", "b"])
    for _ in range(5):  # a sleep is no death of a record
        slept.clear()
        lease.renew()
        assert not shards.apply(0, batch) and shards.offsets == {0: 0}
    assert not shards.apply(0, batch) and shards.news() is None
    lease.renew()
    assert shards.apply(0, batch) and shards.offsets == {0: 2}
    shards.close()
    assert sets_in(tmp_path, 0) == ["a", "b"]


def test_days_slept_through_are_worked_out_later(tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.worker.reached.REST_S", 0.0)
    naps = []

    def sleep(at: str) -> None:
        if at == "inside:settle" and not naps:
            naps.append(at)
            time.now += 60

    log, lease = ListLog(1), Lease(10.0, time)
    shards = Shards(tmp_path, log, "uploads", FixedClock(RECEIVED), sleep, lease=lease)
    opened(shards, 0)
    shards.apply(0, log.put(0, ["a"]))
    assert shards.settle_next(lambda number: False) and naps
    marks = "select count(*) as n from base.mark"
    assert shards._held[0].partition.read(marks) != [{"n": 0}]
    lease.renew()
    while shards.settle_next(lambda number: False):
        pass
    assert shards._held[0].partition.read(marks) == [{"n": 0}]
    assert shards.state == {"0": {"next_offset": 1, "settled": 1}}
    shards.close()
