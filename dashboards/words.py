"""Numbers in words, the same on pages and on the command line: what is unknown is said to be unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

UNKNOWN = "unknown"
NO_SETS = "no sets"
DECLARE_ZONE = (
    "state the athlete's time zone with `spotter profile --athlete ana --tz Europe/Berlin`, or in an `athlete` event,"
    ' for example {"kind":"athlete","athlete":"ana","document":"profile","timezone":"Europe/Berlin"}'
)
GLOSSARY = (
    "FES: failure-equivalent sets; a set to failure counts 1, one further from failure less, lifts of several joints"
    " count more, unknown effort adds nothing. RIR: repetitions in reserve, 0 at failure."
    " RPE: rating of perceived exertion, 10 minus RIR."
)
"""The abbreviations that pages and reports use."""


def number(value: Any, digits: int = 1) -> str:
    """A number with at most ``digits`` decimals; what is missing is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{float(value):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: Any, one: str, many: str = "") -> str:
    """A count with its noun: ``1 workout``, ``2 workouts``; ``many`` where an s is not enough."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def age_of_copy(made_at: datetime, now: datetime) -> str:
    """How old data are that were copied at ``made_at``."""
    minutes = max(0, int((now - made_at).total_seconds() // 60))
    if minutes < 1:
        ago = "less than a minute ago"
    elif minutes < 120:
        ago = f"{counted(minutes, 'minute')} ago"
    elif minutes < 48 * 60:
        ago = f"{minutes // 60} hours ago"
    else:
        ago = f"{minutes // (24 * 60)} days ago"
    return f"Data as of {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {ago}."


def waiting_sets(sets: Any, whose: str) -> str:
    """What is wrong with sets that belong to no day."""
    return f"{counted(sets, 'set')} of {whose} {'has' if sets == 1 else 'have'} a Z time and no known zone"


def share(value: Any) -> str:
    """A share as whole per cent, 0 % and 100 % only when exact; unknown when there is none."""
    if value is None:
        return UNKNOWN
    percent = float(value) * 100
    if 0 < percent < 1:
        return "< 1%"
    if 99 < percent < 100:
        return "> 99%"
    return f"{percent:.0f}%"


def failure_load(load: Any, unknown_share: Any, sets: Any) -> str:
    """Failure load of sets of known effort: a lower bound (``≥``) as soon as some effort is unknown."""
    if not sets:
        return NO_SETS
    if unknown_share is None or unknown_share >= 1:
        return UNKNOWN
    return f"≥ {number(load)}" if unknown_share > 0 else number(load)


def failure_sets(count: Any, unknown_share: Any, sets: Any) -> str:
    """Failure sets; unknown when no set's effort is known and none is said to have failed."""
    if not sets:
        return NO_SETS
    if not count and (unknown_share is None or unknown_share >= 1):
        return UNKNOWN
    return number(count, 0)


def plain_day(value: Any) -> str:
    """A day, or its ISO text, as in 15 Sep 2025."""
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.day} {day:%b %Y}"


def met(row: Mapping[str, Any]) -> bool | None:
    """Whether a row of evidence reached its limit; None where it has none or the sign is not an order."""
    value, limit = row["value"], row["threshold"]
    if value is None or limit is None:
        return None
    answers = {">=": value >= limit, ">": value > limit, "<=": value <= limit, "<": value < limit}
    return answers.get(str(row["comparator"]))


def by_severity(alerts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The gravest first, otherwise in the order they came."""
    ranks = ("high", "warning", "advice", "info")
    return sorted(
        alerts, key=lambda alert: ranks.index(alert["severity"]) if alert["severity"] in ranks else len(ranks)
    )


def with_parts(alerts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The gravest first, and after each those that are part of it."""
    ordered = by_severity(alerts)
    there = {alert["alert_id"] for alert in ordered}
    parts: dict[Any, list[Mapping[str, Any]]] = {}
    for alert in ordered:
        whole = alert["folded_into"] if alert["part_of_rule"] and alert["folded_into"] in there else None
        parts.setdefault(whole, []).append(alert)
    waiting, told = parts.get(None, [])[::-1], []
    while waiting:
        told.append(waiting.pop())
        waiting += parts.get(told[-1]["alert_id"], [])[::-1]
    return told


def part_of(alert: Mapping[str, Any]) -> str:
    """Which alert speaks for this one; empty where it stands for itself."""
    return f"part of {alert['part_of_rule']}: {alert['part_of_title']}" if alert["part_of_rule"] else ""


def open_alerts(row: Mapping[str, Any]) -> str:
    """Open alerts of a roster row as words: ``1 high, 2 advice``; ``none``. Parts of them are counted beside."""
    names = {"high": "high", "warning": "warnings", "advice": "advice", "info": "info"}
    found = [counted(row[name], name, many) for name, many in names.items() if row[name]]
    more = f" ({row['parts']} more {'is' if row['parts'] == 1 else 'are'} part of these)" if row["parts"] else ""
    return (", ".join(found) or "none") + more


def headline(row: Mapping[str, Any]) -> str:
    """The first reason why a roster row stands where it stands.

    Without an alert to name, the failure sets of the week stand beside it: they are never hidden behind a state.
    """
    attention, failures = row["attention"], row["failure_sets_7d"]
    told = _doubt(row) if attention == "unknown" else str(row["headline"] or "nothing open")
    if attention == "ready" or (attention == "unknown" and failures):
        told += (
            f"; {failures} of {counted(row['sets_7d'], 'set')} to failure in the 7 days to {plain_day(row['today'])}"
        )
    if attention == "ready" and row["unknown_share_7d"]:
        told += f", effort known for {share(1 - row['unknown_share_7d'])}"
    return told


def judged(rows: Sequence[Mapping[str, Any]]) -> str:
    """The day or days the rows of a roster stand for; empty when there are none."""
    days = sorted({row["today"] for row in rows if row["today"] is not None})
    if not days:
        return ""
    if len(days) == 1:
        return f"Judged as of {day(days[0])}."
    return f"Each judged as of its own last day, {day(days[0])} to {day(days[-1])}."


def day(value: Any) -> str:
    """A day as in ``Mon 2 Nov 2026``; what is missing is unknown."""
    if value is None:
        return UNKNOWN
    return f"{value:%a} {plain_day(value)}" if isinstance(value, date) else str(value)


def _doubt(row: Mapping[str, Any]) -> str:
    """What is missing before anything can be said."""
    if row["sets_without_day"] and not row["sets_7d"]:
        return f"time zone unknown: {counted(row['sets_without_day'], 'set')} with times in Z belong to no day yet"
    if not row["sets_7d"]:
        return f"no sets in the 7 days to {plain_day(row['today'])}"
    if row["unknown_share_7d"] is None or row["unknown_share_7d"] > 0.5:
        return "effort is not logged for most sets"
    if row["doubt"] is None:
        return f"last night's data is {row['night']}"
    return str(row["doubt"])
