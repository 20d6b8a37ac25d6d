"""M16, M17 as a ratio of averages, and M18 per athlete and day: averages of the day's load that carry on for ever.

The load is the fatigue-weighted volume (M11) of the day, in weighted sets. The state of every day is stored, so a
batch goes on from the day before its first one, bit for bit, and never reads the history again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.models.columns import dates, doubles, insert, integers
from pipeline.models.series import Bools, Floats, Ints, segment_start, trailing_sum
from pipeline.models.training_load import (
    ACUTE_DAYS,
    CHRONIC_DAYS,
    exponential_average,
    fatigue_weighted_volume,
    fitness_fatigue,
)
from pipeline.store.connection import Connection

_ROWS_MAX = 100_000  # days read at a time: a correction of old days is worked out up to today, for years

_STATE = (
    "acute_numerator", "acute_denominator", "chronic_numerator", "chronic_denominator", "observed_days", "days",
    "fitness", "fatigue",
)  # fmt: skip
_SPANS = f"""
select t.athlete_no, t.from_day - date '1970-01-01' as from_day, t.to_day - t.from_day + 1 as length,
    {", ".join(f"coalesce(p.{name}, 0) as {name}" for name in _STATE)}
from touched_load t
left join mart.load_day p on t.athlete_no = p.athlete_no and t.from_day - 1 = p.local_day
where t.to_day >= t.from_day
order by t.athlete_no
"""
_NEAR = f"""
select d.athlete_no, d.local_day - date '1970-01-01' as day, d.sessions, d.weighted_volume, d.failure_load,
    coalesce(w.observed, false) as observed
from mart.athlete_day d
join touched_load t
    on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - {CHRONIC_DAYS - 1} and d.local_day <= t.to_day
left join mart.athlete_window w
    on d.athlete_no = w.athlete_no and d.local_day = w.local_day and w.local_day >= date '1970-01-01' + $first
where d.local_day >= date '1970-01-01' + $first and t.athlete_no between $low and $high
order by d.athlete_no, d.local_day
"""
Columns = dict[str, npt.NDArray[Any]]


def run_load_days(connection: Connection) -> None:
    """Rows of ``mart.load_day`` for ``touched_load`` (athlete_no, from_day, to_day), whose last day is today.

    Expects ``mart.athlete_window`` to be current. An athlete's rows begin with the first observed day.
    """
    run = connection.execute
    run(
        "delete from mart.load_day d using touched_load t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day"
    )
    spans = run(_SPANS).fetchnumpy()
    part = np.cumsum(spans["length"]) // _ROWS_MAX
    for number in np.unique(part):
        own = {name: values[part == number] for name, values in spans.items()}
        bounds = {
            "low": int(own["athlete_no"][0]),
            "high": int(own["athlete_no"][-1]),
            "first": int(own["from_day"].min()) - CHRONIC_DAYS,
        }
        near = run(_NEAR, bounds).fetchnumpy()
        if near["observed"].any() or own["days"].any():  # most gyms have athletes who only wear a band
            insert(connection, "load_day", load_days(own, near))


def load_days(spans: Columns, near: Columns) -> pa.Table:
    """One row per athlete and day from the first observed one on.

    ``spans`` gives each athlete's ``from_day`` (days since 1970), ``length`` in days, and the state stored for the day
    before, zeros if there is none; ``near`` those days and the 27 before them, without holes, by athlete and day.
    """
    athlete, day, sessions, volume, failure = (
        np.asarray(near[name]).astype(np.int64)
        for name in ("athlete_no", "day", "sessions", "weighted_volume", "failure_load")
    )
    load = np.where(near["observed"], fatigue_weighted_volume(volume, failure), np.nan)
    recent = trailing_sum(sessions, segment_start(athlete), CHRONIC_DAYS)
    owner, first_row = np.unique(athlete, return_index=True)
    place = first_row[np.searchsorted(owner, spans["athlete_no"])]
    place = place + spans["from_day"] - day[place]
    length = spans["length"].astype(np.int64)
    tables = []
    magnitude = np.ceil(np.log2(length))  # of similar length together, so that no table is mostly padding
    for size in np.unique(magnitude):
        who = np.flatnonzero(magnitude == size)
        step = np.arange(length[who].max())[None, :]
        there = step < length[who][:, None]
        cell = np.where(there, place[who][:, None] + step, 0)
        loads = np.where(there, load[cell], np.nan)
        averages, counts, kept = _averages(loads, {name: spans[name][who] for name in _STATE})
        kept &= there
        rows = cell[kept]
        tables.append(
            pa.table(
                {
                    "athlete_no": integers(athlete[rows]),
                    "local_day": dates(day[rows]),
                    "load": doubles(load[rows]),
                    "sessions_28d": integers(recent[rows]),
                    **{name: doubles(values[kept]) for name, values in averages.items()},
                    **{name: integers(values[kept]) for name, values in counts.items()},
                }
            )
        )
    return pa.concat_tables(tables)


def _averages(loads: Floats, before: Columns) -> tuple[dict[str, Floats], dict[str, Ints], Bools]:
    """The averages and day numbers of ``(athletes, days)``, and which days count: those from the first observed on."""
    acute, chronic = (
        exponential_average(
            loads, span, state=(before[f"{name}_numerator"], before[f"{name}_denominator"], before["observed_days"])
        )
        for name, span in (("acute", ACUTE_DAYS), ("chronic", CHRONIC_DAYS))
    )
    fading = fitness_fatigue(loads, before["fitness"], before["fatigue"])
    days_before = before["days"].astype(np.int64)[:, None]
    begun = np.maximum.accumulate(~np.isnan(loads), axis=1) | (days_before > 0)
    averages = {
        "acute_numerator": acute.numerator,
        "acute_denominator": acute.denominator,
        "chronic_numerator": chronic.numerator,
        "chronic_denominator": chronic.denominator,
        "fitness": fading.ctl,
        "fatigue": fading.atl,
        "balance": fading.tsb,
    }
    counts = {"observed_days": acute.observed_days, "days": days_before + np.cumsum(begun, axis=1)}
    return averages, counts, begun
