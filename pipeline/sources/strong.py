"""Strong's CSV export: one row is one set, a rest timer or a note; wall clocks without a zone."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError
from pipeline.sources.cells import METRES, clock_seconds, count, fold, number, positive, seconds_in_words, unit_of
from pipeline.sources.csv_reader import Row
from pipeline.sources.hevy_csv import measured
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.sheet import Layout, SheetDecoder
from pipeline.sources.strong_headers import layout_of
from pipeline.sources.wall_clock import end_after, read_wall_clock
from pipeline.sources.workout import WORKOUT_SECONDS_MAX, Reading, Workout, efforts, load

_LETTERS: dict[str, dict[str, Any]] = {
    "w": {"set_type": "warmup"},
    "d": {"set_type": "drop"},
    "f": {"set_type": "working", "outcome": "failed"},
}
_ORDER = re.compile(r"([wdf])[0-9]{0,3}")
_REST = frozenset({"rest timer", "pausentimer", "ruhetimer", "minuteur de repos", "休息计时器"})
_NOTE = frozenset({"note", "notiz", "备注"})


class StrongCsv(SheetDecoder):
    """``strong.csv``."""

    name = "strong.csv"
    source = "strong"
    app = "Strong"
    reads = "workouts of every CSV variant from 2015 on, headers in English, German, French and Chinese"
    not_taken = (("rest timer rows", "they are no sets; they are counted as ignored"),)

    def layout(self, header: Sequence[str]) -> Layout | None:
        return layout_of(header)

    def group_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "date").strip()[:16], layout.get(cells, "title")

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "date").strip(), layout.get(cells, "title"), layout.get(cells, "number").strip()

    def weight_unit(self, cells: Sequence[str], layout: Layout) -> str | None:
        return layout.unit or unit_of(layout.get(cells, "weight_unit"))

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        start = read_wall_clock(layout.get(cells, "date"), "Date")
        workout = Workout(
            start.isoformat(timespec="seconds"),
            title=layout.get(cells, "title"),
            notes=layout.get(cells, "workout_notes"),
        )
        workout.end = _end(start, layout.get(cells, "duration"), header.tz, workout.warnings)
        return workout

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise = layout.get(cells, "exercise")
        reading = Reading(item, excerpt(row.raw), exercise, {})
        order = fold(layout.get(cells, "order"))
        notes = layout.get(cells, "notes")
        if order in _REST:
            reading.ignored = "rest_timer"
            reading.rest_s = clock_seconds(layout.get(cells, "seconds"), "Seconds")
            return reading
        if order in _NOTE:
            reading.ignored, reading.note = "note_row", notes
            return reading
        kind, reading.position = _order(order, layout.get(cells, "order"))
        reading.note = notes
        value = number(layout.get(cells, "weight"), "Weight") or None  # 0 says: not applicable
        unit = self.weight_unit(cells, layout) or header.unit
        if value is not None and unit is None:
            raise RowError(
                "missing_unit",
                "Weight",
                f"`Weight` {value:g} has no unit in this row, and none was given. Import again with `--unit`.",
            )
        reading.fields = {
            **kind,
            **load(value, unit, exercise),
            **measured(
                count(layout.get(cells, "reps"), "Reps"),
                clock_seconds(layout.get(cells, "seconds"), "Seconds"),
                _metres(cells, layout, reading),
            ),
            **efforts(rpe=number(layout.get(cells, "rpe"), "RPE") or None),
        }
        return reading


def _order(order: str, text: str) -> tuple[dict[str, Any], int | None]:
    """Set type and outcome of ``Set Order``, and its number if it is one."""
    letter = _ORDER.fullmatch(order)
    if letter is not None:
        return _LETTERS[letter[1]], None
    try:
        position = count(order, "Set Order")
    except RowError:
        position = None
    if position is None:
        raise RowError(
            "invalid_type",
            "Set Order",
            f"`Set Order` is {shown(text)}; known are numbers, W (warm-up), D (drop set), F (failure), Rest Timer and "
            "Note. The row is kept aside until this kind of row is known.",
        )
    return {"set_type": "working"}, position


def _metres(cells: Sequence[str], layout: Layout, reading: Reading) -> float | None:
    """The distance in metres; one without a unit is kept as a note, not guessed."""
    text = layout.get(cells, "distance")
    value = positive(text, "Distance")
    if value is None:
        return None
    factor = layout.metres or METRES.get(fold(layout.get(cells, "distance_unit")))
    if factor is None:
        reading.note = "\n".join(filter(None, (reading.note, f"distance {text.strip()} (unit not stated)")))
        reading.warnings.append("`Distance` has no unit in this file; it was kept as a note.")
        return None
    return value * factor


def _end(start: datetime, text: str, tz: str | None, warnings: list[str]) -> str | None:
    """The end from the duration, None with a warning if it cannot be."""
    if not text.strip():
        return None
    seconds = seconds_in_words(text)
    if seconds is None:
        warnings.append(f"`Duration` {shown(text)} is not understood; the end of the workout was left out.")
        return None
    if seconds > WORKOUT_SECONDS_MAX:
        warnings.append(
            f"`Duration` {shown(text)} is longer than a day, so the workout was never finished in the app; "
            "its end was left out."
        )
        return None
    return end_after(start, seconds, tz) if seconds > 0 else None
