"""Withings' API: summaries of nights, and the stretches of a night; seconds since 1970, nights with their zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.blocks import bounded
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import Element, is_json, real, whole, words
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder, heart_rate_block
from pipeline.sources.records import check_record, records_in
from schemas.times import MICROSECONDS, Moment

GAP_S_MAX = 3600  # stretches further apart than an hour are of two sleeps

_STAGE = {0: "awake", 1: "light", 2: "deep", 3: "rem"}
_ASLEEP = ("light", "deep", "rem")


class WithingsApi(ReadingsDecoder):
    """``withings.api``: answers of ``sleep getsummary`` and ``sleep get``, and single entries of them."""

    name = "withings.api"
    source = "withings"
    origin = ORIGIN_WATCH
    app = "Withings API"
    reads = "nights with minutes in bed and asleep, lowest heart rate; stretches of a night as stages, with heart rate"
    lists = ("series",)
    not_taken = (
        ("sleep_efficiency", "it is the vendor's own reckoning; efficiency is computed from the minutes"),
        ("sleep_score, breathing and snoring", "they are scores, or no model reads them"),
        (
            "rmssd and sdnn_1 of a night's stretches",
            "they are values of seconds and of single minutes; the vendor gives none for the night",
        ),
        ("workouts, activity", "they hold totals, no sets and no samples"),
        ("lists of notifications", "they say where news are sent, and hold no reading"),
    )

    def recognise(self, head: bytes) -> bool:
        spans = b'"startdate"' in head and b'"enddate"' in head
        return is_json(head) and spans and (b'"series"' in head or b'"state"' in head or b'"wakeupduration"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        return _by_sleep(records_in(value, ("body", "series")))

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        if "stretches" in element:
            yield from _detail(element["stretches"])
        elif "category" in element:
            yield Left("workout_totals")
        elif "startdate" not in element:
            yield Left("no_reading")
        else:
            yield from _summary(element)

    def _read(self, text: bytes) -> list[Element]:
        """As every JSON file; stretches that were read one by one from a damaged one are put together again."""
        found = super()._read(text)
        if not any(one.broken is not None for one in found):
            return found
        whole_again = _by_sleep([part for one in found if one.broken is None for part in _entries(one.value)])
        return [Element(one) for one in whole_again] + [one for one in found if one.broken is not None]


def _entries(element: Any) -> list[Any]:
    stretches = element.get("stretches") if isinstance(element, dict) else None
    if isinstance(stretches, list) and stretches and all(_is_stretch(one) for one in stretches):
        return list(stretches)
    return [element]


def _is_stretch(entry: Any) -> bool:
    return isinstance(entry, dict) and "state" in entry and "data" not in entry and _seconds(entry, "startdate") >= 0


def _seconds(entry: dict[str, Any], field: str) -> float:
    """A time for putting in order, -1 for what is none."""
    value = entry.get(field)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _by_sleep(entries: Sequence[Any]) -> list[Any]:
    """Entries, with the stretches of one sleep as one element at the end."""
    stretches = sorted((one for one in entries if _is_stretch(one)), key=lambda one: _seconds(one, "startdate"))
    sleeps: list[dict[str, list[Any]]] = []
    until = 0.0
    for one in stretches:
        if not sleeps or _seconds(one, "startdate") - until > GAP_S_MAX:
            sleeps.append({"stretches": []})
        sleeps[-1]["stretches"].append(one)
        until = max(until, _seconds(one, "enddate"))
    return [one for one in entries if not _is_stretch(one)] + sleeps


def _epoch(value: Any, field: str) -> Moment:
    seconds = whole(value, field)
    if seconds is None:
        raise RowError("invalid_type", field, f"`{field}` is missing, so the time is not known. Fetch the night again.")
    return Moment(seconds * MICROSECONDS, None, True)


def _summary(element: dict[str, Any]) -> Iterator[Reading]:
    number = element.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise RowError(
            "invalid_type", "id", f"`id` is {shown(number)}, so a corrected night could not be told from a new one."
        )
    data = element.get("data")
    if not isinstance(data, dict):
        data = {}
    common: dict[str, Any] = {}
    modified = whole(element.get("modified"), "modified")
    if modified is not None:
        common["revision"] = modified
    zone = words(element.get("timezone"), "timezone")
    yield {
        "kind": "sleep",
        "document": str(number),
        **common,
        "start": str(_epoch(element["startdate"], "startdate")),
        "end": str(_epoch(element.get("enddate"), "enddate")),
        **({"timezone": zone} if zone else {}),
        **_minutes(data),
    }
    lowest = real(data.get("hr_min"), "hr_min")
    if lowest:
        yield {
            "kind": "resting_heart_rate",
            "document": f"{number}/resting_heart_rate",
            **common,
            "day": words(element.get("date"), "date"),
            "bpm": lowest,
        }


def _minutes(data: dict[str, Any]) -> dict[str, float]:
    """Minutes asleep and in bed. Time out of bed lies between start and end and is in neither."""
    asleep_s = real(data.get("total_sleep_time"), "total_sleep_time")
    if asleep_s is None:  # models without REM say light and deep only
        light, deep, rem = (real(data.get(f"{stage}sleepduration"), f"{stage}sleepduration") for stage in _ASLEEP)
        if light is None or deep is None:
            return {}
        asleep_s = light + deep + (rem or 0)
    found = {"asleep_min": asleep_s / 60}
    in_bed_s = real(data.get("total_timeinbed"), "total_timeinbed")
    awake_s = real(data.get("wakeupduration"), "wakeupduration")
    if in_bed_s is None and awake_s is not None:
        in_bed_s = asleep_s + awake_s
    if in_bed_s is not None:
        found["in_bed_min"] = in_bed_s / 60
    return found


def _detail(stretches: Any) -> Iterator[Reading]:
    """One sleep of its stretches. They have no id and no zone, so the first second names the sleep."""
    if not isinstance(stretches, list) or not stretches or not all(isinstance(one, dict) for one in stretches):
        raise RowError("invalid_type", "series", "`series` holds no stretches of sleep. Fetch the night again.")
    stages: list[dict[str, str]] = []
    asleep_us = 0
    beats: dict[int, float] = {}
    for one in stretches:
        for field in ("startdate", "enddate"):
            bounded(one.get(field), field)  # beyond that no minutes can be reckoned
        start, end = _epoch(one.get("startdate"), "startdate"), _epoch(one.get("enddate"), "enddate")
        state = whole(one.get("state"), "state")
        stage = _STAGE.get(state, "unknown") if state is not None else "unknown"
        if stage in _ASLEEP:
            asleep_us += end.wall_us - start.wall_us
        stages.append({"stage": stage, "start": str(start), "end": str(end)})
        beats |= _beats(one.get("hr"))
    start = _epoch(stretches[0]["startdate"], "startdate")
    end = max((_epoch(one["enddate"], "enddate") for one in stretches), key=lambda one: one.wall_us)
    document = f"sleep/{start.wall_us // MICROSECONDS}"
    yield {
        "kind": "sleep",
        "document": document,
        "start": str(start),
        "end": str(end),
        "asleep_min": asleep_us / 60e6,
        "stages": stages,
    }
    if beats:
        first = min(beats)
        pairs = [(float(at - first), bpm) for at, bpm in beats.items()]
        at = Moment(first * MICROSECONDS, None, True)
        yield heart_rate_block(f"{document}/heart_rate", at, pairs, context="overnight")


def _beats(value: Any) -> dict[int, float]:
    """Heart rate by the second since 1970, from a map keyed by it; what the device did not see is left out."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowError("invalid_type", "hr", f"`hr` is {shown(value)}, and no map of times. Fetch the night again.")
    found = {}
    for key, one in value.items():
        if not key.isascii() or not key.isdigit() or len(key) > 12:
            raise RowError("invalid_type", "hr", f"`hr` has the time {shown(key)}, which is no count of seconds.")
        bpm = real(one, "hr")
        if bpm is not None and bpm > 0:
            found[int(key)] = bpm
    return found
