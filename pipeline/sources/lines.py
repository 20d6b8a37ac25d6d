"""Items of several uploads side by side, and what those uploads say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.headers import Headers
from pipeline.sources.receipt import Upload
from schemas.times import is_zone


class Uploads:
    """What decoding needs of the headers of some records: one by one for the models, and as columns."""

    def __init__(self, headers: Headers) -> None:
        self.headers, self.received_us = headers, headers.received_us
        self._zones = [one.tz if one.tz is not None and is_zone(one.tz) else None for one in headers.shared]
        self.with_zone = np.array([zone is not None for zone in self._zones], np.bool_)[headers.shared_no]

    def __len__(self) -> int:
        return len(self.headers)

    def __getitem__(self, record: int) -> Upload:
        number = int(self.headers.shared_no[record])
        shared = self.headers.shared[number]
        return Upload(shared.source, self._zones[number], int(self.received_us[record]), shared.admin)

    @cached_property
    def source(self) -> str | None:
        """The source of items that name none, where that is one for all."""
        found = {shared.source for shared in self.headers.shared}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def sources(self) -> pa.Array:
        """The same of every record."""
        return self.headers.column("source")


@dataclass(slots=True)
class Lines:
    """Line ``i`` is item ``items[i]`` of record ``records[i]``, whose upload is ``uploads[upload_no[i]]``."""

    lines: Sequence[bytes]
    records: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    uploads: Uploads
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
