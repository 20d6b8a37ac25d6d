"""Everything the tables should say, computed from the items of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.oracle.days import AthleteDays, Sums, day_sums
from tests.oracle.documents import Document, Documents, Item, fold
from tests.oracle.effort import milligrams
from tests.oracle.estimates import by_exercise, estimate, session_best
from tests.oracle.exercises import Find
from tests.oracle.rows import Row, rows_of, set_load
from tests.oracle.sessions import Session, drop_doubles, group
from tests.oracle.times import Zones, read_time, wall, zones_of

Person = tuple[str, str]
READINGS = ("body_mass", "sleep", "heart_rate", "rr_intervals", "hrv", "resting_heart_rate", "checkin")
MOMENT = ("measured_at", "checked_at", "end", "start")  # a night lies on the day of waking


@dataclass
class Truth:
    """The oracle's answer for one athlete."""

    rows: list[Row]
    sessions: list[Session]
    days: AthleteDays
    exercise_sessions: dict[tuple[str, str, str], Sums] = field(default_factory=dict)
    bests: dict[tuple[str, str, str], tuple[Any, bool]] = field(default_factory=dict)


@dataclass
class World:
    """The oracle's answer: documents of all, and the rest per (tenant, athlete)."""

    documents: Documents
    people: dict[Person, Truth]


def compute(items: list[Item], find: Find) -> World:
    """Fold the items of a log and derive everything from the living documents."""
    documents = fold(items)
    people: dict[Person, list[Document]] = {}
    for document in documents.living:
        people.setdefault((document.tenant, document.athlete), []).append(document)
    clock = documents.clock
    return World(documents, {who: _truth(found, clock.get(who[0]), find) for who, found in people.items()})


def _truth(documents: list[Document], clock: datetime | None, find: Find) -> Truth:
    documents.sort(key=lambda d: d.version)
    profiles = [d.event for d in documents if d.event and d.event["kind"] == "athlete"]
    zones = zones_of(profiles)
    rows: list[Row] = []
    for document in documents:
        if document.event and document.event["kind"] in ("set", "session"):
            rows += rows_of(document, find, zones)
    sessions = group(documents, rows, zones)
    priority = next((p["source_priority"] for p in reversed(profiles) if p and p.get("source_priority")), {})
    drop_doubles(sessions, priority.get("sets", []))
    masses = _body_masses(documents, zones)
    for session in sessions:
        for row in session.rows:
            set_load(row, _mass_on(masses, session.local_day))
    estimate(sessions)
    first, today, now = _span(documents, sessions, zones, clock)
    truth = Truth(rows, sessions, day_sums(sessions, first, today, now))
    for session in sessions:
        for key, found in by_exercise(session).items():
            sums = Sums()
            for row in found:
                sums.add(row)
            at = (session.source, session.session_id, key)
            truth.exercise_sessions[at] = sums
            best = session_best(found)
            if best:
                truth.bests[at] = best
    return truth


def _body_masses(documents: list[Document], zones: Zones) -> list[tuple[date, datetime, int]]:
    found = []
    for document in documents:
        event = document.event
        if event and event["kind"] == "body_mass":
            time = read_time(event["measured_at"], event.get("timezone"), document.item.tz)
            local = zones.local(time)
            if local is not None:
                found.append((local.date(), time.at, milligrams(event["mass"])))
    return sorted(found)


def _mass_on(masses: list[tuple[date, datetime, int]], day: date | None) -> int | None:
    """The newest body mass measured on or before a day."""
    known = [mass for measured, _, mass in masses if day is not None and measured <= day]
    return known[-1] if known else None


def _span(
    documents: list[Document], sessions: list[Session], zones: Zones, clock: datetime | None
) -> tuple[date | None, date | None, datetime | None]:
    """(first day with data, today, the instant at which today is looked at)."""
    data: list[tuple[date, datetime, datetime]] = []  # day, instant, wall clock
    for session in sessions:
        if session.local_day is not None and not session.superseded_by:
            at, local = session.last
            data.append((session.local_day, at, local))
    for document in documents:
        event = document.event
        if event and event["kind"] in READINGS:
            moment = next(event[name] for name in MOMENT if name in event)
            time = read_time(moment, event.get("timezone"), document.item.tz)
            local = zones.local(time)
            if local is not None:
                data.append((local.date(), time.at, local))
    if not data:
        return None, None, None
    first, last = min(day for day, _, _ in data), max(day for day, _, _ in data)
    _, newest, newest_local = max(data, key=lambda d: d[1])
    if clock is None:
        return first, last, newest
    zone = zones.in_force(clock)
    offset = newest_local - newest.replace(tzinfo=None)
    today = (wall(clock, zone) if zone else clock + offset).date()
    return (first, last, newest) if today < last else (first, today, clock)
