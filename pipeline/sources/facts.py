"""The rows of one event, in the order of the columns; a row that cannot be is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import orjson

from pipeline.sources.columns import ZONE_EVENT
from pipeline.sources.efforts import NO_EFFORT, read_efforts, target_rir
from pipeline.sources.local_time import Placed
from pipeline.sources.night import ASLEEP, AWAKE, impossible
from pipeline.sources.receipt import DAY_US, FUTURE_US_MAX, RefusedItemError, Upload, implausible, placed_at
from pipeline.sources.samples import NO_SAMPLES, Samples, samples_of
from schemas.events import (
    AnyEvent,
    BodyMass,
    HeartRate,
    Hrv,
    RestingHeartRate,
    RrIntervals,
    Session,
    SessionSet,
    Set,
    SetFields,
    Sleep,
)
from schemas.times import format_us

Row = tuple[Any, ...]

_EPOCH_DAY = date(1970, 1, 1)
_EARLIEST_DAY = date(1990, 1, 1)
_EAST_US = 14 * 3_600_000_000  # no clock is further ahead of UTC
_PLAN_DAYS_MAX = 5 * 366  # plans and declarations may speak of the future
_SLEEP_US_MAX = 2 * DAY_US
_BEAT_MS = (300, 2000)  # M28's bounds
_HRV_MS, _RESTING_BPM = (3, 300), (25, 120)  # M26's
_IDENTITY = {"kind", "athlete", "source", "document", "revision"}
_NOT_IN_PAYLOAD = _IDENTITY | {"offset_s", "bpm"}  # of a heart rate: its samples are columns of their own

# the instant and the day a kind speaks of; a night counts by its end
_AT_FIELD = {
    "sleep": "end",
    "heart_rate": "start",
    "rr_intervals": "start",
    "hrv": "measured_at",
    "checkin": "checked_at",
    "body_mass": "measured_at",
    "tick": "now_at",
}
_DAY_FIELD = {
    "hrv": "night",
    "resting_heart_rate": "day",
    "athlete": "timezone_from",
    "declaration": "from_day",
    "plan": "from_day",
}
_MEASURED_DAYS = frozenset({"night", "day"})


def set_row(doc_row: int, event: Set, tz: str | None, upload: Upload, warnings: list[str]) -> Row:
    """The SET row of a set that is its own document; raises RefusedItemError."""
    placed = placed_at(event.performed_at, "performed_at", tz, upload)
    head = (doc_row, 0, event.session, *placed)
    return head + _measures(event, event.set_index, "", warnings)


def member_row(
    session: Session, session_row: Row, ordinal: int, event: SessionSet, *, upload: Upload, warnings: list[str]
) -> Row:
    """The SET row of one set of a session whose own row is ``session_row``. Raises RefusedItemError."""
    prefix = f"sets[{ordinal - 1}]."
    at_us = local_us = None
    doc_row, zone_kind, zone = session_row[0], session_row[4], session_row[5]
    if event.performed_at is not None:
        placed = placed_at(event.performed_at, f"{prefix}performed_at", session.timezone, upload)
        at_us, local_us, zone_kind, zone = placed
    head = (doc_row, ordinal, session.session, at_us, local_us, zone_kind, zone)
    return head + _measures(event, ordinal if event.set_index is None else event.set_index, prefix, warnings)


def _measures(event: SetFields, set_index: int, prefix: str, warnings: list[str]) -> Row:
    """What a set says besides where it stands, in the order of the columns from ``exercise`` on."""
    weight, target = event.weight, event.target
    effort = read_efforts(event.effort, f"{prefix}effort", warnings) if event.effort is not None else NO_EFFORT
    target_reps = target_weight = target_effort = None
    if target is not None:
        target_reps = target.reps
        target_weight = target.weight.milligrams if target.weight is not None else None
        target_effort = target_rir(target.effort, f"{prefix}target.effort", warnings)
    return (
        event.exercise,
        event.exercise_block,
        set_index,
        event.set_type,
        weight.milligrams if weight is not None else None,
        weight.value if weight is not None else None,
        weight.unit if weight is not None else None,
        event.load_kind,
        event.side,
        event.reps,
        event.duration_s,
        event.distance_m,
        effort.rir,
        effort.rpe,
        effort.scale,
        effort.value,
        event.outcome,
        target_reps,
        target_weight,
        target_effort,
        event.rest_s,
        event.rep_velocities_m_s,
        event.superset,
        event.notes,
        effort.dropped,
    )


def session_row(doc_row: int, event: Session, tz: str | None, upload: Upload, warnings: list[str]) -> Row:
    """The SESSION row; an end not after the start is left out with a warning. Raises RefusedItemError."""
    start = placed_at(event.start, "start", tz, upload)
    end_at = end_local = None
    if event.end is not None:
        end = placed_at(event.end, "end", tz, upload)
        if end.at_us > start.at_us:
            end_at, end_local = end.at_us, end.local_us
        else:
            warnings.append("`end` is not after `start`; the end was left out, the session was kept.")
    return (
        doc_row,
        event.session,
        *start,
        end_at,
        end_local,
        event.date_only,
        event.cr10,
        event.title,
        event.notes,
        event.sets is not None,
    )


def event_row(
    doc_row: int,
    event: AnyEvent,
    tz: str | None,
    upload: Upload,
    samples: Samples | None = None,
    warnings: list[str] | None = None,
) -> Row:
    """The EVENT row of every other kind; raises RefusedItemError. ``samples``: those of a heart rate, if made already.

    What cannot be of a night that was is left out, and said in ``warnings``, as is what will count on no day.

    In ``payload`` a time ``x`` is an instant (``...Z``) with ``x_local`` beside it where the wall clock
    is known; identity fields and nulls are left out; ``mass_mg`` is added to a body mass.
    """
    columns = NO_SAMPLES
    if isinstance(event, HeartRate):
        columns = samples or samples_of(event.offset_s, event.bpm)
    excluded = _NOT_IN_PAYLOAD if isinstance(event, HeartRate) else _IDENTITY
    payload = event.model_dump(exclude=excluded, exclude_none=True)
    at: Placed | None = None
    for field in event.moments if hasattr(event, "moments") else ():
        moment = getattr(event, field)
        if moment is None:
            continue
        placed = placed_at(moment, field, tz, upload)
        _spell(payload, field, placed)
        if _AT_FIELD.get(event.kind) == field:
            at = placed
    if isinstance(event, RrIntervals) and event.context == "overnight" and at is not None:
        at = _end_of_beats(event, at, upload)
    if isinstance(event, Sleep):
        _check_sleep(event, payload, tz, upload, [] if warnings is None else warnings)
    if warnings is not None:
        warnings += _out_of_bounds(event)
    if isinstance(event, BodyMass):
        payload["mass_mg"] = event.mass.milligrams
    day = _day(event, upload)
    text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS).decode()
    if at is None:
        return (doc_row, None, None, ZONE_EVENT if tz is not None else 0, day, text, *columns)
    return (doc_row, at.at_us, at.local_us, at.zone_kind, day, text, *columns)


def _end_of_beats(event: RrIntervals, start: Placed, upload: Upload) -> Placed:
    """When a night of beats ended, for a night counts by its end here as well; raises RefusedItemError.

    What no heart can do is a gap or an empty slot and took no such time: 65,535 ms stand for "nothing" in some exports.
    """
    lasted_us = round(math.fsum(beat for beat in event.rr_ms if _BEAT_MS[0] <= beat <= _BEAT_MS[1]) * 1000)
    end = start.later(lasted_us)
    if lasted_us > _SLEEP_US_MAX:
        raise RefusedItemError(
            "out_of_range", "rr_ms", "`rr_ms` of one night lasts more than 48 h. Split the record into its nights."
        )
    if implausible(end.at_us, upload.received_us):
        raise RefusedItemError(
            "implausible_time",
            "rr_ms",
            f"`rr_ms` ends at {format_us(end.at_us)}Z, more than 24 h after receipt. Set the device's clock and send"
            " the event again.",
        )
    return end


def _out_of_bounds(event: AnyEvent) -> Iterator[str]:
    """What is kept as sent, and counts on no day (M26)."""
    if isinstance(event, Hrv) and not _HRV_MS[0] <= event.value_ms <= _HRV_MS[1]:
        yield (
            f"`value_ms` is {event.value_ms:g}, outside {_HRV_MS[0]} to {_HRV_MS[1]} ms: it is kept and counts on no"
            " day. See whether it was meant in seconds."
        )
    if isinstance(event, RestingHeartRate) and not _RESTING_BPM[0] <= event.bpm <= _RESTING_BPM[1]:
        yield (
            f"`bpm` is {event.bpm:g}, outside {_RESTING_BPM[0]} to {_RESTING_BPM[1]} at rest: it is kept and counts"
            " on no day. See whether it was measured at rest."
        )


def _spell(payload: dict[str, Any], field: str, placed: Placed) -> None:
    payload[field] = f"{format_us(placed.at_us)}Z"
    if placed.local_us is not None:
        payload[f"{field}_local"] = format_us(placed.local_us)


def _check_sleep(event: Sleep, payload: dict[str, Any], tz: str | None, upload: Upload, warnings: list[str]) -> None:
    start, end = placed_at(event.start, "start", tz, upload), placed_at(event.end, "end", tz, upload)
    if not 0 < end.at_us - start.at_us <= _SLEEP_US_MAX:
        raise RefusedItemError(
            "out_of_range",
            "end",
            "`end` must come after `start`, by at most 48 h. Correct the times, or split the record into its nights.",
        )
    told: list[tuple[int, int, bool]] = []
    for index, stage in enumerate(event.stages or ()):
        from_ = placed_at(stage.start, f"stages[{index}].start", tz, upload)
        to = placed_at(stage.end, f"stages[{index}].end", tz, upload)
        if to.at_us < from_.at_us:
            raise RefusedItemError(
                "out_of_range",
                f"stages[{index}].end",
                f"`stages[{index}].end` lies before its start. Correct the times, or leave `stages` out.",
            )
        _spell(payload["stages"][index], "start", from_)
        _spell(payload["stages"][index], "end", to)
        if stage.stage in ASLEEP or stage.stage in AWAKE:
            told.append((from_.at_us, to.at_us, stage.stage in ASLEEP))
    for field, why in impossible((start.at_us, end.at_us), event.in_bed_min, event.asleep_min, told).items():
        payload.pop(field, None)
        warnings.append(f"`{field}` {why}; it was left out, the night was kept. Correct it and send the night again.")


def _day(event: AnyEvent, upload: Upload) -> date | None:
    """The day a kind states; measured days lie in the past, plans and declarations may look ahead."""
    field = _DAY_FIELD.get(event.kind)
    day: date | None = getattr(event, field) if field is not None else None
    if day is None or field is None:
        return None
    measured = field in _MEASURED_DAYS
    if measured:  # the date 24 h after receipt where the day begins first
        latest = _EPOCH_DAY + timedelta(days=(upload.received_us + FUTURE_US_MAX + _EAST_US) // DAY_US)
    else:
        latest = _EPOCH_DAY + timedelta(days=upload.received_us // DAY_US + _PLAN_DAYS_MAX)
    if not _EARLIEST_DAY <= day <= latest:
        raise RefusedItemError(
            "implausible_time",
            field,
            f"`{field}` is {day}: days before 1990 or {'after tomorrow' if measured else 'more than 5 years ahead'} "
            "are taken for a wrong clock. Correct the day and send the event again.",
        )
    return day
