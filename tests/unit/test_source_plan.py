"""The plan of an import: what it tells before anything is stored, and what its records carry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.gateway.imports import classify, documents_of, left_out
from pipeline.record import Header, parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.page import main, page
from tests.unit.vendor_files import NOW, plan, sample

HEVY = "hevy_csv_kg_supersets__mouadja02.csv"


def test_records_carry_what_decoding_needs() -> None:
    found = plan(sample(HEVY), tz="Africa/Casablanca", unit="lb")
    headers = {record.header for record in found.records}
    assert len(headers) == 1
    header = parse_header(headers.pop())
    assert (header.tenant, header.source, header.decoder) == ("home", "hevy", "hevy.csv")
    assert (header.tz, header.unit, header.import_id, header.upload_id) == ("Africa/Casablanca", "lb", "imp-1", "imp-1")
    assert header.parts == len(found.records) == 17
    assert header.received_at == "2026-11-23T12:00:00Z"
    assert not header.admin
    assert [record.part for record in found.records] == list(range(17))
    assert {record.athlete for record in found.records} == {"ana"}
    rows = [item for record in found.records for item in unpack_items(record.items)]
    assert sorted(rows) == list(range(2, 332))  # row 1 is the header line


def test_every_decoder_can_be_found_by_the_name_in_a_header() -> None:
    for decoder in registry.DECODERS:
        assert registry.get(decoder.name) is decoder
    with pytest.raises(KeyError):
        registry.get("nobody.csv")
    assert {"fitnotes", "hevy", "openweight", "oura", "strong"} <= set(registry.sources())


def test_the_preview_shows_each_workout() -> None:
    found = plan(sample(HEVY))
    assert len(found.preview) == found.documents == 17
    first = found.preview[0]
    assert first["title"] == "Monday ? You mean international CHEST DAY !"
    assert str(first["document"]).startswith("2025-06-30T19:56/")
    assert (first["kind"], first["what"]) == ("session", "11 sets")
    assert first["exercises"]
    assert first["deleted"] is False


def test_a_workout_that_a_file_holds_twice_is_told() -> None:
    one = json.loads(sample("hevy_api_workout__hevyclient.json"))
    found = plan(json.dumps({"workouts": [one, one]}).encode())
    assert [entry["document"] for entry in found.duplicates] == ["workout-1"]
    assert documents_of(found) == [("hevy", "workout-1")]


def test_what_is_stored_already_is_told_apart() -> None:
    found = plan(sample("hevy_api_workout_events__hevyclient.json"))
    told = classify(found, {("hevy", "workout-2"), ("strong", "workout-1")})
    assert (told.new, told.known) == (["workout-1"], ["workout-2"])


def test_reasons_name_the_first_row_and_how_many() -> None:
    found = plan(sample("strong_resttimer_kg_2025__gravitus.csv"), unit="kg")
    (reason,) = found.reasons
    assert (reason["status"], reason["reason"], reason["count"], reason["row"]) == ("ignored", "rest_timer", 8, 3)


@pytest.mark.parametrize("wrong", [{"tz": "Berlin"}, {"unit": "stone"}, {"source": "nobody"}])
def test_a_wrong_call_is_a_usage_error(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        plan(sample(HEVY), **wrong)
    assert caught.value.exit_code == 2
    assert caught.value.do


def test_the_time_of_receipt_may_be_in_any_zone() -> None:
    received = datetime.fromisoformat("2026-11-23T13:00:00+01:00")
    assert received.astimezone(UTC) == NOW
    found = plan(sample(HEVY), tz="UTC", received_at=received)
    assert parse_header(found.records[0].header).received_at == "2026-11-23T12:00:00Z"


def test_workouts_in_the_future_of_the_receipt_are_rejected() -> None:
    found = plan(sample(HEVY), tz="UTC", received_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert {row.reason for row in found.row_reports if row.status == "rejected"} == {"implausible_time"}
    assert found.accepted
    assert found.rejected
    assert found.rows == 330
    counted = [left_out(record) for record in found.records]
    assert (sum(c[0] for c in counted if c), sum(c[1] for c in counted if c)) == (found.ignored, found.rejected)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("hevy.csv", "hevy.csv"), ("a/b/my export.csv", "my export.csv"), ("C:\\x\\h\x1b.csv", "h.csv"), ("", None)],
)
def test_the_files_name_is_kept_without_its_folders(given: str, kept: str | None) -> None:
    found = plan(sample(HEVY), tz="UTC", file_name=given)
    assert parse_header(found.records[0].header).file == kept


def test_a_header_without_a_file_is_as_older_logs_have_it() -> None:
    header = Header("home", "api", "canonical", "u", "2026-11-23T12:00:00Z")
    assert b"file" not in header.to_bytes()
    assert parse_header(header.to_bytes()) == header


def test_the_page_of_sources_is_current(tmp_path: Path) -> None:
    main([str(tmp_path / "sources.md")])
    assert (tmp_path / "sources.md").read_text(encoding="utf-8") == page()
    assert page() == (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8"), (
        "run `python -m pipeline.sources.page`"
    )
