"""Polar's .hrm files: one recording of a heart-rate monitor, as RR intervals or as heart rate at a fixed step.

The file is a list of sections; [Params] has the start by the monitor's clock, which says no zone, and what a line of
[HRData] is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.errors import RefusedError
from pipeline.sources.base import RowError
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.csv_reader import to_utf8
from pipeline.sources.json_file import Element, moment
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder, heart_rate_block
from schemas.times import Moment

_RR_INTERVALS = 238  # what stands for a step where the lines are intervals in ms
_NO_SAMPLES = 204  # only times of laps were kept
_STEP_S_MAX = 600
_SECTION = re.compile(r"\[([A-Za-z0-9-]+)\]")
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,3})?)")
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")


class PolarHrm(ReadingsDecoder):
    """``polar.hrm``."""

    name = "polar.hrm"
    source = "polar"
    origin = ORIGIN_WATCH
    app = "Polar"
    reads = ".hrm files: RR intervals, or heart rate at the step of the recording"
    lists = ()
    not_taken = (
        ("speed, cadence, altitude, power", "no model reads them"),
        ("Summary, IntTimes, HRZones", "they are totals and limits"),
        ("MaxHR, RestHR, VO2max, Weight", "settings of the monitor, not measured on the day"),
    )

    def recognise(self, head: bytes) -> bool:
        text = to_utf8(head)[0].lstrip()
        return text[:8].lower() == b"[params]" and b"Interval=" in text and b"StartTime=" in text

    def elements_of(self, value: Any) -> list[Any]:
        return [value]

    def _read(self, text: bytes) -> list[Element]:
        """The recording of a file, or the one that a part is."""
        return [Element(_recording(text))] if self.recognise(text) else super()._read(text)

    def readings(self, element: Any) -> Iterator[Reading]:
        params, values = element["params"], element["values"]
        start = _start(params)
        step = params.get("interval", "")
        if step == str(_NO_SAMPLES) or not values:
            yield Left("no_reading")
            return
        if not step.isascii() or not step.isdigit() or not (0 < int(step) <= _STEP_S_MAX):
            raise RowError(
                "invalid_type",
                "Interval",
                f"`Interval` is {shown(step)}, so it is not known what a line of [HRData] is. Export the file again.",
            )
        numbers = [float(one) if _NUMBER.fullmatch(one) else 0.0 for one in values]  # 0: nothing was seen
        if int(step) == _RR_INTERVALS:
            yield _intervals(numbers, start)
        else:
            pairs = [(at * float(step), bpm or None) for at, bpm in enumerate(numbers)]
            yield heart_rate_block(f"hrm/{start}/heart_rate", start, pairs, context="exercise")
        wrong = [one for one in values if not _NUMBER.fullmatch(one)]
        if wrong:
            yield RowError(
                "invalid_type",
                "HRData",
                f"{len(wrong)} of {len(values)} lines of [HRData] are no numbers, the first is {shown(wrong[0])}. They "
                "count as beats that were not seen, the others are taken.",
            )


def _recording(text: bytes) -> dict[str, Any]:
    """The settings by name in lower case, and the first column of the samples. Raises RefusedError."""
    params: dict[str, str] = {}
    values: list[str] = []
    section, sections = "", set()
    for line in map(str.strip, text.decode("utf-8", "replace").splitlines()):
        head = _SECTION.fullmatch(line)
        if head is not None:
            section = head[1].lower()
            sections.add(section)
        elif section == "params" and "=" in line:
            name, _, value = line.partition("=")
            params.setdefault(name.strip().lower(), value.strip())
        elif section == "hrdata" and line:
            values.append(line.split()[0])
    if "hrdata" not in sections:
        raise RefusedError(
            "this Polar file is cut off",
            "it has no section [HRData], which holds the samples",
            "copy or export it again",
        )
    return {"params": params, "values": values}


def _start(params: dict[str, str]) -> Moment:
    """The wall clock of the first sample. Raises RowError."""
    date, clock = _DATE.fullmatch(params.get("date", "")), _CLOCK.fullmatch(params.get("starttime", ""))
    if date is None or clock is None:
        field = "Date" if date is None else "StartTime"
        raise RowError(
            "invalid_type",
            field,
            f"`{field}` is {shown(params.get(field.lower(), ''))}, so it is not known when this was. Correct it.",
        )
    hour, minute, second = clock.groups()
    return moment(f"{date[1]}-{date[2]}-{date[3]}T{hour.zfill(2)}:{minute}:{second}", "StartTime")


def _intervals(numbers: list[float], start: Moment) -> Reading:
    if not any(numbers):
        return Left("no_reading")
    return {
        "kind": "rr_intervals",
        "document": f"hrm/{start}/rr_intervals",
        "start": str(start),
        "rr_ms": numbers,
        "context": "exercise",
    }
