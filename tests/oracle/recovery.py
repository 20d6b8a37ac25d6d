"""Recovery per day (M22 to M24, M27, M29, M30): of each signal the source that counts, against its own baseline."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.oracle.baseline import Look, mean
from tests.oracle.documents import Document
from tests.oracle.readings import Readings, read
from tests.oracle.regularity import Sleeper, sleepers
from tests.oracle.times import Zones

SILENT_DAYS = {"sleep": 3, "resting_heart_rate": 3, "hrv": 3, "checkin": 7}
STALE_DAYS = 3  # of sleep, resting heart rate and HRV: what is older says nothing of today
UNLISTED = 1000
HRV_KINDS = ("ln_rmssd_overnight", "ln_rmssd_morning", "ln_rmssd", "ln_sdnn_overnight", "ln_sdnn_morning", "ln_")
SCALE_STEP = {"hooper": 1 / 6, "mclean": 1 / 4, "plain": 1 / 10}
STEP = {"sleep_min": 1.0, "sleep_efficiency": 0.01, "sleep_midpoint_min": 1.0, "resting_hr_bpm": 1.0}
WELLNESS_Z = {
    "fatigue_z": ("fatigue",), "sleep_quality_z": ("sleep", "sleep_quality"), "stress_z": ("stress",),
    "soreness_z": ("soreness",), "mood_z": ("mood",),
}  # fmt: skip
NEED_H, NEED_TEENAGER_H = 8, 9

Columns = dict[str, Any]


@dataclass
class Recovery:
    """One athlete's readings and their days."""

    readings: Readings
    days: dict[date, Columns] = field(default_factory=dict)


def recovery(
    documents: list[Document], zones: Zones, profiles: list[Columns], first: date | None, today: date | None
) -> Recovery:
    """``profiles`` are the athlete events in the order in which later ones win."""
    result = Recovery(read(documents, zones))
    profile = {name: value for event in profiles for name, value in event.items()}
    sleeping = sleepers([kept.night for kept in result.readings.nights])
    day = first
    while day is not None and today is not None and day <= today:
        seen = {
            place: look
            for place, series in result.readings.signals.items()
            for look in [Look(series, day, _step(place[0]))]
            if look.age_days is not None
        }
        if seen:
            result.days[day] = Day(seen, profile, day, sleeping).columns()
        day += timedelta(1)
    return result


def _step(signal: str) -> float:
    if signal.startswith("ln_"):
        return 0.02
    return STEP.get(signal) or SCALE_STEP[signal.partition("_")[0]]


