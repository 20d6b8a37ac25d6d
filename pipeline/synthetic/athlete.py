"""One made-up athlete from one seed: who it is, what happens, how the months go, and the label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from pipeline.errors import UsageError
from pipeline.synthetic.course import Course
from pipeline.synthetic.lifts import Workout, training_week
from pipeline.synthetic.stories import WEEKS_MAX, WEEKS_MIN, course_of, story_named
from pipeline.synthetic.training import Day, Life
from pipeline.synthetic.traits import Traits, draw
from pipeline.synthetic.truth import deepest_loss

LAST_DAY = date(2026, 6, 28)  # a Sunday
WHO, PLANNED = 0, 6  # streams of chance of one seed
ATTEMPTS = 24  # the last one stays if none keeps its promise: the label tells what it became
EXTRA_MOST = 3.0
HALVINGS = 8


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
    first_day = last_day - timedelta(days=weeks * 7 - 1)
    begun = Life.begun(traits, week, seed, first_day.weekday())
    for attempt in range(ATTEMPTS):  # a story that does not become what its name says is planned anew
        course = course_of(story, traits, np.random.default_rng([seed, PLANNED, attempt]), weeks * 7)
        days = _lived(begun.again(), course)
        if story.promise.kept([day.state for day in days], course):
            break
    return Athlete(name, scenario, seed, first_day, traits, week, course, days)


def _lived(life: Life, course: Course) -> list[Day]:
    if course.loss is None and course.tired is None:
        return life.through(course, 0, course.days, 0.0)
    days = life.through(course, 0, course.span[0], 0.0)
    extra = _overload(life, days, course)
    return days + life.through(course, course.span[0], course.days, extra)


def _wakes_before_training(traits: Traits) -> Traits:
    latest = traits.lifting.start_hour - 1.25
    return replace(traits, resting=replace(traits.resting, wakes_h=min(traits.resting.wakes_h, latest)))


def _overload(life: Life, before: list[Day], course: Course) -> float:
    """How much more than usual this athlete has to train in this story to come to what the story wants.

    ``life`` stands on the first day of the story, ``before`` are its days until then. Looked for by halving: people
    answer so differently that one amount for all would break one and not touch another.
    """
    span = (course.span[0], course.span[1] if course.loss_by is None else course.loss_by)
    low, high = 0.0, EXTRA_MOST
    found, missed_by = 0.0, float("inf")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        days = before + life.again().through(course, span[0], span[1] + 1, middle)
        if course.tired is not None:
            reached, wanted = max(day.state.slow for day in days), course.tired
        else:
            reached, wanted = deepest_loss([day.state.form for day in days], span), course.loss or 0.0
        if abs(reached - wanted) < missed_by:
            found, missed_by = middle, abs(reached - wanted)
        low, high = (middle, high) if reached < wanted else (low, middle)
    return found
