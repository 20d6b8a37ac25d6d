"""Messages of a FIT file to elements: what was recorded as plain JSON, so that a part stands without the file.

Times are seconds since 1989-12-31 in UTC. Where a message shows the device's local clock beside UTC, the difference is
the offset of the place; else the instants say no place. A file is known by the device's serial number and the time it
was created, which no two recordings share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fitdecode import profile

from pipeline.sources.blocks import at_offset, in_blocks, offset_of
from pipeline.sources.fit_messages import FitFile, Message
from schemas.times import MICROSECONDS, Moment

FIT_EPOCH_S = 631_065_600  # 1989-12-31T00:00:00Z in seconds since 1970
SERIES_BEATS_MAX = 50_000  # of one series of intervals
_SINCE_POWER_ON = 0x10000000  # smaller times count from switching the device on
_HOUR_CHARACTERS = 13
_LAG_S = 10  # beats that fall further behind the records have a gap among them
_TIMER = 0
_STOPS = (1, 4, 8, 9)
_ROUND_S = 60
_LEVEL = {0: "unknown", 1: "awake", 2: "light", 3: "deep", 4: "rem"}

Element = dict[str, Any]


def elements_in(file: FitFile) -> list[Element]:
    """What one FIT file holds; empty if it holds nothing that is read."""
    if file.broken is not None:
        return [_wrong("invalid_json", None, f"A chained FIT file was left out: {file.broken}. Copy it again.")]
    messages = file.messages
    found = [
        *_sets(messages),
        *_heart_rate(messages),
        *_intervals(messages),
        *_sleep(messages),
        *_nightly(messages),
        *_resting(messages),
    ]
    if not found:
        return []
    identity = _identity(messages)
    if identity is None:
        return [
            _wrong(
                "invalid_type",
                "time_created",
                "The file does not say when it was created, so it could not be told from another. "
                "Export it from the device again.",
            )
        ]
    offset_s = _offset_s(messages)
    return [one | {"file": identity, "offset_s": offset_s} for one in found]


def at(fit_s: float, offset_s: int | None) -> Moment:
    """The moment of a FIT time."""
    return at_offset(round((fit_s + FIT_EPOCH_S) * MICROSECONDS), offset_s)


def whole_of(value: Any) -> int | None:
    """A raw value as a whole number; None for what is none, such as a text in a damaged definition."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _wrong(reason: str, field: str | None, message: str) -> Element:
    return {"form": "wrong", "reason": reason, "field": field, "message": message}


def _fields(messages: Sequence[Message], name: str) -> list[dict[str, Any]]:
    return [fields for found, fields in messages if found == name]


def _time(fields: dict[str, Any], name: str = "timestamp") -> int | None:
    """A time in seconds since 1989-12-31; None for a device that did not know the time."""
    found = whole_of(fields.get(name))
    return found if found is not None and found >= _SINCE_POWER_ON else None


def _identity(messages: Sequence[Message]) -> str | None:
    for fields in _fields(messages, "file_id"):
        created = _time(fields, "time_created")
        if created is not None:
            serial, maker = whole_of(fields.get("serial_number")), whole_of(fields.get("manufacturer"))
            return f"{serial or f'maker-{maker}'}/{at(created, None)}"
    return None


def _offset_s(messages: Sequence[Message]) -> int | None:
    """Seconds east of UTC of the place, from a message with both clocks."""
    for name in ("activity", "monitoring_info"):
        for fields in _fields(messages, name):
            utc, local = _time(fields), _time(fields, "local_timestamp")
            if utc is not None and local is not None:
                return offset_of(round((local - utc) / _ROUND_S) * _ROUND_S)
    return None


