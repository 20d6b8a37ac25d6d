"""Months of training: what is planned for a day, what strength allows, what is done, and what that does to the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp, floor, log

import numpy as np

from pipeline.synthetic.course import Course
from pipeline.synthetic.latent import USUAL_FITNESS, State, disturbed, next_morning, rested_start
from pipeline.synthetic.lifts import Lift, Slot, Workout
from pipeline.synthetic.traits import Lifting, Traits

LB_PER_KG = 1 / 0.45359237
SETS_OF_PUSH = 0.7  # of training above the usual, so much comes as sets (an exponent), the rest as effort
RIR_OF_PUSH = 1.5  # repetitions in reserve that twice the usual training leaves out
LIGHT_SETS, LIGHT_LOAD, LIGHT_RIR = 0.55, 0.92, 2.0
TIRED_PER_SET = 0.012  # strength lost to a set done to its end, for the sets of that exercise after it
TIRED_LATER = 0.0012  # and for everything after it in that visit
GIVES_WAY, LIGHTER = 0.6, 0.92  # below this share of the planned repetitions the next set is made lighter
LEARNS_UP, LEARNS_DOWN = 0.30, 0.15  # how fast the idea of one's own strength follows a good and a bad day
USUAL_FORM = 1.0 + USUAL_FITNESS - 0.05  # fitness less both fatigues
TO_THE_END = 0.5  # reserve meant to be left below which some sets are meant to end in failure
TRIES_ON = 0.4  # of those who reach their last repetition short of the plan
SETTLING_WEEKS, USUAL_WEEKS = 3, 4  # before day 0: loads settle, then what is usual is taken
TRAINING, USUAL = 1, 4  # streams of chance of one seed


@dataclass(frozen=True, slots=True)
class SetDone:
    """A set as it was: ``load`` in ``unit``, the true reserve in repetitions and the one that was called."""

    lift: Lift
    block: int
    index: int
    load: float
    unit: str
    reps: int
    planned_reps: int
    true_rir: float
    called_rir: float
    failed: bool
    warm_up: bool
    rest_s: int


@dataclass(slots=True)
class Visit:
    """One session: when it began (hours after local midnight), its sets, how hard it was (CR10)."""

    title: str
    start_h: float
    sets: list[SetDone] = field(default_factory=list)
    cr10: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """A day: the state in the morning, the visit if there was one, and its dose (usual average day = 1)."""

    state: State
    visit: Visit | None
    dose: float


@dataclass(frozen=True, slots=True)
class Effort:
    """What is asked for today: times the usual sets, reserve meant to be left, share of the usual load."""

    sets: float
    rir: float
    load: float
    learns: bool = True


@dataclass(slots=True)
class Life:
    """An athlete in the course of the months: give it days, it lives them and is older.

    ``weekday`` is that of day 0 (0 Monday). ``unit``: work of an average usual day. ``believed``: what the athlete
    believes to be able to lift, kg for each exercise.
    """

    traits: Traits
    week: tuple[Workout, ...]
    seed: int
    weekday: int
    unit: float
    believed: dict[str, float]
    state: State
    stress: float = 0.0

    @classmethod
    def begun(cls, traits: Traits, week: tuple[Workout, ...], seed: int, weekday: int) -> Life:
        """On the morning of day 0, after weeks as usual that nobody logged."""
        unit, believed = _usual(traits, week, seed)
        return cls(traits, week, seed, weekday, unit, believed, rested_start(traits.nature))

    def again(self) -> Life:
        """A second one that goes its own way from here."""
        return replace(self, believed=dict(self.believed))

    def through(self, course: Course, first: int, end: int, extra: float) -> list[Day]:
        """The days from ``first`` to the one before ``end``; ``extra``: training above the usual at full push.

        Chance depends on seed and day alone, so lives that differ in ``extra`` meet the same luck.
        """
        lifting, nature = self.traits.lifting, self.traits.nature
        days = []
        for day in range(first, end):
            random = np.random.default_rng([self.seed, TRAINING, day])
            self.stress = 0.85 * self.stress + 0.27 * float(random.normal())
            noise = 0.2 * float(random.normal())
            stress = self.stress + course.stress[day]
            morning = disturbed(self.state, nature, illness=course.illness[day], stress=stress, noise=noise)
            missed = random.random() < lifting.misses
            planned = next((one for one in self.week if one.weekday == (self.weekday + day) % 7), None)
            visit, dose = None, 0.0
            if planned and not missed and not course.off[day]:
                asked = _asked(lifting, course, day, extra)
                pounds = course.pounds_from is not None and day >= course.pounds_from
                visit, work = _visit(self.traits, planned, morning, self.believed, asked, random, pounds)
                dose = work / self.unit
            days.append(Day(morning, visit, dose))
            self.state = next_morning(morning, nature, dose, sessions_a_week=len(self.week))
        return days


def _asked(lifting: Lifting, course: Course, day: int, extra: float) -> Effort:
    if course.light[day]:
        return Effort(LIGHT_SETS, lifting.rir + LIGHT_RIR, LIGHT_LOAD, learns=False)
    much = 1 + extra * course.push[day]
    return Effort(much**SETS_OF_PUSH, max(0.0, lifting.rir - RIR_OF_PUSH * (much - 1)), 1.0)


def _usual(traits: Traits, week: Sequence[Workout], seed: int) -> tuple[float, dict[str, float]]:
    """Work of an average usual day, and what the athlete believes to be able to lift (kg), from weeks before day 0."""
    state = rested_start(traits.nature)
    believed: dict[str, float] = {}
    work = 0.0
    for number in range(SETTLING_WEEKS + USUAL_WEEKS):
        for workout in week:
            random = np.random.default_rng([seed, USUAL, number, workout.weekday])
            asked = Effort(1.0, traits.lifting.rir, 1.0)
            done = _visit(traits, workout, state, believed, asked, random, False)[1]
            work += done if number >= SETTLING_WEEKS else 0.0
    return work / (USUAL_WEEKS * 7), believed


def _visit(
    traits: Traits,
    workout: Workout,
    state: State,
    believed: dict[str, float],
    asked: Effort,
    random: np.random.Generator,
    pounds: bool,
) -> tuple[Visit, float]:
    """Do a workout; returns it with its work, the sum over sets of relative load times the squared share of the
    possible repetitions that were done: what a set costs grows steeply towards its end (González-Badillo 2016,
    doi 10.1055/s-0035-1564254: half of the possible repetitions cost far less than half)."""
    lifting = traits.lifting
    visit = Visit(workout.title, lifting.start_hour + float(random.normal(0, 0.25)))
    today = state.form / USUAL_FORM * exp(float(random.normal(0, lifting.day_noise)))
    work, shares, tired = 0.0, [], 0.0
    for block, slot in enumerate(workout.slots):
        noise = exp(float(random.normal(0, lifting.lift_noise)))
        strength = traits.body_mass_kg * slot.lift.share * lifting.level_factor * today * noise
        idea = believed.setdefault(slot.lift.name, strength)
        done = _exercise(lifting, slot, block, strength * (1 - tired), idea, asked, random, pounds)
        best = 0.0
        for one, cost, share in done:
            visit.sets.append(one)
            if not one.warm_up:
                work += cost
                shares.append(share)
                tired += TIRED_LATER * share**2
                best = max(best, in_kg(one) * exp((one.reps + one.called_rir - 1) / lifting.endurance))
        if asked.learns:
            believed[slot.lift.name] = idea + (LEARNS_UP if best > idea else LEARNS_DOWN) * (best - idea)
    hard = sum(share**2 for share in shares) / len(shares) if shares else 0.0
    rating = 1.5 + 6.0 * hard * min(1.4, asked.sets) ** 0.5 - 0.3 * state.wellbeing + float(random.normal(0, 0.5))
    visit.cr10 = float(min(10, max(1, round(rating))))
    return visit, work


def _exercise(
    lifting: Lifting,
    slot: Slot,
    block: int,
    strength: float,
    idea: float,
    asked: Effort,
    random: np.random.Generator,
    pounds: bool,
) -> list[tuple[SetDone, float, float]]:
    """The sets of one exercise, each with its cost and the share of the possible repetitions that was done."""
    lift = slot.lift
    spare = 0.0 if lifting.by_feel else 0.5 * (slot.sets - 1) * TIRED_PER_SET * lifting.endurance  # for the last sets
    hard = (slot.reps + lifting.rir + spare - 1) / lifting.endurance
    load = loadable(lift, asked.load * idea * exp(-hard), pounds)
    unit = "lb" if pounds else "kg"
    out = []
    rest_s = int(random.integers(9, 19 if lift.heavy else 13)) * 10
    if lifting.warms_up and lift.heavy:
        half = loadable(lift, 0.5 * load / (LB_PER_KG if pounds else 1), pounds)
        out.append((SetDone(lift, block, 0, half, unit, 8, 8, 9.0, 9.0, False, True, rest_s), 0.0, 0.0))
    wanted = slot.sets * asked.sets
    count = max(1, floor(wanted) + int(random.random() < wanted - floor(wanted)))
    tired = 0.0
    for index in range(1, count + 1):
        able, kilos = strength * (1 - tired), load / (LB_PER_KG if pounds else 1)
        possible = max(0.0, 1 - lifting.endurance * log(kilos / able))
        reps, failed = _repetitions(lifting, slot.reps, possible, asked, random)
        reserve = max(0.0, possible - reps)
        called = 0.0 if failed else _called(lifting, reserve, random)
        share = min(1.0, reps / possible) if possible >= 1 else 0.5  # one try that came to nothing
        one = SetDone(lift, block, index, load, unit, reps, slot.reps, reserve, called, failed, False, rest_s)
        out.append((one, min(1.0, kilos / strength) * share**2, share))
        tired += TIRED_PER_SET * share**2
        if reps < GIVES_WAY * slot.reps:
            load = loadable(lift, LIGHTER * kilos, pounds)
    return out


def _repetitions(
    lifting: Lifting, planned: int, possible: float, asked: Effort, random: np.random.Generator
) -> tuple[int, bool]:
    """Repetitions done, and whether one more was tried and not done."""
    most = floor(possible)
    if random.random() < 1 - asked.rir / TO_THE_END:
        return most, True
    if lifting.by_feel:
        felt = asked.rir - lifting.rir_bias * min(1.0, asked.rir / 3) + lifting.rir_noise * float(random.normal()) * 0.6
        wanted = min(planned + 4, max(planned - 4, round(possible - felt), 1))
    else:
        wanted = max(1, planned + floor(lifting.rir - asked.rir + random.random()))
    if wanted <= most:
        return wanted, False
    return most, bool(random.random() < TRIES_ON)


def _called(lifting: Lifting, reserve: float, random: np.random.Generator) -> float:
    """The reserve as it feels: better known the nearer the end of the set is (Halperin 2022)."""
    near = min(1.0, reserve / 3)
    felt = reserve + lifting.rir_bias * near + lifting.rir_noise * (0.3 + 0.7 * near) * float(random.normal())
    return float(min(5, max(0, round(felt))))


def loadable(lift: Lift, kilos: float, pounds: bool) -> float:
    """The nearest load that can be put together, in kg or lb; at least one step."""
    step = lift.step_lb if pounds else lift.step_kg
    wanted = kilos * LB_PER_KG if pounds else kilos
    return max(step, round(wanted / step) * step)


def in_kg(one: SetDone) -> float:
    """A set's load in kilograms."""
    return one.load / LB_PER_KG if one.unit == "lb" else one.load
