"""The files of WHOOP's app export: cycles with sleep and recovery, and sleeps with naps; wall clocks with their offset.

Both files hold the same nights under the same names, so importing both stores each night once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import moment
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, overnight_rmssd, resting_heart_rate
from pipeline.sources.row_elements import RowsDecoder, cell, cell_number, is_blank, is_header, utc_offset_s
from schemas.times import Moment, format_us

_NAP = {"true": True, "false": False, "": False}


class WhoopCsv(RowsDecoder):
    """``whoop.csv``: ``physiological_cycles.csv`` and ``sleeps.csv``."""

    name = "whoop.csv"
    source = "whoop"
    origin = ORIGIN_WATCH
    app = "WHOOP"
    reads = (
        "physiological_cycles.csv and sleeps.csv in English: sleeps and naps with minutes in bed and asleep, RMSSD, "
        "resting heart rate"
    )
    columns = ("cycle start time", "cycle timezone", "sleep onset", "wake onset")
    not_taken = (
        ("workouts.csv, journal_entries.csv", "they hold strain, totals of heart rate and answers in free words"),
        ("recovery score, day strain, sleep performance, sleep consistency", "they are scores, no measurement"),
        ("sleep efficiency %", "it is the vendor's own reckoning; efficiency is computed from the minutes"),
        ("sleep need, sleep debt", "the need for sleep is the athlete's own setting, and debt is computed from it"),
        ("minutes of light, deep and REM sleep", "without the times of the stages no model reads them"),
        ("rows without sleep onset and wake onset", "they are not scored yet; they are counted as ignored"),
    )

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict) or is_blank(element):
            yield Left("empty_row")
            return
        if is_header(element):
            yield Left("header_row")
            return
        if not cell(element, "sleep onset") and not cell(element, "wake onset"):
            yield Left("score_pending")
            return
        offset_s = utc_offset_s(cell(element, "cycle timezone"), "cycle timezone")
        start, end = _clock(element, "sleep onset", offset_s), _clock(element, "wake onset", offset_s)
        document = f"sleep/{start}"
        yield _sleep(element, document, start, end)
        day = format_us(end.wall_us)[:10]
        rmssd = cell_number(element, "heart rate variability (ms)")
        resting = cell_number(element, "resting heart rate (bpm)")
        if rmssd:
            yield overnight_rmssd(f"{document}/hrv", day, rmssd)
        if resting:
            yield resting_heart_rate(f"{document}/resting_heart_rate", day, resting)


def _clock(row: dict[str, Any], name: str, offset_s: int | None) -> Moment:
    """The wall clock of a cell at the offset of its row; without one it stays a wall clock. Raises RowError."""
    found = moment(cell(row, name).replace(" ", "T", 1), name)
    return found if found.is_instant else Moment(found.wall_us, offset_s, False)


def _sleep(row: dict[str, Any], document: str, start: Moment, end: Moment) -> Reading:
    nap = _NAP.get(cell(row, "nap").casefold())
    if nap is None:
        return RowError("invalid_type", "nap", f"`nap` is {shown(cell(row, 'nap'))}, neither true nor false.")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": document,
        "start": str(start),
        "end": str(end),
        "nap": nap,
    }
    for field, name in (("in_bed_min", "in bed duration (min)"), ("asleep_min", "asleep duration (min)")):
        try:
            minutes = cell_number(row, name)
        except RowError as error:
            return error
        if minutes is not None:
            night[field] = minutes
    return night
