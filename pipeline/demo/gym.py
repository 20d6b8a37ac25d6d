"""Members, their workouts, and the canonical events a workout becomes.

Everything is a pure function of the member and the calendar: the same gym every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from pipeline.demo.lifts import Lift, TrainingDay, Week

WEEKS = 17
DELOAD_EVERY_WEEKS = 5
LB_PER_KG = 1 / 0.45359237

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Calendar:
    """``weeks`` training weeks whose last day is ``end``."""

    end: date
    weeks: int = WEEKS

    def day(self, week: int, offset: int) -> date:
        """The date of a day of a week, both counted from 0."""
        return self.end - timedelta(days=self.weeks * 7 - 1 - week * 7 - offset)


@dataclass(slots=True)
class Row:
    """One set as it will be logged. ``rir`` None: no effort written down."""

    lift: Lift
    block: int
    index: int
    weight_kg: float | None
    reps: int | None
    rir: float | None
    outcome: str | None = None
    set_type: str = "working"
    side: str | None = None
    rest_s: int = 120


@dataclass(slots=True)
class Workout:
    """One visit: local start, and the sets in their order. ``zone`` differs from the member's when travelling."""

    week: int
    start: datetime  # local wall clock, without zone
    zone: str
    title: str
    rows: list[Row] = field(default_factory=list)
    deload: bool = False

    def of(self, lift: Lift) -> list[Row]:
        """The working rows of one lift, in order."""
        return [row for row in self.rows if row.lift is lift and row.set_type == "working"]


Change = Callable[[Workout, Random], "Workout | None"]


@dataclass(frozen=True, slots=True)
class Member:
    """A lifter. ``log`` is how the app sends: ``sets`` one event a set, ``workouts`` one document a visit.

    ``times``: ``offset`` (numeric offset), ``wall`` (wall clock and zone name) or ``utc``.
    """

    athlete: str
    name: str
    week: Week
    level: str | None = "intermediate"
    zone: str = "Europe/Berlin"
    source: str = "gymlog"
    log: str = "sets"
    times: str = "offset"
    scale: str = "rir"
    strength: float = 1.0
    named_sessions: bool = True
    revision: bool = False
    deloads: bool = True


@dataclass(slots=True)
class Sent:
    """An event and the moment its app uploads it (UTC)."""

    at: datetime
    event: Event


def workouts(member: Member, calendar: Calendar, change: Change | None = None) -> Iterator[Workout]:
    """The member's visits in order; ``change`` may alter one, or drop it by returning None."""
    random = Random(f"{member.athlete} lifts")
    for week in range(calendar.weeks):
        for plan in member.week:
            workout = _as_planned(member, calendar, week, plan, random)
            changed = change(workout, random) if change else workout
            if changed is not None and changed.rows:
                yield changed


def _as_planned(member: Member, calendar: Calendar, week: int, plan: TrainingDay, random: Random) -> Workout:
    deload = member.deloads and week % DELOAD_EVERY_WEEKS == DELOAD_EVERY_WEEKS - 1
    start = datetime.combine(calendar.day(week, plan.offset), plan.start)
    out = Workout(week, start, member.zone, plan.title, deload=deload)
    for block, (lift, sets) in enumerate(plan.lifts):
        weight = None if lift.start_kg is None else _load(member, lift, week)
        if weight is not None and not lift.isolation and lift.load_kind is None:
            out.rows.append(Row(lift, block, 0, half_kilo(weight * 0.5), 8, None, None, "warmup"))
        count = max(1, round(sets * 0.6)) if deload else sets
        for index in range(1, count + 1):
            rir = 4.0 if deload else (1.0 if index == count else 2.0)
            reps = None if lift.hold_s else max(1, lift.reps - (2 if deload else 0))
            if reps and reps >= 10 and random.random() < 0.2:
                reps += 1
            for side in ("left", "right") if lift.one_sided else (None,):
                kilos = None if weight is None else half_kilo(weight)
                rest_s = 90 if lift.isolation else 150
                out.rows.append(Row(lift, block, index, kilos, reps, rir, side=side, rest_s=rest_s))
    return out


