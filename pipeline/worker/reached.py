"""How far both lanes are done, told by whoever writes the shard to those who wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# between two runs of the day-level lane that nobody waits for: sets that come one by one do not queue behind it, and
# where it takes long (a thousand athletes in every upload) most of the time still belongs to the uploads
REST_S = 0.5
REST_TIMES = 2.0


class Reached:
    """The offset below which both lanes have done the log. Told under the writer's lock, waited for by any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._offset = 0
        self._wanted: list[int] = []
        self._told_at = -REST_S
        self._working_s = 0.0  # since it was told last
        self._took_s = 0.0

    @property
    def offset(self) -> int:
        """Everything below it was in the tables, days included, when it was told."""
        return self._offset

    def tell(self, offset: int = 0) -> None:
        """Both lanes stand at ``offset``; without one only that something else changed."""
        with self._changed:
            self._offset = max(self._offset, offset)
            self._told_at = time.monotonic()
            if self._working_s:
                self._took_s, self._working_s = self._working_s, 0.0
            self._changed.notify_all()

    def is_wanted(self, offset: int) -> bool:
        """Whether somebody waits for no more than ``offset``, to whom the day-level lane is all that is missing.

        Uploads without end would keep that lane waiting for a quiet moment, and those readers with it.
        """
        with self._changed:
            return any(self._offset < wanted <= offset for wanted in self._wanted)

    def is_due(self) -> bool:
        """Whether the day-level lane has rested long enough to look at new marks now."""
        return time.monotonic() - self._told_at >= max(REST_S, REST_TIMES * self._took_s)

    @contextmanager
    def working(self) -> Iterator[None]:
        """A piece of a run: what they take together asks for rest, and not what was waited for between them."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._working_s += time.monotonic() - begun

    def waited(self, seconds: float) -> bool:
        """Whether nothing was told for so long."""
        return time.monotonic() - self._told_at >= seconds

    def wait(self, offset: int, done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``done``, which is asked after everything that is told; false when the time is over."""
        with self._changed:
            self._wanted.append(offset)
            try:
                return self._changed.wait_for(done, timeout_s)
            finally:
                self._wanted.remove(offset)
