"""``python -m bench.run``: measure the embedded service, write bench/results/bench.json and the README's table.

Every measurement runs in a process of its own on a fresh folder; figures are medians of ``--runs``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench import marked
from bench.door import measure as measure_door
from bench.generate import set_line, write
from bench.growth import measure as measure_growth
from bench.year import FIRST_JUDGED_WEEKS, FULL_WINDOWS_WEEKS, MEASURED_AFTER_WEEKS

RESULTS = Path(__file__).parent / "results" / "bench.json"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
PACKAGES = ("duckdb", "pyarrow", "numpy", "pydantic", "orjson")

Measured = dict[str, float | int | str]


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; returns 0."""
    given = _parser().parse_args(arguments)
    if given.rebuilds_again:
        return _again(given, "rebuilds", " ".join(arguments))
    if given.year_again:
        return _again(given, "year", " ".join(arguments))
    if given.growth_again:
        return _again(given, "growth", " ".join(arguments))
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="spotter-bench-", dir=given.scratch) as scratch:
        folder = Path(scratch)
        files = {order: folder / f"{order}.ndjson" for order in ("live", "visits")}
        for order, file in files.items():
            write(file, given.sets, order=order)
        for order, file in files.items():
            figures[f"embedded_{order}"] = _repeat(given.runs, folder, partial(_child, "ingest", file))
        kept = folder / "kept"
        _child("ingest", files["visits"], kept)
        figures |= _rebuilds(given.runs, folder, kept)
        figures["by_hand"] = _repeat(given.runs, folder, partial(_child, "by_hand", files["visits"]))
        figures["alert_latency"] = _repeat(given.runs, folder, lambda data: _child("latency", data, given.trials))
        figures["alert_latency_with_history"] = _repeat(
            given.runs, folder, lambda _: _child("latency", kept, given.trials)
        )
        figures["http"] = _repeat(given.runs, folder, lambda data: measure_door(given.sets, data))
        figures["heart_rate"] = _repeat(
            given.runs, folder, lambda data: _child("heart_rate", given.uploads, data, module="bench.heart_rate")
        )
        if given.athletes:
            figures["year"] = _child("year", given.athletes, folder / "year", module="bench.year")
        figures["history"] = measure_growth(folder, given.history)
    result = {
        "command": "python -m bench.run " + " ".join(arguments),
        "machine": machine(),
        "runs": given.runs,
    } | figures
    if not given.dry:
        _keep(result)
    print(table(result))
    return 0


