"""Whatever a file holds: nothing but SpotterError leaves the door, every row has an account, parts are the file."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from babel.dates import format_datetime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RefusedError, SpotterError
from pipeline.record import parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.base import RowError
from pipeline.sources.csv_reader import Row, open_sheet
from pipeline.sources.decode import decode_records
from pipeline.sources.wall_clock import LANGUAGES, read_wall_clock
from tests.unit.vendor_files import assert_accounted, plan, sample

SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

HEADERS = {
    "hevy.csv": "title,start_time,end_time,description,exercise_title,superset_id,exercise_notes,set_index,set_type,"
    "weight_kg,reps,distance_km,duration_seconds,rpe",
    "strong.csv": "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
    "Workout Notes,RPE",
    "strong.csv units": "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance Unit;"
    "Seconds;Notes;Workout Notes;Workout Duration",
    "fitnotes.csv": "Date,Exercise,Category,Weight,Weight Unit,Reps,Distance,Distance Unit,Time,Comment",
    "fitnotes.ios.csv": "Name,StartTime,EndTime,BodyWeight,Exercise,Equipment,Reps,Weight,Time,Distance,Status,"
    "IsWarmup,RPE,RIR,Categories,Note",
}
LIKELY = (
    "", "0", "1", "2", "8", "10.0", "62,5", "-20", "9.5", "11", "1e9", "nan", "W", "D", "F", "Rest Timer", "Note", "kg",
    "lbs", "km", "normal", "failure", "dropset", "warmup", "Done", "Failed", "NotStarted", "true", "false", "2h 18m",
    "264h 1m", "00:01:30", "15 Sep 2025, 07:48", "7 Ago 2023, 18:16", "lis 3, 2025, 9:00", "2025-03-30 02:30:00",
    "2025-03-30", "2025-02-23T10:13:53Z", "1970-01-01 00:00:00", "2999-01-01 00:00:00", "Squat (Barbell)",
    "Chin Up (Assisted)", "Push", "two\nlines", 'a "quoted" word', "emoji 🏋️", "\x00", "\ufeff", "x" * 300,
)  # fmt: skip
CELL = st.sampled_from(LIKELY) | st.text(max_size=12)


def as_file(header: str, rows: list[list[str]]) -> bytes:
    delimiter = ";" if ";" in header else ","
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header.split(delimiter))
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def check_file(data: bytes) -> None:
    """Refused with reasons, or every row accounted for, by the door and the worker alike, part by part and at once."""
    try:
        found = plan(data, unit="kg")
    except SpotterError as refused:
        assert refused.what
        assert refused.why
        return
    assert_accounted(data, found, decode_records(found.records))
    decoder = registry.get(found.decoder)
    header = parse_header(found.records[0].header)
    parts = [decoder.decode(one.payload, header, "ana", unpack_items(one.items)) for one in found.records]
    if found.decoder in ("hevy.api", "openweight.json"):
        items = list(range(1, found.rows + 1))
    else:
        sheet = open_sheet(data)
        assert sheet is not None
        items = [row.number for row in sheet.rows()]
    whole = decoder.decode(data, header, "ana", items)
    assert sorted(repr(one) for one in whole.events) == sorted(repr(one) for part in parts for one in part.events)
    assert sorted(whole.rejected, key=repr) == sorted((one for part in parts for one in part.rejected), key=repr)
    assert sorted(whole.ignored) == sorted(one for part in parts for one in part.ignored)


@pytest.mark.parametrize("family", sorted(HEADERS))
@given(data=st.data())
@SLOW
def test_rows_of_any_cells(family: str, data: st.DataObject) -> None:
    header = HEADERS[family]
    width = header.count(";" if ";" in header else ",") + 1
    row = st.lists(CELL, min_size=width, max_size=width) | st.lists(CELL, max_size=width + 2)
    check_file(as_file(header, data.draw(st.lists(row, max_size=8))))


@pytest.mark.parametrize("family", sorted(HEADERS))
@given(body=st.binary(max_size=400) | st.text(alphabet='",;\n\r a1\u00e9', max_size=300).map(str.encode))
@SLOW
def test_any_bytes_after_a_header(family: str, body: bytes) -> None:
    check_file(HEADERS[family].encode() + b"\n" + body)


@given(data=st.binary(max_size=600))
@SLOW
def test_any_bytes(data: bytes) -> None:
    check_file(data)


VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELL | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=6,
)


def maybe(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return usual | usual | usual | VALUE


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: maybe(value) for name, value in fields.items()})


NUMBER = st.integers(-5, 400) | st.floats(-5, 400)
TIME = st.sampled_from(["2025-02-23T10:13:53Z", "2025-02-23T10:13:53+02:00", "2025-02-23", "2025-02-23T10:13:53", "x"])
HEVY_SET = objects(
    type=st.sampled_from(["normal", "failure", "dropset", "warmup", "odd"]),
    weight_kg=NUMBER,
    reps=st.integers(0, 30),
    distance_meters=NUMBER,
    duration_seconds=NUMBER,
    rpe=NUMBER,
    custom_metric=NUMBER,
)
HEVY = objects(
    id=st.sampled_from(["w1", "w2", ""]),
    title=CELL,
    start_time=TIME,
    end_time=TIME,
    updated_at=TIME,
    exercises=st.lists(
        maybe(objects(title=CELL, notes=CELL, supersets_id=NUMBER, sets=st.lists(HEVY_SET, max_size=3)))
    ),
)
OPEN_SET = objects(
    type=CELL,
    weight=NUMBER,
    unit=st.sampled_from(["kg", "lb", "stone"]),
    reps=st.integers(0, 30),
    distance=NUMBER,
    distanceUnit=st.sampled_from(["m", "yd", "parsec"]),
    rpe=NUMBER,
    rir=NUMBER,
    toFailure=st.booleans(),
    targetReps=NUMBER,
    targetWeight=NUMBER,
    side=st.sampled_from(["left", "up"]),
)
OPEN = objects(
    date=TIME,
    name=CELL,
    durationSeconds=NUMBER,
    exercises=st.lists(
        maybe(
            objects(exercise=objects(name=CELL), order=NUMBER, supersetId=NUMBER, sets=st.lists(OPEN_SET, max_size=3))
        )
    ),
)
HEVY_EVENT = st.fixed_dictionaries({"type": st.just("updated"), "workout": HEVY}) | st.fixed_dictionaries(
    {"type": st.just("deleted"), "id": maybe(st.just("w1")), "deleted_at": maybe(TIME)}
)


@given(events=st.lists(HEVY_EVENT | HEVY, max_size=4), cut=st.integers(0, 200) | st.just(0))
@SLOW
def test_pages_of_the_hevy_api(events: list[Any], cut: int) -> None:
    data = json.dumps({"page": 1, "page_count": 1, "events": events}).encode()
    check_file(data[: len(data) - cut])


@given(logs=st.lists(OPEN, max_size=3), cut=st.integers(0, 200) | st.just(0))
@SLOW
def test_openweight_logs(logs: list[Any], cut: int) -> None:
    # the signature: keys that every log has
    signed = [{"date": "2024-01-01T10:00:00Z", "exercises": [{"exercise": {"name": "Dip"}, "sets": []}]}, *logs]
    data = json.dumps(signed).encode()
    check_file(data[: len(data) - cut])


@given(body=st.binary(max_size=500) | st.text(alphabet='",;\n\r a\u00e9', max_size=300).map(str.encode))
@SLOW
def test_a_part_of_rows_reads_as_those_rows(body: bytes) -> None:
    sheet = open_sheet(b"a,b,c\n" + body)
    assert sheet is not None
    rows = list(sheet.rows())
    again = open_sheet(sheet.payload(rows))
    assert again is not None

    def seen(row: Row) -> tuple[object, ...]:
        return row.cells, row.problem

    assert [seen(row) for row in again.rows()] == [seen(row) for row in rows]
    assert [row.number for row in rows] == sorted({row.number for row in rows})
    for row in rows:  # and each of them alone
        one = open_sheet(sheet.payload([row]))
        assert one is not None
        assert [seen(alone) for alone in one.rows()] == [seen(row)]


@given(text=st.text(max_size=40) | st.sampled_from(LIKELY))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_wall_clock_or_says_why_not(text: str) -> None:
    try:
        found = read_wall_clock(text, "start_time")
    except RowError as error:
        assert error.field == "start_time"
    else:
        assert found.tzinfo is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pattern", ["d MMM yyyy, HH:mm", "MMM d, yyyy, h:mm a"])
def test_months_of_every_language(language: str, pattern: str) -> None:
    """Every month is read as what it is or refused as ambiguous; never as another one."""
    refused = 0
    for month in range(1, 13):
        at = datetime(2025, month, 7, 18, 16)
        text = format_datetime(at, pattern, locale=language)
        try:
            assert read_wall_clock(text, "start_time") == at, text
        except RowError:
            refused += 1
    if "a" not in pattern.split():  # marks of the half of the day differ too much to be all known
        assert refused <= 3, language


def test_exports_joined_into_one_file_are_imported_one_after_the_other() -> None:
    whole = sample("strong_android_semicolon_kg__dravenbc.csv")
    earlier = sample("strong_android_semicolon_earlier_export__dravenbc.csv")
    body = whole.split(b"\n", 1)[1]
    for joined in (earlier.rstrip(b"\n") + b"\n" + whole, earlier.rstrip(b"\n") + b"\n" + body):
        found = plan(joined)
        assert (found.documents, len(found.duplicates)) == (20, 3)
        last = {entry["document"]: entry["what"] for entry in found.preview}
        assert last == {entry["document"]: entry["what"] for entry in plan(whole).preview}
        assert_accounted(joined, found, decode_records(found.records))


def test_a_file_that_was_sorted_anew_keeps_its_workouts_and_says_so() -> None:
    header, *rows = sample("hevy_csv_kg_supersets_rpe__dakheera47.csv").split(b"\n")
    found = plan(b"\n".join([header, *sorted(rows, key=lambda row: row.split(b'","')[4:5])]))
    assert (found.documents, found.accepted, found.duplicates) == (335, 7211, [])
    assert any("stand apart" in warning for warning in found.warnings)


def test_a_file_beyond_all_measure_is_refused() -> None:
    for data in (
        HEADERS["hevy.csv"].encode() + b"\n" + b",\n" * 300_001,
        b'{"page_count":1,"workouts":[' + b"{}," * 20_000 + b"{}]}",
    ):
        with pytest.raises(RefusedError, match="more than a log can"):
            plan(data)
