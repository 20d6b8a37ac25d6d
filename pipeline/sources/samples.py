"""Heart-rate samples as columns of small integers, judged a list at a time with the verdicts of the schema.

A list in which anything is in doubt is left to the model, which is the authority and names what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.recovery import SAMPLES_MAX, HeartRate

Floats = npt.NDArray[np.float64]

_NUMBERS = {int, float}  # what JSON calls a number; Python's bool is an int, and no number here
_NUMERIC = "iuf"  # kinds of arrays that numpy makes of numbers, or of bools among numbers, and of nothing else
_BPM_MAX = np.iinfo(np.uint8).max


class Samples(NamedTuple):
    """Columns of one block, in the order in which they were sent.

    ``offset_ms`` whole milliseconds after the start; where some offset is none, null and ``offset_us`` has them in
    microseconds, to which every time is kept. ``bpm`` whole beats per minute; where some rate is none, null and
    ``bpm_exact`` has them as given.
    """

    offset_ms: npt.NDArray[np.int32] | None
    offset_us: npt.NDArray[np.int64] | None
    bpm: npt.NDArray[np.uint8] | None
    bpm_exact: Floats | None


NO_SAMPLES = Samples(None, None, None, None)  # of every other kind


def samples_of(offset_s: Sequence[float] | Floats, bpm: Sequence[float] | Floats) -> Samples:
    """The columns of lists that the schema takes."""
    offsets, rates = np.asarray(offset_s, np.float64), np.asarray(bpm, np.float64)
    at_us = np.rint(offsets * 1e6)
    at_ms = at_us / 1000
    whole_ms = bool((at_ms == np.rint(at_ms)).all())
    whole_bpm = bool((rates == np.rint(rates)).all()) and float(rates.max()) <= _BPM_MAX
    return Samples(
        at_ms.astype(np.int32) if whole_ms else None,
        None if whole_ms else at_us.astype(np.int64),
        rates.astype(np.uint8) if whole_bpm else None,
        None if whole_bpm else rates,
    )


def read_lists(fields: Mapping[str, Any], *, bools: bool = True) -> tuple[Floats, Floats] | None:
    """``offset_s`` and ``bpm`` of an event as numbers, or None where the model must judge them.

    ``bools`` false: the text it was read from has no true and no false, so each value need not be asked its type.
    """
    offsets, rates = (_numbers(fields.get(name), *_bounds(name), bools) for name in ("offset_s", "bpm"))
    if offsets is None or rates is None or len(offsets) != len(rates):
        return None
    return offsets, rates


def _numbers(value: Any, least: float, most: float, bools: bool) -> Floats | None:
    if type(value) is not list or not 1 <= len(value) <= SAMPLES_MAX:
        return None
    if bools and not set(map(type, value)) <= _NUMBERS:
        return None
    try:
        found = np.array(value)
    except (ValueError, OverflowError):  # lists of several lengths
        return None
    if found.dtype.kind not in _NUMERIC or found.ndim != 1 or not (least <= found.min() and found.max() <= most):
        return None  # NaN is in no range
    return found.astype(np.float64)


@lru_cache(maxsize=2)
def _bounds(name: str) -> tuple[float, float]:
    """The least and the greatest number that the schema takes in a list of ``HeartRate``."""
    schema = HeartRate.model_json_schema()["properties"][name]["items"]
    return float(schema["minimum"]), float(schema["maximum"])