def _keep(result: dict[str, object]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    marked.write(README, BEGIN, END, section(result))


def _rebuilds(runs: int, folder: Path, kept: Path) -> dict[str, object]:
    return {
        "rebuild": _repeat(runs, folder, lambda _: _child("rebuild", kept)),
        "recompute": _repeat(runs, folder, lambda _: _child("recompute", kept)),
    }


def _again(given: argparse.Namespace, what: str, arguments: str) -> int:
    """One part alone, in the place of what the results have, which say so."""
    figures: dict[str, object]
    with tempfile.TemporaryDirectory(prefix="spotter-bench-", dir=given.scratch) as scratch:
        folder = Path(scratch)
        if what == "growth":
            figures = {"history": measure_growth(folder, given.history)}
        elif what == "year":
            figures = {"year": _child("year", given.athletes, folder / "year", module="bench.year")}
        else:
            file, kept = folder / "visits.ndjson", folder / "kept"
            write(file, given.sets, order="visits")
            _child("ingest", file, kept)
            figures = _rebuilds(given.runs, folder, kept)
    result: dict[str, object] = json.loads(RESULTS.read_text(encoding="utf-8"))
    result |= figures | {f"{what}_command": f"python -m bench.run {arguments}"}
    if not given.dry:
        _keep(result)
    print(table(result))
    return 0


def machine() -> dict[str, object]:
    """The facts a reader needs to judge the figures."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "json_loads_us_per_set": _json_loads_us(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def section(result: dict[str, object]) -> str:
    """The README's section of figures."""
    facts = result["machine"]
    assert isinstance(facts, dict)
    told = (
        f"Measured by `make bench` on {facts['cores']} cores ({facts['processor']}, which reads a set with Python's"
        f" json in {facts['json_loads_us_per_set']:.1f} µs), Python {facts['python']}, DuckDB"
        f" {facts['packages']['duckdb']}: medians of {result['runs']} runs, models and rules on, every upload synced"
        " before it is answered. All of it: [bench/results/bench.json](bench/results/bench.json)."
    )
    return f"## Figures\n\n{told}\n\n{table(result)}\n\n"


def table(result: dict[str, object]) -> str:
    """The figures as a Markdown table."""
    rows = [("what", "figure", "beside it")]
    for name, said in (
        ("embedded_live", "embedded, each body one set of 1,000 athletes"),
        ("embedded_visits", "embedded, each body 50 whole workouts"),
        ("http", "the same over HTTP, 1,000-line bodies"),
    ):
        one = _figures(result, name)
        beside = (
            f"{one['sets']:,.0f} sets in {one['seconds_until_applied']:.1f} s, peak memory {one['rss_mb_peak']:.0f} MB"
        )
        rows.append((said, f"{one['sets_per_second']:,.0f} sets/s", beside))
    for name, said in (
        ("by_hand", "beside it: a script with json, Arrow and DuckDB; no checks, log, models, rules"),
        ("rebuild", "rebuild from the log"),
        ("recompute", "models and rules again from the stored facts"),
    ):
        one = _figures(result, name)
        beside = f"{one['seconds']:.1f} s, peak memory {one['rss_mb_peak']:.0f} MB"
        rows.append((said, f"{one['sets_per_second']:,.0f} sets/s", beside))
    one = _figures(result, "http")
    rows.append(
        (
            "one event over HTTP, durable",
            f"{one['single_post_ms_p50']:.1f} ms",
            f"p99 {one['single_post_ms_p99']:.1f} ms",
        )
    )
    if "heart_rate" in result:  # results of before had none
        rows += _heart_rate_rows(_figures(result, "heart_rate"))
    for name, said in (("alert_latency", "empty"), ("alert_latency_with_history", "a million sets before")):
        one = _figures(result, name)
        rows.append((f"set to alert row, {said}", f"{one['ms_p50']:.0f} ms", f"p99 {one['ms_p99']:.0f} ms"))
    if "year" in result:  # results of before had none
        rows += _year_rows(_figures(result, "year"))
    history = result["history"]
    assert isinstance(history, list)
    rows += [_history_row(one) for one in history]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---|---|---|", *lines[1:]])


def _heart_rate_rows(one: dict[str, float]) -> list[tuple[str, str, str]]:
    rows = []
    for key, said, seconds in (
        ("readings_per_second_worker", "decoded from the log and stored", "seconds_worker"),
        ("readings_per_second", "from the door to the tables, all days worked out", "seconds_until_applied"),
        ("readings_per_second_20_blocks", "the same, twenty blocks an upload", "seconds_until_applied_20_blocks"),
    ):
        beside = f"{one['readings']:,.0f} readings in {one[seconds]:.1f} s, peak memory {one['rss_mb_peak']:.0f} MB"
        rows.append((f"heart rate in blocks of 1,000 samples, {said}", f"{one[key]:,.0f} readings/s", beside))
    return rows


def _year_rows(one: dict[str, float]) -> list[tuple[str, str, str]]:
    who = f"{one['athletes']:,.0f} athletes"
    rows = [
        (
            f"a year of sets, nights, HRV, heart rates and check-ins of {who}",
            f"{one['events_per_second']:,.0f} events/s",
            f"{one['events']:,.0f} events, peak memory {one['rss_mb_peak']:.0f} MB",
        )
    ]
    said = {
        0: "no baseline yet, so nothing is judged",
        FIRST_JUDGED_WEEKS: "the longest windows are a fifth full",
        FULL_WINDOWS_WEEKS: "all windows are full",
    }
    for weeks in MEASURED_AFTER_WEEKS:
        if f"day_s_median_after_{weeks}_weeks" not in one:  # results of before had no first week
            continue
        beside = said.get(weeks, f"{one['times']:.2f} times a day after {FIRST_JUDGED_WEEKS} weeks")
        rows.append(
            (f"one more day of {who} after {weeks} weeks", f"{one[f'day_s_median_after_{weeks}_weeks']:.1f} s", beside)
        )
    return rows


def _history_row(one: dict[str, float]) -> tuple[str, str, str]:
    whole, session, day = (one[f"{name}_times"] for name in ("ms", "session_lane_ms", "day_lane_ms"))
    beside = f"{whole:.2f} times the first (lane of the session {session:.2f}, of the day {day:.2f})"
    return (
        f"1,000 more sets on {one['history_sets']:,.0f}",
        f"{one['ms_median']:.0f} ms",
        f"{beside}, peak memory {one['rss_mb_peak']:.0f} MB",
    )


def _figures(result: dict[str, object], name: str) -> dict[str, float]:
    found = result[name]
    assert isinstance(found, dict)
    return found


def _repeat(runs: int, folder: Path, measure: Callable[[Path], Measured]) -> Measured:
    """The median of every number over the runs, each on a folder of its own."""
    taken = [measure(Path(tempfile.mkdtemp(dir=folder)) / "data") for _ in range(runs)]
    return {key: statistics.median([one[key] for one in taken]) for key in taken[0]}  # type: ignore[type-var]


def _child(what: str, *arguments: object, module: str = "bench.embedded") -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", module, what, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Measured = json.loads(done.stdout.splitlines()[-1])
    print(what, found, file=sys.stderr, flush=True)
    return found


def _json_loads_us() -> float:
    """How long Python's own JSON reader takes for one set: a measure of the machine, not of Spotter."""
    texts = [set_line(athlete, 0, 0) for athlete in range(1000)]
    taken = []
    for _ in range(9):
        begun = time.perf_counter()
        for text in texts:
            json.loads(text)
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken), 2)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--sets", type=int, default=1_000_000, help="sets of the throughput runs")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is taken")
    parser.add_argument("--uploads", type=int, default=2_000, help="uploads of 1,000 heart-rate samples")
    parser.add_argument("--trials", type=int, default=200, help="single sets of the latency runs")
    parser.add_argument(
        "--history",
        type=int,
        nargs="*",
        default=[100_000, 1_000_000, 10_000_000],
        help="sets stored before one more batch",
    )
    parser.add_argument("--athletes", type=int, default=1_000, help="of the year's run; 0 leaves it out")
    parser.add_argument("--scratch", default=None, help="where the data folders go; default: the temporary folder")
    parser.add_argument(
        "--rebuilds-again", action="store_true", help="only the rebuilds, in the place of those in the results"
    )
    parser.add_argument(
        "--growth-again", action="store_true", help="only one more batch on histories, in the place of those there"
    )
    parser.add_argument(
        "--year-again", action="store_true", help="only a year of everything, in the place of what is there"
    )
    parser.add_argument("--dry", action="store_true", help="print only, write no results")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
