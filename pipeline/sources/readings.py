"""What decoders of wearable files share: an element (a night, a day, a block of samples) as the readings in it.

A reading is one contract event, so one element may stand for several items: a night of a ring is its sleep, its HRV
and its resting heart rate. How many there are never depends on zone or unit, so each part can be counted alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from pipeline.record import Header
from pipeline.sources.base import RowError, RowIgnored, RowProblem, VendorDecoded, VendorEvent
from pipeline.sources.columns import EVENT
from pipeline.sources.facts import event_row
from pipeline.sources.ignored import IgnoredReason
from pipeline.sources.json_file import JsonDecoder, real
from pipeline.sources.problems import Problem, excerpt, from_validation, shown
from pipeline.sources.receipt import RefusedItemError, Upload, upload_of, version_of
from schemas.events import MODELS, Delete, Sleep, TimedEvent
from schemas.times import Moment, parse_moment

_NIGHT_S_MAX = 48 * 3600
_MAY_GO = frozenset({"in_bed_min", "asleep_min", "stages"})


class Left(NamedTuple):
    """A thing an element holds that is no reading, and the word for it, such as ``score_pending``."""

    reason: IgnoredReason


Reading = dict[str, Any] | Left | RowError


class ReadingsDecoder(JsonDecoder):
    """Base of the decoders of wearable files. Subclasses say which readings an element holds."""

    def readings(self, element: Any) -> Iterator[Reading]:
        """The events of an element (without athlete and source), what is left out, and what cannot be taken.

        Raises RowError where the rest of the element cannot be read.
        """
        raise AssertionError("a decoder knows its readings")

    def rows_in(self, element: Any) -> int:
        return len(self._all(element))

    def starts(self, element: Any) -> list[Moment]:
        found = []
        for reading in self._all(element):
            if isinstance(reading, dict) and "timezone" not in reading:
                for field in getattr(MODELS[reading["kind"]], "moments", ()):
                    if reading.get(field) is not None:
                        try:
                            found.append(parse_moment(str(reading[field])))
                        except ValueError:
                            continue
        return found

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        for item, reading in zip(items, self._all(element), strict=True):
            if isinstance(reading, Left):
                found.ignored.append(RowIgnored(item, reading.reason))
                continue
            problem = (
                Problem(reading.reason, reading.field, reading.message)
                if isinstance(reading, RowError)
                else wrong_with_reading(reading, header)
            )
            if problem is None and isinstance(reading, dict):
                found.events.append(VendorEvent(item, reading))
            elif problem is not None:
                cut = excerpt(repr(element).encode("utf-8", "backslashreplace"))
                found.rejected.append(RowProblem(item, problem.reason, problem.field, problem.message, cut))

    def _all(self, element: Any) -> list[Reading]:
        readings: list[Reading] = []
        try:
            readings += self.readings(element)
        except RowError as error:
            readings.append(error)
        return readings or [Left("no_reading")]


def wrong_with_reading(event: dict[str, Any], header: Header) -> Problem | None:
    """What makes a reading impossible, if anything; the worker judges by the same checks."""
    upload = upload_of(header)
    try:
        checked = MODELS[event["kind"]].model_validate({**event, "athlete": "x"})
        version_of(checked, header.source, upload)
        if not isinstance(checked, Delete):
            event_row(0, checked, checked.timezone if isinstance(checked, TimedEvent) else None, upload)
    except ValidationError as error:
        return from_validation(error, event["kind"])
    except RefusedItemError as refused:
        return refused.problem
    return None


def kept_of(event: dict[str, Any], upload: Upload) -> tuple[dict[str, Any], list[str]]:
    """A checked event without what cannot be of a night that was, and what is said of that."""
    if event["kind"] != "sleep":
        return event, []
    checked = Sleep.model_validate({**event, "athlete": "x"})
    warnings: list[str] = []
    row = event_row(0, checked, checked.timezone, upload, warnings=warnings)
    kept = orjson.loads(row[EVENT.get_field_index("payload")])
    return {name: value for name, value in event.items() if name in kept or name not in _MAY_GO}, warnings


def apart(readings: Iterator[Reading]) -> Iterator[Reading]:
    """Readings up to the first that cannot be read, and why; so what comes after them is read all the same."""
    try:
        yield from readings
    except RowError as error:
        yield error


def overnight_rmssd(document: str, night: str, value_ms: float) -> Reading:
    """RMSSD of a whole night, named by the day of waking."""
    return {
        "kind": "hrv",
        "document": document,
        "night": night,
        "statistic": "rmssd",
        "value_ms": value_ms,
        "context": "overnight",
    }


def resting_heart_rate(document: str, day: str, bpm: float) -> Reading:
    """A device's resting heart rate of a day."""
    return {"kind": "resting_heart_rate", "document": document, "day": day, "bpm": bpm}


