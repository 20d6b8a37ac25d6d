"""What a decoder of vendor files is: how a file is recognised, cut into workouts, and turned into events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, Protocol

from pipeline.errors import Reason, RefusedError
from pipeline.record import RECORD_BYTES_MAX, Header
from pipeline.sources.ignored import IgnoredReason

HEAD_BYTES = 64 << 10  # what a file is recognised by
FILE_BYTES_MAX = 64 << 20  # of an unpacked file
FILE_ROWS_MAX = 300_000  # ten times a long life of logging
FILE_WORKOUTS_MAX = 20_000
PART_BYTES_MAX = RECORD_BYTES_MAX


@dataclass(slots=True)
class ImportContext:
    """What the sender says about a file: IANA zone of wall clocks, unit of weights without one, whose it is.

    ``warnings`` collects what concerns the file as a whole.
    """

    tz: str | None = None
    unit: str | None = None
    athlete: str = ""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Say it once per file."""
        if text not in self.warnings:
            self.warnings.append(text)


class Part(NamedTuple):
    """One workout of a file (or what belongs to none), decodable without the others.

    ``items`` are the numbers of its rows in the file, in the order of the payload.
    """

    payload: bytes
    items: list[int]
    title: str


class VendorEvent(NamedTuple):
    """A contract event without athlete and source; ``item`` is its first row.

    ``rows`` are the rows of its sets, in their order (empty for an event that is one item itself).
    """

    item: int
    event: dict[str, Any]
    rows: tuple[int, ...] = ()


class RowProblem(NamedTuple):
    """A row that is not taken, and why."""

    item: int
    reason: Reason
    field: str | None
    message: str
    excerpt: str


class RowIgnored(NamedTuple):
    """A row that is no reading, such as a rest timer."""

    item: int
    reason: IgnoredReason


class RowNote(NamedTuple):
    """A row that was taken with a change."""

    item: int
    message: str


@dataclass(slots=True)
class VendorDecoded:
    """What one part yields. Rows of the part = rows of sets + ignored + rejected."""

    events: list[VendorEvent] = field(default_factory=list)
    rejected: list[RowProblem] = field(default_factory=list)
    ignored: list[RowIgnored] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)


class RowError(Exception):
    """Carries the problem of one row out of the depth of its reading."""

    def __init__(self, reason: Reason, field: str | None, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.field = field
        self.message = message


def check_size(rows: int, workouts: int) -> None:
    """Raises RefusedError for a file beyond all measure, before anything is made of it."""
    if rows > FILE_ROWS_MAX or workouts > FILE_WORKOUTS_MAX:
        raise RefusedError(
            "the file holds more than a log can",
            f"it has {rows:,} rows and {workouts:,} workouts; the most are {FILE_ROWS_MAX:,} and {FILE_WORKOUTS_MAX:,}",
            "check that it is one person's log, and split it by years",
        )


class VendorDecoder(Protocol):
    """Pure functions between a vendor's bytes and events. Nothing but SpotterError leaves ``parts``."""

    @property
    def name(self) -> str:
        """What ``Header.decoder`` holds, such as ``hevy.csv``."""

    @property
    def source(self) -> str:
        """The vendor; all doors of one vendor share it."""

    @property
    def app(self) -> str:
        """What people call it."""

    @property
    def reads(self) -> str:
        """What is taken of a file, in words, for the page of sources."""

    @property
    def not_taken(self) -> tuple[tuple[str, str], ...]:
        """What a file may hold beside it, and why that is left out."""

    @property
    def origin(self) -> int:
        """One of ``columns.ORIGIN_*``."""

    def recognise(self, head: bytes) -> bool:
        """Whether the first bytes of a file carry this format's signature."""

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """Cut a file into workouts; raises RefusedError, UnitNeededError or ZoneNeededError for the whole file."""

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        """The events of one part; raises ValueError if the payload is none of ``parts``."""
