"""A recovery day in words: what was measured, the athlete's own usual beside it, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import exp
from typing import Any

from dashboards.words import number, plain_day

_POINTS = {
    "subjective_points": "check-ins",
    "sleep_points": "sleep",
    "performance_points": "strength",
    "hrv_points": "HRV",
    "resting_hr_points": "resting heart rate",
}
_NIGHTLY = {"sleep": "sleep", "resting heart rate": "resting_hr", "HRV": "hrv"}
_STATES = {"BELOW": "below the usual range", "WITHIN": "inside the usual range", "ABOVE": "above the usual range"}


def recovery_lines(day: Mapping[str, Any]) -> list[str]:
    """One line per signal that has a value; none of them says good or bad."""
    lines = []
    if day["sleep_minutes"] is not None:
        usual = _usual(_hours, day["sleep_median_28d_min"], day["sleep_n_28d"], 14)
        debt = f", {day['sleep_debt_h']:.1f} h below the need in 14 days" if day["sleep_debt_h"] else ""
        lines.append(f"sleep: {_hours(day['sleep_minutes'])}{usual}{debt} ({day['sleep_source']})")
    if day["resting_hr_bpm"] is not None:
        usual = _usual(_bpm, day["resting_hr_median_28d_bpm"], day["resting_hr_n_28d"], 14)
        lines.append(f"resting heart rate: {_bpm(day['resting_hr_bpm'])}{usual} ({day['resting_hr_source']})")
    if day["hrv_ms"] is not None:
        name = str(day["hrv_signal"]).replace("_", " ").replace("rmssd", "RMSSD").replace("sdnn", "SDNN")
        usual = "" if day["ln_hrv_mean_60d"] is None else _usual(_ms, exp(day["ln_hrv_mean_60d"]), day["hrv_n_60d"], 21)
        state = f", the week is {_STATES[day['hrv_state']]}" if day["hrv_state"] else ""
        lines.append(f"HRV ({name}): {_ms(day['hrv_ms'])}{usual}{state} ({day['hrv_source']})")
    if day["subjective_z"] is not None:
        lines.append(f"check-ins: {_spreads(day['subjective_z'])} the usual ({day['wellness_instrument']})")
    if day["readiness"] is not None:
        parts = ", ".join(f"{name} {day[points]:+.0f}" for points, name in _POINTS.items() if day[points] is not None)
        share = round(100 * day["coverage"])
        lines.append(
            f"summary of the athlete's own signals: {day['readiness']:.0f} of 100 ({parts}; {share} % of them known)"
        )
    return lines


def checkin_line(answers: Sequence[Mapping[str, Any]]) -> str:
    """The newest check-in in one line: the day it counts for, the answers as given, what is sore and what hurts."""
    first = answers[0]
    told = {
        part: [
            f"{str(row['item']).replace('_', ' ')} {number(row['answer'])}" for row in answers if row["part"] == part
        ]
        for part in ("items", "soreness", "joint_pain")
    }
    day = "of no day yet, the time zone is not known" if first["local_day"] is None else plain_day(first["local_day"])
    parts = [", ".join(told["items"])] if told["items"] else []
    parts += [f"sore: {', '.join(told['soreness'])}"] if told["soreness"] else []
    parts += [f"pain: {', '.join(told['joint_pain'])}"] if told["joint_pain"] else []
    return f"last check-in ({first['instrument']}, {day}): {'; '.join(parts)}"


def pain_line(joints: Sequence[Mapping[str, Any]]) -> str | None:
    """The pain of the newest check-in's day in one line, the highest answer for each joint; None without any."""
    if not joints:
        return None
    day = joints[0]["local_day"]
    of_day = "" if day is None else f" on {plain_day(day)}, the highest of the day"
    told = ", ".join(f"{row['joint']} {number(row['answer'])}" for row in joints)
    return f"pain in joints{of_day}: {told} of 10; no rule judges it"


def night(row: Mapping[str, Any]) -> str:
    """What a row of the roster knows of the night before its day; a night that is missing is said to be missing."""
    state, age = row["night"], row["night_age_days"]
    if state == "none":
        return "not measured"
    if state in ("missing", "stale"):
        return f"{state}: the newest is of {plain_day(date.fromisoformat(str(row['today'])) - timedelta(days=age))}"
    found = []
    if row["night_is_short"]:
        usual = row["sleep_median_28d_min"]
        found.append(f"slept {_hours(row['sleep_minutes'])}, usual {_hours(usual)}")
    if row["resting_hr_is_raised"]:
        found.append(f"resting heart rate {row['resting_hr_deviation_bpm']:+.0f} bpm in 7 days")
    if row["hrv_state"] in ("BELOW", "ABOVE"):
        found.append(f"HRV of 7 days {_STATES[row['hrv_state']]}")
    ages = {name: row[f"{signal}_age_days"] for name, signal in _NIGHTLY.items()}
    # what was never measured is not missed, but for sleep: without it, it is no night that is as usual
    silent = [name for name, age in ages.items() if (age is None and name == "sleep") or (age or 0) > 0]
    lacks = f" (no {' or '.join(silent)})" if silent else ""
    return (
        {"off": "off the usual: ", "usual": "as usual", "new": "measured, no usual yet"}[state]
        + ", ".join(found)
        + lacks
    )


def _usual(told: Any, value: float | None, n: int | None, least: int) -> str:
    if value is None or (n or 0) < least:
        return ""
    return f", usual {told(value)}"


def _hours(minutes: float) -> str:
    return f"{round(minutes) // 60} h {round(minutes) % 60} min"


def _bpm(value: float) -> str:
    return f"{value:.0f} bpm"


def _ms(value: float) -> str:
    return f"{value:.0f} ms"


def _spreads(z: float) -> str:
    if abs(z) < 0.5:
        return "near"
    return f"{abs(z):.1f} spreads {'above' if z > 0 else 'below'}"
