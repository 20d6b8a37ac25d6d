"""The figures as tables of docs/cluster.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import marked

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
BEGIN, END = "<!-- peers -->\n", "<!-- end of peers -->"


def write(result: dict[str, Any]) -> None:
    """Put the figures into the page, in the place of those of before."""
    marked.write(PAGE, BEGIN, END, f"\n{section(result)}\n\n")


def section(result: dict[str, Any]) -> str:
    """The figures with what a reader needs to judge them."""
    link = "All of it, with commits and versions: [bench/results/peers.json](../bench/results/peers.json)."
    told = [link]
    for part, table in PARTS.items():
        if part in result:
            told += [_about(result, part), table(result[part])]
    return "\n\n".join(told)


def tables(result: dict[str, Any]) -> list[str]:
    """One table each for the contestants, for latency, for workers beside each other; those that were measured."""
    return [table(result[part]) for part, table in PARTS.items() if part in result]


def _about(result: dict[str, Any], part: str) -> str:
    """How a part was measured: parts can be measured on different days."""
    one = result["measured"][part]
    machine = one["machine"]
    what = {
        "contestants": f"{one['records']:,} records of one set each, one partition; the medians of {one['runs']} runs",
        "latency": f"one worker, one partition, {one['athletes']:,} athletes who log all the time",
        "together": f"{one['records']:,} records, half in each of two partitions; the medians of {one['runs']} runs",
    }[part]
    allocator = "the system's allocator" if "system" in one["allocator"] else "jemalloc, as in the image"
    return f"On {machine['cores']} cores ({machine['processor']}) shared with the broker, with {allocator}: {what}."


def _contest(contestants: dict[str, dict[str, Any]]) -> str:
    rows = []
    for one in contestants.values():
        if "problem" in one:
            rows.append([one["said"], f"not measured: {one['problem']}", *[""] * 6])
            continue
        figures, kill = one["figures"], one.get("kill", {})
        said = one["said"] if not one["records_max"] else f"{one['said']} (the first {figures['records']:,.0f} records)"
        speed = f"{figures['records_per_second']:,.0f}"
        if "records_per_second_days_too" in figures:
            speed += f" ({figures['records_per_second_days_too']:,.0f} with the days worked out)"
        row = [said, speed, f"{figures['cpu_seconds_per_million']:,.0f}", f"{figures['rss_mb_peak']:,.0f}"]
        if "problem" in kill:
            row += [f"not measured: {kill['problem']}", "", "", ""]
        elif kill:
            row += [f"{kill['lost']:,}", f"{kill['doubled']:,}", f"{kill['handled_again']:,}"]
            row += [f"{kill['seconds_until_it_went_on']:.0f} s"]
        else:
            row += [""] * 4
        rows.append(row)
    head = ["who", "records/s", "CPU s per million", "peak MB", "lost", "doubled", "handled again", "went on after"]
    return _table(head, rows)


def _latency(some: list[dict[str, Any]]) -> str:
    rows = []
    for one in some:
        offered = f"{one['offered_per_second']:,}, " + ("whole workouts" if one["whole_workouts"] else "one by one")
        if "problem" in one:
            rows.append([offered, f"not measured: {one['problem']}", *[""] * 4])
            continue
        rows += [
            [
                offered,
                said,
                f"{one[f'{lane}_ms_p50']:,.0f} ms",
                f"{one[f'{lane}_ms_p99']:,.0f} ms",
                f"{one[f'{lane}_ms_max']:,.0f} ms",
                f"{one[f'{lane}_outbox_rows']:,}",
            ]
            for lane, said in (("session", "set- and session-level"), ("day", "day-level"))
        ]
    return _table(["sets/s offered", "set to outbox, rules", "p50", "p99", "longest", "rows in the outbox"], rows)


def _together(some: list[dict[str, Any]]) -> str:
    rows = []
    for one in some:
        who = f"{one['workers']} worker{'s' if one['workers'] > 1 else ''}"
        if "problem" in one:
            rows.append([who, f"not measured: {one['problem']}", "", ""])
            continue
        rows.append(
            [
                who,
                f"{one['records_per_second']:,.0f}",
                f"{one['cpu_seconds_per_million']:,.0f}",
                f"{one['rss_mb_peak']:,.0f}",
            ]
        )
    return _table(["two partitions", "records/s", "CPU s per million", "peak MB"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


PARTS: dict[str, Callable[[Any], str]] = {"contestants": _contest, "latency": _latency, "together": _together}
