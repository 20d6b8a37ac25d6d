"""Garmin Connect: the answers of the web app about sleep, HRV and heart rate, as tools save them.

Times come twice, as GMT and as the wall clock of the place; their difference is the offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.blocks import BlocksDecoder, at_offset, bounded, from_epoch, heart_rate, offset_of
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, apart, minutes_apart, overnight_rmssd, resting_heart_rate
from schemas.times import Moment

_LEVEL = {0: "deep", 1: "light", 2: "rem", 3: "awake"}


class GarminConnect(BlocksDecoder):
    """``garmin.connect.json``: daily sleep, HRV of a night or of many, heart rate of a day, or a list of these."""

    name = "garmin.connect.json"
    source = "garmin"
    origin = ORIGIN_WATCH
    app = "Garmin Connect"
    reads = "nights with stages, naps, mean RMSSD of the night, resting heart rate, heart rate of the day"
    lists = ("hrvSummaries",)
    not_taken = (
        ("hrvReadings, hrvData", "five-minute values of a night; the night's mean stands for them"),
        ("sleepHeartRate", "the heart rate of the day holds it"),
        ("createTimeStamp", "it does not say where it is from, nor whether a later change moves it"),
        ("sleepScores, bodyBattery, stress, SpO2, respiration", "scores and measurements that no model reads"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        hrv = b'"hrvSummaries"' in head or b'"hrvSummary"' in head
        day = b'"heartRateValues"' in head and b'"calendarDate"' in head
        return b'"dailySleepDTO"' in head or day or (hrv and b'"calendarDate"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for answer in value if isinstance(value, list) else [value]:
            summaries = answer.get("hrvSummaries") if isinstance(answer, dict) else None
            if isinstance(summaries, list) and summaries:
                found += [{"hrvSummary": one} for one in summaries]
            else:
                found.append(answer)
        return found

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no answer of Garmin Connect. Save it whole.")
        if "dailySleepDTO" in element:
            yield from _sleep(element)
        elif "hrvSummary" in element:
            yield _hrv(element["hrvSummary"])
        elif "heartRateValues" in element:
            yield from _day(element)
        else:
            yield Left("no_reading")


def _sleep(element: dict[str, Any]) -> Iterator[Reading]:
    night = element["dailySleepDTO"]
    if night is None:
        yield Left("no_reading")
        return
    if not isinstance(night, dict):
        raise RowError("invalid_type", "dailySleepDTO", f"`dailySleepDTO` is {shown(night)}, which is no night.")
    day = words(night.get("calendarDate"), "calendarDate")
    yield from apart(_night(element, night, day))
    yield from _naps(element.get("dailyNapDTOS") or night.get("dailyNapDTOS"))
    yield from apart(_overnight(element, day))
    yield from apart(_resting(element, day))


def _night(element: dict[str, Any], night: dict[str, Any], day: str) -> Iterator[Reading]:
    start, end = _twice(night, "sleepStart"), _twice(night, "sleepEnd")
    if start is None and end is None:  # a day without a night, or one to come
        yield Left("no_reading")
        return
    if start is None or end is None:
        yield RowError(
            "invalid_type",
            "sleepStartTimestampGMT" if start is None else "sleepEndTimestampGMT",
            "A night has one of `sleepStartTimestampGMT` and `sleepEndTimestampGMT` and not the other. "
            "Fetch the night again.",
        )
        return
    sleep: dict[str, Any] = {
        "kind": "sleep",
        "document": f"sleep/{day}",  # `id` is the start, which a correction moves
        "start": str(start),
        "end": str(end),
    }
    minutes, wrong = minutes_apart(night, asleep_min="sleepTimeSeconds")
    stages: list[dict[str, str]] = []
    try:
        stages = _stages(element.get("sleepLevels"), start.offset_s)
    except RowError as error:
        wrong.append(error)
    yield sleep | minutes | ({"stages": stages} if stages else {})
    yield from wrong


def _stages(levels: Any, offset_s: int | None) -> list[dict[str, str]]:
    if levels is None:
        return []
    if not isinstance(levels, list) or not all(isinstance(one, dict) for one in levels):
        raise RowError("invalid_type", "sleepLevels", "`sleepLevels` is no list of stages; the night has none.")
    found = []
    for one in levels:
        level = real(one.get("activityLevel"), "sleepLevels.activityLevel")
        found.append(
            {
                "stage": "unknown" if level is None else _LEVEL.get(int(level), "unknown"),
                "start": str(_gmt(one.get("startGMT"), "sleepLevels.startGMT", offset_s)),
                "end": str(_gmt(one.get("endGMT"), "sleepLevels.endGMT", offset_s)),
            }
        )
    return found


def _naps(naps: Any) -> Iterator[Reading]:
    for nap in naps if isinstance(naps, list) else []:
        try:
            if not isinstance(nap, dict):
                raise RowError("invalid_type", "dailyNapDTOS", f"{shown(nap)} is no nap.")
            start = _gmt(nap.get("napStartTimestampGMT"), "napStartTimestampGMT", None)
            end = _gmt(nap.get("napEndTimestampGMT"), "napEndTimestampGMT", None)
            minutes, wrong = minutes_apart(nap, asleep_min="napTimeSec")
            yield {
                "kind": "sleep",
                "document": f"nap/{start}",
                "start": str(start),
                "end": str(end),
                "nap": True,
                **minutes,
            }
            yield from wrong
        except RowError as error:
            yield error


def _hrv(summary: Any) -> Reading:
    if summary is None:
        return Left("no_reading")
    if not isinstance(summary, dict):
        raise RowError("invalid_type", "hrvSummary", f"`hrvSummary` is {shown(summary)}, which is no summary.")
    rmssd = real(summary.get("lastNightAvg"), "lastNightAvg")
    if rmssd is None or rmssd <= 0:
        return Left("no_reading")
    return _rmssd(words(summary.get("calendarDate"), "calendarDate"), rmssd)


def _overnight(element: dict[str, Any], day: str) -> Iterator[Reading]:
    rmssd = real(element.get("avgOvernightHrv"), "avgOvernightHrv")
    if rmssd is not None and rmssd > 0:
        yield _rmssd(day, rmssd)


def _rmssd(day: str, value_ms: float) -> Reading:
    return overnight_rmssd(f"hrv/{day}", day, value_ms)


def _resting(element: dict[str, Any], day: str) -> Iterator[Reading]:
    bpm = real(element.get("restingHeartRate"), "restingHeartRate")
    if bpm is not None and bpm > 0:
        yield resting_heart_rate(f"resting_heart_rate/{day}", day, bpm)


def _day(element: dict[str, Any]) -> Iterator[Reading]:
    day = words(element.get("calendarDate"), "calendarDate")
    yield from apart(_samples(element, day))
    yield from apart(_resting(element, day))


def _samples(element: dict[str, Any], day: str) -> Iterator[Reading]:
    values = element["heartRateValues"]
    if values is None:
        yield Left("no_reading")
    elif not isinstance(values, list):
        yield RowError("invalid_type", "heartRateValues", "`heartRateValues` is no list of times and heart rates.")
    else:
        offset_s = _offset(element, "startTimestampGMT", "startTimestampLocal")
        at, bpm = _columns(element.get("heartRateValueDescriptors"))

        def read(pair: Any) -> tuple[Moment, float | None]:
            if not isinstance(pair, list) or len(pair) <= max(at, bpm):
                raise RowError("invalid_type", "heartRateValues", f"{shown(pair)} is no time and heart rate.")
            when = from_epoch(pair[at], "heartRateValues", per_second=1000, offset_s=offset_s)
            if when is None:
                raise RowError("invalid_type", "heartRateValues", "A heart rate has no time.")
            return when, real(pair[bpm], "heartRateValues")

        yield from heart_rate(values, read, document=f"heart_rate/{day}")


def _columns(descriptors: Any) -> tuple[int, int]:
    """Where the time and the heart rate stand in a pair; the answer says so itself."""
    found = {"timestamp": 0, "heartrate": 1}
    for one in descriptors if isinstance(descriptors, list) else []:
        key, index = (one.get("key"), one.get("index")) if isinstance(one, dict) else (None, None)
        if isinstance(key, str) and key in found and isinstance(index, int) and 0 <= index <= 3:
            found[key] = int(index)
    return found["timestamp"], found["heartrate"]


def _twice(night: dict[str, Any], name: str) -> Moment | None:
    """An instant given as GMT and as wall clock, both in milliseconds."""
    gmt = bounded(night.get(f"{name}TimestampGMT"), f"{name}TimestampGMT")
    local = bounded(night.get(f"{name}TimestampLocal"), f"{name}TimestampLocal")
    if gmt is None:
        return None
    return at_offset(round(gmt * 1000), None if local is None else offset_of((local - gmt) / 1000))


def _gmt(value: Any, field: str, offset_s: int | None) -> Moment:
    """A time whose name says GMT and whose text does not."""
    return at_offset(moment(value, field).instant_us, offset_s)


def _offset(element: dict[str, Any], gmt: str, local: str) -> int | None:
    """The offset between the same time as GMT and as wall clock, both as texts without one."""
    if element.get(gmt) is None or element.get(local) is None:
        return None
    return offset_of((moment(element[local], local).wall_us - moment(element[gmt], gmt).wall_us) / 1e6)
