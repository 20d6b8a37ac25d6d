"""Workouts and events of the Hevy API, version 1, as answered: one workout, a list, a page, or changes.

Source: the vendor's OpenAPI document of 2026-07-26. Weights are kilograms, distances metres, times UTC without
the athlete's zone. Identity is the workout's id, its version ``updated_at``. Items of a file are its sets, from 1
in the order of the file; a workout without sets and a deletion are one item each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from pipeline.errors import RefusedError
from pipeline.record import Header
from pipeline.sources.base import ImportContext, Part, RowError, RowNote, RowProblem, VendorDecoded, VendorEvent
from pipeline.sources.cells import clean_name, clean_text
from pipeline.sources.columns import ORIGIN_API
from pipeline.sources.hevy_csv import measured, set_type_of
from pipeline.sources.json_file import (
    cut_of,
    in_utc,
    json_head,
    members,
    moment,
    parse_part,
    part_of,
    positive,
    read_json,
    real,
    refuse_all,
    text,
    too_large,
    whole,
)
from pipeline.sources.problems import Problem, shown
from pipeline.sources.receipt import RefusedItemError, placed_at, upload_of, version_of
from pipeline.sources.validate import check_event
from pipeline.sources.workout import WORKOUT_SECONDS_MAX, Reading, Workout, assemble, document_of, efforts, load
from schemas.events import Session

_WORKOUT = (b'"exercise_template_id"', b'"weight_kg"', b'"routine_id"')


class HevyApi:
    """Decoder ``hevy.api``."""

    name = "hevy.api"
    source = "hevy"
    origin = ORIGIN_API

    def recognise(self, head: bytes) -> bool:
        """Whether a file begins like an answer of this API; its exercise history too, to be refused by name."""
        found = json_head(head)
        if b'"$schema"' in found or not found:
            return False
        if b'"workout_start_time"' in found and b'"exercise_template_id"' in found:
            return True
        if b'"events":[' in found and (b'"type":"updated"' in found or b'"type":"deleted"' in found):
            return b'"workout":{' in found or b'"deleted_at"' in found
        if b'"page_count"' in found and (b'"workouts":[' in found or b'"events":[' in found):
            return True
        return b'"exercises":[' in found and b'"start_time"' in found and any(key in found for key in _WORKOUT)

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """One part per workout or deletion; raises RefusedError for what holds no workouts."""
        item = 1
        for one in _changes(read_json(stream, "Hevy")):
            rows = max(1, len(_sets(one)))
            workout = one.get("workout")
            title = workout.get("title") if isinstance(workout, dict) else one.get("id")
            yield part_of(one, rows, item, clean_name(title) if isinstance(title, str) else "")
            item += rows

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        """The session, or the deletion, of one part."""
        into = VendorDecoded()
        one = parse_part(payload)
        try:
            if (problem := too_large(one)) is not None:
                raise problem
            if one.get("type") == "deleted":
                into.events.append(_deletion(one, items[0], header))
            else:
                _decode_workout(one, header, items, into)
        except RowError as error:
            refuse_all(items, error, cut_of(one), into)
        return into


def _changes(found: Any) -> list[dict[str, Any]]:
    """Everything a file says, each as ``{"type": ..}`` with what it is about, in the order of the file."""
    if isinstance(found, dict) and isinstance(found.get("events"), list):
        return [one if isinstance(one, dict) else {"type": "updated", "workout": one} for one in found["events"]]
    if isinstance(found, dict) and "workouts" in found:
        found = found["workouts"]
    elif isinstance(found, dict) and "workout" in found:
        found = found["workout"]
    if isinstance(found, dict) and ("workout_start_time" in found or "exercise_history" in found):
        found = [found]
    entries = found if isinstance(found, list) else [found]
    if any(isinstance(one, dict) and ("workout_start_time" in one or "exercise_history" in one) for one in entries):
        raise RefusedError(
            "this is an exercise history of the Hevy API, not a workout",
            "it holds the sets of one exercise and leaves out the rest of each workout, so importing it would "
            "replace whole workouts by a part of them",
            "fetch /v1/workouts or /v1/workouts/events instead, or export the CSV in the app",
        )
    if any(isinstance(one, dict) for one in entries):
        return [{"type": "updated", "workout": one} for one in entries]
    if entries:
        raise RefusedError(
            "the Hevy file holds no workout",
            f"where workouts are expected there is {shown(entries[0])}",
            "fetch /v1/workouts or /v1/workouts/events and import the answer unchanged",
        )
    return []


def _sets(one: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(exercise, set) in order; what is no set in a readable exercise stands for itself."""
    workout = one.get("workout")
    found: list[tuple[Any, Any]] = []
    for exercise in members(workout.get("exercises")) if isinstance(workout, dict) else []:
        sets = exercise.get("sets") if isinstance(exercise, dict) else None
        if isinstance(sets, list):
            found += [(exercise, one_set) for one_set in sets]
        elif not isinstance(exercise, dict) or sets is not None:
            found.append((exercise, None))
    return found


