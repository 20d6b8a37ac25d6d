"""The planted stories: what happens, when, and to how large a part of a crowd.

A story says what an athlete does and meets, never what a reading or a set will look like: those follow from the
latent state. Its first seven weeks are as usual, so that there is something to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.errors import UsageError
from pipeline.synthetic.course import Course, Span, mark
from pipeline.synthetic.latent import State
from pipeline.synthetic.traits import Traits
from pipeline.synthetic.truth import came_back, deepest_loss, overreached

WEEKS_MIN = 20
WEEKS_MAX = 260
LEAD_DAYS = 49
TAIL_DAYS = 14
AFTER_THE_DELOAD = 0.1  # push of somebody whose light week did not help

Plan = Callable[[np.random.Generator, Course], None]
Alter = Callable[[Traits], Traits]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a story's name says of the latent state: days overreached in one stretch, loss of strength (a share), and
    whether its light week works (None: not said)."""

    days_least: int = 0
    days_most: int = 0
    loss: tuple[float, float] = (-1.0, 0.15)
    light_week_works: bool | None = None

    def kept(self, states: Sequence[State], course: Course) -> bool:
        """Whether it came out so."""
        forms = [state.form for state in states]
        longest = max((last - first + 1 for first, last in overreached(states)), default=0)
        if not (self.days_least <= longest <= self.days_most):
            return False
        if not self.loss[0] <= deepest_loss(forms, course.span) <= self.loss[1]:
            return False
        if self.light_week_works is None or course.deload is None:
            return True
        return came_back(forms, course.span, course.deload) == self.light_week_works


@dataclass(frozen=True, slots=True)
class Story:
    """``share``: part of a mixed crowd. ``plan`` fills in the days, ``alter`` changes who the athlete is."""

    name: str
    shows: str
    share: float
    plan: Plan | None = None
    alter: Alter | None = None
    promise: Promise = Promise()


def course_of(story: Story, traits: Traits, random: np.random.Generator, days: int) -> Course:
    """The days of one athlete: the story, and light weeks at the athlete's own interval where the story leaves room."""
    course = Course(days)
    if story.plan:
        story.plan(random, course)
    if not traits.lifting.declares_deloads:
        course.declared = [said for said in course.declared if said[0] != "deload"]
    _light_weeks(traits, random, course)
    return course


def _light_weeks(traits: Traits, random: np.random.Generator, course: Course) -> None:
    every = traits.lifting.deload_every * 7
    whole = course.span == (0, course.days - 1)
    first, last = course.span
    for start in range(int(random.integers(every)), course.days, every):
        days = (start, start + 6)
        if not whole and days[1] >= first - 21 and days[0] <= last + 14:
            continue
        mark(course.light, days)
        if traits.lifting.declares_deloads:
            course.declared.append(("deload", (days[0], min(days[1], course.days - 1))))


def _place(random: np.random.Generator, course: Course, length: int) -> Span:
    """Where a story of so many days lies: after the lead, before the tail."""
    latest = course.days - TAIL_DAYS - length
    first = int(random.integers(LEAD_DAYS, max(LEAD_DAYS, min(latest, LEAD_DAYS + 70)) + 1))
    return first, min(first + length, course.days - TAIL_DAYS) - 1


def _ramp(course: Course, span: Span, ramp_days: int) -> None:
    """Training above the usual: a little more every day at first, then as much to the end of the span."""
    for day in range(span[0], span[1] + 1):
        course.push[day] = min(1.0, (day - span[0] + 1) / ramp_days)


def _rest(course: Course, span: Span) -> None:
    mark(course.light, span)
    for day in range(span[0], min(span[1] + 1, course.days)):
        course.push[day] = 0.0
    course.deload = (span[0], min(span[1], course.days - 1))
    course.declared.append(("deload", course.deload))


def _functional(random: np.random.Generator, course: Course) -> None:
    hard, light = int(random.integers(17, 22)), int(random.integers(9, 13))
    first, last = _place(random, course, hard + light)
    _ramp(course, (first, first + hard - 1), 14)
    _rest(course, (first + hard, last))
    course.span, course.loss = (first, last), float(random.uniform(0.054, 0.07))


