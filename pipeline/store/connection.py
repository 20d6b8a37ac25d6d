"""The one type that names a DuckDB connection outside this room."""

from __future__ import annotations

from typing import TypeAlias

import duckdb

Connection: TypeAlias = duckdb.DuckDBPyConnection
"""A cursor of a shard, handed to models and alerts inside the batch's transaction."""
