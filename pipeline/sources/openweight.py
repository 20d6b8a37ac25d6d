"""openweight: an open JSON format of workout logs (its schema of 2025), one workout or a list of them.

Units stand beside every number, efforts may be given on both scales, and ``toFailure`` says of a set whether it was
taken to failure; what it leaves out is unknown. Items of a file are its sets, from 1 in the order of the file.
Workouts have no id: start and name are their identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from pipeline.errors import RefusedError, ZoneNeededError
from pipeline.record import Header
from pipeline.sources.base import ImportContext, Part, RowError, RowNote, RowProblem, VendorDecoded
from pipeline.sources.cells import clean_name, fold
from pipeline.sources.columns import ORIGIN_FILE
from pipeline.sources.hevy_csv import measured
from pipeline.sources.json_file import (
    cut_of,
    json_head,
    members,
    metres,
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
from pipeline.sources.problems import shown
from pipeline.sources.wall_clock import end_after
from pipeline.sources.workout import WORKOUT_SECONDS_MAX, Reading, Workout, assemble, efforts, load
from schemas.times import Moment, format_us

SET_TYPES = {
    "working": "working",
    "normal": "working",
    "warmup": "warmup",
    "warm-up": "warmup",
    "dropset": "drop",
    "drop": "drop",
    "backoff": "backoff",
    "amrap": "amrap",
    "cluster": "cluster",
    "myo": "myo_reps",
    "rest-pause": "rest_pause",
    "failure": "working",
}


class OpenWeight:
    """Decoder ``openweight.json``."""

    name = "openweight.json"
    source = "openweight"
    origin = ORIGIN_FILE

    def recognise(self, head: bytes) -> bool:
        """Whether a file begins like a workout log, or like the format's own schema, to be refused by name."""
        found = json_head(head)
        if b"openweight.org/schemas" in found:
            return True
        return b'"exercises":[' in found and b'"exercise":{' in found and b'"date":"' in found

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """One part per workout; raises RefusedError for what is no log, ZoneNeededError for bare wall clocks."""
        logs = _logs(read_json(stream, "openweight"))
        if context.tz is None and any(_is_wall_clock(log.get("date")) for log in logs):
            raise ZoneNeededError(
                "this openweight log needs a time zone",
                "its dates have no offset, so they do not say where the clock was",
                "give the zone, for example `--tz Europe/Berlin`",
            )
        item = 1
        for log in logs:
            rows = max(1, len(_sets(log)))
            title = log.get("name")
            yield part_of(log, rows, item, clean_name(title) if isinstance(title, str) else "")
            item += rows

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        """The session of one part."""
        into = VendorDecoded()
        log = parse_part(payload)
        try:
            if (problem := too_large(log)) is not None:
                raise problem
            _decode_log(log, header, items, into)
        except RowError as error:
            refuse_all(items, error, cut_of(log), into)
        return into


def _logs(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict) and "$schema" in found and "properties" in found:
        raise RefusedError(
            "this is the schema of the openweight format, not a workout",
            "it describes what a log looks like and holds no sets",
            "import the log that the app exported",
        )
    logs = found if isinstance(found, list) else [found]
    for log in logs:
        if not isinstance(log, dict) or "exercises" not in log or "date" not in log:
            raise RefusedError(
                "this openweight file is no workout log",
                f"a log has `date` and `exercises`; here is {shown(log)}",
                "templates and programs are plans and are not imported; export the log",
            )
    return logs


def _is_wall_clock(value: Any) -> bool:
    try:
        return isinstance(value, str) and not moment(value, "date").is_instant
    except RowError:
        return False


