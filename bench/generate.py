"""Canonical sets of a made-up training hall: 1,000 athletes, four workouts a week, 20 sets each.

The lines come in the order in which a hall of phones would send them. ``live``: every body of 1,000
lines holds the next set of every athlete, so each body touches everyone. ``visits``: a body holds the
whole workouts of 50 athletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ATHLETES = 1_000
SETS_PER_WORKOUT = 20
LINES_PER_BODY = 1_000
FIRST_DAY = datetime(2012, 1, 2, tzinfo=UTC)  # a Monday, so long ago that a history of 12 years ends before today
WEEKDAYS = (0, 1, 3, 4)
WORKOUTS = (  # each muscle once a week, so that alerts come from failure and are as rare as in a real hall
    (
        "Bench Press (Barbell)",
        "Incline Bench Press (Dumbbell)",
        "Chest Fly (Dumbbell)",
        "Triceps Pushdown",
        "Skullcrusher (Barbell)",
    ),
    (
        "Lat Pulldown (Cable)",
        "Seated Row (Machine)",
        "Dumbbell Row",
        "Bicep Curl (Dumbbell)",
        "Hammer Curl (Dumbbell)",
    ),
    (
        "Overhead Press (Barbell)",
        "Lateral Raise (Dumbbell)",
        "Rear Delt Reverse Fly (Machine)",
        "Shrug (Dumbbell)",
        "Crunch (Machine)",
    ),
    (
        "Squat (Barbell)",
        "Leg Press (Machine)",
        "Leg Extension (Machine)",
        "Seated Leg Curl (Machine)",
        "Standing Calf Raise (Machine)",
    ),
)
SETS_PER_EXERCISE = SETS_PER_WORKOUT // len(WORKOUTS[0])
GAINING_WEEKS = 25
EFFORT = (3, 2, 2, 1)  # RIR of the four sets of an exercise
_LINE = (
    '{"kind":"set","athlete":"a%04d","source":"hall","document":"%s-%02d","performed_at":"%s","session":"%s",'
    '"exercise":"%s","exercise_block":%d,"set_index":%d,"set_type":"working","weight":{"value":%s,"unit":"kg"},'
    '"reps":%d,%s}\n'
)


def set_line(athlete: int, workout: int, number: int, *, first_day: datetime = FIRST_DAY) -> str:
    """Set ``number`` (from 0) of an athlete's workout (from 0); one in fifteen exercises ends in failure.

    Weights rise for half a year and hold then, so that a batch finds the same people on a history of any length.
    """
    week, slot = divmod(workout, len(WEEKDAYS))
    block, index = divmod(number, SETS_PER_EXERCISE)
    start = first_day + timedelta(days=week * 7 + WEEKDAYS[slot], hours=17, minutes=athlete % 60)
    at = start + timedelta(minutes=3 * number)
    session = f"w{workout:05d}"
    effort = f'"effort":{{"scale":"rir","value":{EFFORT[index]}}}'
    if index == SETS_PER_EXERCISE - 1 and (athlete * 7 + workout * 3 + block) % 15 == 0:
        effort = '"outcome":"failed_mechanical"'
    weight = 20 + (athlete * 13 + block * 17) % 80 + min(week, GAINING_WEEKS) * 0.5
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    name = WORKOUTS[slot][block]
    return _LINE % (athlete, session, number, stamp, session, name, block, index + 1, weight, 6 + index % 3, effort)


def recent_first_day(sets: int) -> datetime:
    """The Monday from which so many sets reach to some two weeks before today: a running service works out every day
    up to today, and no hall sends what it logged ten years ago."""
    weeks = -(-workouts_of(sets) // len(WEEKDAYS)) + 2
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday() + 7 * weeks)


def lines(
    sets: int,
    *,
    first_workout: int = 0,
    order: str = "live",
    athletes: int = ATHLETES,
    first_day: datetime = FIRST_DAY,
) -> Iterator[str]:
    """At least ``sets`` lines, whole workouts of everyone, in the order they would be sent."""
    workouts = -(-sets // (athletes * SETS_PER_WORKOUT))
    for workout in range(first_workout, first_workout + workouts):
        if order == "live":
            for number in range(SETS_PER_WORKOUT):
                for athlete in range(athletes):
                    yield set_line(athlete, workout, number, first_day=first_day)
        else:
            for athlete in range(athletes):
                for number in range(SETS_PER_WORKOUT):
                    yield set_line(athlete, workout, number, first_day=first_day)


def workouts_of(sets: int, athletes: int = ATHLETES) -> int:
    """How many workouts ``lines`` writes for this number of sets."""
    return -(-sets // (athletes * SETS_PER_WORKOUT))


def write(
    path: Path,
    sets: int,
    *,
    order: str = "live",
    first_workout: int = 0,
    athletes: int = ATHLETES,
    first_day: datetime = FIRST_DAY,
) -> int:
    """Write the lines to a file; returns how many."""
    count = 0
    with path.open("w", encoding="ascii") as out:
        for line in lines(sets, order=order, first_workout=first_workout, athletes=athletes, first_day=first_day):
            out.write(line)
            count += 1
    return count


def bodies_of(text: Iterator[str]) -> Iterator[bytes]:
    """Lines in bodies of 1,000."""
    while part := [line for _, line in zip(range(LINES_PER_BODY), text, strict=False)]:
        yield "".join(part).encode()


def bodies(path: Path) -> Iterator[bytes]:
    """The file again, in bodies of 1,000 lines."""
    with path.open("rb") as stream:
        while True:
            part = [line for _, line in zip(range(LINES_PER_BODY), stream, strict=False)]
            if not part:
                return
            yield b"".join(part)