def _accumulated(random: np.random.Generator, course: Course) -> None:
    hard, light = int(random.integers(42, 52)), int(random.integers(12, 17))
    first, last = _place(random, course, hard + light)
    _ramp(course, (first, first + hard - 1), 18)
    _rest(course, (first + hard, last))
    course.span, course.loss = (first, last), float(random.uniform(0.056, 0.07))


def _failed_deload(random: np.random.Generator, course: Course) -> None:
    first, last = _place(random, course, int(random.integers(70, 78)))
    _ramp(course, (first, last), 18)
    start = first + int(random.integers(40, 47))
    for day in range(start, last + 1):
        course.push[day] = AFTER_THE_DELOAD
    _rest(course, (start, start + int(random.integers(7, 10)) - 1))
    course.span, course.loss_by, course.loss = (first, last), start - 1, float(random.uniform(0.08, 0.105))


def _no_deload(random: np.random.Generator, course: Course) -> None:
    first, last = _place(random, course, int(random.integers(70, 78)))
    _ramp(course, (first, last), 16)
    course.span, course.loss = (first, last), float(random.uniform(0.085, 0.125))


def _good_deload(random: np.random.Generator, course: Course) -> None:
    hard = int(random.integers(19, 26))
    first, last = _place(random, course, hard + 7)
    _ramp(course, (first, first + hard - 1), hard)
    _rest(course, (first + hard, last))
    course.span, course.tired = (first, last), float(random.uniform(0.045, 0.062))


def _illness(random: np.random.Generator, course: Course) -> None:
    first, last = _place(random, course, int(random.integers(8, 15)))
    for day in range(first, last + 1):
        into, left = day - first, last - day
        course.illness[day] = min(1.0, (into + 1) / 2, (left + 1) / 6)
        course.off[day] = course.illness[day] > 0.4
    course.span = (first, last)
    if random.random() < 0.5:
        course.declared.append(("illness", (first + 1, last)))


def _travel(random: np.random.Generator, course: Course) -> None:
    first, last = _place(random, course, int(random.integers(8, 15)))
    course.away = course.span = (first, last)
    for start in (first, last + 1):
        mark(course.off, (start - 1, start))  # on the way
        for day in range(start, min(start + 6, course.days)):
            course.jet_lag[day] = 1 - (day - start) / 6
    for day in range(first, last + 1):
        course.off[day] = course.off[day] or bool(random.random() < 0.4)
    course.declared.append(("travel", (first, last)))


def _life_stress(random: np.random.Generator, course: Course) -> None:
    first, last = _place(random, course, int(random.integers(24, 40)))
    peak = float(random.uniform(2.0, 3.0))
    for day in range(first, last + 1):
        course.stress[day] = peak * min(1.0, (day - first + 1) / 5, (last - day + 1) / 5)
    course.span = (first, last)


def _detraining(random: np.random.Generator, course: Course) -> None:
    course.span = _place(random, course, int(random.integers(24, 43)))
    mark(course.off, course.span)


def _bad_device(random: np.random.Generator, course: Course) -> None:
    course.new_device_on = course.days // 2 + int(random.integers(-7, 8))
    course.spikes = float(random.uniform(0.03, 0.07))
    day = int(random.integers(5, 12))
    while day < course.days:
        length = int(random.integers(1, 6))
        course.without_nights.append((day, day + length - 1))
        day += length + int(random.integers(6, 21))


def _missing_data(random: np.random.Generator, course: Course) -> None:
    for spans in (course.without_nights, course.without_checkins):
        for third in range(3):
            start = third * course.days // 3 + int(random.integers(0, course.days // 6))
            spans.append((start, start + int(random.integers(10, 25)) - 1))


def _pounds(random: np.random.Generator, course: Course) -> None:
    course.pounds_from = course.days // 2 + int(random.integers(-7, 8))
    course.span = (course.pounds_from, course.days - 1)


def _same_answers(random: np.random.Generator, course: Course) -> None:
    course.same_answers = True


