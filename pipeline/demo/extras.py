"""What members send besides their sets, and what their apps do to the sets on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from pipeline.demo.changes import LATE_WEEK, POUNDS_FROM_WEEK, TRAVEL_WEEKS
from pipeline.demo.gym import Calendar, Event, Member, Sent, Workout, common, in_pounds, sent
from pipeline.demo.lifts import CURL, GUIDELINE, GUIDELINE_SLOTS

Extra = Callable[[Member, Calendar], Iterable[Sent]]
Upload = Callable[[Member, Workout, Calendar], list[Sent]]

PLAN_RIR = {"min": 1, "max": 2}


def profile(member: Member, calendar: Calendar, **fields: object) -> Sent:
    """The member's own row: name, zone, level; sent on the morning of the first day."""
    event = common(member, "athlete", "profile") | {"timezone": member.zone, "name": member.name}
    if member.level:
        event["level"] = member.level
    return Sent(_morning(calendar, 0, 0), event | fields)


def weighed(member: Member, calendar: Calendar) -> Iterator[Sent]:
    """Body mass once a week, falling slowly."""
    for week in range(calendar.weeks):
        at = _morning(calendar, week, 0)
        event = common(member, "body_mass", f"scale-{week}")
        event |= {"measured_at": at.isoformat(), "mass": {"value": round(81.5 - 0.1 * week, 1), "unit": "kg"}}
        yield Sent(at, event)


def guideline_plan(member: Member, calendar: Calendar) -> Iterator[Sent]:
    """The sample plan with the sets that may go to failure."""
    rows = [
        {
            "exercise": lift.name,
            "sets": sets,
            "reps": lift.reps,
            "failure_slots": list(GUIDELINE_SLOTS.get(lift.name, ())),
            "target_rir": PLAN_RIR,
        }
        for lift, sets in GUIDELINE[0].lifts
    ]
    event = common(member, "plan", "plan-1") | {"plan": "guideline", "rows": rows}
    event["from_day"] = calendar.day(0, 0).isoformat()
    yield Sent(_morning(calendar, 0, 0), event)


def travel(member: Member, calendar: Calendar) -> Iterator[Sent]:
    """Two weeks abroad, declared, with the change of zone there and back."""
    first, last = TRAVEL_WEEKS[0], TRAVEL_WEEKS[-1]
    declared = common(member, "declaration", "trip") | {
        "what": "travel",
        "from_day": calendar.day(first, 0).isoformat(),
        "to_day": calendar.day(last, 6).isoformat(),
    }
    yield Sent(_morning(calendar, first, 0), declared)
    for week, zone in ((first, "America/New_York"), (last + 1, member.zone)):
        moved = common(member, "athlete", f"zone-{week}") | {
            "timezone": zone,
            "timezone_from": calendar.day(week, 0).isoformat(),
        }
        yield Sent(_morning(calendar, week, 0), moved)


def corrected(member: Member, workout: Workout, _: Calendar) -> list[Sent]:
    """Every third week a weight is typed ten times too high and a set is sent twice; both are put right later."""
    events = sent(member, workout)
    sets = [item for item in events if item.event["kind"] == "set" and "weight" in item.event]
    if workout.week % 3 or not sets:
        return events
    typo, twice = sets[-1], sets[-2]
    right = dict(typo.event)
    weight = right["weight"]
    assert isinstance(weight, dict)
    typo.event = right | {"weight": weight | {"value": weight["value"] * 10}}
    events.append(Sent(typo.at + timedelta(hours=14), right | {"revision": 2}))
    again = f"{twice.event['document']}-again"
    events.append(Sent(twice.at + timedelta(seconds=9), twice.event | {"document": again}))
    gone: Event = {
        "kind": "delete",
        "athlete": member.athlete,
        "source": member.source,
        "document": again,
        "revision": 2,
    }
    events.append(Sent(twice.at + timedelta(hours=15), gone))
    return events


def pounds_later(member: Member, workout: Workout, _: Calendar) -> list[Sent]:
    """The app is switched from kilograms to pounds in the middle of the log."""
    events = sent(member, workout)
    if workout.week >= POUNDS_FROM_WEEK:
        for item in events:
            item.event = in_pounds(item.event)
    return events


def two_apps(member: Member, workout: Workout, _: Calendar) -> list[Sent]:
    """The phone logs every set; the watch sends the same visit as one workout, without effort."""
    events = sent(member, workout)
    sets = []
    for item in events:
        if item.event["kind"] == "set":
            kept = ("performed_at", "exercise", "set_index", "set_type", "weight", "reps")
            sets.append({key: item.event[key] for key in kept if key in item.event})
    session = events[-1].event
    name = f"activity-{workout.start:%Y%m%d%H%M}"
    watch: Event = {"kind": "session", "athlete": member.athlete, "source": "watch", "document": name, "session": name}
    watch |= {"start": session["start"], "end": session["end"], "title": "Strength", "sets": sets}
    return [*events, Sent(events[-1].at + timedelta(minutes=30), watch)]


def uploaded_late(member: Member, workout: Workout, calendar: Calendar) -> list[Sent]:
    """One visit stays on a phone without signal and arrives on the last evening."""
    events = sent(member, workout)
    if workout.week == LATE_WEEK and workout.of(CURL):
        for item in events:
            item.at = datetime.combine(calendar.end, time(21, 30), UTC)
    return events


def careless(member: Member, calendar: Calendar) -> Iterator[Sent]:
    """An app that sends a set without a unit, an unknown field, a set in the future, and RIR 12."""
    at = _morning(calendar, calendar.weeks - 2, 2)
    good = common(member, "set", "note-1") | {
        "performed_at": at.isoformat(),
        "session": "note",
        "exercise": "Push Up",
        "set_index": 1,
        "set_type": "working",
        "load_kind": "bodyweight",
        "reps": 12,
    }
    yield Sent(at, good | {"effort": {"scale": "rir", "value": 12}})
    yield Sent(at, good | {"document": "note-2", "weight": {"value": 20}})
    yield Sent(at, good | {"document": "note-3", "mood": "fine"})
    yield Sent(at, good | {"document": "note-4", "performed_at": (at + timedelta(days=400)).isoformat()})


def _morning(calendar: Calendar, week: int, offset: int) -> datetime:
    return datetime.combine(calendar.day(week, offset), time(4, 30), UTC)
