"""The reasons to reject an item that the generator can produce (contract.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.times import read_time

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(hours=24)
WEIGHT_KG_MAX = 2000
REPS_MAX = 1000


def bad_event(event: dict[str, Any], received_at: datetime, tz: str | None, admin: bool) -> str | None:
    """The reason an event is rejected as a whole, or null."""
    if event["kind"] == "tick" and not admin:
        return "unsupported"
    for name in ("performed_at", "start", "end", "measured_at", "checked_at", "now_at"):
        reason = _bad_time(event.get(name), event.get("timezone"), received_at, tz)
        if reason:
            return reason
    return _bad_fields(event)


def good_sets(
    event: dict[str, Any], received_at: datetime, tz: str | None
) -> tuple[list[dict[str, Any] | None], list[str]]:
    """The sets of a session document, bad ones as null (the numbers of the others stay), and the reasons."""
    kept: list[dict[str, Any] | None] = []
    reasons = []
    for entry in event["sets"]:
        reason = _bad_time(entry.get("performed_at"), event.get("timezone"), received_at, tz) or _bad_fields(entry)
        kept.append(None if reason else entry)
        if reason:
            reasons.append(reason)
    return kept, reasons


def _bad_time(text: str | None, timezone: str | None, received_at: datetime, tz: str | None) -> str | None:
    if text is None:
        return None
    time = read_time(text, timezone, tz)
    if time is None:
        return "missing_zone"
    if time.at > received_at + AHEAD_MAX or time.at < EARLIEST:
        return "implausible_time"
    return None


def _bad_fields(fields: dict[str, Any]) -> str | None:
    weight = fields.get("weight")
    if weight is not None:
        if "unit" not in weight:
            return "missing_unit"
        limit = WEIGHT_KG_MAX if weight["unit"] == "kg" else WEIGHT_KG_MAX / 0.45359237
        if not 0 <= weight["value"] <= limit:
            return "out_of_range"
    if not 0 <= fields.get("reps", 0) <= REPS_MAX:
        return "out_of_range"
    return None
