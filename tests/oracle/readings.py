"""Recovery readings of one athlete from the living documents, and their daily values (M22, M26, M27, M29, M30)."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.baseline import Series, mean
from tests.oracle.beats import Measured, measured
from tests.oracle.documents import Document
from tests.oracle.times import Time, Zones, read_time, wall

ASLEEP = {"light", "deep", "rem", "asleep"}
SLACK_S = 60  # devices round to minutes
LATENCY_S_MAX = 4 * 3600  # in bed before and after sleep
AWAKE = {"awake", "out_of_bed"}
RMSSD_MS = (3, 300)
RESTING_BPM = (25, 120)
SLEEP_MIN_MAX = 16 * 60
WORST_IS_TEN = {"fatigue", "stress", "soreness"}

MOMENT_OF = {
    "sleep": "end",  # a night lies on the day of waking
    "hrv": "measured_at",
    "checkin": "checked_at",
    "body_mass": "measured_at",
    "heart_rate": "start",
    "rr_intervals": "start",
}
DAY_OF = {"hrv": "night", "resting_heart_rate": "day"}


def moment_of(document: Document, name: str | None = None) -> Time | None:
    """The instant a reading speaks of; null if it states only a day."""
    event = document.event or {}
    text = event.get(name or MOMENT_OF.get(event["kind"], ""))
    time = read_time(text, event.get("timezone"), document.item.tz) if text else None
    if time and event["kind"] == "rr_intervals" and event["context"] == "overnight":  # so does a night of beats
        beats = (Fraction(beat) for beat in event["rr_ms"] if 300 <= beat <= 2000)  # what is none took no such time
        length = timedelta(microseconds=round(sum(beats) * 1000))
        local = wall(time.at + length, time.zone) if time.zone else time.local and time.local + length
        return Time(time.at + length, local, time.zone)
    return time


def day_of(document: Document, zones: Zones) -> date | None:
    """The local day of a reading: the one it states, else that of its wall clock, null while no zone is known."""
    event = document.event or {}
    stated = event.get(DAY_OF.get(event["kind"], ""))
    if stated:
        return date.fromisoformat(stated)
    time = moment_of(document)
    local = zones.local(time) if time else None
    return local.date() if local else None


def stream_of(document: Document) -> str:
    """What has baselines of its own: a source, or one device of a source that collects from several."""
    device = (document.event or {}).get("device")
    return f"{document.source} ({device})" if device is not None else document.source


@dataclass(frozen=True)
class Night:
    """A sleep document as its source states it. ``woke`` is the wall clock of its end."""

    document: Document
    start: datetime
    end: datetime
    woke: datetime | None
    in_bed_s: int
    asleep_s: int | None
    nap: bool
    awake: tuple[tuple[datetime, datetime], ...] | None = None

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def day(self) -> date | None:
        return self.woke.date() if self.woke else None

    @property
    def efficiency(self) -> float | None:
        if self.asleep_s is None or not 0 < self.in_bed_s >= self.asleep_s:
            return None
        return self.asleep_s / self.in_bed_s

    @property
    def midpoint_min(self) -> float:
        """Minutes after midnight on the clock of the place of waking."""
        assert self.woke is not None
        middle = self.woke - self.length / 2
        return (middle - datetime.combine(middle.date(), datetime.min.time())) / timedelta(minutes=1)

    def overlap(self, other: Night) -> timedelta:
        return min(self.end, other.end) - max(self.start, other.start)

    def standing(self) -> tuple[Any, ...]:
        """Of two documents about one night the greater one stays."""
        return (
            self.asleep_s is not None,
            self.length,
            -self.start.timestamp(),
            self.asleep_s or 0,
            not self.nap,
            self.in_bed_s,
            self.document.document,
        )


def night(document: Document, zones: Zones) -> Night:
    """Reads a sleep document."""
    event = document.event
    assert event is not None
    start, end = moment_of(document, "start"), moment_of(document)
    assert start and end
    stages = [
        (stage["stage"], *(_at(stage[name], document) for name in ("start", "end")))
        for stage in event.get("stages") or ()
    ]
    length_s = (end.at - start.at).total_seconds()
    if not _follow(stages, start.at, end.at):
        stages = []
    asleep = [(until - since).total_seconds() for stage, since, until in stages if stage in ASLEEP]
    said_in_bed_s, said_asleep_s = (
        None if name not in event else event[name] * 60 for name in ("in_bed_min", "asleep_min")
    )
    if said_in_bed_s is not None and said_in_bed_s > length_s + SLACK_S + LATENCY_S_MAX:
        said_in_bed_s = None
    if said_asleep_s is not None and said_asleep_s > length_s + SLACK_S:
        said_asleep_s = None
    elif said_in_bed_s is not None and (said_asleep_s or 0) > said_in_bed_s + SLACK_S:
        said_asleep_s = said_in_bed_s = None
    elif said_in_bed_s is not None and "asleep_min" not in event and sum(asleep) > said_in_bed_s + SLACK_S:
        said_in_bed_s = None
    asleep_s = said_asleep_s if said_asleep_s is not None else sum(asleep) if asleep else None
    in_bed_s = length_s if said_in_bed_s is None else said_in_bed_s
    awake = tuple((since, until) for stage, since, until in stages if stage in AWAKE)
    return Night(
        document, start.at, end.at, zones.local(end), round(in_bed_s), None if asleep_s is None else round(asleep_s),
        event.get("nap", False), awake if asleep else None,
    )  # fmt: skip


def _follow(stages: list[tuple[str, datetime, datetime]], start: datetime, end: datetime) -> bool:
    """Whether the stages asleep and awake lie in the night and share no more than a minute."""
    slack = timedelta(seconds=SLACK_S)
    known = sorted((since, until) for stage, since, until in stages if stage in ASLEEP | AWAKE)
    if any(since < start - slack or until > end + slack for since, until in known):
        return False
    latest = start
    for since, until in known:
        if since + slack < latest:
            return False
        latest = max(latest, until)
    return True


def _at(text: str, document: Document) -> datetime:
    time = read_time(text, (document.event or {}).get("timezone"), document.item.tz)
    assert time is not None
    return time.at


@dataclass(frozen=True)
class Kept:
    """A night that counts, with the number of other documents of its source that overlap it at all."""

    night: Night
    overlapping: int
    names: frozenset[str]  # of the documents among which nothing but the name decides


def fold_nights(nights: list[Night]) -> list[Kept]:
    """One night handed out twice or growing is one: a document half covered by a greater one of its source goes."""
    of_source: dict[str, list[Night]] = defaultdict(list)
    for one in nights:
        of_source[stream_of(one.document)].append(one)
    kept = []
    for found in of_source.values():
        found.sort(key=lambda one: one.start)
        longest = max(one.length for one in found)
        for one in found:
            near = [
                other for other in found
                if other is not one and one.start - longest < other.start < one.end and other.end > one.start
            ]  # fmt: skip
            if not any(one.overlap(other) * 2 >= one.length and other.standing() > one.standing() for other in near):
                names = {
                    other.document.document for other in [one, *near] if other.standing()[:-1] == one.standing()[:-1]
                }
                kept.append(Kept(one, len(near), frozenset(names)))
    return kept


def asleep_by_day(nights: list[Night]) -> dict[tuple[str, date], int]:
    """Seconds asleep of each source and day; of two that overlap, the greater one counts whole."""
    found: dict[tuple[str, date], int] = defaultdict(int)
    told = [one for one in nights if one.asleep_s is not None]
    of_source: dict[str, list[Night]] = defaultdict(list)
    for one in sorted(told, key=Night.standing, reverse=True):
        greater = of_source[stream_of(one.document)]
        shared = sum((max(one.overlap(other), timedelta()) for other in greater), timedelta())
        whole_s = (shared + timedelta(seconds=0.5)) // timedelta(seconds=1)
        if one.day is not None:
            found[stream_of(one.document), one.day] += max((one.asleep_s or 0) - whole_s, 0)
        greater.append(one)
    return found


@dataclass
class Readings:
    """What one athlete's readings say, before any baseline. ``signals`` are keyed by (signal, source)."""

    nights: list[Kept] = field(default_factory=list)
    hrv: list[tuple[Document, date | None, datetime | None]] = field(default_factory=list)
    beats: list[tuple[Document, date | None, datetime, Measured]] = field(default_factory=list)
    resting: list[tuple[Document, date]] = field(default_factory=list)
    checkins: list[tuple[Document, date | None, datetime]] = field(default_factory=list)
    heart_rates: list[Document] = field(default_factory=list)
    signals: dict[tuple[str, str], Series] = field(default_factory=dict)
    degraded: set[tuple[str, str, date]] = field(default_factory=set)  # (signal, source, day) of beats of poor quality


