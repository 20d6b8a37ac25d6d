"""What the body says in a random history: nights, beats and their variability, resting heart rates and check-ins."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.oracle.times import read_time
from tests.sim.beats import TOO_LONG_MS, calm, intervals, usual_intervals
from tests.sim.sets import Person

if TYPE_CHECKING:
    from tests.sim.generator import Known

BANDS = ("band", "ring")
METRICS = ("sleep", "hrv", "resting_heart_rate", "checkin", "heart_rate")
DENSE_DAYS = (42, 72)
INSTRUMENTS = {
    "hooper": (("sleep", "fatigue", "stress", "soreness"), 1, 7),
    "mclean": (("fatigue", "sleep_quality", "soreness", "stress", "mood"), 1, 5),
    "plain": (("sleep_quality", "fatigue", "stress", "soreness", "mood"), 0, 10),
}
READINGS = ("sleep", "hrv", "rr_intervals", "resting_heart_rate", "checkin", "heart_rate")
CONTEXTS = ("overnight", "morning", "exercise", "spot")
STEPS_S = (1, 5, 30, 59.9995, 60, 60.0000004, 61, 240)
RATES = (48, 92.5, 95, 96, 114, 133, 151.75, 171, 190, 210)
MOMENTS = ("start", "end", "measured_at", "checked_at", "performed_at")
DAYS = ("day", "night")


def answers(rng: random.Random, instrument: str, usual: bool = False) -> dict[str, float]:
    """Items of a questionnaire, some of them left out; ``usual``: all of them, near the middle."""
    names, low, high = INSTRUMENTS[instrument]
    middle = (low + high) // 2
    if usual:
        return {name: min(high, max(low, middle + rng.choice((-1, 0, 0, 0, 1)))) for name in names}
    found = {name: rng.randint(low, high) for name in names if rng.random() < 0.8}
    return found or {names[0]: middle}


def priorities(rng: random.Random) -> dict[str, list[str]]:
    """Some metrics with the sources that go first."""
    return {metric: rng.sample(BANDS, rng.choice((1, 2))) for metric in METRICS if rng.random() < 0.4}


class Body:
    """Operations of the generator about recovery; it lends them its clock, its serial number and its memory."""

    rng: random.Random
    now: datetime
    _send: Callable[..., None]
    _next: Callable[[str], str]
    _register: Callable[[dict[str, Any]], dict[str, Any]]
    _changed: Callable[..., dict[str, Any]]
    _pick: Callable[..., Known | None]
    _when: Callable[..., datetime]

    # single readings

    def _night(self, person: Person, end: datetime, hours: float, source: str, **fields: Any) -> dict[str, Any]:
        start = end - timedelta(minutes=round(hours * 60))
        return self._register({
            "kind": "sleep", "athlete": person.name, "source": source, "document": self._next("n"), **fields,
            **person.time("start", start, also={"end": end}),
        })  # fmt: skip

    def _asleep(self, hours: float) -> dict[str, Any]:
        """How well one slept, in one of the ways in which devices say it, or not at all."""
        minutes = int(hours * 60)
        said = self.rng.random()
        if said < 0.1:
            return {}
        if said < 0.7:
            asleep = minutes - self.rng.randint(0, minutes // 4)
            return {"asleep_min": asleep, **({"in_bed_min": minutes - 10} if self.rng.random() < 0.2 else {})}
        return {"stages": self.rng.choice((("light", "deep", "awake", "rem"), ("asleep", "awake"), ("in_bed",)))}

    def _sleep(self, person: Person) -> None:
        """A night, often told twice: growing, by a second device, with a nap after it."""
        end = self._when(person, late=self.rng.random() < 0.3).replace(second=0, microsecond=0)
        hours = self.rng.choice((5, 7, 7.5, 8, 9.25, 17))
        source = self.rng.choice(BANDS)
        events = [self._staged(person, end, hours, source)]
        if self.rng.random() < 0.3:  # it was handed out before it was over
            part = self.rng.choice((0.3, 0.6, 0.95))
            before = self._staged(person, end - timedelta(minutes=round(hours * 60 * (1 - part))), hours * part, source)
            events.insert(0, before)
        if self.rng.random() < 0.3:
            off = timedelta(minutes=self.rng.randint(-40, 40))
            other = BANDS[1 - BANDS.index(source)]
            events.append(self._staged(person, min(end + off, self.now), hours, other))
        if self.rng.random() < 0.3:
            begin = end + timedelta(hours=self.rng.choice((-1, 3)), minutes=40)
            events.append(self._night(person, begin, 2 / 3, source, nap=True, asleep_min=self.rng.randint(20, 40)))
        if self.rng.random() < 0.5:
            self._send(*events)
        else:
            for event in events:
                self._send(event)

    def _staged(self, person: Person, end: datetime, hours: float, source: str) -> dict[str, Any]:
        fields = self._asleep(hours)
        stages = fields.pop("stages", None)
        if stages:
            minutes = round(hours * 60)
            cuts = [end - timedelta(minutes=minutes - minutes * n // len(stages)) for n in range(len(stages) + 1)]
            spelled = [person.time("start", since, also={"end": until}, inside=True)
                       for since, until in pairwise(cuts)]  # fmt: skip
            fields["stages"] = [{"stage": stage, **times} for stage, times in zip(stages, spelled, strict=True)]
        if self.rng.random() < 0.1:
            fields |= self._impossible(round(hours * 60), fields)
        return self._night(person, end, hours, source, **fields)

    def _impossible(self, minutes: int, fields: dict[str, Any]) -> dict[str, Any]:
        """What no night can be, or just can: numbers beyond it or against each other, stages that share time."""
        over = self.rng.choice((1, 2, 90))
        kind = self.rng.choice(("asleep", "in_bed", "both", "stages"))
        if kind == "stages" and "stages" in fields:
            return {"stages": [*fields["stages"], self.rng.choice(fields["stages"])]}
        if kind == "both":
            return {"asleep_min": minutes, "in_bed_min": max(0, minutes - over)}
        return {"in_bed_min" if kind == "in_bed" else "asleep_min": minutes + over}

    def _hrv(self, person: Person) -> None:
        at = self._when(person, late=self.rng.random() < 0.3)
        event = {
            "kind": "hrv", "athlete": person.name, "source": self.rng.choice(BANDS), "document": self._next("v"),
            "statistic": self.rng.choice(("rmssd", "rmssd", "sdnn")),
            "context": self.rng.choice(CONTEXTS),
            "value_ms": self.rng.choice((2, 38, 52.5, 61, 75, 310)),
        }  # fmt: skip
        day = at.astimezone(ZoneInfo(person.zone)).date().isoformat()
        kind = self.rng.random()
        if kind < 0.4:
            event["night"] = day
        elif kind < 0.5:
            event |= {"night": day, **person.time("measured_at", at)}
        else:
            event |= person.time("measured_at", at)
        self._send(self._register(event))

    def _rr_intervals(self, person: Person) -> None:
        """A series of beats; often growing, followed by others of the day, or beside a device's own value."""
        at, source, context = self._when(person, late=self.rng.random() < 0.3), self.rng.choice(BANDS), self._context()
        if self.rng.random() < 0.2:
            local = at.astimezone(ZoneInfo(person.zone)).replace(hour=23, minute=59, second=self.rng.choice((0, 59)))
            at = min(local.astimezone(UTC), self.now)
        event = self._register(self._series(person, at, source, context, intervals(self.rng)))
        more = self.rng.random()
        if more < 0.15:  # handed out again, and on
            grown = event | {"rr_ms": [*event["rr_ms"], *calm(self.rng, self.rng.choice((5, 60)), 1000, 40)]}
            self._send(event)
            self._send(self._changed(self.known[person.name, source, event["document"]], grown))
        elif more < 0.5:  # more of the day, mostly of the same signal
            events = [event]
            for _ in range(self.rng.choice((1, 2))):
                at = min(self.now, at + timedelta(seconds=self.rng.choice((0, 61, 400))))
                other = self._context() if self.rng.random() < 0.3 else context
                device = self.rng.choice(BANDS) if self.rng.random() < 0.3 else source
                events.append(self._register(self._series(person, at, device, other, usual_intervals(self.rng, 40))))
            self._send(*events)
        elif more < 0.6:  # the device has worked out a value of the same signal itself
            self._send(event, self._register({
                "kind": "hrv", "athlete": person.name, "source": source, "document": self._next("v"),
                "statistic": "rmssd", "context": context, "value_ms": self.rng.choice((52.5, 61, 64)),
                **person.time("measured_at", at),
            }))  # fmt: skip
        elif more < 0.65:  # beside one that cannot be taken
            self._send(self._series(person, at, source, context, [800, TOO_LONG_MS]), event)
        else:
            self._send(event)

    def _context(self) -> str:
        return self.rng.choice(CONTEXTS)

    def _series(self, person: Person, at: datetime, source: str, context: str, rr_ms: list[float]) -> dict[str, Any]:
        return {
            "kind": "rr_intervals", "athlete": person.name, "source": source, "document": self._next("i"),
            "context": context, "rr_ms": rr_ms, **person.time("start", at),
        }  # fmt: skip

    def _resting(self, person: Person) -> None:
        day = self._when(person, late=self.rng.random() < 0.3).astimezone(ZoneInfo(person.zone)).date()
        bpm = self.rng.choice((22, 48, 52, 55.5, 61, 140))
        self._send(self._register({
            "kind": "resting_heart_rate", "athlete": person.name, "source": self.rng.choice(BANDS),
            "document": self._next("r"), "day": day.isoformat(), "bpm": bpm,
        }))  # fmt: skip

    def _checkin(self, person: Person) -> None:
        instrument = self.rng.choice(tuple(INSTRUMENTS))
        event = {
            "kind": "checkin", "athlete": person.name, "source": self.rng.choice(("app", "coach")),
            "document": self._next("c"), "instrument": instrument, "items": answers(self.rng, instrument),
            **person.time("checked_at", self._when(person)),
        }  # fmt: skip
        if self.rng.random() < 0.3:
            event["soreness"] = {"chest": self.rng.randint(0, 10)}
        self._send(self._register(event))

    def _heart_rate(self, person: Person) -> None:
        """A block of samples, mostly about a set, with holes; often in parts, twice, or by a second device."""
        at, source = self._when(person), self.rng.choice(BANDS)
        known = self._pick(person, lambda event: event["kind"] == "set")
        if known is not None and self.rng.random() < 0.8:
            lifted = read_time(known.event["performed_at"], known.event.get("timezone"), None)
            at = min(self.now, (lifted.at if lifted else at) - timedelta(minutes=self.rng.choice((0, 5, 20))))
        offsets, rates = self._samples()
        events = [self._block(person, at, source, offsets, rates)]
        more = self.rng.random()
        if more < 0.2:  # handed out again, and on
            events.append(self._block(person, at, source, [*offsets, offsets[-1] + 20], [*rates, 120]))
        elif more < 0.4:
            events.append(self._block(person, at, BANDS[1 - BANDS.index(source)], *self._samples()))
        elif more < 0.6:  # it goes on after midnight, or so
            later = min(self.now, at + timedelta(seconds=self.rng.choice((offsets[-1] + 1, 3600))))
            events.append(self._block(person, later, source, *self._samples()))
        self._send(*events)

    def _samples(self) -> tuple[list[float], list[float]]:
        at, offsets = 0.0, []
        for _ in range(self.rng.choice((1, 2, 12, 40))):
            offsets.append(at)
            at += self.rng.choice(STEPS_S)
        if self.rng.random() < 0.2:
            self.rng.shuffle(offsets)
        return offsets, [self.rng.choice(RATES) for _ in offsets]

    def _block(
        self, person: Person, at: datetime, source: str, offsets: list[float], rates: list[float]
    ) -> dict[str, Any]:
        fields = {"context": "exercise"} if self.rng.random() < 0.5 else {}
        return self._register({
            "kind": "heart_rate", "athlete": person.name, "source": source, "document": self._next("b"), **fields,
            "offset_s": offsets, "bpm": rates, **person.time("start", at),
        })  # fmt: skip

    # changes

    def _reading_correction(self, person: Person) -> bool | None:
        known = self._pick(person, lambda event: event["kind"] in READINGS)
        if known is None:
            return False
        event = copy.deepcopy(known.event)
        if self.rng.random() < 0.4:
            event = moved(event, self.rng.choice((-3, -1)))
        elif event["kind"] in ("hrv", "rr_intervals") and self.rng.random() < 0.2:
            event = self._other_kind(person, event)
        elif event["kind"] == "sleep":
            event["asleep_min"] = self.rng.randint(200, 480)
        elif event["kind"] == "hrv":
            event["value_ms"] = self.rng.randint(35, 80)
        elif event["kind"] == "rr_intervals":
            if self.rng.random() < 0.3:
                event["context"] = self._context()
            if self.rng.random() < 0.8:
                event["rr_ms"] = intervals(self.rng)
        elif event["kind"] == "resting_heart_rate":
            event["bpm"] = self.rng.randint(45, 65)
        elif event["kind"] == "heart_rate":
            event["bpm"] = [self.rng.choice(RATES) for _ in event["bpm"]]
        else:
            event["items"] = answers(self.rng, event["instrument"])
        self._send(self._changed(known, event))
        return None

    def _other_kind(self, person: Person, event: dict[str, Any]) -> dict[str, Any]:
        """Under the same name the beats where there was a device's value, or the value in place of them."""
        if event["kind"] == "hrv":
            other = self._series(person, self._when(person), event["source"], event["context"], intervals(self.rng))
        else:
            other = {name: event[name] for name in ("athlete", "source", "context")}
            other |= {"kind": "hrv", "statistic": "rmssd", "value_ms": 58, **person.time("measured_at", self.now)}
        return other | {"document": event["document"]}

    # weeks on end

    def _weeks(self, person: Person, days: int) -> None:
        """Every day's readings of one device up to now, some days missing and some beyond reason, ten days a time."""
        source, second = self.rng.sample(BANDS, 2)
        events: list[dict[str, Any]] = []
        switch = self.rng.choice((0, 0, 12))  # so many days ago the second device replaced the first
        instrument = self.rng.choice(tuple(INSTRUMENTS))
        beats = self.rng.choice(("overnight", "morning", None, None))  # the devices hand out series, or values
        last = self.now.astimezone(ZoneInfo(person.zone)).date()
        for ago in range(days - 1, -1, -1):
            day = last - timedelta(ago)
            morning = datetime.combine(day, time(6, self.rng.randint(0, 59)), ZoneInfo(person.zone)).astimezone(UTC)
            device = second if ago < switch else source
            if morning < self.now:
                events += self._morning(person, morning, device, day.isoformat(), instrument, beats)
            if len(events) > 40 or ago == 0:
                self._send(*events)
                events = []
        for _ in range(3):  # on resting heart rates of enough days
            self._heart_rate(person)

    def _morning(
        self, person: Person, morning: datetime, source: str, day: str, instrument: str, beats: str | None
    ) -> list[dict[str, Any]]:
        rng = self.rng
        common = {"athlete": person.name, "source": source}
        events = []
        if rng.random() < 0.9:
            hours = rng.choice((7, 7.5, 8))
            asleep = rng.choice((390, 400, 405, 410, 415, 90))
            events.append(self._night(person, morning, hours, source, asleep_min=asleep))
        if rng.random() < 0.9:
            events.append(self._register({
                "kind": "resting_heart_rate", **common, "document": self._next("r"), "day": day,
                "bpm": rng.choice((50, 51, 51, 52, 52, 52, 53, 54, 70)),
            }))  # fmt: skip
        if beats:
            for minute in rng.choice(((), (0,), (0,), (0,), (0, 5))):  # several of a morning are one value
                series = usual_intervals(rng, rng.choice((36, 38, 40, 40, 41, 42, 44, 16)))
                at = morning - timedelta(minutes=30 - minute)
                events.append(self._register(self._series(person, at, source, beats, series)))
        elif rng.random() < 0.9:
            events.append(self._register({
                "kind": "hrv", **common, "document": self._next("v"), "night": day, "statistic": "rmssd",
                "context": "overnight", "value_ms": rng.choice((55, 58, 60, 61, 62, 64, 67, 20)),
            }))  # fmt: skip
        if rng.random() < 0.7:
            at = morning + timedelta(minutes=min(20, (self.now - morning) // timedelta(minutes=1)))
            events.append(self._register({
                "kind": "checkin", "athlete": person.name, "source": "app", "document": self._next("c"),
                "instrument": instrument, "items": answers(rng, instrument, usual=True),
                **person.time("checked_at", at),
            }))  # fmt: skip
        return events


def moved(event: dict[str, Any], days: int) -> dict[str, Any]:
    """An event with all its times moved by whole days; the spelling of their zones stays."""

    def move(text: str) -> str:
        zulu = text.endswith("Z")
        at = datetime.fromisoformat(text.rstrip("Z")) + timedelta(days=days)
        return at.isoformat() + ("Z" if zulu else "")

    event = copy.deepcopy(event)
    for fields in [event, *(event.get("sets") or []), *(event.get("stages") or [])]:
        for name in MOMENTS:
            if name in fields:
                fields[name] = move(fields[name])
    for name in DAYS:
        if name in event:
            event[name] = move(f"{event[name]}T00:00:00")[:10]
    return event
