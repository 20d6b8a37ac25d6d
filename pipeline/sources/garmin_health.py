"""Garmin Health: the bodies that Garmin pushes to partners, one list of summaries per type.

A summary that comes again under the same id replaces the earlier one: tentative nights become final, partial days
whole. Times are seconds since 1970 with the offset of the place at the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.errors import RefusedError
from pipeline.sources.base import RowError
from pipeline.sources.blocks import BlocksDecoder, at_offset, bounded, from_epoch, heart_rate, offset_of, record_id
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import Element, is_json, real, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, overnight_rmssd, resting_heart_rate
from schemas.times import Moment

_READ = ("sleeps", "hrv", "dailies", "bodyComps")
_SIGNALS = ("deregistrations", "userPermissionsChange")
_OTHER = (
    "epochs", "stressDetails", "allDayRespiration", "pulseox", "healthSnapshot", "skinTemp", "moveIQActivities", "mct",
    "userMetrics", "bloodPressures", "activities", "activityDetails", "activityFiles", "manuallyUpdatedActivities",
)  # fmt: skip
_STAGE = {"deep": "deep", "light": "light", "rem": "rem", "awake": "awake"}
_ASLEEP = ("deepSleepDurationInSeconds", "lightSleepDurationInSeconds", "remSleepInSeconds")
_NOT_ASLEEP = ("awakeDurationInSeconds", "unmeasurableSleepInSeconds", "unmeasurableSleepDurationInSeconds")


class GarminHealth(BlocksDecoder):
    """``garmin.health.api``: push bodies of the Health API, of one user each."""

    name = "garmin.health.api"
    source = "garmin"
    origin = ORIGIN_WATCH
    app = "Garmin Health API"
    reads = "nights with stages, naps, mean RMSSD of the night, resting heart rate, heart rate of the day, body mass"
    lists = (*_READ, *_SIGNALS, *_OTHER)
    not_taken = (
        ("bodies about several users", "an import is about one athlete; split them by `userId`"),
        ("pings", "they hold an address and no data"),
        ("hrvValues", "five-minute values of a night; the night's mean stands for them"),
        ("epochs, stressDetails, activities and the other types", "no model reads them; they are counted as ignored"),
        ("deregistrations, userPermissionsChange", "they are about the connection, not about the body"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head) or b'"userId"' not in head:
            return False
        if any(f'"{key}"'.encode() in head for key in _SIGNALS):
            return True
        return b'"summaryId"' in head and any(f'"{key}"'.encode() in head for key in self.lists)

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for body in value if isinstance(value, list) else [value]:
            if not isinstance(body, dict):
                found.append(body)
                continue
            for key, rows in body.items():
                found += [{key: [row]} for row in rows] if isinstance(rows, list) and rows else [{key: rows}]
        return found

    def readings(self, element: Any) -> Iterator[Reading]:
        key, rows = next(iter(element.items())) if isinstance(element, dict) and len(element) == 1 else ("", element)
        if not isinstance(rows, list) or (rows and not isinstance(rows[0], dict)):
            raise RowError(
                "invalid_type",
                key or None,
                f"{shown(element)} is no list of summaries. Send the body as it was pushed.",
            )
        if not rows:
            yield Left("no_reading")
        elif key in _SIGNALS:
            yield Left("about_the_connection")
        elif rows[0].get("callbackURL") is not None:
            yield Left("notification")
        elif key == "sleeps":
            yield from _sleep(rows[0])
        elif key == "hrv":
            yield _hrv(rows[0])
        elif key == "dailies":
            yield from _day(rows[0])
        elif key == "bodyComps":
            yield _body(rows[0])
        else:
            yield Left("other_data")

    def _read(self, text: bytes) -> list[Element]:
        elements = super()._read(text)
        users = {user for element in elements for user in _users(element.value)}
        if len(users) > 1:
            raise RefusedError(
                "this Garmin push is about several users",
                f"it names {len(users)} of them, and an import is about one athlete",
                "split the body by `userId`, and import each part for its athlete",
            )
        return elements


def _users(element: Any) -> Iterator[str]:
    for rows in element.values() if isinstance(element, dict) else ():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("userId") is not None:
                yield str(row["userId"])


def _sleep(row: dict[str, Any]) -> Iterator[Reading]:
    document = record_id(row.get("summaryId"), "summaryId")
    offset_s = offset_of(row.get("startTimeOffsetInSeconds"))
    start = _time(row.get("startTimeInSeconds"), "startTimeInSeconds", offset_s)
    asleep_s = sum(_seconds(row, field) for field in _ASLEEP)
    problem = None
    try:
        stages = _stages(row.get("sleepLevelsMap"), offset_s)
    except RowError as error:
        stages, problem = [], error
    if stages:
        end_us = max(until for _, _, until in stages)
    else:  # the stated duration leaves out the time awake where the parts are stated
        parts_s = asleep_s + sum(_seconds(row, field) for field in _NOT_ASLEEP)
        end_us = start.instant_us + round(max(_seconds(row, "durationInSeconds"), parts_s) * 1e6)
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": document,
        "start": str(start),
        "end": str(at_offset(end_us, offset_s)),
    }
    if asleep_s:
        night["asleep_min"] = asleep_s / 60
    if stages:
        night["stages"] = [
            {"stage": stage, "start": str(at_offset(begin, offset_s)), "end": str(at_offset(until, offset_s))}
            for stage, begin, until in stages
        ]
    yield night
    if problem is not None:
        yield problem
    yield from _naps(row.get("naps"), document)


def _stages(levels: Any, offset_s: int | None) -> list[tuple[str, int, int]]:
    """The stages in the order of time, as (stage, from, until) in microseconds since 1970."""
    if levels is None:
        return []
    if not isinstance(levels, dict):
        raise RowError("invalid_type", "sleepLevelsMap", f"`sleepLevelsMap` is {shown(levels)}, which is no map.")
    found = []
    for level, stretches in levels.items():
        for one in stretches if isinstance(stretches, list) else []:
            if not isinstance(one, dict):
                raise RowError("invalid_type", "sleepLevelsMap", f"{shown(one)} is no stretch with start and end.")
            begin = _time(one.get("startTimeInSeconds"), "sleepLevelsMap.startTimeInSeconds", offset_s)
            until = _time(one.get("endTimeInSeconds"), "sleepLevelsMap.endTimeInSeconds", offset_s)
            found.append((_STAGE.get(level, "unknown"), begin.instant_us, until.instant_us))
    return sorted(found, key=lambda stage: stage[1])


def _naps(naps: Any, document: str) -> Iterator[Reading]:
    for nap in naps if isinstance(naps, list) else []:
        try:
            if not isinstance(nap, dict):
                raise RowError("invalid_type", "naps", f"{shown(nap)} is no nap.")
            offset_s = offset_of(nap.get("napOffsetInSeconds"))
            start = _time(nap.get("napStartTimeInSeconds"), "napStartTimeInSeconds", offset_s)
            duration_s = _seconds(nap, "napDurationInSeconds")
            yield {
                "kind": "sleep",
                "document": f"{document}/nap/{nap['napStartTimeInSeconds']}",
                "start": str(start),
                "end": str(at_offset(start.instant_us + round(duration_s * 1e6), offset_s)),
                "nap": True,
            }
        except RowError as error:
            yield error


def _hrv(row: dict[str, Any]) -> Reading:
    rmssd = real(row.get("lastNightAvg"), "lastNightAvg")
    if rmssd is None or rmssd <= 0:
        return Left("no_reading")
    return overnight_rmssd(
        record_id(row.get("summaryId"), "summaryId"), words(row.get("calendarDate"), "calendarDate"), rmssd
    )


def _day(row: dict[str, Any]) -> Iterator[Reading]:
    document = record_id(row.get("summaryId"), "summaryId")
    resting = real(row.get("restingHeartRateInBeatsPerMinute"), "restingHeartRateInBeatsPerMinute")
    if resting is not None and resting > 0:
        yield resting_heart_rate(
            f"{document}/resting_heart_rate", words(row.get("calendarDate"), "calendarDate"), resting
        )
    samples = row.get("timeOffsetHeartRateSamples")
    if samples is None:
        return
    if not isinstance(samples, dict):
        raise RowError("invalid_type", "timeOffsetHeartRateSamples", "`timeOffsetHeartRateSamples` is no map.")
    offset_s = offset_of(row.get("startTimeOffsetInSeconds"))
    start = _time(row.get("startTimeInSeconds"), "startTimeInSeconds", offset_s)

    def read(pair: tuple[str, Any]) -> tuple[Moment, float | None]:
        if not (pair[0].isascii() and pair[0].isdigit() and len(pair[0]) <= 6):
            raise RowError("invalid_type", "timeOffsetHeartRateSamples", f"{shown(pair[0])} is no number of seconds.")
        at = at_offset(start.instant_us + int(pair[0]) * 1_000_000, offset_s)
        return at, real(pair[1], "timeOffsetHeartRateSamples")

    yield from heart_rate(list(samples.items()), read, document=f"{document}/heart_rate")


def _body(row: dict[str, Any]) -> Reading:
    grams = real(row.get("weightInGrams"), "weightInGrams")
    if grams is None or grams <= 0:
        return Left("no_reading")
    offset_s = offset_of(row.get("measurementTimeOffsetInSeconds"))
    return {
        "kind": "body_mass",
        "document": record_id(row.get("summaryId"), "summaryId"),
        "measured_at": str(_time(row.get("measurementTimeInSeconds"), "measurementTimeInSeconds", offset_s)),
        "mass": {"value": grams / 1000, "unit": "kg"},
    }


def _time(value: Any, field: str, offset_s: int | None) -> Moment:
    found = from_epoch(value, field, offset_s=offset_s)
    if found is None:
        raise RowError("invalid_type", field, f"`{field}` is missing, so its time is unknown. Send the body whole.")
    return found


def _seconds(row: dict[str, Any], field: str) -> float:
    """A duration, 0 where none is stated; codes below 0 are none either."""
    return max(0.0, bounded(row.get(field), field) or 0.0)
