"""Oura's API, version 2: nights, naps and heart rate; every time carries the offset of the place it was slept at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder, heart_rate_block, minutes_of, stages_of_code
from schemas.times import Moment

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
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            value = value["data"]
        if not isinstance(value, list):
            return [value]
        samples = [one for one in value if isinstance(one, dict) and "bpm" in one and "timestamp" in one]
        found = [one for one in value if one not in samples] if samples else list(value)
        days = groupby(samples, lambda one: str(one["timestamp"])[:10])
        return found + [{"samples": list(block)} for _, block in days]

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no night. Send documents as the API gives them.")
        if "samples" in element:
            yield _samples(element["samples"])
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
    start, end = (
        moment(element.get("bedtime_start"), "bedtime_start"),
        moment(element.get("bedtime_end"), "bedtime_end"),
    )
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": document,
        "start": str(start),
        "end": str(end),
        "nap": found not in _NIGHTS,
        **minutes_of(element, in_bed_min="time_in_bed", asleep_min="total_sleep_duration"),
    }
    if found not in _TYPES:
        yield RowError("unsupported", "type", f"`type` is {shown(found)}; known are {', '.join(_TYPES)}.")
        return
    if found == "rest":  # lying still without sleep
        yield Left("rest_without_sleep")
        return
    code = words(element.get("sleep_phase_5_min"), "sleep_phase_5_min")
    in_bed_s = (end.instant_us - start.instant_us) / 1e6
    if code and abs(len(code) * _PHASE_S - in_bed_s) < 2 * _PHASE_S:  # else it is of another version of the night
        night["stages"] = stages_of_code(code, _STAGE, start, end, step_s=_PHASE_S)
    yield night
    day = words(element.get("day"), "day")
    if found in _NIGHTS:
        rmssd = real(element.get("average_hrv"), "average_hrv")
        lowest = real(element.get("lowest_heart_rate"), "lowest_heart_rate")
        if rmssd:
            yield {
                "kind": "hrv",
                "document": f"{document}/hrv",
                "night": day,
                "statistic": "rmssd",
                "value_ms": rmssd,
                "context": "overnight",
            }
        if lowest:
            yield {
                "kind": "resting_heart_rate",
                "document": f"{document}/resting_heart_rate",
                "day": day,
                "bpm": lowest,
            }
    yield from _series(element.get("heart_rate"), document)


def _series(value: Any, document: str) -> Iterator[Reading]:
    """The heart rate of a night, every five minutes, nulls where the ring saw nothing."""
    if value is None:
        return
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        yield RowError("invalid_type", "heart_rate", "`heart_rate` is no series with `interval` and `items`.")
        return
    start, step_s = moment(value.get("timestamp"), "heart_rate.timestamp"), real(value.get("interval"), "interval")
    if not step_s:
        yield RowError("invalid_type", "heart_rate.interval", "`heart_rate.interval` is missing, so no time is known.")
        return
    pairs = [(at * step_s, real(bpm, "heart_rate.items")) for at, bpm in enumerate(items)]
    yield heart_rate_block(f"{document}/heart_rate", start, pairs, context="overnight")


def _samples(samples: list[Any]) -> Reading:
    """Samples of one day; their first and last time name the block, since the API gives them no id."""
    taken: list[tuple[int, float]] = []
    for one in samples:
        at, bpm = moment(one.get("timestamp"), "timestamp"), real(one.get("bpm"), "bpm")
        if bpm is not None:
            taken.append((at.instant_us, bpm))
    if not taken:
        return Left("no_reading")
    taken.sort()
    start = Moment(taken[0][0], None, True)
    pairs = [((at_us - start.wall_us) / 1e6, bpm) for at_us, bpm in taken]
    return heart_rate_block(f"heartrate/{start}/{Moment(taken[-1][0], None, True)}", start, pairs)
