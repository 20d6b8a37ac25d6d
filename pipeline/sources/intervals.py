"""Wellness of intervals.icu: a row per day, by the API as JSON or CSV; kilograms, beats per minute, milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.cells import fold, number
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.readings import Left, Reading, ReadingsDecoder
from pipeline.sources.records import check_record, records_in
from pipeline.sources.row_elements import RowsDecoder, is_blank, is_header

_READS = "RMSSD, SDNN and resting heart rate of days, body mass at the beginning of its day"
_NOT_TAKEN = (
    ("sleepSecs", "a duration without its times; a night needs both"),
    (
        "soreness, fatigue, stress, mood, motivation, sleepQuality, injury",
        "answers on a scale of four steps that no questionnaire here has; another scale would be another answer",
    ),
    ("sleepScore, readiness, ctl, atl, ctlLoad, atlLoad", "they are scores and models of the vendor"),
    ("avgSleepingHR", "a mean of the night, and no resting heart rate"),
    ("nutrition, blood and other values", "no model reads them"),
)
_ANSWERS = ("soreness", "fatigue", "stress", "mood", "motivation", "sleepquality")
_UNSET = (None, 0.0, -1.0)  # -1 clears a value
_BARE_OFFSET = re.compile(r"([+-][0-9]{2})([0-9]{2})$")


class IntervalsApi(ReadingsDecoder):
    """``intervals.api``: lists of wellness records, or one record."""

    name = "intervals.api"
    source = "intervals"
    origin = ORIGIN_WATCH
    app = "intervals.icu API"
    reads = _READS
    lists = ("wellness",)
    not_taken = _NOT_TAKEN

    def recognise(self, head: bytes) -> bool:
        others = (b'"sleepSecs"', b'"hrvSDNN"', b'"hrv"', b'"ctlLoad"')
        return is_json(head) and b'"restingHR"' in head and b'"id"' in head and any(key in head for key in others)

    def elements_of(self, value: Any) -> list[Any]:
        return records_in(value, self.lists)

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        yield from _day({fold(name): value for name, value in element.items()})


class IntervalsCsv(RowsDecoder):
    """``intervals.csv``: the same as a table."""

    name = "intervals.csv"
    source = "intervals"
    origin = ORIGIN_WATCH
    app = "intervals.icu"
    reads = _READS
    columns = ("date", "restinghr", "hrv")
    not_taken = _NOT_TAKEN

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict) or is_blank(element):
            yield Left("empty_row")
        elif is_header(element):
            yield Left("header_row")
        else:
            yield from _day(element)


def _day(row: dict[str, Any]) -> Iterator[Reading]:
    """The readings of a day; the row is named after it."""
    day = words(row.get("date") or row.get("id"), "id").strip()
    if not day:
        raise RowError("invalid_type", "id", "`id` is missing, and it is the day of the row.")
    common = _revision(row)
    # The form does not say whether a value is of the night or of the morning after: both are of the state in which
    # the day began, and a source has baselines of its own.
    for field, suffix, statistic in (("hrv", "hrv", "rmssd"), ("hrvsdnn", "hrv_sdnn", "sdnn")):
        value = _value(row, field)
        if isinstance(value, RowError):
            yield value
        elif value is not None:
            yield {
                "kind": "hrv",
                "document": f"{day}/{suffix}",
                **common,
                "night": day,
                "statistic": statistic,
                "value_ms": value,
                "context": "morning",
            }
    resting = _value(row, "restinghr")
    if isinstance(resting, RowError):
        yield resting
    elif resting is not None:
        yield {
            "kind": "resting_heart_rate",
            "document": f"{day}/resting_heart_rate",
            **common,
            "day": day,
            "bpm": resting,
        }
    mass = _value(row, "weight")
    if isinstance(mass, RowError):
        yield mass
    elif mass is not None:
        yield {
            "kind": "body_mass",
            "document": f"{day}/body_mass",
            **common,
            "measured_at": f"{day}T00:00:00",
            "mass": {"value": mass, "unit": "kg"},
        }
    if _is_set(row, "sleepsecs"):
        yield Left("sleep_without_times")
    if any(_is_set(row, field) for field in _ANSWERS):
        yield Left("scale_of_four_steps")


def _value(row: dict[str, Any], field: str) -> float | RowError | None:
    """A number of a record or a cell; None if it is not set. What is wrong with it does not cost the others."""
    try:
        value = row.get(field)
        found = number(value, field) if isinstance(value, str) else real(value, field)
    except RowError as error:
        return error
    return None if found in _UNSET else found


def _is_set(row: dict[str, Any], field: str) -> bool:
    return _value(row, field) is not None


def _revision(row: dict[str, Any]) -> dict[str, str]:
    text = _BARE_OFFSET.sub(r"\1:\2", words(row.get("updated"), "updated").strip())
    return {"revision": str(moment(text, "updated"))} if text else {}
