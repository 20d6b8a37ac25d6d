"""Many athletes into two files: their events and their labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

import numpy as np

from pipeline.errors import RefusedError, UsageError
from pipeline.synthetic.athlete import LAST_DAY, Athlete, live_through
from pipeline.synthetic.events import events
from pipeline.synthetic.labels import label_of
from pipeline.synthetic.stories import crowd, story_named

EVENTS, LABELS = "events.ndjson", "labels.ndjson"
ATHLETES_MAX = 100_000
SEED_MAX = (1 << 53) - 1  # every reader of JSON takes such a number whole
CROWD = 5  # stream of chance that mixes the stories

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Written:
    """What was written: counts, events by kind, athletes by scenario."""

    athletes: int = 0
    overreached: int = 0
    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)


def athletes(
    *, seed: int, count: int, weeks: int, scenario: str | None = None, last_day: date = LAST_DAY
) -> Iterator[Athlete]:
    """``count`` athletes, named ``syn-00001`` and so on, in a mix of all scenarios or all in one.

    Each has a seed of its own that follows from ``seed`` and its number. In a mix a scenario is as frequent as its
    share says. Raises UsageError for numbers out of range and for an unknown scenario.
    """
    if not 1 <= count <= ATHLETES_MAX:
        raise UsageError(f"{count} athletes cannot be made", do=f"take 1 to {ATHLETES_MAX}")
    if not 0 <= seed <= SEED_MAX:
        raise UsageError(f"{seed} is no seed", do=f"take a whole number from 0 to {SEED_MAX}")
    if scenario is None:
        scenarios = crowd(np.random.default_rng([seed, CROWD]), count)
    else:
        scenarios = [story_named(scenario).name] * count
    for number, name in enumerate(scenarios, start=1):
        yield live_through(f"syn-{number:05d}", name, seed=seed_of(seed, number), weeks=weeks, last_day=last_day)


def seed_of(seed: int, number: int) -> int:
    """The seed of one athlete of a crowd, numbered from 1."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]) >> 11


def write(
    folder: Path,
    *,
    seed: int,
    count: int,
    weeks: int,
    scenario: str | None = None,
    last_day: date = LAST_DAY,
    progress: Progress | None = None,
) -> Written:
    """Write ``events.ndjson`` and ``labels.ndjson`` into ``folder``, which is made if it is not there.

    Events come athlete by athlete in the order of their times. Raises RefusedError if one of the files exists.
    """
    made = athletes(seed=seed, count=count, weeks=weeks, scenario=scenario, last_day=last_day)
    first = next(made)  # wrong numbers are refused before a folder is made
    folder.mkdir(parents=True, exist_ok=True)
    written = Written()
    with ExitStack() as stack:
        out, labels = (stack.enter_context(_new(folder / name)) for name in (EVENTS, LABELS))
        for number, athlete in enumerate(_with_first(first, made)):
            if progress:
                progress(number, count)
            for event in events(athlete):
                out.write(line(event))
                written.kinds[str(event["kind"])] += 1
            label = label_of(athlete)
            labels.write(line(label.as_json()))
            written.scenarios[athlete.scenario] += 1
            written.overreached += label.overreached
            written.athletes += 1
    written.events = written.kinds.total()
    return written


def line(value: dict[str, object]) -> str:
    """One line of JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n"


def _with_first(first: Athlete, rest: Iterator[Athlete]) -> Iterator[Athlete]:
    yield first
    yield from rest


def _new(path: Path) -> TextIO:
    try:
        return path.open("x", encoding="ascii", newline="\n")
    except FileExistsError:
        raise RefusedError(f"{path} exists already", "nothing is written over", "name another folder") from None
