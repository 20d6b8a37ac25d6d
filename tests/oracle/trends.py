"""M20 as the text says it: every pair of session bests, and how the newest trends stand on a day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations

from tests.oracle.estimates import by_exercise, median, session_best
from tests.oracle.sessions import Session

WINDOW = timedelta(28)
SESSIONS_MIN, SPAN_MIN = 5, timedelta(14)
KNOWN_MIN = Fraction(4, 5)


@dataclass
class Trained:
    """One day of one exercise: its best e1RM in kg (null: none), and working sets, known and all."""

    best: Fraction | None = None
    known_sets: int = 0
    sets: int = 0


@dataclass
class Trends:
    """Evaluations that count, per exercise and day: change in % per 28 days."""

    pct28: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))

    def mean_on(self, day: date) -> float | None:
        """The mean of the newest evaluation of each exercise, none older than 28 days; null without any."""
        newest = []
        for evaluations in self.pct28.values():
            near = [at for at in evaluations if day - WINDOW <= at <= day]
            if near:
                newest.append(evaluations[max(near)])
        return sum(newest) / len(newest) if newest else None


def trends(sessions: list[Session]) -> Trends:
    """Theil and Sen's slope on each day with an exercise, over that day and the 28 before it."""
    days: dict[str, dict[date, Trained]] = defaultdict(lambda: defaultdict(Trained))
    for session in sessions:
        if session.superseded_by or session.local_day is None:
            continue
        for key, rows in by_exercise(session).items():
            counted = [row for row in rows if row.counted]
            if not counted:
                continue
            at = days[key][session.local_day]
            at.sets += len(counted)
            at.known_sets += sum(row.known for row in counted)
            best = session_best(rows)
            if best and best[1]:
                at.best = max(best[0], at.best or best[0])
    found = Trends()
    for key, trained in days.items():
        for day in trained:
            pct28 = pct28_of({at: one for at, one in trained.items() if day - WINDOW <= at <= day})
            if pct28 is not None:
                found.pct28[key][day] = pct28
    return found


def pct28_of(window: dict[date, Trained]) -> float | None:
    """% per 28 days of the days of one window; null below its minimum data."""
    points = sorted((at, one.best) for at, one in window.items() if one.best is not None)
    known, sets = sum(one.known_sets for one in window.values()), sum(one.sets for one in window.values())
    if len(points) < SESSIONS_MIN or points[-1][0] - points[0][0] < SPAN_MIN or known < KNOWN_MIN * sets:
        return None
    middle = median([best for _, best in points])
    slope = median([(b - a) / (later - earlier).days for (earlier, a), (later, b) in combinations(points, 2)])
    return float(100 * slope * 28 / middle) if middle > 0 else None
