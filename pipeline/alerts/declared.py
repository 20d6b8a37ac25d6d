"""Plans and declared periods: whether R19 has anything to compare with, and the context an alert is shown in."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from zlib import crc32

import numpy as np

from pipeline.alerts import statements
from pipeline.alerts.life_cycle import Ints
from pipeline.alerts.statements import Columns
from pipeline.store.connection import Connection

SHOWN = ("deload", "taper", "illness", "injury", "travel")
"""Declarations that an alert names as its context; they explain it and do not silence it."""

_EPOCH = date(1970, 1, 1).toordinal()


class Declared(NamedTuple):
    """``periods``: per athlete number the declared (what, first day, last day); ``plans``: someone has a plan."""

    periods: dict[int, list[tuple[str, date, date]]]
    plans: bool


class Context(NamedTuple):
    """Per draft the words of its context ('' for none) and their checksum, to see a change."""

    words: list[str]
    code: Ints


def declared(connection: Connection) -> Declared:
    """What the touched athletes declared and whether any of them has a plan."""
    periods: dict[int, list[tuple[str, date, date]]] = {}
    plans = False
    for athlete, kind, what, first, last in connection.execute(statements.text("steps/declared")[0]).fetchall():
        if kind == "plan":
            plans = True
        elif what in SHOWN and first is not None and last is not None:
            periods.setdefault(athlete, []).append((what, first, last))
    return Declared(periods, plans)


def context_of(found: Declared, athletes: Columns, athlete: Ints, day: Ints) -> Context:
    """The context of alerts that speak of ``day`` (days since 1970); ``athlete``: index into the touched ones."""
    words = [""] * len(day)
    code = np.zeros(len(day), dtype=np.int64)
    if not found.periods:
        return Context(words, code)
    numbers = athletes["athlete_no"][athlete]
    for row in np.flatnonzero(np.isin(numbers, list(found.periods))).tolist():
        on = date.fromordinal(int(day[row]) + _EPOCH)
        mine = [
            f"{what}/{first.isoformat()}/{last.isoformat()}"
            for what, first, last in found.periods[int(numbers[row])]
            if first <= on <= last
        ]
        words[row] = ";".join(dict.fromkeys(mine))
        code[row] = crc32(words[row].encode()) if mine else 0
    return Context(words, code)
