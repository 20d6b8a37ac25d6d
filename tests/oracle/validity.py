"""The reasons to reject an item that random histories and hand-made cases can produce (contract.md)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from tests.oracle.times import read_time

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(hours=24)
EAST = timedelta(hours=14)  # where a day begins first
SLEEP_MAX = timedelta(hours=48)
ZONES = available_timezones()
WEIGHT_KG_MAX = 2000
REPS_MAX = 1000
INTERVAL_MS_MAX = 65_535


def bad_event(event: dict[str, Any], received_at: datetime, tz: str | None, admin: bool) -> str | None:
    """The reason an event is rejected as a whole, or null."""
    if event["kind"] == "tick" and not admin:
        return "unsupported"
    if event.get("timezone", "UTC") not in ZONES:
        return "invalid_type"
    for name in ("performed_at", "start", "end", "measured_at", "checked_at", "now_at"):
        reason = _bad_time(event.get(name), event.get("timezone"), received_at, tz)
        if reason:
            return reason
    if event["kind"] == "sleep":
        start, end = (read_time(event[name], event.get("timezone"), tz) for name in ("start", "end"))
        assert start and end
        if not timedelta(0) < end.at - start.at <= SLEEP_MAX:
            return "out_of_range"
    return _bad_day(event, received_at) or _bad_fields(event)


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


def _bad_day(event: dict[str, Any], received_at: datetime) -> str | None:
    """A day that no right clock can state; declared days may lie in the future."""
    for name in ("day", "night", "from_day"):
        if name in event:
            day = date.fromisoformat(event[name])
            if day < EARLIEST.date() or (name != "from_day" and day > (received_at + AHEAD_MAX + EAST).date()):
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
    if not all(0 <= beat <= INTERVAL_MS_MAX for beat in fields.get("rr_ms", ())):
        return "out_of_range"
    return None
