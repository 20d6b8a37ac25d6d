"""Items of several uploads side by side, and which of them to read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.sources.receipt import Upload


@dataclass(slots=True)
class Lines:
    """Line ``i`` is item ``items[i]`` of record ``records[i]`` and came with ``uploads[upload_no[i]]``."""

    lines: Sequence[bytes]
    records: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    uploads: Sequence[Upload]
    upload_no: npt.NDArray[np.int32]

    def part(self, rows: npt.NDArray[np.int64]) -> Lines:
        """Only the lines ``rows``, in that order."""
        lines = self.lines
        return Lines(
            [lines[row] for row in rows.tolist()],
            self.records[rows],
            self.items[rows],
            self.uploads,
            self.upload_no[rows],
        )

    def cut(self, first: int, last: int) -> Lines:
        """The lines from ``first`` up to, not including, ``last``."""
        return Lines(
            self.lines[first:last],
            self.records[first:last],
            self.items[first:last],
            self.uploads,
            self.upload_no[first:last],
        )
