"""What cannot be of a night: more sleep than night, a time in bed beyond it, stages that overlap or lie outside.

A value that cannot be is unknown. The night is kept, since its start and end are what its days and its midpoint need.
"""

from __future__ import annotations

from collections.abc import Sequence

ASLEEP = frozenset({"light", "deep", "rem", "asleep"})
AWAKE = frozenset({"awake", "out_of_bed"})
SLACK_US = 60_000_000  # devices round to minutes, each number for itself
LATENCY_US_MAX = 4 * 3600 * 1_000_000  # in bed before and after, where start and end are those of sleep

Span = tuple[int, int]  # from and to, in microseconds since 1970


def impossible(
    night: Span, in_bed_min: float | None, asleep_min: float | None, stages: Sequence[tuple[int, int, bool]]
) -> dict[str, str]:
    """The fields of a night that cannot be, and why, as a message goes on after the field's name.

    ``stages`` are those asleep and those awake: from, to, whether asleep.
    """
    found: dict[str, str] = {}
    if not _apart_inside(night, stages):
        found["stages"] = "overlap each other or lie outside `start` to `end`"
    length = night[1] - night[0] + SLACK_US
    in_bed, asleep = (None if minutes is None else minutes * 60e6 for minutes in (in_bed_min, asleep_min))
    if in_bed is not None and in_bed > length + LATENCY_US_MAX:
        found["in_bed_min"], in_bed = "is over four hours longer than the night from `start` to `end`", None
    if asleep is not None and asleep > length:
        found["asleep_min"] = "is longer than the night from `start` to `end`"
    elif asleep is not None and in_bed is not None and asleep > in_bed + SLACK_US:  # which of them is wrong is not said
        found["asleep_min"] = "is longer than `in_bed_min`"
        found["in_bed_min"] = "is shorter than `asleep_min`"
    elif asleep is None and in_bed is not None and "stages" not in found and _asleep_us(stages) > in_bed + SLACK_US:
        found["in_bed_min"] = "is shorter than the stages asleep"
    return found


def _asleep_us(stages: Sequence[tuple[int, int, bool]]) -> int:
    return sum(until - begin for begin, until, is_asleep in stages if is_asleep)


def _apart_inside(night: Span, stages: Sequence[tuple[int, int, bool]]) -> bool:
    """Whether stages follow each other within the night."""
    before = night[0]
    for begin, until, _ in sorted(stages):
        if begin < before - SLACK_US or until > night[1] + SLACK_US:
            return False
        before = max(before, until)
    return True
