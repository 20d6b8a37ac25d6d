"""What decoders of JSON exports share: a file read whole, workouts told apart, values read with their type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from pipeline.errors import RefusedError
from pipeline.sources.base import FILE_BYTES_MAX, PART_BYTES_MAX, Part, RowError, RowProblem, VendorDecoded
from pipeline.sources.cells import METRES, fold
from pipeline.sources.problems import excerpt, shown
from schemas.times import Moment, format_us, parse_moment

TOO_LARGE = "too_large_bytes"  # key of the stand-in for a workout that no part can hold
LIMIT_ROWS = 100_000  # of one workout, so that a hostile one cannot fill the memory with row numbers

_MARK = b"\xef\xbb\xbf"


def read_json(stream: BinaryIO, app: str) -> Any:
    """The value of a whole file; raises RefusedError for what is too large or no JSON."""
    data = stream.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise RefusedError(
            f"the {app} file is larger than {FILE_BYTES_MAX >> 20} MiB",
            "JSON is read whole, and no real log is that large",
            "export it in smaller pieces, for example by year",
        )
    data = data.removeprefix(_MARK)
    try:
        return orjson.loads(data)
    except ValueError as problem:
        raise RefusedError(
            f"the {app} file is no complete JSON",
            f"{problem}",
            "fetch or export it again; a file that was cut off cannot be told from one that was changed",
        ) from None


def json_head(head: bytes) -> bytes:
    """The beginning of a file without blanks if it can be JSON, else nothing."""
    head = head.removeprefix(_MARK).lstrip()
    return b"".join(head.split()) if head[:1] in (b"{", b"[") else b""


def part_of(workout: Any, rows: int, first: int, title: str) -> Part:
    """One workout as JSON; one too large for any part is replaced by its size."""
    payload = orjson.dumps(workout)
    if len(payload) > PART_BYTES_MAX or rows > LIMIT_ROWS:
        payload = orjson.dumps({TOO_LARGE: len(payload)})
        rows = min(rows, LIMIT_ROWS)
    return Part(payload, list(range(first, first + rows)), title)


def parse_part(payload: bytes) -> dict[str, Any]:
    """The object that ``part_of`` wrote; raises ValueError for anything else."""
    found = orjson.loads(payload)
    if not isinstance(found, dict):
        raise ValueError("a part holds one JSON object")
    return found


def refuse_all(items: Sequence[int], error: RowError, cut: str, into: VendorDecoded) -> None:
    """Reject every row of a workout for the same reason."""
    into.rejected += [RowProblem(item, error.reason, error.field, error.message, cut) for item in items]


def too_large(part: dict[str, Any]) -> RowError | None:
    """Why a part is only a stand-in, if it is one."""
    if TOO_LARGE not in part:
        return None
    return RowError(
        "too_large",
        None,
        f"The workout has {part[TOO_LARGE]} bytes; the most is {PART_BYTES_MAX}. Split it in the app.",
    )


def cut_of(value: Any) -> str:
    """A row as its excerpt."""
    return excerpt(orjson.dumps(value))


def members(value: Any) -> list[Any]:
    """A list as it is; nothing for null or a missing key."""
    return value if isinstance(value, list) else []


def text(fields: dict[str, Any], key: str) -> str:
    """A text, blank if it is missing or null; raises RowError for anything else."""
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RowError("invalid_type", key, f"`{key}` is {shown(value)}, which is no text. Correct it.")
    return value


def real(fields: dict[str, Any], key: str) -> float | None:
    """A number, null if it is missing; raises RowError for anything else."""
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowError("invalid_type", key, f"`{key}` is {shown(value)}, which is no number. Correct it.")
    return float(value)


def positive(fields: dict[str, Any], key: str) -> float | None:
    """``real`` with 0 as not said; a negative number raises RowError."""
    value = real(fields, key)
    if value is not None and value < 0:
        raise RowError("out_of_range", key, f"`{key}` is {shown(fields[key])}, below 0. Correct it.")
    return value or None


def whole(fields: dict[str, Any], key: str) -> int | None:
    """A count, also as ``10.0``; raises RowError for fractions and numbers below 0."""
    value = real(fields, key)
    if value is None:
        return None
    if not 0 <= value <= 1e6:
        raise RowError("out_of_range", key, f"`{key}` is {shown(fields[key])}, no possible count. Correct it.")
    if value != int(value):
        raise RowError(
            "invalid_type", key, f"`{key}` is {shown(fields[key])}; only whole ones are counted. Correct it."
        )
    return int(value)


def metres(value: float | None, unit: str, field: str) -> float | None:
    """A distance in metres; raises RowError for a unit that is not known."""
    if value is None:
        return None
    factor = METRES.get(fold(unit))
    if factor is None:
        what = f"has the unit {shown(unit)}, which is not known" if unit else "has no unit"
        raise RowError("missing_unit", field, f"`{field}` {what}. Use m, km, mi, yd or ft.")
    return round(value * factor, 6)


def moment(value: str, field: str) -> Moment:
    """A time of RFC 3339, or a wall clock; raises RowError."""
    try:
        return parse_moment(value)
    except ValueError as problem:
        raise RowError(
            "invalid_type", field, f"`{field}` is {shown(value)}, which {problem}. Fetch or export the workout again."
        ) from None


def in_utc(found: Moment) -> str:
    """An instant with ``Z``: for sources whose ``+00:00`` states no place."""
    return format_us(found.instant_us) + "Z"
