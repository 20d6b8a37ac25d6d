"""Records side by side: what a batch needs of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from pipeline.headers import Headers
from pipeline.record import ITEM_BYTES, Record

Int64s = npt.NDArray[np.int64]


class Records(Sequence[Record]):
    """Some records, with their headers as columns."""

    def __init__(self, records: list[Record], headers: Headers | None = None) -> None:
        self._records, self._headers = records, headers

    @classmethod
    def of(cls, records: Sequence[Record]) -> Records:
        """Some records side by side; what is that already stays what it is."""
        return records if isinstance(records, Records) else Records(list(records))

    @property
    def headers(self) -> Headers:
        """What the records say of their uploads."""
        if self._headers is None:
            self._headers = Headers.of(self.raw_headers())
        return self._headers

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> Records: ...

    def __getitem__(self, place: int | slice) -> Record | Records:
        if isinstance(place, slice):
            first, last, _ = place.indices(len(self))
            return self.cut(first, max(first, last)) if last - first < len(self) else self
        return self._at(place)

    def _at(self, place: int) -> Record:
        return self._records[place]

    def cut(self, first: int, last: int) -> Records:
        """The records from ``first`` up to, not including, ``last``."""
        return Records(self._records[first:last], self._cut_headers(first, last))

    def _cut_headers(self, first: int, last: int) -> Headers | None:
        return None if self._headers is None else self._headers.cut(first, last)

    def with_others(self, others: Sequence[Records]) -> Records:
        """These and others, one behind the other."""
        return Records([record for part in (self, *others) for record in part], self._join_headers(others))

    def _join_headers(self, others: Sequence[Records]) -> Headers:
        return Headers.join([part.headers for part in (self, *others)])

    def without_payloads(self) -> Records:
        """The same, once what they hold is decoded."""
        return Records([record._replace(payload=b"") for record in self], self._headers)

    def raw_headers(self) -> list[bytes]:
        """The header of each as it was written."""
        return [record.header for record in self._records]

    def payloads(self) -> list[bytes]:
        """The payload of each."""
        return [record.payload for record in self._records]

    def items(self) -> list[bytes]:
        """The packed indexes of the items of each."""
        return [record.items for record in self._records]

    def item_counts(self) -> Int64s:
        """How many items each has."""
        return np.fromiter(map(len, self.items()), np.int64, len(self)) // ITEM_BYTES

    def payload_sizes(self) -> Int64s:
        """Of each, in bytes."""
        return np.fromiter(map(len, self.payloads()), np.int64, len(self))
