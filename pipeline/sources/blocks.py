"""What decoders share whose files are bodies with several lists: bodies cut off, blocks of samples, instants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.errors import RefusedError
from pipeline.sources.base import RowError
from pipeline.sources.json_file import CUT_BYTES, Element, real
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder, heart_rate_block
from schemas.times import Moment

BLOCK_SAMPLES_MAX = 1500  # an hour with more is cut by ten minutes, so that a part stays below its size
_BPM = (20, 250)
_OFFSET_S_MAX = 18 * 3600
_COUNT_MAX = 1e14  # seconds or milliseconds since 1970
_SPACE = " \t\r\n"
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DURATION = re.compile(r"(-?[0-9]{1,7})(?:\.[0-9]+)?s")


class BlocksDecoder(ReadingsDecoder):
    """Base of decoders whose file is an object with lists in it.

    Of a file that is cut off, the whole entries of ``lists`` before the cut are read, also of those in ``nested``
    objects; an entry that is itself cut is not, for half a night would pass for a short one.
    """

    nested: tuple[str, ...] = ()

    def _salvage(self, text: str) -> list[Element]:
        value, at = _whole_part(text, 0, self.lists, self.nested)
        elements = [Element(one) for one in self.elements_of(value)] if value else []
        if not elements:
            raise RefusedError(
                f"this {self.app} file is cut off or damaged",
                "it begins as JSON and does not end as such, and no entry in it is whole",
                "copy or download it again",
            )
        rest = text[at:].strip(_SPACE + "]}")
        return [*elements, Element(None, rest[:CUT_BYTES])] if rest else elements


def _whole_part(text: str, at: int, lists: Sequence[str], nested: Sequence[str]) -> tuple[Any, int]:
    """What is whole of a broken object or list from ``at`` on, and where the reading stopped."""
    at = _past(text, at, _SPACE)
    if text[at : at + 1] == "[":
        return _whole_items(text, at + 1)
    if text[at : at + 1] != "{":
        return None, at
    found: dict[str, Any] = {}
    at += 1
    while True:
        begin = _past(text, at, _SPACE + ",")
        try:
            key, at = _DECODER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            return found, begin
        at = _past(text, at, _SPACE + ":")
        if not isinstance(key, str):
            return found, begin
        try:
            found[key], at = _DECODER.raw_decode(text, at)
            continue
        except (ValueError, RecursionError):
            pass
        if key in lists and text[at : at + 1] == "[":
            found[key], stop = _whole_items(text, at + 1)
            return found, stop
        if key in nested:
            value, stop = _whole_part(text, at, lists, nested)
            return found | {key: value}, stop
        return found, begin


def _whole_items(text: str, at: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while True:
        at = _past(text, at, _SPACE + ",")
        try:
            item, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return items, at
        items.append(item)


def _past(text: str, at: int, signs: str) -> int:
    while at < len(text) and text[at] in signs:
        at += 1
    return at


_DECODER = json.JSONDecoder()


def in_blocks(samples: Sequence[Any], time_of: Callable[[Any], Any], hour_characters: int) -> list[list[Any]]:
    """Samples by the hour they are from, in the order of the first of each; a crowded hour by ten minutes.

    ``time_of`` gives the written time, of which ``hour_characters`` name the hour and two more the ten minutes.
    """
    blocks: list[list[Any]] = []
    for hour in _grouped(samples, time_of, hour_characters):
        blocks += _grouped(hour, time_of, hour_characters + 2) if len(hour) > BLOCK_SAMPLES_MAX else [hour]
    return blocks


def _grouped(samples: Sequence[Any], time_of: Callable[[Any], Any], characters: int) -> list[list[Any]]:
    groups: dict[str, list[Any]] = {}
    for one in samples:
        groups.setdefault(str(time_of(one))[:characters], []).append(one)
    return list(groups.values())


def heart_rate(
    samples: Sequence[Any],
    read: Callable[[Any], tuple[Moment, float | None]],
    *,
    document: str | None = None,
    context: str | None = None,
) -> Iterator[Reading]:
    """One block of samples, in the order of time, and one problem for all samples that cannot be.

    Null and values below 1 are gaps, or codes for them. Without ``document`` the time of the first sample names the
    block: a block that is fetched again when it has grown is the same document.
    """
    taken: list[tuple[Moment, float]] = []
    wrong: list[RowError] = []
    for one in samples:
        try:
            at, bpm = read(one)
        except RowError as error:
            wrong.append(error)
            continue
        if bpm is None or bpm < 1:
            continue
        if _BPM[0] <= bpm <= _BPM[1]:
            taken.append((at, bpm))
        else:
            wrong.append(RowError("out_of_range", "bpm", f"A heart rate is {bpm:g}, outside 20 to 250 bpm."))
    if taken:
        taken.sort(key=lambda pair: pair[0].instant_us)
        start = taken[0][0]
        pairs = [((at.instant_us - start.instant_us) / 1e6, bpm) for at, bpm in taken]
        yield heart_rate_block(document or f"heart_rate/{start}", start, pairs, context=context)
    elif not wrong:
        yield Left("no_reading")
    if wrong:
        more = f" ({len(wrong)} of {len(samples)} samples of this block are not taken, the others are.)"
        yield RowError(wrong[0].reason, wrong[0].field, wrong[0].message + more)


def from_epoch(value: Any, field: str, *, per_second: int = 1, offset_s: int | None = None) -> Moment | None:
    """The instant of a count since 1970 (``per_second`` 1 or 1000), at an offset if one is known; None for null."""
    count = bounded(value, field)
    if count is None:
        return None
    return at_offset(round(count * (1_000_000 // per_second)), offset_s)


def bounded(value: Any, field: str) -> float | None:
    """A number that times can be reckoned with; None for null. Raises RowError."""
    found = real(value, field)
    if found is not None and abs(found) > _COUNT_MAX:
        raise RowError("out_of_range", field, f"`{field}` is {found:g}, beyond every time. Correct it.")
    return found


def at_offset(instant_us: int, offset_s: int | None) -> Moment:
    """An instant with the wall clock of ``offset_s``, or in UTC without a place if that is None."""
    if offset_s is None:
        return Moment(instant_us, None, True)
    return Moment(instant_us + offset_s * 1_000_000, offset_s, False)


def offset_of(value: Any) -> int | None:
    """An offset from UTC in seconds; None for what is no offset of a place: not in whole minutes, beyond 18 h."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) <= _OFFSET_S_MAX and value % 60 == 0 else None


