"""What is judged against the upload: the zone of a time, whether a clock can be right, the version."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.errors import Reason
from pipeline.record import Header, instant_us
from pipeline.sources.local_time import Placed, place
from pipeline.sources.problems import Problem
from pipeline.sources.revisions import revision_kind
from schemas.events import AnyEvent, Event
from schemas.times import Moment, format_us, is_zone

DAY_US = 86_400_000_000
EARLIEST_US = 631_152_000_000_000  # 1990-01-01
FUTURE_US_MAX = DAY_US  # beyond the receipt


class RefusedItemError(Exception):
    """Carries a problem out of the depth of one event."""

    def __init__(self, reason: Reason, field: str | None, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(reason, field, message)


class Upload(NamedTuple):
    """What decoding needs of a header, parsed once."""

    source: str
    tz: str | None
    received_us: int
    admin: bool


def upload_of(header: Header) -> Upload:
    """The upload's facts; raises ValueError if ``received_at`` is no instant."""
    tz = header.tz if header.tz is not None and is_zone(header.tz) else None
    return Upload(header.source, tz, instant_us(header.received_at), header.admin)


def implausible(at_us: int, received_us: int) -> bool:
    """Whether no clock that is right can have said this."""
    return not EARLIEST_US <= at_us <= received_us + FUTURE_US_MAX


def placed_at(moment: Moment, field: str, tz: str | None, upload: Upload) -> Placed:
    """Instant and wall clock of ``moment``; raises RefusedItemError without a zone or at an impossible time."""
    placed = place(moment, tz, upload.tz)
    if placed is None:
        raise RefusedItemError(
            "missing_zone",
            field,
            f"`{field}` is a wall clock without a zone, so its instant is unknown. "
            "End it with an offset like +01:00, or add `timezone`.",
        )
    if implausible(placed.at_us, upload.received_us):
        raise RefusedItemError(
            "implausible_time",
            field,
            f"`{field}` is {format_us(placed.at_us)}Z: times before 1990 or more than 24 h after receipt are taken "
            "for a wrong clock. Set the device's clock and send the event again.",
        )
    return placed


def version_of(event: AnyEvent, source: str, upload: Upload) -> tuple[int, int]:
    """Rank and value of a version; raises RefusedItemError."""
    revision = event.revision if isinstance(event, Event) else None
    if revision is None:
        return 0, 0
    fixed = revision_kind(source)
    stated = "time" if isinstance(revision, Moment) else "int"
    if fixed is not None and fixed != stated:
        want = "an RFC 3339 time" if fixed == "time" else "a whole number"
        raise RefusedItemError(
            "revision_type",
            "revision",
            f"`revision` of source `{source}` must be {want}: the two kinds do not compare. Send the one it states.",
        )
    if not isinstance(revision, Moment):
        return 1, revision
    if revision.instant_us > upload.received_us + FUTURE_US_MAX or revision.wall_us < 0:
        raise RefusedItemError(
            "implausible_time",
            "revision",
            "`revision` is a time before 1970 or more than 24 h after receipt: it would lock the document. Correct it.",
        )
    return 1, revision.instant_us