def _heart_rate(messages: Sequence[Message]) -> list[Element]:
    """Samples of recordings and of the day, in blocks of an hour."""
    exercise: list[list[int]] = []
    day: list[list[int]] = []
    full: int | None = None
    unknown_time = False
    for name, fields in messages:
        stated = _time(fields)
        full = stated if stated is not None else full
        bpm = whole_of(fields.get("heart_rate"))
        if not bpm or name not in ("record", "monitoring"):
            continue
        time = stated if name == "record" else _joined(full, fields)
        if time is None:
            unknown_time = True
        else:
            (exercise if name == "record" else day).append([time, bpm])
    found = [
        {"form": "heart_rate", "context": context, "samples": block}
        for context, samples in (("exercise", exercise), (None, day))
        for block in in_blocks(samples, lambda one: at(one[0], None), _HOUR_CHARACTERS)
    ]
    if unknown_time:
        found.append(
            _wrong(
                "implausible_time",
                "timestamp",
                "Some samples have no time, since the device did not know it; they were left out. "
                "Let the device set its clock before a recording.",
            )
        )
    return found


def _joined(full: int | None, fields: dict[str, Any]) -> int | None:
    """The time of a sample whose message has the lower 16 bits of it, behind the last full one."""
    low = whole_of(fields.get("timestamp_16"))
    if full is None or low is None or not 0 <= low <= 0xFFFF:
        return full if low is None else None
    return full + ((low - full) & 0xFFFF)


class _Series:
    """Collects intervals into series; ``last`` is the time of the latest record or event."""

    def __init__(self) -> None:
        self.found: list[Element] = []
        self.last: int | None = None
        self._beats: list[int] = []
        self._sum_ms = 0
        self._start: int | None = None

    def add(self, beat_ms: int) -> None:
        if not self._beats:
            self._start = self.last
        self._beats.append(beat_ms)
        self._sum_ms += beat_ms
        if len(self._beats) >= SERIES_BEATS_MAX:
            self.close()

    def reach(self, time: int, *, stopped: bool) -> None:
        """A record or an event: the series ends at a stop, or where beats before ``time`` are missing."""
        if self._beats and self._start is None:
            self._start = time
        lags = self._start is not None and time - self._start - self._sum_ms / 1000 > _LAG_S
        if stopped or lags:
            self.close()
        self.last = time

    def close(self) -> None:
        start = self._start if self._start is not None else self.last
        if any(self._beats) and start is not None:
            nth = 1 + sum(one["start"] == start for one in self.found)
            self.found.append({"form": "rr_intervals", "start": start, "nth": nth, "rr_ms": self._beats})
        self._beats, self._sum_ms, self._start = [], 0, None


def _intervals(messages: Sequence[Message]) -> list[Element]:
    """RR intervals as series without a gap.

    Their messages have no time: a series starts at the record before it. A pause of the timer ends one, and so do beats
    that fall behind the records, since some were not seen.
    """
    series = _Series()
    for name, fields in messages:
        if name == "hrv":
            slots = fields.get("time")
            for slot in slots if isinstance(slots, tuple | list) else (slots,):
                if (beat_ms := whole_of(slot)) is not None:
                    series.add(beat_ms)
        elif name in ("record", "event") and (time := _time(fields)) is not None:
            timer = name == "event" and fields.get("event") == _TIMER
            series.reach(time, stopped=timer and fields.get("event_type") in _STOPS)
    series.close()
    return series.found


def _sleep(messages: Sequence[Message]) -> list[Element]:
    """The levels of a sleep; each lasts until the next one, and the last one only ends it."""
    levels = {
        time: _LEVEL.get(whole_of(fields.get("sleep_level")) or 0, "unknown")
        for fields in _fields(messages, "sleep_level")
        if (time := _time(fields)) is not None
    }
    return [{"form": "sleep", "levels": sorted(levels.items())}] if levels else []


def _nightly(messages: Sequence[Message]) -> list[Element]:
    found: list[Element] = [
        {"form": "hrv", "time": time, "value_128": fields.get("last_night_average")}
        for fields in _fields(messages, "hrv_status_summary")
        if (time := _time(fields)) is not None
    ]
    if _fields(messages, "hrv_value"):
        found.append({"form": "left", "reason": "five_minute_values"})
    return found


