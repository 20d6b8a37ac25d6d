"""The partitions of a log as lists in memory, to be read as any log is."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.log.base import Logged
from pipeline.record import Record, parse_header


class MemoryLog:
    """A list for each partition; whoever needs an ``append`` adds one."""

    def __init__(self, partitions: int) -> None:
        self.records: list[list[Record]] = [[] for _ in range(partitions)]

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> list[Logged]:
        return [Logged(offset + n, one) for n, one in enumerate(self.records[partition][offset : offset + items_max])]

    def read_athlete(self, partition: int, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        for logged in self.read(partition, 0, items_max=end, bytes_max=1 << 30):
            if logged.record.athlete == athlete and parse_header(logged.record.header).tenant == tenant:
                yield logged

    def end_offset(self, partition: int) -> int:
        return len(self.records[partition])

    def first_offset(self, partition: int) -> int:
        return 0

    def close(self) -> None: ...
