"""Wall clocks of instants given in Z: the athlete's zone in force decides (design.md 8)."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.sources.columns import ZONE_ATHLETE, ZONE_NONE
from pipeline.sources.local_time import to_local_us
from pipeline.store.connection import Connection

Ints = npt.NDArray[np.int64]
History = list[tuple[int, str]]  # from this instant on (microseconds, UTC), this zone

_EPOCH = datetime(1970, 1, 1)
_LIVING = """
select e.athlete_no, e.doc_key, e.payload, d.rank, d.value, d.log_offset, d.item_index
from base.event_log e
join base.document d on e.athlete_no = d.athlete_no and e.doc_key = d.doc_key
join changed_profile c on e.athlete_no = c.athlete_no
where e.kind = 'athlete'
"""


class Zones:
    """Zone histories of the athletes of one shard, in memory."""

    def __init__(self, connection: Connection) -> None:
        self._histories: dict[int, History] = {}
        rows = connection.execute(
            "select athlete_no, timezone_from, timezone from base.profile where timezone is not null"
            " order by athlete_no, position"
        ).fetchall()
        self._take(rows)

    def _take(self, rows: list[tuple[int, date | None, str]]) -> None:
        for athlete, from_day, zone in rows:
            self._histories.setdefault(athlete, []).append((_start(from_day, zone), zone))

    def at(self, athlete_no: int, instant_us: int) -> str | None:
        """The zone in force at an instant, if one is known."""
        found = None
        for start, zone in self._histories.get(athlete_no, []):
            if start <= instant_us:
                found = zone
        return found

    def offset_s(self, athlete_no: int, instant: datetime) -> int | None:
        """Offset from UTC of the athlete's zone at a UTC instant without tzinfo."""
        zone = self.at(athlete_no, (instant - _EPOCH) // timedelta(microseconds=1))
        if zone is None:
            return None
        offset = instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).utcoffset()
        return int(offset.total_seconds()) if offset is not None else None

    def local_us(self, athletes: Ints, instants: Ints, local: Ints, unresolved: npt.NDArray[np.bool_]) -> Ints:
        """``local`` with the unresolved rows filled in where the athlete's zone is known, else the minimum integer."""
        out = local.copy()
        for athlete in np.unique(athletes[unresolved]):
            rows = np.flatnonzero(unresolved & (athletes == athlete))
            out[rows] = np.iinfo(np.int64).min
            for start, zone in self._histories.get(int(athlete), []):
                later = rows[instants[rows] >= start]
                out[later] = to_local_us(zone, instants[later])
        return out

    def resolve(self, table: pa.Table, pairs: list[tuple[str, str]]) -> pa.Table:
        """Fill local columns of rows whose instant came in Z; ``pairs`` are (instant, local) column names."""
        kind = table["zone_kind"].to_numpy()
        athletes = table["athlete_no"].to_numpy().astype(np.int64)
        open_rows = (kind == ZONE_NONE) | (kind == ZONE_ATHLETE)
        if not open_rows.any():
            return table
        for instant_name, local_name in pairs:
            instants = _micros(table[instant_name])
            missing = instants == np.iinfo(np.int64).min
            local = self.local_us(athletes, instants, _micros(table[local_name]), open_rows & ~missing)
            column = pa.array(local, pa.int64(), mask=local == np.iinfo(np.int64).min).cast(pa.timestamp("us"))
            table = table.set_column(table.column_names.index(local_name), local_name, column)
        filled = open_rows & table[pairs[0][1]].is_valid().to_numpy()
        kinds = np.where(open_rows, np.where(filled, ZONE_ATHLETE, ZONE_NONE), kind).astype(np.int8)
        return table.set_column(table.column_names.index("zone_kind"), "zone_kind", pa.array(kinds))

    def refresh(self, connection: Connection) -> bool:
        """Read the profiles of the athletes in ``changed_profile`` again; true if a zone history changed."""
        living = connection.execute(_LIVING).fetchall()
        changed = [row[0] for row in connection.execute("select athlete_no from changed_profile").fetchall()]
        connection.execute("delete from base.profile p using changed_profile c where p.athlete_no = c.athlete_no")
        before = {athlete: self._histories.pop(athlete, []) for athlete in changed}
        rows = sorted((_profile(row) for row in living), key=lambda pair: pair[0])
        for position, (_, columns) in enumerate(rows):
            connection.execute(
                "insert into base.profile values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (columns[0], columns[1], position, *columns[2:]),
            )
        self._take([(c[0], c[2], c[3]) for _, c in rows if c[3] is not None])
        return any(self._histories.get(athlete, []) != history for athlete, history in before.items())


_SortKey = tuple[int, date, int, int, int, int]


def _profile(row: tuple[int, int, str, int, int, int, int]) -> tuple[_SortKey, tuple[Any, ...]]:
    """Sort key (later wins: dated after undated, then the version with its position in the log) and columns."""
    athlete_no, doc_key, payload, *version = row
    rank, value, offset, item = version
    event = json.loads(payload)
    from_day = _day(event.get("timezone_from"))
    columns = (
        athlete_no, doc_key, from_day, event.get("timezone"), event.get("name"), event.get("level"),
        _day(event.get("training_since")), event.get("sex"), event.get("birth_year"), event.get("sleep_need_h"),
        event.get("hr_max_bpm"), event.get("main_lifts"),
        json.dumps(event["source_priority"]) if event.get("source_priority") else None,
    )  # fmt: skip
    return (athlete_no, from_day or date.min, rank, value, offset, item), columns


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _start(from_day: date | None, zone: str) -> int:
    if from_day is None:
        return int(np.iinfo(np.int64).min)
    midnight = datetime(from_day.year, from_day.month, from_day.day, tzinfo=ZoneInfo(zone))
    return int(midnight.timestamp()) * 1_000_000


def _micros(column: pa.ChunkedArray) -> Ints:
    filled = column.cast(pa.int64()).fill_null(int(np.iinfo(np.int64).min))
    out: Ints = filled.to_numpy()
    return out
