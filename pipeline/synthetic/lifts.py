"""The exercises of made-up athletes, and the training weeks that are put together from them.

Names are those of the exercise catalogue or its aliases, as logging apps write them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Lift:
    """One exercise. ``share``: 1RM of an average lifter as a share of body mass; ``step_kg``, ``step_lb``: how finely
    it can be loaded; ``reps``: the range of repetitions it is done in; ``heavy``: a main lift, with a warm-up set."""

    name: str
    share: float
    reps: tuple[int, int]
    step_kg: float = 2.5
    step_lb: float = 5.0
    heavy: bool = False


SQUAT = Lift("Squat (Barbell)", 1.35, (5, 8), heavy=True)
DEADLIFT = Lift("Deadlift (Barbell)", 1.6, (4, 6), heavy=True)
ROMANIAN = Lift("Romanian Deadlift (Barbell)", 1.2, (7, 10), heavy=True)
BENCH = Lift("Bench Press (Barbell)", 1.05, (5, 8), heavy=True)
PRESS = Lift("Overhead Press (Barbell)", 0.65, (5, 8), heavy=True)
LEG_PRESS = Lift("Leg Press (Machine)", 2.4, (8, 12), 5.0, 10.0)
LEG_EXTENSION = Lift("Leg Extension (Machine)", 0.85, (10, 14))
LEG_CURL = Lift("Seated Leg Curl (Machine)", 0.65, (10, 14))
CALVES = Lift("Standing Calf Raise (Machine)", 1.3, (10, 14), 5.0, 10.0)
INCLINE = Lift("Incline Bench Press (Dumbbell)", 0.4, (8, 12), 1.0, 2.5)
CHEST_PRESS = Lift("Chest Press (Machine)", 0.95, (8, 12))
FLY = Lift("Chest Fly (Dumbbell)", 0.24, (10, 14), 1.0, 2.5)
PUSHDOWN = Lift("Triceps Pushdown", 0.42, (10, 14), 1.25, 2.5)
LATERAL = Lift("Lateral Raise (Dumbbell)", 0.16, (12, 15), 0.5, 1.0)
PULLDOWN = Lift("Lat Pulldown (Cable)", 0.9, (8, 12))
ROW = Lift("Seated Row (Machine)", 0.9, (8, 12))
CURL = Lift("Bicep Curl (Dumbbell)", 0.24, (10, 14), 0.5, 1.0)
HAMMER = Lift("Hammer Curl (Dumbbell)", 0.26, (10, 14), 0.5, 1.0)

LOWER = (SQUAT, ROMANIAN, LEG_PRESS, LEG_EXTENSION, LEG_CURL, CALVES)
HINGE = (DEADLIFT, LEG_PRESS, LEG_CURL, LEG_EXTENSION, CALVES, ROW)
PUSH = (BENCH, PRESS, INCLINE, FLY, PUSHDOWN, LATERAL)
PULL = (PULLDOWN, ROW, ROMANIAN, CURL, HAMMER, LEG_CURL)
UPPER = (BENCH, ROW, PRESS, PULLDOWN, LATERAL, CURL)
UPPER_AGAIN = (INCLINE, PULLDOWN, CHEST_PRESS, ROW, PUSHDOWN, HAMMER)
WHOLE = (SQUAT, BENCH, ROW, LEG_CURL, LATERAL, CURL)
WHOLE_AGAIN = (DEADLIFT, PRESS, PULLDOWN, LEG_PRESS, FLY, PUSHDOWN)
WHOLE_LIGHT = (LEG_PRESS, INCLINE, ROW, LEG_EXTENSION, PUSHDOWN, HAMMER)

# sessions a week -> the weekdays (0 Monday) they fall on, and what each holds
WEEKDAYS = {3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 4, 5)}
SPLITS: dict[int, tuple[tuple[tuple[str, tuple[Lift, ...]], ...], ...]] = {
    3: (
        (("Whole body A", WHOLE), ("Whole body B", WHOLE_AGAIN), ("Whole body C", WHOLE_LIGHT)),
        (("Push", PUSH), ("Pull", PULL), ("Legs", LOWER)),
    ),
    4: ((("Upper A", UPPER), ("Lower A", LOWER), ("Upper B", UPPER_AGAIN), ("Lower B", HINGE)),),
    5: ((("Push", PUSH), ("Pull", PULL), ("Legs", LOWER), ("Upper", UPPER_AGAIN), ("Lower", HINGE)),),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One exercise of a session: how many sets of how many repetitions."""

    lift: Lift
    sets: int
    reps: int


@dataclass(frozen=True, slots=True)
class Workout:
    """What is planned for one of the week's sessions; ``weekday`` 0 is Monday."""

    title: str
    weekday: int
    slots: tuple[Slot, ...]


def training_week(random: np.random.Generator, sessions: int, exercises: int) -> tuple[Workout, ...]:
    """A week of 3 to 5 ``sessions`` with 4 to 6 ``exercises`` each, main lifts first."""
    split = SPLITS[sessions][int(random.integers(len(SPLITS[sessions])))]
    shift = int(random.integers(2))  # some begin the week on Tuesday
    week = []
    for (title, lifts), weekday in zip(split, WEEKDAYS[sessions], strict=True):
        slots = tuple(
            Slot(lift, int(random.integers(3, 5)), int(random.integers(lift.reps[0], lift.reps[1] + 1)))
            for lift in lifts[:exercises]
        )
        week.append(Workout(title, weekday + shift, slots))
    return tuple(week)
