"""Between numpy and the marts: values of columns, columns whose NaN is null, rows that go into a mart by name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.models.series import Floats, Ints
from pipeline.store.connection import Connection


def whole_numbers(column: pa.ChunkedArray | pa.Array) -> Ints:
    """The values of a column without nulls."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found: Ints = array.to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def real_numbers(column: pa.ChunkedArray) -> Floats:
    """The values of a column; null becomes NaN."""
    found: Floats = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return found


def doubles(values: Floats) -> pa.Array:
    """Doubles; NaN becomes null."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def integers(values: Ints) -> pa.Array:
    """32-bit integers."""
    return pa.array(values.astype(np.int32), pa.int32())


def dates(days: Ints) -> pa.Array:
    """Dates from days since 1970."""
    return integers(days).cast(pa.date32())


def insert(connection: Connection, mart: str, rows: pa.Table) -> None:
    """Add rows to ``mart.<mart>``, column by column name."""
    connection.register("judged", rows)
    connection.execute(f"insert into mart.{mart} by name select * from judged")
    connection.unregister("judged")
