"""Arrow values as Python's: days and times beyond Python's calendar become texts instead of errors.

DuckDB knows `infinity`, years before 1 and after 9999, and nanoseconds; ``datetime`` knows none of them.
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
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        return [_value(scalar) for scalar in column]
    return values


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
