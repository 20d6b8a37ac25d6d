"""Instants to wall clocks and back, for whole columns at once.

The rules of a zone are read once per (zone, year) into a short table of offsets; a column is then a
binary search. Ambiguous wall clocks mean the first of the two (fold 0); a skipped one moves forward.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from pipeline.sources.columns import ZONE_EVENT, ZONE_IMPORT, ZONE_NONE, ZONE_OFFSET
from schemas.times import Moment

Int64s = npt.NDArray[np.int64]

_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_MIN, _YEAR_MAX = 1900, 2200
_STEP = timedelta(hours=12)


class _Rules(NamedTuple):
    """Offsets of a zone in one year and the days around it, in microseconds."""

    starts: list[int]  # instants from which offsets[i] holds
    walls: list[int]  # wall clocks from which offsets[i] holds
    offsets: list[int]
    starts_array: Int64s
    walls_array: Int64s
    offsets_array: Int64s


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset.days * 86400 + offset.seconds


@lru_cache(maxsize=20_000)
def _rules(name: str, year: int) -> _Rules:
    zone = ZoneInfo(name)
    at = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=3)
    end = datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=3)
    before_s = int((at - _EPOCH).total_seconds())
    offset = _offset_s(zone, before_s)
    starts, offsets = [before_s], [offset]
    while at < end:
        at += _STEP
        after_s = int((at - _EPOCH).total_seconds())
        after = _offset_s(zone, after_s)
        if after != offset:
            low, high = before_s, after_s  # the change lies in (low, high]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset_s(zone, middle) == offset else (low, middle)
            starts.append(high)
            offsets.append(after)
            offset = after
        before_s = after_s
    walls = [starts[0] + offsets[0]]
    walls += [starts[i] + max(offsets[i - 1], offsets[i]) for i in range(1, len(starts))]
    starts, walls, offsets = ([value * _US for value in column] for column in (starts, walls, offsets))
    arrays = (np.array(column, dtype=np.int64) for column in (starts, walls, offsets))
    return _Rules(starts, walls, offsets, *arrays)


def _year(us: int) -> int:
    days = us // (86400 * _US)
    if not -25_000 < days < 84_000:  # 1901 to 2199
        return _YEAR_MIN if days < 0 else _YEAR_MAX
    return (_EPOCH + timedelta(days=days)).year


def _by_year(zone: str, us: Int64s, walls: bool) -> Int64s:
    """The offset of every row, in microseconds."""
    offsets = np.empty(len(us), dtype=np.int64)
    years = np.clip(us.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970, _YEAR_MIN, _YEAR_MAX)
    for year in np.unique(years):
        rules = _rules(zone, int(year))
        rows = years == year
        keys = rules.walls_array if walls else rules.starts_array
        found = np.searchsorted(keys, us[rows], side="right") - 1
        offsets[rows] = rules.offsets_array[np.maximum(found, 0)]
    return offsets


def to_local_us(zone: str, at_us: Int64s) -> Int64s:
    """Wall clocks of instants in ``zone``; both in microseconds, raises ZoneInfoNotFoundError."""
    return at_us + _by_year(zone, at_us, walls=False)


def to_utc_us(zone: str, local_us: Int64s) -> Int64s:
    """Instants of wall clocks in ``zone``; both in microseconds, raises ZoneInfoNotFoundError."""
    return local_us - _by_year(zone, local_us, walls=True)


def local_of(zone: str, at_us: int) -> int:
    """``to_local_us`` of one instant."""
    rules = _rules(zone, _year(at_us))
    return at_us + rules.offsets[max(bisect_right(rules.starts, at_us) - 1, 0)]


def utc_of(zone: str, local_us: int) -> int:
    """``to_utc_us`` of one wall clock."""
    rules = _rules(zone, _year(local_us))
    return local_us - rules.offsets[max(bisect_right(rules.walls, local_us) - 1, 0)]


class Placed(NamedTuple):
    """A moment on the time line: instant, wall clock (null until a zone is known) and where that comes from.

    ``zone``: the name, where the event or the import states one.
    """

    at_us: int
    local_us: int | None
    zone_kind: int
    zone: str | None = None

    def later(self, us: int) -> Placed:
        """The moment so many microseconds after it."""
        at_us = self.at_us + us
        if self.zone is not None:
            return self._replace(at_us=at_us, local_us=local_of(self.zone, at_us))
        return self._replace(at_us=at_us, local_us=None if self.local_us is None else self.local_us + us)


def place(moment: Moment, event_zone: str | None, import_zone: str | None) -> Placed | None:
    """Instant and wall clock of a moment, by the ladder event zone, numeric offset, import zone.

    Null if the moment is a bare wall clock and no zone is known.
    """
    if moment.is_instant:
        at_us = moment.instant_us
        if event_zone is not None:
            return Placed(at_us, local_of(event_zone, at_us), ZONE_EVENT, event_zone)
        if moment.offset_s is not None:
            return Placed(at_us, moment.wall_us, ZONE_OFFSET)
        if import_zone is not None:
            return Placed(at_us, local_of(import_zone, at_us), ZONE_IMPORT, import_zone)
        return Placed(at_us, None, ZONE_NONE)
    zone = event_zone or import_zone
    if zone is None:
        return None
    at_us = utc_of(zone, moment.wall_us)
    return Placed(at_us, local_of(zone, at_us), ZONE_EVENT if event_zone is not None else ZONE_IMPORT, zone)
