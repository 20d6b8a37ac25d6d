"""The failure-load chart as plain SVG geometry; the template draws it, the table below says the same in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.words import counted

WIDTH = 720
HEIGHT = 180
LEFT = 44
RIGHT = 24
TOP = 12
BOTTOM = 28
TICKS = 4
UNKNOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. ``unknown``: sets were done, but the effort of more than half of them is not known."""

    x: float
    y: float
    width: float
    height: float
    unknown: bool
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template needs; coordinates in SVG units."""

    width: int
    height: int
    base: float
    left: float
    bars: list[Bar]
    levels: list[Mark]
    dates: list[Mark]
    summary: str


def bars(days: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Daily failure load (known effort only) of ``days``, oldest first; None without days."""
    if not days:
        return None
    loads = [float(day["failure_load"] or 0) for day in days]
    most = _round_up(max(loads))
    base = float(HEIGHT - BOTTOM)
    room = base - TOP
    step = (WIDTH - LEFT - RIGHT) / len(days)
    out = []
    for index, (day, load) in enumerate(zip(days, loads, strict=True)):
        unknown = bool(day["sets"]) and (
            day["unknown_effort_share"] is None or day["unknown_effort_share"] > UNKNOWN_SHARE
        )
        height = room * load / most
        x = LEFT + index * step + step * 0.1
        title = f"{day['local_day']}: {load:.1f} FES, {counted(day['sets'] or 0, 'set')}" + (
            ", effort mostly unknown" if unknown else ""
        )
        out.append(Bar(round(x, 1), round(base - height, 1), round(step * 0.8, 1), round(height, 1), unknown, title))
    levels = [Mark(round(base - room * n / TICKS, 1), f"{most * n / TICKS:g}") for n in range(TICKS + 1)]
    every = max(1, len(days) // 4)
    dates = [
        Mark(round(LEFT + index * step + step / 2, 1), f"{days[index]['local_day']:%-d %b}")
        for index in range(len(days) - 1, -1, -every)
    ]
    return Chart(WIDTH, HEIGHT, base, LEFT, out, levels, dates, _summary(days, loads, out))


def _summary(days: Sequence[Mapping[str, Any]], loads: Sequence[float], drawn: Sequence[Bar]) -> str:
    top = max(range(len(loads)), key=loads.__getitem__)
    unknown = sum(bar.unknown for bar in drawn)
    text = f"{counted(len(days), 'day')} to {days[-1]['local_day']}"
    if loads[top] > 0:
        text += f"; most on {days[top]['local_day']} with {loads[top]:.1f} FES"
    else:
        text += "; no failure load from sets of known effort"
    if unknown:
        text += f"; on {unknown} of them the effort of most sets is unknown, so the bars there are lower bounds"
    return text + "."


def _round_up(value: float) -> float:
    """The next number of 1, 2, 4, 8 times a power of ten that quarters well."""
    size = 1.0
    while True:
        for step in (1, 2, 4, 8):
            if value <= size * step:
                return size * step
        size *= 10
