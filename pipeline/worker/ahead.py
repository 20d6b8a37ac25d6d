"""Decoding ahead: what was fetched is read into columns while the batch before it is applied.

Decoding is pure, so this saves time and changes nothing: what was not decoded here is decoded when it is applied. A
record on which the process dies must be found there, where deaths are counted; so a file says how far it was read
ahead, and a process that finds one reads nothing ahead until it is past that.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from pipeline.log.base import Batch
from pipeline.sources.columns import Decoded
from pipeline.worker.apply import decode_batch
from pipeline.worker.handover import ROW_BYTES, Handover

BYTES_MAX = 1_000_000 * ROW_BYTES  # of columns: what waits, what is applied and the fetch after them


class Ahead:
    """The columns of one partition's next records. Safe from two threads: one decodes, the other takes."""

    def __init__(self, path: Path) -> None:
        self._path, self._handover = path, Handover(BYTES_MAX)
        self._from = self._reached()

    def _reached(self) -> int:
        try:
            return int(self._path.read_text())
        except FileNotFoundError:
            return 0
        except (OSError, ValueError):  # nobody knows how far: not at all
            return 1 << 62

    def decode(self, batch: Batch) -> None:
        """Decode records that follow each other, unless a process died around them."""
        if not batch or batch.offsets[0] < self._from:
            return
        with contextlib.suppress(Exception):  # whoever applies them meets it again, and tells
            self._path.write_text(str(batch.next_offset))
            self._handover.put(int(batch.offsets[0]), len(batch), decode_batch(batch))

    def columns_of(self, batch: Batch) -> Decoded:
        """The columns of a batch without a hole."""
        return self._handover.columns_of(batch)

    def close(self) -> None:
        """This process ends in order."""
        self._path.unlink(missing_ok=True)
