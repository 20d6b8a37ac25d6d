"""Local times of a channel: quiet hours, the daily digest, the local day. All answers are instants in UTC.

A local time that a clock change skips is taken as the instant at which it would have been, one that happens twice as
the first that still lies ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, begin: str, end: str, zone: str) -> datetime | None:
    """When the quiet hours that hold ``now`` end; None outside of them. ``begin`` after ``end``: over midnight."""
    local = now.astimezone(ZoneInfo(zone))
    at, first, last = local.time().replace(tzinfo=None), time.fromisoformat(begin), time.fromisoformat(end)
    if first <= last:
        if not first <= at < last:
            return None
    elif last <= at < first:
        return None
    return next_time(now, end, zone)


def next_time(now: datetime, at: str, zone: str) -> datetime:
    """The next instant after ``now`` at which clocks of the zone show ``at``."""
    place = ZoneInfo(zone)
    day = now.astimezone(place).date()
    for ahead in (0, 1, 2):
        local = datetime.combine(day + timedelta(days=ahead), time.fromisoformat(at))
        for fold in (0, 1):
            instant = local.replace(tzinfo=place, fold=fold).astimezone(UTC)
            if instant > now and _is_shown(instant, local, place, fold):
                return instant
    raise AssertionError("every local time comes within two days")


def _is_shown(instant: datetime, local: datetime, place: ZoneInfo, fold: int) -> bool:
    """Whether the clock shows that time then; a skipped time counts once."""
    shown = instant.astimezone(place).replace(tzinfo=None)
    return shown == local or fold == 0


def day_of(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The local day that holds ``now``: [begin, end)."""
    place = ZoneInfo(zone)
    day = now.astimezone(place).date()
    begin, end = (datetime.combine(one, time(), tzinfo=place).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return begin, end
