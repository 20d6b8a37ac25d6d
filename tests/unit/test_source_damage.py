"""Damaged files: whatever is cut off or flipped, nothing but a refusal is raised and the good rows stay."""

from __future__ import annotations

import gzip
import random

import pytest

from pipeline.errors import RefusedError, SpotterError
from pipeline.gateway.imports import ImportPlan
from pipeline.record import Record, pack_items, unpack_items
from pipeline.sources import base
from pipeline.sources.decode import decode_records
from tests.unit.vendor_files import assert_accounted, plan, sample

FILES = [
    "hevy_csv_kg_supersets__mouadja02.csv",
    "strong_10col_kg_2025__dakheera47.csv",
    "strong_android_semicolon_earlier_export__dravenbc.csv",
    "strong_resttimer_kg_2025__gravitus.csv",
    "full-featured.json",
    "hevy_api_workout__hevy2garmin.json",
    "hevy_api_workout_events__hevyclient.json",
]
ROWS_LOST_MAX = 3  # by one damaged byte: its row, or two that it joins, and what hangs on a lost quote


def attempt(data: bytes) -> ImportPlan | None:
    """The plan of damaged bytes, if they are not refused; then every row is accounted for in the worker too."""
    try:
        found = plan(data, unit="kg")
    except SpotterError as refused:
        assert str(refused)
        return None
    assert_accounted(data, found, decode_records(found.records))
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_anywhere(name: str) -> None:
    data = sample(name)
    random_ = random.Random(name)
    for length in sorted(random_.sample(range(len(data)), 12)):
        found = attempt(data[:length])
        if found is not None and name.endswith(".csv"):
            lines = data[:length].count(b"\n") - 1  # whole rows, the header line not counted
            assert found.accepted + found.ignored >= lines - ROWS_LOST_MAX


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_is_flipped_anywhere(name: str) -> None:
    data = sample(name)
    whole = plan(data, unit="kg")
    header = data.find(b"\n")
    random_ = random.Random(name)
    for _ in range(20):
        at = random_.randrange(len(data))
        damaged = bytearray(data)
        damaged[at] ^= 1 << random_.randrange(8)
        found = attempt(bytes(damaged))
        if name.endswith(".csv") and at > header:
            assert found is not None
            assert found.accepted + found.ignored >= whole.rows - ROWS_LOST_MAX


@pytest.mark.parametrize("name", FILES)
def test_bytes_that_are_put_in_or_taken_out(name: str) -> None:
    data = sample(name)
    random_ = random.Random(name)
    for _ in range(8):
        at, width = random_.randrange(len(data)), random_.randrange(1, 30)
        attempt(data[:at] + random_.randbytes(width) + data[at:])
        attempt(data[:at] + data[at + width :])
        attempt(data[:at] + b'"' + data[at:])


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_record_is_rejected_item_by_item(name: str) -> None:
    (record, *_) = plan(sample(name), unit="kg").records
    random_ = random.Random(name)
    for _ in range(20):
        payload = bytearray(record.payload)
        payload[random_.randrange(len(payload))] ^= 0xFF
        found = decode_records([Record("ana", 0, record.items, record.header, bytes(payload))])
        told = sum(found.documents["items"].to_pylist()) + found.rejected.num_rows + found.ignored.num_rows
        assert told >= record.item_count
    wrong = Record("ana", 0, pack_items([*unpack_items(record.items), 99_999]), record.header, record.payload)
    assert decode_records([wrong]).rejected.num_rows >= 1


def test_a_packed_file_that_is_cut_off_is_refused() -> None:
    packed = gzip.compress(sample(FILES[0]))
    with pytest.raises(RefusedError, match="gzip"):
        plan(packed[:-100])


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.gateway import imports

    monkeypatch.setattr(imports, "FILE_BYTES_MAX", 10_000)
    assert base.FILE_BYTES_MAX > 10_000
    with pytest.raises(RefusedError, match="too large"):
        plan(sample(FILES[0]))
    with pytest.raises(RefusedError, match="too large"):
        plan(gzip.compress(sample(FILES[0])))


def test_a_workout_beyond_all_measure_is_cut_and_said_so() -> None:
    head, *_ = sample("hevy_csv_kg_supersets__mouadja02.csv").split(b"\n")
    note = "n" * 60_000
    rows = [
        f'"Big","30 Jun 2025, 19:56","30 Jun 2025, 20:58","","Squat",,"{note}",{i},"normal",48,13,,,' for i in range(30)
    ]
    data = b"\n".join([head, *(row.encode() for row in rows)])
    found = attempt(data)
    assert found is not None
    assert found.rows == 30
    assert found.rejected > 0
    assert found.accepted >= 15
    assert all(len(record.payload) <= base.PART_BYTES_MAX for record in found.records)
