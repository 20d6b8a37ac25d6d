"""M19 of one athlete from the samples themselves, one by one, with the standard library."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.oracle.documents import Document
from tests.oracle.readings import day_of, moment_of
from tests.oracle.recovery import Recovery
from tests.oracle.sessions import Session
from tests.oracle.times import Zones

GAP_S = 60
ENOUGH = 0.8
BASELINE_DAYS = 14
WEIGHTS = {"male": (0.64, 1.92), "female": (0.86, 1.67)}

Sample = tuple[datetime, float]
Stream = list[Sample]
Columns = dict[str, Any]
Place = tuple[Any, ...]  # source, local day, session's source and id (null: the whole day)


def heart_rate_loads(
    sessions: list[Session], zones: Zones, profiles: list[Columns], found: Recovery
) -> dict[Place, Columns]:
    """Every row of ``heart_rate_load`` of one athlete."""
    profile = {name: value for event in profiles for name, value in event.items()}
    rows: dict[Place, Columns] = {}
    by_source: dict[str, Stream] = defaultdict(list)
    by_day: dict[tuple[str, date], Stream] = defaultdict(list)
    for document in found.readings.heart_rates:
        day, samples = day_of(document, zones), list(samples_of(document))
        if day is not None:
            by_source[document.source] += samples
            by_day[document.source, day] += samples
    for (source, day), stream in by_day.items():
        stream.sort()
        whole = (stream[-1][0] - stream[0][0]).total_seconds()
        rows[source, day, None, None] = load(stream, whole, day, profile, found)
    for session in sessions:
        first, last = session.first[0], session.last[0]
        if session.superseded_by or session.local_day is None or not timedelta(0) < last - first <= timedelta(days=1):
            continue
        for source, samples in by_source.items():
            inside = sorted(sample for sample in samples if first <= sample[0] <= last)
            if inside:
                place = (source, session.local_day, session.source, session.session_id)
                rows[place] = load(inside, (last - first).total_seconds(), session.local_day, profile, found)
    _choose(rows, (profile.get("source_priority") or {}).get("heart_rate", []))
    return rows


def samples_of(document: Document) -> Iterator[Sample]:
    """The samples of one block."""
    event, start = document.event or {}, moment_of(document)
    assert start is not None
    for offset_s, bpm in zip(event["offset_s"], event["bpm"], strict=True):
        yield start.at + timedelta(microseconds=round(offset_s * 1e6)), bpm


def load(stream: Stream, whole_s: float, day: date, profile: Columns, found: Recovery) -> Columns:
    """The columns of a stream in the order of its times, of ``whole_s`` seconds."""
    most, is_estimated = maximum(profile, day)
    of_day = found.days.get(day, {})
    rest = of_day.get("resting_hr_median_28d_bpm") if (of_day.get("resting_hr_n_28d") or 0) >= BASELINE_DAYS else None
    held = []
    for (at, bpm), (until, _) in pairwise(stream):
        seconds = (until - at).total_seconds()
        if seconds <= GAP_S:
            held.append((seconds, bpm))
    coverage = sum(seconds for seconds, _ in held) / whole_s if whole_s else None
    columns = {
        "heart_rate_coverage": coverage, "hr_max_bpm": most, "hr_max_is_estimated": is_estimated,
        "resting_hr_median_28d_bpm": rest, "n_obs": len(stream), "told_s": sum(seconds for seconds, _ in held),
    }  # fmt: skip
    usual = "DEGRADED" if is_estimated or (coverage is not None and coverage < ENOUGH) else "OK"
    zones_min: list[float | None] = [None] * 5
    edwards, edwards_status = None, "UNDEFINED"
    if most is not None and coverage is not None:
        zones_min = [sum(s for s, bpm in held if zone_of(bpm, most) == zone) / 60 for zone in range(1, 6)]
        edwards = sum(zone * minutes for zone, minutes in enumerate(zones_min, 1))
        edwards_status = usual
    trimp, trimp_status = None, "UNDEFINED"
    if most is not None and coverage is not None and rest is not None and rest < most:
        trimp_status = "NOT_APPLICABLE"
        if profile.get("sex") in WEIGHTS:
            a, b = WEIGHTS[profile["sex"]]
            shares = [(seconds / 60, min(1, max(0, (bpm - rest) / (most - rest)))) for seconds, bpm in held]
            trimp, trimp_status = sum(minutes * x * a * math.exp(b * x) for minutes, x in shares), usual
    return columns | {
        "trimp_au": trimp, "trimp_status": trimp_status, "edwards_au": edwards, "edwards_status": edwards_status,
        **{f"zone_{zone}_min": minutes for zone, minutes in enumerate(zones_min, 1)},
    }  # fmt: skip


def maximum(profile: Columns, day: date) -> tuple[float | None, bool | None]:
    """Greatest heart rate, and whether it is estimated."""
    if profile.get("hr_max_bpm") is not None:
        return float(profile["hr_max_bpm"]), False
    if profile.get("birth_year") is not None:
        return 208 - 0.7 * (day.year - profile["birth_year"]), True
    return None, None


def zone_of(bpm: float, most: float) -> int:
    """0 below half of the maximum, else 1 to 5."""
    return max(0, min(5, math.floor(10 * bpm / most) - 4))


def _choose(rows: dict[Place, Columns], listed: list[str]) -> None:
    groups: dict[Place, list[Place]] = defaultdict(list)
    for place in rows:
        groups[place[1:]].append(place)

    def standing(place: Place) -> tuple[Any, ...]:
        return (listed.index(place[0]) if place[0] in listed else 1000, -rows[place]["told_s"], place[0])

    for places in groups.values():
        best = min(places, key=standing)
        for place in places:
            rows[place]["is_chosen"] = place == best
    for columns in rows.values():
        del columns["told_s"]
