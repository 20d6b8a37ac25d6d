"""Welltory's tables: measurements with their RR intervals, nights, and days of the connected wearable.

Times are wall clocks without a zone. A table can hold several people under ``user_code``; an import is one person's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.errors import RefusedError
from pipeline.sources.base import RowError
from pipeline.sources.cells import fold
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.csv_reader import open_sheet
from pipeline.sources.json_file import Element, is_json, moment
from pipeline.sources.readings import Left, Reading, resting_heart_rate
from pipeline.sources.row_elements import RowsDecoder, cell, cell_number, is_blank, is_header
from schemas.times import Moment

_USER = "user_code"
_MEASUREMENT = (_USER, "rr_code", "measurement_datetime", "rr_data")
_NIGHT = (_USER, "day", "sleep_begin", "sleep_end")
_DAY = (_USER, "day", "resting_pulse")
_ASLEEP = ("sleep_rem_duration", "sleep_light_duration", "sleep_deep_duration")


class WelltoryCsv(RowsDecoder):
    """``welltory.csv``."""

    name = "welltory.csv"
    source = "welltory"
    origin = ORIGIN_WATCH
    app = "Welltory"
    reads = (
        "RR intervals of measurements, nights with minutes asleep where stages are given, resting heart rate of a day"
    )
    not_taken = (
        (
            "rmssd, sdnn, pnn50 and the spectrum",
            "RMSSD is computed from the intervals, without beats that are no sinus ones",
        ),
        ("how_feel, how_mood, how_sleep, tags", "their scale fits no questionnaire that is read"),
        ("sleep_duration", "it is the time from begin to end and no minutes asleep"),
        ("zeros", "they stand where the wearable said nothing"),
        ("pulse_average, pulse_min, pulse_max, steps, calories", "totals of a day, and no resting heart rate"),
        ("a table of several people", "an import is one athlete's; split it by user_code"),
    )

    def recognise(self, head: bytes) -> bool:
        if is_json(head):
            return False
        sheet = open_sheet(head)
        names = {fold(name) for name in sheet.header} if sheet is not None else set()
        return any(names.issuperset(columns) for columns in (_MEASUREMENT, _NIGHT, _DAY))

    def _read(self, text: bytes) -> list[Element]:
        found = super()._read(text)
        rows = [one.value for one in found if isinstance(one.value, dict) and not is_header(one.value)]
        users = sorted({user for row in rows if (user := cell(row, _USER))})
        if len(users) > 1:
            raise RefusedError(
                f"this Welltory file holds {len(users)} people",
                f"its column `{_USER}` has {', '.join(users[:3])}{' and others' if len(users) > 3 else ''}, and an "
                "import is one athlete's",
                f"save the header line and the rows of one `{_USER}` as a file of its own for each athlete, and import "
                "those",
            )
        return found

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict) or is_blank(element):
            yield Left("empty_row")
        elif is_header(element):
            yield Left("header_row")
        elif "rr_data" in element:
            yield _measurement(element)
        elif "sleep_begin" in element:
            yield _night(element)
        else:
            yield _day(element)


def _clock(row: dict[str, Any], name: str) -> Moment:
    return moment(cell(row, name).replace(" ", "T", 1), name)


def _measurement(row: dict[str, Any]) -> Reading:
    code = cell(row, "rr_code")
    if not code:
        raise RowError("invalid_type", "rr_code", "`rr_code` is blank, and it is what a measurement is known by.")
    try:
        beats_ms = [float(one) for one in cell(row, "rr_data").replace(" ", "").split(",") if one]
    except ValueError:
        raise RowError(
            "invalid_type", "rr_data", "`rr_data` holds more than numbers and commas. Export the file again."
        ) from None
    if not any(beats_ms):
        return Left("no_reading")
    return {
        "kind": "rr_intervals",
        "document": f"measurement/{code}",
        "start": str(_clock(row, "measurement_datetime")),
        "rr_ms": beats_ms,
        "context": "morning" if fold(cell(row, "time_of_day")) == "morning" else "spot",
    }


def _night(row: dict[str, Any]) -> Reading:
    begin, end = cell(row, "sleep_begin"), cell(row, "sleep_end")
    if cell_number(row, "sleep_duration") == 0 or not (begin or end):
        return Left("no_reading")
    start = _clock(row, "sleep_begin")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": f"sleep/{start}",
        "start": str(start),
        "end": str(_clock(row, "sleep_end")),
    }
    asleep_s = sum(cell_number(row, name) or 0 for name in _ASLEEP)
    return night | ({"asleep_min": asleep_s / 60} if asleep_s else {})


def _day(row: dict[str, Any]) -> Reading:
    bpm, day = cell_number(row, "resting_pulse"), cell(row, "day")
    if not bpm:
        return Left("no_reading")
    return resting_heart_rate(f"resting_heart_rate/{day}", day, bpm)
