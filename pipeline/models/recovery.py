"""Runs the recovery models: typed readings and daily signals in a batch, their windows in the day-level lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.models.baseline import BACK_DAYS, windows
from pipeline.models.columns import dates, doubles, insert, integers, whole_numbers
from pipeline.models.heart_rate_variability import measure
from pipeline.models.runner import model
from pipeline.models.series import Bools as Flags
from pipeline.models.series import Floats, Ints
from pipeline.models.sleep_regularity_day import run_sleep_regularity
from pipeline.store.connection import Connection

READING_KINDS = ("sleep", "hrv", "rr_intervals", "resting_heart_rate", "checkin")
CLOCK_SIGNAL = "sleep_midpoint_min"
ALIVE_DAYS = 29  # so long after its last reading a signal is told of: 28 days as stale, and the day on which alerts end
_ROWS_MAX = 40_000  # judged days at a time, with 67 doubles each

_RESOLUTION = {"sleep_min": 1.0, "sleep_efficiency": 0.01, "sleep_midpoint_min": 1.0, "resting_hr_bpm": 1.0}
_SCALE_STEP = {"hooper": 1 / 6, "mclean": 1 / 4, "plain": 1 / 10}

_TOUCHED_READING = f"""
create or replace temp table touched_reading as
select distinct athlete_no, doc_key, kind, local_day
from touched_event
where kind in ({", ".join(f"'{kind}'" for kind in READING_KINDS)})
"""
_NO_SIGNAL_DAY = "create or replace temp table touched_signal_day (athlete_no integer, local_day date)"
_TOUCHED_SLEEP = """
select s.athlete_no, s.source, s.start_at, s.end_at
from mart.sleep_episode s
join touched_reading t on s.athlete_no = t.athlete_no and s.doc_key = t.doc_key
"""
_TOUCHED_SIGNAL_DAY = """
create or replace temp table touched_signal_day as
with touched as (
    select *, unnest(generate_series(start_at::date, end_at::date, interval 1 day)) as utc_day
    from touched_sleep
),
near as (
    select s.athlete_no, s.source, s.night, s.start_at, s.end_at,
        unnest(generate_series(s.start_at::date, s.end_at::date, interval 1 day)) as utc_day
    from mart.sleep_episode s
    join (select athlete_no, min(start_at) as from_at, max(end_at) as to_at from touched_sleep group by all) b
        on s.athlete_no = b.athlete_no and s.start_at <= b.to_at and s.end_at >= b.from_at
)
select athlete_no, local_day
from reading_day
union                               -- a night that comes or goes folds or frees those it overlaps, whatever their day
select n.athlete_no, n.night
from near n
join touched t
    on n.athlete_no = t.athlete_no and n.source = t.source and n.utc_day = t.utc_day
    and n.start_at < t.end_at and n.end_at > t.start_at
where n.night is not null
"""
_NEAR = """
select d.athlete_no, d.signal, d.source, d.local_day - date '1970-01-01' as day, d.value
from mart.signal_day d
join touched_signal_window t
    on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - 66 and d.local_day <= t.to_day
where d.local_day >= $first_day
"""
_BEATS = """
select e.athlete_no, e.doc_key, base.stream_of(e.source, e.payload::json) as source,
    e.payload::json ->> '$.context' as context, e.measured_at, e.local_day,
    (e.payload::json -> '$.rr_ms')::double[] as rr_ms
from base.event_log e
join touched_reading t on e.athlete_no = t.athlete_no and e.doc_key = t.doc_key
where e.kind = 'rr_intervals'
"""
_ANY_SIGNAL = """
select (select count(*) from mart.signal_day d join touched_signal_window t on d.athlete_no = t.athlete_no),
    (select count(*) from mart.recovery_day d join touched_signal_window t on d.athlete_no = t.athlete_no)
"""
_ANY_SORENESS = """
select
    exists (
        select 1
        from base.event_log e
        semi join touched_soreness t on e.athlete_no = t.athlete_no
        where e.kind = 'checkin'
    )
    or exists (select 1 from mart.soreness_day d semi join touched_soreness t on d.athlete_no = t.athlete_no)
