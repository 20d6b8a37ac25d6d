"""The error tree. Every message says what happened, why, and what to do."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "invalid_json",
    "invalid_type",
    "unknown_field",
    "missing_unit",
    "missing_zone",
    "out_of_range",
    "implausible_time",
    "revision_type",
    "too_large",
    "unsupported",
    "worker_crash",
]


class SpotterError(Exception):
    """Base of all errors a user can meet; ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        self.what, self.why, self.do = what, why, do
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.do:
            lines.append(f"  do:  {self.do}")
        return "\n".join(lines)


class UsageError(SpotterError):
    """The call itself is wrong (exit code 2)."""

    exit_code = 2


class RefusedError(SpotterError):
    """A whole file or request is refused; nothing of it was taken."""


class UnitNeededError(RefusedError):
    """A weight has no stated unit and none was given."""


class ZoneNeededError(RefusedError):
    """Wall-clock times without a zone, and none was given."""


class StorageError(SpotterError):
    """A log or shard cannot be read or written."""


class DiskFullError(StorageError):
    """There is no room to write; what was committed is whole, and it goes on when there is room."""


class BusyError(StorageError):
    """Another process owns the data folder and does not answer."""


class DamagedError(StorageError):
    """A shard is unreadable or inconsistent; it is put aside and rebuilt."""


class GapError(StorageError):
    """The log has a hole before the next offset, so going on would lose records."""


class BehindError(GapError):
    """The log's retention took records that the tables do not have."""

    @classmethod
    def of(cls, log_name: str, partition: int, next_offset: int, first_offset: int) -> BehindError:
        """For tables that end at ``next_offset`` and a log that begins at ``first_offset``."""
        return cls(
            f"{log_name}, partition {partition}: records {next_offset} to {first_offset - 1} are gone",
            "the topic's retention took them before the tables had them, and no snapshot reaches beyond them",
            "set SPOTTER_SNAPSHOTS to the store that holds a newer snapshot of it, or put a copy of its shard"
            " in place; then raise the retention (`spotter topics describe`)",
        )


class QueryError(SpotterError):
    """A query of a reader was refused or failed."""
