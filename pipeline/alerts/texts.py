"""Title, body and action of an alert, from its rule's templates and its evidence. Numbers come from the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from pipeline.alerts.evidence import EvidenceRow
from pipeline.alerts.rules import Rule

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_Evidence = Sequence[EvidenceRow]
_Fields = dict[str, object]


class Text(NamedTuple):
    """What a person reads."""

    title: str
    body: str
    action: str


@lru_cache(maxsize=8192)
def plain_date(day: date) -> str:
    """3 March 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def plain_number(value: float) -> str:
    """Whole numbers without a point, others with one decimal."""
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def _values(evidence: _Evidence) -> dict[str, float]:
    return {row["metric"]: row["value"] for row in evidence}


def _sets(count: float, kind: str = "") -> str:
    return f"{plain_number(count)} {kind}{' ' if kind else ''}{'set' if count == 1 else 'sets'}"


def _r01(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    explicit = value["failure_sets_explicit"]
    failures = value.get("failure_sets", explicit)
    limit = " Sets logged with 0 in reserve count as well, one level lower." if failures > explicit else ""
    limits = {row["metric"]: row["threshold"] for row in evidence}
    many, some = limits["failure_sets_explicit"], limits.get("failure_sets_multi_joint")
    reason = ""
    if some is not None and failures < many:
        start, others = plain_number(some), plain_number(many)
        reason = (
            f" This lift works several joints at once; there the rule starts at {start} sets, elsewhere at {others}."
        )
    return {
        "failures": plain_number(failures), "explicit": plain_number(explicit),
        "sets": evidence[0]["n_obs"], "limit": limit, "reason": reason,
    }  # fmt: skip


def _r02(rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    return {
        "failures": plain_number(value["failure_sets"]), "explicit": plain_number(value["failure_sets_explicit"]),
        "sets": evidence[0]["n_obs"], "sessions": plain_number(rule.thresholds["sessions"]),
        "days": plain_number(rule.thresholds["days"]),
    }  # fmt: skip


def _r03(_rule: Rule, evidence: _Evidence) -> _Fields:
    position, exercises = evidence[0], evidence[1]
    count = exercises["value"]
    reported = position["metric"].endswith("_explicit")
    return {
        "first": plain_number(position["value"]), "last": plain_number(position["threshold"]),
        "sets": position["n_obs"], "ended": "at failure" if reported else "at the last possible repetition",
        "exercises": "1 exercise" if count == 1 else f"{plain_number(count)} exercises",
    }  # fmt: skip


def _r04(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    failed, near = value.get("compound_failure_sets", 0), value.get("compound_sets_under_1_rir", 0)
    both, axial = value.get("compound_failure_sets_under_1_rir", 0), value.get("axial_sets_under_1_rir", 0)
    little = "with less than 1 repetition in reserve"
    found = []
    if failed:
        of_them = f" ({plain_number(both)} of them logged {little})" if both else ""
        found.append(f"{_sets(failed)} of compound lifts at failure or at the last possible repetition{of_them}")
    if near > both:  # a set that is in both counts is named once, so that the counts add up
        found.append(f"{_sets(near - both, 'more' if failed else '')} of compound lifts {little}")
    if axial:
        found.append(f"{_sets(axial, 'more' if found else '')} of squats, deadlifts or overhead presses {little}")
    return {"findings": ", ".join(found)}


def _r05(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    joint = "failure_sets" if "failure_sets_multi_joint" in value else "failure_sets_explicit"
    failures = value[f"{joint}_multi_joint"] + value[f"{joint}_single_joint"]
    level = "the stated training level is beginner"
    for row in evidence:
        if row["metric"] == "training_days":
            limit = plain_number(row["threshold"])
            level = f"training began {plain_number(row['value'])} days before (beginner: under {limit})"
    return {"failures": _sets(failures).replace("set", "working set"), "level": level}


def _r06(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    secondary = " It was worked only as a helper in one of the two sessions." if "secondary_only" in value else ""
    unrated = next((row for row in evidence if row["metric"] == "sets_without_effort_taken_as_hard"), None)
    return {
        "unrated": _unrated(unrated["value"], unrated["n_obs"]) if unrated else "",
        "gap": plain_number(round(evidence[0]["value"], 1)), "rest": plain_number(evidence[0]["threshold"]),
        "next_rest": plain_number(value["rest_after_this_session_h"]), "secondary": secondary,
    }  # fmt: skip


def _unrated(unknown: float, sets: int) -> str:
    counted = f"All {sets}" if unknown == sets else f"{plain_number(unknown)} of the {sets}"
    taken = "is" if unknown == 1 else "are"
    return (
        f" {counted} sets counted in the two sessions had no effort logged and {taken} taken as hard."
        " Logging effort may make this alert go away: sets with more than 3 repetitions in reserve do not count."
    )


def _r19(rule: Rule, evidence: _Evidence) -> _Fields:
    value = {row["metric"]: row for row in evidence}
    checks, sets = value["plan_checks_passed"], value["planned_sets_performed"]
    reps = plain_number(rule.thresholds["reps"])
    counts = {metric: row["value"] for metric, row in value.items()}
    differing = (
        (sets["threshold"] - sets["value"], "not done"),
        (counts["planned_reps_missed"], f"not within {reps} repetitions of the plan"),
        (counts["unplanned_failure_sets"], "at failure or at the last possible repetition where the plan has none"),
        (counts["failure_slots_missed"], "in a failure slot with more than 1 repetition in reserve"),
        (counts["planned_reserve_missed"], "outside the planned repetitions in reserve"),
        (counts["extra_sets"], "beyond the plan"),
    )
    return {
        "percent": plain_number(round(value["plan_compliance_percent"]["value"], 1)),
        "passed": plain_number(checks["value"]), "checks": plain_number(checks["threshold"]),
        "performed": plain_number(sets["value"]), "planned": plain_number(sets["threshold"]), "reps": reps,
        "differing": ", ".join(f"{_sets(count)} {how}" for count, how in differing if count),
    }  # fmt: skip


_PARTS = {
    "unknown_effort_share": "unknown_effort",
    "effort_conflict_share": "effort_conflict",
    "days_without_sets": "gap",
}


def _r21(_rule: Rule, evidence: _Evidence) -> _Fields:
    row = evidence[0]
    return {
        "part": _PARTS[row["metric"]], "percent": plain_number(round(100 * row["value"], 1)),
        "limit": plain_number(round(100 * row["threshold"])), "days": plain_number(row["threshold"]),
        "sets": row["n_obs"],
    }  # fmt: skip


_FIELDS: dict[str, Callable[[Rule, _Evidence], _Fields]] = {
    "R01": _r01,
    "R02": _r02,
    "R03": _r03,
    "R04": _r04,
    "R05": _r05,
    "R06": _r06,
    "R19": _r19,
    "R21": _r21,
}


def render(rule: Rule, subject: str, day: date, evidence: _Evidence) -> Text:
    """The text of an alert about ``subject`` (exercise names or a muscle) on the training day ``day``."""
    fields = _FIELDS[rule.id](rule, evidence)
    fields["subject"] = subject
    fields["day"] = plain_date(day)
    fields["look_back_days"] = rule.look_back_days
    words = rule.words(str(fields.get("part", "")))
    title = words.title.format_map(fields)
    body = f"{words.body.format_map(fields)} {words.ends.format_map(fields)}"
    if any(row["metric"] == "date_only" for row in evidence):
        body += " The log gives a date without a time, so this is shown one level lower."
    for row in evidence:
        if row["metric"].startswith("declared_") and row["metric"] != "declared_beginner":
            what = row["metric"].removeprefix("declared_")
            body += f" Context: declared {what}, {plain_date(row['window_start'])} to {plain_date(row['window_end'])}."
    return Text(title[:1].upper() + title[1:], body, words.action.format_map(fields))
