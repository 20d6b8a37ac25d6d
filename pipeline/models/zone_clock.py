"""When the clocks of the zones in question change: what ends a local day, and dates an instant, after a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline.store.connection import Connection

REACH = timedelta(days=8)  # a muscle's clock runs 72 h; sessions and days add less than the rest
_STEP = timedelta(hours=12)
_ZONES = """
select zone, min(last_at), max(last_at)
from (
    select zone, last_at from session_in where zone is not null
    union all
    select p.timezone, s.last_at
    from session_in s
    join base.profile p on s.athlete_no = p.athlete_no
    where s.zone is null and p.timezone is not null
)
where last_at is not null
group by zone
"""
_COLUMNS = pa.schema(
    [
        ("zone", pa.string()),
        ("from_at", pa.timestamp("us")),
        ("to_at", pa.timestamp("us")),
        ("offset_s", pa.int32()),
        ("next_offset_s", pa.int32()),
    ]
)


class Stretch(NamedTuple):
    """From one clock change of a zone (or before the time asked for) to the next: instants in UTC, offsets in s."""

    from_at: datetime
    to_at: datetime
    offset_s: int
    next_offset_s: int


def note_zone_clock(connection: Connection) -> None:
    """``zone_clock``: the stretches that sessions of ``session_in`` ended in; empty if none of them ends soon after.

    Zones are those the sessions name, and those of their athletes. Mostly no clock changes near by, and the tables
    it is joined with are then not looked at.
    """
    found = {zone: stretches(zone, first, last + REACH) for zone, first, last in connection.execute(_ZONES).fetchall()}
    rows = [(zone, *one) for zone, all_of_it in found.items() for one in all_of_it]
    if len(rows) == len(found):  # one stretch each
        rows = []
    arrays = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), _COLUMNS, strict=False)]
    connection.register("zone_table", pa.Table.from_arrays(arrays, schema=_COLUMNS) if rows else _COLUMNS.empty_table())
    connection.execute("create or replace temp table zone_clock as select * from zone_table")
    connection.unregister("zone_table")


def stretches(zone: str, first: datetime, last: datetime) -> list[Stretch]:
    """The stretches of a zone's clock from ``first`` to ``last`` (UTC, without tzinfo), in order, without a gap."""
    changes = [
        change
        for year in range(first.year, last.year + 1)
        for change in _changes(zone, year)
        if first < change[0] <= last
    ]
    offset_s = _offset_s(ZoneInfo(zone), first)
    begins = [(datetime.min, offset_s), *changes]
    ends = [*changes, (datetime.max, begins[-1][1])]
    return [Stretch(at, end, offset, after) for (at, offset), (end, after) in zip(begins, ends, strict=True)]


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[datetime, int], ...]:
    """The clock changes of a zone in a year of UTC: instant, and the offset from then on."""
    info = ZoneInfo(zone)
    at, end = datetime(year, 1, 1) - timedelta(seconds=1), datetime(year + 1, 1, 1) - timedelta(seconds=1)
    offset_s = _offset_s(info, at)
    found = []
    while at < end:
        step = min(at + _STEP, end)
        if _offset_s(info, step) != offset_s:
            low, high = at, step  # the change lies in (low, high]
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                low, high = (middle, high) if _offset_s(info, middle) == offset_s else (low, middle)
            offset_s = _offset_s(info, high)
            found.append((high, offset_s))
            step = high
        at = step
    return tuple(found)


def _offset_s(zone: ZoneInfo, at: datetime) -> int:
    offset = at.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
