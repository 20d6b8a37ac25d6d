"""M33 from the day's signals: what each adds to 50, and what is said of it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.baseline import Look, mean
from tests.oracle.recovery import STALE_DAYS, Columns, Recovery
from tests.oracle.trends import Trends

WEIGHT = {
    "subjective": Fraction(4, 10), "sleep": Fraction(2, 10), "performance": Fraction(2, 10), "hrv": Fraction(1, 10),
    "resting_hr": Fraction(1, 10),
}  # fmt: skip
NO_BONUS = {"hrv", "resting_hr"}
NO_BONUS_Z = 0.5
WELLNESS_STALE_DAYS, WELLNESS_MIN = 7, 3
SLEEP_BASELINE_MIN, SLEEP_SPREAD_MIN = 14, 15.0
ALIKE_REPORTS = 14


def readiness_days(recovery: Recovery, trends: Trends, days: list[date]) -> dict[date, Columns]:
    """What the view ``readiness_day`` should say of ``days``; nothing of a day without a signal and a trend."""
    found = {}
    for day in days:
        signals, pct28 = recovery.days.get(day), trends.mean_on(day)
        if signals is not None or pct28 is not None:
            found[day] = columns_of(_zs(recovery, signals or {}, day, pct28), signals or {})
    return found


def _zs(recovery: Recovery, signals: Columns, day: date, pct28: float | None) -> dict[str, float]:
    """The components that are there, positive is better."""
    z: dict[str, float | None] = {"hrv": signals.get("hrv_z"), "sleep": _sleep(recovery, signals, day)}
    if signals.get("wellness_source") and signals["wellness_age_days"] <= WELLNESS_STALE_DAYS:
        z["subjective"] = signals["subjective_z"] if signals["wellness_n_7d"] >= WELLNESS_MIN else None
    if pct28 is not None:
        z["performance"] = pct28 / 5
    if signals.get("resting_hr_z") is not None:
        z["resting_hr"] = -signals["resting_hr_z"]
    return {name: value for name, value in z.items() if value is not None}


def _sleep(recovery: Recovery, signals: Columns, day: date) -> float | None:
    source = signals.get("sleep_source")
    if source is None or signals["sleep_age_days"] > STALE_DAYS:
        return None
    look = Look(recovery.readings.signals["sleep_min", source], day, 1.0)
    base, nights, parts = look.baseline(28), look.last(3), []
    if nights and base.n >= SLEEP_BASELINE_MIN:
        parts.append((mean(nights) - base.median) / max(base.spread, SLEEP_SPREAD_MIN))
    if signals["sleep_debt_h"] is not None:
        parts.append(-signals["sleep_debt_h"] / 7)
    return mean(parts)


def columns_of(zs: dict[str, float], signals: Columns) -> Columns:
    """The row of a day from the components that are there and what its signals say of the check-ins."""
    held = sum((WEIGHT[name] for name in zs), Fraction(0))
    points: dict[str, Any] = dict.fromkeys(WEIGHT)
    for name, z in zs.items():
        score = min(100.0, max(0.0, 50 + 20 * (min(z, NO_BONUS_Z) if name in NO_BONUS else z)))
        points[name] = float(WEIGHT[name] / held) * (score - 50)
    enough = len(zs) >= 2 and ("subjective" in zs or "performance" in zs) and held >= Fraction(1, 2)
    alike = "subjective" in zs and (signals["wellness_same_answers"] or 0) >= ALIKE_REPORTS
    return {
        "readiness": 50 + sum(points[name] for name in zs) if enough else None,
        "coverage": float(held),
        "components": len(zs),
        "status": ("DEGRADED" if alike else "OK") if enough else "INSUFFICIENT",
        **{f"{name}_points": value for name, value in points.items()},
    }
