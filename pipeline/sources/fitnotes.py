"""FitNotes: the Android export, which knows days only, and the two exports of the iOS app.

The Android export and the plainer one of iOS have one row per set and a date: a day is one workout, its start is
the day's beginning and means nothing. The fuller one of iOS has times in UTC, planned sets and both scales of effort.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date

from pipeline.record import Header
from pipeline.sources.base import RowError
from pipeline.sources.cells import METRES, clock_seconds, count, fold, number, positive, unit_of
from pipeline.sources.csv_reader import Row
from pipeline.sources.hevy_csv import measured
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.sheet import Layout, SheetDecoder
from pipeline.sources.workout import WORKOUT_SECONDS_MAX, Reading, Workout, efforts, load
from schemas.times import Moment, parse_moment

_WEIGHT_IN = {"weight (kgs)": "kg", "weight (lbs)": "lb", "weight (kg)": "kg", "weight (lb)": "lb"}
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
    "comment": "notes",
    "notes": "notes",
    "kind": "kind",
}
_TIMES = {
    "name": "title",
    "starttime": "start",
    "endtime": "end",
    "bodyweight": "body_weight",
    "exercise": "exercise",
    "equipment": "equipment",
    "reps": "reps",
    "weight": "weight",
    "time": "time",
    "distance": "distance",
    "status": "status",
    "iswarmup": "warmup",
    "rpe": "rpe",
    "rir": "rir",
    "categories": "category",
    "note": "notes",
}
_TIMES_NEEDED = ("title", "start", "exercise", "reps", "weight", "status", "warmup")
_PLANNED = frozenset({"notstarted", "not started", "pending", "inprogress"})
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no", ""})


class FitNotesDays(SheetDecoder):
    """``fitnotes.csv``: exports with a date and no time of day."""

    name = "fitnotes.csv"
    source = "fitnotes"
    app = "FitNotes"

    def layout(self, header: Sequence[str]) -> Layout | None:
        columns: dict[str, int] = {}
        stated: dict[str, int] = {}  # weights by the unit in their header
        unknown: list[str] = []
        for index, cell in enumerate(header):
            folded = fold(cell)
            unit = _WEIGHT_IN.get(folded)
            name = _DAYS.get(folded)
            if unit is not None and unit not in stated:
                stated[unit] = index
            elif name is not None and name not in columns:
                columns[name] = index
            elif folded:
                unknown.append(cell)
        if not {"date", "exercise", "category", "reps"} <= columns.keys() or ("weight" in columns) == bool(stated):
            return None
        if len(stated) == 1:
            unit, columns["weight"] = next(iter(stated.items()))
            return Layout(columns, unit=unit, unknown=unknown)
        columns |= {f"weight_{unit}": index for unit, index in stated.items()}
        return Layout(columns, unknown=unknown)

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "date").strip()

    def title(self, cells: Sequence[str], layout: Layout) -> str:
        return layout.get(cells, "date").strip()

    def weight_unit(self, cells: Sequence[str], layout: Layout) -> str | None:
        return layout.unit or unit_of(layout.get(cells, "weight_unit"))

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        text = layout.get(cells, "date").strip()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise RowError(
                "invalid_type",
                "Date",
                f"`Date` is {shown(text)}, no day like 2025-06-22. Export again with the app's own export.",
            ) from None
        return Workout(f"{day.isoformat()}T00:00:00", date_only=True)

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise = layout.get(cells, "exercise")
        reading = Reading(item, excerpt(row.raw), exercise, {}, note=layout.get(cells, "notes"))
        value, unit = self._weight(cells, layout, header)
        reading.fields = {
            "set_type": "working",
            **load(value, _unit_needed(value, unit or header.unit), exercise),
            **measured(
                count(layout.get(cells, "reps"), "Reps"),
                clock_seconds(layout.get(cells, "time"), "Time"),
                distance_of(cells, layout, reading),
            ),
        }
        return reading

    def _weight(self, cells: Sequence[str], layout: Layout, header: Header) -> tuple[float | None, str | None]:
        """The number and its unit. Where both units stand side by side, the one asked for, else kilograms."""
        if layout.has("weight"):
            return number(layout.get(cells, "weight"), "Weight") or None, self.weight_unit(cells, layout)
        for unit in ("lb", "kg") if header.unit == "lb" else ("kg", "lb"):
            if value := number(layout.get(cells, f"weight_{unit}"), f"Weight ({unit})"):
                return value, unit
        return None, None


class FitNotesTimes(SheetDecoder):
    """``fitnotes.ios.csv``: the export with times, status, warm-ups and effort; weights have no unit."""

    name = "fitnotes.ios.csv"
    source = "fitnotes"
    app = "FitNotes"
    wall_clock = False

    def layout(self, header: Sequence[str]) -> Layout | None:
        columns: dict[str, int] = {}
        unknown: list[str] = []
        for index, cell in enumerate(header):
            name = _TIMES.get(fold(cell))
            if name is not None and name not in columns:
                columns[name] = index
            elif cell.strip():
                unknown.append(cell)
        return Layout(columns, unknown=unknown) if all(name in columns for name in _TIMES_NEEDED) else None

    def group_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "start").strip()[:16], layout.get(cells, "title")

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        return layout.get(cells, "start").strip(), layout.get(cells, "title")

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        start = _moment(layout.get(cells, "start"), "StartTime")
        if not start.is_instant and header.tz is None:
            raise RowError(
                "missing_zone",
                "StartTime",
                f"`StartTime` is {start}, a wall clock without a zone. Import again with `--tz`, "
                "for example `--tz Europe/Berlin`.",
            )
        workout = Workout(str(start), title=layout.get(cells, "title"))
        if ended := layout.get(cells, "end").strip():
            workout.end = _end(start, ended, workout.warnings)
        return workout

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        cells = row.cells
        exercise = layout.get(cells, "exercise")
        reading = Reading(item, excerpt(row.raw), exercise, {}, block_note=layout.get(cells, "notes"))
        status = fold(layout.get(cells, "status"))
        if status in _PLANNED:
            reading.ignored = "planned_set"
            return reading
        value = number(layout.get(cells, "weight"), "Weight") or None
        reading.fields = {
            "set_type": "warmup" if _flag(layout.get(cells, "warmup"), "IsWarmup") else "working",
            **_outcome(status, layout.get(cells, "status")),
            **load(value, _unit_needed(value, header.unit), exercise),
            **measured(
                count(layout.get(cells, "reps"), "Reps"),
                clock_seconds(layout.get(cells, "time"), "Time"),
                distance_of(cells, layout, reading),
            ),
            **efforts(
                rpe=number(layout.get(cells, "rpe"), "RPE") or None,
                rir=number(layout.get(cells, "rir"), "RIR"),
            ),
        }
        return reading


def distance_of(cells: Sequence[str], layout: Layout, reading: Reading) -> float | None:
    """The distance in metres; one without a known unit is kept as a note, not guessed."""
    text = layout.get(cells, "distance")
    value = positive(text, "Distance")
    if value is None:
        return None
    unit = layout.get(cells, "distance_unit")
    factor = METRES.get(fold(unit))
    if factor is None:
        words = f"distance {text.strip()} {unit.strip()}".rstrip()
        reading.note = "\n".join(filter(None, (reading.note, f"{words} (unit not stated)")))
        reading.warnings.append("`Distance` has no known unit in this row; it was kept as a note.")
        return None
    return value * factor


def _unit_needed(value: float | None, unit: str | None) -> str | None:
    if value is not None and unit is None:
        raise RowError(
            "missing_unit",
            "Weight",
            f"`Weight` {value:g} has no unit in this row, and none was given. Import again with `--unit kg` or `lb`.",
        )
    return unit


def _outcome(status: str, text: str) -> dict[str, str]:
    """What ``Status`` says of a set that was done."""
    if status == "failed":
        return {"outcome": "failed"}
    if status == "done":
        return {"outcome": "completed"}
    if not status:
        return {}
    raise RowError(
        "invalid_type",
        "Status",
        f"`Status` is {shown(text)}; known are Done, Failed and NotStarted. "
        "The row is kept aside until this kind of set is known.",
    )


def _flag(text: str, field: str) -> bool:
    folded = fold(text)
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    raise RowError("invalid_type", field, f"`{field}` is {shown(text)}; known are true and false. Correct the cell.")


def _moment(text: str, field: str) -> Moment:
    try:
        return parse_moment(text.strip())
    except ValueError as problem:
        raise RowError(
            "invalid_type", field, f"`{field}` is {shown(text)}, which {problem}. Export the file again."
        ) from None


def _end(start: Moment, text: str, warnings: list[str]) -> str | None:
    """The end as on the wire; left out, with a warning, if it cannot be."""
    try:
        end = _moment(text, "EndTime")
    except RowError as error:
        warnings.append(f"{error.message} The end was left out.")
        return None
    if end.is_instant != start.is_instant or end.instant_us <= start.instant_us:
        warnings.append("The workout ends before it starts; the end was left out.")
        return None
    if end.instant_us - start.instant_us > WORKOUT_SECONDS_MAX * 1_000_000:
        warnings.append("The workout lasts longer than a day, so it was never finished; its end was left out.")
        return None
    return str(end)