def _sets(log: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(entry, set) by ``order`` where every exercise has one, else as listed; what is no set stands for itself."""
    entries = members(log.get("exercises"))
    orders = [entry.get("order") if isinstance(entry, dict) else None for entry in entries]
    if all(isinstance(order, int) and not isinstance(order, bool) for order in orders):
        entries = [entry for _, _, entry in sorted(zip(orders, range(len(entries)), entries, strict=True))]
    found: list[tuple[Any, Any]] = []
    for entry in entries:
        sets = entry.get("sets") if isinstance(entry, dict) else None
        if isinstance(sets, list) and sets:
            found += [(entry, one_set) for one_set in sets]
        else:
            found.append((entry, None))
    return found


def _decode_log(log: dict[str, Any], header: Header, items: Sequence[int], into: VendorDecoded) -> None:
    warnings: list[str] = []
    workout = _workout(log, header.tz, warnings)
    into.notes += [RowNote(items[0], warning) for warning in warnings]
    pairs = _sets(log)
    if not pairs:
        raise RowError("invalid_type", "exercises", "`exercises` holds no sets, so there is nothing to take.")
    readings: list[Reading] = []
    blocks: dict[int, int] = {}
    for item, (entry, one_set) in zip(items, pairs, strict=True):
        block = blocks.setdefault(id(entry), len(blocks) + 1)
        try:
            readings.append(_reading(item, block, entry, one_set))
        except RowError as error:
            cut = cut_of(one_set or entry)
            into.rejected.append(RowProblem(item, error.reason, error.field, error.message, cut))
    if readings:
        assemble([(workout, readings)], header, into)


def _workout(log: dict[str, Any], tz: str | None, warnings: list[str]) -> Workout:
    start = moment(text(log, "date"), "date")
    seconds = positive(log, "durationSeconds")
    end = None
    if seconds is not None and seconds > WORKOUT_SECONDS_MAX:
        warnings.append("The workout lasts longer than a day, so it was never finished; its end was left out.")
    elif seconds is not None:
        end = _later(start, seconds, tz)
    return Workout(start=str(start), end=end, title=text(log, "name"), notes=text(log, "notes"))


def _later(start: Moment, seconds: float, tz: str | None) -> str:
    """The end of a workout, across changes of the clock."""
    if not start.is_instant:
        return end_after(datetime.fromisoformat(str(start)), seconds, tz)
    end_us = start.instant_us + round(seconds * 1e6)
    if start.offset_s is None:
        return format_us(end_us) + "Z"
    return str(Moment(end_us + start.offset_s * 1_000_000, start.offset_s, False))


def _reading(item: int, block: int, entry: Any, one_set: Any) -> Reading:
    exercise = entry.get("exercise") if isinstance(entry, dict) else None
    if not isinstance(exercise, dict) or not isinstance(one_set, dict):
        what = "exercise" if not isinstance(exercise, dict) else "sets"
        raise RowError("invalid_type", what, f"`{what}` is not as the format describes it. Correct the export.")
    name = text(exercise, "name")
    distance = metres(positive(one_set, "distance"), text(one_set, "distanceUnit"), "distance")
    fields: dict[str, Any] = {
        **_set_type(one_set),
        **load(_weight(one_set, "weight"), text(one_set, "unit"), name),
        **measured(whole(one_set, "reps"), positive(one_set, "durationSeconds"), distance),
        **efforts(rpe=real(one_set, "rpe"), rir=real(one_set, "rir")),
        **_target(one_set),
    }
    if fields.get("reps") == 0:  # the format's own word for an attempt that failed
        fields["outcome"] = "failed"
    rest = positive(one_set, "restSeconds")
    fields |= {"rest_s": rest} if rest is not None else {}
    superset = entry.get("supersetId")
    fields |= {"superset": superset} if superset is not None else {}
    return Reading(
        item, cut_of(one_set), name, fields, block=block, note=_note(one_set), block_note=text(entry, "notes")
    )


def _set_type(one_set: dict[str, Any]) -> dict[str, Any]:
    """Set type and outcome. A set without ``toFailure`` says nothing about failure."""
    word = text(one_set, "type") or "working"
    set_type = SET_TYPES.get(fold(word).replace("_", "-").replace(" ", "-"))
    if set_type is None:
        raise RowError(
            "unsupported",
            "type",
            f"`type` is {shown(word)}; known are {', '.join(SET_TYPES)}. "
            "The set is kept aside until this kind of set is known.",
        )
    to_failure = one_set.get("toFailure")
    if to_failure is not None and not isinstance(to_failure, bool):
        raise RowError("invalid_type", "toFailure", f"`toFailure` is {shown(to_failure)}; it must be true or false.")
    if to_failure or (to_failure is None and fold(word) == "failure"):
        return {"set_type": set_type, "outcome": "failed"}
    return {"set_type": set_type} | ({"outcome": "completed"} if to_failure is False else {})


def _weight(one_set: dict[str, Any], key: str) -> float | None:
    value = real(one_set, key) or None
    if value is not None and text(one_set, "unit") not in ("kg", "lb"):
        raise RowError(
            "missing_unit",
            "unit",
            f"`{key}` {value:g} has the unit {shown(one_set.get('unit'))}; the format asks for kg or lb beside it.",
        )
    return value


def _target(one_set: dict[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if (reps := whole(one_set, "targetReps")) is not None:
        target["reps"] = reps
    if (weight := _weight(one_set, "targetWeight")) is not None:
        target["weight"] = {"value": weight, "unit": text(one_set, "unit")}
    if (rpe := real(one_set, "targetRPE")) is not None:
        target["effort"] = {"scale": "rpe", "value": rpe}
    return {"target": target} if target else {}


def _note(one_set: dict[str, Any]) -> str:
    tempo = text(one_set, "tempo")
    return "\n".join(filter(None, (text(one_set, "notes"), f"tempo {tempo}" if tempo else "")))
