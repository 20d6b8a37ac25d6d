"""Rows of one workout to one session event: blocks in the order of the rows, every row accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from pydantic import ValidationError

from pipeline.record import Header
from pipeline.sources.base import RowIgnored, RowNote, RowProblem, VendorDecoded, VendorEvent
from pipeline.sources.cells import clean_name, clean_text
from pipeline.sources.ignored import IgnoredReason
from pipeline.sources.local_time import local_of
from pipeline.sources.problems import Problem, excerpt, from_validation
from pipeline.sources.receipt import RefusedItemError, placed_at, upload_of, version_of
from schemas.events import MODELS, Session, SessionSet
from schemas.strength import SESSION_SETS_MAX
from schemas.times import MICROSECONDS, Moment, format_us, parse_moment

TITLE_LENGTH_MAX = 160  # of a title inside a document's name
WORKOUT_SECONDS_MAX = 24 * 3600  # longer ones were never finished
NOTES_LENGTH_MAX = 4000


@dataclass(slots=True)
class Workout:
    """What a row says about its workout. ``start`` and ``end`` as on the wire: wall clock, or RFC 3339.

    ``document`` is the vendor's id, else it is made of start and title.
    """

    start: str
    title: str = ""
    end: str | None = None
    notes: str = ""
    document: str | None = None
    revision: str | None = None
    date_only: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """One row: a set, or what it says instead.

    ``position`` is the number of the set in its block where the source counts; when it starts again, a new block
    begins. ``ignored`` makes the row none of the sets; ``rest_s`` then belongs to the set before, ``note`` to the
    next set of the exercise.
    """

    item: int
    excerpt: str
    exercise: str
    fields: dict[str, Any]
    position: int | None = None
    block: int | None = None
    ignored: IgnoredReason | None = None
    rest_s: float | None = None
    note: str = ""
    block_note: str = ""
    warnings: list[str] = field(default_factory=list)


def load(value: float | None, unit: str | None, exercise: str) -> dict[str, Any]:
    """``weight`` and ``load_kind`` of a number that is a load, help, or (below 0) help as a negative load."""
    if value is None:
        return {"load_kind": "assisted"} if is_assisted(exercise) else {}
    fields: dict[str, Any] = {"weight": {"value": abs(value), "unit": unit}}
    if value < 0 or is_assisted(exercise):
        fields["load_kind"] = "assisted"
    elif value > 0 and exercise.casefold().endswith("(weighted)"):
        fields["load_kind"] = "added"
    return fields


_ASSISTED = (
    "(assisted)",
    "(assistiert)",
    "(unterstützt)",
    "(assisté)",
    "(assistée)",
    "(assistés)",
    "(assistées)",
    "(asistido)",
    "(asistida)",
    "(asistidos)",
    "(asistidas)",
    "(con asistencia)",
    "(assistido)",
    "(assistida)",
    "(assistito)",
    "(assistita)",
    "(yardımlı)",
    "(destekli)",
    "(с поддержкой)",
    "(geassisteerd)",
    "(wspomagane)",
    "(辅助)",
    "(輔助)",
    "（辅助）",
    "(アシスト)",
    "(어시스트)",
)


def is_assisted(exercise: str) -> bool:
    """Whether the title says that the number is help: ``(Assisted)`` at its end, in any known language."""
    return exercise.casefold().rstrip().endswith(_ASSISTED)


def efforts(rpe: float | None = None, rir: float | None = None) -> dict[str, Any]:
    """``effort`` with the scales that were logged."""
    given = [
        {"scale": scale, "value": float(value)} for scale, value in (("rir", rir), ("rpe", rpe)) if value is not None
    ]
    if not given:
        return {}
    return {"effort": given[0] if len(given) == 1 else given}


def document_of(workout: Workout, tz: str | None) -> str:
    """The vendor's id, else ``<local start minute>/<title>``, made to fit; a UTC start without a zone ends in Z."""
    if workout.document:
        return workout.document
    start = workout.start[:16]
    moment = parse_moment(workout.start)
    if moment.zulu:
        start = format_us(local_of(tz, moment.instant_us))[:16] if tz else start + "Z"
    title = clean_name(workout.title, 500)
    if len(title) > TITLE_LENGTH_MAX:
        title = f"{title[:TITLE_LENGTH_MAX]}~{crc32(title.encode()):08x}"
    return f"{start}/{title}"


def assemble(
    workouts: Sequence[tuple[Workout, list[Reading]]], header: Header, into: VendorDecoded, item: int | None = None
) -> None:
    """Add the events of the workouts of one part to ``into``.

    Workouts with the same document are told apart as ``#2``, ``#3`` in the order of their start.
    ``item`` is the row that a workout without sets is.
    """
    named: dict[str, list[tuple[Workout, list[Reading]]]] = {}
    for workout, readings in workouts:
        named.setdefault(document_of(workout, header.tz), []).append((workout, readings))
    for document, same in named.items():
        if len(same) > 1 and same[0][0].document is None:
            same.sort(key=lambda one: one[0].start)
        for nth, (workout, readings) in enumerate(same, start=1):
            name = f"{document}#{nth}" if nth > 1 and workout.document is None else document
            _add(workout, name, readings, header, into, item)


