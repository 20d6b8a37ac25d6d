"""Instants, wall clocks and zones (design.md 8), with nothing but the standard library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_microseconds(text: str) -> int:
    """An RFC 3339 time as microseconds since 1970."""
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Time:
    """An instant and, where its zone is stated, the wall clock there."""

    at: datetime
    local: datetime | None
    zone: str | None = None  # its name, where the event or the import states one


def read_time(text: str, timezone: str | None, tz: str | None) -> Time | None:
    """The time an event states; null if it is a wall clock without any zone.

    The ladder of the wall clock: the event's ``timezone``, the numeric offset, the import's ``tz``.
    """
    zulu = text[-1] in "Zz" or text.endswith("-00:00")  # both state an instant and no place
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    zone = timezone or (tz if zulu or moment.tzinfo is None else None)
    if moment.tzinfo is None:
        if zone is None:
            return None
        at = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return Time(at, wall(at, zone), zone)
    at = moment.astimezone(UTC)
    if zone is not None:
        return Time(at, wall(at, zone), zone)
    return Time(at, None if zulu else moment.replace(tzinfo=None))


def day_end(day: date, zone: str | None, offset: timedelta) -> datetime:
    """The instant at which a local day ends, by the zone's clock or at a fixed offset."""
    midnight = datetime.combine(day + timedelta(1), time())
    if zone is None:
        return (midnight - offset).replace(tzinfo=UTC)
    return midnight.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(at: datetime, zone: str) -> datetime:
    """The wall clock in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@dataclass(frozen=True)
class Zones:
    """The zones of one athlete: (first day in force or null, zone), later entries win."""

    history: tuple[tuple[date | None, str], ...]

    def in_force(self, at: datetime) -> str | None:
        zone = None
        for since, name in self.history:
            if since is None or wall(at, name).date() >= since:
                zone = name
        return zone

    def at_home(self, at: datetime, local: datetime) -> str | None:
        """The zone in force, if its clock is the one that showed ``local``."""
        zone = self.in_force(at)
        return zone if zone and wall(at, zone) == local else None

    def local(self, time: Time) -> datetime | None:
        """The wall clock of a time, null while no zone is known."""
        if time.local is not None:
            return time.local
        zone = self.in_force(time.at)
        return wall(time.at, zone) if zone else None


def zones_of(events: list[dict[str, Any]]) -> Zones:
    """The zones that ``athlete`` events (in the order of their versions) put in force."""
    dated = [
        (date.fromisoformat(event["timezone_from"]) if event.get("timezone_from") else None, event["timezone"])
        for event in events
    ]
    return Zones(tuple(sorted(dated, key=lambda entry: entry[0] or date.min)))
