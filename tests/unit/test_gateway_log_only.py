"""The door of a cluster takes uploads and imports, refuses what needs tables, and keeps a gym where it was placed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from app_fakes import NOW, set_event
from starlette.testclient import TestClient

from pipeline.clock import FixedClock
from pipeline.errors import StorageError
from pipeline.gateway.access import Gate
from pipeline.gateway.app import Parts, create_app
from pipeline.gateway.control import Control
from pipeline.gateway.file_imports import FileImports
from pipeline.gateway.log_only import LogOnly, NoTables
from pipeline.gateway.uploads import Uploads
from pipeline.record import WITHDRAWAL, Record, parse_header
from pipeline.settings import Settings

HEVY = (files("pipeline.demo.exports") / "hevy.csv").read_bytes()


class Log:
    """Keeps what is appended, unless it is away."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False

    def append(self, records: Sequence[Record]) -> int:
        if self.away:
            raise StorageError("the upload was not taken: Kafka did not acknowledge it", "b:9092", "send it again")
        self.records += records
        return len(self.records)


class Door:
    def __init__(self, data: Path) -> None:
        clock, settings = FixedClock(NOW), Settings()
        self.log = Log()
        self.control = Control(data, clock)
        service = LogOnly(self.log, clock)
        parts = Parts(
            uploads=Uploads(service, self.control, clock, settings),
            imports=FileImports(service, None, clock),
            panels=NoTables(),
            gate=Gate(self.control, settings, trusts_loopback=False),
            settings=settings,
            not_ready=lambda: "the brokers are away" if self.log.away else None,
        )
        self.client = TestClient(create_app(parts), base_url="http://127.0.0.1:8080")
        self.headers = {"Authorization": "Bearer " + self.control.create_key("home", ("ingest", "read"))[1]}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_an_upload_is_answered_when_the_log_has_it(door: Door) -> None:
    answer = door.client.post("/v1/events", json=set_event(), headers=door.headers)
    assert (answer.status_code, answer.json()["accepted"], len(door.log.records)) == (202, 1, 1)


def test_without_the_log_it_is_to_come_again(door: Door) -> None:
    door.log.away = True
    answer = door.client.post("/v1/events", json=set_event(), headers=door.headers)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "b:9092" not in answer.text  # where the brokers are is for the operator
    assert door.client.get("/readyz").status_code == 503


def test_an_import_is_taken_and_taken_back_through_the_same_door(door: Door) -> None:
    said = {"athlete": "ana", "tz": "Europe/London"}
    answer = door.client.post("/v1/imports", files={"file": ("hevy.csv", HEVY)}, data=said, headers=door.headers)
    told = answer.json()
    assert answer.status_code == 202, told
    assert told["documents"] == len(door.log.records) > 0
    assert (told["new_documents"], told["known_documents"]) == (None, None)  # nobody here can tell
    gone = door.client.delete(f"/v1/imports/{told['import_id']}", headers=door.headers)
    assert gone.status_code == 202
    header = parse_header(door.log.records[-1].header)
    assert (header.decoder, header.import_id, header.tenant) == (WITHDRAWAL, told["import_id"], "home")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/alerts"),
        ("GET", "/v1/athletes/ana/days"),
        ("GET", "/v1/uploads/u1"),
        ("DELETE", "/v1/imports/imp-1"),
    ],
)
def test_what_needs_tables_is_refused(door: Door, method: str, path: str) -> None:
    answer = door.client.request(method, path, headers=door.headers)
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert "has no tables" in answer.json()["detail"]


def test_a_gym_stays_in_the_partition_it_was_placed_in(tmp_path: Path) -> None:
    control = Control(tmp_path)
    assert (control.place("home", 2), control.place("home", 3), control.place("other", 3)) == (2, 2, 3)
    control.close()
    again = Control(tmp_path)
    assert again.place("home", 0) == 2
    again.close()
