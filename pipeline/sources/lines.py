"""Items of several uploads side by side, and what those uploads say of themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
        self.received_us = self._received_us()

    def __len__(self) -> int:
        return len(self._headers)

    def __getitem__(self, number: int) -> Upload:
        found = self._known.get(number)
        if found is None:
            header = self._headers[number]
            assert header is not None, "a header that cannot be read has a problem"
            found = self._known[number] = upload_of(header)
        return found

    def _received_us(self) -> npt.NDArray[np.int64]:
        if len(self) >= _AT_ONCE_MIN:
            with contextlib.suppress(pa.ArrowException, ValueError, TypeError, AttributeError):
                return self._received_at_once()
        return np.array([self._received_of(number) for number in range(len(self))], np.int64)

    def _received_at_once(self) -> npt.NDArray[np.int64]:
        """Raises where they must be looked at one by one."""
        headers = [header for header in self._headers if header is not None and header.tz is None]
        texts = [header.received_at for header in headers]
        if len(texts) < len(self) or {len(text) for text in texts} - _LENGTHS:
            raise ValueError("not all are as the gateway writes them without a zone")
        times = pa.array(texts, pa.string()).cast(pa.timestamp("us", "UTC"))
        found: npt.NDArray[np.int64] = times.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return found

    def _received_of(self, number: int) -> int:
        if number in self.problems:
            return 0
        try:
            return self[number].received_us
        except (ValueError, TypeError, AttributeError) as problem:
            self.problems[number] = str(problem)
            return 0

    @cached_property
    def sources(self) -> pa.Array:
        """The source of items that name none."""
        return pa.array(["" if header is None else header.source for header in self._headers], pa.string())

    @cached_property
    def with_zone(self) -> npt.NDArray[np.bool_]:
        """Whether a zone came with the import."""
        found = (number not in self.problems and self._zone_of(number) for number in range(len(self)))
        return np.fromiter(found, np.bool_, len(self))

    def _zone_of(self, number: int) -> bool:
        header = self._headers[number]
        return header is not None and header.tz is not None and self[number].tz is not None


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
