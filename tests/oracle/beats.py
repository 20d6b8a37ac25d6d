"""M28 beat by beat, as the text says it: one series, plain lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

LASTING_MIN_MS = 60_000
KEPT_MIN = 50


@dataclass(frozen=True)
class Measured:
    """M28 of one series. ``value_ms`` is null where its quality gives none, ``raw_ms`` is over all beats."""

    value_ms: float | None
    raw_ms: float | None
    beats: int
    rejected_share: float
    status: str


def measured(rr_ms: Sequence[float]) -> Measured:
    """Steps 1 to 4: up to one beat in twenty rejected OK, up to one in ten DEGRADED, more or too little no value."""
    marks = accepted(rr_ms)
    kept = [Fraction(beat) for beat, good in zip(rr_ms, marks, strict=True) if good]
    share = Fraction(len(rr_ms) - len(kept), len(rr_ms))
    raw = rmssd(rr_ms, [True] * len(rr_ms))
    if share > Fraction(1, 10) or sum(kept) < LASTING_MIN_MS or len(kept) < KEPT_MIN:
        return Measured(None, raw, len(rr_ms), float(share), "INSUFFICIENT")
    status = "DEGRADED" if share > Fraction(1, 20) else "OK"
    return Measured(rmssd(rr_ms, marks), raw, len(rr_ms), float(share), status)


def accepted(rr_ms: Sequence[float], lowest: float = 300, highest: float = 2000) -> list[bool]:
    """Which beats pass the bounds and the filter of a fifth against the last accepted beat."""
    marks: list[bool] = []
    last: float | None = None
    rejected_in_a_row = 0
    for beat in rr_ms:
        good = lowest <= beat <= highest
        if good and last is not None and rejected_in_a_row < 3:
            good = not abs(beat - last) * 5 > last
        marks.append(good)
        if good:
            last, rejected_in_a_row = beat, 0
        else:
            rejected_in_a_row += 1
    return marks


def rmssd(rr_ms: Sequence[float], marks: Sequence[bool]) -> float | None:
    """Root mean square of differences between neighbours that were both accepted."""
    both = [good and next_good for good, next_good in pairwise(marks)]
    squares = [(b - a) ** 2 for (a, b), counted in zip(pairwise(rr_ms), both, strict=True) if counted]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else None
