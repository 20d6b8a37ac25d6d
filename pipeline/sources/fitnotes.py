"""FitNotes: the Android and iOS exports with a date a row, and the iOS export of whole workouts."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError
from pipeline.sources.cells import METRES, clock_seconds, count, fold, number, positive, unit_of
from pipeline.sources.csv_reader import Row
from pipeline.sources.hevy_csv import measured
from pipeline.sources.json_file import moment
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.sheet import Layout, SheetDecoder
from pipeline.sources.workout import Reading, Workout, bounded_moments, efforts, load

_WEIGHT = re.compile(r"weight \((kgs?|lbs?)\)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = {
    "date": "date",
    "exercise": "exercise",
    "category": "category",
    "weight": "weight",
    "weight unit": "weight_unit",
    "reps": "reps",
    "distance": "distance",
    "distance unit": "distance_unit",
    "time": "time",
    "comment": "note",
    "comments": "note",
    "note": "note",
    "notes": "note",
    "kind": "kind",
}
_TIMES = frozenset(
    {
        "name",
        "starttime",
        "endtime",
        "bodyweight",
        "exercise",
        "equipment",
        "reps",
        "weight",
        "time",
        "distance",
        "status",
        "iswarmup",
        "rpe",
        "rir",
        "categories",
        "note",
    }
)
_STATUS = {"done": "completed", "failed": "failed"}
_PLANNED = frozenset({"notstarted", "not started", "pending", "skipped"})
_NO_EQUIPMENT = frozenset({"", "none", "bodyweight", "body weight", "other"})
_YES, _NO = frozenset({"true", "1", "yes"}), frozenset({"", "false", "0", "no"})


def _measures(cells: Sequence[str], layout: Layout, reading: Reading) -> dict[str, Any]:
    """Repetitions, time and distance; a distance without a unit is kept as a note."""
    metres = positive(layout.get(cells, "distance"), "Distance")
    if metres is not None:
        factor = METRES.get(fold(layout.get(cells, "distance_unit")))
        if factor is None:
            text = f"distance {layout.get(cells, 'distance').strip()} (unit not stated)"
            reading.note = "\n".join(filter(None, (reading.note, text)))
            reading.warnings.append("`Distance` has no unit in this row; it was kept as a note.")
            metres = None
        else:
            metres *= factor
    seconds = clock_seconds(layout.get(cells, "time"), "Time")
    return measured(count(layout.get(cells, "reps"), "Reps"), seconds, metres)


def _weighed(value: float | None, unit: str | None, exercise: str) -> dict[str, Any]:
    if value and unit is None:
        raise RowError(
            "missing_unit",
            "Weight",
            f"`Weight` {value:g} has no unit in this row, and none was given. Import again with `--unit`.",
        )
    return load(value or None, unit, exercise)


class FitNotesDays(SheetDecoder):
    """``fitnotes.csv``: one row is one set, a date without a time of day; a day is a workout."""

    name = "fitnotes.csv"
    source = "fitnotes"
    app = "FitNotes"
    reads = "days of sets of the Android app"
    not_taken = (("`.fitnotes` backups", "a backup is the app's database; its spreadsheet export holds the same sets"),)

    def layout(self, header: Sequence[str]) -> Layout | None:
        columns: dict[str, int] = {}
        units: list[str] = []
        unknown = []
        for index, cell in enumerate(header):
            folded = fold(cell)
            stated = _WEIGHT.fullmatch(folded)
            name = f"weight_{unit_of(stated[1])}" if stated else _DAYS.get(folded)
            if name is None or name in columns:
                if folded:
                    unknown.append(cell)
                continue
            if stated:
                units.append(str(unit_of(stated[1])))
            columns[name] = index
        if not all(name in columns for name in ("date", "exercise", "category", "reps")):
            return None
        if not units and "weight" not in columns:
            return None
        return Layout(columns, unit=units[0] if len(units) == 1 else None, unknown=unknown)

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "date").strip()

    def weight_text(self, cells: Sequence[str], layout: Layout) -> str:
        return self._weight(cells, layout, None)[0]

    def weight_unit(self, cells: Sequence[str], layout: Layout) -> str | None:
        return self._weight(cells, layout, None)[1]

    def _weight(self, cells: Sequence[str], layout: Layout, asked: str | None) -> tuple[str, str | None]:
        """The cell with a weight and its unit; where both units stand side by side, the one asked for first."""
        for unit in ("lb", "kg") if asked == "lb" else ("kg", "lb"):
            text = layout.get(cells, f"weight_{unit}")
            if text.strip():
                return text, unit
        return layout.get(cells, "weight"), unit_of(layout.get(cells, "weight_unit"))

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        text = layout.get(cells, "date").strip()
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise RowError(
                "invalid_type", "Date", f"`Date` is {shown(text)}, no day like 2025-06-22. Correct the cell."
            )
        return Workout(f"{day.isoformat()}T00:00:00", date_only=True)

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise = layout.get(cells, "exercise")
        reading = Reading(item, excerpt(row.raw), exercise, {}, note=layout.get(cells, "note"))
        text, unit = self._weight(cells, layout, header.unit)
        reading.fields = {
            "set_type": "working",
            **_weighed(number(text, "Weight"), unit or header.unit, exercise),
            **_measures(cells, layout, reading),
        }
        return reading


class FitNotesTimes(SheetDecoder):
    """``fitnotes.ios.csv``: instants in UTC, planned and failed sets, RPE and RIR, decimal commas."""

    name = "fitnotes.ios.csv"
    source = "fitnotes"
    app = "FitNotes (iOS)"
    reads = "workouts with times, RPE and RIR, warm-ups"
    not_taken = (("rows with status NotStarted", "they were planned and not done; they are counted as ignored"),)
    wall_clock = False

    def layout(self, header: Sequence[str]) -> Layout | None:
        columns: dict[str, int] = {}
        unknown = []
        for index, cell in enumerate(header):
            name = fold(cell)
            if name in _TIMES and name not in columns:
                columns[name] = index
            elif name:
                unknown.append(cell)
        if not all(name in columns for name in ("name", "starttime", "exercise", "reps", "weight", "status")):
            return None
        return Layout(columns, unknown=unknown)

    def title(self, cells: Sequence[str], layout: Layout) -> str:
        return layout.get(cells, "name")

    def group_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "name"), layout.get(cells, "starttime").strip()[:16]

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "name"), layout.get(cells, "starttime").strip()

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        start = moment(layout.get(cells, "starttime"), "StartTime")
        if not start.is_instant and header.tz is None:
            raise RowError(
                "missing_zone",
                "StartTime",
                f"`StartTime` {start} says nothing about its zone. Import again with `--tz`.",
            )
        workout = Workout(str(start), title=layout.get(cells, "name"))
        if layout.get(cells, "endtime").strip():
            end = moment(layout.get(cells, "endtime"), "EndTime")
            workout.end = str(end) if bounded_moments(start, end, workout.warnings) else None
        if mass := number(layout.get(cells, "bodyweight"), "BodyWeight"):
            workout.notes = f"Body weight {mass:g} {header.unit or '(unit not stated)'}"
        return workout

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise, equipment = layout.get(cells, "exercise"), layout.get(cells, "equipment").strip()
        note = layout.get(cells, "note")
        if fold(equipment) not in _NO_EQUIPMENT:
            note = "\n".join(filter(None, (note, f"Equipment: {equipment}")))
        reading = Reading(item, excerpt(row.raw), exercise, {}, block_note=note)
        status, warmup = fold(layout.get(cells, "status")), fold(layout.get(cells, "iswarmup"))
        if status in _PLANNED:
            reading.ignored = "planned_set"
            return reading
        if status not in _STATUS or warmup not in _YES | _NO:
            column = "IsWarmup" if status in _STATUS else "Status"
            raise RowError(
                "invalid_type",
                column,
                f"`{column}` is {shown(layout.get(cells, column.lower()))}, which is not known. The row is kept aside.",
            )
        reading.fields = {
            "set_type": "warmup" if warmup in _YES else "working",
            "outcome": _STATUS[status],
            **_weighed(number(layout.get(cells, "weight"), "Weight"), header.unit, exercise),
            **_measures(cells, layout, reading),
            **efforts(rpe=number(layout.get(cells, "rpe"), "RPE") or None, rir=number(layout.get(cells, "rir"), "RIR")),
        }
        return reading
