"""A record on which the process died three times is found and put aside as ``worker_crash``.

A small file beside the shard counts starts: it is written before a batch, so what it says of the
present offset at a start tells that the process ended in between. After three deaths the batch is
applied record by record; a single record with three deaths of its own is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.log.base import Logged

DEATHS_MAX = 3


class Attempts:
    """How often the process began at an offset without finishing; ``careful_until`` ends the single steps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset, self._deaths, self._careful_until, self._alone = self._read()

    def _read(self) -> tuple[int, int, int, bool]:
        try:
            stored = json.loads(self.path.read_text())
            return int(stored["offset"]), int(stored["starts"]), int(stored["careful_until"]), bool(stored["alone"])
        except (OSError, ValueError, KeyError, TypeError):
            return -1, 0, -1, False

    def apply(
        self,
        batch: Sequence[Logged],
        apply: Callable[[Sequence[Logged]], int],
        reject: Callable[[Logged], int],
    ) -> None:
        """Apply a batch, or only its first record while the culprit is looked for; or reject that record."""
        offset = batch[0].offset
        careful = offset < self._careful_until
        deaths = self._deaths if offset == self._offset and self._alone == careful else 0
        if not careful and deaths >= DEATHS_MAX:
            self._careful_until = batch[-1].offset + 1
            careful, deaths = True, 0
        if careful and deaths >= DEATHS_MAX:
            reject(batch[0])
        else:
            self._note(offset, deaths + 1, careful)
            apply(batch[:1] if careful else batch)
        self._offset, self._deaths = -1, 0

    def forgive(self) -> None:
        """The start failed for a reason that no record can cause, such as a full disk."""
        try:
            self._note(-1, 0, self._alone)
        except OSError:  # no room even for this: no note is better than one that counts a death which was none
            self.path.unlink(missing_ok=True)

    def again(self) -> None:
        """The same batch is tried once more in this life: that is no start of its own."""
        self._note(self._offset, self._deaths - 1, self._alone)

    def _note(self, offset: int, starts: int, alone: bool) -> None:
        self._offset, self._deaths, self._alone = offset, starts, alone
        temporary = self.path.with_suffix(".tmp")
        state = {"offset": offset, "starts": starts, "careful_until": self._careful_until, "alone": alone}
        temporary.write_text(json.dumps(state))
        temporary.replace(self.path)
