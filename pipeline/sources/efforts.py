"""Logged effort of a set (M1): which scale counts, and which values are off their scale."""

from __future__ import annotations

from typing import NamedTuple

from schemas.common import Effort

RIR_MIN, RIR_MAX = 0.0, 10.0
RPE_MIN, RPE_MAX = 1.0, 10.0
CONFLICT_OVER = 0.5  # RIR and 10 - RPE may differ by this much


class ReadEffort(NamedTuple):
    """Both scales as logged; ``scale`` and ``value`` are those that count (RIR where both are given)."""

    rir: float | None = None
    rpe: float | None = None
    scale: str | None = None
    value: float | None = None
    dropped: bool = False


NO_EFFORT = ReadEffort()


def read_efforts(efforts: Effort | list[Effort] | None, field: str, warnings: list[str]) -> ReadEffort:
    """Read ``effort``; impossible values are left out with a warning, which is appended to ``warnings``."""
    if efforts is None:
        return NO_EFFORT
    rir = rpe = None
    dropped = False
    for effort in [efforts] if isinstance(efforts, Effort) else efforts:
        lowest, highest = (RIR_MIN, RIR_MAX) if effort.scale == "rir" else (RPE_MIN, RPE_MAX)
        if not lowest <= effort.value <= highest:
            dropped = True
            warnings.append(off_scale(field, effort.scale, effort.value))
        elif effort.scale == "rir":
            rir = effort.value
        else:
            rpe = effort.value
    if rir is not None and rpe is not None and abs(rir - (10 - rpe)) > CONFLICT_OVER:
        warnings.append(f"`{field}`: RIR {rir:g} and RPE {rpe:g} disagree; both are kept, RIR counts.")
    if rir is not None:
        return ReadEffort(rir, rpe, "rir", rir, dropped)
    if rpe is not None:
        return ReadEffort(rir, rpe, "rpe", rpe, dropped)
    return ReadEffort(dropped=dropped)


def off_scale(field: str, scale: str, value: float) -> str:
    """The warning for a value that its scale does not have."""
    lowest, highest = (RIR_MIN, RIR_MAX) if scale == "rir" else (RPE_MIN, RPE_MAX)
    return (
        f"`{field}`: {scale.upper()} {value:g} is off its scale of {lowest:g} to {highest:g}; "
        "the effort was left out, the set was kept."
    )


def target_rir(efforts: Effort | list[Effort] | None, field: str, warnings: list[str]) -> float | None:
    """The planned repetitions in reserve, from either scale."""
    effort = read_efforts(efforts, field, warnings)
    if effort.rir is not None:
        return effort.rir
    return 10 - effort.rpe if effort.rpe is not None else None
