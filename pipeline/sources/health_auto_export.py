"""Health Auto Export: the JSON that the app sends or saves, with Apple's health data by metric.

Units follow the settings of the user and are stated beside each metric. Times have the offset of the phone. Windows
overlap on every run, so a reading is known by its instant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.apple import (
    SOURCE,
    Stretch,
    apple_moment,
    device_of,
    in_nights,
    in_utc,
    mass_of,
    night_name,
    night_of,
    stage_of,
)
from pipeline.sources.base import RowError, VendorDecoded
from pipeline.sources.blocks import BLOCK_SAMPLES_MAX, BlocksDecoder, heart_rate
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, real
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading
from schemas.times import MICROSECONDS, Moment, parse_moment

_HEART_RATE, _SLEEP, _WEIGHT = "heart_rate", "sleep_analysis", "weight_body_mass"
_HRV, _RESTING = "heart_rate_variability", "resting_heart_rate"
_READ = (_HEART_RATE, _SLEEP, _WEIGHT, _HRV, _RESTING)
_BPM_UNITS = ("bpm", "count/min")
_MINUTES_OF = {"hr": 60.0, "h": 60.0, "min": 1.0, "s": 1 / 60}
_STAGES = ("core", "deep", "rem")
_OTHER_ROWS = 500  # of a metric that is not read, kept together as one item
_WORKOUT_KEPT = ("id", "name", "start", "end")
_BEGIN = re.compile(rb'"data"\s*:\s*\{\s*"(?:metrics|workouts|stateOfMind|symptoms|ecg|medications)"\s*:\s*\[(\s*\])?')


class HealthAutoExport(BlocksDecoder):
    """``apple_health.auto_export.json``: bodies of the app's REST automation, and its exported files."""

    name = "apple_health.auto_export.json"
    source = SOURCE
    origin = ORIGIN_WATCH
    app = "Apple Health (Health Auto Export)"
    reads = "nights with stages or minutes, heart rate, SDNN, resting heart rate, body mass with its unit"
    lists = ("metrics", "workouts")
    nested = ("data",)
    not_taken = (
        (
            "workouts",
            "they have no sets; each is counted as ignored, and its route and totals are not kept",
        ),
        ("Min and Max of heart rate", "extremes of a time; the mean beside them is taken as the sample"),
        (
            "asleep beside core, deep and rem, where totalSleep is missing",
            "versions of the app mean the sum or the rest by it, so the minutes asleep stay unknown",
        ),
        ("the other metrics, symptoms, ECG, state of mind", "no model reads them; they are counted as ignored"),
    )

    def recognise(self, head: bytes) -> bool:
        begin = _BEGIN.search(head) if is_json(head) else None
        if begin is None:
            return False
        signs = (b'"units"', b'"qty"', b'"heartRateData"', b'"route"')
        return begin[1] is not None or any(sign in head for sign in signs)

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for body in value if isinstance(value, list) else [value]:
            data = body.get("data") if isinstance(body, dict) else None
            if not isinstance(body, dict) or not isinstance(data, dict):
                found.append(body)
                continue
            for metric in data["metrics"] if isinstance(data.get("metrics"), list) else []:
                found += [{"data": {"metrics": [one]}} for one in _of_metric(metric)]
            for workouts in (data.get("workouts"), body.get("workouts")):
                found += [_workout(one) for one in workouts] if isinstance(workouts, list) else []
            for key, rows in data.items():
                if key not in self.lists and isinstance(rows, list) and rows:
                    found.append({"data": {key: ["left out"]}})
        return found or [{"data": {}}]

    def lacks_unit(self, element: Any) -> bool | None:
        metric = _metric(element)
        if metric is None or metric.get("name") != _WEIGHT or not metric.get("data"):
            return None
        return not metric.get("units")

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        metric = _metric(element)
        if metric is not None and header.unit is not None and self.lacks_unit(element):
            element = {"data": {"metrics": [metric | {"units": header.unit}]}}
        super().read_element(element, items, header, found)

    def readings(self, element: Any) -> Iterator[Reading]:
        data = element.get("data") if isinstance(element, dict) else None
        if not isinstance(data, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no body of Health Auto Export.")
        if "metrics" not in data:
            yield Left("workout_without_sets" if "workouts" in data else "other_data" if data else "no_reading")
            return
        metric = _metric(element)
        if metric is None or not isinstance(metric.get("data"), list):
            raise RowError("invalid_type", "metrics", f"{shown(data['metrics'])} is no metric with `data`.")
        name, rows, units = metric.get("name"), metric["data"], metric.get("units")
        unit = units.strip().lower() if isinstance(units, str) else ""
        if not rows or name not in _READ:
            yield Left("other_data" if rows else "no_reading")
            return
        if not all(isinstance(row, dict) for row in rows):
            raise RowError("invalid_type", name, f"{shown(rows[0])} is no entry of `{name}`. Export it again.")
        if name == _SLEEP:
            yield from _sleep(rows, unit)
            return
        if name in (_HEART_RATE, _RESTING) and unit not in _BPM_UNITS:
            raise RowError(
                "missing_unit", "units", f"`units` of {name} is {shown(units)}; known are bpm and count/min."
            )
        if name == _HEART_RATE:
            for block in heart_rate(rows, _beat):
                if isinstance(block, dict):
                    block["document"] = f"{name}/{in_utc(parse_moment(block['start']))}"
                yield block
            return
        at, quantity = apple_moment(rows[0].get("date"), "date"), real(rows[0].get("qty"), "qty")
        document = f"{'hrv' if name == _HRV else 'body_mass' if name == _WEIGHT else name}/{in_utc(at)}"
        if quantity is None or quantity == 0:
            yield Left("no_reading")
        elif name == _HRV:
            yield _sdnn(document, at, quantity, unit, device_of(_device(rows[0])))
        elif name == _WEIGHT:
            yield _mass(document, at, quantity, unit)
        elif at.offset_s is None:
            raise RowError("missing_zone", "date", f"`date` is {at}, which says no place, so its day is not known.")
        else:
            yield {
                "kind": "resting_heart_rate",
                "document": document,
                "day": str(at)[:10],
                "bpm": quantity,
            } | device_of(_device(rows[0]))


def _metric(element: Any) -> dict[str, Any] | None:
    """The metric of an element, None if it holds none."""
    data = element.get("data") if isinstance(element, dict) else None
    metrics = data.get("metrics") if isinstance(data, dict) else None
    metric = metrics[0] if isinstance(metrics, list) and metrics else None
    return metric if isinstance(metric, dict) else None


def _workout(value: Any) -> dict[str, Any]:
    kept = {key: value[key] for key in _WORKOUT_KEPT if key in value} if isinstance(value, dict) else value
    return {"data": {"workouts": [kept]}}


def _of_metric(metric: Any) -> list[Any]:
    """A metric in pieces that are an element each: an hour of samples, a night, a value, many rows of no use."""
    rows = metric.get("data") if isinstance(metric, dict) else None
    if not isinstance(rows, list) or not rows:
        return [metric]
    name = metric.get("name")
    if name == _HEART_RATE:
        pieces = _in_hours(rows)
    elif name == _SLEEP:
        pieces = _in_nights(rows)
    elif name in _READ:
        pieces = [[row] for row in rows]
    else:
        pieces = [rows[at : at + _OTHER_ROWS] for at in range(0, len(rows), _OTHER_ROWS)]
    return [metric | {"data": piece} for piece in pieces]


def _in_hours(rows: Sequence[Any]) -> list[list[Any]]:
    hours: dict[int | None, list[Any]] = {}
    for row in rows:
        hours.setdefault(_since(row, 3600), []).append(row)
    found: list[list[Any]] = []
    for hour in hours.values():
        minutes: dict[int | None, list[Any]] = {}
        for row in hour:
            minutes.setdefault(_since(row, 600) if len(hour) > BLOCK_SAMPLES_MAX else None, []).append(row)
        found += minutes.values()
    return found


def _since(row: Any, unit_s: int) -> int | None:
    try:
        return apple_moment(row["date"], "date").instant_us // (unit_s * MICROSECONDS)
    except (RowError, KeyError, TypeError):
        return None


def _in_nights(rows: Sequence[Any]) -> list[list[Any]]:
    """Single stretches by device and night; what holds a whole night, or cannot be read, stands alone."""
    devices: dict[str, list[tuple[Any, Stretch]]] = {}
    found: list[list[Any]] = []
    for row in rows:
        try:
            devices.setdefault(_device(row), []).append((row, _stretch(row)))
        except (RowError, AttributeError):
            found.append([row])
    for pairs in devices.values():
        found += [[pairs[at][0] for at in night] for night in in_nights([one for _, one in pairs])]
    return found


def _device(row: dict[str, Any]) -> str:
    name = row.get("source") or row.get("sleepSource")
    return name if isinstance(name, str) else ""


def _stretch(row: dict[str, Any]) -> Stretch:
    if "value" not in row:
        raise RowError("invalid_type", "value", "`value` is missing, so the stage is not known.")
    start, end = (apple_moment(row.get(field), field) for field in ("startDate", "endDate"))
    return Stretch(start.instant_us, end.instant_us, stage_of(row["value"]))


def _sleep(rows: Sequence[dict[str, Any]], unit: str) -> Iterator[Reading]:
    if "value" in rows[0]:
        stretches = [_stretch(row) for row in rows]
        first = apple_moment(rows[0]["startDate"], "startDate")
        last = apple_moment(max(rows, key=lambda row: _stretch(row).end_us)["endDate"], "endDate")
        yield night_of(stretches, _device(rows[0]), first.offset_s, last.offset_s) | device_of(_device(rows[0]))
        return
    row = rows[0]
    starts, ends = (
        [apple_moment(row[field], field) for field in fields if row.get(field)]
        for fields in (("sleepStart", "inBedStart", "startDate"), ("sleepEnd", "inBedEnd", "endDate"))
    )
    if not starts or not ends:
        yield Left("no_reading")
        return
    start, end = min(starts, key=_instant_us), max(ends, key=_instant_us)
    night = {
        "kind": "sleep",
        "document": night_name(start, _device(row)),
        "start": str(start),
        "end": str(end),
        **device_of(_device(row)),
    }
    scale = _MINUTES_OF.get(unit)
    if scale is None:
        yield night
        yield RowError(
            "missing_unit", "units", f"`units` of sleep is {shown(unit)}; known are {', '.join(_MINUTES_OF)}."
        )
        return
    try:
        yield night | _minutes(row, scale)
    except RowError as error:
        yield night
        yield error


def _instant_us(at: Moment) -> int:
    return at.instant_us


def _minutes(row: dict[str, Any], scale: float) -> dict[str, float]:
    """Minutes asleep and in bed of a night that is given as a sum; 0 stands for what was not measured."""
    in_bed, total, asleep = (real(row.get(field), field) for field in ("inBed", "totalSleep", "asleep"))
    stages = sum(real(row.get(field), field) or 0 for field in _STAGES)
    found = {"in_bed_min": in_bed * scale} if in_bed else {}
    if total:
        found["asleep_min"] = total * scale
    elif bool(asleep) != bool(stages):
        found["asleep_min"] = (asleep or stages) * scale
    if found.get("in_bed_min", 0) < found.get("asleep_min", 0):
        found.pop("in_bed_min", None)  # the phone says how long one lay in bed, the watch how long one slept
    return found


def _beat(row: dict[str, Any]) -> tuple[Moment, float | None]:
    value = next((row[key] for key in ("Avg", "avg", "qty") if row.get(key) is not None), None)
    return apple_moment(row.get("date"), "date"), real(value, "Avg")


def _sdnn(document: str, at: Moment, value: float, unit: str, device: dict[str, str]) -> Reading:
    if unit != "ms":
        return RowError("missing_unit", "units", f"`units` of heart_rate_variability is {shown(unit)}; known is ms.")
    # Apple measures through the day and the night; nothing says which this was
    measured = {"measured_at": str(at), "statistic": "sdnn", "value_ms": value, "context": "spot"}
    return {"kind": "hrv", "document": document, **measured, **device}


def _mass(document: str, at: Moment, value: float, unit: str) -> Reading:
    mass = mass_of(value, unit)
    if mass is None:
        why = "is missing" if not unit else f"is {shown(unit)}, which is neither kg nor lb"
        return RowError(
            "missing_unit",
            "units",
            f"`units` of weight_body_mass {why}. Give `--unit kg` or `--unit lb`, or export it with a unit.",
        )
    return {"kind": "body_mass", "document": document, "measured_at": str(at), "mass": mass}
