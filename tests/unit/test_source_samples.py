"""Every shipped export: rows accounted for, parts that stand alone, and the same result twice."""

from __future__ import annotations

import gzip
import hashlib
import re

import pytest

from pipeline.errors import RefusedError
from pipeline.record import RECORD_BYTES_MAX, parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.decode import decode_records
from tests.unit.vendor_files import SAMPLES, STRENGTH, assert_accounted, decoded, plan, sample

# file: decoder, workouts, rows, ignored
ACCOUNTS = {
    "hevy_csv_kg_supersets_rpe__dakheera47.csv": ("hevy.csv", 335, 7211, 0),
    "hevy_csv_kg_supersets__mouadja02.csv": ("hevy.csv", 17, 330, 0),
    "hevy_api_workout__hevy2garmin.json": ("hevy.api", 1, 10, 0),
    "hevy_api_workout__hevyclient.json": ("hevy.api", 1, 1, 0),
    "hevy_api_workout_events__hevyclient.json": ("hevy.api", 1, 2, 0),
    "strong_12col_kg_2021__breinsp.csv": ("strong.csv", 129, 2078, 0),
    "strong_10col_kg_2025__dakheera47.csv": ("strong.csv", 15, 250, 0),
    "strong_10col_unquoted__dakheera47.csv": ("strong.csv", 3, 6, 0),
    "strong_android_semicolon_kg__dravenbc.csv": ("strong.csv", 20, 266, 0),
    "strong_android_semicolon_earlier_export__dravenbc.csv": ("strong.csv", 3, 40, 0),
    "strong_resttimer_kg_2025__gravitus.csv": ("strong.csv", 1, 16, 8),
    "fitnotes_android_kgs__lukaszebedin.csv": ("fitnotes.csv", 124, 2495, 0),
    "bodyweight-workout.json": ("openweight.json", 1, 16, 0),
    "carries-and-distance.json": ("openweight.json", 1, 10, 0),
    "full-featured.json": ("openweight.json", 1, 16, 0),
    "superset-workout.json": ("openweight.json", 1, 15, 0),
    "timed-exercises.json": ("openweight.json", 1, 16, 0),
}
REFUSED = {"hevy_api_exercise_history__hevyclient.json": "history", "workout-log.schema.json": "schema"}


def test_every_sample_has_an_account() -> None:
    found = {path.name for path in STRENGTH.rglob("*.*") if path.suffix != ".fit"}
    assert found == ACCOUNTS.keys() | REFUSED.keys()


def test_the_manifest_names_every_sample_with_its_hash() -> None:
    manifest = (SAMPLES / "MANIFEST").with_suffix(".md").read_text()
    rows = re.findall(r"\| `([^`]+)` \| [0-9,]+ \| `([0-9a-f]{16})` \|", manifest)
    assert dict(rows) == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in SAMPLES.rglob("*.*")
        if path.parent.name not in ("LICENSES", "samples")
    }


@pytest.mark.parametrize("name", ACCOUNTS)
def test_rows_are_accounted_for(name: str) -> None:
    decoder, workouts, rows, ignored = ACCOUNTS[name]
    data = sample(name)
    found = plan(data, unit="kg")
    assert (found.decoder, found.documents, found.rows, found.ignored, found.rejected) == (
        decoder,
        workouts,
        rows,
        ignored,
        0,
    )
    assert_accounted(data, found, decode_records(found.records))


@pytest.mark.parametrize("name", ACCOUNTS)
def test_parts_stand_alone_and_together_are_the_file(name: str) -> None:
    data = sample(name)
    found = plan(data, unit="kg")
    whole = decode_records(found.records)
    assert all(len(record.payload) <= RECORD_BYTES_MAX for record in found.records)
    seen: list[dict[str, object]] = []
    for record in found.records:
        seen += decode_records([record]).sets.drop_columns(["doc_row"]).to_pylist()
    assert seen == whole.sets.drop_columns(["doc_row"]).to_pylist()


@pytest.mark.parametrize("name", [name for name in ACCOUNTS if name.endswith(".csv")])
def test_decoding_the_file_at_once_is_decoding_its_parts(name: str) -> None:
    data = sample(name)
    found = plan(data, unit="kg")
    decoder = registry.get(found.decoder)
    header = parse_header(found.records[0].header)
    items = sorted(item for record in found.records for item in unpack_items(record.items))
    at_once = decoder.decode(data, header, "ana", items)
    by_part = [decoder.decode(one.payload, header, "ana", unpack_items(one.items)) for one in found.records]
    assert sorted(at_once.events, key=str) == sorted((event for part in by_part for event in part.events), key=str)
    assert sorted(at_once.ignored) == sorted(row for part in by_part for row in part.ignored)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_same_file_gives_the_same_documents_and_a_packed_one_too(name: str) -> None:
    data = sample(name)
    once, packed = plan(data, unit="kg"), plan(gzip.compress(data), unit="kg")
    assert [record.payload for record in once.records] == [record.payload for record in packed.records]
    assert decoded(data, unit="kg").documents == decoded(data, unit="kg").documents


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_workouts_is_refused_by_name(name: str) -> None:
    with pytest.raises(RefusedError, match=REFUSED[name]) as caught:
        plan(sample(name))
    assert caught.value.why
    assert caught.value.do
