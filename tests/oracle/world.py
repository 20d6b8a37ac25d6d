"""Everything the tables should say, computed from the items of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.oracle.days import AthleteDays, Sums, day_sums
from tests.oracle.documents import Document, Documents, Item, fold
from tests.oracle.effort import milligrams
from tests.oracle.estimates import by_exercise, estimate, session_best
from tests.oracle.exercises import Find
from tests.oracle.heart import Place, heart_rate_loads
from tests.oracle.load import load_days
from tests.oracle.readiness import readiness_days
from tests.oracle.readings import Readings, day_of, moment_of
from tests.oracle.recovery import Recovery, recovery
from tests.oracle.rows import Row, rows_of, set_load
from tests.oracle.sessions import Session, drop_doubles, group
from tests.oracle.times import Zones, read_time, wall, zones_of
from tests.oracle.trends import trends

Person = tuple[str, str]
READINGS = ("body_mass", "sleep", "heart_rate", "rr_intervals", "hrv", "resting_heart_rate", "checkin")


@dataclass
class Truth:
    """The oracle's answer for one athlete."""

    rows: list[Row]
    sessions: list[Session]
    days: AthleteDays
    recovery: Recovery = field(default_factory=lambda: Recovery(Readings()))
    heart_rates: dict[Place, dict[str, Any]] = field(default_factory=dict)
    load: dict[date, dict[str, Any]] = field(default_factory=dict)
    readiness: dict[date, dict[str, Any]] = field(default_factory=dict)
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
    profiles.sort(key=lambda event: event.get("timezone_from") or "")  # what is dated stands above what is not
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
    truth = Truth(rows, sessions, day_sums(sessions, zones, first, today, now))
    truth.recovery = recovery(documents, zones, profiles, first, today)
    truth.heart_rates = heart_rate_loads(sessions, zones, profiles, truth.recovery)
    truth.load = load_days(truth.days, sessions)
    truth.readiness = readiness_days(truth.recovery, trends(sessions), list(truth.days.days))
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
    days: list[date] = []
    moments: list[tuple[datetime, datetime]] = []  # instant, wall clock
    for session in sessions:
        if session.local_day is not None and not session.superseded_by:
            days.append(session.local_day)
            moments.append(session.last)
    for document in documents:
        if document.event and document.event["kind"] in READINGS:
            day, time = day_of(document, zones), moment_of(document)
            if day is not None:
                days.append(day)
                if time is not None:
                    moments.append((time.at, zones.local(time)))
    if not days:
        return None, None, None
    first, last = min(days), max(days)
    newest = max((at for at, _ in moments), default=None)
    if clock is None:
        return first, last, newest
    zone = zones.in_force(clock)
    known = [(at, local - at.replace(tzinfo=None)) for at, local in moments if local is not None]
    offset = max(known)[1] if known else timedelta(0)
    today = (wall(clock, zone) if zone else clock + offset).date()
    return (first, last, newest) if today < last else (first, today, clock)