def duration_offset(value: Any) -> int | None:
    """``offset_of`` an offset written as a number of seconds with an s, such as ``-18000s``."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return offset_of(int(match[1])) if match else None


def whole(value: Any, field: str) -> float | None:
    """A number, also where it is written as a text of digits; None for null. Raises RowError."""
    if isinstance(value, str):
        if _WHOLE.fullmatch(value) is None:
            raise RowError("invalid_type", field, f"`{field}` is {shown(value)}, which is no number.")
        return float(value)
    return real(value, field)


def record_id(value: Any, field: str) -> str:
    """The vendor's id of a record, a text or a whole number; raises RowError without one."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise RowError(
        "invalid_type",
        field,
        f"`{field}` is {shown(value)}: without it a corrected record could not be told from a new one. "
        "Fetch the record again as the vendor gives it.",
    )


def cut_by(
    stages: Sequence[tuple[str, int, int]], shorter: Sequence[tuple[str, int, int]]
) -> list[tuple[str, int, int]]:
    """Stages (name, from, until) with ``shorter`` ones laid over them, in the order of time, none empty."""
    found = list(stages)
    for over in shorter:
        _, first, last = over
        pieces = []
        for name, begin, end in found:
            pieces += [(name, begin, min(end, first)), (name, max(begin, last), end)]
        found = [piece for piece in pieces if piece[1] < piece[2]] + [over]
    return sorted((stage for stage in found if stage[1] < stage[2]), key=lambda stage: stage[1])
