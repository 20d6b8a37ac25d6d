"""JSON of rows as DuckDB gives them: plain numbers, ISO times."""

from __future__ import annotations

from decimal import Decimal

import orjson


def dumps(value: object) -> bytes:
    """JSON text; decimals become numbers, times without a zone are UTC."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)


def plain(value: object) -> object:
    """A number of DuckDB that JSON has no type for, as one that it has."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, int):  # beyond 64 bits
        return float(value)
    return str(value)