@dataclass
class Day:
    """The living series of one day, by (signal, source)."""

    seen: dict[tuple[str, str], Look]
    profile: Columns
    day: date
    sleeping: dict[str, Sleeper]

    def columns(self) -> Columns:
        return self._sleep() | self._resting() | self._hrv() | self._wellness()

    def _listed(self, metric: str, source: str) -> int:
        order = (self.profile.get("source_priority") or {}).get(metric, [])
        for name in (source, source.partition(" (")[0]):  # a device stands where its source does
            if name in order:
                return int(order.index(name))
        return UNLISTED

    def _choice(self, metric: str, signal: str) -> tuple[str, Look] | None:
        """The source of a signal: not silent, listed first, with a value today, with the longest baseline."""
        found = {source: look for (name, source), look in self.seen.items() if name == signal}

        def standing(source: str) -> tuple[Any, ...]:
            look = found[source]
            return (
                look.age_days > SILENT_DAYS[metric],
                self._listed(metric, source),
                look.value is None,
                -look.baseline(60).n,
                source,
            )

        return min(((source, found[source]) for source in found), key=lambda pair: standing(pair[0]), default=None)

    def _value(self, signal: str, source: str) -> float | None:
        look = self.seen.get((signal, source))
        return look.value if look else None

    def _sleep(self) -> Columns:
        chosen = self._choice("sleep", "sleep_min")
        names = ("sleep_minutes", "sleep_efficiency", "sleep_midpoint_min", "sleep_source", "sleep_age_days",
                 "sleep_n_7d", "sleep_7d_min", "sleep_n_28d", "sleep_median_28d_min", "sleep_debt_h",
                 "sleep_regularity_index", "sleep_regularity_day_pairs")  # fmt: skip
        if chosen is None:
            return dict.fromkeys(names)
        source, look = chosen
        base, week, fortnight = look.baseline(28), look.last(7), look.last(14)
        debt = sum(self._need_h() - minutes / 60 for minutes in fortnight)
        values = (
            look.value,
            self._value("sleep_efficiency", source),
            self._value("sleep_midpoint_min", source),
            source,
            look.age_days,
            len(week),
            mean(week),
            base.n,
            base.median,
            max(0.0, debt) * 14 / len(fortnight) if len(fortnight) >= 10 and look.age_days <= STALE_DAYS else None,
            *self.sleeping[source].index(self.day),
        )
        return dict(zip(names, values, strict=True))

    def _need_h(self) -> float:
        stated = self.profile.get("sleep_need_h")
        if stated is not None:
            return float(stated)
        born = self.profile.get("birth_year")
        return NEED_TEENAGER_H if born is not None and 13 <= self.day.year - born <= 19 else NEED_H

    def _resting(self) -> Columns:
        chosen = self._choice("resting_heart_rate", "resting_hr_bpm")
        names = ("resting_hr_bpm", "resting_hr_source", "resting_hr_age_days", "resting_hr_n_7d", "resting_hr_n_28d",
                 "resting_hr_median_28d_bpm", "resting_hr_deviation_bpm", "resting_hr_z")  # fmt: skip
        if chosen is None:
            return dict.fromkeys(names)
        source, look = chosen
        base, week = look.baseline(28), look.last(7)
        off = z = None
        if base.n >= 14 and len(week) >= 3 and look.age_days <= STALE_DAYS:
            off = statistics.median(week) - base.median
            z = off / max(base.spread, 1.0)
        values = (look.value, source, look.age_days, len(week), base.n, base.median, off, z)
        return dict(zip(names, values, strict=True))

    def _hrv(self) -> Columns:
        names = ("hrv_signal", "hrv_source", "hrv_ms", "hrv_age_days", "hrv_n_7d", "hrv_n_60d", "ln_hrv_7d",
                 "ln_hrv_cv_7d", "ln_hrv_mean_60d", "ln_hrv_sd_60d", "hrv_state", "hrv_z")  # fmt: skip
        found = {place: look for place, look in self.seen.items() if place[0].startswith("ln_")}
        if not found:
            return dict.fromkeys(names)

        def standing(place: tuple[str, str]) -> tuple[Any, ...]:
            signal, source = place
            look = found[place]
            n = look.baseline(60).n
            kind = next(rank for rank, start in enumerate(HRV_KINDS) if signal.startswith(start))
            silent = look.age_days > SILENT_DAYS["hrv"]
            return (silent, self._listed("hrv", source), n < 21, kind, look.value is None, -n, source, signal)

        signal, source = min(found, key=standing)
        look = found[signal, source]
        base, week = look.baseline(60), look.last(7)
        average, deviation = mean(week), statistics.stdev(week) if len(week) > 1 else None
        state = z = None
        if len(week) >= 3 and base.n >= 21 and look.age_days <= STALE_DAYS:
            half = base.sd / 2
            state = "BELOW" if average < base.mean - half else "ABOVE" if average > base.mean + half else "WITHIN"
            z = (average - base.mean) / base.sd if base.sd else None
        enough = len(week) >= 3
        values = (
            signal.removeprefix("ln_"), source, None if look.value is None else math.exp(look.value),
            look.age_days, len(week), base.n, average if enough else None,
            100 * deviation / average if enough else None,
            base.mean, base.sd, state, z,
        )  # fmt: skip
        return dict(zip(names, values, strict=True))

    def _wellness(self) -> Columns:
        groups: dict[tuple[str, str], dict[str, Look]] = {}
        for (signal, source), look in self.seen.items():
            instrument, _, item = signal.partition("_")
            if instrument in SCALE_STEP:
                groups.setdefault((instrument, source), {})[item] = look
        names = ("wellness_instrument", "wellness_source", "wellness_age_days", "wellness_items", "wellness_n_7d",
                 "wellness_n_28d", "wellness_same_answers")  # fmt: skip
        if not groups:
            return dict.fromkeys((*names, "subjective_z", *WELLNESS_Z))
        zs = {place: {item: _item_z(look, place[0]) for item, look in items.items()} for place, items in groups.items()}

        def standing(place: tuple[str, str]) -> tuple[Any, ...]:
            looks = groups[place].values()
            silent = min(look.age_days for look in looks) > SILENT_DAYS["checkin"]
            ready = sum(z is not None for z in zs[place].values())
            longest = max(look.baseline(28).n for look in looks)
            return (silent, self._listed("checkin", place[1]), -ready, -longest, *place)

        chosen = min(groups, key=standing)
        items, z_of = groups[chosen], zs[chosen]
        known = [z for z in z_of.values() if z is not None]
        return {
            "wellness_instrument": chosen[0],
            "wellness_source": chosen[1],
            "wellness_age_days": min(look.age_days for look in items.values()),
            "wellness_items": len(items),
            "wellness_n_7d": max(len(look.last(7)) for look in items.values()),
            "wellness_n_28d": max(look.baseline(28).n for look in items.values()),
            "wellness_same_answers": _same_answers(items, self.day),
            "subjective_z": mean(known) if len(known) >= 3 else None,
            **{name: next((z_of[i] for i in kinds if i in z_of), None) for name, kinds in WELLNESS_Z.items()},
        }


def _same_answers(items: dict[str, Look], day: date) -> int | None:
    """How many reports in a row, newest first, say what the newest says: of 54 days, none older than 13 days."""
    said = {
        n: {item: look.series[day - timedelta(n)] for item, look in items.items() if day - timedelta(n) in look.series}
        for n in range(67)
    }
    reports = [(n, answers) for n, answers in said.items() if answers]
    if not reports or reports[0][0] > 13:
        return None
    newest, same = reports[0][0], 0
    for n, answers in reports:
        if answers != reports[0][1] or n > newest + 53:
            break
        same += 1
    return same


def _item_z(look: Look, instrument: str) -> float | None:
    week, base = look.last(7), look.baseline(28)
    if len(week) < 3 or base.n < 10:
        return None
    return (mean(week) - base.median) / max(base.spread, SCALE_STEP[instrument] / 2)
