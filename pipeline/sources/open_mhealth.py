"""Open mHealth and IEEE 1752.1: documents with a header and a body, bodies alone, and lists of both.

Every value states its unit and every time its offset. The frame of a sleep episode goes from falling asleep to the
last awakening; what lies before and after it in bed is given as latencies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder
from pipeline.sources.records import check_record, records_in
from schemas.times import MICROSECONDS, Moment

_SECONDS_OF = {"ms": 0.001, "sec": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_MASS_OF = {"kg": (1.0, "kg"), "g": (0.001, "kg"), "lb": (1.0, "lb")}
_SLEEP = ("total_sleep_time", "latency_to_sleep_onset", "latency_to_arising", "wake_after_sleep_onset", "is_main_sleep")
_PAUSE_US = 5 * MICROSECONDS  # intervals that follow one another later than this are two series
_SERIES_MAX = 2000  # intervals, so that a part stays below its size
_RELATIONS = ("temporal_relationship_to_sleep", "temporal_relationship_to_physical_activity")
_CONTEXT = {"during sleep": "overnight", "on waking": "morning", "during exercise": "exercise", "active": "exercise"}


class OpenMHealth(ReadingsDecoder):
    """``open_mhealth.json``: data points of any number, with or without their headers."""

    name = "open_mhealth.json"
    source = "open_mhealth"
    origin = ORIGIN_WATCH
    app = "Open mHealth"
    reads = "sleep episodes and durations, heart rate, RR intervals, body weight"
    lists = ("body",)
    not_taken = (
        ("values with a descriptive_statistic", "a mean or an extreme of a time is no measurement at a time"),
        ("sleep_maintenance_efficiency_percentage", "efficiency is computed from the minutes"),
        ("durations of sleep at a single time", "when it began and ended is not known; they are rejected"),
        ("times that are a date and a part of the day", "they fix no instant; they are rejected"),
        ("physical activity, steps and the other schemas", "no model reads them; they are counted as ignored"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        named = b'"schema_id"' in head and b'"namespace"' in head and b'"body"' in head
        return named or b'"effective_time_frame"' in head

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        series: list[Any] = []
        for point in _points(value):
            if "rr_interval" not in _body(point):
                found.append(point)
                continue
            if series and not (len(series) < _SERIES_MAX and _follows(series[-1], point)):
                found.append({"body": series})
                series = []
            series.append(point)
        return [*found, {"body": series}] if series else found

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        points = element["body"] if isinstance(element.get("body"), list) else [element]
        if not points:
            yield Left("no_reading")
            return
        body = _body(points[0])
        if body.get("descriptive_statistic") is not None:
            yield Left("statistic_of_a_time")
        elif "rr_interval" in body:
            yield from _intervals(points)
        elif "heart_rate" in body:
            yield _beat(points[0], body)
        elif "sleep_duration" in body or _is_sleep(points[0], body):
            yield from _night(points[0], body)
        elif "body_weight" in body:
            yield _mass(points[0], body)
        else:
            yield Left("other_data")


def _is_point(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("body"), dict)


def _points(value: Any) -> list[Any]:
    """Data points and single bodies in a document, a list of them, or what a server put around them."""
    if isinstance(value, dict) and isinstance(value.get("body"), list):
        value = value["body"]
    rows = value if isinstance(value, list) else [value]
    return [record for one in rows for record in ([one] if _is_point(one) else records_in(one, ("body",)))]


def _body(point: Any) -> dict[str, Any]:
    """The body of a data point, or the body that stands alone."""
    if not isinstance(point, dict):
        return {}
    return point["body"] if _is_point(point) else point


def _header(point: dict[str, Any]) -> dict[str, Any]:
    header = point.get("header")
    return header if isinstance(header, dict) else {}


def _is_sleep(point: dict[str, Any], body: dict[str, Any]) -> bool:
    schema = _header(point).get("schema_id")
    named = schema.get("name") if isinstance(schema, dict) else None
    return named == "sleep-episode" or any(field in body for field in _SLEEP)


def _document(point: dict[str, Any], kind: str, at: Moment) -> str:
    """The id in the header; a body alone is known by what it is and when."""
    header = _header(point)
    if at.is_instant:  # the same in whatever offset it is written
        at = Moment(at.instant_us, None, True)
    return words(header.get("id", header.get("uuid")), "header.id").strip() or f"{kind}/{at}"


def _frame(body: dict[str, Any]) -> tuple[Moment, Moment | None]:
    """When a body holds: its time, or the ends of its interval. Raises RowError."""
    frame = body.get("effective_time_frame")
    if not isinstance(frame, dict):
        raise RowError("invalid_type", "effective_time_frame", f"`effective_time_frame` is {shown(frame)}.")
    if frame.get("date_time") is not None:
        return moment(frame["date_time"], "effective_time_frame.date_time"), None
    interval = frame.get("time_interval")
    field = "effective_time_frame.time_interval"
    if not isinstance(interval, dict):
        raise RowError("invalid_type", field, f"`{field}` is {shown(interval)}, and there is no date_time either.")
    ends = [
        moment(interval[name], f"{field}.{name}") if interval.get(name) is not None else None
        for name in ("start_date_time", "end_date_time")
    ]
    lasts_s = _in_seconds(interval.get("duration"), f"{field}.duration")
    start, end = ends
    if start is not None and end is None and lasts_s is not None:
        end = _later(start, lasts_s)
    if end is not None and start is None and lasts_s is not None:
        start = _later(end, -lasts_s)
    if start is None or end is None:
        raise RowError(
            "invalid_type",
            field,
            f"`{field}` states no two of start, end and duration, so no instant is known. Send them with the document.",
        )
    return start, end


def _later(at: Moment, seconds: float) -> Moment:
    return Moment(at.wall_us + round(seconds * MICROSECONDS), at.offset_s, at.zulu)


def _value(body: dict[str, Any], field: str) -> tuple[float, str]:
    """A value with its unit; raises RowError where one of them is missing."""
    pair = body.get(field)
    value = real(pair.get("value"), f"{field}.value") if isinstance(pair, dict) else None
    if value is None or not isinstance(pair, dict):
        raise RowError("invalid_type", field, f"`{field}` is {shown(pair)}, and needs a value with its unit.")
    unit = pair.get("unit")
    if not isinstance(unit, str) or not unit:
        raise RowError("missing_unit", f"{field}.unit", f"`{field}` has no unit, and is never guessed.")
    return value, unit


def _in_seconds(pair: Any, field: str) -> float | None:
    if pair is None:
        return None
    value, unit = _value({field: pair}, field)
    if unit not in _SECONDS_OF:
        raise RowError("invalid_type", field, f"`{field}` is in {shown(unit)}; known are {', '.join(_SECONDS_OF)}.")
    if abs(value) > 1e9:
        raise RowError("out_of_range", field, f"`{field}` is {value:g} {unit}, beyond every night. Correct it.")
    return value * _SECONDS_OF[unit]


def _beat(point: dict[str, Any], body: dict[str, Any]) -> Reading:
    at, _ = _frame(body)
    value, unit = _value(body, "heart_rate")
    if unit != "beats/min":
        return RowError("missing_unit", "heart_rate.unit", f"`heart_rate` is in {shown(unit)}; known is beats/min.")
    sample = {"start": str(at), "offset_s": [0.0], "bpm": [value]}
    return {"kind": "heart_rate", "document": _document(point, "heart-rate", at), **sample}


def _follows(before: dict[str, Any], point: dict[str, Any]) -> bool:
    """Whether an interval goes on with the series that ends with ``before``."""
    try:
        first, second = _frame(_body(before))[0], _frame(_body(point))[0]
    except RowError:
        return False
    same = all(_body(before).get(key) == _body(point).get(key) for key in ("descriptive_statistic", *_RELATIONS))
    return same and 0 <= second.instant_us - first.instant_us <= _PAUSE_US


def _intervals(points: Sequence[dict[str, Any]]) -> Iterator[Reading]:
    """Intervals that follow one another, as one series; its first one names it."""
    body = _body(points[0])
    at, _ = _frame(body)
    seconds = [_in_seconds(_body(one).get("rr_interval"), "rr_interval") for one in points]
    if None in seconds:
        raise RowError("invalid_type", "rr_interval", "`rr_interval` is null in this series. Send it again.")
    relations = (body.get(key) for key in _RELATIONS)
    known = (_CONTEXT[one] for one in relations if isinstance(one, str) and one in _CONTEXT)
    yield {
        "kind": "rr_intervals",
        "document": _document(points[0], "rr-interval", at),
        "start": str(at),
        "rr_ms": [one * 1000 for one in seconds if one is not None],
        "context": next(known, "spot"),
    }


def _night(point: dict[str, Any], body: dict[str, Any]) -> Iterator[Reading]:
    start, end = _frame(body)
    if end is None:
        raise RowError(
            "invalid_type",
            "effective_time_frame",
            "A sleep at a single time does not say when it began and ended. Send `time_interval`.",
        )
    field = "sleep_duration" if "sleep_duration" in body else "total_sleep_time"
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": _document(point, "sleep", start),
        "start": str(start),
        "end": str(end),
        "nap": body.get("is_main_sleep") is False,
    }
    try:
        asleep_s, before_s, after_s = (
            _in_seconds(body.get(name), name) for name in (field, "latency_to_sleep_onset", "latency_to_arising")
        )
    except RowError as error:
        yield night
        yield error
        return
    if asleep_s is not None:
        night["asleep_min"] = asleep_s / 60
    if before_s is not None and after_s is not None:
        lasts_s = (end.instant_us - start.instant_us) / MICROSECONDS
        night["in_bed_min"] = (before_s + lasts_s + after_s) / 60
    yield night


def _mass(point: dict[str, Any], body: dict[str, Any]) -> Reading:
    at, _ = _frame(body)
    value, unit = _value(body, "body_weight")
    if unit not in _MASS_OF:
        return RowError("missing_unit", "body_weight.unit", f"`body_weight` is in {shown(unit)}; known are kg, g, lb.")
    factor, taken = _MASS_OF[unit]
    mass = {"value": value * factor, "unit": taken}
    return {"kind": "body_mass", "document": _document(point, "body-weight", at), "measured_at": str(at), "mass": mass}
