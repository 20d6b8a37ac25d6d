"""The canonical events an athlete's apps and devices would send, in the order of their times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.synthetic.athlete import Athlete
from pipeline.synthetic.mornings import Morning, mornings
from pipeline.synthetic.training import SetDone, Visit

Event = dict[str, object]
LOGGING = 3  # stream of chance of one seed
TRAINING_APP, DEVICES, SCALE = "synthetic-gymlog", ("synthetic-ring", "synthetic-ring-2"), "synthetic-scale"
WATCHES = ("synthetic-watch", "synthetic-watch-2")
SET_S = 45  # a set takes so long


def events(athlete: Athlete) -> Iterator[Event]:
    """Everything of one athlete, day after day; the same athlete gives the same events."""
    yield _profile(athlete)
    random = np.random.default_rng([athlete.seed, LOGGING])
    states = [day.state for day in athlete.days]
    asked = mornings(athlete.traits, states, athlete.course, athlete.seed, athlete.first_day.weekday())
    for day, morning in enumerate(asked):
        if athlete.course.moved(day):
            yield _moved(athlete, day)
        for what, span in athlete.course.declared:
            if span[0] == day:
                yield _declared(athlete, what, span)
        yield from _readings(athlete, day, morning)
        visit = athlete.days[day].visit
        if visit is not None:
            yield from _workout(athlete, day, visit, random)


def zone_of(athlete: Athlete, day: int) -> ZoneInfo:
    """Where the athlete is on that day."""
    return ZoneInfo(athlete.traits.away_zone if athlete.course.is_away(day) else athlete.traits.zone)


def _at(athlete: Athlete, day: int, hour: float) -> datetime:
    """Local hour of a day as an instant with its offset; summer time may move it, never the instant it stands for."""
    wall = datetime.combine(athlete.date_of(day), time()) + timedelta(seconds=round(hour * 3600))
    return wall.replace(tzinfo=zone_of(athlete, day)).astimezone(UTC).astimezone(zone_of(athlete, day))


def _common(athlete: Athlete, kind: str, source: str, document: str) -> Event:
    return {"kind": kind, "athlete": athlete.name, "source": source, "document": document}


def _profile(athlete: Athlete) -> Event:
    traits = athlete.traits
    return _common(athlete, "athlete", TRAINING_APP, "profile") | {
        "timezone": traits.zone,
        "name": athlete.name,
        "level": traits.level,
        "sex": traits.sex,
        "birth_year": traits.birth_year,
    }


def _moved(athlete: Athlete, day: int) -> Event:
    date = athlete.date_of(day).isoformat()
    here = {"timezone": str(zone_of(athlete, day)), "timezone_from": date}
    return _common(athlete, "athlete", TRAINING_APP, f"zone-{date}") | here


def _declared(athlete: Athlete, what: str, span: tuple[int, int]) -> Event:
    first, last = (athlete.date_of(day).isoformat() for day in span)
    said = {"what": what, "from_day": first, "to_day": last}
    return _common(athlete, "declaration", TRAINING_APP, f"{what}-{first}") | said


def _readings(athlete: Athlete, day: int, morning: Morning) -> Iterator[Event]:
    date = athlete.date_of(day).isoformat()
    sources = DEVICES if athlete.traits.device == "ring" else WATCHES
    source = sources[morning.second_device]
    if morning.asleep_h is not None and morning.in_bed_h is not None:
        end = _at(athlete, day, morning.woke_h)
        in_bed_min = round(morning.in_bed_h * 60)
        start = (end.astimezone(UTC) - timedelta(minutes=in_bed_min)).astimezone(zone_of(athlete, day))
        yield _common(athlete, "sleep", source, f"night-{date}") | {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "in_bed_min": in_bed_min,
            "asleep_min": min(in_bed_min, round(morning.asleep_h * 60)),
        }
    if morning.rmssd_ms is not None:
        value = {"statistic": "rmssd", "value_ms": round(morning.rmssd_ms, 1), "context": "overnight"}
        yield _common(athlete, "hrv", source, f"hrv-{date}") | {"night": date} | value
    if morning.rhr_bpm is not None:
        beats = {"day": date, "bpm": round(morning.rhr_bpm)}
        yield _common(athlete, "resting_heart_rate", source, f"rhr-{date}") | beats
    if morning.answers:
        yield _common(athlete, "checkin", TRAINING_APP, f"checkin-{date}") | {
            "checked_at": _at(athlete, day, morning.answered_h).isoformat(),
            "instrument": athlete.traits.answering.instrument,
            "items": morning.answers,
        }
    if morning.body_mass_kg is not None:
        yield _common(athlete, "body_mass", SCALE, f"mass-{date}") | {
            "measured_at": _at(athlete, day, morning.woke_h + 0.1).isoformat(),
            "mass": {"value": morning.body_mass_kg, "unit": "kg"},
        }


def _workout(athlete: Athlete, day: int, visit: Visit, random: np.random.Generator) -> Iterator[Event]:
    start = _at(athlete, day, visit.start_h).astimezone(UTC)
    zone = zone_of(athlete, day)
    name = f"{athlete.date_of(day).isoformat()}/{visit.title}"
    at = start + timedelta(minutes=3)
    for number, one in enumerate(visit.sets, start=1):
        at += timedelta(seconds=SET_S)
        event = _common(athlete, "set", TRAINING_APP, f"{name}/{number}") | {"session": name}
        yield event | {"performed_at": at.astimezone(zone).isoformat()} | _set(athlete, one, random)
        at += timedelta(seconds=one.rest_s)
    yield _common(athlete, "session", TRAINING_APP, f"{name}/session") | {
        "session": name,
        "title": visit.title,
        "start": start.astimezone(zone).isoformat(),
        "end": (at + timedelta(minutes=2)).astimezone(zone).isoformat(),
        "cr10": visit.cr10,
    }


def _set(athlete: Athlete, one: SetDone, random: np.random.Generator) -> Event:
    lifting = athlete.traits.lifting
    event: Event = {
        "exercise": one.lift.name,
        "exercise_block": one.block,
        "set_index": one.index,
        "set_type": "warmup" if one.warm_up else "working",
        "weight": {"value": one.load, "unit": one.unit},
        "reps": one.reps,
        "rest_s": one.rest_s,
    }
    if one.warm_up:
        return event
    if random.random() < lifting.logs_effort:
        value = 10 - one.called_rir if lifting.scale == "rpe" else one.called_rir
        event["effort"] = {"scale": lifting.scale, "value": value}
    if lifting.logs_outcome:
        event["outcome"] = "failed_mechanical" if one.failed else "completed"
    return event