def _deletion(one: dict[str, Any], item: int, header: Header) -> VendorEvent:
    document = text(one, "id").strip()
    if not document:
        raise RowError("invalid_type", "id", "The deletion names no workout `id`. Fetch the events again.")
    event: dict[str, Any] = {"kind": "delete", "document": document}
    if one.get("deleted_at") is not None:
        event["revision"] = text(one, "deleted_at")
    _check(event, header)
    return VendorEvent(item, event)


def _decode_workout(one: dict[str, Any], header: Header, items: Sequence[int], into: VendorDecoded) -> None:
    found = one.get("workout")
    kind = one.get("type")
    if kind != "updated":
        raise RowError("unsupported", "type", f"`type` is {shown(kind)}; known are `updated` and `deleted`.")
    if not isinstance(found, dict):
        raise RowError("invalid_type", "workout", f"`workout` is {shown(found)}, not an object. Fetch it again.")
    warnings: list[str] = []
    workout = _workout(found, warnings)
    empty = _empty(workout, header)
    _check(empty, header)
    into.notes += [RowNote(items[0], warning) for warning in warnings]
    pairs = _sets(one)
    if not pairs:
        into.events.append(VendorEvent(items[0], empty))
        return
    readings: list[Reading] = []
    blocks: dict[int, int] = {}
    for item, (exercise, one_set) in zip(items, pairs, strict=True):
        block = blocks.setdefault(id(exercise), len(blocks) + 1)
        try:
            readings.append(_reading(item, block, exercise, one_set))
        except RowError as error:
            into.rejected.append(
                RowProblem(item, error.reason, error.field, error.message, cut_of(one_set or exercise))
            )
    if readings:
        assemble([(workout, readings)], header, into)


def _workout(found: dict[str, Any], warnings: list[str]) -> Workout:
    start = moment(text(found, "start_time"), "start_time")
    end_text = text(found, "end_time")
    end = moment(end_text, "end_time") if end_text else None
    for field, one in (("start_time", start), ("end_time", end)):
        if one is not None and not one.is_instant:
            raise RowError(
                "missing_zone",
                field,
                f"`{field}` has no offset, which this API always states. Fetch the workout again.",
            )
    if end is not None and end.instant_us <= start.instant_us:
        warnings.append("The workout ends before it starts; the end was left out.")
        end = None
    elif end is not None and end.instant_us - start.instant_us > WORKOUT_SECONDS_MAX * 1_000_000:
        warnings.append(
            "The workout lasts longer than a day, so it was never finished in the app; its end was left out."
        )
        end = None
    return Workout(
        start=in_utc(start),
        end=in_utc(end) if end is not None else None,
        title=text(found, "title"),
        notes=text(found, "description"),
        document=text(found, "id").strip() or None,
        revision=text(found, "updated_at") or None,
    )


def _empty(workout: Workout, header: Header) -> dict[str, Any]:
    """A workout whose sets were all taken out in the app: it still replaces what was there."""
    document = document_of(workout, header.tz)
    event: dict[str, Any] = {"kind": "session", "document": document, "session": document, "start": workout.start}
    event |= {"end": workout.end} if workout.end else {}
    event |= {"revision": workout.revision} if workout.revision else {}
    event |= {"title": clean_text(workout.title, 500)} if workout.title.strip() else {}
    event |= {"notes": clean_text(workout.notes)} if workout.notes.strip() else {}
    return {**event, "sets": []}


def _check(event: dict[str, Any], header: Header) -> None:
    """Raises RowError for an identity, a version or a time that would be refused with the whole workout."""
    checked = check_event({**event, "athlete": "x"})
    if isinstance(checked, Problem):
        raise RowError(*checked)
    upload = upload_of(header)
    try:
        version_of(checked.event, HevyApi.source, upload)
        if isinstance(checked.event, Session):
            placed_at(checked.event.start, "start", None, upload)
    except RefusedItemError as refused:
        raise RowError(*refused.problem) from None


def _reading(item: int, block: int, exercise: Any, one_set: Any) -> Reading:
    if not isinstance(exercise, dict) or not isinstance(one_set, dict):
        what = "exercise" if not isinstance(exercise, dict) or one_set is None else "set"
        raise RowError("invalid_type", what, f"The {what} is no object as the API documents it. Fetch it again.")
    title = text(exercise, "title")
    set_type, outcome = set_type_of(text(one_set, "type") or "normal")
    fields: dict[str, Any] = {
        "set_type": set_type,
        "outcome": outcome,
        **load(real(one_set, "weight_kg") or None, "kg", title),
        **measured(whole(one_set, "reps"), positive(one_set, "duration_seconds"), positive(one_set, "distance_meters")),
        **efforts(rpe=real(one_set, "rpe")),
    }
    superset = exercise.get("supersets_id", exercise.get("superset_id"))
    fields |= {"superset": superset} if superset is not None else {}
    return Reading(item, cut_of(one_set), title, fields, block=block, block_note=text(exercise, "notes"))
