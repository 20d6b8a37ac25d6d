"""When a check-in was made that somebody notes later: another day, or another hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from pipeline.cli.instants import day_or_time, known_zone
from pipeline.errors import UsageError

END_OF_DAY = time(23, 59, 59)  # a day alone is its last word, so that it corrects what was noted on the day itself


class When(NamedTuple):
    """The instant of a check-in, the zone it counts in (None: by its offset, else the athlete's own), and its offset
    as it was written, where one was."""

    instant: datetime
    timezone: str | None = None
    written: str | None = None


def stated_time(text: str, tz: str | None, now: datetime, zone_of: Callable[[date], str | None]) -> When:
    """The time ``--at`` names; ``zone_of`` knows the athlete's zone on a day. Raises UsageError, for the future too."""
    given = day_or_time(text)
    if isinstance(given, datetime) and given.tzinfo is not None:
        # Z says no place, so the athlete's own decides; an offset is where the clock stood that was read
        written = None if tz or text.endswith(("Z", "z")) else given.isoformat(timespec="milliseconds")
        when = When(given.astimezone(UTC), tz, written)
    else:
        when = _on_the_wall(given, tz, now, zone_of)
    if when.instant > now:
        raise UsageError(
            f"{text[:60]!r} is in the future",
            f"it is {now:%Y-%m-%d %H:%M} UTC now",
            "give one that is past",
        )
    return when


def _on_the_wall(given: date, tz: str | None, now: datetime, zone_of: Callable[[date], str | None]) -> When:
    day = given.date() if isinstance(given, datetime) else given
    name = tz or zone_of(day)
    if name is None:
        raise UsageError(
            "a day and a clock mean another time in every zone",
            "nobody has said in which zone the athlete is",
            "add --tz, like --tz Europe/Berlin, or the offset to the time",
        )
    place = known_zone(name)
    if isinstance(given, datetime):
        return When(given.replace(tzinfo=place).astimezone(UTC), name)
    if day == now.astimezone(place).date():
        return When(now, name)
    return When(datetime.combine(day, END_OF_DAY, place).astimezone(UTC), name)
