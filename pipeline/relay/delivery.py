"""One message for one channel, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

Status = Literal["due", "sending", "in digest", "sent", "failed", "dropped"]
UNDONE = ("due", "sending", "in digest")
COLUMNS = (
    "channel_id, message_id, kind, alert_id, revision, tenant_id, athlete_id, severity, status, attempts, next_at,"
    " bundled, digest_id, body, answer, created_at, first_at, done_at"
)


class Known(NamedTuple):
    """The state in which an alert was taken in last."""

    revision: str
    state: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one channel. Instants are in UTC; ``first_at`` is that of the first attempt."""

    channel_id: str
    message_id: str
    kind: str
    alert_id: str | None = None
    revision: str | None = None
    tenant: str = ""
    athlete: str | None = None
    severity: str = "info"
    status: str = "due"
    attempts: int = 0
    next_at: datetime | None = None
    bundled: bool = False
    digest_id: str | None = None
    body: str = ""
    answer: str | None = None
    created_at: datetime | None = None
    first_at: datetime | None = None
    done_at: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether the receiver may have it."""
        return self.attempts > 0


def text_of(at: datetime | None) -> str | None:
    """Instants as text of equal length, so that they compare as such."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def delivery_of(row: tuple[Any, ...]) -> Delivery:
    """A row of ``COLUMNS``."""
    values = list(row)
    for place in (10, 15, 16, 17):
        values[place] = datetime.fromisoformat(values[place]) if values[place] else None
    values[11] = bool(values[11])
    return Delivery(*values)
