"""What the contestants share, so that each does the same: a record decoded and checked, a table, a duplicate check."""

from __future__ import annotations

import argparse
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import from_json

HEAD = struct.Struct("<2sHIII")  # before the athlete, the items and the header of a value; after them its lines
BATCH = 20_000  # records of one commit, where a contestant has batches

TABLE = """
create table if not exists sets (
    athlete varchar, source varchar, document varchar, performed_at timestamptz, session varchar, exercise varchar,
    exercise_block integer, set_index integer, set_type varchar, weight_kg double, reps integer,
    effort_scale varchar, effort double, outcome varchar{key}
)
"""
PRIMARY_KEY = ", primary key (athlete, source, document)"
SCHEMA = pa.schema(
    [
        ("athlete", pa.string()),
        ("source", pa.string()),
        ("document", pa.string()),
        ("performed_at", pa.timestamp("us", "UTC")),
        ("session", pa.string()),
        ("exercise", pa.string()),
        ("exercise_block", pa.int32()),
        ("set_index", pa.int32()),
        ("set_type", pa.string()),
        ("weight_kg", pa.float64()),
        ("reps", pa.int32()),
        ("effort_scale", pa.string()),
        ("effort", pa.float64()),
        ("outcome", pa.string()),
    ]
)
KG = {"kg": 1.0, "lb": 0.45359237}

Row = tuple[object, ...]


class Weight(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: float = Field(ge=0, le=2000)
    unit: Literal["kg", "lb"]


class Effort(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scale: Literal["rir", "rpe"]
    value: float = Field(ge=0, le=10)


class Set(BaseModel):
    """One set as the topic has it."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["set"]
    athlete: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=200)
    document: str = Field(min_length=1, max_length=200)
    performed_at: AwareDatetime
    session: str = Field(min_length=1, max_length=200)
    exercise: str = Field(min_length=1, max_length=200)
    exercise_block: int = Field(ge=0, le=1000)
    set_index: int = Field(ge=0)
    set_type: Literal[
        "warmup", "working", "drop", "amrap", "backoff", "cluster", "rest_pause", "myo_reps", "top", "test"
    ]
    weight: Weight
    reps: int = Field(ge=0, le=1000)
    effort: Effort | None = None
    outcome: str | None = None


def payload_of(value: bytes) -> bytes:
    """The line of JSON in a value of the topic."""
    _, athlete, items, header, _ = HEAD.unpack_from(value)
    return value[HEAD.size + athlete + items + header :]


def decode(value: bytes) -> Row:
    """The row of a value; raises ValueError for what is no set."""
    return row_of(Set.model_validate_json(payload_of(value)))


def row_of(one: Any) -> Row:
    """The row of a set with the fields of ``Set``, whatever its class."""
    effort = one.effort
    return (
        one.athlete,
        one.source,
        one.document,
        one.performed_at,
        one.session,
        one.exercise,
        one.exercise_block,
        one.set_index,
        one.set_type,
        one.weight.value * KG[one.weight.unit],
        one.reps,
        effort.scale if effort else None,
        effort.value if effort else None,
        one.outcome,
    )


def decode_unchecked(value: bytes) -> Row:
    """The same row from JSON alone: nothing is checked, the time stays a text for DuckDB to read."""
    one = from_json(payload_of(value))
    effort = one.get("effort") or {}
    return (
        one["athlete"],
        one["source"],
        one["document"],
        one["performed_at"],
        one["session"],
        one["exercise"],
        one["exercise_block"],
        one["set_index"],
        one["set_type"],
        one["weight"]["value"] * KG[one["weight"]["unit"]],
        one["reps"],
        effort.get("scale"),
        effort.get("value"),
        one.get("outcome"),
    )


class Batches:
    """The table, filled in batches: what it holds already is left out by a join, which is faster than an index."""

    def __init__(self, path: Path, *, texts: bool = False) -> None:
        """``texts``: times come as texts."""
        self._schema = SCHEMA.set(3, pa.field("performed_at", pa.string())) if texts else SCHEMA
        self._connection = duckdb.connect(str(path))
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(TABLE.format(key=""))

    def insert(self, rows: Sequence[Row]) -> None:
        """Store what is new among some rows, in one transaction."""
        columns = [
            pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), self._schema, strict=True)
        ]
        self._connection.register("incoming", pa.Table.from_arrays(columns, schema=self._schema))
        self._connection.execute(
            "insert into sets by name select distinct on (athlete, source, document) *"
            " from incoming anti join sets using (athlete, source, document)"
        )
        self._connection.unregister("incoming")


class OneByOne:
    """The table, filled row by row under a primary key."""

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect(str(path))
        self._connection.execute(TABLE.format(key=PRIMARY_KEY))
        self._insert = f"insert or ignore into sets values ({', '.join('?' * len(SCHEMA))})"

    def insert(self, row: Row) -> None:
        """Store a row unless it is there."""
        self._connection.execute(self._insert, row)


def given() -> argparse.Namespace:
    """What the bench says to every contestant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--end", type=int, required=True, help="the offset after the last record")
    parser.add_argument("--folder", type=Path, required=True, help="for the table, peers.duckdb")
    parser.add_argument("--progress", type=Path, required=True)
    parser.add_argument("--unchecked", action="store_true")
    return parser.parse_args()
