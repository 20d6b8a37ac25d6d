"""What the demo gym's members do: their lifts, and the training weeks made of them.

A week is laid out so that a member who simply follows it gives every muscle the rest it needs;
whatever a story shows is added on top of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Lift:
    """One exercise as people write it into their logs; weight in kg for a lifter of average strength."""

    name: str
    start_kg: float | None
    reps: int
    isolation: bool = False
    load_kind: str | None = None
    one_sided: bool = False
    hold_s: float | None = None  # a timed hold has no repetitions


BENCH = Lift("Bench Press (Barbell)", 60, 8)
INCLINE = Lift("Incline Bench Press (Dumbbell)", 22, 10)
CHEST_PRESS = Lift("Chest Press (Machine)", 45, 10)
FLY = Lift("Chest Fly (Dumbbell)", 12, 12, isolation=True)
PRESS = Lift("Overhead Press (Barbell)", 35, 8)
LATERAL = Lift("Lateral Raise (Dumbbell)", 8, 15, isolation=True)
PUSHDOWN = Lift("Triceps Pushdown", 22, 12, isolation=True)
PULLDOWN = Lift("Lat Pulldown (Cable)", 50, 10)
ROW = Lift("Seated Row (Machine)", 45, 10)
ONE_ARM_ROW = Lift("Dumbbell Row", 24, 10, one_sided=True)
CURL = Lift("Bicep Curl (Dumbbell)", 12, 12, isolation=True)
HAMMER = Lift("Hammer Curl (Dumbbell)", 12, 12, isolation=True)
SQUAT = Lift("Squat (Barbell)", 75, 6)
DEADLIFT = Lift("Deadlift (Barbell)", 100, 5)
ROMANIAN = Lift("Romanian Deadlift (Barbell)", 70, 8)
LEG_PRESS = Lift("Leg Press (Machine)", 130, 10)
SPLIT_SQUAT = Lift("Bulgarian Split Squat", 14, 10, one_sided=True)
LEG_EXTENSION = Lift("Leg Extension (Machine)", 45, 12, isolation=True)
LEG_CURL = Lift("Seated Leg Curl (Machine)", 35, 12, isolation=True)
CALVES = Lift("Standing Calf Raise (Machine)", 60, 12, isolation=True)
PULL_UP = Lift("Pull Up", None, 6, load_kind="bodyweight")
ASSISTED = Lift("Pull Up (Assisted)", 25, 8, load_kind="assisted")
PUSH_UP = Lift("Push Up", None, 15, load_kind="bodyweight")
DIP = Lift("Triceps Dip (Weighted)", 10, 8, load_kind="added")
PLANK = Lift("Plank", None, 0, isolation=True, load_kind="bodyweight", hold_s=60)
HOUSE_MACHINE = Lift("Corner Tower No. 7", 40, 12)  # a name no catalogue knows


@dataclass(frozen=True, slots=True)
class TrainingDay:
    """One session of a week: ``offset`` days after the week's first day, at a local time; lifts with their sets."""

    offset: int
    start: time
    title: str
    lifts: tuple[tuple[Lift, int], ...]


Week = tuple[TrainingDay, ...]

UPPER_LOWER: Week = (
    TrainingDay(
        0, time(18, 5), "Upper A", ((BENCH, 3), (PULLDOWN, 3), (ROW, 3), (LATERAL, 2), (PUSHDOWN, 2), (CURL, 2))
    ),
    TrainingDay(1, time(18, 10), "Lower A", ((SQUAT, 3), (LEG_PRESS, 3), (LEG_CURL, 3), (CALVES, 3))),
    TrainingDay(3, time(18, 0), "Upper B", ((INCLINE, 3), (ROW, 3), (PULLDOWN, 3), (LATERAL, 2), (HAMMER, 2))),
    TrainingDay(4, time(17, 55), "Lower B", ((DEADLIFT, 2), (LEG_EXTENSION, 3), (LEG_CURL, 2), (CALVES, 2))),
)
FULL_BODY: Week = (
    TrainingDay(
        0, time(19, 10), "Full body A", ((CHEST_PRESS, 3), (LEG_PRESS, 3), (ROW, 3), (LEG_EXTENSION, 3), (CURL, 3))
    ),
    TrainingDay(
        4, time(17, 0), "Full body B", ((INCLINE, 3), (PULLDOWN, 3), (LEG_PRESS, 3), (LEG_CURL, 3), (LATERAL, 3))
    ),
)
PUSH_PULL_LEGS: Week = (
    TrainingDay(0, time(7, 15), "Push", ((BENCH, 3), (INCLINE, 3), (FLY, 3), (LATERAL, 3), (PUSHDOWN, 3))),
    TrainingDay(2, time(7, 30), "Pull", ((PULLDOWN, 3), (ROW, 3), (CURL, 3), (HAMMER, 3))),
    TrainingDay(4, time(9, 0), "Legs", ((LEG_PRESS, 3), (LEG_EXTENSION, 3), (LEG_CURL, 3), (CALVES, 3))),
)
BARBELL: Week = (
    TrainingDay(0, time(6, 40), "Squat day", ((SQUAT, 4), (LEG_PRESS, 3), (CALVES, 3))),
    TrainingDay(2, time(6, 45), "Press day", ((PRESS, 4), (CHEST_PRESS, 3), (PULLDOWN, 3))),
    TrainingDay(4, time(6, 40), "Pull day", ((DEADLIFT, 3), (ROW, 3), (CURL, 3))),
)
ONE_SIDED: Week = (
    TrainingDay(0, time(12, 15), "Single side A", ((SPLIT_SQUAT, 3), (ONE_ARM_ROW, 3), (CHEST_PRESS, 3))),
    TrainingDay(4, time(12, 15), "Single side B", ((SPLIT_SQUAT, 3), (ONE_ARM_ROW, 3), (LATERAL, 3))),
)
CALISTHENICS: Week = (
    TrainingDay(0, time(20, 0), "Bars A", ((PULL_UP, 3), (DIP, 3), (PLANK, 3))),
    TrainingDay(3, time(20, 15), "Bars B", ((ASSISTED, 4), (PUSH_UP, 4), (PLANK, 2))),
)
GUIDELINE: Week = (
    TrainingDay(
        0,
        time(19, 0),
        "Guideline plan",
        ((BENCH, 4), (FLY, 3), (PULLDOWN, 4), (CURL, 3), (LEG_PRESS, 4), (LEG_EXTENSION, 3)),
    ),
    TrainingDay(
        4,
        time(17, 0),
        "Guideline plan",
        ((BENCH, 4), (FLY, 3), (PULLDOWN, 4), (CURL, 3), (LEG_PRESS, 4), (LEG_EXTENSION, 3)),
    ),
)
GUIDELINE_SLOTS: dict[str, tuple[int, ...]] = {FLY.name: (3,), CURL.name: (2, 3), LEG_EXTENSION.name: (3,)}
"""The sets of the guideline's sample plan that may go to failure, counted from 1."""