def read(documents: list[Document], zones: Zones) -> Readings:
    """The readings of one athlete's living documents."""
    found = Readings()
    nights = []
    for document in documents:
        kind = document.event["kind"] if document.event else None
        if kind == "sleep":
            nights.append(night(document, zones))
        elif kind == "hrv":
            time = moment_of(document)
            found.hrv.append((document, day_of(document, zones), time.at if time else None))
        elif kind == "rr_intervals":
            time = moment_of(document)
            assert time is not None and document.event
            found.beats.append((document, day_of(document, zones), time.at, measured(document.event["rr_ms"])))
        elif kind == "resting_heart_rate":
            day = day_of(document, zones)
            assert day is not None
            found.resting.append((document, day))
        elif kind == "heart_rate":
            found.heart_rates.append(document)
        elif kind == "checkin":
            time = moment_of(document)
            assert time is not None
            found.checkins.append((document, day_of(document, zones), time.at))
    found.nights = fold_nights(nights)
    for values in (
        _sleep(found.nights, asleep_by_day(nights)),
        _resting(found.resting),
        _hrv(found),
        _wellness(found.checkins),
    ):
        found.signals |= values
    return found


def _sleep(nights: list[Kept], asleep: dict[tuple[str, date], int]) -> dict[tuple[str, str], Series]:
    """The main sleep of each day and source, and with it all other sleep of that day."""
    by_day: dict[tuple[str, date], list[Night]] = defaultdict(list)
    for kept in nights:
        if kept.night.day is not None:
            by_day[stream_of(kept.night.document), kept.night.day].append(kept.night)
    signals: dict[tuple[str, str], Series] = defaultdict(dict)
    for (source, day), found in by_day.items():
        whole = [one for one in found if not one.nap]
        if not whole:
            continue
        main = min(whole, key=lambda one: (-one.in_bed_s, one.start))
        signals["sleep_midpoint_min", source][day] = main.midpoint_min
        if main.asleep_s is None:
            continue
        if main.efficiency is not None:
            signals["sleep_efficiency", source][day] = main.efficiency
        asleep_min = asleep[source, day] / 60
        if asleep_min <= SLEEP_MIN_MAX:
            signals["sleep_min", source][day] = asleep_min
    return signals


