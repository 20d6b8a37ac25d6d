"""Title, body and action of an alert, from its rule's templates and its evidence. Numbers come from the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from pipeline.alerts.declared import SHOWN
from pipeline.alerts.evidence import EvidenceRow, crosses
from pipeline.alerts.findings import DEGRADED
from pipeline.alerts.rules import Rule

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_LOOKED_AT_AFTER_DAYS = 60  # an R18 that stands so long
UNKNOWN = "unknown"  # what stands in a text for a number the condition did not find

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


def short_date(day: date) -> str:
    """3 Mar 2026: in titles, which tell the alerts of some days apart and may stand open for more than a year."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def plain_number(value: float) -> str:
    """Whole numbers without a point, others with one decimal."""
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def _values(evidence: _Evidence) -> dict[str, float]:
    return {row["metric"]: row["value"] for row in evidence}


def counted(count: float, noun: str) -> str:
    """1 set, 2 sets."""
    return f"{plain_number(count)} {noun}{'' if count == 1 else 's'}"


def _of_sets(count: float, sets: int) -> str:
    return f"{plain_number(count)} of {counted(sets, 'working set')}"


def _few(names: Sequence[str]) -> str:
    """Names for a title: two in full, then how many there are besides."""
    if len(names) < 3:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def _r01(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    explicit = value["failure_sets_explicit"]
    failures = value.get("failure_sets", explicit)
    limit = " Sets logged with 0 in reserve count as well, one level lower." if failures > explicit else ""
    limits = {row["metric"]: row["threshold"] for row in evidence}
    many, some = limits["failure_sets_explicit"], limits.get("failure_sets_multi_joint")
    reason = ""
    if some is not None and failures < many:
        start, others = counted(some, "set"), plain_number(many)
        reason = f" This lift works several joints at once; there the rule starts at {start}, elsewhere at {others}."
    return {
        "failures": counted(failures, "set"), "explicit": plain_number(explicit),
        "of_sets": _of_sets(failures, evidence[0]["n_obs"]), "limit": limit, "reason": reason,
    }  # fmt: skip


def _r02(rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    return {
        "of_sets": _of_sets(value["failure_sets"], evidence[0]["n_obs"]),
        "explicit": plain_number(value["failure_sets_explicit"]),
        "sessions": counted(rule.thresholds["sessions"], "session"), "days": counted(rule.thresholds["days"], "day"),
    }  # fmt: skip


def _r03(_rule: Rule, evidence: _Evidence) -> _Fields:
    position, exercises = evidence[0], evidence[1]
    reported = position["metric"].endswith("_explicit")
    return {
        "first": plain_number(position["value"]), "last": plain_number(position["threshold"]),
        "sets": position["n_obs"], "ended": "at failure" if reported else "at the last possible repetition",
        "exercises": counted(exercises["value"], "exercise"),
    }  # fmt: skip


def _r04(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    failed, near = value.get("compound_failure_sets", 0), value.get("compound_sets_under_1_rir", 0)
    both, axial = value.get("compound_failure_sets_under_1_rir", 0), value.get("axial_sets_under_1_rir", 0)
    little = "with less than 1 repetition in reserve"
    found = []
    if failed:
        of_them = f" ({plain_number(both)} of them logged {little})" if both else ""
        found.append(
            f"{counted(failed, 'set')} of compound lifts at failure or at the last possible repetition{of_them}"
        )
    if near > both:  # a set that is in both counts is named once, so that the counts add up
        found.append(f"{counted(near - both, 'more set' if failed else 'set')} of compound lifts {little}")
    if axial:
        more = counted(axial, "more set" if found else "set")
        found.append(f"{more} of squats, deadlifts or overhead presses {little}")
    return {"findings": ", ".join(found), "close": counted(failed + near - both + axial, "set")}


def _r05(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    joint = "failure_sets" if "failure_sets_multi_joint" in value else "failure_sets_explicit"
    failures = value[f"{joint}_multi_joint"] + value[f"{joint}_single_joint"]
    level = "the stated training level is beginner"
    for row in evidence:
        if row["metric"] == "training_days":
            limit = plain_number(row["threshold"])
            level = f"training began {counted(row['value'], 'day')} before (beginner: under {limit})"
    return {"failures": counted(failures, "working set"), "level": level}


def _r06(_rule: Rule, evidence: _Evidence) -> _Fields:
    value = _values(evidence)
    gap = evidence[0]
    before, day = gap["window_start"], gap["window_end"]
    helped = " In at least one of the two sessions this muscle only helped." if "secondary_only" in value else ""
    unrated = next((row for row in evidence if row["metric"] == "sets_without_effort_taken_as_hard"), None)
    return {
        "before": "an earlier session of that day" if before == day else f"the session of {plain_date(before)}",
        "gap": plain_number(round(gap["value"], 1)), "rest": plain_number(gap["threshold"]),
        "next_rest": plain_number(value["rest_after_this_session_h"]),
        "secondary": helped,
        "unrated": _unrated(unrated["value"], unrated["n_obs"]) if unrated else "",
    }  # fmt: skip


def _unrated(unknown: float, sets: int) -> str:
    count = f"All {sets}" if unknown == sets else f"{plain_number(unknown)} of the {sets}"
    taken = "is" if unknown == 1 else "are"
    return (
        f" {count} sets counted in the two sessions had no effort logged and {taken} taken as hard."
        " Logging effort may make this alert go away: sets with more than 3 repetitions in reserve do not count."
    )


def _r19(rule: Rule, evidence: _Evidence) -> _Fields:
    value = {row["metric"]: row for row in evidence}
    checks, sets = value["plan_checks_passed"], value["planned_sets_performed"]
    reps = counted(rule.thresholds["reps"], "repetition")
    count = {metric: row["value"] for metric, row in value.items()}
    unplanned = count["unplanned_failure_sets"]
    differing = (
        (sets["threshold"] - sets["value"], "not done"),
        (count["planned_reps_missed"], f"not within {reps} of the plan"),
        (count["failure_slots_missed"], "in a failure slot with more than 1 repetition in reserve"),
        (count["planned_reserve_missed"], "outside the planned repetitions in reserve"),
        (count["extra_sets"], "beyond the plan"),
    )
    also = ", ".join(f"{counted(found, 'set')} {how}" for found, how in differing if found)
    if also:
        also = f" Also not as planned: {also}." if unplanned else f" Not as planned: {also}."
    return {
        "part": "unplanned" if unplanned else "missed", "unplanned": counted(unplanned, "set"), "also": also,
        "went": "was" if unplanned == 1 else "were",
        "missed": plain_number(checks["threshold"] - checks["value"]),
        "passed": plain_number(checks["value"]), "checks": plain_number(checks["threshold"]),
        "performed": plain_number(sets["value"]), "planned": counted(sets["threshold"], "planned set"), "reps": reps,
    }  # fmt: skip


_PARTS = {
    "unknown_effort_share": "unknown_effort",
    "effort_conflict_share": "effort_conflict",
    "days_without_sets": "gap",
    "signals_of_new_source": "device_change",
    "same_answers_in_a_row": "straight_line",
}


def _r21(_rule: Rule, evidence: _Evidence) -> _Fields:
    row = evidence[0]
    return {
        "part": _PARTS[row["metric"]], "percent": plain_number(round(100 * row["value"], 1)),
        "limit": plain_number(round(100 * row["threshold"])), "days": counted(row["threshold"], "day"),
        "sets": counted(row["n_obs"] or 0, "working set"), "value": plain_number(row["value"]),
    }  # fmt: skip


def _proven(rule: Rule, evidence: _Evidence) -> _Fields:
    """Of a day-level rule: each value, its limit, baseline and observations, and the phrases of what holds."""
    rows = {row["metric"]: row for row in evidence}
    fields: _Fields = {key: plain_number(value) for key, value in rule.thresholds.items()}
    phrases = []
    for proof in rule.evidence:
        row = rows.get(proof.metric)
        if row is None:
            fields |= dict.fromkeys(proof_fields(proof.metric), "an unknown number")
            continue
        value, base = (_rounded(row[key], proof.digits) for key in ("value", "baseline"))
        limit, n = _rounded(row["threshold"], 3), UNKNOWN if row["n_obs"] is None else row["n_obs"]
        fields |= dict(zip(proof_fields(proof.metric), (value, base, n), strict=True))
        if proof.says and crosses(row):
            phrases.append(proof.says.format(value=value, limit=limit, base=base, n=n))
    fields["findings"] = ", ".join(phrases)
    return fields


def proof_fields(metric: str) -> tuple[str, str, str]:
    """What a text calls a row of evidence: its value, its baseline, its observations."""
    return metric, f"{metric}_base", f"{metric}_n"


def _rounded(value: float | None, digits: int) -> str:
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _r12(rule: Rule, evidence: _Evidence) -> _Fields:
    fields = _proven(rule, evidence)
    rows = {row["metric"]: row for row in evidence}
    slept = rows.get("sleep_7d_min")
    sleep = ""
    if slept is not None:
        usual = f" (usual {_hours(slept['baseline'])})" if slept["baseline"] is not None else ""
        sleep = f"{_hours(slept['value'])} of sleep a night{usual}"
    fields["sleep"] = f"{sleep}, " if sleep and fields["findings"] else sleep
    return fields


def _hours(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole // 60} h {whole % 60} min"


def _r18(rule: Rule, evidence: _Evidence) -> _Fields:
    fields = _proven(rule, evidence)
    rows = {row["metric"]: row for row in evidence}
    unhelped = rows.get("exercises_low_after_rest")
    fields["part"] = "unhelped" if unhelped is not None and crosses(unhelped) else "untested"
    share = fields.get("percent_of_best_e1rm")
    fields["worst"] = f"; the lowest at {share} % of its best two weeks" if share else ""
    later = evidence[0]["window_end"] + timedelta(days=_LOOKED_AT_AFTER_DAYS)
    fields["later"] = f"If it still stands on {plain_date(later)}, a medical assessment is worth having."
    return fields


_FIELDS: dict[str, Callable[[Rule, _Evidence], _Fields]] = {
    "R01": _r01,
    "R02": _r02,
    "R03": _r03,
    "R04": _r04,
    "R05": _r05,
    "R06": _r06,
    "R12": _r12,
    "R18": _r18,
    "R19": _r19,
    "R21": _r21,
}


def render(rule: Rule, subject: str, day: date, evidence: _Evidence) -> Text:
    """The text of an alert on the training day ``day``; ``subject``: exercise names, one a line, or a muscle."""
    fields = _FIELDS.get(rule.id, _proven)(rule, evidence)
    names = subject.split("\n")
    fields["subject"], fields["few"] = ", ".join(names), _few(names)
    fields["of_what"] = f" ({subject})" if subject else ""
    several = subject.endswith("s")  # shoulders, lats, biceps; not chest, neck, lower back
    fields["was"], fields["has"] = ("were", "have") if several else ("was", "has")
    fields["day"], fields["short_day"] = plain_date(day), short_date(day)
    fields["look_back_days"] = rule.look_back_days
    words = rule.words(str(fields.get("part", "")))
    title = words.title.format_map(fields)
    body = f"{words.body.format_map(fields)} {words.ends.format_map(fields)}"
    if any(row["metric"] == "date_only" for row in evidence):
        body += " The log gives a date without a time, so this is shown one level lower."
    if any(row["metric"] == DEGRADED for row in evidence):
        body += " Part of the input is thin or never varies, so this is shown one level lower."
    for row in evidence:
        what = row["metric"].removeprefix("declared_")
        if what != row["metric"] and what in SHOWN:
            body += f" Context: declared {what}, {plain_date(row['window_start'])} to {plain_date(row['window_end'])}."
    return Text(title[:1].upper() + title[1:], body, words.action.format_map(fields))
