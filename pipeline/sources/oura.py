"""Oura's API, version 2: nights, naps and heart rate; every time carries the offset of the place it was slept at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.blocks import bounded, heart_rate
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import (
    Left,
    Reading,
    ReadingsDecoder,
    apart,
    minutes_apart,
    overnight_rmssd,
    resting_heart_rate,
    stages_of_code,
)
from pipeline.sources.records import check_record, records_in
from schemas.times import Moment, parse_moment

_STAGE = {"1": "deep", "2": "light", "3": "rem", "4": "awake"}
_PHASE_S = 300
_NIGHTS = ("long_sleep", "sleep")
_TYPES = (*_NIGHTS, "late_nap", "rest", "deleted")


class OuraApi(ReadingsDecoder):
    """``oura.api``: collections ``sleep`` and ``heartrate``, pages of them or single documents."""

    name = "oura.api"
    source = "oura"
    origin = ORIGIN_WATCH
    app = "Oura API"
    reads = "nights and naps with stages, mean RMSSD, lowest heart rate, heart rate; heart rate of the day"
    lists = ("data",)
    not_taken = (
        ("daily_sleep, daily_readiness, daily_resilience", "they hold scores from 1 to 100, no measurement"),
        ("efficiency", "it is the vendor's own reckoning; efficiency is computed from the minutes"),
        ("hrv.items", "five-minute values of a night; the night's mean stands for them"),
        ("movement_30_sec, readiness, average_breath", "no model reads them"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        night = b'"bedtime_start"' in head and b'"bedtime_end"' in head
        return night or (b'"bpm"' in head and b'"timestamp"' in head and b'"source"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        others: list[Any] = []
        samples: list[Any] = []
        for one in records_in(value, self.lists):
            (samples if "bpm" in one and "timestamp" in one else others).append(one)
        days = groupby(samples, lambda one: str(one["timestamp"])[:10])
        return others + [{"samples": list(block)} for _, block in days]

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        if isinstance(element.get("samples"), list):
            yield from _samples(element["samples"])
            return
        document = words(element.get("id"), "id").strip()
        if not document:
            raise RowError(
                "invalid_type", "id", "`id` is missing, so a corrected night could not be told from a new one."
            )
        found = words(element.get("type"), "type")
        if found == "deleted":
            for part in ("", "/hrv", "/resting_heart_rate", "/heart_rate"):
                yield {"kind": "delete", "document": document + part}
            return
        yield from _night(element, document, found)


def _night(element: dict[str, Any], document: str, found: str) -> Iterator[Reading]:
    """What a document says of a night or nap; a value that cannot be costs itself alone."""
    if found not in _TYPES:
        yield RowError("unsupported", "type", f"`type` is {shown(found)}; known are {', '.join(_TYPES)}.")
        return
    if found == "rest":  # lying still without sleep
        yield Left("rest_without_sleep")
        return
    yield from apart(_sleep(element, document, found))
    if found in _NIGHTS:
        yield from apart(_of_the_day(element, document))
    yield from apart(_series(element.get("heart_rate"), document))


def _sleep(element: dict[str, Any], document: str, found: str) -> Iterator[Reading]:
    start, end = (
        moment(element.get("bedtime_start"), "bedtime_start"),
        moment(element.get("bedtime_end"), "bedtime_end"),
    )
    minutes, wrong = minutes_apart(element, in_bed_min="time_in_bed", asleep_min="total_sleep_duration")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": document,
        "start": str(start),
        "end": str(end),
        "nap": found not in _NIGHTS,
        **minutes,
    }
    try:
        code = words(element.get("sleep_phase_5_min"), "sleep_phase_5_min")
    except RowError as error:
        code = ""
        wrong.append(error)
    in_bed_s = (end.instant_us - start.instant_us) / 1e6
    if code and abs(len(code) * _PHASE_S - in_bed_s) < 2 * _PHASE_S:  # else it is of another version of the night
        night["stages"] = stages_of_code(code, _STAGE, start, end, step_s=_PHASE_S)
    yield night
    yield from wrong


def _of_the_day(element: dict[str, Any], document: str) -> Iterator[Reading]:
    day = words(element.get("day"), "day")
    yield from apart(_hrv(element, document, day))
    yield from apart(_lowest(element, document, day))


def _hrv(element: dict[str, Any], document: str, day: str) -> Iterator[Reading]:
    rmssd = real(element.get("average_hrv"), "average_hrv")
    if rmssd:
        yield overnight_rmssd(f"{document}/hrv", day, rmssd)


def _lowest(element: dict[str, Any], document: str, day: str) -> Iterator[Reading]:
    lowest = real(element.get("lowest_heart_rate"), "lowest_heart_rate")
    if lowest:
        yield resting_heart_rate(f"{document}/resting_heart_rate", day, lowest)


def _series(value: Any, document: str) -> Iterator[Reading]:
    """The heart rate of a night, every five minutes, nulls where the ring saw nothing."""
    if value is None:
        return
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        yield RowError("invalid_type", "heart_rate", "`heart_rate` is no series with `interval` and `items`.")
        return
    start, step_s = moment(value.get("timestamp"), "heart_rate.timestamp"), bounded(value.get("interval"), "interval")
    if step_s is None or step_s <= 0:
        yield RowError("invalid_type", "heart_rate.interval", "`heart_rate.interval` is missing, so no time is known.")
        return

    def read(sample: tuple[int, Any]) -> tuple[Moment, float | None]:
        at_us = start.wall_us + round(sample[0] * step_s * 1e6)
        return Moment(at_us, start.offset_s, start.zulu), real(sample[1], "heart_rate.items")

    yield from heart_rate(list(enumerate(items)), read, document=f"{document}/heart_rate", context="overnight")


def _samples(samples: list[Any]) -> Iterator[Reading]:
    """Samples of one day; their first and last time name the block, since the API gives them no id."""

    def read(sample: Any) -> tuple[Moment, float | None]:
        check_record(sample)
        at = moment(sample.get("timestamp"), "timestamp")
        return Moment(at.instant_us, None, True), real(sample.get("bpm"), "bpm")

    for reading in heart_rate(samples, read):
        if isinstance(reading, dict):
            start = parse_moment(reading["start"])
            last = Moment(start.instant_us + round(reading["offset_s"][-1] * 1e6), None, True)
            reading["document"] = f"heartrate/{start}/{last}"
        yield reading
