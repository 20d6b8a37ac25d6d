"""Times between beats of random series: calm ones, and what straps, movement and ectopic beats make of them."""

from __future__ import annotations

import random

LENGTHS = (1, 2, 12, 49, 50, 51, 60, 75, 100, 120, 240)  # on both sides of 50 intervals
BASES_MS = (400, 600, 800, 1000, 1200, 1250, 1900)  # 75 of 800 ms, 50 of 1200 ms last 60 s
SPREADS_MS = (0, 1, 15, 40, 45, 60)
OUTSIDE_MS = (0, 250, 299.5, 2000.25, 2600, 65_535)
AT_THE_BOUNDS_MS = (300, 2000)
SHARES = (0, 0, 0.02, 0.05, 0.06, 0.1, 0.11, 0.4)  # on both sides of OK, DEGRADED and no value
TOO_LONG_MS = 65_536  # the schema takes no such interval


def intervals(rng: random.Random) -> list[float]:
    """A series of any length and quality, in ms."""
    beats = calm(rng, rng.choice(LENGTHS), rng.choice(BASES_MS), rng.choice(SPREADS_MS))
    disturbed = round(rng.choice(SHARES) * len(beats))
    for at in rng.sample(range(len(beats)), disturbed):
        _disturb(rng, beats, at)
    if rng.random() < 0.15:  # another rate from here on: three rejections, then a new run
        at, factor = rng.randrange(len(beats)), rng.choice((0.5, 0.75, 1.25, 1.5))
        beats[at:] = [beat * factor for beat in beats[at:]]
    if rng.random() < 0.15:  # a fifth more, and just above a fifth
        at = rng.randrange(len(beats))
        beats[at:at] = [800, 960, 768, 800, 960.5]
    return beats


def usual_intervals(rng: random.Random, spread_ms: float) -> list[float]:
    """A minute and more of one sleeper's beats, mostly good enough for a value."""
    beats = calm(rng, rng.choice((70, 75, 80)), rng.choice((900, 950, 1000)), spread_ms)
    for at in rng.sample(range(len(beats)), rng.choice((0, 0, 0, 1, 2, 3, 5, 9))):
        _disturb(rng, beats, at)
    return beats


def calm(rng: random.Random, length: int, base_ms: float, spread_ms: float) -> list[float]:
    """Intervals about one rate, in quarters of a millisecond as some straps give them, else in whole ones."""
    steps = rng.choice((1, 1, 4))
    return [max(0, round((base_ms + rng.gauss(0, spread_ms)) * steps)) / steps for _ in range(length)]


def _disturb(rng: random.Random, beats: list[float], at: int) -> None:
    """In place: a missed beat, an extra one, an early one with its pause, or a value that no heart has."""
    kind = rng.choice(("missed", "extra", "early", "outside", "bound"))
    if kind == "missed":
        beats[at] *= 2
    elif kind == "extra":
        short = beats[at] // 3
        beats[at : at + 1] = [short, beats[at] - short]
    elif kind == "early":
        off = beats[at] // 3
        beats[at] -= off
        if at + 1 < len(beats):
            beats[at + 1] += off
    else:
        beats[at] = rng.choice(OUTSIDE_MS if kind == "outside" else AT_THE_BOUNDS_MS)
    beats[at] = min(beats[at], OUTSIDE_MS[-1])
