"""Writes docs/rules.md from rules.toml: ``python -m pipeline.alerts.catalogue [FILE]``."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.alerts.labels import labels
from pipeline.alerts.rules import Rule, load, presets

_HEAD = """# Rules

Every alert comes from one of these rules. Made from `pipeline/alerts/rules.toml` by
`python -m pipeline.alerts.catalogue`; edit the rule file, not this page.

An alert names what was seen, the numbers, where the rule comes from, one action, and what would make it go away.
It is no diagnosis. Severities rise from `info` (shown, not pushed) over `advice` and `warning` to `high`.
A finding that rests only on sets logged with 0 repetitions in reserve, without a reported failure, is one level
lower, and so is one whose log has a date but no time; both together lower it once. `info` is the floor.
Alerts of the rules that look at days (R07 to R18 and a gym's own) are said anew once a week while they stay open, with
the numbers of that day; it is the same alert, and channels hear of it only where they asked for every change.
"""

_EVIDENCE = """## Evidence

What pages and reports call the metrics of `alert_evidence`; from `pipeline/alerts/metrics.toml`. A limit is compared
with the rule's threshold (a step only makes the alert graver, and is told where it was met), a number stands beside it,
a flag is either so or not part of the evidence.

| metric | label | unit | what it is |
|---|---|---|---|"""

_CHOOSING = """`spotter rules preset NAME` chooses one for a data folder (of a cluster: beside each worker's shards);
history is worked out again under it when the folder is opened next. `spotter backtest` shows what single thresholds
would change.
"""


def page() -> str:
    """The rule catalogue as Markdown."""
    rules = load()
    parts = [_HEAD, "## Presets\n", *_presets(), "", _CHOOSING]
    parts.extend(section(rule) for rule in rules.all())
    parts.extend([_EVIDENCE, *_labels(), ""])
    return "\n".join(parts)


def _presets() -> list[str]:
    lines = []
    for name, preset in presets().items():
        factor = "1.5, 1.25 and 1.0 by class" if preset.systemic_factor == "class" else "1 for every exercise"
        lines.append(f"- `{name}`: {preset.title}. Systemic factor: {factor}.")
        for rule_id, change in preset.rules.items():
            settings = [f"{key} = {_exact(value)}" for key, value in change.thresholds.items()]
            settings += [f"{key} = {value}" for key, value in change.severities.items()]
            lines.append(f"  - {rule_id}: {', '.join(settings)}")
    return lines


def _labels() -> list[str]:
    return [f"| `{metric}` | {told.text} | {told.unit} | {told.kind} |" for metric, told in sorted(labels().items())]


def section(rule: Rule) -> str:
    """What one rule decides with and says, as Markdown."""
    thresholds = ", ".join(f"`{key}` {_exact(value)}" for key, value in rule.thresholds.items())
    severities = ", ".join(f"`{key}` {value}" for key, value in rule.severities.items())
    lines = [
        f"## {rule.id} {rule.name}",
        "",
        f"- scope: {rule.scope}; lane: {rule.lane}; look-back: {rule.look_back_days} days;"
        f" cool-down: {rule.cool_down_h} h",
        f"- thresholds: {thresholds}",
        f"- severities: {severities}",
        f"- closes: {rule.closes}",
        *_decides(rule),
        f"- origin: {rule.origin}. {rule.source}.",
    ]
    for part, words in (rule.texts or {"": rule.words()}).items():
        label = f" ({part})" if part else ""
        lines.append(f"- text{label}: *{words.title}.* {words.body} {words.ends}")
        lines.append(f"- action{label}: {words.action}")
    return "\n".join([*lines, ""])


def _decides(rule: Rule) -> list[str]:
    """How a day rule decides: which limits must be met for which severity, and what silences it."""
    limits = {
        proof.metric: f"`{proof.metric}` {proof.comparator} {_exact(rule.thresholds[proof.threshold])}"
        for proof in rule.evidence
        if proof.threshold is not None
    }
    lines = []
    for finding in rule.findings:
        needed = [limits[metric] for metric in finding.all]
        if finding.of:
            needed.append(f"{finding.at_least} of ({', '.join(limits[metric] for metric in finding.of)})")
        lines.append(f"- {rule.severities[finding.severity]} when {' and '.join(needed)}")
    if rule.lasting is not None:
        days = _exact(rule.thresholds["lasting_days"])
        lines.append(f"- {rule.severities[rule.lasting]} when it was so on each of {days} days")
    if rule.suppressed_by:
        lines.append(f"- silent while declared: {', '.join(rule.suppressed_by)}")
    return lines


def _exact(value: float) -> str:
    """A threshold with all its digits: what a text may round, a page about the rule may not."""
    return str(int(value)) if value == int(value) else str(value)


def main(arguments: list[str]) -> None:
    """Write the page to the file named first, else to docs/rules.md."""
    target = Path(arguments[0] if arguments else "docs/rules.md")
    target.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
