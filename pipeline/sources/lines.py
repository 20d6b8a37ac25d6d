"""Items of several uploads side by side, and what those uploads say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.record import Header
from pipeline.sources.receipt import Upload, upload_of

_AT_ONCE_MIN = 8  # below this, column work costs more than it saves
_LENGTHS = {len("2026-11-28T10:00:00Z"), len("2026-11-28T10:00:00.000000Z")}  # as the gateway writes them


class Uploads:
    """What decoding needs of some headers: one by one for the models, as columns where every item is an upload.

    ``problems``: by number, why a header cannot be used; its columns hold nothing of worth then.
    """

    def __init__(self, headers: Sequence[Header | None], problems: dict[int, str] | None = None) -> None:
        self.problems: dict[int, str] = dict(problems or {})
        self._headers, self._known = headers, dict[int, Upload]()
        self.with_zone = np.zeros(len(headers), np.bool_)  # one came with the import
        received_us = self._received_at_once()
        if received_us is None:
            found = [self._read(number) for number in range(len(headers))]
            self.with_zone[:] = [upload is not None and upload.tz is not None for upload in found]
            received_us = np.array([0 if upload is None else upload.received_us for upload in found], np.int64)
        self.received_us = received_us

    def __len__(self) -> int:
        return len(self._headers)

    def __getitem__(self, number: int) -> Upload:
        found = self._known.get(number)
        if found is None:
            header = self._headers[number]
            assert header is not None, "a header that cannot be read has a problem"
            found = self._known[number] = upload_of(header)
        return found

    def _received_at_once(self) -> npt.NDArray[np.int64] | None:
        """None where they must be looked at one by one: few, with a zone, or not as the gateway writes them."""
        headers = [header for header in self._headers if header is not None and header.tz is None]
        if not _AT_ONCE_MIN <= len(headers) == len(self):
            return None
        try:
            texts = pa.array([header.received_at for header in headers], pa.string())
            if set(pc.utf8_length(texts).unique().to_pylist()) - _LENGTHS:
                return None
            times = texts.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        except (pa.ArrowException, TypeError, ValueError):
            return None
        found: npt.NDArray[np.int64] = times.to_numpy(zero_copy_only=False)
        return found

    def _read(self, number: int) -> Upload | None:
        if number not in self.problems:
            try:
                return self[number]
            except (ValueError, TypeError, AttributeError) as problem:
                self.problems[number] = str(problem)
        return None

    @cached_property
    def sources(self) -> pa.Array:
        """The source of items that name none."""
        return pa.array(["" if header is None else header.source for header in self._headers], pa.string())


@dataclass(slots=True)
class Lines:
    """Line ``i`` is item ``items[i]`` of record ``records[i]`` and came with ``uploads[upload_no[i]]``."""

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
