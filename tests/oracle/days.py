"""Sums per exercise-session, day and muscle, and the freshness of muscles (M4, M6, M11-M13, M32)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.oracle.effort import phi_e8
from tests.oracle.exercises import STABILISERS
from tests.oracle.rows import Row
from tests.oracle.sessions import Session
from tests.oracle.times import Zones, day_end

CLOCK_DAYS = timedelta(3)  # 72 h at most; what a traveller's zones add to that is not counted
FES_SCALE = 1000 * 2 * 10**8  # k in thousandths, q in halves, phi in 1e-8


@dataclass
class Sums:
    """Whole-number sums over rows; see ``FES_SCALE`` for the unit of the two loads."""

    sets: int = 0
    failure_sets: int = 0
    failure_sets_explicit: int = 0
    known_sets: int = 0
    hard_sets_known: int = 0
    hard_sets_assumed: int = 0
    volume_load_mg: int = 0
    kq: int = 0
    failure_load: int = 0
    estimated: int = 0

    def add(self, row: Row) -> None:
        if row.superseded_by:
            return
        if row.counted:
            self.sets += 1
            self.failure_sets += row.is_failure
            self.failure_sets_explicit += row.is_failure_explicit
            self.known_sets += row.known
            self.hard_sets_known += row.hard_known
            self.hard_sets_assumed += row.hard_assumed
        self.volume_load_mg += row.volume_load_mg or 0
        self.kq += row.kq
        self.failure_load += row.kq * row.phi
        if row.estimate is not None:
            self.estimated += row.kq * phi_e8(row.estimate)

    @property
    def weighted_volume(self) -> float:
        return self.kq / 2000

    @property
    def failure_load_fes(self) -> float:
        return self.failure_load / FES_SCALE

    @property
    def failure_load_estimated(self) -> float:
        return (self.failure_load + self.estimated) / FES_SCALE

    @property
    def fatigue_weighted_volume(self) -> float:
        return 0.30 * self.weighted_volume + 0.70 * self.failure_load_fes

    @property
    def unknown_effort_share(self) -> float | None:
        return (self.sets - self.known_sets) / self.sets if self.sets else None


@dataclass
class MuscleSums:
    """Fractional hard sets in halves and local failure load (halves of 1e-8, q in halves) of one muscle."""

    hard_known_half: int = 0
    hard_assumed_half: int = 0
    failure_load: int = 0

    def add(self, row: Row, c_half: int) -> None:
        if row.superseded_by:
            return
        self.hard_known_half += c_half * row.hard_known
        self.hard_assumed_half += c_half * row.hard_assumed
        self.failure_load += c_half * row.q_half * row.phi

    @property
    def failure_load_fes(self) -> float:
        return self.failure_load / (4 * 10**8)


@dataclass
class Stimulus:
    """What a session was for one muscle: the input of its freshness clock."""

    local_day: date
    last_at: datetime  # of the session's last row of the muscle; a drop row ends its set
    zone: str | None  # whose clock ends the days after it; null: the offset stays
    offset: timedelta
    rest_h: int

    def day_end(self, day: date) -> datetime:
        return day_end(day, self.zone, self.offset)


@dataclass
class AthleteDays:
    """Everything per day of one athlete."""

    days: dict[date, Sums] = field(default_factory=dict)
    muscles: dict[tuple[date, str], MuscleSums] = field(default_factory=dict)
    freshness: dict[tuple[date, str], float] = field(default_factory=dict)
    today: date | None = None


def stimuli(sessions: list[Session], zones: Zones) -> dict[str, list[Stimulus]]:
    """The qualifying sessions of each muscle (M32)."""
    found: dict[str, list[Stimulus]] = {}
    for session in sessions:
        if session.superseded_by or session.local_day is None:
            continue
        halves: dict[str, int] = {}
        primary: dict[str, int] = {}
        failed: set[str] = set()
        last: dict[str, datetime] = {}
        for row in session.rows:
            for muscle, c_half in row.exercise.muscles:
                if not row.q_half or (c_half == 1 and muscle in STABILISERS):
                    continue
                halves[muscle] = halves.get(muscle, 0) + c_half * row.hard_assumed
                at = row.time.at if row.time else session.last[0] if session.last else None
                if at is not None and session.last and session.last[1]:
                    last[muscle] = max(at, last.get(muscle, at))
                if c_half == 2:
                    primary[muscle] = primary.get(muscle, 0) + row.hard_assumed
                    if row.counted and row.is_failure:
                        failed.add(muscle)
        if not last:
            continue
        at, local = session.last
        zone = session.last_zone or zones.at_home(at, local)
        offset = local - at.replace(tzinfo=None)
        for muscle, half in halves.items():
            if muscle in last and half >= (4 if primary.get(muscle) else 8):
                rest = 72 if muscle in failed or half >= 16 else 48
                found.setdefault(muscle, []).append(Stimulus(session.local_day, last[muscle], zone, offset, rest))
    return found


def freshness(stimulus: Stimulus, rested: timedelta) -> float:
    """M32 after some rest."""
    return min(1.0, max(0.0, rested / timedelta(hours=1)) / stimulus.rest_h)


def day_sums(
    sessions: list[Session], zones: Zones, first: date | None, today: date | None, now: datetime | None
) -> AthleteDays:
    """One athlete's days from the first with data to today; ``now`` is the instant at which today is looked at."""
    result = AthleteDays(today=today)
    day = first
    while day is not None and today is not None and day <= today:
        result.days[day] = Sums()
        day += timedelta(1)
    for session in sessions:
        if session.local_day is None:
            continue
        for row in session.rows:
            result.days.setdefault(session.local_day, Sums()).add(row)
            for muscle, c_half in row.exercise.muscles:
                if row.counted or row.q_half:
                    result.muscles.setdefault((session.local_day, muscle), MuscleSums()).add(row, c_half)
    for muscle, found in stimuli(sessions, zones).items():
        for day in result.days:
            past = [stimulus for stimulus in found if timedelta(0) <= day - stimulus.local_day <= CLOCK_DAYS]
            if past:
                # ended together: the longer rest, and the day that ends first
                newest = min(past, key=lambda s: (-s.last_at.timestamp(), -s.rest_h, s.day_end(day)))
                rested = newest.day_end(day) - newest.last_at
                if day == today and now:
                    rested = now - newest.last_at
                result.freshness[day, muscle] = freshness(newest, rested)
    return result
