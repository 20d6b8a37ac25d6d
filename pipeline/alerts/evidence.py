"""An alert can be recomputed from its evidence alone: the same decision as the SQL conditions, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.alerts.rules import SEVERITIES, Rule, Severity

EvidenceRow = dict[str, Any]
"""metric, value, threshold, comparator, window_start, window_end, n_obs, baseline."""


class _Found:
    """Evidence by metric; a metric that is absent was not part of the decision."""

    def __init__(self, evidence: Sequence[EvidenceRow]) -> None:
        self.rows: dict[str, list[EvidenceRow]] = {}
        for row in evidence:
            self.rows.setdefault(row["metric"], []).append(row)

    def has(self, metric: str) -> bool:
        return metric in self.rows

    def value(self, metric: str) -> float:
        found = self.rows.get(metric)
        return float(found[0]["value"]) if found else 0.0

    def threshold(self, metric: str) -> float:
        return float(self.rows[metric][0]["threshold"])

    def holds(self, metric: str) -> bool:
        """Whether the first row of the metric crosses its threshold."""
        found = self.rows.get(metric)
        return bool(found) and crosses(found[0])

    @property
    def date_only(self) -> bool:
        return self.has("date_only")


def crosses(row: EvidenceRow) -> bool:
    """Whether value and threshold of one evidence row stand in the stated relation."""
    value, threshold = row["value"], row["threshold"]
    if value is None or threshold is None:
        return False
    relation = row["comparator"]
    if relation == ">=":
        return bool(value >= threshold)
    if relation == ">":
        return bool(value > threshold)
    if relation == "<":
        return bool(value < threshold)
    raise ValueError(f"{relation!r} is no comparator")


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
    full = 0
    if found.holds("compound_failure_sets_explicit"):
        full = rule.level("explicit")
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
    day, rest, full_rest = found.rows["hours_since_muscle_trained"]
    if crosses(day):
        level = rule.level("day")
    elif crosses(rest):
        level = rule.level("rest")
    elif crosses(full_rest):
        level = rule.level("long_rest")
    else:
        return 0
    return _lower(level) if found.has("secondary_only") or found.date_only else level


_DECISIONS: dict[str, Callable[[Rule, _Found], int]] = {
    "R01": _r01,
    "R02": _r02,
    "R03": _r03,
    "R04": _r04,
    "R05": _r05,
    "R06": _r06,
}


def recompute(rule: Rule, evidence: Sequence[EvidenceRow]) -> Severity | None:
    """The severity that ``evidence`` gives under ``rule``; None if the rule does not fire on it.

    Thresholds come from the evidence, the names of levels from the rule.
    """
    level = _DECISIONS[rule.id](rule, _Found(evidence))
    return SEVERITIES[level - 1] if level else None
