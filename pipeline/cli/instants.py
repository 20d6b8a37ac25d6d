"""Days and times that somebody types: read alike by all commands, in a zone that is said and never guessed."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, datetime
from zoneinfo import ZoneInfo

from pipeline.errors import UsageError


def day_or_time(text: str) -> date | datetime:
    """A day, or a time with or without an offset; raises UsageError."""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        if found.year in (MINYEAR, MAXYEAR):
            raise ValueError("in another zone it is beyond the calendar")
    except ValueError as error:
        raise UsageError(
            f"{text[:60]!r} is neither a day nor a time",
            "both are written year first, with two digits for month, day, hour and minute",
            "write 2026-12-01, or 2026-12-01T08:00+01:00",
        ) from error
    return found


def stated_day(text: str, option: str, example: str = "2026-12-01") -> date:
    """A day given to an option; raises UsageError, with a day that could be given."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text[:40]!r} is no day", do=f"write it like {example}") from error


def known_zone(name: str) -> ZoneInfo:
    """A zone of the IANA list; raises UsageError for another name."""
    from schemas.times import is_zone

    if not is_zone(name):
        raise UsageError(
            f"unknown time zone {name[:60]!r}", "it is not in the IANA list", "write it like Europe/Berlin"
        )
    return ZoneInfo(name)
