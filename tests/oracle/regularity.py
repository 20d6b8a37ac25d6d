"""M24 minute by minute, as the text says it: one window, a dictionary of minutes."""

from __future__ import annotations

from collections.abc import Sequence

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
