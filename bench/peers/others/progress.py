"""How a contestant says how far it is: lines of JSON in a file, written at once, so that a kill loses none.

``began`` when the first record is in hand, ``committed`` after a commit, ``done`` after the commit of the last
record. ``at`` is the machine's monotonic clock in seconds, the same for all processes; ``cpu`` the seconds of
processor time this process took so far; ``handled`` how many records it stored or found stored already.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

DIE_AT = "BENCH_DIE_AT"


class Progress:
    """Lines of one process. ``ends``: by partition, the offset after the last record it is to read.

    With ``BENCH_DIE_AT`` in the environment the process kills itself at the commit that reaches this offset: the
    table has the batch then, and nothing that follows (offsets, acknowledgements) is done.
    """

    def __init__(self, path: Path, ends: dict[int, int], every_s: float = 0.0) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._missing = {number for number, end in ends.items() if end}
        self._ends, self._every_s = ends, every_s
        self._die_at = int(os.environ.get(DIE_AT) or 1 << 62)
        self._told_at = 0.0
        self._began = False
        self.handled = 0

    @property
    def done(self) -> bool:
        """Whether all it was to read is stored."""
        return not self._missing

    def began(self) -> None:
        """A record is in hand; only the first call counts."""
        if not self._began:
            self._began = True
            self.say("began")

    def committed(self, next_offset: int, records: int, partition: int = 0) -> None:
        """So many records more are stored, up to ``next_offset``."""
        self.handled += records
        now = time.monotonic()
        dies = next_offset >= self._die_at
        if next_offset >= self._ends.get(partition, 0):
            self._missing.discard(partition)
        if now - self._told_at >= self._every_s or not self._missing or dies:
            self._told_at = now
            self.say("committed", next=next_offset, partition=partition)
            if not self._missing:
                self.say("done")
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)

    def say(self, what: str, **more: int) -> None:
        """Write one line."""
        line = {"what": what, "at": time.monotonic(), "cpu": time.process_time(), "handled": self.handled, **more}
        os.write(self._file, json.dumps(line).encode() + b"\n")
