"""``GET /v1/uploads/{id}``: what became of each item, asked of the real tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fakes import Door
from service_events import RECEIVED, a_set, send

from dashboards.panels import Panels
from pipeline.clock import FixedClock
from pipeline.worker.embedded import Embedded


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Embedded]:
    made = Embedded.open(tmp_path / "tables", FixedClock(RECEIVED))
    yield made
    made.close()


def test_every_item_of_an_upload_of_events_is_told(service: Embedded, tmp_path: Path) -> None:
    door = Door(tmp_path, Panels(service.query))  # type: ignore[arg-type]
    headers = door.key("ingest")
    assert door.client.get("/v1/uploads/u1", headers=headers).status_code == 404
    send(service, [a_set("d1"), a_set("d2", reps=-1), a_set("d3")], upload="u1")
    told = door.client.get("/v1/uploads/u1", headers=headers)
    assert told.status_code == 200
    assert [(item["index"], item["status"]) for item in told.json()["items"]] == [
        (0, "current"),
        (1, "rejected"),
        (2, "current"),
    ]
    assert door.client.get("/v1/uploads/u2", headers=headers).status_code == 404
    assert door.client.get("/v1/uploads/u1", headers=door.key("ingest", tenant=_other(door))).status_code == 404


def _other(door: Door) -> str:
    door.control.create_tenant("other")
    return "other"


def test_what_newer_versions_replaced_is_not_told(service: Embedded, tmp_path: Path) -> None:
    door = Door(tmp_path, Panels(service.query))  # type: ignore[arg-type]
    send(service, [a_set("d1"), a_set("d2")], upload="u1")
    send(service, [a_set("d1", reps=7)], upload="u2")
    told = door.client.get("/v1/uploads/u1", headers=door.key("ingest")).json()["items"]
    assert [(item["index"], item["status"]) for item in told] == [(1, "current")]
