"""Fitbit: answers of the Web API (which ended in autumn 2026) and the JSON files of the account export.

Nights and the heart rate of the API are wall clocks without a zone; the heart rate of the export is in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.blocks import BlocksDecoder, bounded, cut_by, heart_rate, in_blocks, record_id
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading
from schemas.times import Moment

_EMPTY = re.compile(rb'\s*\{\s*"sleep"\s*:\s*\[\s*\]\s*(?:\}|,\s*"(?:summary|pagination)")')
_INTRADAY = "activities-heart-intraday"
# minutes awake of a night without stages count those that were restless
_STAGE = {"deep": "deep", "light": "light", "rem": "rem", "wake": "awake", "awake": "awake", "restless": "awake"}
_STAGE |= {"asleep": "asleep"}
_EXPORT_TIME = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})")
_EXPORT_HOUR_CHARACTERS = len("12/31/26 05")
_CLOCK_HOUR_CHARACTERS = len("05")


class FitbitApi(BlocksDecoder):
    """``fitbit.api``: sleep 1.2, HRV and heart rate of the Web API; the sleep files of the export are the same."""

    name = "fitbit.api"
    source = "fitbit"
    origin = ORIGIN_WATCH
    app = "Fitbit API"
    reads = "nights and naps with stages, daily RMSSD, resting heart rate, heart rate by second or minute"
    lists = ("sleep", "hrv", "activities-heart", "dataset")
    nested = (_INTRADAY,)
    not_taken = (
        ("efficiency", "it is the vendor's own reckoning; efficiency is computed from the minutes"),
        ("hrv minutes, deepRmssd", "values of parts of a night; the night's RMSSD stands for them"),
        ("heartRateZones, calories, steps", "no model reads them"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        night = b'"dateOfSleep"' in head and b'"logId"' in head
        hrv = b'"hrv"' in head and (b'"dailyRmssd"' in head or (b'"minutes"' in head and b'"rmssd"' in head))
        return night or hrv or b'"activities-heart' in head or _EMPTY.match(head) is not None

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for answer in value if isinstance(value, list) else [value]:
            found += self._of_answer(answer)
        return found

    def _of_answer(self, answer: Any) -> list[Any]:
        if not isinstance(answer, dict):
            return [answer]
        if "dateOfSleep" in answer:  # an export is a bare list of nights
            return [{"sleep": [answer]}]
        found: list[Any] = []
        for key in ("sleep", "hrv", "activities-heart"):
            rows = answer.get(key)
            found += [{key: [row]} for row in rows] if isinstance(rows, list) else []
        intraday = answer.get(_INTRADAY)
        dataset = intraday.get("dataset") if isinstance(intraday, dict) else None
        if isinstance(intraday, dict) and isinstance(dataset, list):
            day = intraday.get("dateTime") or _only_day(answer.get("activities-heart")) or None  # an empty one is none
            blocks = in_blocks(dataset, lambda one: _of(one, "time"), _CLOCK_HOUR_CHARACTERS)
            found += [{_INTRADAY: {"dateTime": day, "dataset": block}} for block in blocks]
        return found or [answer]

    def readings(self, element: Any) -> Iterator[Reading]:
        key, value = next(iter(element.items())) if isinstance(element, dict) and len(element) == 1 else ("", None)
        if key == _INTRADAY and isinstance(value, dict) and isinstance(value.get("dataset"), list):
            yield from _intraday(value)
            return
        if not isinstance(element, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no answer of Fitbit. Import it as it was given.")
        if not isinstance(value, list) or not value:
            yield Left("no_reading")
            return
        if not isinstance(value[0], dict):
            raise RowError("invalid_type", key, f"{shown(value[0])} is no entry of `{key}`.")
        if key == "sleep":
            yield from _night(value[0])
        elif key == "hrv":
            yield _hrv(value[0])
        elif key == "activities-heart":
            yield _resting(value[0])
        else:
            yield Left("other_data")


class FitbitExport(BlocksDecoder):
    """``fitbit.export.json``: the files ``heart_rate-…json`` and ``resting_heart_rate-…json`` of the account export."""

    name = "fitbit.export.json"
    source = "fitbit"
    origin = ORIGIN_WATCH
    app = "Fitbit account"
    reads = "heart rate, resting heart rate; its sleep files are read like answers of the API"
    lists = ()
    not_taken = (
        ("heart rates with confidence 0", "the device itself was not sure of them"),
        ("steps, calories, zones, scores", "no model reads them"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head) or re.search(rb'"dateTime"\s*:\s*"\d\d/\d\d/\d\d ', head) is None:
            return False
        return (b'"bpm"' in head and b'"confidence"' in head) or (b'"error"' in head and b'"date"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        rows = value if isinstance(value, list) else [value]
        samples = [one for one in rows if isinstance(_of(one, "value"), dict) and "bpm" in one["value"]]
        blocks = in_blocks(samples, lambda one: one.get("dateTime"), _EXPORT_HOUR_CHARACTERS)
        others = [one for one in rows if not (isinstance(_of(one, "value"), dict) and "bpm" in one["value"])]
        return [*blocks, *([one] for one in others)]

    def readings(self, element: Any) -> Iterator[Reading]:
        first = element[0] if isinstance(element, list) and element else None
        value = _of(first, "value")
        if not isinstance(value, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no reading with `dateTime` and `value`.")
        if "bpm" in value:
            yield from heart_rate(element, _export_sample)
            return
        bpm = real(value.get("value"), "value.value")
        if not bpm or value.get("date") is None:  # a day without enough wear has 0 and no date
            yield Left("no_reading")
            return
        yield _resting_of(_export_moment(f"{words(value.get('date'), 'value.date')} 00:00:00", "value.date"), bpm)


def _night(log: dict[str, Any]) -> Iterator[Reading]:
    start, end = moment(log.get("startTime"), "startTime"), moment(log.get("endTime"), "endTime")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": record_id(log.get("logId"), "logId"),
        "start": str(start),
        "end": str(end),
        "nap": log.get("isMainSleep") is False,
    }
    for name, field in (("in_bed_min", "timeInBed"), ("asleep_min", "minutesAsleep")):
        minutes = real(log.get(field), field)
        if minutes is not None:
            night[name] = minutes
    try:
        stages = _stages(log.get("levels"))
    except RowError as error:
        yield night
        yield error
        return
    yield night | ({"stages": stages} if stages else {})


def _stages(levels: Any) -> list[dict[str, str]]:
    """The stages of a night; short wakes (``shortData``) lie over the longer stages they interrupt."""
    if not isinstance(levels, dict):
        return []
    long, short = _stretches(levels.get("data")), _stretches(levels.get("shortData"))
    return [
        {"stage": stage, "start": str(Moment(begin, None, False)), "end": str(Moment(until, None, False))}
        for stage, begin, until in (cut_by(long, short) if long else [])
    ]


def _stretches(rows: Any) -> list[tuple[str, int, int]]:
    found = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            raise RowError("invalid_type", "levels", f"{shown(row)} is no stretch of a stage; the night has no stages.")
        at, seconds = moment(row.get("dateTime"), "levels.dateTime"), bounded(row.get("seconds"), "levels.seconds")
        stage = _STAGE.get(words(row.get("level"), "levels.level"), "unknown")
        found.append((stage, at.wall_us, at.wall_us + round((seconds or 0) * 1e6)))
    return found


def _hrv(day: dict[str, Any]) -> Reading:
    value = day.get("value")
    rmssd = real(value.get("dailyRmssd"), "dailyRmssd") if isinstance(value, dict) else None
    if not rmssd:
        return Left("five_minute_values" if day.get("minutes") else "no_reading")
    return nightly_rmssd(words(day.get("dateTime"), "dateTime"), rmssd)


def nightly_rmssd(night: str, value_ms: float) -> Reading:
    """The RMSSD of the main sleep that ended on a day, the same document through every door."""
    return {
        "kind": "hrv",
        "document": f"hrv/{night}",
        "night": night,
        "statistic": "rmssd",
        "value_ms": value_ms,
        "context": "overnight",
    }


def _resting(day: dict[str, Any]) -> Reading:
    value = day.get("value")
    bpm = real(value.get("restingHeartRate"), "restingHeartRate") if isinstance(value, dict) else None
    return _resting_of(moment(day.get("dateTime"), "dateTime"), bpm) if bpm else Left("no_reading")


def _resting_of(at: Moment, bpm: float) -> Reading:
    day = str(at)[:10]
    return {"kind": "resting_heart_rate", "document": f"resting_heart_rate/{day}", "day": day, "bpm": bpm}


def _intraday(block: dict[str, Any]) -> Iterator[Reading]:
    day = block.get("dateTime")
    if not isinstance(day, str):
        raise RowError(
            "invalid_type",
            "activities-heart.dateTime",
            "The samples do not say which day they are from, since the answer names none or several. "
            "Fetch the heart rate day by day.",
        )

    def read(one: Any) -> tuple[Moment, float | None]:
        at = moment(f"{day}T{words(_of(one, 'time'), 'time')}", "time")
        return at, real(_of(one, "value"), "value")

    yield from heart_rate(block["dataset"], read)


def _export_sample(one: Any) -> tuple[Moment, float | None]:
    value = one["value"]
    sure = real(value.get("confidence"), "confidence")
    return _export_moment(one.get("dateTime"), "dateTime"), None if sure == 0 else real(value["bpm"], "bpm")


def _export_moment(value: Any, field: str) -> Moment:
    match = _EXPORT_TIME.fullmatch(words(value, field))
    if match is None:
        raise RowError("invalid_type", field, f"`{field}` is {shown(value)}; the export writes 12/31/26 05:00:03.")
    month, day, year, clock = match.groups()
    return moment(f"20{year}-{month}-{day}T{clock}Z", field)


def _only_day(days: Any) -> Any:
    """The day an answer is about; None if it is about several."""
    return _of(days[0], "dateTime") if isinstance(days, list) and len(days) == 1 else None


def _of(one: Any, field: str) -> Any:
    return one.get(field) if isinstance(one, dict) else None