def _noisy(traits: Traits) -> Traits:
    lifting, resting, answering = traits.lifting, traits.resting, traits.answering
    return replace(
        traits,
        lifting=replace(
            lifting,
            day_noise=min(0.04, lifting.day_noise * 2),
            lift_noise=lifting.lift_noise * 1.5,
            rir_noise=lifting.rir_noise * 1.5,
            misses=0.1,
        ),
        resting=replace(resting, sleep_sd_h=resting.sleep_sd_h * 1.3, wakes_sd_h=resting.wakes_sd_h * 1.5),
        answering=replace(answering, noise=answering.noise * 1.5),
    )


def _without_effort(traits: Traits) -> Traits:
    return replace(traits, lifting=replace(traits.lifting, logs_effort=0.03, logs_outcome=False))


def _to_failure(traits: Traits) -> Traits:
    lifting = replace(traits.lifting, rir=0.0, by_feel=True, logs_outcome=True, logs_effort=0.97)
    return replace(traits, lifting=lifting)


def _with_ring(traits: Traits) -> Traits:
    return replace(traits, device="ring", wears=max(0.9, traits.wears))


def _with_answers(traits: Traits) -> Traits:
    return replace(traits, answering=replace(traits.answering, answers=max(0.8, traits.answering.answers)))


def _with_both(traits: Traits) -> Traits:
    return _with_answers(_with_ring(traits))


OVERDONE = (0.05, 0.15)
LONG = 10_000
WORKS = Promise(light_week_works=True)
STORIES = (
    Story("healthy", "trains as planned, with light weeks", 0.22),
    Story("healthy_noisy", "the same, with an unsteady life: good and bad days, missed visits", 0.12, alter=_noisy),
    Story(
        "functional_overreaching",
        "two to three weeks of overload, then light days and a rebound",
        0.07,
        _functional,
        promise=Promise(1, 28, OVERDONE, light_week_works=True),
    ),
    Story(
        "accumulated_fatigue",
        "six or seven hard weeks without a light one, then rest",
        0.07,
        _accumulated,
        promise=Promise(21, LONG, OVERDONE, light_week_works=True),
    ),
    Story(
        "non_functional_failed_deload",
        "hard months; a light week in the middle changes nothing",
        0.05,
        _failed_deload,
        promise=Promise(42, LONG, OVERDONE, light_week_works=False),
    ),
    Story(
        "non_functional_no_deload",
        "hard months without any light week",
        0.05,
        _no_deload,
        promise=Promise(42, LONG, OVERDONE),
    ),
    Story("illness", "a week or two of illness, declared or not", 0.06, _illness),
    Story("travel", "one or two weeks in another time zone", 0.04, _travel),
    Story("good_deload", "a block that builds up, and its light week", 0.06, _good_deload, promise=WORKS),
    Story("life_stress_only", "weeks of bad sleep and mood; strength stays", 0.05, _life_stress, _with_both),
    Story("detraining", "four to six weeks without training", 0.04, _detraining),
    Story("bad_device", "a wearable with gaps and spikes, exchanged half way", 0.04, _bad_device, _with_ring),
    Story("missing_data", "weeks without nights, weeks without answers", 0.04, _missing_data, _with_both),
    Story("unlogged_effort", "hardly ever writes down effort", 0.03, alter=_without_effort),
    Story("all_sets_to_failure_habit", "every set to failure, for years", 0.03, alter=_to_failure),
    Story("straight_liner", "gives the same answers every morning", 0.02, _same_answers, _with_answers),
    Story("unit_switch", "the app is switched from kilograms to pounds", 0.01, _pounds),
)
NAMES = tuple(story.name for story in STORIES)


def story_named(name: str) -> Story:
    """The story of that name; raises UsageError."""
    found = next((story for story in STORIES if story.name == name), None)
    if found is None:
        raise UsageError(f"there is no scenario {name!r}", do=f"take one of: {', '.join(NAMES)}")
    return found


def crowd(random: np.random.Generator, athletes: int) -> list[str]:
    """Names of stories for so many athletes, in mixed order: each as often as its share says, to within one."""
    exact = [story.share * athletes for story in STORIES]
    counts = [int(number) for number in exact]
    by_rest = sorted(range(len(STORIES)), key=lambda place: counts[place] - exact[place])
    for place in by_rest[: athletes - sum(counts)]:
        counts[place] += 1
    names = [story.name for story, count in zip(STORIES, counts, strict=True) for _ in range(count)]
    return [names[place] for place in random.permutation(len(names))]
