"""JSON of rows as DuckDB gives them: plain numbers, ISO times."""

from __future__ import annotations

from decimal import Decimal

import orjson

_INT_MAX = 1 << 63


def dumps(value: object) -> bytes:
    """JSON text; decimals become numbers, times without a zone are UTC."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)


def plain(value: object) -> object:
    """A number of DuckDB that JSON has no type for, as one that it has."""
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and abs(value) < _INT_MAX
        return int(value) if whole else float(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return str(value)
