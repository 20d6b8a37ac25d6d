"""The record behind one small interface: append, read, end offset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, overload

import numpy as np
import numpy.typing as npt

from pipeline.headers import Headers
from pipeline.record import Record
from pipeline.records import Records

EMBEDDED_PARTITION = 0


class Logged(NamedTuple):  # one a record: a frozen dataclass takes half as long again to make
    """A record at its place in a partition."""

    offset: int
    record: Record


class Batch(Sequence[Logged]):
    """Records of a partition in ascending order of ``offsets`` (int64)."""

    def __init__(self, offsets: npt.NDArray[np.int64], records: Records) -> None:
        self.offsets, self.records = offsets, records

    @classmethod
    def of(cls, logged: Sequence[Logged]) -> Batch:
        """Some records as a batch; one that is a batch stays what it is."""
        if isinstance(logged, Batch):
            return logged
        return cls(np.array([one.offset for one in logged], np.int64), Records([one.record for one in logged]))

    @classmethod
    def join(cls, parts: Sequence[Batch]) -> Batch:
        """Several, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        offsets = np.concatenate([part.offsets for part in parts])
        return cls(offsets, parts[0].records.with_others([part.records for part in parts[1:]]))

    @property
    def headers(self) -> Headers:
        """What the records say of their uploads."""
        return self.records.headers

    @property
    def next_offset(self) -> int:
        """The offset behind the last record."""
        return int(self.offsets[-1]) + 1

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, place: int) -> Logged: ...

    @overload
    def __getitem__(self, place: slice) -> Batch: ...

    def __getitem__(self, place: int | slice) -> Logged | Batch:
        if isinstance(place, slice):
            return Batch(self.offsets[place], self.records[place])
        return Logged(int(self.offsets[place]), self.records[place])

    def since(self, offset: int) -> Batch:
        """The records from an offset on."""
        first = int(np.searchsorted(self.offsets, offset))
        return self[first:] if first else self

    def below(self, offset: int) -> Batch:
        """The records before an offset."""
        last = int(np.searchsorted(self.offsets, offset))
        return self[:last] if last < len(self) else self

    def within(self, *, items_max: int, bytes_max: int, record_bytes: int = 0) -> int:
        """How many from the first on hold so many items and bytes of payload at most, each ``record_bytes`` more.

        One is always within.
        """
        beyond = np.cumsum(self.records.item_counts()) > items_max
        beyond |= np.cumsum(self.records.payload_sizes() + record_bytes) > bytes_max
        return max(int(beyond.argmax()), 1) if beyond.any() else len(self)


class Log(Protocol):
    """An append-only log of upload records; offsets start at 0 and have no holes."""

    def append(self, records: Sequence[Record]) -> int:
        """Append durably, all or none; returns the end offset after the last record."""
        ...

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> Sequence[Logged]:
        """Records from ``offset`` on, at least one if there is any, up to the limits.

        ``bytes_max`` bounds what they take in memory, not their payloads alone.
        """
        ...

    def read_athlete(self, partition: int, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        """All records of one athlete below ``end``, in order."""
        ...

    def end_offset(self, partition: int) -> int:
        """The offset the next record will get."""
        ...

    def first_offset(self, partition: int) -> int:
        """The offset of the first record that is still there; 0 unless a retention took some away."""
        ...

    def close(self) -> None: ...