def _averages(values: dict[tuple[str, str, date], list[float]]) -> dict[tuple[str, str], Series]:
    signals: dict[tuple[str, str], Series] = defaultdict(dict)
    for (signal, source, day), found in values.items():
        average = mean(found)
        assert average is not None
        signals[signal, source][day] = average
    return signals


def _resting(readings: list[tuple[Document, date]]) -> dict[tuple[str, str], Series]:
    values: dict[tuple[str, str, date], list[float]] = defaultdict(list)
    for document, day in readings:
        bpm = (document.event or {})["bpm"]
        if RESTING_BPM[0] <= bpm <= RESTING_BPM[1]:
            values["resting_hr_bpm", stream_of(document), day].append(bpm)
    return _averages(values)


def _hrv(readings: Readings) -> dict[tuple[str, str], Series]:
    """A device's own numbers and those of its beats; of a day, signal and source the mean of the logarithms."""
    values: dict[tuple[str, str, date], list[float]] = defaultdict(list)
    stated = [(document, day, "rmssd", found.value_ms, found.status) for document, day, _, found in readings.beats]
    for document, day, _ in readings.hrv:
        event = document.event or {}
        stated.append((document, day, event["statistic"], event["value_ms"], "OK"))
    for document, day, statistic, value_ms, status in stated:
        context = (document.event or {})["context"]
        if day and context != "exercise" and value_ms is not None and RMSSD_MS[0] <= value_ms <= RMSSD_MS[1]:
            place = (f"ln_{statistic}_{context}", stream_of(document), day)
            values[place].append(math.log(value_ms))
            if status == "DEGRADED":
                readings.degraded.add(place)
    return _averages(values)


def _wellness(checkins: list[tuple[Document, date | None, datetime]]) -> dict[tuple[str, str], Series]:
    """Of several answers of a day the last one; at one instant the higher number."""
    newest: dict[tuple[str, str, str, date], tuple[datetime, float]] = {}
    for document, day, at in checkins:
        event = document.event or {}
        for item, answer in event["items"].items():
            if day is not None:
                place = (event["instrument"], item, document.source, day)
                newest[place] = max(newest.get(place, (at, answer)), (at, answer))
    signals: dict[tuple[str, str], Series] = defaultdict(dict)
    for (instrument, item, source, day), (_, answer) in newest.items():
        signals[f"{instrument}_{item}", source][day] = normalised(instrument, item, answer)
    return signals


def normalised(instrument: str, item: str, answer: float) -> float:
    """An answer from 0, the worst, to 1, the best."""
    if instrument == "hooper":
        return (7 - answer) / 6
    if instrument == "mclean":
        return (answer - 1) / 4
    return (10 - answer) / 10 if item in WORST_IS_TEN else answer / 10
