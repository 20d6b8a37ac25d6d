"""How much of real training logs the catalogue knows: ``python -m pipeline.catalogue.coverage <logs> <page>``."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue.loader import Catalogue
from pipeline.errors import UsageError

NAME_COLUMNS = ("exercise_title", "Exercise Name", "Exercise")
CLASSES = ("axial", "compound", "isolation", "unknown")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Working rows of one log: all, those of known exercises, rows per class, and the names nobody mapped."""

    log: str
    rows: int
    known: int
    by_class: dict[str, int]
    names: int
    unmapped: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """Known share of the working rows, 0 to 1; 1 for a log without any."""
        return self.known / self.rows if self.rows else 1.0


def measure(log: str, rows: Iterable[str], catalogue: Catalogue) -> Coverage:
    """Count the rows of a log, one exercise name per row without warm-ups; cardio and stretches are left out."""
    counted = Counter(rows)
    by_class: Counter[str] = Counter()
    unmapped: Counter[str] = Counter()
    names = 0
    for name, n in counted.items():
        found = catalogue.resolve(name)
        if not (found or catalogue.unknown(name)).is_work:
            continue
        names += 1
        by_class[found.class_ if found else "unknown"] += n
        if found is None:
            unmapped[name] += n
    total = by_class.total()
    return Coverage(
        log=log,
        rows=total,
        known=total - unmapped.total(),
        by_class={key: by_class[key] for key in CLASSES},
        names=names,
        unmapped=tuple(sorted(unmapped.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def names_in(path: Path) -> list[str]:
    """The exercise name of every row of a log that is no warm-up: CSV of any logger here, or JSON with sets."""
    text = path.read_text(encoding="utf-8-sig")
    return list(_from_json(json.loads(text)) if path.suffix == ".json" else _from_csv(text))


def measure_all(logs: Path, catalogue: Catalogue) -> list[Coverage]:
    """Coverage of every log under a folder that has rows, in the order of their paths."""
    found = []
    for path in sorted(logs.rglob("*")):
        if path.suffix not in (".csv", ".json") or path.name.endswith(".schema.json"):
            continue
        names = names_in(path)
        if names:
            found.append(measure(path.relative_to(logs).as_posix(), names, catalogue))
    return found


def page(found: Iterable[Coverage], catalogue: Catalogue) -> str:
    """The coverage as a Markdown page."""
    axial = sorted(item.display_name for item in catalogue.exercises.values() if item.class_ == "axial")
    lines = [
        "# What the exercise catalogue knows",
        "",
        "Made by `python -m pipeline.catalogue.coverage tests/samples/strength docs/catalogue-coverage.md`.",
        "",
        f"{len(catalogue.exercises)} exercises, {catalogue.alias_count} aliases. A name is matched exactly or by the"
        " set of its words; likeness only makes suggestions for a human. Names nobody mapped keep working with class"
        " `unknown`.",
        "",
        "Working rows only: no warm-ups, rest timers, cardio or stretches.",
        "",
        "| log | names | rows | known | axial | compound | isolation | not mapped (rows) |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for item in found:
        unmapped = ", ".join(f"{name} ({n})" for name, n in item.unmapped) or "none"
        shares = " | ".join(str(item.by_class[key]) for key in ("axial", "compound", "isolation"))
        lines.append(f"| `{item.log}` | {item.names} | {item.rows} | {item.share:.1%} | {shares} | {unmapped} |")
    lines += ["", "## Exercises of class axial", "", *(f"- {name}" for name in axial), ""]
    return "\n".join(lines)


def _from_csv(text: str) -> Iterator[str]:
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    column = next((name for name in NAME_COLUMNS if name in (rows.fieldnames or ())), None)
    if column is None:
        return
    for row in rows:
        if row.get("set_type") != "warmup" and row.get("Set Order") not in ("W", "Rest Timer"):
            yield row[column]


def _from_json(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _from_json(item)
    elif isinstance(value, dict):
        sets = value.get("sets")
        if isinstance(sets, list):
            name = _name_of(value)
            yield from (name for row in sets if row.get("type") != "warmup" and row.get("setType") != "warmup")
        for item in value.values():
            yield from _from_json(item)


def _name_of(block: dict[str, object]) -> str:
    """The name of an exercise block: its title, else the name of its exercise."""
    exercise = block.get("exercise")
    name = block.get("title") or (exercise.get("name") if isinstance(exercise, dict) else exercise)
    return name if isinstance(name, str) else ""


def main(arguments: list[str]) -> None:
    """Write the page for a folder of logs."""
    if len(arguments) != 2:
        raise UsageError("two paths are needed", do="give the folder of logs and the page to write")
    catalogue = Catalogue.load()
    logs, target = map(Path, arguments)
    target.write_text(page(measure_all(logs, catalogue), catalogue), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
