"""R14 from the days of recovery: when HRV lay outside its usual range often enough to be told."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.recovery import Recovery

WEEK, DAYS_MIN = 7, 5


def first_told(recovery: Recovery) -> date | None:
    """The first day outside the usual range with four such days in the six before it; null if there was none."""
    outside = {day for day, columns in recovery.days.items() if columns["hrv_state"] in ("BELOW", "ABOVE")}
    told = (day for day in outside if sum(day - timedelta(n) in outside for n in range(WEEK)) >= DAYS_MIN)
    return min(told, default=None)
