"""A worker that stands still while there is something to do is found; one that has a reason is left alone."""

from __future__ import annotations

import threading

from pipeline.errors import StorageError
from pipeline.worker.watchdog import EXIT_CODE, Stall, Watchdog


def test_standing_still_with_something_to_do() -> None:
    stall = Stall(10, now=0)
    assert not stall.judge(1, {0: 5}, {0: 9}, excused=False)
    assert not stall.judge(11, {0: 5}, {0: 9}, excused=False)
    assert stall.judge(11.5, {0: 5}, {0: 9}, excused=False)


def test_moving_on_starts_the_time_anew() -> None:
    stall = Stall(10, now=0)
    for second in range(0, 100, 8):
        assert not stall.judge(second, {0: second}, {0: 1000}, excused=False)
    assert stall.judge(107, {0: 96}, {0: 1000}, excused=False)


def test_reasons_to_stand_still() -> None:
    for applied, ends, excused in (
        ({0: 9}, {0: 9}, False),  # nothing to do
        ({}, {}, False),  # nothing held
        ({0: 5}, None, False),  # the log cannot be asked
        ({0: 5}, {0: 9}, True),  # waits for disk space, or builds a shard
    ):
        stall = Stall(10, now=0)
        assert not any(stall.judge(second, applied, ends, excused=excused) for second in range(1, 200, 5))


def test_one_partition_that_moves_speaks_for_the_worker() -> None:
    """All of them wait for one thread: what does not move is in the queue."""
    stall = Stall(10, now=0)
    assert not any(stall.judge(n, {0: 5, 1: n}, {0: 9, 1: 999}, excused=False) for n in range(1, 100, 5))


def test_a_shard_that_nobody_opens_is_not_excused_by_the_others() -> None:
    stall = Stall(10, now=0)
    for second in range(0, 10, 2):
        assert not stall.judge(second, {0: second}, {0: 999}, excused=False, lacking=frozenset({1}))
    assert stall.judge(11, {0: 11}, {0: 999}, excused=False, lacking=frozenset({1}))
    assert not stall.judge(12, {0: 12}, {0: 999}, excused=False)
    assert not stall.judge(13, {0: 13}, {0: 999}, excused=False, lacking=frozenset({1})), "its time begins anew"


def test_the_process_ends() -> None:
    ended = threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    dog = Watchdog(0.05, lambda: {0: 5}, lambda number: 9, lambda: None, end)
    dog.start()
    assert ended.wait(30)
    assert codes == [EXIT_CODE]
    dog.close()


def test_a_log_that_cannot_be_asked_ends_nothing_but_a_silent_loop_does() -> None:
    ended = threading.Event()

    def end_of(number: int) -> int:
        raise StorageError("the log cannot be read", "away")

    dog = Watchdog(0.2, lambda: {0: 5}, end_of, lambda: None, lambda code: ended.set())
    dog.start()
    over = threading.Event()
    for _ in range(40):  # for long, as this watchdog counts
        dog.beat()
        over.wait(0.02)
    assert not ended.is_set()
    assert ended.wait(30)
    dog.close()
