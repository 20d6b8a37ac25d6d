"""Hevy's CSV export: one row is one set, newest workout first, wall clocks in the words of the app's language."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError
from pipeline.sources.cells import METRES, count, fold, number, positive
from pipeline.sources.csv_reader import Row
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.sheet import Layout, SheetDecoder
from pipeline.sources.wall_clock import read_wall_clock
from pipeline.sources.workout import Reading, Workout, bounded_end, efforts, load

SET_TYPES = {  # Hevy's word -> set type, outcome
    "normal": ("working", "completed"),
    "warmup": ("warmup", "completed"),
    "dropset": ("drop", "completed"),
    "failure": ("working", "failed"),
}
_REQUIRED = ("title", "start_time", "exercise_title", "set_index", "set_type", "reps")
_WEIGHT = {"weight_kg": "kg", "weight_lbs": "lb"}
_DISTANCE = {"distance_km": METRES["km"], "distance_miles": METRES["mi"], "distance_meters": METRES["m"]}
_KNOWN = {"end_time", "description", "superset_id", "exercise_notes", "duration_seconds", "rpe", *_REQUIRED}


def set_type_of(word: str) -> tuple[str, str]:
    """Set type and outcome of Hevy's word for a set; raises RowError for one that is not known."""
    found = SET_TYPES.get(fold(word))
    if found is None:
        raise RowError(
            "invalid_type",
            "set_type",
            f"`set_type` is {shown(word)}; known are {', '.join(SET_TYPES)}. "
            "The row is kept aside until this kind of set is known.",
        )
    return found


def measured(reps: int | None, seconds: float | None, metres: float | None) -> dict[str, Any]:
    """Repetitions, seconds and metres; 0 repetitions beside one of the others were not counted."""
    if not reps and (seconds or metres):
        reps = None
    fields: dict[str, Any] = {}
    if reps is not None:
        fields["reps"] = reps
    if seconds:
        fields["duration_s"] = seconds
    if metres:
        fields["distance_m"] = metres
    return fields


class HevyCsv(SheetDecoder):
    """``hevy.csv``."""

    name = "hevy.csv"
    source = "hevy"
    app = "Hevy"
    reads = "workouts: sets with weight, repetitions, RPE, set type, supersets, notes"
    not_taken = (("rows of stair machines and cardio as sets", "they are kept, and in no count of sets"),)

    def layout(self, header: Sequence[str]) -> Layout | None:
        columns: dict[str, int] = {}
        unit = metres = None
        unknown = []
        for index, cell in enumerate(header):
            name = fold(cell)
            if name in _WEIGHT and unit is None:
                unit, name = _WEIGHT[name], "weight"
            elif name in _DISTANCE and metres is None:
                metres, name = _DISTANCE[name], "distance"
            elif name not in _KNOWN or name in columns:
                if name:
                    unknown.append(cell)
                continue
            columns[name] = index
        if unit is None or not all(name in columns for name in _REQUIRED):
            return None
        return Layout(columns, unit=unit, metres=metres, unknown=unknown)

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "title"), layout.get(cells, "start_time")

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        start = read_wall_clock(layout.get(cells, "start_time"), "start_time")
        workout = Workout(
            start.isoformat(timespec="seconds"),
            title=layout.get(cells, "title"),
            notes=layout.get(cells, "description"),
        )
        if ended := layout.get(cells, "end_time").strip():
            try:
                workout.end = bounded_end(start, read_wall_clock(ended, "end_time"), workout.warnings)
            except RowError as error:
                workout.warnings.append(f"{error.message} The end was left out.")
        return workout

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise = layout.get(cells, "exercise_title")
        set_type, outcome = set_type_of(layout.get(cells, "set_type"))
        distance = positive(layout.get(cells, "distance"), "distance")
        fields: dict[str, Any] = {
            "set_type": set_type,
            "outcome": outcome,
            **load(number(layout.get(cells, "weight"), "weight") or None, layout.unit, exercise),  # 0 is no load
            **measured(
                count(layout.get(cells, "reps"), "reps"),
                positive(layout.get(cells, "duration_seconds"), "duration_seconds"),
                distance * layout.metres if distance and layout.metres else None,
            ),
            **efforts(rpe=number(layout.get(cells, "rpe"), "rpe")),
        }
        if superset := layout.get(cells, "superset_id").strip():
            fields["superset"] = superset
        return Reading(
            item,
            excerpt(row.raw),
            exercise,
            fields,
            position=count(layout.get(cells, "set_index"), "set_index"),
            block_note=layout.get(cells, "exercise_notes"),
        )
