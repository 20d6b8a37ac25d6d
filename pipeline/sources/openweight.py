"""openweight workout logs: an open JSON format in which every weight and distance carries its unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError, RowProblem, VendorDecoded
from pipeline.sources.cells import METRES, fold, unit_of
from pipeline.sources.columns import ORIGIN_FILE
from pipeline.sources.hevy_csv import measured
from pipeline.sources.json_file import JsonDecoder, exercise_rows, is_json, moment, real, whole, words
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.workout import WORKOUT_SECONDS_MAX, Reading, Workout, assemble, efforts, load
from schemas.times import MICROSECONDS, Moment

_SET_TYPES = {
    "": "working",
    "working": "working",
    "normal": "working",
    "failure": "working",
    "warmup": "warmup",
    "warm-up": "warmup",
    "dropset": "drop",
    "drop": "drop",
    "backoff": "backoff",
    "amrap": "amrap",
    "cluster": "cluster",
    "myo": "myo_reps",
    "myo-reps": "myo_reps",
    "rest-pause": "rest_pause",
    "top": "top",
    "test": "test",
    "isometric": "isometric",
}
_SIDES = frozenset({"left", "right", "both"})
_KNOWN = frozenset(
    {
        "reps",
        "weight",
        "unit",
        "durationSeconds",
        "distance",
        "distanceUnit",
        "rpe",
        "rir",
        "toFailure",
        "type",
        "restSeconds",
        "tempo",
        "notes",
        "targetReps",
        "targetWeight",
        "targetRPE",
        "side",
    }
)


class OpenWeight(JsonDecoder):
    """``openweight.json``."""

    name = "openweight.json"
    source = "openweight"
    origin = ORIGIN_FILE
    app = "openweight"
    reads = "workout logs with units, RPE, RIR, supersets, tempo in the notes"
    not_taken = (("templates and programs", "they say what is planned, not what was done"),)
    lists = ("logs", "workoutLogs", "workouts")

    def recognise(self, head: bytes) -> bool:
        if not is_json(head) or b'"$id"' in head or b'"definitions"' in head:  # the schema itself is no log
            return False
        return b'"exercises"' in head and b'"exercise"' in head and b'"sets"' in head and b'"date"' in head

    def elements_of(self, value: Any) -> list[Any]:
        if isinstance(value, list):
            return [element for one in value for element in self.elements_of(one)]
        if isinstance(value, dict) and "exercises" not in value:
            for key in self.lists:
                if key in value:
                    return self.elements_of(value[key])
        return [value]

    def rows_in(self, element: Any) -> int:
        return max(1, sum(len(sets) for _, sets in exercise_rows(element) or ()))

    def starts(self, element: Any) -> list[Moment]:
        try:
            return [moment(element["date"], "date")] if isinstance(element, dict) else []
        except (KeyError, RowError):
            return []

    def lacks_unit(self, element: Any) -> bool | None:
        sets = [
            one
            for _, sets in exercise_rows(element) or ()
            for one in sets
            if isinstance(one, dict) and one.get("weight")
        ]
        return not any("unit" in one for one in sets) if sets else None

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        exercises = exercise_rows(element)
        if exercises is None:
            raise RowError("invalid_type", "exercises", f"{shown(element)} is no workout log: it has no `exercises`.")
        workout = _workout(element)
        if not any(sets for _, sets in exercises):
            assemble([(workout, [])], header, found, item=items[0])
            return
        readings: list[tuple[float, int, Reading]] = []
        rows = iter(items)
        for place, (exercise, sets) in enumerate(exercises, start=1):
            order = exercise.get("order") if isinstance(exercise, dict) else None
            rank = float(order) if type(order) is int and 0 <= order <= 10_000 else float(place)
            for one in sets:
                item, cut = next(rows), excerpt(repr(one).encode("utf-8", "backslashreplace"))
                try:
                    readings.append((rank, place, _reading(exercise, one, item, cut, header.unit)))
                except RowError as error:
                    found.rejected.append(RowProblem(item, error.reason, error.field, error.message, cut))
        readings.sort(key=lambda one: one[:2])
        places = list(dict.fromkeys(place for _, place, _ in readings))
        for _, place, reading in readings:
            reading.block = places.index(place) + 1
        assemble([(workout, [reading for _, _, reading in readings])], header, found)


def _workout(element: dict[str, Any]) -> Workout:
    start = moment(element.get("date"), "date")
    workout = Workout(
        str(start),
        title=words(element.get("name"), "name"),
        notes=words(element.get("notes"), "notes"),
        date_only=len(words(element.get("date"), "date").strip()) == len("2024-01-15"),
    )
    seconds = real(element.get("durationSeconds"), "durationSeconds")
    if seconds is not None and seconds > WORKOUT_SECONDS_MAX:
        workout.warnings.append("`durationSeconds` is longer than a day; the end of the workout was left out.")
    elif seconds and seconds > 0 and not workout.date_only:
        workout.end = str(Moment(start.wall_us + int(seconds * MICROSECONDS), start.offset_s, start.zulu))
    return workout


def _reading(exercise: Any, one: Any, item: int, cut: str, unit: str | None) -> Reading:
    if not isinstance(exercise, dict) or not isinstance(one, dict):
        raise RowError("invalid_type", "sets", f"{shown(one)} is no set of an exercise. Correct the export.")
    about = exercise.get("exercise")
    name = words(about.get("name") if isinstance(about, dict) else about, "exercise.name")
    reading = Reading(item, cut, name, {}, block_note=words(exercise.get("notes"), "notes"))
    notes = [words(one.get("notes"), "notes")]
    kind = words(one.get("type"), "type")
    set_type = _SET_TYPES.get(fold(kind).replace("_", "-"))
    if set_type is None:
        notes.append(f"type {kind}")
        reading.warnings.append(f"`type` {shown(kind)} is not known; the set counts as a working set.")
    if tempo := words(one.get("tempo"), "tempo"):
        notes.append(f"tempo {tempo}")
    if side := one.get("side"):
        if not isinstance(side, str) or side not in _SIDES:
            raise RowError("invalid_type", "side", f"`side` is {shown(side)}; known are left, right and both.")
        reading.fields["side"] = side
    if unknown := sorted(set(one) - _KNOWN):
        reading.warnings.append(f"Fields that are not known here were left out: {', '.join(unknown)[:200]}.")
    reading.fields |= {
        "set_type": set_type or "working",
        **_outcome(one, kind),
        **load(real(one.get("weight"), "weight") or None, _unit(one, "weight", unit), name),
        **measured(
            whole(one.get("reps"), "reps"), real(one.get("durationSeconds"), "durationSeconds"), _metres(one, notes)
        ),
        **efforts(rpe=real(one.get("rpe"), "rpe"), rir=real(one.get("rir"), "rir")),
        **_target(one, unit),
    }
    if reading.fields.get("reps") == 0:  # the format's word for an attempt that failed
        reading.fields["outcome"] = "failed"
    if exercise.get("supersetId") is not None:
        reading.fields["superset"] = str(exercise["supersetId"])
    if (rest := real(one.get("restSeconds"), "restSeconds")) is not None:
        reading.fields["rest_s"] = rest
    reading.note = "\n".join(filter(None, notes))
    return reading


def _outcome(one: dict[str, Any], kind: str) -> dict[str, str]:
    to_failure = one.get("toFailure")
    if to_failure is not None and not isinstance(to_failure, bool):
        raise RowError("invalid_type", "toFailure", f"`toFailure` is {shown(to_failure)}, neither true nor false.")
    if to_failure or fold(kind) == "failure":
        return {"outcome": "failed"}
    return {} if to_failure is None else {"outcome": "completed"}


def _unit(one: dict[str, Any], field: str, given: str | None) -> str | None:
    if not one.get(field):
        return None
    unit = unit_of(words(one.get("unit"), "unit")) or (given if one.get("unit") is None else None)
    if unit is None:
        raise RowError(
            "missing_unit",
            field,
            f"`{field}` {shown(one[field])} has no unit `kg` or `lb` beside it. Add `unit`, or import with `--unit`.",
        )
    return unit


def _metres(one: dict[str, Any], notes: list[str]) -> float | None:
    distance = real(one.get("distance"), "distance")
    if not distance:
        return None
    factor = METRES.get(fold(words(one.get("distanceUnit"), "distanceUnit")))
    if factor is None:
        notes.append(f"distance {distance:g} (unit not stated)")
        return None
    return distance * factor


def _target(one: dict[str, Any], unit: str | None) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if (reps := whole(one.get("targetReps"), "targetReps")) is not None:
        target["reps"] = reps
    if weight := real(one.get("targetWeight"), "targetWeight"):
        target["weight"] = {"value": weight, "unit": _unit(one, "targetWeight", unit)}
    target |= efforts(rpe=real(one.get("targetRPE"), "targetRPE"))
    return {"target": target} if target else {}
