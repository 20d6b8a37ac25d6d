"""Ends a worker that is alive but does not get on: whoever started it starts it anew, from the ledger."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from pipeline.errors import SpotterError

LOOKS = 10  # so often in the time a worker may stand still
EXIT_CODE = 70

log = structlog.get_logger("spotter.worker")


class Stall:
    """Whether a worker has stood still for too long while there was something to do, or lacks a shard it was given."""

    def __init__(self, seconds_max: float, now: float) -> None:
        self._seconds_max = seconds_max
        self._applied: dict[int, int] = {}
        self._moved_at = now
        self._lacking_since: dict[int, float] = {}

    def judge(
        self,
        now: float,
        applied: Mapping[int, int],
        ends: Mapping[int, int] | None,
        *,
        excused: bool,
        lacking: frozenset[int] = frozenset(),
    ) -> bool:
        """One look: next offsets and ends by partition (ends None: the log cannot be asked).

        ``lacking``: partitions of the assignment whose shard nobody opens; the others may move as they like.
        """
        self._lacking_since = {number: self._lacking_since.get(number, now) for number in lacking}
        if any(now - since > self._seconds_max for since in self._lacking_since.values()):
            return True
        moved = dict(applied) != self._applied
        self._applied = dict(applied)
        behind = ends is not None and any(applied[number] < end for number, end in ends.items() if number in applied)
        if moved or excused or not behind:
            self._moved_at = now
        return now - self._moved_at > self._seconds_max


class Watchdog:
    """A thread beside the worker's loop. It looks at the log itself, since the worker's own view may be what hangs."""

    def __init__(
        self,
        seconds_max: float,
        applied: Callable[[], Mapping[int, int]],
        end_of: Callable[[int], int],
        excused: Callable[[], str | None],
        end_process: Callable[[int], None] = os._exit,
        lacking: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        self._seconds_max, self._applied, self._end_of, self._excused = seconds_max, applied, end_of, excused
        self._lacking = lacking
        self._end_process = end_process
        self._beat_at = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def beat(self) -> None:
        """The worker's loop runs."""
        self._beat_at = time.monotonic()

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def end_within(self, seconds: float) -> None:
        """The process ends in order, and after so long in any case: what was committed is whole."""

        def end() -> None:
            log.error("the worker was not done in time, so it ends now; what was committed is whole")
            self._end_process(EXIT_CODE)

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()

    def _run(self) -> None:
        stall = Stall(self._seconds_max, time.monotonic())
        while not self._over.wait(self._seconds_max / LOOKS):
            applied = dict(self._applied())
            ends: dict[int, int] | None = None
            try:
                ends = {number: self._end_of(number) for number in applied}
            except SpotterError as error:
                log.warning("the end of the log cannot be asked", why=error.why)
            now = time.monotonic()
            lacking = self._lacking()
            stalled = stall.judge(now, applied, ends, excused=self._excused() is not None, lacking=lacking)
            silent = now - self._beat_at > self._seconds_max
            if (stalled or silent) and not self._over.is_set():
                why = "its loop does not answer" if silent else "its ledgers do not move"
                log.error("the worker ends itself", why=why, applied=applied, ends=ends, lacking=sorted(lacking))
                self._end_process(EXIT_CODE)
                return
