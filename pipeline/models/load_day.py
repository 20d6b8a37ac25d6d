"""M16, M17 as a ratio of averages, and M18 per athlete and day: averages of the day's load that carry on for ever.

The load is the fatigue-weighted volume (M11) of the day, in weighted sets. The state of every day is stored, so a
batch goes on from the day before its first one, bit for bit, and never reads the history again.
"""

from __future__ import annotations

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

_SPANS = """
select athlete_no, from_day - date '1970-01-01' as from_day, to_day - from_day + 1 as length
from touched_load
where to_day >= from_day
order by athlete_no
"""
_STATE = """
select p.*
from mart.load_day p
join touched_load t on p.athlete_no = t.athlete_no and p.local_day = t.from_day - 1
where p.local_day >= date '1970-01-01' + $first and t.athlete_no between $low and $high
order by p.athlete_no
"""
_NEAR = f"""
select d.athlete_no, d.local_day - date '1970-01-01' as day, d.sessions, d.weighted_volume, d.failure_load,
    coalesce(w.observed, false) as observed
from mart.athlete_day d
join touched_load t
    on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - {CHRONIC_DAYS - 1} and d.local_day <= t.to_day
left join mart.athlete_window w on d.athlete_no = w.athlete_no and d.local_day = w.local_day
where d.local_day >= date '1970-01-01' + $first and t.athlete_no between $low and $high
order by d.athlete_no, d.local_day
"""
_STATE_COLUMNS = (
    "acute_numerator", "acute_denominator", "chronic_numerator", "chronic_denominator", "observed_days", "days",
    "fitness", "fatigue",
)  # fmt: skip

Columns = dict[str, npt.NDArray[np.generic]]


def run_load_days(connection: Connection) -> None:
    """Rows of ``mart.load_day`` for ``touched_load`` (athlete_no, from_day, to_day), whose last day is today.

    Expects ``mart.athlete_window`` to be current. An athlete's rows begin with the first observed day.
    """
    run = connection.execute
    run(
        "delete from mart.load_day d using touched_load t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day"
    )
    spans = {name: np.asarray(values).astype(np.int64) for name, values in run(_SPANS).fetchnumpy().items()}
    part = np.cumsum(spans["length"]) // _ROWS_MAX
    for number in np.unique(part):
        own = {name: values[part == number] for name, values in spans.items()}
        bounds = {
            "low": int(own["athlete_no"][0]),
            "high": int(own["athlete_no"][-1]),
            "first": int(own["from_day"].min()) - CHRONIC_DAYS,
        }
        near = run(_NEAR, bounds).fetchnumpy()
        state = run(_STATE, bounds).fetchnumpy()
        if np.asarray(near["observed"]).any() or len(state["days"]):  # most gyms have athletes who only wear a band
            for rows in load_days(own, near, state):
                insert(connection, "load_day", rows)


def load_days(spans: dict[str, Ints], near: Columns, state: Columns) -> list[pa.Table]:
    """One row per athlete of ``spans`` and day from its ``from_day`` on, ``length`` days, in tables to be added up.

    ``near`` are the days themselves and the 27 before them, without holes, ``state`` the stored rows of the days
    before ``from_day``; all sorted by athlete, then day.
    """
    athlete, day, sessions, volume, failure = (
        np.asarray(near[name]).astype(np.int64)
        for name in ("athlete_no", "day", "sessions", "weighted_volume", "failure_load")
    )
    observed = np.asarray(near["observed"]).astype(np.bool_)
    load = np.where(observed, fatigue_weighted_volume(volume, failure), np.nan)
    recent = trailing_sum(sessions, segment_start(athlete), CHRONIC_DAYS)
    before = _before(spans["athlete_no"], state)
    owner, first_row = np.unique(athlete, return_index=True)
    place = first_row[np.searchsorted(owner, spans["athlete_no"])]
    place = place + spans["from_day"] - day[place]
    tables = []
    magnitude = np.ceil(np.log2(spans["length"]))  # of similar length together, so that no table is mostly padding
    for size in np.unique(magnitude):
        who = np.flatnonzero(magnitude == size)
        step = np.arange(spans["length"][who].max())[None, :]
        there = step < spans["length"][who][:, None]
        cell = np.where(there, place[who][:, None] + step, 0)
        loads = np.where(there, load[cell], np.nan)
        columns, kept = _averages(loads, {name: values[who] for name, values in before.items()})
        kept &= there
        rows = cell[kept]
        tables.append(
            pa.table(
                {
                    "athlete_no": integers(athlete[rows]),
                    "local_day": dates(day[rows]),
                    "load": doubles(load[rows]),
                    "sessions_28d": integers(recent[rows]),
                    **{
                        name: (doubles if values.dtype == np.float64 else integers)(values[kept])
                        for name, values in columns.items()
                    },
                }
            )
        )
    return tables


def _before(athletes: Ints, state: Columns) -> dict[str, Floats]:
    """The stored state of each athlete, zeros for those who have none yet."""
    stored = np.searchsorted(athletes, np.asarray(state["athlete_no"]).astype(np.int64))
    found = {}
    for name in _STATE_COLUMNS:
        found[name] = np.zeros(len(athletes))
        found[name][stored] = np.asarray(state[name]).astype(np.float64)
    return found


def _averages(loads: Floats, before: dict[str, Floats]) -> tuple[dict[str, Floats | Ints], Bools]:
    """The averages of ``(athletes, days)`` and which days count: those from the first observed one on."""
    acute, chronic = (
        exponential_average(
            loads, span, state=(before[f"{name}_numerator"], before[f"{name}_denominator"], before["observed_days"])
        )
        for name, span in (("acute", ACUTE_DAYS), ("chronic", CHRONIC_DAYS))
    )
    fading = fitness_fatigue(loads, before["fitness"], before["fatigue"])
    days_before = before["days"].astype(np.int64)[:, None]
    begun = np.maximum.accumulate(~np.isnan(loads), axis=1) | (days_before > 0)
    columns: dict[str, Floats | Ints] = {
        "observed_days": acute.observed_days,
        "acute_numerator": acute.numerator,
        "acute_denominator": acute.denominator,
        "chronic_numerator": chronic.numerator,
        "chronic_denominator": chronic.denominator,
        "days": days_before + np.cumsum(begun, axis=1),
        "fitness": fading.ctl,
        "fatigue": fading.atl,
        "balance": fading.tsb,
    }
    return columns, begun
