"""What an alert rests on and what it is about, in words; the same on pages and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dashboards import words
from pipeline.alerts.labels import Label, label

YES_OR_NO = "yes or no"
_LIMITS = {">=": "{} or more", ">": "more than {}", "<=": "{} or less", "<": "under {}", "!=": "other than {}"}


class Group(NamedTuple):
    """Lines of evidence under a heading."""

    heading: str
    lines: list[str]


def groups(evidence: Iterable[Mapping[str, Any]]) -> list[Group]:
    """The limits that were met, then those that were looked at and not met, then what is said beside them."""
    found = (Group("Limits met", []), Group("Looked at, not met", []), Group("Also noted", []))
    for row in evidence:
        told = label(str(row["metric"]))
        met = words.met(row) if told.kind in ("limit", "step") else None
        if told.kind == "step" and not met:
            continue
        found[{True: 0, False: 1, None: 2}[met]].lines.append(_line(row, told))
    return [group for group in found if group.lines]


def _line(row: Mapping[str, Any], told: Label) -> str:
    first, last = row["window_start"], row["window_end"]
    if told.kind == "flag":
        return told.text + (f", {_window(first, last)}" if first != last else "")
    text = f"{told.text}: {_value(row['value'], told)}"
    if told.kind in ("limit", "step") and row["threshold"] is not None and told.unit != YES_OR_NO:
        limit = _value(row["threshold"], told)
        text += f" (limit: {_LIMITS.get(str(row['comparator']), '{}').format(limit)})"
    if row["baseline"] is not None:
        usual = f"{words.number(row['baseline'], 2)} {told.usual}" if told.usual else _value(row["baseline"], told)
        text += f", usual {usual}"
    if told.over and row["n_obs"] is not None:
        text += f", out of {words.counted(row['n_obs'], told.over)}"
    return f"{text}, {_window(first, last)}" if first or last else text


def _value(value: Any, told: Label) -> str:
    """A number with its unit, unless the label names that already."""
    if value is None:
        return words.UNKNOWN
    if told.unit == YES_OR_NO:
        return "yes" if value >= 1 else "no"
    scaled = round(value * told.scale, 2)
    if told.unit == "days":
        return words.counted(scaled, "day")
    return f"{words.number(scaled, 2)} {told.unit}" if told.unit in ("h", "%") else words.number(scaled, 2)


def _window(first: Any, last: Any) -> str:
    if first == last:
        return words.plain_day(first)
    return f"{words.plain_day(first) if first else '…'} to {words.plain_day(last) if last else '…'}"


def about(alert: Mapping[str, Any]) -> str:
    """Whom or what an alert is about and, of one session, the day: names in place of its scope."""
    kind, _, name = str(alert["scope"]).partition(":")
    day = words.plain_day(alert["updated_on"])
    subject = str(alert["subject"] or "")
    if kind == "session":
        title = f" “{alert['session_title']}”" if alert["session_title"] else ""
        return f"session{title} of {day}"
    if kind in ("exercise", "exercise-session"):
        return f"{subject or name.rpartition('/')[2].replace('_', ' ')}, {day}"
    if kind == "muscle":
        return f"{subject or name}, {day}"
    return f"all training, {day}" if kind == "body" else f"{alert['scope']}, {day}"
