"""What a session of an exercise is compared with for R20: the last one before it with about as many repetitions.

Only a few sessions tell anything, and only one condition reads them, so nothing is stored: the rows are columns in
memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.models.columns import dates, integers, whole_numbers
from pipeline.models.series import Bools, Ints
from pipeline.store.connection import Connection

BEFORE_DAYS = 90  # a session longer ago is compared with nothing
NEAR_DAYS = 28  # most find theirs so near; the exercises of the others are read once more, as far back as it takes

# of a day the most repetitions with its greatest weight, in one number
_HEAVIEST = """
select x.athlete_no, x.exercise_no, x.local_day, max(x.top_weight_mg * 100000 + x.top_reps) as weight_and_reps,
    x.local_day >= any_value(t.from_day) - {look_back} as is_judged
from mart.exercise_session x
join touched_day_lane t on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - {back}{of_which}
where x.top_weight_mg > 0 and x.top_reps > 0 and x.local_day >= $first_day
group by x.athlete_no, x.exercise_no, x.local_day
order by x.athlete_no, x.exercise_no, x.local_day
"""
_OF_WHICH = " semi join unsettled u on x.athlete_no = u.athlete_no and x.exercise_no = u.exercise_no"
_LONGER_HERE = """
select t.athlete_no
from touched_day_lane t
join base.athlete_span s on t.athlete_no = s.athlete_no
where s.first_day < t.from_day - {back}
"""


def load_jumps(connection: Connection, look_back_days: int, reps_apart: int) -> pa.Table:
    """Rows for ``touched_day_lane (athlete_no, from_day)`` from so many days before: one per athlete, exercise and day
    on which a session, or the one before it, was heavier than what it is compared with.

    ``athlete_no, exercise_no, local_day, weight_mg, before_mg`` (null: nothing to compare with) and the same two of the
    session before it, ``last_weight_mg, last_before_mg`` (null: none within 90 days).
    """
    near = _Sessions.read(connection, look_back_days, look_back_days + NEAR_DAYS, reps_apart)
    if near is None:
        return _NOTHING
    longer = connection.table(_LONGER_HERE.format(back=look_back_days + NEAR_DAYS))
    unsettled = near.unsettled() & np.isin(near.athlete, whole_numbers(longer["athlete_no"]))
    if not unsettled.any():
        return near.jumps(near.judged)
    groups, place = np.unique(near.group[unsettled], return_index=True)
    connection.register("unsettled", near.names(np.flatnonzero(unsettled)[place]))
    far = _Sessions.read(connection, look_back_days, look_back_days + 2 * BEFORE_DAYS, reps_apart, _OF_WHICH)
    connection.unregister("unsettled")
    settled = near.jumps(near.judged & ~np.isin(near.group, groups))
    return settled if far is None else pa.concat_tables([settled, far.jumps(far.judged)])


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Days on which exercises were done, sorted by athlete, exercise and day; shape ``(n,)`` each.

    ``before``: the weight to compare with, 0 where there is none among them.
    """

    athlete: Ints
    exercise: Ints
    group: Ints
    day: Ints
    weight: Ints
    judged: Bools
    before: Ints

    @classmethod
    def read(
        cls, connection: Connection, look_back_days: int, back_days: int, reps_apart: int, of_which: str = ""
    ) -> _Sessions | None:
        """Those of the touched athletes from so many days before; None if there are none."""
        rows = connection.table(
            _HEAVIEST.format(look_back=look_back_days, back=back_days, of_which=of_which),
            connection.since("touched_day_lane", back_days),
        )
        if not rows.num_rows:
            return None
        athlete, exercise = whole_numbers(rows["athlete_no"]), whole_numbers(rows["exercise_no"])
        day = whole_numbers(rows["local_day"].cast(pa.int32()))
        weight, reps = np.divmod(whole_numbers(rows["weight_and_reps"]), 100000)
        group = np.cumsum(np.r_[True, (athlete[1:] != athlete[:-1]) | (exercise[1:] != exercise[:-1])])
        judged = rows["is_judged"].to_numpy().astype(np.bool_)
        return cls(athlete, exercise, group, day, weight, judged, compared_with(group, day, weight, reps, reps_apart))

    def names(self, rows: Ints) -> pa.Table:
        """Whose exercises these are."""
        return pa.table({"athlete_no": integers(self.athlete[rows]), "exercise_no": integers(self.exercise[rows])})

    def _last(self) -> tuple[Ints, Bools]:
        """The row of the session before, and whether it is one of the same exercise, at most 90 days ago."""
        last = np.maximum(np.arange(len(self.day)) - 1, 0)
        follows = (self.group[last] == self.group) & (last < np.arange(len(self.day)))
        return last, follows & (self.day - self.day[last] <= BEFORE_DAYS)

    def unsettled(self) -> Bools:
        """Judged days that sessions from before the first of these may tell more about."""
        last, follows = self._last()
        return self.judged & ~((self.before > 0) & follows & (self.before[last] > 0))

    def jumps(self, rows: Bools) -> pa.Table:
        """What is told of ``rows``."""
        last, follows = self._last()
        before, weight = self.before, self.weight
        last_before = np.where(follows, before[last], 0)
        heavier = (before > 0) & (weight > before) | (last_before > 0) & (weight[last] > last_before)
        at = np.flatnonzero(rows & heavier)
        return pa.table(
            {
                "athlete_no": integers(self.athlete[at]),
                "exercise_no": integers(self.exercise[at]),
                "local_day": dates(self.day[at]),
                "weight_mg": pa.array(weight[at], pa.int64()),
                "before_mg": _known(before[at], before[at] > 0),
                "last_weight_mg": _known(weight[last][at], follows[at]),
                "last_before_mg": _known(last_before[at], last_before[at] > 0),
            },
            schema=_NOTHING.schema,
        )


def compared_with(group: Ints, day: Ints, weight: Ints, reps: Ints, reps_apart: int) -> Ints:
    """Per session (sorted by group and day; shape ``(n,)``) the weight of the last one of the 90 days before whose
    repetitions differ by at most ``reps_apart``; 0 where there is none."""
    before = np.zeros(len(day), dtype=np.int64)
    open_ = np.arange(len(day))
    back = 0
    while len(open_):
        back += 1
        open_ = open_[open_ >= back]
        earlier = open_ - back
        reached = (group[earlier] == group[open_]) & (day[earlier] >= day[open_] - BEFORE_DAYS)
        open_, earlier = open_[reached], earlier[reached]
        alike = np.abs(reps[open_] - reps[earlier]) <= reps_apart
        before[open_[alike]] = weight[earlier[alike]]
        open_ = open_[~alike]
    return before


def _known(values: Ints, known: Bools) -> pa.Array:
    return pa.array(values, pa.int64(), mask=~known)


_NOTHING = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("exercise_no", pa.int32()),
        ("local_day", pa.date32()),
        ("weight_mg", pa.int64()),
        ("before_mg", pa.int64()),
        ("last_weight_mg", pa.int64()),
        ("last_before_mg", pa.int64()),
    ]
).empty_table()
