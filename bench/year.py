"""A year of everything for a hall of athletes, and what a day costs after it; in a process of its own, prints JSON.

``python -m bench.year year ATHLETES DATA``; ``bench.run`` calls it. Every athlete trains four times a week (20 sets),
and sends a night, an HRV value, a resting heart rate and a check-in every day. The days of the first week, of the one
after six weeks (when there is a baseline to judge by), after all windows are full and after a year come one by one,
each applied with both lanes before the next; what lies between them comes at once.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.embedded import Measured, rss_mb_peak, send
from bench.generate import FIRST_DAY, SETS_PER_WORKOUT, WEEKDAYS, bodies_of, set_line
from pipeline.clock import SystemClock
from pipeline.worker.embedded import Embedded

FULL_WINDOWS_WEEKS = 32  # weeks look back 196 days and rules look at the 27 days before a new one: 223 days
FIRST_JUDGED_WEEKS = 6
YEAR_WEEKS = 52
MEASURED_AFTER_WEEKS = (0, FIRST_JUDGED_WEEKS, FULL_WINDOWS_WEEKS, YEAR_WEEKS)
BODIES_BEFORE_APPLY = 128
QUESTIONS = ("fatigue", "sleep_quality", "soreness", "stress", "mood")
Line = dict[str, object]


def day_lines(athletes: int, day: int) -> Iterator[str]:
    """All that one day brings, the evening's sets last."""
    date = FIRST_DAY + timedelta(days=day)
    for athlete in range(athletes):
        for event in _morning(athlete, day, date.date().isoformat(), (date - timedelta(days=1)).date().isoformat()):
            yield json.dumps(event, separators=(",", ":")) + "\n"
    week, weekday = divmod(day, 7)
    if weekday in WEEKDAYS:
        workout = week * len(WEEKDAYS) + WEEKDAYS.index(weekday)
        for athlete in range(athletes):
            for number in range(SETS_PER_WORKOUT):
                yield set_line(athlete, workout, number)


def _morning(athlete: int, day: int, today: str, yesterday: str) -> Iterator[Line]:
    wave = (athlete * 7 + day * 3) % 11  # a person differs a little from day to day
    common = {"athlete": f"a{athlete:04d}", "source": "watch"}
    yield {
        "kind": "sleep", **common, "document": f"n{day}", "start": f"{yesterday}T22:{10 + wave}:00+00:00",
        "end": f"{today}T06:{10 + wave}:00+00:00", "asleep_min": 420 + 3 * wave,
    }  # fmt: skip
    yield {
        "kind": "hrv", **common, "document": f"h{day}", "night": today, "statistic": "rmssd", "value_ms": 55 + wave,
        "context": "overnight",
    }  # fmt: skip
    yield {"kind": "resting_heart_rate", **common, "document": f"r{day}", "day": today, "bpm": 50 + wave % 5}
    items = {name: 2 + (wave + place) % 3 for place, name in enumerate(QUESTIONS)}
    yield {
        "kind": "checkin", **common, "document": f"c{day}", "checked_at": f"{today}T07:00:00+00:00",
        "instrument": "mclean", "items": items,
    }  # fmt: skip


def year(athletes: str, data: str) -> Measured:
    """The measurement."""
    number = int(athletes)
    service = Embedded.open(Path(data), SystemClock())
    sender = _Sender(service)
    days: dict[int, list[float]] = {}
    begun, reached = time.perf_counter(), 0
    for weeks in MEASURED_AFTER_WEEKS:
        sender.many(number, range(reached, weeks * 7))
        days[weeks] = [sender.one(number, day) for day in range(weeks * 7, weeks * 7 + 7)]
        reached = weeks * 7 + 7
    loaded = time.perf_counter() - begun
    service.close()
    first, late = days[FIRST_JUDGED_WEEKS], days[YEAR_WEEKS]
    return {
        "athletes": number,
        "events": sender.events,
        "seconds": loaded,
        "events_per_second": sender.events / loaded,
        **{f"day_s_median_after_{weeks}_weeks": statistics.median(taken) for weeks, taken in days.items()},
        "times": statistics.median(late) / statistics.median(first),
        "rss_mb_peak": rss_mb_peak(),
    }


class _Sender:
    """Days through the gateway's path."""

    def __init__(self, service: Embedded) -> None:
        self.service = service
        self.uploads = 0
        self.events = 0

    def many(self, athletes: int, days: range) -> None:
        """Many days at once."""
        for body in bodies_of(line for day in days for line in day_lines(athletes, day)):
            self._send(body)
            if self.uploads % BODIES_BEFORE_APPLY == 0:
                self.service.apply_all()
        self.service.apply_all()

    def one(self, athletes: int, day: int) -> float:
        """One day; returns the seconds until all of it is in the tables, both lanes done."""
        bodies = list(bodies_of(day_lines(athletes, day)))
        begun = time.perf_counter()
        for body in bodies:
            self._send(body)
        self.service.apply_all()
        return time.perf_counter() - begun

    def _send(self, body: bytes) -> None:
        send(self.service, body, f"y{self.uploads}")
        self.uploads += 1
        self.events += body.count(b"\n")


if __name__ == "__main__":
    print(json.dumps({"year": year}[sys.argv[1]](*sys.argv[2:])))
