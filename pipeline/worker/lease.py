"""Whether the group still counts on this worker.

A process that was stopped, or whose machine slept, for longer than its session has lost its partitions and does not
know it yet when it goes on. Its loop beats here; what comes to a commit when a beat failed to come is rolled back and
waits for what the group says: that takes the partitions away first, so a word of it that was on its way before the
sleep is told from one after it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the one that goes on while a machine sleeps


class AsleepError(Exception):
    """The worker slept through its session: what it was about to commit may be another worker's by now."""


class Lease:
    """Held while beats come; lost after ``seconds_max`` without one, until ``renew`` or as long again of beats.

    Safe from any thread. ``clock`` gives seconds.
    """

    def __init__(self, seconds_max: float, clock: Callable[[], float] = lambda: time.clock_gettime(_CLOCK)) -> None:
        self._seconds_max, self._clock = seconds_max, clock
        self._lock = threading.Lock()
        self._beat_at = self._lost_until = self._required_at = clock()
        self._woke_at = self._left_at = -math.inf
        self._left_generation: int | None = None

    def beat(self) -> None:
        """The loop runs, and with it the group's heartbeat."""
        with self._lock:
            self._look()
            self._beat_at = self._clock()

    def leave(self, generation: int) -> None:
        """The group takes away what it gave in a generation, and asks who is awake before it gives out anew."""
        with self._lock:
            self._look()
            self._left_at, self._left_generation = self._clock(), generation

    def renew(self, generation: int) -> None:
        """The partitions of a generation are taken over. What was given before a sleep may be another's by now."""
        with self._lock:
            self._look()
            self._beat_at = self._clock()
            if self._left_at >= self._woke_at and generation != self._left_generation:
                self._lost_until = self._beat_at

    @property
    def holds(self) -> bool:
        """Whether the group has heard of this worker within its session."""
        with self._lock:
            self._look()
            return self._clock() >= self._lost_until

    def _look(self) -> None:
        now = self._clock()
        if now - self._beat_at > self._seconds_max:  # heartbeats tell within that time whether it was noticed
            self._lost_until, self._woke_at = now + self._seconds_max, now

    def require(self) -> None:
        """Raises AsleepError when it does not hold."""
        if not self.holds:
            raise AsleepError
        self._required_at = self._clock()

    def slept_since_required(self) -> float | None:
        """Seconds since ``require`` passed, if it would not now: the worker slept while a commit was being written."""
        return None if self.holds else self._clock() - self._required_at
