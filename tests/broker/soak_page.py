"""What the whole soak found, as a paragraph of docs/cluster.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import marked

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
BEGIN, END = "<!-- soak -->\n", "<!-- end of soak -->"


def write(result: dict[str, Any]) -> None:
    """Put the figures into the page, in the place of those of before."""
    marked.write(PAGE, BEGIN, END, f"\n{section(result)}\n\n")


def section(result: dict[str, Any]) -> str:
    """The faults with their counts, then what was wrong after them."""
    kills, lag, parts = result["kills"], result["lag_zero_seconds"], result["parts"]
    drills = [name for name, one in result.get("drills", {}).items() if "left out" not in one]
    judged = [result["findings"], *(result["drills"][name] for name in drills)]
    wrong = {name.replace("_", " "): sum(one[name] for one in judged) for name in result["findings"]}
    sentences = [
        f"The last whole run (commit {result['commit'][:7]}, seed {result['seed']},"
        f" {result['seconds'] / 60:.0f} minutes): [bench/results/soak.json](../bench/results/soak.json).",
        "Under load, with "
        + " and then ".join(f"{one['workers']} workers whose folders were {one['folders']}" for one in parts)
        + f": {sum(kills.values())} kills ({', '.join(f'{role} {count}' for role, count in sorted(kills.items()))}),",
        f"{result['worker_kills_inside_a_batch']} of the workers' inside a batch;",
        f"{result['rebalances']} times a worker joined and left;",
        f"{result['sleeps']} workers slept through their session, and {result['sleeps_that_wrote']} of them wrote.",
        *(_away(one["broker_away"]) for one in parts if "broker_away" in one),
        *([f"Then accidents: {'; '.join(drills)}."] if drills else []),
        f"Lag was back at zero after {lag['median']:.1f} s in the median, {lag['max']:.1f} s at most.",
        f"Of {result['sets_acknowledged']:,} acknowledged sets and {result['alerts_heard']:,} messages heard:",
        ", ".join(f"{count} {name}" for name, count in wrong.items()) + ".",
    ]
    return " ".join(sentences)


def _away(one: dict[str, Any]) -> str:
    return (
        f"The broker was away for {one['seconds']:g} s, in which {one['refused_503']:,} posts were refused with 503;"
        f" after its return all was done in {one['lag_zero_s']:.0f} s."
    )
