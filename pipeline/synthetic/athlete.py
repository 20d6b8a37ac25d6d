"""One made-up athlete from one seed: who it is, what happens, how the months go, and the label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import fmean

import numpy as np

from pipeline.errors import UsageError
from pipeline.synthetic.course import Course
from pipeline.synthetic.lifts import Workout, training_week
from pipeline.synthetic.stories import WEEKS_MAX, WEEKS_MIN, course_of, story_named
from pipeline.synthetic.training import Day, live
from pipeline.synthetic.traits import Traits, draw

LAST_DAY = date(2026, 6, 28)  # a Sunday
WHO = 0  # the stream of chance that draws the person and the story
EXTRA_MOST = 3.0
HALVINGS = 7
REFERENCE_DAYS = 28
TREND_DAYS = 7


@dataclass(frozen=True, slots=True)
class Athlete:
    """A finished athlete. ``days`` hold the latent truth; ``first_day`` is the date of day 0."""

    name: str
    scenario: str
    seed: int
    first_day: date
    traits: Traits
    week: tuple[Workout, ...]
    course: Course
    days: list[Day]

    def date_of(self, day: int) -> date:
        """The calendar date of a day counted from 0."""
        return self.first_day + timedelta(days=day)

    @property
    def forms(self) -> list[float]:
        """Latent strength of every day, a multiple of the untrained baseline."""
        return [day.state.form for day in self.days]


def live_through(name: str, scenario: str, *, seed: int, weeks: int, last_day: date = LAST_DAY) -> Athlete:
    """The athlete of that seed in that scenario, ``weeks`` long and ending on ``last_day``.

    Equal arguments give equal athletes. Raises UsageError for an unknown scenario and for a number of weeks
    outside 20 to 260.
    """
    if not WEEKS_MIN <= weeks <= WEEKS_MAX:
        raise UsageError(
            f"{weeks} weeks cannot be made",
            "a story needs seven usual weeks before it and room for months of hard training",
            f"take {WEEKS_MIN} to {WEEKS_MAX} weeks",
        )
    story = story_named(scenario)
    random = np.random.default_rng([seed, WHO])
    traits = draw(random)
    if story.alter:
        traits = story.alter(traits)
    traits = _wakes_before_training(traits)
    week = training_week(random, traits.lifting.sessions, traits.lifting.exercises)
    course = course_of(story, traits, random, weeks * 7)
    first_day = last_day - timedelta(days=weeks * 7 - 1)
    weekday = first_day.weekday()
    extra = 0.0
    if course.loss is not None:
        extra = _overload(traits, week, course, seed, weekday, course.loss)
    days = live(traits, week, course, seed, weekday, extra)
    return Athlete(name, scenario, seed, first_day, traits, week, course, days)


def _wakes_before_training(traits: Traits) -> Traits:
    latest = traits.lifting.start_hour - 1.25
    return replace(traits, resting=replace(traits.resting, wakes_h=min(traits.resting.wakes_h, latest)))


def _overload(traits: Traits, week: tuple[Workout, ...], course: Course, seed: int, weekday: int, loss: float) -> float:
    """How much more than usual this athlete has to train in this story to lose that share of strength.

    Looked for by halving: people answer so differently that one amount for all would break one and not touch another.
    """
    low, high = 0.0, EXTRA_MOST
    span = (course.span[0], course.span[1] if course.loss_by is None else course.loss_by)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        days = live(traits, week, course, seed, weekday, middle)
        if deepest_loss([day.state.form for day in days], span) < loss:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def usual_form(forms: list[float], span: tuple[int, int]) -> float:
    """Mean strength of the 28 days before a story; of the first 28 where it begins on day 0."""
    before = forms[max(0, span[0] - REFERENCE_DAYS) : span[0]]
    return fmean(before or forms[:REFERENCE_DAYS])


def deepest_loss(forms: list[float], span: tuple[int, int]) -> float:
    """The share of usual strength missing in the worst seven days that lie in the story."""
    usual = usual_form(forms, span)
    first, last = span
    means = [fmean(forms[day - TREND_DAYS + 1 : day + 1]) for day in range(first + TREND_DAYS - 1, last + 1)]
    return 1 - min(means or [fmean(forms[first : last + 1])]) / usual
