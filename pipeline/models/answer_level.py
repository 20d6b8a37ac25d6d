"""M30 over weeks: what an athlete answers in 14 days against the 70 days before them, for R17 and R18.

So slow that a problem of weeks cannot become the usual. Means, because the median of a scale with few steps jumps by a
whole one. Only few days tell anything, so nothing is stored: the rows are columns in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.models.columns import dates, doubles, real_numbers, whole_numbers
from pipeline.models.series import Floats, Ints, ratio, trailing_sum
from pipeline.store.connection import Connection

RECENT_DAYS = 14
BEFORE_DAYS = 70
RECENT_MIN, BEFORE_MIN = 4, 14  # check-ins
_BACK_DAYS = RECENT_DAYS + BEFORE_DAYS - 1
# the least a spread may be, as a share of the scale: about half a step of it
_SPREAD_MIN = {"every_item": 0.05, "sleep": 0.08, "soreness": 0.08}
_STEPS = 1 << 24  # of a scale: sums of whole numbers are the same whatever day they begin on

# check-ins by source and questionnaire, each question from 0 to 1 (best)
_ANSWERS = f"""
select s.athlete_no, s.source, string_split(s.signal, '_')[1] as instrument, s.local_day - date '1970-01-01' as day,
    avg(s.value) as every_item,
    max(s.value) filter (s.signal like '%sleep_quality' or s.signal like '%_sleep') as sleep,
    max(s.value) filter (s.signal like '%_soreness') as soreness
from mart.signal_day s
join touched_day_lane t on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - {{look_back}} - {_BACK_DAYS}
where s.local_day >= $first_day and base.signal_kind(s.signal) = 'checkin'
group by all
having count(*) >= 3
"""
# which of them counts on a day is said by the day's own row
_CHOSEN = f"""
select r.athlete_no, r.wellness_source as source, r.wellness_instrument as instrument,
    r.local_day - date '1970-01-01' as day, t.from_day - {{look_back}} - {_BACK_DAYS} - date '1970-01-01' as begins
from mart.recovery_day r
join touched_day_lane t on r.athlete_no = t.athlete_no and r.local_day >= t.from_day - {{look_back}}
where r.wellness_instrument is not null and r.local_day >= $first_day
order by r.athlete_no, r.local_day
"""


def answer_levels(connection: Connection, look_back_days: int) -> pa.Table:
    """Rows for ``touched_day_lane (athlete_no, from_day)`` from so many days before, one per athlete and day with
    enough answers: ``athlete_no, local_day``, ``every_z``, ``sleep_z``, ``soreness_z`` (multiples of the 70 days'
    standard deviation, below 0 is worse; null: never asked), ``n_14d``, ``n_70d`` (check-ins).
    """
    chosen = connection.table(
        _CHOSEN.format(look_back=look_back_days), connection.since("touched_day_lane", look_back_days)
    )
    if not chosen.num_rows:
        return _NOTHING
    since = connection.since("touched_day_lane", look_back_days + _BACK_DAYS)
    answers = connection.table(_ANSWERS.format(look_back=look_back_days), since)
    if not answers.num_rows:
        return _NOTHING
    lines = _Lines.of(answers, chosen)
    said = {name: _Said.of(lines, name) for name in _SPREAD_MIN}
    n_14d, n_70d = said["every_item"].recent[0], said["every_item"].before[0]
    rows = np.flatnonzero((n_14d >= RECENT_MIN) & (n_70d >= BEFORE_MIN))
    return pa.table(
        {
            "athlete_no": chosen["athlete_no"].take(pa.array(rows)).cast(pa.int32()),
            "local_day": dates(whole_numbers(chosen["day"])[rows]),
            "every_z": doubles(said["every_item"].z()[rows]),
            "sleep_z": doubles(said["sleep"].z()[rows]),
            "soreness_z": doubles(said["soreness"].z()[rows]),
            "n_14d": pa.array(n_14d[rows], pa.int64()),
            "n_70d": pa.array(n_70d[rows], pa.int64()),
        },
        schema=_NOTHING.schema,
    )


class _Lines(NamedTuple):
    """Calendars of all athletes' answers, one behind the other, each from the first day that is looked back to."""

    answers: pa.Table
    start: Ints  # of each day, where its calendar begins
    at: Ints  # of each answer its day, -1 for one of a questionnaire or a day that nobody looks at
    place: Ints  # of each chosen day, its day

    @classmethod
    def of(cls, answers: pa.Table, chosen: pa.Table) -> _Lines:
        numbers = _numbers(answers, chosen)
        own_answer, own_chosen = numbers[: answers.num_rows], numbers[answers.num_rows :]
        day, answered = whole_numbers(chosen["day"]), whole_numbers(answers["day"])
        n = int(numbers.max()) + 1
        begins, ends = np.full(n, np.iinfo(np.int32).max, np.int64), np.full(n, np.iinfo(np.int32).min, np.int64)
        np.minimum.at(begins, own_chosen, whole_numbers(chosen["begins"]))
        np.maximum.at(ends, own_chosen, day)
        width = np.maximum(ends - begins + 1, 0)
        first = np.cumsum(width) - width
        inside = (answered >= begins[own_answer]) & (answered <= ends[own_answer])
        at = np.where(inside, first[own_answer] + answered - begins[own_answer], -1)
        return cls(answers, np.repeat(first, width), at, first[own_chosen] + day - begins[own_chosen])