def _resting(messages: Sequence[Message]) -> list[Element]:
    """The last resting heart rate of each day; without the place of the device its days are not known."""
    days: dict[str, Element] = {}
    offset_s = _offset_s(messages)
    for fields in _fields(messages, "monitoring_hr_data"):
        time, bpm = _time(fields), whole_of(fields.get("current_day_resting_heart_rate"))
        if time is None or not bpm:
            continue
        if offset_s is None:
            return [{"form": "left", "reason": "day_unknown"}]
        days[str(at(time, offset_s))[:10]] = {"form": "resting_heart_rate", "time": time, "bpm": bpm}
    return [one | {"day": day} for day, one in days.items()]


def _sets(messages: Sequence[Message]) -> list[Element]:
    sets = _fields(messages, "set")
    if not sets:
        return []
    titles = {
        (fields.get("exercise_category"), fields.get("exercise_name")): str(fields.get("wkt_step_name") or "").strip()
        for fields in _fields(messages, "exercise_title")
    }
    starts = [start for fields in _fields(messages, "session") if (start := _time(fields, "start_time")) is not None]
    starts = starts or [start for one in sets if (start := _time(one, "start_time") or _time(one)) is not None]
    if not starts:
        return [
            _wrong(
                "implausible_time",
                "start_time",
                "Its sets have no time, since the device did not know it. Let the device set its clock first.",
            )
        ]
    ends = [end for fields in _fields(messages, "session") if (end := _end(fields)) is not None]
    return [
        {
            "form": "sets",
            "title": _title(messages),
            "start": min(starts),
            "end": max(ends, default=None),
            "sets": [_set(fields, titles) for fields in sets],
        }
    ]


def _end(session: dict[str, Any]) -> float | None:
    start, elapsed_ms = _time(session, "start_time"), whole_of(session.get("total_elapsed_time"))
    return start + elapsed_ms / 1000 if start is not None and elapsed_ms is not None else _time(session)


def _title(messages: Sequence[Message]) -> str:
    for name, field in (("session", "sport_profile_name"), ("sport", "name")):
        for fields in _fields(messages, name):
            if isinstance(fields.get(field), str) and fields[field].strip():
                return str(fields[field]).strip()
    for name in ("session", "sport"):
        for fields in _fields(messages, name):
            if sport := _word("sub_sport", fields.get("sub_sport")) or _word("sport", fields.get("sport")):
                return in_words(sport)
    return ""


def _set(fields: dict[str, Any], titles: dict[tuple[Any, Any], str]) -> Element:
    category, subtype = _first(fields.get("category")), _first(fields.get("category_subtype"))
    word = _word("exercise_category", category)
    title = titles.get((category, subtype), "") if category is not None else ""
    name = title or in_words(_word(f"{word}_exercise_name", subtype) or word)
    return {
        "exercise": name if word != "unknown" or title else "",
        "category": word,
        "active": fields.get("set_type") != 0,
        "reps": whole_of(fields.get("repetitions")),
        "weight_16": whole_of(fields.get("weight")),
        "duration_ms": whole_of(fields.get("duration")),
        "start": _time(fields, "start_time"),
    }


def _first(value: Any) -> int | None:
    """The first of up to three guesses, which is the device's best."""
    return whole_of(value[0] if isinstance(value, tuple | list) and value else value)


def _word(type_name: str, value: Any) -> str:
    """The profile's word for a number; blank for one it does not know."""
    known = profile.FIELD_TYPES.get(type_name)
    found = known.enum.get(value) if known is not None and known.enum and whole_of(value) is not None else None
    return found if isinstance(found, str) else ""


def in_words(word: str) -> str:
    """``incline_dumbbell_bench_press`` as ``Incline Dumbbell Bench Press``."""
    return word.replace("_", " ").strip().title()