def _load(member: Member, lift: Lift, week: int) -> float:
    assert lift.start_kg is not None
    if lift.load_kind == "assisted":
        return lift.start_kg - 0.5 * week  # less help every week
    return lift.start_kg * member.strength * (1 + 0.006 * week)


def half_kilo(weight_kg: float) -> float:
    """Rounded to the next half kilogram."""
    return round(weight_kg * 2) / 2


def sent(member: Member, workout: Workout, *, delay: timedelta = timedelta(minutes=4)) -> list[Sent]:
    """The events of a visit; each live set is sent when it is done, a workout document after the visit."""
    name = f"{workout.start:%Y-%m-%dT%H:%M}/{workout.title}"
    moments, end = _moments(workout)
    if member.log == "workouts":
        sets = [set_fields(member, workout, row, at) for row, at in zip(workout.rows, moments, strict=True)]
        for fields in sets:
            fields.pop("timezone", None)  # the session's own holds for its sets
        event = _session(member, workout, name, end) | {"document": name, "sets": sets}
        return [Sent(_utc(end, workout.zone) + delay, event)]
    out = []
    for number, (row, at) in enumerate(zip(workout.rows, moments, strict=True), start=1):
        event = common(member, "set", f"{name}/{number}") | set_fields(member, workout, row, at)
        if member.named_sessions:
            event["session"] = name
        out.append(Sent(_utc(at, workout.zone) + delay, event))
    if member.named_sessions:
        out.append(Sent(_utc(end, workout.zone) + delay, _session(member, workout, name, end)))
    return out


def common(member: Member, kind: str, document: str) -> Event:
    """The fields every event of a member has."""
    event: Event = {"kind": kind, "athlete": member.athlete, "source": member.source, "document": document}
    if member.revision:
        event["revision"] = 1
    return event


def set_fields(member: Member, workout: Workout, row: Row, at: datetime) -> Event:
    """One set in canonical fields, without those every event has; ``at`` is the local wall clock."""
    event: Event = _time("performed_at", at, workout.zone, member.times)
    event |= {
        "exercise": row.lift.name,
        "exercise_block": row.block,
        "set_index": row.index,
        "set_type": row.set_type,
        "rest_s": row.rest_s,
    }
    if row.weight_kg is not None:
        event["weight"] = {"value": row.weight_kg, "unit": "kg"}
    if row.lift.load_kind:
        event["load_kind"] = row.lift.load_kind
    if row.side:
        event["side"] = row.side
    if row.reps is not None:
        event["reps"] = row.reps
    if row.lift.hold_s:
        event["duration_s"] = row.lift.hold_s
    if row.rir is not None:
        value = 10 - row.rir if member.scale == "rpe" else row.rir
        event["effort"] = {"scale": member.scale, "value": value}
    if row.outcome:
        event["outcome"] = row.outcome
    return event


def in_pounds(event: Event) -> Event:
    """The same set as an app set to pounds logs it."""
    weight = event.get("weight")
    if isinstance(weight, dict):
        return event | {"weight": {"value": round(weight["value"] * LB_PER_KG), "unit": "lb"}}
    return event


def copy_row(row: Row, **changes: object) -> Row:
    """A row with some fields changed."""
    return replace(row, **changes)  # type: ignore[arg-type]


def _session(member: Member, workout: Workout, name: str, end: datetime) -> Event:
    event = common(member, "session", f"{name}/session") | {"session": name, "title": workout.title}
    event |= _time("start", workout.start, workout.zone, member.times)
    event |= _time("end", end, workout.zone, member.times)
    event["cr10"] = 4 if workout.deload else 7
    return event


def _moments(workout: Workout) -> tuple[list[datetime], datetime]:
    at = workout.start + timedelta(minutes=2)
    moments = []
    for row in workout.rows:
        moments.append(at)
        at += timedelta(seconds=(20 if row.side == "left" else row.rest_s) + 40)
    return moments, at + timedelta(minutes=3)


def _time(name: str, at: datetime, zone: str, style: str) -> Event:
    if style == "wall":
        return {name: at.isoformat(), "timezone": zone}
    if style == "utc":
        return {name: _utc(at, zone).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {name: at.replace(tzinfo=ZoneInfo(zone)).isoformat()}


def _utc(at: datetime, zone: str) -> datetime:
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
