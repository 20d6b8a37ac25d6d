"""Google Health API: data points of sleep, heart rate, HRV, resting heart rate and weight, listed or reconciled.

Times are instants in UTC with the offset of the place beside them; numbers may be written as texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.blocks import BlocksDecoder, at_offset, duration_offset, heart_rate, in_blocks, whole
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, overnight_rmssd, resting_heart_rate
from schemas.times import Moment

_STAGE = {"AWAKE": "awake", "RESTLESS": "awake", "LIGHT": "light", "DEEP": "deep", "REM": "rem", "ASLEEP": "asleep"}
_HOUR_CHARACTERS = len("2026-11-20T05")
_EMPTY = re.compile(rb'\s*\{\s*"dataPoints"\s*:\s*\[\s*\]')
_MARKS = ("dataSource", "dataPointName")  # of points of every type
_TYPES = ("sleep", "heartRate", "heartRateVariability", "dailyHeartRateVariability", "dailyRestingHeartRate", "weight")
_HRV = (
    ("rootMeanSquareOfSuccessiveDifferencesMilliseconds", "rmssd"),
    ("standardDeviationMilliseconds", "sdnn"),
)


class GoogleHealth(BlocksDecoder):
    """``google_health.api``: pages of data points, of one type or of several."""

    name = "google_health.api"
    source = "google_health"
    origin = ORIGIN_WATCH
    app = "Google Health API"
    reads = "nights and naps with stages, heart rate, RMSSD and SDNN, daily RMSSD, resting heart rate, body mass"
    lists = ("dataPoints",)
    not_taken = (
        ("rollupDataPoints", "means and extremes over a time, while the data points hold the measurements"),
        ("deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds", "the average of the night stands for it"),
        ("steps, exercise, SpO2, temperature and the other types", "no model reads them; they are counted as ignored"),
        ("notifications", "they name a time and hold no data"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head) or b'"dataPoints"' not in head:
            return False
        return _EMPTY.match(head) is not None or any(f'"{one}"'.encode() in head for one in (*_TYPES, *_MARKS))

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for page in value if isinstance(value, list) else [value]:
            points = page.get("dataPoints") if isinstance(page, dict) else None
            if not isinstance(points, list) or not points:
                found.append(page)
                continue
            samples = [one for one in points if isinstance(one, dict) and isinstance(one.get("heartRate"), dict)]
            others = [one for one in points if not (isinstance(one, dict) and isinstance(one.get("heartRate"), dict))]
            found += [{"dataPoints": block} for block in in_blocks(samples, _sample_text, _HOUR_CHARACTERS)]
            found += [{"dataPoints": [one]} for one in others]
        return found

    def readings(self, element: Any) -> Iterator[Reading]:
        points = element.get("dataPoints") if isinstance(element, dict) else None
        if isinstance(element, dict) and not points:
            yield Left("no_reading")
            return
        point = points[0] if isinstance(points, list) else None
        if not isinstance(point, dict):
            raise RowError("invalid_type", "dataPoints", f"{shown(element)} is no data point. Import the page whole.")
        name = next((one for one in _TYPES if isinstance(point.get(one), dict)), None)
        if name is None:
            yield Left("other_data")
            return
        data, document = point[name], _document(point)
        if name == "heartRate":
            yield from heart_rate(points or [], _sample)
        elif name == "sleep":
            yield from _sleep(data, document)
        elif name == "heartRateVariability":
            yield from _hrv(data, document)
        elif name == "weight":
            yield _weight(data, document)
        elif name == "dailyRestingHeartRate":
            yield _resting(data, document)
        else:
            yield _daily_hrv(data, document)


def _document(point: dict[str, Any]) -> str:
    """``users/…/dataTypes/T/dataPoints/ID`` as ``T/ID``; blank if the point has no name."""
    name = words(point.get("name") or point.get("dataPointName"), "name")
    return name.partition("/dataTypes/")[2].replace("/dataPoints/", "/") or name


def _sleep(data: dict[str, Any], document: str) -> Iterator[Reading]:
    interval = data.get("interval")
    if not isinstance(interval, dict):
        raise RowError(
            "invalid_type", "sleep.interval", f"`sleep.interval` is {shown(interval)}, which is no interval."
        )
    start, end = _edge(interval, "start"), _edge(interval, "end")
    metadata, summary = data.get("metadata"), data.get("summary")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": document or f"sleep/{_utc(start)}",
        "start": str(start),
        "end": str(end),
        "nap": isinstance(metadata, dict) and metadata.get("nap") is True,
    }
    if data.get("updateTime") is not None:
        night["revision"] = words(data["updateTime"], "sleep.updateTime")
    asleep_min = whole(summary.get("minutesAsleep"), "minutesAsleep") if isinstance(summary, dict) else None
    if asleep_min is not None:
        night["asleep_min"] = asleep_min
    try:
        stages = _stages(data.get("stages"), start.offset_s)
    except RowError as error:
        yield night
        yield error
        return
    yield night | ({"stages": stages} if stages else {})


def _stages(rows: Any, offset_s: int | None) -> list[dict[str, str]]:
    found = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            raise RowError("invalid_type", "sleep.stages", f"{shown(row)} is no stage; the night has no stages.")
        begin, until = _edge(row, "start", offset_s), _edge(row, "end", offset_s)
        stage = _STAGE.get(words(row.get("type"), "sleep.stages.type"), "unknown")
        found.append({"stage": stage, "start": str(begin), "end": str(until)})
    return sorted(found, key=lambda stage: stage["start"])


def _hrv(data: dict[str, Any], document: str) -> Iterator[Reading]:
    at = _sampled(data, "heartRateVariability")
    document = document or f"hrv/{_utc(at)}"
    found = False
    for field, statistic in _HRV:
        value = real(data.get(field), field)
        if value is not None and value > 0:
            found = True
            yield {
                "kind": "hrv",
                "document": document if statistic == "rmssd" else f"{document}/{statistic}",
                "measured_at": str(at),
                "statistic": statistic,
                "value_ms": value,
                "context": "spot",  # the point does not say whether it is from a night
            }
    if not found:
        yield Left("no_reading")


def _daily_hrv(data: dict[str, Any], document: str) -> Reading:
    value = real(data.get("averageHeartRateVariabilityMilliseconds"), "averageHeartRateVariabilityMilliseconds")
    if value is None or value <= 0:
        return Left("no_reading")
    day = _day(data.get("date"))
    return overnight_rmssd(document or f"daily_hrv/{day}", day, value)


def _resting(data: dict[str, Any], document: str) -> Reading:
    bpm = whole(data.get("beatsPerMinute"), "beatsPerMinute")
    if bpm is None or bpm <= 0:
        return Left("no_reading")
    day = _day(data.get("date"))
    return resting_heart_rate(document or f"resting_heart_rate/{day}", day, bpm)


def _weight(data: dict[str, Any], document: str) -> Reading:
    grams = real(data.get("weightGrams"), "weightGrams")
    if grams is None or grams <= 0:
        return Left("no_reading")
    at = _sampled(data, "weight")
    return {
        "kind": "body_mass",
        "document": document or f"weight/{_utc(at)}",
        "measured_at": str(at),
        "mass": {"value": grams / 1000, "unit": "kg"},
    }


def _sample_text(point: dict[str, Any]) -> Any:
    time = point["heartRate"].get("sampleTime")
    return time.get("physicalTime") if isinstance(time, dict) else None


def _sample(point: dict[str, Any]) -> tuple[Moment, float | None]:
    data = point["heartRate"]
    return _sampled(data, "heartRate"), whole(data.get("beatsPerMinute"), "beatsPerMinute")


def _sampled(data: dict[str, Any], name: str) -> Moment:
    time = data.get("sampleTime")
    if not isinstance(time, dict):
        raise RowError("invalid_type", f"{name}.sampleTime", f"`sampleTime` is {shown(time)}, which is no time.")
    return _placed(time.get("physicalTime"), f"{name}.sampleTime.physicalTime", duration_offset(time.get("utcOffset")))


def _edge(interval: dict[str, Any], name: str, offset_s: int | None = None) -> Moment:
    stated = duration_offset(interval.get(f"{name}UtcOffset"))
    return _placed(interval.get(f"{name}Time"), f"{name}Time", offset_s if stated is None else stated)


def _placed(value: Any, field: str, offset_s: int | None) -> Moment:
    at = moment(value, field)
    if not at.is_instant:
        raise RowError("missing_zone", field, f"`{field}` is {shown(value)}, which lacks the Z of an instant.")
    return at if offset_s is None else at_offset(at.instant_us, offset_s)


def _utc(at: Moment) -> str:
    """The instant as part of a document's name, the same whatever offset it is written with."""
    return str(Moment(at.instant_us, None, True))


def _day(value: Any) -> str:
    numbers = [value.get(part) for part in ("year", "month", "day")] if isinstance(value, dict) else []
    if len(numbers) != 3 or not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
        raise RowError("invalid_type", "date", f"`date` is {shown(value)}; it needs year, month and day.")
    year, month, day = numbers
    return f"{year:04d}-{month:02d}-{day:02d}"
