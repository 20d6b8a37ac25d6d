"""What members with a ring send each morning: the night, resting heart rate, HRV, and a check-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from pipeline.demo.gym import Calendar, Event, Member, Sent, common

BAD_DAYS = 21  # so long the bad stretch of a story lasts, to the last day
NIGHT_OFF = 3  # so many nights before the last one are missing where the ring is forgotten


@dataclass(frozen=True, slots=True)
class Morning:
    """How a member's mornings are in the bad stretch; the defaults are those of all other days."""

    asleep_min: float = 450
    in_bed_min: float = 485
    resting_bpm: float = 54
    rmssd_ms: float = 62
    answer: float = 7  # sleep and mood, 10 best; fatigue, stress and soreness are 10 less this


ORDINARY = Morning()
SLEEPS_BADLY = Morning(asleep_min=370, in_bed_min=480, answer=4)
RUN_DOWN = Morning(resting_bpm=62, rmssd_ms=47)
WORN_OUT = Morning(asleep_min=375, in_bed_min=480, resting_bpm=60, rmssd_ms=48, answer=3)


def mornings(bad: Morning = ORDINARY, *, ring_off: bool = False) -> Callable[[Member, Calendar], Iterable[Sent]]:
    """A member's mornings over the whole calendar, those of ``bad`` in the last three weeks.

    ``ring_off``: the ring stayed in a drawer in the last nights.
    """

    def of(member: Member, calendar: Calendar) -> Iterator[Sent]:
        random = Random(f"{member.athlete} mornings")
        days = calendar.weeks * 7
        for number in range(days):
            day = calendar.end - timedelta(days=days - 1 - number)
            now = bad if number >= days - BAD_DAYS else ORDINARY
            made = [*_night(member, day, now, random), _checkin(member, day, now, random)]
            kept = made[-1:] if ring_off and number >= days - NIGHT_OFF else made
            at = datetime.combine(day, time(7, 15), UTC)
            yield from (Sent(at, event) for event in kept)

    return of


def _night(member: Member, day: date, morning: Morning, random: Random) -> list[Event]:
    got_up = datetime.combine(day, time(6, 30)) + timedelta(minutes=random.randint(-10, 10))
    in_bed = morning.in_bed_min + random.randint(-15, 15)
    sleep = common(member, "sleep", f"night-{day}") | {
        "start": (got_up - timedelta(minutes=in_bed)).isoformat(),
        "end": got_up.isoformat(),
        "timezone": member.zone,
        "asleep_min": min(in_bed, morning.asleep_min + random.randint(-20, 20)),
    }
    resting = common(member, "resting_heart_rate", f"rest-{day}") | {
        "day": day.isoformat(),
        "bpm": morning.resting_bpm + random.randint(-2, 2),
    }
    hrv = common(member, "hrv", f"hrv-{day}") | {
        "night": day.isoformat(),
        "statistic": "rmssd",
        "value_ms": morning.rmssd_ms + random.randint(-8, 8),
        "context": "overnight",
    }
    return [event | {"source": "ring"} for event in (sleep, resting, hrv)]


def _checkin(member: Member, day: date, morning: Morning, random: Random) -> Event:
    def about(answer: float) -> float:
        return min(10.0, max(0.0, answer + random.choice((-1, 0, 0, 0, 1))))

    bad = 10 - morning.answer
    items = {
        "sleep_quality": about(morning.answer),
        "fatigue": about(bad),
        "stress": about(bad),
        "soreness": about(bad),
        "mood": about(morning.answer),
    }
    at = datetime.combine(day, time(7, 0)).isoformat()
    event = common(member, "checkin", f"checkin-{day}") | {"checked_at": at, "timezone": member.zone}
    return event | {"instrument": "plain", "items": items, "source": "spotter"}
