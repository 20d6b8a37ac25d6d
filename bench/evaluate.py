"""``python -m bench.evaluate``: how well the warnings find planted fatigue, and how rarely they speak without it.

Athletes and labels come from ``pipeline.synthetic``, whose labels follow from a latent state and are made before any
rule runs. Writes bench/results/evaluation.json, docs/evaluation.md and its plots.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from scipy import stats

from bench.borne_out import TRAINING_RULES, Truth
from bench.cohort import DAY_RULES, SESSION_RULES, Alert, Case, cohort, plan
from bench.evaluation_page import write_page
from pipeline.alerts.rules import load
from pipeline.catalogue.loader import Catalogue
from pipeline.models.runner import MODEL_VERSION

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "evaluation.json"
SEEDS = HERE / "seeds"
FATIGUE_RULES = ("R10", "R11", "R12", "R13", "R14", "R15", "R17", "R18")
HEALTHY = ("healthy", "healthy_noisy")
R17_DAYS_MIN, R18_DAYS_MIN = 21, 42
R17_LATE_DAYS = 10
R17_DATA_DAYS = 14  # M20: five sessions over at least 14 days, before any trend can fall
AFTER_STORY_DAYS = 14
ANSWERS_SHARE = 0.5  # R18 asks for signs on 7 of 14 days
EFFORT_SHARE = 0.8  # M20 needs it
EXAMPLES = 8

Figures = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Run the cohort of a seed file; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.evaluate", description=__doc__)
    parser.add_argument("--seeds", default="report", choices=("report", "tuning"))
    parser.add_argument("--scratch", default=None, help="where the data folder goes; default: the temporary folder")
    given = parser.parse_args(arguments)
    file = SEEDS / f"{given.seeds}.toml"
    cases = cohort(file, given.scratch)
    found = figures(cases, _untrue(cases))
    seed, weeks, counts = plan(file)
    found = {
        "command": "python -m bench.evaluate " + " ".join(arguments),
        "commit": _commit(),
        "seed": seed,
        "weeks": weeks,
        "athletes": counts,
        "rules_version": load().version,
        "model_version": MODEL_VERSION,
    } | found
    if given.seeds == "report":
        RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        write_page(found, HERE.parent / "docs")
    print(json.dumps(found, indent=2))
    return 0


def _untrue(cases: Sequence[Case]) -> list[Alert]:
    """Warnings about the training of the healthy that their true days do not bear out."""
    catalogue = Catalogue.load()
    found = []
    for case in cases:
        if case.label.scenario in HEALTHY and (told := _about_training(case)):
            truth = Truth(case.label, catalogue)
            found += [alert for alert in told if not truth.bears_out(alert)]
    return found


def _about_training(case: Case) -> list[Alert]:
    return [alert for alert in case.alerts if alert.is_warning and alert.rule in TRAINING_RULES]


def figures(cases: Sequence[Case], untrue: Sequence[Alert] = ()) -> Figures:
    """What is told on the page; ``untrue``: warnings of the healthy about training that was not so."""
    accumulated = [case for case in cases if case.label.scenario == "accumulated_fatigue" and _long(case, R17_DAYS_MIN)]
    unresolved = [
        case for case in cases if case.label.scenario.startswith("non_functional") and _long(case, R18_DAYS_MIN)
    ]
    healthy = [case for case in cases if case.label.scenario in HEALTHY]
    return {
        "r17": _episodes(accumulated, _r17_found),
        "r17_with_data": _episodes([case for case in accumulated if _tells(case)], _r17_found),
        "r18": _episodes(unresolved, _r18_found),
        "r18_with_data": _episodes([case for case in unresolved if _tells(case)], _r18_found),
        "by_scenario": {
            name: _scenario([case for case in cases if case.label.scenario == name])
            for name in dict.fromkeys(case.label.scenario for case in cases)
        },
        "false_warnings": _rate(healthy, lambda one: one.is_warning and one.rule in FATIGUE_RULES),
        "false_warnings_all_rules": _rate(healthy, lambda one: one.is_warning and one.rule in DAY_RULES),
        "false_warnings_checked": _rate(
            healthy,
            lambda one: one.is_warning and one.rule in FATIGUE_RULES,
            more=len(untrue),
        ),
        "about_training": {
            rule: {
                "warnings": sum(one.rule == rule for case in healthy for one in _about_training(case)),
                "untrue": sum(one.rule == rule for one in untrue),
            }
            for rule in TRAINING_RULES
        },
        "by_rule": {rule: _rule(cases, healthy, rule) for rule in sorted((*DAY_RULES, *SESSION_RULES))},
        "misses": _misses(accumulated, "R17", _r17_found, _r17_last)
        + _misses(unresolved, "R18", _r18_found, _r18_last),
        "false_alarms": _false_alarms(healthy),
    }


def _long(case: Case, days: int) -> bool:
    label = case.label
    if label.onset_day is None or label.end_day is None:
        return False
    return (date.fromisoformat(label.end_day) - date.fromisoformat(label.onset_day)).days + 1 >= days


def _tells(case: Case) -> bool:
    """Whether the athlete gives what both rules need: check-ins on half of the days, effort on four of five sets."""
    return case.label.answers_share >= ANSWERS_SHARE and case.label.effort_logged_share >= EFFORT_SHARE


def _r17_found(case: Case) -> Alert | None:
    """In time: from the story's begin to ten days after the latent onset and the rule's own minimum of data."""
    return case.first("R17", date.fromisoformat(case.label.story_from), _r17_last(case))


def _r17_last(case: Case) -> date:
    return date.fromisoformat(str(case.label.onset_day)) + timedelta(days=R17_LATE_DAYS + R17_DATA_DAYS)


def _r18_found(case: Case) -> Alert | None:
    return _from_story(case, "R18", case.label.story_to)


def _from_story(case: Case, rule: str, last_day: str | None) -> Alert | None:
    """The first alert of a rule from the story's begin to two weeks after a day of it."""
    return case.first(rule, date.fromisoformat(case.label.story_from), _after(last_day))


