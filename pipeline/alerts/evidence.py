"""Evidence rows, written out from what a condition found, and the decision made again from them alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from pipeline.alerts.findings import decided, proof_rows
from pipeline.alerts.rules import COMPARE, SEVERITIES, Rule, Severity

EvidenceRow = dict[str, Any]
"""metric, value, threshold, comparator, window_start, window_end (dates), n_obs, baseline."""

Numbers = Sequence[Any]
"""What a condition found: doubles, in the order of its SQL file; null where something does not apply."""


def _row(
    metric: str,
    value: float,
    threshold: float,
    window: tuple[date, date],
    n_obs: float | None,
    *,
    comparator: str = ">=",
) -> EvidenceRow:
    return {
        "metric": metric,
        "value": value,
        "threshold": threshold,
        "comparator": comparator,
        "window_start": window[0],
        "window_end": window[1],
        "n_obs": None if n_obs is None else int(n_obs),
        "baseline": None,
    }


def _date_only(rows: list[EvidenceRow], flag: float, window: tuple[date, date], n_obs: float) -> list[EvidenceRow]:
    if flag:
        rows.append(_row("date_only", 1.0, 1.0, window, n_obs))
    return rows


def _r01_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    explicit, failures, sets, multi_joint, date_only = found
    window, limits = (day, day), rule.thresholds
    rows = [_row("failure_sets_explicit", explicit, limits["many"], window, sets)]
    if limits["limit_counts"]:
        rows.append(_row("failure_sets", failures, limits["many"], window, sets))
    if multi_joint:
        rows.append(_row("failure_sets_multi_joint", failures, limits["some"], window, sets))
    return _date_only(rows, date_only, window, sets)


def _r02_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    explicit, failures, sets, date_only = found
    window, least = (day, day), rule.thresholds["sets"]
    rows = [
        _row("failure_sets_explicit", explicit, least, window, sets),
        _row("failure_sets", failures, least, window, sets),
    ]
    return _date_only(rows, date_only, window, sets)


def _r03_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    window, least = (day, day), rule.thresholds["exercises"]
    sets, date_only = found[8], found[9]
    rows = []
    for suffix, (fires, first, last, exercises) in (("_explicit", found[:4]), ("", found[4:8])):
        if fires:
            rows.append(_row(f"first_failure_position{suffix}", first, last, window, sets, comparator="<"))
            rows.append(_row(f"early_failure_exercises{suffix}", exercises, least, window, sets))
    return _date_only(rows, date_only, window, sets)


def _r04_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    explicit, failures, compound_near, both, axial_near, sets, date_only = found
    window, limits = (day, day), rule.thresholds
    rows = []
    if failures:
        rows.append(_row("compound_failure_sets_explicit", explicit, 1.0, window, sets))
        rows.append(_row("compound_failure_sets", failures, 1.0, window, sets))
    if compound_near:
        rows.append(_row("compound_sets_under_1_rir", compound_near, limits["compound_near"], window, sets))
    if both:  # decides nothing: says how many sets stand in both counts above
        rows.append(_row("compound_failure_sets_under_1_rir", both, 1.0, window, sets))
    if axial_near:
        rows.append(_row("axial_sets_under_1_rir", axial_near, limits["axial_near"], window, sets))
    return _date_only(rows, date_only, window, sets)


def _r05_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    multi_explicit, single_explicit, multi, single, sets, declared, training_days, date_only = found
    window = (day, day)
    rows = [
        _row("failure_sets_explicit_multi_joint", multi_explicit, 1.0, window, sets),
        _row("failure_sets_explicit_single_joint", single_explicit, 1.0, window, sets),
    ]
    if rule.thresholds["limit_counts"]:
        rows.append(_row("failure_sets_multi_joint", multi, 1.0, window, sets))
        rows.append(_row("failure_sets_single_joint", single, 1.0, window, sets))
    if declared:
        rows.append(_row("declared_beginner", 1.0, 1.0, window, 1))
    else:
        since = (day - timedelta(days=int(training_days)), day)
        rows.append(_row("training_days", training_days, rule.thresholds["days"], since, 1, comparator="<"))
    return _date_only(rows, date_only, window, sets)


def _r06_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    gap, asked, next_rest, secondary_only, date_only, days_before, sets, unknown = found
    window, limits = (day - timedelta(days=int(days_before)), day), rule.thresholds
    # the gap stands against three limits, and the rest asked for may be as long as one of the steps
    rows = [
        _row(f"hours_since_muscle_trained{against}", gap, limit, window, 2, comparator="<")
        for against, limit in (("", asked), ("_day", limits["day_h"]), ("_rest", limits["rest_h"]))
    ]
    rows.append(_row("rest_after_this_session_h", next_rest, limits["rest_h"], (day, day), 1))
    if unknown:  # decides nothing here: the sessions counted because these sets were taken as hard
        rows.append(_row("sets_without_effort_taken_as_hard", unknown, 1.0, window, sets))
    if secondary_only:
        rows.append(_row("secondary_only", 1.0, 1.0, window, 2))
    return _date_only(rows, date_only, window, 2)


_R19_MISSED = ("planned_reps", "failure_slots", "planned_reserve")


def _r19_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    passed, applicable, planned, performed, *missed, extra, unplanned, unplanned_explicit, date_only = found
    window = (day, day)
    share = 100.0 * passed / applicable if applicable else 100.0
    rows = [
        _row("plan_compliance_percent", share, 100.0, window, applicable, comparator="<"),
        _row("plan_checks_passed", passed, applicable, window, applicable, comparator="<"),
        _row("planned_sets_performed", performed, planned, window, planned, comparator="<"),
        *(
            _row(f"{what}_missed", count, 1.0, window, performed)
            for what, count in zip(_R19_MISSED, missed, strict=True)
        ),
        _row("extra_sets", extra, 1.0, window, planned),
        _row("unplanned_failure_sets_explicit", unplanned_explicit, 1.0, window, planned),
        _row("unplanned_failure_sets", unplanned, 1.0, window, planned),
    ]
    return _date_only(rows, date_only, window, planned)


def _r21_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    part, share, sets = found
    limits = rule.thresholds
    fortnight = (day - timedelta(days=13), day)
    if part == 0:
        return [_row("unknown_effort_share", share, limits["unknown_share"], fortnight, sets, comparator=">")]
    if part == 1:
        return [_row("effort_conflict_share", share, limits["conflict_share"], fortnight, sets, comparator=">")]
    if part == 3:
        return [_row("signals_of_new_source", share, limits["signals"], fortnight, None, comparator=">=")]
    if part == 4:
        days = (day - timedelta(days=int(share) - 1), day)
        return [_row("same_answers_in_a_row", share, limits["same_answers"], days, share, comparator=">=")]
    gap = limits["gap_days"]
    return [_row("days_without_sets", gap + 1, gap, (day - timedelta(days=int(gap)), day), 0, comparator=">")]


_ROWS: dict[str, Callable[[Rule, Numbers, date], list[EvidenceRow]]] = {
    "R01": _r01_rows,
    "R02": _r02_rows,
    "R03": _r03_rows,
    "R04": _r04_rows,
    "R05": _r05_rows,
    "R06": _r06_rows,
    "R19": _r19_rows,
    "R21": _r21_rows,
}


def evidence_rows(rule: Rule, found: Numbers, day: date) -> list[EvidenceRow]:
    """The evidence of a condition on the training day ``day``."""
    if rule.evidence:
        return proof_rows(rule, found, day)
    return _ROWS[rule.id](rule, found, day)


def context_rows(context: str) -> list[EvidenceRow]:
    """Declared periods (``what/first day/last day``, joined by semicolons) as evidence; they decide nothing."""
    rows = []
    for period in filter(None, context.split(";")):
        what, first, last = period.split("/")
        window = (date.fromisoformat(first), date.fromisoformat(last))
        rows.append(_row(f"declared_{what}", 1.0, 1.0, window, 1))
    return rows


class _Found:
    """Evidence by metric; a metric that is absent was not part of the decision."""

    def __init__(self, evidence: Sequence[EvidenceRow]) -> None:
        self.rows = {row["metric"]: row for row in evidence}

    def has(self, metric: str) -> bool:
        return metric in self.rows

    def value(self, metric: str) -> float:
        return float(self.rows[metric]["value"])

    def threshold(self, metric: str) -> float:
        return float(self.rows[metric]["threshold"])

    def holds(self, metric: str) -> bool:
        """Whether the metric was looked at and crosses its threshold."""
        return metric in self.rows and crosses(self.rows[metric])

    @property
    def date_only(self) -> bool:
        return self.has("date_only")


def crosses(row: EvidenceRow) -> bool:
    """Whether value and threshold of one evidence row stand in the stated relation."""
    value, threshold = row["value"], row["threshold"]
    if value is None or threshold is None:
        return False
    relation = COMPARE.get(row["comparator"])
    if relation is None:
        raise ValueError(f"{row['comparator']!r} is no comparator")
    return bool(relation(value, threshold))


def _lower(level: int) -> int:
    return max(level - 1, 1) if level else 0


def _worst(full: int, limit: int, date_only: bool) -> int:
    """``full`` from explicit failures alone; ``limit`` already lowered; a date without time lowers once in all."""
    return max(_lower(full) if date_only else full, limit)


def _r01(rule: Rule, found: _Found) -> int:
    many, some = rule.level("many"), rule.level("some")
    multi = found.has("failure_sets_multi_joint")

    def level(metric: str) -> int:
        if not found.has(metric):
            return 0
        if found.holds(metric):
            return many
        return some if multi and found.value(metric) >= found.threshold("failure_sets_multi_joint") else 0

    return _worst(level("failure_sets_explicit"), _lower(level("failure_sets")), found.date_only)


def _r02(rule: Rule, found: _Found) -> int:
    if not found.holds("failure_sets"):
        return 0
    if found.value("failure_sets_explicit") > 0:
        return _worst(rule.level("explicit"), 0, found.date_only)
    return rule.level("limit")


def _r03(rule: Rule, found: _Found) -> int:
    def level(suffix: str) -> int:
        if not found.holds(f"first_failure_position{suffix}"):
            return 0
        return rule.level("many" if found.holds(f"early_failure_exercises{suffix}") else "one")

    return _worst(level("_explicit"), _lower(level("")), found.date_only)


def _r04(rule: Rule, found: _Found) -> int:
    full = rule.level("explicit") if found.holds("compound_failure_sets_explicit") else 0
    if found.holds("compound_sets_under_1_rir") or found.holds("axial_sets_under_1_rir"):
        full = max(full, rule.level("near"))
    limit = rule.level("limit") if found.holds("compound_failure_sets") else 0
    return _worst(full, limit, found.date_only)


def _r05(rule: Rule, found: _Found) -> int:
    if not (found.holds("declared_beginner") or found.holds("training_days")):
        return 0

    def level(prefix: str) -> int:
        multi = rule.level("multi") if found.holds(f"{prefix}_multi_joint") else 0
        return max(multi, rule.level("single") if found.holds(f"{prefix}_single_joint") else 0)

    return _worst(level("failure_sets_explicit"), _lower(level("failure_sets")), found.date_only)


def _r06(rule: Rule, found: _Found) -> int:
    if not found.holds("hours_since_muscle_trained"):
        return 0
    if found.holds("hours_since_muscle_trained_day"):
        level = rule.level("day")
    elif found.holds("hours_since_muscle_trained_rest"):
        level = rule.level("rest")
    else:
        level = rule.level("long_rest")
    return _lower(level) if found.has("secondary_only") or found.date_only else level


def _r19(rule: Rule, found: _Found) -> int:
    unplanned, missed = rule.level("unplanned"), rule.level("missed")
    full = unplanned if found.holds("unplanned_failure_sets_explicit") else 0
    limit = _lower(unplanned) if found.holds("unplanned_failure_sets") else 0
    return max(_worst(full, limit, found.date_only), missed if found.holds("plan_checks_passed") else 0)


def _r21(rule: Rule, found: _Found) -> int:
    return rule.level("found") if any(found.holds(metric) for metric in found.rows) else 0


_DECISIONS: dict[str, Callable[[Rule, _Found], int]] = {
    "R01": _r01,
    "R02": _r02,
    "R03": _r03,
    "R04": _r04,
    "R05": _r05,
    "R06": _r06,
    "R19": _r19,
    "R21": _r21,
}


def recompute(rule: Rule, evidence: Sequence[EvidenceRow]) -> Severity | None:
    """The severity that ``evidence`` gives under ``rule``; None if the rule does not fire on it.

    Thresholds come from the evidence, the names of levels from the rule.
    """
    level = decided(rule, evidence) if rule.evidence else _DECISIONS[rule.id](rule, _Found(evidence))
    return SEVERITIES[level - 1] if level else None
