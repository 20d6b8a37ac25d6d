"""The record behind one small interface: append, read, end offset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from pipeline.record import Record

EMBEDDED_PARTITION = 0


class Logged(NamedTuple):  # one a record: a frozen dataclass takes half as long again to make
    """A record at its place in a partition."""

    offset: int
    record: Record


class Log(Protocol):
    """An append-only log of upload records; offsets start at 0 and have no holes."""

    def append(self, records: Sequence[Record]) -> int:
        """Append durably, all or none; returns the end offset after the last record."""
        ...

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> list[Logged]:
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