def _r18_last(case: Case) -> date:
    return _after(case.label.story_to)


def _after(last_day: str | None) -> date:
    return date.fromisoformat(str(last_day)) + timedelta(days=AFTER_STORY_DAYS)


def _episodes(cases: Sequence[Case], found: Callable[[Case], Alert | None]) -> Figures:
    """Share of episodes found with its 95 % interval (Wilson), and the days from latent onset to the alert."""
    hits = [(case, alert) for case in cases if (alert := found(case)) is not None]
    delays = sorted((alert.opened_on - date.fromisoformat(str(case.label.onset_day))).days for case, alert in hits)
    quartiles = statistics.quantiles(delays, n=4) if len(delays) > 1 else [float("nan")] * 3
    return {
        **_share(len(hits), len(cases)),
        "delay_days_median": quartiles[1],
        "delay_days_quartiles": [quartiles[0], quartiles[2]],
        "delays": delays,
    }


def _share(hits: int, n: int) -> Figures:
    if not n:
        return {"found": 0, "of": 0, "share": None, "interval": None}
    interval = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    return {"found": hits, "of": n, "share": hits / n, "interval": [float(interval.low), float(interval.high)]}


def _rate(cases: Iterable[Case], counts: Callable[[Alert], bool], more: int = 0) -> Figures:
    """Alerts that ``counts`` takes and ``more``, per athlete-month with the exact 95 % interval of a Poisson count."""
    chosen = list(cases)
    months = sum(case.months for case in chosen)
    n = more + sum(counts(alert) for case in chosen for alert in case.alerts)
    low = float(stats.chi2.ppf(0.025, 2 * n)) / 2 if n else 0.0
    high = float(stats.chi2.ppf(0.975, 2 * n + 2)) / 2
    rate = {"alerts": n, "athlete_months": round(months, 1)}
    return rate | ({"per_month": n / months, "interval": [low / months, high / months]} if months else {})


def _scenario(cases: Sequence[Case]) -> Figures:
    """Athletes of one scenario: how many had an R17 or R18 in the story's time, and warnings per athlete-month."""
    told = {
        rule: sum(_from_story(case, rule, case.label.story_to) is not None for case in cases)
        for rule in ("R10", "R17", "R18")
    }
    return {
        "athletes": len(cases),
        "overreached": sum(case.label.overreached for case in cases),
        **told,
        "warnings": _rate(cases, lambda one: one.is_warning and one.rule in FATIGUE_RULES),
    }


def _rule(cases: Sequence[Case], healthy: Sequence[Case], rule: str) -> Figures:
    """Of one rule: athletes overreached for 21 days and more in whose time it opened, and its rate in the healthy."""
    ill = [case for case in cases if _long(case, R17_DAYS_MIN)]
    hits = sum(_from_story(case, rule, case.label.end_day) is not None for case in ill)
    return {"episodes": _share(hits, len(ill)), "healthy": _rate(healthy, lambda one: one.rule == rule)}


def _misses(
    cases: Sequence[Case], rule: str, found: Callable[[Case], Alert | None], limit: Callable[[Case], date]
) -> list[Figures]:
    """Some of the episodes that were missed: who, what the athlete logs at all, and what opened in their time.

    ``too_late``: when the rule did speak after the last day that counts, days from the latent onset.
    """
    missed = [case for case in cases if found(case) is None]
    return [
        {
            "rule": rule,
            **_who(case),
            "opened": sorted({f"{one.rule} {_since_onset(case, one.opened_on)}" for one in _told_in_story(case)}),
            "too_late": next(
                (
                    f"{_since_onset(case, one.opened_on)}, limit {_since_onset(case, limit(case))}"
                    for one in _told_in_story(case)
                    if one.rule == rule
                ),
                None,
            ),
        }
        for case in missed[:EXAMPLES]
    ]


def _told_in_story(case: Case) -> list[Alert]:
    """Alerts of the day rules on all training from the story's begin on, the first one first."""
    begin = date.fromisoformat(case.label.story_from)
    return [one for one in case.alerts if one.opened_on >= begin and one.scope == "body" and one.rule in DAY_RULES]


def _since_onset(case: Case, day: date) -> str:
    return f"{(day - date.fromisoformat(str(case.label.onset_day))).days:+d} d"


def _false_alarms(cases: Sequence[Case]) -> list[Figures]:
    return [
        {"rule": alert.rule, **_who(case), "opened_on": alert.opened_on.isoformat(), "said": _sentence(alert.body)}
        for case in cases
        for alert in case.alerts
        if alert.is_warning and alert.rule in FATIGUE_RULES
    ][:EXAMPLES]


def _sentence(text: str) -> str:
    """The first one; the point of a decimal number ends none."""
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def _who(case: Case) -> Figures:
    label = case.label
    return {
        "scenario": label.scenario,
        "seed": label.seed,
        "device": label.device,
        "answers_share": label.answers_share,
        "effort_logged_share": label.effort_logged_share,
        "strength_loss": label.strength_loss,
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE, check=False
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
