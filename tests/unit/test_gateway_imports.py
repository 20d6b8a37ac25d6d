"""Vendor files over HTTP: taken, previewed, refused whole, taken back."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from app_fakes import Door

from pipeline.record import parse_header
from pipeline.settings import Settings

HEVY = (files("pipeline.demo.exports") / "hevy.csv").read_bytes()
SAID = {"athlete": "ana", "tz": "Europe/London"}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def send(door: Door, content: bytes = HEVY, **said: str):  # type: ignore[no-untyped-def]
    return door.client.post(
        "/v1/imports", files={"file": ("hevy.csv", content)}, data=SAID | said, headers=door.key("ingest")
    )


def test_a_file_is_taken_whole_and_answered_row_by_row(door: Door) -> None:
    answer = send(door)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["decoder"].startswith("hevy")
    assert told["rows"] == told["accepted"] + told["ignored"] + told["rejected"]
    assert told["documents"] == told["new_documents"] + told["known_documents"]
    assert len(door.service.records) == told["documents"]
    assert "end" not in told
    assert parse_header(door.service.records[0].header).file == "hevy.csv"


def spoiled() -> bytes:
    """A Hevy export of which no row can be taken."""
    head, *rows = HEVY.decode().splitlines()[:4]
    cells = [row.split(",") for row in rows]
    return "\n".join([head, *(",".join([*row[:-4], "-5", *row[-3:]]) for row in cells)]).encode()


def test_a_file_without_a_row_to_take_is_422_with_the_reasons(door: Door) -> None:
    answer = send(door, spoiled())
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["accepted"], told["rejected"]) == (422, 0, 3)
    assert told["reasons"][0]["reason"] == "out_of_range"
    assert told["told"][0]["row"] == 2
    assert send(door, spoiled(), preview="true").status_code == 200


def test_a_file_that_came_before_is_taken(door: Door) -> None:
    first = send(door).json()
    door.panels.canned["documents_known"] = [{"document_id": row["document"]} for row in first["preview"]]
    again = send(door)
    assert (again.status_code, again.json()["new_documents"]) == (202, 0)


def test_a_preview_takes_nothing(door: Door) -> None:
    answer = send(door, preview="true")
    assert answer.status_code == 200
    told = answer.json()
    assert told["import_id"] is None
    assert told["preview"][0]["exercises"]
    assert not door.service.records


def test_stored_workouts_are_told_as_known(door: Door) -> None:
    first = send(door, preview="1").json()
    door.panels.canned["documents_known"] = [{"document_id": first["preview"][0]["document"]}]
    again = send(door).json()
    assert (again["known_documents"], again["new_documents"]) == (1, first["new_documents"] - 1)


@pytest.mark.parametrize(
    ("content", "said", "status"),
    [
        (b"what is this", {}, 422),
        (b"", {}, 422),
        (HEVY, {"source": "no-such-logger"}, 400),
        (HEVY, {"tz": "Mars/Phobos"}, 400),
        (HEVY, {"tz": "localtime"}, 400),
        (HEVY, {"unit": "stone"}, 400),
        (HEVY, {"athlete": ""}, 400),
        (HEVY, {"athlete": "a" * 300}, 400),
        (HEVY, {"athlete": "\u200b\u2060"}, 400),
        (HEVY, {"preview": "perhaps"}, 422),
        (HEVY, {"tenant": "other"}, 422),
        (HEVY, {"tz": "x" * 5000}, 400),
    ],
)
def test_what_cannot_be_taken_is_refused_whole(door: Door, content: bytes, said: dict[str, str], status: int) -> None:
    answer = send(door, content, **said)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert not door.service.records


def test_a_form_must_be_a_form_with_one_file(door: Door) -> None:
    headers = door.key("ingest")
    assert door.client.post("/v1/imports", content=HEVY, headers=headers).status_code == 415
    assert door.client.post("/v1/imports", data=SAID, headers=headers).status_code == 415
    assert door.client.post("/v1/imports", files={"other": b"x"}, headers=headers).status_code == 422
    broken = headers | {"Content-Type": "multipart/form-data; boundary=x"}
    assert door.client.post("/v1/imports", content=b"no form", headers=broken).status_code in (400, 422)
    two = [("file", ("a.csv", HEVY)), ("file", ("b.csv", HEVY))]
    assert door.client.post("/v1/imports", files=two, data=SAID, headers=headers).status_code == 400


def test_a_file_beyond_the_limit_is_413(tmp_path: Path) -> None:
    door = Door(tmp_path, settings=Settings(import_bytes_max=1000))
    answer = send(door)
    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == 1000


def test_an_import_is_taken_back_once_and_by_its_tenant_only(door: Door) -> None:
    import_id = send(door).json()["import_id"]
    door.control.create_tenant("other")
    foreign = door.client.delete(f"/v1/imports/{import_id}", headers=door.key("ingest", tenant="other"))
    assert foreign.status_code == 404
    taken_back = door.client.delete(f"/v1/imports/{import_id}", headers=door.key("ingest"))
    assert (taken_back.status_code, taken_back.json()["withdrawn"]) == (202, True)
    assert door.service.withdrawn == [("home", import_id)]
    assert door.client.delete(f"/v1/imports/{import_id}", headers=door.key("ingest")).status_code == 404
    assert door.client.delete("/v1/imports/imp-unknown", headers=door.key("ingest")).status_code == 404
