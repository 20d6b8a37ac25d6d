"""Pieces of the command line: cutting files into bodies, and printing rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.cli import output, sending
from pipeline.errors import RefusedError, UsageError
from pipeline.settings import Settings, data_folder


def test_lines_are_cut_into_bodies_and_keep_their_numbers() -> None:
    text = b"".join(b"%d\n" % n if n % 10 else b"  \r\n" for n in range(2500))
    found = list(sending.bodies(io.BytesIO(text)))
    assert [len(body.lines) for body in found] == [1000, 1000, 250]
    for body in found:
        assert [int(line) + 1 for line in body.content.split(b"\n")] == body.lines
    assert found[-1].read_bytes == len(text)


def test_a_line_without_end_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LINE_BYTES_MAX", 100)
    (body,) = sending.bodies(io.BytesIO(b"a\n" + b"x" * 1000 + b"\nb"))
    assert body.content.split(b"\n") == [b"a", b"x" * 100, b"b"]
    assert body.lines == [1, 2, 3]


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gzip_files_are_read_alike(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "events"
    path.write_bytes(gzip.compress(b"1\n2") if packed else b"1\n2")
    with sending._event_stream(str(path)) as (stream, size):
        assert stream.read() == b"1\n2"
    assert size == (None if packed else 3)


def test_a_file_that_is_not_there_or_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read"), sending._event_stream(str(tmp_path / "none")):
        pass
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"1\n" * 1000)[:-6])
    with sending._event_stream(str(cut)) as (stream, _), pytest.raises(RefusedError, match="to its end"):
        list(sending.bodies(stream))


TABLE = pa.table(
    {
        "n": pa.array([1, None, 3], pa.int64()),
        "sum": pa.array([Decimal("12"), Decimal("170141183460469231731687303715884105"), None], pa.decimal128(38, 0)),
        "kg": pa.array([Decimal("62.50"), Decimal("-0.30"), None], pa.decimal128(9, 2)),
        "x": pa.array([0.1, -0.3, float("nan")]),
        "name": ["=1+1", "-0.3", 'a "b", c'],
        "day": [date(2026, 11, 20), None, date(2026, 1, 1)],
        "at": pa.array([datetime(2026, 11, 20, 18, 5), None, None], pa.timestamp("us")),
        "at_utc": pa.array([datetime(2026, 11, 20, 18, 5, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "flag": [True, False, None],
        "list": [["a", "b"], [], None],
    }
)


def test_json_has_plain_numbers() -> None:
    rows = json.loads("".join(output.table_json(TABLE)))
    assert rows[0] == {
        "n": 1,
        "sum": 12,
        "kg": 62.5,
        "x": 0.1,
        "name": "=1+1",
        "day": "2026-11-20",
        "at": "2026-11-20T18:05:00Z",
        "at_utc": "2026-11-20T18:05:00Z",
        "flag": True,
        "list": ["a", "b"],
    }
    assert rows[2]["x"] is None
    assert json.loads("".join(output.table_json(TABLE.slice(0, 0)))) == []


def test_csv_runs_no_formula_and_alters_no_number() -> None:
    rows = list(csv.DictReader(io.StringIO("".join(output.table_csv(TABLE)))))
    assert [row["name"] for row in rows] == ["'=1+1", "'-0.3", 'a "b", c']
    assert [row["kg"] for row in rows] == ["62.50", "-0.30", ""]
    assert [row["x"] for row in rows] == ["0.1", "-0.3", "nan"]
    assert rows[0]["list"] == '["a","b"]'
    assert [row["flag"] for row in rows] == ["true", "false", ""]
    empty = "".join(output.table_csv(TABLE.slice(0, 0)))
    assert empty.strip().split(",")[0] == "n"


FAR = pa.table(
    {
        "day": pa.array([2**31 - 1, -(2**31 - 1), 3_652_059, 20_777, None], pa.int32()).cast(pa.date32()),
        "at": pa.array([2**63 - 1, -(2**63 - 1), 253_402_300_800_000_000, 0, None], pa.int64()).cast(
            pa.timestamp("us")
        ),
        "list": pa.array([[2**31 - 1, 20_777]] * 5, pa.list_(pa.int32())).cast(pa.list_(pa.date32())),
    }
)


def test_days_and_times_beyond_the_calendar_are_texts() -> None:
    rows = json.loads("".join(output.table_json(FAR)))
    assert [row["day"] for row in rows] == ["infinity", "-infinity", "11968-12-31", "2026-11-20", None]
    assert [row["at"] for row in rows[:3]] == ["infinity", "-infinity", "10000-01-01T00:00:00.000000Z"]
    assert [row["at"] for row in rows[3:]] == ["1970-01-01T00:00:00Z", None]
    assert rows[0]["list"] == ["infinity", "2026-11-20"]
    told = list(csv.DictReader(io.StringIO("".join(output.table_csv(FAR)))))
    assert [row["day"] for row in told] == ["infinity", "-infinity", "11968-12-31", "2026-11-20", ""]


def test_nanoseconds_are_kept() -> None:
    times = pa.array([1_577_836_800_123_456_789, 1_577_836_800_000_000_000, None], pa.timestamp("ns"))
    told = json.loads("".join(output.table_json(pa.table({"at": times}))))
    assert [row["at"] for row in told] == ["2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00Z", None]


def test_columns_of_one_name_do_not_hide_each_other() -> None:
    table = pa.table([[1], [2], [3]], names=["n", "n", "n_1"])
    assert json.loads("".join(output.table_json(table))) == [{"n": 1, "n_1": 2, "n_1_1": 3}]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert output.printable("\x1b[31mred\x07") == "�[31mred�"


def test_settings_come_from_the_environment_and_name_what_is_wrong() -> None:
    changed = Settings.from_environment({"SPOTTER_PORT": "9000", "SPOTTER_SQL_SECONDS_MAX": "2.5"})
    assert (changed.port, changed.sql_seconds_max) == (9000, 2.5)
    for text in ("x", "-1", "0", ""):
        with pytest.raises(UsageError, match="SPOTTER_PORT"):
            Settings.from_environment({"SPOTTER_PORT": text})
    assert Settings.from_environment({"SPOTTER_CHANNEL_ADDRESSES": "any"}).channel_addresses == "any"
    with pytest.raises(UsageError, match="SPOTTER_CHANNEL_ADDRESSES"):
        Settings.from_environment({"SPOTTER_CHANNEL_ADDRESSES": "all"})
    assert data_folder(None, {}) == Path("data")
    assert data_folder(None, {"SPOTTER_DATA": "elsewhere"}) == Path("elsewhere")
    assert data_folder(Path("given"), {"SPOTTER_DATA": "elsewhere"}) == Path("given")
