"""docs/evaluation.md and its plots, from the figures of one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

from bench.borne_out import MORE, MORE_SETS, WEEKS_WITHOUT_LIGHT
from bench.cohort import SESSION_RULES

Figures = dict[str, Any]
_LAYOUT = {"svg.hashsalt": "spotter", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def write_page(found: Figures, docs: Path) -> None:
    """The page and two plots beside it."""
    folder = docs / "evaluation"
    folder.mkdir(exist_ok=True)
    with plt.rc_context(_LAYOUT):
        _delays(found, folder / "delays.svg")
        _rates(found, folder / "rates.svg")
    (docs / "evaluation.md").write_text(page(found), encoding="utf-8")


def page(found: Figures) -> str:
    """The text, with every number from ``found``."""
    r17, r18, false = found["r17"], found["r18"], found["false_warnings"]
    every, checked = found["false_warnings_all_rules"], found["false_warnings_checked"]
    lines = [
        "# How well the warnings find planted fatigue",
        "",
        "<!-- made by `make evaluate`; do not edit -->",
        "",
        f"{sum(found['athletes'].values())} synthetic athletes of {found['weeks']} weeks each (seed {found['seed']},"
        " [how they are made](synthetic.md)) went through the real pipeline. Their labels come from a latent state and"
        " were written before any rule ran. They are made up: what is found here is found under the generator's own"
        " idea of fatigue, and real athletes will differ. All numbers:"
        " [bench/results/evaluation.json](../bench/results/evaluation.json); `make evaluate` makes them and this page"
        " anew; `spotter generate` makes a few such athletes with their truth.",
        "",
        "| question | answer | 95 % interval |",
        "|---|---|---|",
        f"| R17 in time in accumulated fatigue of 21 days and more | {_of(r17)} | {_interval(r17, 100, ' %')} |",
        f"| the same where check-ins and effort are logged | {_of(found['r17_with_data'])} |"
        f" {_interval(found['r17_with_data'], 100, ' %')} |",
        f"| its delay after the latent onset | {_delay(r17)} | |",
        f"| R18 in non-functional episodes of 42 days and more | {_of(r18)} | {_interval(r18, 100, ' %')} |",
        f"| the same where check-ins and effort are logged | {_of(found['r18_with_data'])} |"
        f" {_interval(found['r18_with_data'], 100, ' %')} |",
        f"| its delay after the latent onset | {_delay(r18)} | |",
        "| false warnings and more per healthy athlete-month |"
        f" {checked['per_month']:.3f} ({checked['alerts']} in {checked['athlete_months']:,.0f}) |"
        f" {_interval(checked)} |",
        f"| of them on the athlete's state (R10 to R18) | {false['per_month']:.3f} ({false['alerts']}) |"
        f" {_interval(false)} |",
        "| all warnings of R07 to R18 in the healthy, true ones about training among them |"
        f" {every['per_month']:.3f} ({every['alerts']}) | {_interval(every)} |",
        "",
        "In time means: from the begin of the overload to 10 days after the latent onset, and 14 days more that a"
        " strength trend needs before it can fall (five sessions over two weeks). Who never answers a check-in cannot"
        " get R18, and who logs the effort of half of the sets has no strength trend: logged means check-ins on half of"
        " the days and effort on four of five sets.",
        "",
        *_about_training(found["about_training"]),
        "![Days from latent onset to the alert](evaluation/delays.svg)",
        "",
        "## By scenario",
        "",
        "| scenario | athletes | overreached by label | R10 | R17 | R18 | warnings per athlete-month |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {one['athletes']} | {one['overreached']} | {one['R10']} | {one['R17']} | {one['R18']} |"
            f" {one['warnings']['per_month']:.3f} |"
            for name, one in found["by_scenario"].items()
        ),
        "",
        "R10, R17 and R18 count athletes with such an alert in the story's days or two weeks after.",
        "",
        *_life_stress(found["by_scenario"]),
        "## By rule",
        "",
        "| rule | opened in episodes of 21 days and more | 95 % interval | per healthy athlete-month | 95 % interval |",
        "|---|---|---|---|---|",
        *(
            f"| {rule} | {_of(one['episodes'])} | {_interval(one['episodes'], 100, ' %')} |"
            f" {one['healthy']['per_month']:.3f} | {_interval(one['healthy'])} |"
            for rule, one in found["by_rule"].items()
        ),
        "",
        *_sessions(found["by_rule"]),
        "![Alerts per healthy athlete-month](evaluation/rates.svg)",
        "",
        "## Some that were missed",
        "",
        *_examples(found["misses"]),
        "",
        "## Some that spoke without need",
        "",
        *_examples(found["false_alarms"]),
        "",
    ]
    return "\n".join(lines)


def _about_training(rules: Figures) -> list[str]:
    """When a warning about training is false."""
    told = ", ".join(f"{rule} {one['untrue']} of {one['warnings']}" for rule, one in rules.items())
    return [
        "A warning about the state of somebody whose latent state was never overreached is false, whatever it says."
        " R07, R08 and R09 speak of the training and of no state: theirs are false where the training was not so. That"
        " is asked of the sets the athlete truly did, in whole sets and true reserve and without a log or a rule"
        f" (`bench/borne_out.py`): whether the week held {MORE['R07']} times the hard sets, or {MORE['R08']} times the"
        f" sets near failure, of the weeks before and {MORE_SETS} sets more, light weeks left out, and whether"
        f" {WEEKS_WITHOUT_LIGHT} weeks had no light one. So false were: {told}.",
        "",
    ]


def _life_stress(scenarios: Figures) -> list[str]:
    """Why R17 speaks where nobody trained too much; nothing where the story was not played."""
    one = scenarios.get("life_stress_only")
    if one is None:
        return []
    return [
        f"Life stress without overload (`life_stress_only`) opens R17 in {one['R17']} of {one['athletes']} and R18 in"
        f" {one['R18']}. That is what R17 says and no error of it: it counts signs and asks for no cause. Worse answers"
        " give 2 points, worse sleep or heart signals 1, and 1 comes from a load rule, which holds in some week of"
        " ordinary training as well; 4 points from 3 kinds of signs are enough without any loss of strength. The"
        " athlete is worn out, the text says several signs at once and calls for easier days, and nothing says that"
        " the training is to blame. R18 asks for lost strength, so it stays silent.",
        "",
    ]


def _sessions(rules: Figures) -> list[str]:
    """What the rules are that judge no state; nothing where they were not counted."""
    if not set(SESSION_RULES) & set(rules):
        return []
    return [
        "R01 to R06 judge what was done in a session and R20 the step from one session to the next: that they speak in"
        " healthy athletes is no error, their rate says how often somebody who trains like these hears of them. R19"
        " asks for a plan, and these athletes have none. The plot shows the other rules.",
        "",
    ]


def _of(one: Figures) -> str:
    return "none to find" if not one["of"] else f"{one['found']} of {one['of']} ({100 * one['share']:.0f} %)"


def _interval(one: Figures, times: float = 1.0, unit: str = "") -> str:
    if not one.get("interval"):
        return ""
    low, high = (times * value for value in one["interval"])
    return f"{low:.0f} to {high:.0f}{unit}" if times > 1 else f"{low:.3f} to {high:.3f}"


def _delay(one: Figures) -> str:
    if not one["found"]:
        return ""
    low, high = one["delay_days_quartiles"]
    return f"median {one['delay_days_median']:.0f} days, half of them {low:.0f} to {high:.0f}"


def _examples(rows: list[Figures]) -> list[str]:
    if not rows:
        return ["None."]
    lines = [
        "| rule | scenario | seed | wears | answers | logs effort | strength lost | what was said |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        said = row.get("said") or ", ".join(row.get("opened", [])) or "nothing"
        if row.get("too_late"):
            said = f"{row['rule']} too late: {row['too_late']}; all: {said}"
        lines.append(
            f"| {row['rule']} | {row['scenario']} | {row['seed']} | {row['device']} |"
            f" {100 * row['answers_share']:.0f} % | {100 * row['effort_logged_share']:.0f} % |"
            f" {100 * row['strength_loss']:.1f} % | {said} |"
        )
    return lines


def _delays(found: Figures, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3))
    for name, one in (("R17, accumulated fatigue", found["r17"]), ("R18, non-functional", found["r18"])):
        delays, n = one["delays"], one["of"]
        if delays:
            axes.step(delays, [100 * (place + 1) / n for place in range(len(delays))], where="post", label=name)
    axes.set_xlabel("days from latent onset to the alert")
    axes.set_ylabel("% of episodes")
    axes.set_ylim(0, 100)
    axes.legend(frameon=False)
    _save(figure, file)


def _rates(found: Figures, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3))
    rules = [rule for rule in found["by_rule"] if rule not in SESSION_RULES]
    healthy = [found["by_rule"][rule]["healthy"] for rule in rules]
    rates = [one["per_month"] for one in healthy]
    errors = [
        [one["per_month"] - one["interval"][0] for one in healthy],
        [one["interval"][1] - one["per_month"] for one in healthy],
    ]
    axes.errorbar(rules, rates, yerr=errors, fmt="o", markersize=4)
    axes.set_ylabel("alerts per healthy\nathlete-month (any severity)")
    axes.set_ylim(bottom=0)
    _save(figure, file)


def _save(figure: Any, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