def _add(
    workout: Workout, document: str, readings: list[Reading], header: Header, into: VendorDecoded, item: int | None
) -> None:
    event, problem = _head(workout, document, header)
    if problem is not None:
        into.rejected += [RowProblem(one.item, *problem, one.excerpt) for one in readings]
        if item is not None:
            into.rejected.append(RowProblem(item, *problem, excerpt(document.encode("utf-8", "backslashreplace"))))
        return
    sets: list[dict[str, Any]] = []
    rows: list[int] = []
    pending: dict[int, str] = {}
    blocks = _blocks(readings)
    in_block: dict[int, int] = {}
    for reading, block in zip(readings, blocks, strict=True):
        if reading.ignored is not None:
            into.ignored.append(RowIgnored(reading.item, reading.ignored))
            if reading.rest_s and sets and "rest_s" not in sets[-1]:
                sets[-1]["rest_s"] = reading.rest_s
            if reading.note:
                pending[block] = "\n".join(filter(None, (pending.get(block), reading.note)))
            continue
        in_block[block] = in_block.get(block, 0) + 1
        fields = {
            "exercise": clean_name(reading.exercise),
            "exercise_block": block,
            "set_index": in_block[block],
            **reading.fields,
        }
        if reading.block_note and in_block[block] == 1:
            pending[block] = "\n".join(filter(None, (reading.block_note, pending.get(block))))
        text = clean_text("\n".join(filter(None, (pending.get(block), reading.note))), NOTES_LENGTH_MAX)
        if text:
            fields["notes"] = text
        wrong = _check(fields, len(sets))
        if wrong is not None:
            into.rejected.append(RowProblem(reading.item, *wrong, reading.excerpt))
            continue
        pending.pop(block, None)
        sets.append(fields)
        rows.append(reading.item)
        into.notes += [RowNote(reading.item, text) for text in reading.warnings]
    event["sets"] = sets
    into.notes += [RowNote(rows[0] if rows else item or 0, text) for text in workout.warnings if rows or item]
    if sets:
        into.events.append(VendorEvent(rows[0], event, tuple(rows)))
    elif item is not None:
        into.events.append(VendorEvent(item, event))


def _head(workout: Workout, document: str, header: Header) -> tuple[dict[str, Any], Problem | None]:
    """The session without its sets, or what makes all of it impossible."""
    event: dict[str, Any] = {"kind": "session", "document": document, "session": document, "start": workout.start}
    if workout.end is not None:
        event["end"] = workout.end
    if workout.revision is not None:
        event["revision"] = workout.revision
    if workout.date_only:
        event["date_only"] = True
    if workout.title.strip():
        event["title"] = clean_text(workout.title, 500)
    if workout.notes.strip():
        event["notes"] = clean_text(workout.notes, NOTES_LENGTH_MAX)
    return event, wrong_with(event, header)


def wrong_with(event: dict[str, Any], header: Header) -> Problem | None:
    """What makes a session (without its sets) or a deletion impossible as a whole, if anything."""
    upload = upload_of(header)
    try:
        checked = MODELS[event["kind"]].model_validate({**event, "athlete": "x"})
        version_of(checked, header.source, upload)
        if isinstance(checked, Session):
            placed_at(checked.start, "start", None, upload)
            if checked.end is not None:
                placed_at(checked.end, "end", None, upload)
    except ValidationError as error:
        return from_validation(error, event["kind"])
    except RefusedItemError as refused:
        return refused.problem
    return None


def _check(fields: dict[str, Any], before: int) -> Problem | None:
    """What is wrong with a set, if anything."""
    if before >= SESSION_SETS_MAX:
        return Problem(
            "too_large",
            None,
            f"The workout has more than {SESSION_SETS_MAX} sets; the rest was left out. Split it in the app.",
        )
    try:
        SessionSet.model_validate(fields)
    except ValidationError as error:
        return from_validation(error, "set")
    return None


def _blocks(readings: Sequence[Reading]) -> list[int]:
    """The block of every row, from 1: the source's own, else a new one with every change of exercise or restart."""
    blocks: list[int] = []
    block, exercise, last, since = 0, "", None, 0
    for index, reading in enumerate(readings):
        if reading.block is not None:
            blocks.append(reading.block)
            continue
        name = clean_name(reading.exercise)
        if reading.ignored == "rest_timer" and block:
            blocks.append(block)
            continue
        position = reading.position
        if name != exercise:
            block, exercise, last, since = block + 1, name, None, index
        elif position is not None and last is not None and position <= last:
            block, last = block + 1, None
            for earlier in range(since, index):  # warm-ups before the first counted set belong to the new block
                blocks[earlier] = block
        if position is not None:
            last, since = position, index + 1
        elif reading.fields.get("set_type") != "warmup":
            since = index + 1
        blocks.append(block)
    return blocks


def bounded_end(start: datetime, end: datetime, warnings: list[str]) -> str | None:
    """The end of a workout as a wall clock; None, with a warning, if it is not after the start or a day later."""
    return end.isoformat(timespec="seconds") if _is_bounded((end - start).total_seconds(), warnings) else None


def bounded_moments(start: Moment, end: Moment, warnings: list[str]) -> bool:
    """Whether ``end`` can be the end of a workout; if not, a warning says why."""
    if start.is_instant != end.is_instant:
        warnings.append("The end of the workout has a zone and its start has none, or the reverse; it was left out.")
        return False
    apart = end.instant_us - start.instant_us if start.is_instant else end.wall_us - start.wall_us
    return _is_bounded(apart / MICROSECONDS, warnings)


def _is_bounded(seconds: float, warnings: list[str]) -> bool:
    if seconds <= 0:
        warnings.append("The workout does not end after its start; the end was left out.")
    elif seconds > WORKOUT_SECONDS_MAX:
        warnings.append("The workout lasts longer than a day: it was never finished in the app. Its end was left out.")
    return 0 < seconds <= WORKOUT_SECONDS_MAX
