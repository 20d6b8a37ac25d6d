"""How a story differs from a week trained as planned: functions that change one workout."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from pipeline.demo.gym import Row, Workout, copy_row, half_kilo
from pipeline.demo.lifts import (
    BENCH,
    CALVES,
    CURL,
    DEADLIFT,
    FLY,
    GUIDELINE_SLOTS,
    HAMMER,
    HOUSE_MACHINE,
    LATERAL,
    LEG_CURL,
    LEG_EXTENSION,
    LEG_PRESS,
    PRESS,
    PUSHDOWN,
    ROW,
    SQUAT,
    Lift,
)

SETTLED_WEEKS = 3  # stories begin after some ordinary weeks
TRAVEL_WEEKS = (10, 11)
GAP_WEEKS = (8, 9, 10, 11)
POUNDS_FROM_WEEK = 9
JUMP_WEEK = 15
RAMP_FROM_WEEK = 15
LATE_WEEK = 13


def fail(row: Row, outcome: str = "failed_mechanical") -> None:
    """The set ends in a failed repetition."""
    row.outcome, row.rir = outcome, None


def curls_to_failure(workout: Workout, _: Random) -> Workout:
    """Four sets of curls, the last three to mechanical failure."""
    rows = workout.of(CURL)
    if not rows or workout.week < SETTLED_WEEKS or workout.deload:
        return workout
    extra = copy_row(rows[-1], index=len(rows) + 1)
    workout.rows.insert(workout.rows.index(rows[-1]) + 1, extra)
    for row in workout.of(CURL)[1:]:
        fail(row)
    return workout


def one_bad_pull_day(workout: Workout, random: Random) -> Workout:
    """Curls to failure on a single day."""
    return curls_to_failure(workout, random) if workout.week == LATE_WEEK else workout


def heavy_grinder(workout: Workout, _: Random) -> Workout:
    """The last squat and the last deadlift of every second week fail."""
    if workout.week >= SETTLED_WEEKS and workout.week % 2 == 0 and not workout.deload:
        for lift in (SQUAT, DEADLIFT):
            for row in workout.of(lift)[-1:]:
                fail(row)
    return workout


def shaky_press(workout: Workout, _: Random) -> Workout:
    """Form breaks in the last set of overhead presses."""
    if workout.week >= SETTLED_WEEKS and not workout.deload:
        for row in workout.of(PRESS)[-1:]:
            fail(row, "failed_technical")
    return workout


def eager_beginner(workout: Workout, _: Random) -> Workout:
    """Leg extensions always, curls and lateral raises often to failure: too early for a beginner."""
    if not workout.deload:
        for lift in (LEG_EXTENSION, CURL, LATERAL) if workout.week % 2 == 0 else (LEG_EXTENSION,):
            for row in workout.of(lift)[-1:]:
                fail(row)
    return workout


def first_set_failed(workout: Workout, _: Random) -> Workout:
    """Goes all out in the first set of lateral raises and continues with easier ones."""
    rows = workout.of(LATERAL)
    if rows and workout.week >= SETTLED_WEEKS and not workout.deload:
        fail(rows[0])
        for row in rows[1:]:
            row.rir = 2.0
    return workout


def no_reserve_on_compounds(workout: Workout, _: Random) -> Workout:
    """Bench press to RIR 0; form breaks in the last set of rows of every third week."""
    if workout.week < SETTLED_WEEKS or workout.deload:
        return workout
    for row in workout.of(BENCH)[-1:]:
        row.rir = 0.0
    if workout.week % 3 == 0:
        for row in workout.of(ROW)[-1:]:
            fail(row, "failed_technical")
    return workout


def no_effort(workout: Workout, _: Random) -> Workout:
    """Weights and repetitions are logged, effort never is."""
    for row in workout.rows:
        row.rir = None
    return workout


def failure_with_reserve(workout: Workout, _: Random) -> Workout:
    """Ticks `failed` on isolation sets and writes two repetitions in reserve beside it."""
    for lift in (FLY, LATERAL, PUSHDOWN, CURL, HAMMER, LEG_EXTENSION, LEG_CURL, CALVES):
        for row in workout.of(lift)[-2:]:
            if not workout.deload:
                row.outcome, row.rir = "failed", 2.0
    return workout


def drop_sets(workout: Workout, _: Random) -> Workout:
    """The last set of two isolation lifts fails and goes on as two drops."""
    if workout.deload:
        return workout
    for lift in (FLY, CURL, LEG_EXTENSION):
        for row in workout.of(lift)[-1:]:
            fail(row)
            at = workout.rows.index(row) + 1
            weight = row.weight_kg or 0.0
            drops = [
                copy_row(row, set_type="drop", weight_kg=half_kilo(weight * share), index=row.index + n, rest_s=10)
                for n, share in ((1, 0.75), (2, 0.5))
            ]
            workout.rows[at:at] = drops
    return workout


def plan_followed(workout: Workout, _: Random) -> Workout:
    """The sample plan to the letter: failure in its slots, RIR 1 to 2 elsewhere."""
    for row in workout.rows:
        if row.set_type != "working":
            continue
        row.reps = row.lift.reps
        if row.index in GUIDELINE_SLOTS.get(row.lift.name, ()):
            fail(row)
        else:
            row.rir = 1.0 if row.index >= 3 else 2.0
    return workout


def plan_broken(workout: Workout, random: Random) -> Workout:
    """The same plan from memory: a failed last bench set, short sets, and no leg extensions on busy days."""
    plan_followed(workout, random)
    if workout.week < SETTLED_WEEKS:
        return workout
    for row in workout.of(BENCH)[-1:]:
        fail(row)
        row.reps = 5
    if workout.week % 2:
        gone = workout.of(LEG_EXTENSION)
        workout.rows = [row for row in workout.rows if row not in gone]
    return workout


def four_weeks_off(workout: Workout, _: Random) -> Workout | None:
    """Nothing is logged for four weeks."""
    return None if workout.week in GAP_WEEKS else workout


def in_new_york(workout: Workout, _: Random) -> Workout:
    """Two weeks in another zone, one late session there that is already the next day in UTC."""
    if workout.week in TRAVEL_WEEKS:
        workout.zone = "America/New_York"
        if workout.title == "Upper A":
            workout.start += timedelta(hours=3)
    return workout


def one_big_jump(workout: Workout, _: Random) -> Workout:
    """A quarter more on the leg press from one session to the next."""
    if workout.week >= JUMP_WEEK:
        for row in workout.of(LEG_PRESS):
            row.weight_kg = half_kilo((row.weight_kg or 0.0) * 1.28)
    return workout


def everything_at_rpe_10(workout: Workout, _: Random) -> Workout:
    """Every working set of curls and hammer curls at RPE 10, without a failed repetition reported."""
    if workout.week >= SETTLED_WEEKS and not workout.deload:
        for lift in (CURL, HAMMER):
            for row in workout.of(lift):
                row.rir = 0.0
    return workout


def more_and_more(workout: Workout, _: Random) -> Workout:
    """Twice the sets in the last two weeks."""
    if workout.week < RAMP_FROM_WEEK:
        return workout
    rows: list[Row] = []
    for row in workout.rows:
        rows.append(row)
        if row.set_type == "working":
            rows.append(copy_row(row, index=row.index + 10))
    workout.rows = rows
    return workout


def failure_weeks(workout: Workout, _: Random) -> Workout:
    """Isolation lifts to failure in their last set in every fourth week, as the practice rules allow."""
    if workout.week % 4 == 3 and not workout.deload:
        for lift in (FLY, PUSHDOWN, HAMMER, LEG_EXTENSION):
            for row in workout.of(lift)[-1:]:
                fail(row)
    return workout


def tower_to_failure(workout: Workout, _: Random) -> Workout:
    """Rows are done on a machine only this gym has; three of its sets fail."""
    rows = workout.of(ROW)
    swapped: list[Row] = [_on(HOUSE_MACHINE, row) if row in rows else row for row in workout.rows]
    workout.rows = swapped
    if workout.week >= SETTLED_WEEKS and not workout.deload:
        for row in workout.of(HOUSE_MACHINE):
            fail(row)
    return workout


def _on(lift: Lift, row: Row) -> Row:
    return copy_row(row, lift=lift)
