"""Hevy's API: workouts, pages of them, answers to writes, and pages of change events; kilograms and UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError, RowProblem, VendorDecoded, VendorEvent
from pipeline.sources.columns import ORIGIN_API
from pipeline.sources.hevy_csv import measured, set_type_of
from pipeline.sources.json_file import JsonDecoder, exercise_rows, is_json, moment, real, whole, words
from pipeline.sources.problems import excerpt, shown
from pipeline.sources.workout import Reading, Workout, assemble, bounded_moments, efforts, load, wrong_with
from schemas.times import Moment, format_us


class HevyApi(JsonDecoder):
    """``hevy.api``."""

    name = "hevy.api"
    source = "hevy"
    origin = ORIGIN_API
    app = "Hevy API"
    reads = "workouts, pages of them, change events with deletions"
    not_taken = (
        ("exercise_history", "single sets without their workout would count twice beside it"),
        ("exercise_templates, routines, webhook notifications", "they hold no training that was done"),
    )
    lists = ("workouts", "events", "workout")

    def recognise(self, head: bytes) -> bool:
        if not is_json(head) or b'"workout_start_time"' in head:  # an entry of an exercise's history is no workout
            return False
        if b'"exercise_templates"' in head or b'"routines"' in head:
            return False
        workout = b'"exercises"' in head and b'"start_time"' in head and b'"title"' in head
        page = b'"page_count"' in head and (b'"workouts"' in head or b'"events"' in head)
        return workout or page or (b'"deleted_at"' in head and b'"type"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        if isinstance(value, list):
            return [element for one in value for element in self.elements_of(one)]
        if isinstance(value, dict):
            if value.get("type") == "updated" and "workout" in value:
                return self.elements_of(value["workout"])
            if value.get("type") == "deleted":
                return [value]
            for key in self.lists:
                if key in value:
                    return self.elements_of(value[key])
        return [value]

    def rows_in(self, element: Any) -> int:
        return max(1, sum(len(sets) for _, sets in exercise_rows(element) or ()))

    def starts(self, element: Any) -> list[Moment]:
        try:
            return [moment(element["start_time"], "start_time")] if isinstance(element, dict) else []
        except (KeyError, RowError):
            return []

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        if not isinstance(element, dict):
            raise RowError(
                "invalid_type", None, f"{shown(element)} is no workout. Send workouts as the API gives them."
            )
        if element.get("type") == "deleted":
            event = _deletion(element)
            problem = wrong_with(event, header)
            if problem is not None:
                raise RowError(*problem)
            found.events.append(VendorEvent(items[0], event))
            return
        workout = _workout(element)
        exercises = exercise_rows(element)
        if exercises is None:
            raise RowError("invalid_type", "exercises", "`exercises` is no list, so this is no workout of Hevy.")
        if not any(sets for _, sets in exercises):
            assemble([(workout, [])], header, found, item=items[0])
            return
        readings: list[Reading] = []
        rows = iter(items)
        for block, (exercise, sets) in enumerate(exercises, start=1):
            for one in sets:
                item, cut = next(rows), excerpt(repr(one).encode("utf-8", "backslashreplace"))
                try:
                    readings.append(_reading(exercise, block, one, item, cut))
                except RowError as error:
                    found.rejected.append(RowProblem(item, error.reason, error.field, error.message, cut))
        assemble([(workout, readings)], header, found)


def _utc(value: Moment) -> str:
    """The API writes UTC also as +00:00, which says nothing about where the athlete is."""
    if value.is_instant and not value.offset_s:
        return f"{format_us(value.instant_us)}Z"
    return str(value)


def _workout(element: dict[str, Any]) -> Workout:
    start = moment(element.get("start_time"), "start_time")
    workout = Workout(
        _utc(start),
        title=words(element.get("title"), "title"),
        notes=words(element.get("description"), "description"),
        document=words(element.get("id"), "id").strip() or None,
    )
    if element.get("end_time") is not None:
        end = moment(element["end_time"], "end_time")
        workout.end = _utc(end) if bounded_moments(start, end, workout.warnings) else None
    if element.get("updated_at") is not None:
        workout.revision = str(moment(element["updated_at"], "updated_at"))
    return workout


def _deletion(element: dict[str, Any]) -> dict[str, Any]:
    document = words(element.get("id"), "id").strip()
    if not document:
        raise RowError("invalid_type", "id", "`id` is missing, so it is not known what was deleted.")
    event = {"kind": "delete", "document": document}
    if element.get("deleted_at") is not None:
        event["revision"] = str(moment(element["deleted_at"], "deleted_at"))
    return event


def _reading(exercise: Any, block: int, one: Any, item: int, cut: str) -> Reading:
    if not isinstance(exercise, dict) or not isinstance(one, dict):
        raise RowError("invalid_type", "sets", f"{shown(one)} is no set of an exercise. Fetch the workout again.")
    title = words(exercise.get("title"), "title")
    set_type, outcome = set_type_of(words(one.get("type"), "type") or "normal")
    fields: dict[str, Any] = {
        "set_type": set_type,
        "outcome": outcome,
        **load(real(one.get("weight_kg"), "weight_kg") or None, "kg", title),  # 0 is no load
        **measured(
            whole(one.get("reps"), "reps"),
            real(one.get("duration_seconds"), "duration_seconds"),
            real(one.get("distance_meters"), "distance_meters"),
        ),
        **efforts(rpe=real(one.get("rpe"), "rpe")),
    }
    superset = exercise.get("supersets_id", exercise.get("superset_id"))
    if superset is not None:
        fields["superset"] = str(superset)
    metric = real(one.get("custom_metric"), "custom_metric")
    return Reading(
        item,
        cut,
        title,
        fields,
        block=block,
        note=f"custom metric {metric:g}" if metric else "",
        block_note=words(exercise.get("notes"), "notes"),
    )