"""
_SPANS = """
select athlete_no, from_day - date '1970-01-01' as first, to_day - date '1970-01-01' as last
from touched_signal_window
where to_day >= from_day
order by athlete_no
"""


def run_reading_models(connection: Connection) -> None:
    """Readings and daily signals of ``touched_event``; expects it as ``swap_rows`` leaves it.

    Leaves ``touched_signal_day``: the days whose signals may have changed.
    """
    run = connection.execute
    run(_NO_SIGNAL_DAY)
    run(_TOUCHED_READING)
    if not run("select count(*) from touched_reading").fetchall()[0][0]:
        return
    run(
        "create or replace temp table reading_day as"
        " select distinct athlete_no, local_day from touched_reading where local_day is not null"
    )
    run("create or replace temp table touched_reading as select distinct athlete_no, doc_key from touched_reading")
    run(f"create or replace temp table touched_sleep as {_TOUCHED_SLEEP}")
    for table in ("sleep_episode", "sleep_folded", "hrv_reading"):
        run(
            f"delete from mart.{table} m using touched_reading t"
            " where m.athlete_no = t.athlete_no and m.doc_key = t.doc_key"
        )
    run(model("72_sleep_episode"))
    run(model("73_hrv_reading"))
    _measure_beats(connection)
    run(f"insert into touched_sleep {_TOUCHED_SLEEP}")
    run(_TOUCHED_SIGNAL_DAY)
    run(
        "delete from mart.sleep_folded f using touched_signal_day t"
        " where f.athlete_no = t.athlete_no and f.night = t.local_day"
    )
    run(model("74_sleep_pair"))
    run(model("74_sleep_folded"))
    run(
        "delete from mart.signal_day d using touched_signal_day t"
        " where d.athlete_no = t.athlete_no and d.local_day = t.local_day"
    )
    run(model("75_signal_day"))


def _measure_beats(connection: Connection) -> None:
    """M28 of the touched series of beats, rows of ``mart.hrv_reading`` with statistic rmssd."""
    series = connection.table(_BEATS)
    if not series.num_rows:
        return
    beats = series["rr_ms"].combine_chunks()
    found = measure(beats.flatten().to_numpy(), beats.offsets.to_numpy())
    values = {
        "value_ms": found.rmssd_ms,
        "value_raw_ms": found.raw_rmssd_ms,
        "sdnn_ms": found.sdnn_ms,
        "rejected_share": found.rejected_share,
    }
    table = series.drop_columns(["rr_ms"])
    for name, column in values.items():
        table = table.append_column(name, doubles(column))
    table = table.append_column("n_beats", integers(found.n_beats))
    table = table.append_column("status", pa.array(found.status.tolist(), pa.string()))
    statistic = pa.array(["rmssd"] * table.num_rows, pa.string())
    insert(connection, "hrv_reading", table.append_column("statistic", statistic))


def run_signal_windows(connection: Connection) -> None:
    """Windows and recovery days of ``touched_signal_window`` (athlete_no, from_day, to_day), and M24 of
    ``touched_regularity``."""
    run = connection.execute
    run(
        "delete from mart.signal_window w using touched_signal_window t where w.athlete_no = t.athlete_no"
        " and w.local_day >= t.from_day and w.local_day <= t.to_day"
    )
    readings, rows = run(_ANY_SIGNAL).fetchall()[0]
    if not readings and not rows:  # most gyms have athletes without a device
        return
    near = connection.since("touched_signal_window", BACK_DAYS - 1)
    for table in _judged(connection.table(_NEAR, near), connection.table(_SPANS)):
        insert(connection, "signal_window", table)
    run(
        "delete from mart.recovery_day d using touched_signal_window t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    run(model("85_recovery_day"), near)
    run_sleep_regularity(connection)


def run_soreness_days(connection: Connection, sore: float, eased: float) -> None:
    """M31 of the days in ``touched_soreness`` (athlete_no, from_day, to_day) on which soreness was asked for.

    Answers from 0 to 1, 1 worst: from ``sore`` on it counts, at ``eased`` or below it is over.
    """
    run = connection.execute
    if not run(_ANY_SORENESS).fetchall()[0][0]:
        return
    run(
        "delete from mart.soreness_day d using touched_soreness t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    run(model("86_soreness_day"), {"sore": sore, "eased": eased})


def _judged(near: pa.Table, spans: pa.Table) -> Iterator[pa.Table]:
    """Window rows of many series at once: their calendars stand one behind the other in a single line."""
    if not near.num_rows:
        return
    series = _Series.of(near)
    place = np.searchsorted(whole_numbers(spans["athlete_no"]), series.athlete)
    first = np.maximum(whole_numbers(spans["first"])[place], series.first_day)
    last = np.minimum(whole_numbers(spans["last"])[place], series.last_day + ALIVE_DAYS)
    length = np.maximum(last - first + 1, 0)
    begins = np.flatnonzero(np.cumsum(length) // _ROWS_MAX != np.r_[-1, np.cumsum(length)[:-1] // _ROWS_MAX])
    for low, high in zip(begins, np.r_[begins[1:], len(length)], strict=True):
        part = slice(int(low), int(high))
        rows = int(length[part].sum())
        if rows:
            yield _of_part(near, series, part, first, length)


def _of_part(near: pa.Table, series: _Series, part: slice, first: Ints, length: Ints) -> pa.Table:
    """The rows of the series ``part``: ``length`` days each, from ``first`` on."""
    kept = length[part] > 0
    numbers = np.arange(part.start, part.stop)[kept]
    own_length, own_first = length[numbers], first[numbers]
    width = own_length + BACK_DAYS - 1
    begin = np.cumsum(width) - width  # of each series in the line
    line = np.full(int(width.sum()), np.nan)
    slot = np.full(len(length), -1, np.int64)
    slot[numbers] = np.arange(len(numbers))
    own = slot[series.number]
    at = begin[own] + series.day - (own_first[own] - BACK_DAYS + 1)
    inside = (own >= 0) & (at >= begin[own]) & (at < begin[own] + width[own])
    line[at[inside]] = series.value[inside]
    of_row = np.repeat(np.arange(len(numbers)), own_length)
    offset = np.arange(len(of_row)) - np.repeat(np.cumsum(own_length) - own_length, own_length)
    rows = np.lib.stride_tricks.sliding_window_view(line, BACK_DAYS)[begin[of_row] + offset]
    alive = ~np.isnan(rows[:, -ALIVE_DAYS - 1 :]).all(axis=1)  # seen from the day itself, whatever came later
    rows, of_row, offset = rows[alive], of_row[alive], offset[alive]
    reading = series.row[numbers][of_row]
    found = windows(rows, series.resolution[numbers][of_row], series.is_clock[numbers][of_row])
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        name: near[name].take(pa.array(reading)) for name in ("athlete_no", "signal", "source")
    }
    columns["local_day"] = dates(own_first[of_row] + offset)
    for name, values in found._asdict().items():
        columns[name] = doubles(values) if values.dtype == np.float64 else integers(values)
    return pa.table(columns)


class _Series(NamedTuple):
    """Readings in any order, and the series they are of: one per athlete, signal and source, in order of athletes."""

    number: Ints  # series of each reading
    day: Ints
    value: Floats
    row: Ints  # of each series one of its readings, as all below
    athlete: Ints
    first_day: Ints
    last_day: Ints
    resolution: Floats
    is_clock: Flags

    @classmethod
    def of(cls, near: pa.Table) -> _Series:
        athlete = whole_numbers(near["athlete_no"])
        signal = near["signal"].combine_chunks().dictionary_encode()
        source = near["source"].combine_chunks().dictionary_encode()
        # numbered by place and not by sorting: half a million readings are what a day of a thousand athletes looks at
        code = _numbered(athlete) * len(signal.dictionary) + whole_numbers(signal.indices)
        number = _numbered(code * len(source.dictionary) + whole_numbers(source.indices))
        n, day = int(number.max()) + 1, whole_numbers(near["day"])
        row = np.empty(n, np.int64)
        row[number] = np.arange(len(number))
        first_day, last_day = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min)
        np.minimum.at(first_day, number, day)
        np.maximum.at(last_day, number, day)
        steps = np.array([_resolution(name) for name in signal.dictionary.to_pylist()])
        clocks = np.array([name == CLOCK_SIGNAL for name in signal.dictionary.to_pylist()])
        own_signal = whole_numbers(signal.indices)[row]
        return cls(
            number=number,
            day=day,
            value=near["value"].to_numpy(),
            row=row,
            athlete=athlete[row],
            first_day=first_day,
            last_day=last_day,
            resolution=steps[own_signal],
            is_clock=clocks[own_signal],
        )


def _numbered(codes: Ints) -> Ints:
    """Which of the different codes each is, from 0 on in their order."""
    there = np.zeros(int(codes.max()) - (low := int(codes.min())) + 1, dtype=bool)
    there[codes - low] = True
    return np.asarray((np.cumsum(there) - 1)[codes - low], dtype=np.int64)


def _resolution(signal: str) -> float:
    """The smallest step of a signal, in its own unit."""
    if signal.startswith("ln_"):
        return 0.02
    return _RESOLUTION.get(signal) or _SCALE_STEP[signal.partition("_")[0]]
