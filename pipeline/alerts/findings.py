"""What a day-level rule decides from its evidence: the same reading for whole columns and for one alert's rows.

A condition hands over three numbers per row of evidence (value, observations, baseline), then whether its inputs
are degraded. The severity follows from them and from the rule alone, so an alert can be decided again from its proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.alerts.rules import COMPARE, Proof, Rule

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LASTING = "days_in_a_row"
DEGRADED = "degraded_inputs"
STREAK_MAX = 28  # days in a row are counted so far: more would depend on where a batch begins to look
_PER_PROOF = 3
_WINDOW_DAYS_MAX = 400


def width(rule: Rule) -> int:
    """How many numbers a condition of the rule hands over."""
    return _PER_PROOF * len(rule.evidence) + 1


def holds(rule: Rule, found: Floats) -> dict[str, Flags]:
    """Per metric with a threshold, whether it crosses it; ``found`` has the shape ``(n, width(rule))``."""
    flags = {}
    for index, proof in enumerate(rule.evidence):
        if proof.threshold is not None:
            crosses = COMPARE[proof.comparator]
            flags[proof.metric] = crosses(found[:, _PER_PROOF * index], rule.thresholds[proof.threshold])
    return flags


def levels(rule: Rule, found: Floats) -> Ints:
    """0 where the condition does not hold, else 1 (info) to 4 (high); without the part of ``lasting``."""
    flags = holds(rule, found)
    level = np.zeros(len(found), dtype=np.int64)
    for finding in rule.findings:
        met = np.ones(len(found), dtype=bool)
        for metric in finding.all:
            met &= flags[metric]
        if finding.of:
            met &= sum(flags[metric].astype(np.int64) for metric in finding.of) >= finding.at_least
        level = np.maximum(level, np.where(met, rule.level(finding.severity), 0))
    return level


def holds_sql(rule: Rule) -> str:
    """The same question as ``levels`` > 0 for SQL, over a list column ``found``; true too where a value is NaN."""
    flag = {
        proof.metric: f"coalesce(found[{_PER_PROOF * index + 1}] {proof.comparator}"
        f" {rule.thresholds[proof.threshold]}::double, false)"
        for index, proof in enumerate(rule.evidence)
        if proof.threshold is not None
    }
    said = []
    for finding in rule.findings:
        parts = [flag[metric] for metric in finding.all]
        if finding.of:
            parts.append(" + ".join(f"{flag[metric]}::integer" for metric in finding.of) + f" >= {finding.at_least}")
        said.append("(" + " and ".join(parts) + ")")
    return " or ".join(said) or "false"


def lowered(level: Ints, degraded: Flags) -> Ints:
    """One level less where the inputs are degraded; info stays info."""
    return np.where(degraded & (level > 1), level - 1, level)


def proof_rows(rule: Rule, found: Sequence[float | None], day: date) -> list[dict[str, Any]]:
    """The evidence rows of one condition; a value that is not known is no part of it."""
    rows = []
    metrics = [proof.metric for proof in rule.evidence]
    for index, proof in enumerate(rule.evidence):
        value, n_obs, baseline = found[_PER_PROOF * index : _PER_PROOF * (index + 1)]
        if value is None or np.isnan(value):
            continue
        threshold = rule.thresholds[proof.threshold] if proof.threshold is not None else None
        days = _days(proof, metrics, found)
        rows.append(_row(proof.metric, value, threshold, proof.comparator, (day, days), n_obs, baseline))
    degraded, streak = found[-2], found[-1]
    if rule.lasting is not None:
        limit = rule.thresholds["lasting_days"]
        lasted = 0.0 if streak is None or np.isnan(streak) else streak
        rows.append(_row(LASTING, lasted, limit, ">=", (day, max(int(lasted), 1)), lasted, None))
    if degraded:
        rows.append(_row(DEGRADED, 1.0, 1.0, ">=", (day, 1), None, None))
    return rows


def _days(proof: Proof, metrics: list[str], found: Sequence[float | None]) -> int:
    """The length of the window: so many days, or the weeks that a metric counted."""
    if not proof.weeks_of:
        return proof.days
    weeks = found[_PER_PROOF * metrics.index(proof.weeks_of)]
    return proof.days if weeks is None or not weeks >= 1 else min(7 * int(weeks), _WINDOW_DAYS_MAX)


def decided(rule: Rule, evidence: Sequence[dict[str, Any]]) -> int:
    """The level that evidence rows give: 0 if the rule does not fire on them."""
    by_metric = {row["metric"]: row for row in evidence}
    found = np.full((1, width(rule)), np.nan)
    for index, proof in enumerate(rule.evidence):
        if proof.metric in by_metric:
            found[0, _PER_PROOF * index] = by_metric[proof.metric]["value"]
    level = levels(rule, found)
    lasting = by_metric.get(LASTING)
    if level[0] and rule.lasting is not None and lasting is not None and lasting["value"] >= lasting["threshold"]:
        level = np.maximum(level, rule.level(rule.lasting))
    return int(lowered(level, np.array([DEGRADED in by_metric]))[0])


def _row(
    metric: str,
    value: float,
    threshold: float | None,
    comparator: str,
    window: tuple[date, int],
    n_obs: float | None,
    baseline: float | None,
) -> dict[str, Any]:
    day, days = window
    return {
        "metric": metric,
        "value": value,
        "threshold": threshold,
        "comparator": comparator,
        "window_start": day - timedelta(days=days - 1),
        "window_end": day,
        "n_obs": None if n_obs is None or np.isnan(n_obs) else int(n_obs),
        "baseline": None if baseline is None or np.isnan(baseline) else baseline,
    }
