"""Times on the wire: instants, wall clocks, days and zone names, each with one spelling that is accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))?"
)
_MOMENT_SCHEMA = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})?$"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as written: the wall clock, and what it says about its zone.

    ``wall_us`` are the microseconds since 1970 of the written date and time read as if it were UTC.
    ``offset_s`` is the numeric offset in seconds; null for ``Z``, for ``-00:00`` (both state an instant
    and no place) and for a bare wall clock, which is the one with ``zulu`` false.
    """

    wall_us: int
    offset_s: int | None
    zulu: bool

    @property
    def is_instant(self) -> bool:
        """Whether the text alone fixes the instant."""
        return self.zulu or self.offset_s is not None

    @property
    def instant_us(self) -> int:
        """Microseconds since 1970 in UTC; only meaningful if ``is_instant``."""
        return self.wall_us - (self.offset_s or 0) * MICROSECONDS

    def __str__(self) -> str:
        text = format_us(self.wall_us)
        if self.zulu:
            return text + "Z"
        if self.offset_s is None:
            return text
        sign, minutes = "-" if self.offset_s < 0 else "+", abs(self.offset_s) // 60
        return f"{text}{sign}{minutes // 60:02d}:{minutes % 60:02d}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _check_moment, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": _MOMENT_SCHEMA, "examples": ["2026-11-20T18:05:00+01:00"]}


def format_us(us: int) -> str:
    """Microseconds since 1970 as ``YYYY-MM-DDTHH:MM:SS[.ffffff]``, without a zone.

    An offset can carry the first or last day of the calendar beyond its end: that is shown as the end.
    """
    bounded = min(max(us, _FIRST_US), _LAST_US)
    return (_EPOCH + timedelta(microseconds=bounded)).replace(tzinfo=None).isoformat()


def parse_moment(text: str) -> Moment:
    """Read RFC 3339, or the same without an offset (a wall clock); raises ValueError.

    Digits of a second beyond the sixth are cut off.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("is not a time like 2026-11-20T18:05:00+01:00")
    year, month, day, hour, minute, second, fraction, zulu, sign, offset_h, offset_min = match.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError as problem:
        raise ValueError(f"is no time of the calendar ({problem})") from None
    since = at - _EPOCH
    wall_us = (since.days * 86400 + since.seconds) * MICROSECONDS
    if fraction:
        wall_us += int(fraction[:6].ljust(6, "0"))
    if zulu:
        return Moment(wall_us, None, True)
    if sign is None:
        return Moment(wall_us, None, False)
    if int(offset_h) > 23 or int(offset_min) > 59:
        raise ValueError("has an offset of more than 23:59")
    offset_s = int(offset_h) * 3600 + int(offset_min) * 60
    if sign == "-":
        return Moment(wall_us, -offset_s, False) if offset_s else Moment(wall_us, None, True)
    return Moment(wall_us, offset_s, False)


def _check_moment(value: Any) -> Moment:
    if isinstance(value, Moment):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("invalid_type", "must be a text with a time, like 2026-11-20T18:05:00+01:00")
    try:
        return parse_moment(value)
    except ValueError as problem:
        raise PydanticCustomError(
            "invalid_type",
            "{problem}; write RFC 3339 with seconds, and an offset or a `timezone` beside it",
            {"problem": str(problem)},
        ) from None


def _check_day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("invalid_type", "is not a day of the calendar; write it like 2026-11-20")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # the list of the package and not of the machine: there `localtime` is wherever the machine stands
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(listed) - {"Factory"}


def is_zone(name: str) -> bool:
    """Whether ``name`` is a zone of the IANA list; the same answer on every machine."""
    return name in _zones()


def _check_zone(value: Any) -> Any:
    if isinstance(value, str) and is_zone(value):
        return value
    raise PydanticCustomError("invalid_type", "is not an IANA zone name; write it like Europe/Berlin")


Day = Annotated[date, BeforeValidator(_check_day)]
Zone = Annotated[
    str,
    BeforeValidator(_check_zone),
    WithJsonSchema({"type": "string", "maxLength": 64, "examples": ["Europe/Berlin"]}),
]
