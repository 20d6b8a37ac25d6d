"""Averages of the daily load (M16, M18) as sums over all days of training, with no state that is carried along."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from tests.oracle.days import AthleteDays
from tests.oracle.sessions import Session

GAP = timedelta(14)
ACUTE, CHRONIC = 7, 28
FITNESS, FATIGUE = 42, 7
FADED = 60  # time constants after which nothing is left that a double could show


def load_days(found: AthleteDays, sessions: list[Session]) -> dict[date, dict[str, Any]]:
    """What the view ``load_day`` should say, per day from the first with a set."""
    days = found.days
    trained = sorted(day for day, sums in days.items() if sums.sets)
    observed = {day + timedelta(n) for day in trained for n in range(GAP.days + 1)} & days.keys()
    loads = {day: days[day].fatigue_weighted_volume for day in observed if days[day].kq}
    held = [
        session.local_day
        for session in sessions
        if session.local_day and not session.superseded_by and any(row.is_working for row in session.rows)
    ]
    table = {}
    began = None
    for day in sorted(day for day in days if trained and day >= trained[0]):
        began = None if day not in observed else began or day
        number = (day - trained[0]).days + 1
        run = 0 if began is None else (day - began).days + 1
        recent = sum(day - timedelta(CHRONIC) < at <= day for at in held)
        acute = chronic = None
        if began is not None and run >= CHRONIC and recent >= 6:
            acute, chronic = (_average(loads, began, day, span) for span in (ACUTE, CHRONIC))
        evening = day - timedelta(1)
        fades = number >= FITNESS
        table[day] = {
            "load_weighted_sets": loads.get(day, 0.0) if day in observed else None,
            "observed_days": run,
            "sessions_28d": recent,
            "load_acute_weighted_sets": acute,
            "load_chronic_weighted_sets": chronic,
            "load_ratio_ewma": acute / chronic if acute is not None and chronic else None,
            "days": number,
            "fitness_weighted_sets": _fading(loads, day, FITNESS) if fades else None,
            "fatigue_weighted_sets": _fading(loads, day, FATIGUE) if fades else None,
            "balance_weighted_sets": _fading(loads, evening, FITNESS) - _fading(loads, evening, FATIGUE)
            if fades
            else None,
        }
    return table


def _average(loads: dict[date, float], began: date, day: date, span: int) -> float:
    """Mean of the days from ``began`` on, each day back weighing less by the same share."""
    keep = 1 - 2 / (span + 1)
    weights = (1 - keep ** ((day - began).days + 1)) / (1 - keep)
    return sum(load * keep ** (day - at).days for at, load in loads.items() if began <= at <= day) / weights


def _fading(loads: dict[date, float], day: date, span: int) -> float:
    near = {at: load for at, load in loads.items() if timedelta(0) <= day - at < timedelta(FADED * span)}
    return (1 - math.exp(-1 / span)) * sum(load * math.exp(-(day - at).days / span) for at, load in near.items())
