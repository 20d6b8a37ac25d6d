"""M24 minute by minute, as the text says it: a window as a dictionary of minutes, and nights as bits of days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from tests.oracle.readings import Night, stream_of

MINUTE_US = 60_000_000
DAY_MINUTES = 24 * 60

Stretch = tuple[int, int, bool]  # start and end in microseconds, asleep


def states(stretches: Sequence[Stretch], window_start_us: int, days: int) -> dict[int, bool]:
    """Minute of the window -> asleep, for minutes that all stretches covering their beginning agree on."""
    found: dict[int, bool] = {}
    for minute in range(days * DAY_MINUTES):
        instant = window_start_us + minute * MINUTE_US
        told = {asleep for start, end, asleep in stretches if start <= instant < end}
        if len(told) == 1:
            found[minute] = told.pop()
    return found


def regularity(
    stretches: Sequence[Stretch], window_start_us: int, days: int, known_min: int
) -> tuple[float | None, int, int]:
    """(index without any minimum, compared minutes, valid day pairs)."""
    found = states(stretches, window_start_us, days)
    pairs = [
        (minute, found[minute] == found[minute + DAY_MINUTES]) for minute in found if minute + DAY_MINUTES in found
    ]
    per_day = [sum(minute // DAY_MINUTES == day for minute, _ in pairs) for day in range(days - 1)]
    index = -100 + 200 * sum(same for _, same in pairs) / len(pairs) if pairs else None
    return index, len(pairs), sum(known >= known_min for known in per_day)


class Sleeper:
    """One source's nights as bits, one per minute of a UTC day: asleep, awake."""

    def __init__(self, nights: list[Night]) -> None:
        self.asleep: dict[int, int] = defaultdict(int)
        self.awake: dict[int, int] = defaultdict(int)
        until: int | None = None
        for night in sorted(nights, key=lambda one: one.start):
            if night.day is None or night.length > timedelta(days=1):
                continue
            first, after = _minute(night.start), _minute(night.end)
            if until is not None and 0 < first - until <= DAY_MINUTES:
                _paint(self.awake, until, first)
            until = after if until is None else max(until, after)
            if night.asleep_s is None:
                continue
            own: dict[int, int] = defaultdict(int)
            up: dict[int, int] = defaultdict(int)
            _paint(own, first, after)
            for since, to in night.awake or ():
                _paint(up, max(first, _minute(since)), min(after, _minute(to)))
            for day, bits in own.items():
                self.asleep[day] |= bits & ~up[day]
                self.awake[day] |= up[day]

    def index(self, day: date) -> tuple[float | None, int]:
        """(index, valid day pairs) of the 14 days in UTC before a local day."""
        end = (day - date(1970, 1, 1)).days
        compared = agreeing = valid = 0
        for one in range(end - 14, end - 1):
            here, there = (
                (self.asleep[at] & ~self.awake[at], self.awake[at] & ~self.asleep[at]) for at in (one, one + 1)
            )
            both = ((here[0] | here[1]) & (there[0] | there[1])).bit_count()
            compared += both
            agreeing += (here[0] & there[0] | here[1] & there[1]).bit_count()
            valid += both >= DAY_MINUTES // 2
        return (-100 + 200 * agreeing / compared if valid >= 5 else None), valid


def sleepers(nights: list[Night]) -> dict[str, Sleeper]:
    """By source."""
    found: dict[str, list[Night]] = defaultdict(list)
    for night in nights:
        found[stream_of(night.document)].append(night)
    return {source: Sleeper(own) for source, own in found.items()}


def _minute(at: datetime) -> int:
    """The first whole minute at or after an instant."""
    return -((datetime(1970, 1, 1, tzinfo=UTC) - at) // timedelta(minutes=1))


def _paint(days: dict[int, int], first: int, after: int) -> None:
    while first < after:
        day, begin = divmod(first, DAY_MINUTES)
        end = min(after, (day + 1) * DAY_MINUTES) - day * DAY_MINUTES
        days[day] |= (1 << end) - (1 << begin)
        first = (day + 1) * DAY_MINUTES
