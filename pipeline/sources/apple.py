"""What both doors of Apple's health data share: times as the phone writes them, and sleep records as nights.

Apple keeps sleep as single stretches (in bed, core, deep, awake ...), from several devices side by side. A night is the
stretches of one device without a pause of more than an hour.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.sources.base import RowError
from pipeline.sources.blocks import at_offset
from pipeline.sources.json_file import moment
from pipeline.sources.problems import shown
from schemas.times import MICROSECONDS, Moment

SOURCE = "apple_health"
POUNDS_OF = {"lb": 1.0, "lbs": 1.0, "st": 14.0}  # exactly
KILOGRAMS_OF = {"kg": 1.0, "g": 0.001}
_PAUSE_US = 3600 * MICROSECONDS
_DEVICE_CHARACTERS = 60  # of a device's name in the name of a document
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{1,2})(:[0-9]{2}:[0-9]{2})(?:[ \u202f]?([AaPp])\.?[Mm]\.?)? "
    r"([+-][0-9]{2}):?([0-9]{2})"
)
_STAGE = {
    "inbed": "in_bed",
    "asleep": "asleep",
    "asleepunspecified": "asleep",
    "unspecified": "asleep",
    "awake": "awake",
    "core": "light",
    "asleepcore": "light",
    "deep": "deep",
    "asleepdeep": "deep",
    "rem": "rem",
    "asleeprem": "rem",
}
# of stretches that lie over one another the first of these holds: who was awake did not sleep, who is said to be
# asleep at all may be said to be in deep sleep beside it
_STANDING = ("awake", "deep", "rem", "light", "asleep", "unknown", "in_bed")


class Stretch(NamedTuple):
    """A stage from one instant to another, both in microseconds since 1970."""

    start_us: int
    end_us: int
    stage: str


def apple_moment(value: Any, field: str) -> Moment:
    """An instant such as ``2026-11-20 07:31:00 +0100``, also with AM or PM; raises RowError."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        at = moment(value, field)
    else:
        day, hour, rest, half, offset_h, offset_min = match.groups()
        if half is not None:
            hour = str(int(hour) % 12 + (12 if half in "pP" else 0))
        at = moment(f"{day}T{hour:0>2}{rest}{offset_h}:{offset_min}", field)
    if not at.is_instant:
        raise RowError("missing_zone", field, f"`{field}` is {shown(value)}, which lacks the offset that Apple writes.")
    return at


def in_utc(at: Moment) -> str:
    """An instant as it names a document: the same whatever offset a phone writes it with."""
    return str(Moment(at.instant_us, None, True))


def stage_of(value: Any) -> str:
    """The stage of a sleep record, ``unknown`` for a value that is not known."""
    plain = re.sub(r"[ _-]", "", value).lower() if isinstance(value, str) else ""
    return _STAGE.get(plain.removeprefix("hkcategoryvaluesleepanalysis"), "unknown")


def in_nights(stretches: Sequence[Stretch]) -> list[list[int]]:
    """Places of the stretches of each night, by their start; nights of nights are themselves."""
    order = sorted(range(len(stretches)), key=lambda at: stretches[at])
    nights: list[list[int]] = []
    until_us = 0
    for place in order:
        if not nights or stretches[place].start_us - until_us > _PAUSE_US:
            nights.append([])
            until_us = stretches[place].end_us
        nights[-1].append(place)
        until_us = max(until_us, stretches[place].end_us)
    return nights


def night_of(stretches: Sequence[Stretch], device: str, begins_s: int | None, ends_s: int | None) -> dict[str, Any]:
    """The event of one night; ``begins_s`` and ``ends_s`` are the offsets of its place, in seconds. Raises RowError."""
    if any(one.end_us < one.start_us for one in stretches):
        raise RowError("out_of_range", "endDate", "A stretch of this night ends before it begins. Correct its times.")
    start_us, end_us = min(one.start_us for one in stretches), max(one.end_us for one in stretches)
    stages = [
        {"stage": one.stage, "start": str(at_offset(one.start_us, begins_s)), "end": str(at_offset(one.end_us, ends_s))}
        for one in _side_by_side(stretches)
    ]
    return {
        "kind": "sleep",
        "document": night_name(at_offset(start_us, None), device),
        "start": str(at_offset(start_us, begins_s)),
        "end": str(at_offset(end_us, ends_s)),
        **({"stages": stages} if stages else {}),
    }


def device_of(name: str) -> dict[str, str]:
    """The device of a reading as its field; nothing where several are named for one value, or none."""
    shown_name = " ".join(_printable(name).split())[:_DEVICE_CHARACTERS].strip()
    return {"device": shown_name} if shown_name and "|" not in shown_name else {}


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable())


def night_name(start: Moment, device: str) -> str:
    """The document of a night: two devices may well begin one in the same second."""
    shown_name = _printable(device).strip()[:_DEVICE_CHARACTERS]
    return f"sleep/{in_utc(start)}" + (f"/{shown_name}" if shown_name else "")


def _side_by_side(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The same time without anything lying over something else, so that no minute counts twice."""
    edges = sorted(
        [(one.start_us, 1, one.stage) for one in stretches] + [(one.end_us, -1, one.stage) for one in stretches]
    )
    found: list[Stretch] = []
    active: Counter[str] = Counter()
    for (at_us, change, stage), (next_us, _, _) in zip(edges, [*edges[1:], edges[-1]], strict=True):
        active[stage] += change
        holds = next((name for name in _STANDING if active[name] > 0), None)
        if holds is None or next_us <= at_us:
            continue
        if found and found[-1].stage == holds and found[-1].end_us == at_us:
            found[-1] = found[-1]._replace(end_us=next_us)
        else:
            found.append(Stretch(at_us, next_us, holds))
    return found


def mass_of(value: float, unit: str) -> dict[str, Any] | None:
    """A mass in kg or lb, None for a unit that is not known."""
    if unit in POUNDS_OF:
        return {"value": value * POUNDS_OF[unit], "unit": "lb"}
    return {"value": value * KILOGRAMS_OF[unit], "unit": "kg"} if unit in KILOGRAMS_OF else None