def _numbers(*tables: pa.Table) -> Ints:
    """Which athlete's questionnaire of which source each row of the tables, one after the other, is of."""
    code = np.concatenate([whole_numbers(table["athlete_no"]) for table in tables])
    for name in ("source", "instrument"):
        texts = pa.concat_arrays([table[name].combine_chunks().cast(pa.string()) for table in tables])
        words = texts.dictionary_encode()
        code = code * len(words.dictionary) + whole_numbers(words.indices)
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


class _Said(NamedTuple):
    """Counts, sums and sums of squares of a question's answers, in steps, up to each chosen day."""

    spread_min: float
    recent: tuple[Ints, Ints]  # of the 14 days: count, sum
    before: tuple[Ints, Ints, Ints]  # of the 70 before them, and the squares

    @classmethod
    def of(cls, lines: _Lines, name: str) -> _Said:
        said = real_numbers(lines.answers[name])
        rows = np.flatnonzero((lines.at >= 0) & ~np.isnan(said))
        steps, there = np.zeros(len(lines.start), np.int64), np.zeros(len(lines.start), np.int64)
        steps[lines.at[rows]] = np.rint(said[rows] * _STEPS).astype(np.int64)
        there[lines.at[rows]] = 1
        recent, whole = [], []
        for values in (there, steps, steps * steps):
            recent.append(trailing_sum(values, lines.start, RECENT_DAYS, lines.place))
            whole.append(trailing_sum(values, lines.start, RECENT_DAYS + BEFORE_DAYS, lines.place))
        n, total, squares = (every - late for every, late in zip(whole, recent, strict=True))
        return cls(_SPREAD_MIN[name], (recent[0], recent[1]), (n, total, squares))

    def z(self) -> Floats:
        """How far the 14 days lie from the 70, in their standard deviations; NaN where either has no answer."""
        (n_recent, recent), (n, total, squares) = self.recent, self.before
        pairs = np.maximum(n * (n - 1), 1)
        spread = np.where(n > 1, np.sqrt((n * squares - total * total) / pairs), 0.0) / _STEPS
        difference = (ratio(recent, n_recent) - ratio(total, n)) / _STEPS
        return np.asarray(difference / np.maximum(spread, self.spread_min), dtype=np.float64)


_NOTHING = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("local_day", pa.date32()),
        ("every_z", pa.float64()),
        ("sleep_z", pa.float64()),
        ("soreness_z", pa.float64()),
        ("n_14d", pa.int64()),
        ("n_70d", pa.int64()),
    ]
).empty_table()
