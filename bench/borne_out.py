"""Whether what a rule says of training is so: by the sets an athlete truly did, whatever was logged of them.

R07, R08 and R09 speak of training and of no state, so no label says whether they are right. Here the made-up athlete's
own days say it, counted in whole sets and true reserve; no event, model or rule is asked.
"""

from __future__ import annotations

from datetime import date

from bench.cohort import Alert
from pipeline.catalogue.loader import Catalogue
from pipeline.synthetic.athlete import Athlete, live_through
from pipeline.synthetic.labels import Label
from pipeline.synthetic.training import SetDone

TRAINING_RULES = ("R07", "R08", "R09")
HARD_RESERVE, NEAR_FAILURE_RESERVE = 3.5, 1.0  # true repetitions in reserve below which a set is one
MORE = {"R07": 1.3, "R08": 1.5}  # times a week before; the warnings say 1.5 and 2, by what was logged
MORE_SETS = 2  # and that many more: of none, none is no rise
WEEK, WEEKS_BEFORE, LIGHT_DAYS = 7, 3, 5
WEEKS_WITHOUT_LIGHT = 8


class Truth:
    """The days of one athlete, lived again from its label."""

    def __init__(self, label: Label, catalogue: Catalogue) -> None:
        self.athlete: Athlete = live_through(
            label.athlete,
            label.scenario,
            seed=label.seed,
            weeks=label.weeks,
            last_day=date.fromisoformat(label.last_day),
        )
        self._catalogue = catalogue

    def bears_out(self, alert: Alert) -> bool:
        """Whether what the alert says held on the day it opened."""
        day = (alert.opened_on - self.athlete.first_day).days
        if alert.rule == "R09":
            return not self._was_light(day - WEEKS_WITHOUT_LIGHT * WEEK + 1, day)
        below = HARD_RESERVE if alert.rule == "R07" else NEAR_FAILURE_RESERVE
        muscle = alert.scope.partition(":")[2]
        now = self._sets(day, below, muscle)
        before = [day - WEEK * n for n in range(1, WEEKS_BEFORE + 1) if day - WEEK * (n + 1) + 1 >= 0]
        usual = [end for end in before if not any(self.athlete.course.light[end - WEEK + 1 : end + 1])] or before
        if not usual:
            return False
        mean = sum(self._sets(end, below, muscle) for end in usual) / len(usual)
        return now >= MORE[alert.rule] * mean and now >= mean + MORE_SETS

    def _sets(self, end: int, below: float, muscle: str) -> float:
        """Sets with less true reserve than that in the 7 days to a day, of a muscle in its shares."""
        visits = [day.visit for day in self.athlete.days[max(0, end - WEEK + 1) : end + 1] if day.visit]
        return sum(
            self._share(one, muscle)
            for visit in visits
            for one in visit.sets
            if not one.warm_up and (one.failed or one.true_rir < below)
        )

    def _share(self, one: SetDone, muscle: str) -> float:
        if not muscle:
            return 1.0
        found = self._catalogue.resolve(one.lift.name)
        return 0.0 if found is None else next((half / 2 for name, half, _, _ in found.muscles if name == muscle), 0.0)

    def _was_light(self, first: int, last: int) -> bool:
        """Whether a light week, one of the story or of the plan, lies in these days."""
        light = self.athlete.course.light[max(0, first) : last + 1]
        return any(sum(light[at : at + WEEK]) >= LIGHT_DAYS for at in range(len(light)))
