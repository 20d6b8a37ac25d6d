"""Polar AccessLink, version 3: nights, nightly recharge, continuous heart rate, heart rate of exercises.

Nights and exercises state their offset. Samples of a day have the clock of the watch and no zone, so the zone of the
import places them; seconds between them are elapsed ones, also on days when the clock changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError, VendorDecoded, VendorEvent
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.local_time import utc_of
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder, heart_rate_block, overnight_rmssd
from pipeline.sources.receipt import upload_of
from pipeline.sources.records import check_record, records_in
from schemas.times import MICROSECONDS, Moment, parse_moment

_STAGE = {0: "awake", 1: "rem", 2: "light", 3: "light", 4: "deep"}
_ASLEEP = ("light_sleep", "deep_sleep", "rem_sleep", "unrecognized_sleep_stage")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY_MIN = 24 * 60
_HEART_RATE, _RR_INTERVALS = "0", "11"  # types of an exercise's samples


class PolarApi(ReadingsDecoder):
    """``polar.api``: answers of AccessLink, lists of them or single ones."""

    name = "polar.api"
    source = "polar"
    origin = ORIGIN_WATCH
    app = "Polar AccessLink"
    reads = (
        "nights with stages and heart rate, mean RMSSD of nightly recharge, continuous heart rate, heart rate and "
        "RR intervals of exercises"
    )
    lists = ("nights", "recharges", "heart_rates", "exercises")
    not_taken = (
        ("sleep_score, sleep_charge, continuity, ans_charge, nightly_recharge_status", "they are scores"),
        ("heart_rate_avg, beat_to_beat_avg", "means over four hours of sleep, and no resting heart rate"),
        ("hrv_samples", "five-minute values of a night; the night's mean stands for them"),
        ("breathing", "no model reads it"),
        (
            "hypnogram and heart_rate_samples of a night in which the clock changes",
            "they are keyed by the clock, which shows an hour twice or not at all",
        ),
        ("exercises without samples", "they hold totals, no sets"),
    )

    def recognise(self, head: bytes) -> bool:
        signatures = (
            (b'"sleep_start_time"', b'"sleep_end_time"'),
            (b'"heart_rate_variability_avg"', b'"beat_to_beat_avg"'),
            (b'"heart_rate_samples"', b'"sample_time"'),
            (b'"start_time_utc_offset"', b'"detailed_sport_info"'),
            (b'"start-time-utc-offset"', b'"detailed-sport-info"'),
        )
        return is_json(head) and any(all(key in head for key in keys) for keys in signatures)

    def elements_of(self, value: Any) -> list[Any]:
        return records_in(value, self.lists)

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        element = {key.replace("-", "_"): value for key, value in element.items()}
        if "sleep_start_time" in element:
            yield from _night(element)
        elif "heart_rate_variability_avg" in element or "beat_to_beat_avg" in element:
            yield from _recharge(element)
        elif "heart_rate_samples" in element:
            yield _day(element)
        elif "start_time" in element:
            yield from _exercise(element)
        else:
            yield Left("no_reading")

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        first = len(found.events)
        super().read_element(element, items, header, found)
        zone = upload_of(header).tz
        if zone is not None:
            found.events[first:] = [_elapsed(one, zone) for one in found.events[first:]]


def _elapsed(found: VendorEvent, zone: str) -> VendorEvent:
    """A block with differences of a wall clock as offsets, with elapsed seconds of ``zone`` instead."""
    event = found.event
    if event["kind"] != "heart_rate":
        return found
    start = parse_moment(event["start"])
    if start.is_instant:
        return found
    start_us = utc_of(zone, start.wall_us)
    kept: dict[float, float] = {}
    for offset_s, bpm in zip(event["offset_s"], event["bpm"], strict=True):
        since_us = utc_of(zone, start.wall_us + round(offset_s * MICROSECONDS)) - start_us
        if since_us >= 0:
            kept[since_us / MICROSECONDS] = bpm
    offsets = sorted(kept)
    return found._replace(event={**event, "offset_s": offsets, "bpm": [kept[one] for one in offsets]})


def _date(element: dict[str, Any]) -> str:
    date = words(element.get("date"), "date").strip()
    if not date:
        raise RowError("invalid_type", "date", "`date` is missing, and it is what the record is known by.")
    return date


def _night(element: dict[str, Any]) -> Iterator[Reading]:
    document = f"sleep/{_date(element)}"
    start, end = (moment(element.get(field), field) for field in ("sleep_start_time", "sleep_end_time"))
    night: dict[str, Any] = {"kind": "sleep", "document": document, "start": str(start), "end": str(end)}
    asleep_s = [real(element.get(field), field) for field in _ASLEEP]
    if any(asleep_s):  # nights of watches without stages have nulls or zeros
        night["asleep_min"] = sum(one or 0 for one in asleep_s) / 60
    same_clock = start.offset_s == end.offset_s
    stages, beats = element.get("hypnogram") or {}, element.get("heart_rate_samples") or {}
    if same_clock and stages:
        night["stages"] = _stages(_on_clock(stages, "hypnogram", start, end), start, end)
    yield night
    if not beats:
        return
    if not same_clock:
        yield Left("clock_changed")
        return
    pairs = [
        (at_s, bpm if bpm and bpm > 0 else None) for at_s, bpm in _on_clock(beats, "heart_rate_samples", start, end)
    ]
    yield heart_rate_block(f"{document}/heart_rate", start, pairs, context="overnight")


def _on_clock(value: Any, field: str, start: Moment, end: Moment) -> list[tuple[float, float | None]]:
    """A map keyed by ``HH:MM`` of a night as (seconds after ``start``, value), in order; raises RowError.

    The key of the minute in which the night begins stands for its start.
    """
    if not isinstance(value, dict):
        raise RowError("invalid_type", field, f"`{field}` is {shown(value)}, and no map of times. Fetch it again.")
    first_min = start.wall_us // (60 * MICROSECONDS)
    lasts_s = (end.instant_us - start.instant_us) / MICROSECONDS
    found = []
    for key, one in value.items():
        match = _CLOCK.fullmatch(key)
        if match is None:
            raise RowError("invalid_type", field, f"`{field}` has the time {shown(key)}, which is none of a clock.")
        after_min = (int(match[1]) * 60 + int(match[2]) - first_min) % _DAY_MIN
        after_s = max(0.0, after_min * 60 - (start.wall_us / MICROSECONDS) % 60)
        if after_s <= lasts_s:
            found.append((after_s, real(one, field)))
    return sorted(found, key=lambda pair: pair[0])


def _stages(codes: list[tuple[float, float | None]], start: Moment, end: Moment) -> list[dict[str, str]]:
    """Each code holds until the next one begins, the last one until ``end``."""
    found: list[dict[str, str]] = []
    lasts_s = (end.instant_us - start.instant_us) / MICROSECONDS
    for index, (from_s, code) in enumerate(codes):
        until_s = codes[index + 1][0] if index + 1 < len(codes) else lasts_s
        stage = _STAGE.get(int(code), "unknown") if code is not None else "unknown"
        at, until = (
            str(Moment(start.wall_us + round(one * MICROSECONDS), start.offset_s, start.zulu))
            for one in (from_s, until_s)
        )
        found.append({"stage": stage, "start": at, "end": until})
    return found


def _recharge(element: dict[str, Any]) -> Iterator[Reading]:
    date = _date(element)
    rmssd = real(element.get("heart_rate_variability_avg"), "heart_rate_variability_avg")
    if rmssd and rmssd > 0:
        yield overnight_rmssd(f"nightly_recharge/{date}/hrv", date, rmssd)


def _day(element: dict[str, Any]) -> Reading:
    """The samples of a day as one block. Raises RowError."""
    date, samples = _date(element), element["heart_rate_samples"]
    if samples is None:
        return Left("no_reading")
    if not isinstance(samples, list):
        raise RowError("invalid_type", "heart_rate_samples", f"`heart_rate_samples` is {shown(samples)}, and no list.")
    taken: dict[int, float] = {}
    for one in samples:
        if not isinstance(one, dict):
            raise RowError("invalid_type", "heart_rate_samples", f"{shown(one)} is no sample. Fetch the day again.")
        bpm = real(one.get("heart_rate"), "heart_rate")
        if bpm is not None and bpm > 0:
            at = moment(f"{date}T{words(one.get('sample_time'), 'sample_time')}", "sample_time")
            taken[at.wall_us] = bpm
    if not taken:
        return Left("no_reading")
    first = min(taken)
    pairs = [((at - first) / MICROSECONDS, bpm) for at, bpm in taken.items()]
    return heart_rate_block(f"continuous_heart_rate/{date}", Moment(first, None, False), pairs)


def _exercise(element: dict[str, Any]) -> Iterator[Reading]:
    number = element.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str) or not str(number).strip():
        raise RowError("invalid_type", "id", f"`id` is {shown(number)}, so the exercise cannot be told from another.")
    start = moment(element.get("start_time"), "start_time")
    offset_min = real(element.get("start_time_utc_offset"), "start_time_utc_offset")
    if offset_min is not None and not start.is_instant:
        if abs(offset_min) > 14 * 60:
            raise RowError(
                "out_of_range", "start_time_utc_offset", f"`start_time_utc_offset` is {shown(offset_min)} minutes."
            )
        start = Moment(start.wall_us, round(offset_min) * 60, False)
    samples = element.get("samples") or []
    if not isinstance(samples, list):
        raise RowError("invalid_type", "samples", f"`samples` is {shown(samples)}, and no list. Fetch it again.")
    found = False
    for one in samples:
        series = {key.replace("-", "_"): value for key, value in one.items()} if isinstance(one, dict) else {}
        kind = str(series.get("sample_type"))
        if kind == _HEART_RATE:
            found = True
            yield _series(series, f"exercise/{number}/heart_rate", start)
        elif kind == _RR_INTERVALS:
            found = True
            yield _intervals(series, f"exercise/{number}/rr_intervals", start)
    if not found:
        yield Left("exercise_totals")


def _numbers(series: dict[str, Any]) -> list[float]:
    """Values of a series, 0 where nothing was seen; raises RowError."""
    values = words(series.get("data"), "samples.data").split(",")
    try:
        return [float(one) if one.strip() not in ("", "null") else 0.0 for one in values]
    except ValueError:
        raise RowError(
            "invalid_type", "samples.data", "`samples.data` holds more than numbers and commas. Fetch it again."
        ) from None


def _series(series: dict[str, Any], document: str, start: Moment) -> Reading:
    try:
        step_s = real(series.get("recording_rate"), "recording_rate")
        if not step_s or step_s < 0:
            raise RowError("invalid_type", "recording_rate", "`recording_rate` is missing, so no time is known.")
        values = _numbers(series)
    except RowError as error:
        return error
    pairs = [(at * step_s, bpm if bpm > 0 else None) for at, bpm in enumerate(values)]
    return heart_rate_block(document, start, pairs, context="exercise")


def _intervals(series: dict[str, Any], document: str, start: Moment) -> Reading:
    try:
        values = _numbers(series)
    except RowError as error:
        return error
    if not any(values):
        return Left("no_reading")
    return {"kind": "rr_intervals", "document": document, "start": str(start), "rr_ms": values, "context": "exercise"}
