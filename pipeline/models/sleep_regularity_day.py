"""M24 per athlete, source of sleep and day, from the stored sleeps of the last two weeks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.models.columns import dates, doubles, insert, integers, whole_numbers
from pipeline.models.sleep_regularity import DAY_MIN, DAYS, Episodes, day_pairs, known_stretches, minutes_up, regularity
from pipeline.store.connection import Connection

_SLEEPS_MAX = 5_000  # at a time, of which each may have dozens of stretches awake
# a sleep of more than a day is none; so a night reaches the days before it no farther than ``marked_days`` looks back
_SLEEPS = f"""
select s.athlete_no, s.source, epoch_us(s.start_at) as start_us, epoch_us(s.end_at) as end_us,
    s.asleep_s is not null as told, s.awake_from_s, s.awake_to_s,
    t.from_day - date '1970-01-01' as from_day, t.to_day - date '1970-01-01' as to_day
from mart.sleep_episode s
join touched_regularity t
    on s.athlete_no = t.athlete_no and s.start_at <= t.to_day::timestamp + interval 1 day
    and s.end_at >= t.from_day::timestamp - interval {DAYS + 1} day
anti join mart.sleep_folded f on s.athlete_no = f.athlete_no and s.doc_key = f.doc_key
where s.night is not null and s.end_at - s.start_at <= interval {DAY_MIN} minute
order by s.athlete_no, s.source, s.start_at, s.end_at, s.doc_key
"""


def run_sleep_regularity(connection: Connection) -> None:
    """Rows of ``mart.sleep_regularity_day`` for ``touched_regularity`` (athlete_no, from_day, to_day)."""
    connection.execute(
        "delete from mart.sleep_regularity_day d using touched_regularity t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    parts = [days(part) for part in _parts(connection.table(_SLEEPS))]
    if parts:
        insert(connection, "sleep_regularity_day", pa.concat_tables(parts))


def _parts(sleeps: pa.Table) -> Iterator[pa.Table]:
    """The sleeps of some athletes at a time."""
    if not sleeps.num_rows:
        return
    athlete = whole_numbers(sleeps["athlete_no"])
    begins = np.flatnonzero(np.r_[True, athlete[1:] != athlete[:-1]])
    part = begins // _SLEEPS_MAX
    cuts = [*begins[np.r_[True, part[1:] != part[:-1]]].tolist(), sleeps.num_rows]
    for low, high in pairwise(cuts):
        yield sleeps.slice(low, high - low)


def days(sleeps: pa.Table) -> pa.Table:
    """One row per athlete, source and day on which anything can be compared; ``sleeps`` as the query gives them."""
    athlete = whole_numbers(sleeps["athlete_no"])
    source = whole_numbers(sleeps["source"].combine_chunks().dictionary_encode().indices)
    is_first = np.r_[True, (athlete[1:] != athlete[:-1]) | (source[1:] != source[:-1])]
    begins = np.flatnonzero(is_first)
    awake = sleeps["awake_from_s"].combine_chunks()
    episodes = Episodes(
        series=np.cumsum(is_first) - 1,
        first=minutes_up(whole_numbers(sleeps["start_us"])),
        after=minutes_up(whole_numbers(sleeps["end_us"])),
        told=sleeps["told"].to_numpy().astype(np.bool_),
        awake_of=whole_numbers(pc.list_parent_indices(awake)),
        awake_first=minutes_up(1_000_000 * whole_numbers(pc.list_flatten(awake))),
        awake_after=minutes_up(1_000_000 * whole_numbers(pc.list_flatten(sleeps["awake_to_s"].combine_chunks()))),
    )
    found = regularity(
        day_pairs(known_stretches(episodes)),
        whole_numbers(sleeps["from_day"])[begins],
        whole_numbers(sleeps["to_day"])[begins],
    )
    rows = pa.array(begins[found.series])
    return pa.table(
        {
            "athlete_no": sleeps["athlete_no"].take(rows),
            "source": sleeps["source"].take(rows),
            "local_day": dates(found.day),
            "compared_min": integers(found.compared),
            "day_pairs": integers(found.day_pairs),
            "regularity": doubles(found.value),
        }
    )