def minutes_apart(element: Mapping[str, Any], **seconds: str) -> tuple[dict[str, float], list[RowError]]:
    """Fields in minutes from fields in seconds, given as ``asleep_min="total_sleep_duration"``; nulls are left out.

    What is no time of a night is left out as well, each with why.
    """
    found: dict[str, float] = {}
    wrong: list[RowError] = []
    for name, field in seconds.items():
        try:
            value = real(element.get(field), field)
        except RowError as error:
            wrong.append(error)
            continue
        if value is None:
            continue
        if 0 <= value <= _NIGHT_S_MAX:
            found[name] = value / 60
        else:
            text = f"`{field}` is {shown(value)}, and a night has from 0 to {_NIGHT_S_MAX} s. Correct it."
            wrong.append(RowError("out_of_range", field, text))
    return found, wrong


def heart_rate_block(
    document: str, start: Moment, pairs: Sequence[tuple[float, float | None]], *, context: str | None = None
) -> Reading:
    """Samples as (seconds after ``start``, bpm); those without a value are left out, one per second is kept."""
    kept = {offset_s: bpm for offset_s, bpm in pairs if bpm is not None}
    if not kept:
        return Left("no_reading")
    block: dict[str, Any] = {
        "kind": "heart_rate",
        "document": document,
        "start": str(start),
        "offset_s": [float(offset_s) for offset_s in sorted(kept)],
        "bpm": [float(kept[offset_s]) for offset_s in sorted(kept)],
    }
    return block | ({"context": context} if context is not None else {})


def stages_of_code(
    code: str, stage_of: Mapping[str, str], start: Moment, end: Moment, *, step_s: float
) -> list[dict[str, str]]:
    """Stretches of equal stage of a string with one sign per ``step_s`` seconds from ``start`` on, up to ``end``.

    A sign that is not known is the stage ``unknown``.
    """
    found: list[dict[str, str]] = []
    for index, sign in enumerate(code):
        stage = stage_of.get(sign, "unknown")
        from_us = start.wall_us + round(index * step_s * 1e6)
        until_us = min(from_us + round(step_s * 1e6), start.wall_us + end.instant_us - start.instant_us)
        if until_us <= from_us:
            break
        until = str(Moment(until_us, start.offset_s, start.zulu))
        if found and found[-1]["stage"] == stage:
            found[-1]["end"] = until
        else:
            found.append({"stage": stage, "start": str(Moment(from_us, start.offset_s, start.zulu)), "end": until})
    return found


def reading_in_words(event: Mapping[str, Any]) -> str:
    """What a preview shows of an event: the number in it with its unit."""
    kind = event["kind"]
    if kind == "session":
        return f"{len(event.get('sets') or [])} sets"
    if kind == "sleep":
        asleep = event.get("asleep_min")
        return ("nap" if event.get("nap") else "night") + (f", {asleep:.0f} min asleep" if asleep is not None else "")
    if kind == "heart_rate":
        return f"{len(event['bpm'])} samples"
    if kind == "rr_intervals":
        return f"{len(event['rr_ms'])} beats"
    if kind == "hrv":
        return f"{event['statistic'].upper()} {event['value_ms']:.0f} ms"
    if kind == "resting_heart_rate":
        return f"{event['bpm']:.0f} bpm"
    if kind == "body_mass":
        return f"{event['mass']['value']:g} {event['mass']['unit']}"
    return ""
