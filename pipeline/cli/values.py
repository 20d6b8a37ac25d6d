"""Arrow values as Python's: days and times beyond Python's calendar become texts instead of errors.

DuckDB knows `infinity`, years before 1 and after 9999, and nanoseconds; ``datetime`` knows none of them. Intervals
become ISO 8601 durations and blobs hexadecimal digits: no format that is printed has a type for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

INFINITE_DAYS = (1 << 31) - 1  # as DuckDB writes `infinity`; its negative is `-infinity`
INFINITE_TIME = (1 << 63) - 1


def python_values(column: pa.Array) -> list[Any]:
    """The values of a column; only one that holds odd times is read value by value."""
    try:
        values: list[Any] = [_value(one) for one in column] if _has_nanoseconds(column.type) else column.to_pylist()
    except (OverflowError, ValueError):
        values = [_value(scalar) for scalar in column]
    return [_printed(value) for value in values] if _has_no_form(column.type) else values


def _has_no_form(kind: pa.DataType) -> bool:
    """Whether there are intervals or blobs in values of the type."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _has_no_form(kind.storage_type)
    if pa.types.is_nested(kind):
        return any(_has_no_form(kind.field(place).type) for place in range(kind.num_fields))
    checks = (pa.types.is_interval, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(check(kind) for check in checks)


def _has_nanoseconds(kind: pa.DataType) -> bool:
    """Whether there are times in nanoseconds in values of the type: what they become hangs on pandas being there."""
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        return _has_nanoseconds(kind.storage_type)
    if pa.types.is_nested(kind):
        return any(_has_nanoseconds(kind.field(place).type) for place in range(kind.num_fields))
    return bool(pa.types.is_timestamp(kind) and kind.unit == "ns")


def _printed(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.MonthDayNano):
        return duration(value.months, value.days, value.nanoseconds)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _printed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_printed(one) for one in value)
    return value


def duration(months: int, days: int, nanoseconds: int) -> str:
    """ISO 8601, a sign on each part as DuckDB's intervals have one: ``P1Y2M-3DT4H30M``, ``PT0.5S``."""
    sign = "-" if months < 0 else ""
    years, rest = divmod(abs(months), 12)
    parts = [(sign, years, "Y"), (sign, rest, "M"), ("-" if days < 0 else "", abs(days), "D")]
    day_part = "".join(f"{minus}{count}{unit}" for minus, count, unit in parts if count)
    sign = "-" if nanoseconds < 0 else ""
    seconds, fraction = divmod(abs(nanoseconds), 1_000_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    time_part = "".join(f"{sign}{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
    if seconds or fraction:
        digits = f".{fraction:09d}".rstrip("0") if fraction else ""
        time_part += f"{sign}{seconds}{digits}S"
    if not day_part and not time_part:
        return "PT0S"
    return f"P{day_part}" + (f"T{time_part}" if time_part else "")


def _value(scalar: Any) -> Any:
    import pyarrow as pa

    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pa.types.is_map(kind):
        return [(_value(pair["key"]), _value(pair["value"])) for pair in scalar.values]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_value(one) for one in scalar.values]
    if pa.types.is_struct(kind):
        return {field.name: _value(scalar[place]) for place, field in enumerate(kind)}
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        if scalar.value % 1000 or abs(scalar.value) == INFINITE_TIME:
            return _text(scalar)
        scalar = pa.scalar(scalar.value // 1000, pa.timestamp("us", kind.tz))
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return _text(scalar)


def _text(scalar: Any) -> str:
    import numpy as np
    import pyarrow as pa

    is_day, count = pa.types.is_date32(scalar.type), scalar.value
    infinite = INFINITE_DAYS if is_day else INFINITE_TIME
    if abs(count) == infinite:
        return "infinity" if count > 0 else "-infinity"
    if is_day:
        return str(np.datetime64(count, "D"))
    text = str(np.datetime64(count, scalar.type.unit))
    return f"{text}Z" if text[-1:].isdigit() else text
