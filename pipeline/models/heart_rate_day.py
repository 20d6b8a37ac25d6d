"""M19 per athlete, source and day, and per session: how long each rate lasted, and the loads of it.

Blocks of one source on one local day are one stream, in the order of their times, so what was handed out twice counts
once; at one instant the highest rate counts. A session has the samples from its first set to its last one. Heart rate
never enters failure load or a rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.models.columns import doubles, insert, integers, real_numbers
from pipeline.models.heart_rate_load import GAP_MAX_S, ZONES, heart_rate_max, load_of_times
from pipeline.models.runner import model
from pipeline.models.series import Floats, Ints
from pipeline.store.connection import Connection

PART_SAMPLES = 1_000_000  # of days that are read together
BASELINE_DAYS_MIN = 14  # of M27, below which there is no resting heart rate to stand on
_GAP_US = int(GAP_MAX_S * 1e6)
_RATES = 251  # whole rates from 0 to the most that is taken
_CELLS_MAX = 8_000_000  # of a table of streams by rates

_ADD_MARKS = """
insert into base.heart_rate_mark
select athlete_no, local_day, bool_or(is_day)
from (
    select athlete_no, local_day, true as is_day
    from touched_event
    where kind = 'heart_rate'
    union all                       -- sessions that a block may reach into: it lasts two days, and zones differ
    select athlete_no, local_day + unnest([-2, -1, 0, 1, 2, 3]), false
    from touched_event
    where kind = 'heart_rate'
    union all
    select athlete_no, local_day, false from old_session
    union all
    select athlete_no, local_day, false from session_in
)
where local_day is not null
group by all
"""
_DUE = """
create or replace temp table heart_rate_due as
select k.athlete_no, k.local_day, bool_or(k.is_day) as is_day
from base.heart_rate_mark k
join marked m on k.athlete_no = m.athlete_no
group by all
"""
_PARTS = f"""
create or replace temp table heart_rate_part as
select d.*, (sum(coalesce(b.samples, 0)) over (order by d.athlete_no, d.local_day rows unbounded preceding)
    // {PART_SAMPLES})::integer as part
from heart_rate_due d
left join (
    select e.athlete_no, e.local_day, sum(l.n_obs) as samples
    from base.heart_rate_log l
    join (
        select e.athlete_no, e.doc_key, e.local_day
        from base.event_log e
        join heart_rate_due d on e.athlete_no = d.athlete_no and e.local_day = d.local_day and d.is_day
        where e.kind = 'heart_rate' and e.local_day >= ? and e.local_day <= ?
    ) e on l.athlete_no = e.athlete_no and l.doc_key = e.doc_key
    group by all
) b on d.athlete_no = b.athlete_no and d.local_day = b.local_day
"""
_NOW = """
create or replace temp table heart_rate_now as
select athlete_no, local_day, is_day
from heart_rate_part
where part = {}
"""
# days of rows that need not be looked at are pruned by these; blocks last two days and zones differ by one
_BOUNDS = "select min(local_day) - 4, max(local_day) + 4 from {}"
_RANGE = """
create or replace temp table touched_heart_rate as
select athlete_no, min(from_day) as from_day, max(to_day) as to_day
from (
    select athlete_no, local_day as from_day, local_day as to_day from heart_rate_due
    union all select athlete_no, from_day, to_day from touched_signal_window
)
group by all
"""


def add_heart_rate_marks(connection: Connection) -> None:
    """Days and sessions whose heart rate may have changed in this batch; expects ``touched_event`` and the sessions."""
    connection.execute(_ADD_MARKS)


def run_heart_rate(connection: Connection) -> None:
    """``mart.heart_rate_time`` of what is noted for ``marked`` athletes, and ``mart.heart_rate_load`` of that and of
    ``touched_signal_window``; expects the recovery days to be current."""
    run = connection.execute
    run(_DUE)
    run(_RANGE)
    if run("select 1 from heart_rate_due limit 1").fetchall():
        _spread(connection)
    run(
        "delete from mart.heart_rate_load l using touched_heart_rate t where l.athlete_no = t.athlete_no"
        " and l.local_day >= t.from_day and l.local_day <= t.to_day"
    )
    bounds = run("select min(from_day), max(to_day) from touched_heart_rate").fetchall()[0]
    rows = connection.table(model("87_heart_rate_input"), bounds)
    if rows.num_rows:
        insert(connection, "heart_rate_load", loads(rows))


def _spread(connection: Connection) -> None:
    """Read the samples of what is due, some days at a time."""
    run = connection.execute
    run(_PARTS, run(_BOUNDS.format("heart_rate_due")).fetchall()[0])
    run(
        "delete from mart.heart_rate_time h using heart_rate_due d where h.athlete_no = d.athlete_no"
        " and h.local_day = d.local_day and (d.is_day or h.session_key is not null)"
    )
    for (part,) in run("select distinct part from heart_rate_part order by part").fetchall():
        run(_NOW.format(part))
        bounds = run(_BOUNDS.format("heart_rate_now")).fetchall()[0]
        blocks = connection.table(model("86_heart_rate_block"), [*bounds, *bounds, *bounds, *bounds])
        if blocks.num_rows:
            insert(connection, "heart_rate_time", times(blocks))
    run("delete from base.heart_rate_mark k using marked m where k.athlete_no = m.athlete_no")


class Streams(NamedTuple):
    """Samples of several streams in the order of stream and time; ``rate`` in bpm, ``at`` in microseconds."""

    stream: Ints
    at: Ints
    rate: Floats


def times(blocks: pa.Table) -> pa.Table:
    """How long each rate lasted in each stream: rows of ``mart.heart_rate_time``.

    ``blocks`` are rows of one document each, those of one stream together: its key (athlete_no, source, local_day,
    session_key), where it begins and ends (``from_us``, ``to_us``; null: with its samples), ``start_us`` of the
    document and its columns of samples.
    """
    stream_of = _numbered(blocks)
    first = np.flatnonzero(np.r_[True, np.diff(stream_of) > 0])
    n = first.size
    found = _in_order(_within(blocks, stream_of))
    begins, ends = (np.searchsorted(found.stream, np.arange(n), side) for side in ("left", "right"))
    n_obs = ends - begins
    told = np.flatnonzero(n_obs)
    span = np.zeros(n, np.int64)
    span[told] = found.at[ends[told] - 1] - found.at[begins[told]]
    held = np.diff(found.at, append=0)
    held[ends[told] - 1] = 0  # the last sample of a stream holds for nothing
    held[held > _GAP_US] = 0
    has_bounds = blocks["from_us"].is_valid().to_numpy(zero_copy_only=False)[first]
    bounds = _ints(blocks["to_us"])[first] - _ints(blocks["from_us"])[first]
    owner, rates, rate_us = _lasted(found, held)
    parts = np.bincount(owner, minlength=n)
    offsets = pa.array(np.r_[0, np.cumsum(parts)].astype(np.int32))
    table = blocks.select(["athlete_no", "source", "local_day", "session_key"]).take(pa.array(first))
    columns = {
        "n_obs": integers(n_obs),
        "total_us": pa.array(np.where(has_bounds, bounds, span).astype(np.int64)),
        "counted_us": pa.array(np.bincount(owner, rate_us, minlength=n).astype(np.int64)),
        "bpm": pa.ListArray.from_arrays(offsets, pa.array(rates)),
        "bpm_us": pa.ListArray.from_arrays(offsets, pa.array(rate_us)),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table.filter(pa.array(n_obs > 0))  # a session without any sample in it


def _numbered(blocks: pa.Table) -> Ints:
    """The number of the stream of each row, from 0 up."""
    keys = [_ints(blocks["athlete_no"]), _ints(blocks["source"].combine_chunks().dictionary_encode().indices)]
    keys += [_ints(blocks["local_day"].cast(pa.int32())), _ints(blocks["session_key"])]
    keys += [blocks["session_key"].is_valid().to_numpy(zero_copy_only=False).astype(np.int64)]
    changes = np.any([np.diff(key) != 0 for key in keys], axis=0)
    number: Ints = np.r_[0, np.cumsum(changes)]
    return number


def _within(blocks: pa.Table, stream_of: Ints) -> Streams:
    """The samples of all rows that lie in their stream."""
    in_ms, whole = (blocks[name].is_valid().to_numpy(zero_copy_only=False) for name in ("offset_ms", "bpm"))
    lengths = np.where(whole, _lengths(blocks["bpm"]), _lengths(blocks["bpm_exact"]))
    row = np.repeat(np.arange(lengths.size), lengths)
    at = np.empty(row.size, np.int64)
    at[in_ms[row]] = _flat(blocks["offset_ms"]) * np.int64(1000)
    at[~in_ms[row]] = _flat(blocks["offset_us"])
    at += _ints(blocks["start_us"])[row]
    rate = np.empty(row.size, np.float64)
    rate[whole[row]] = _flat(blocks["bpm"])
    rate[~whole[row]] = _flat(blocks["bpm_exact"])
    if blocks["from_us"].null_count < blocks.num_rows:
        bounded = blocks["from_us"].is_valid().to_numpy(zero_copy_only=False)[row]
        inside = ~bounded | ((at >= _ints(blocks["from_us"])[row]) & (at <= _ints(blocks["to_us"])[row]))
        row, at, rate = row[inside], at[inside], rate[inside]
    return Streams(stream_of[row], at, rate)


def _in_order(found: Streams) -> Streams:
    """By stream, time and rate; blocks mostly come so."""
    later = (np.diff(found.stream) > 0) | (np.diff(found.at) > 0)
    if later.all():
        return found
    order = np.lexsort((found.rate, found.at, found.stream))
    return Streams(found.stream[order], found.at[order], found.rate[order])


def _lasted(found: Streams, held: Ints) -> tuple[Ints, Floats, Ints]:
    """Stream, rate and microseconds of each rate that lasted at all, by stream and rate; sums of whole numbers."""
    whole = found.rate.astype(np.int64)
    if found.stream.size and (int(found.stream[-1]) + 1) * _RATES <= _CELLS_MAX and (whole == found.rate).all():
        sums = np.bincount(found.stream * _RATES + whole, held)
        cell = np.flatnonzero(sums)
        return cell // _RATES, (cell % _RATES).astype(np.float64), sums[cell].astype(np.int64)
    rates, number = np.unique(found.rate, return_inverse=True)
    cell, place = np.unique(found.stream * max(rates.size, 1) + number, return_inverse=True)
    sums = np.bincount(place, held)
    cell, sums = cell[sums > 0], sums[sums > 0]
    return cell // max(rates.size, 1), rates[cell % max(rates.size, 1)], sums.astype(np.int64)


def loads(rows: pa.Table) -> pa.Table:
    """M19 of each row of ``mart.heart_rate_time`` with what is known of the athlete: rows of ``mart.heart_rate_load``.

    A measured maximum stands; without one it is estimated from the age, and what rests on it is DEGRADED.
    """
    bpm = rows["bpm"].combine_chunks()
    owner = np.repeat(np.arange(rows.num_rows), _lengths(rows["bpm"]))
    stated, estimated = real_numbers(rows["hr_max_bpm"]), heart_rate_max(real_numbers(rows["age_years"]))
    by_age = np.isnan(stated)
    most, rest = np.where(by_age, estimated, stated), real_numbers(rows["resting_hr_bpm"])
    found = load_of_times(
        _flat(rows["bpm_us"]) / 1e6,
        bpm.flatten().to_numpy(zero_copy_only=False),
        owner,
        _ints(rows["total_us"]) / 1e6,
        rest,
        most,
        np.array(rows["sex"].fill_null("").to_pylist()),
        by_age,
    )
    table = rows.select(["athlete_no", "source", "local_day", "session_key", "is_chosen", "n_obs"])
    columns = {"trimp": found.trimp, "edwards": found.edwards, "coverage": found.coverage}
    columns |= {f"zone_{zone + 1}_min": found.zone_min[:, zone] for zone in range(ZONES)}
    columns |= {"resting_hr_bpm": rest, "hr_max_bpm": most}
    for name, values in columns.items():
        table = table.append_column(name, doubles(values))
    for name, words in (("trimp_status", found.trimp_status), ("edwards_status", found.edwards_status)):
        table = table.append_column(name, pa.array(words.tolist(), pa.string()))
    return table.append_column("hr_max_is_estimated", pa.array(by_age, mask=np.isnan(most)))


def _lengths(column: pa.ChunkedArray) -> Ints:
    array = column.combine_chunks()
    return np.asarray(array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def _flat(column: pa.ChunkedArray) -> Ints:
    """The values of all lists, one after the other."""
    found: Ints = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return found


def _ints(column: pa.ChunkedArray | pa.Array) -> Ints:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found: Ints = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return found
