"""Pages from copies: the newest is shown, one that is read stays open, a gym is asked for in its own partition only."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from app_fakes import NOW
from starlette.testclient import TestClient

from dashboards.replica_panels import ReplicaPanels
from dashboards.web.pages import routes
from dashboards.words import age_of_copy
from pipeline.clock import FixedClock
from pipeline.errors import RefusedError, StorageError
from pipeline.gateway.access import Gate
from pipeline.gateway.app import create_read_app
from pipeline.gateway.control import Control
from pipeline.gateway.reads import Reads
from pipeline.settings import Settings
from pipeline.store.replicas import Replicas
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker.embedded import Embedded
from tests.unit.service_events import RECEIVED, a_set, send

SETS = "select count(*) as n from set_fact"


class Copies:
    """A gym's tables, copied to a store when told, and replicas of two partitions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = Embedded.open(folder / "data", FixedClock(RECEIVED))
        self.store = SnapshotStore(str(folder / "store"))
        self.replicas = Replicas(self.store, folder / "web", 2)
        self._number = 0

    def copy(self, partition: int, made_at: datetime = NOW) -> None:
        self._number += 1
        path = self.service.snapshot(self.folder / f"copy-{self._number}.duckdb")
        self.store.publish(partition, path, self._number, {}, made_at.isoformat())

    def files(self) -> int:
        return len(list((self.folder / "web").glob("partition-*.duckdb")))


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path)


def test_a_newer_copy_takes_over_and_a_reader_keeps_its_own(copies: Copies) -> None:
    send(copies.service, [a_set("a")])
    copies.copy(0)
    copies.replicas.refresh()
    with copies.replicas.reading(0) as before:
        assert before is not None
        send(copies.service, [a_set("b", set_index=2)], upload="u2")
        copies.copy(0)
        copies.replicas.refresh()
        with copies.replicas.reading(0) as after:
            assert after is not None and after.query(SETS) == [{"n": 2}]
        assert before.query(SETS) == [{"n": 1}], "what is being read stays as it was"
        assert copies.files() == 2
    assert copies.files() == 1, "the old one goes with its last reader"
    with copies.replicas.reading(1) as none:
        assert none is None
    copies.replicas.close()
    assert copies.files() == 0


def test_a_damaged_copy_leaves_the_one_before(copies: Copies) -> None:
    send(copies.service, [a_set("a")])
    copies.copy(0)
    copies.replicas.refresh()
    assert copies.replicas.failure is None
    copies.store.publish(0, _text(copies.folder), 9, {})
    copies.copy(1)
    with pytest.raises(StorageError, match="cannot be read"):
        copies.replicas.refresh()
    assert copies.replicas.failure is not None
    for partition in (0, 1):  # the failure of one costs no other
        with copies.replicas.reading(partition) as replica:
            assert replica is not None and replica.query(SETS) == [{"n": 1}]
    assert copies.files() == 2


def _text(folder: Path) -> Path:
    path = folder / "text"
    path.write_text("no database")
    return path


def test_two_processes_do_not_share_a_folder(copies: Copies) -> None:
    with pytest.raises(RefusedError, match="is in use"):
        Replicas(copies.store, copies.folder / "web", 2)


def test_pages_and_api_say_how_old_and_stay_in_their_partition(copies: Copies, tmp_path: Path) -> None:
    control = Control(tmp_path / "control", FixedClock(NOW))
    for tenant in ("north", "south"):
        control.create_tenant(tenant)
    gate = Gate(control, Settings(), trusts_loopback=False)
    panels = ReplicaPanels(copies.replicas, {"north": 0, "south": 1}.__getitem__)
    clock = FixedClock(NOW + timedelta(minutes=5))
    reads = Reads(
        panels=panels,
        gate=gate,
        settings=Settings(),
        not_ready=lambda: copies.replicas.failure,
        metrics=lambda: b"",
        pages=routes(panels, gate.page_tenant, None, clock),
    )
    client = TestClient(create_read_app(reads), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)
    keys = {
        tenant: {"Authorization": "Bearer " + control.create_key(tenant, ("read",))[1]} for tenant in ("north", "south")
    }
    assert client.get("/readyz").status_code == 503
    # the tables hold both gyms, as those of a partition may; the copy is of the partition of north alone
    send(copies.service, [a_set("a", athlete="nora")], tenant="north")
    send(copies.service, [a_set("a", athlete="sam")], tenant="south", upload="u2")
    copies.copy(0)
    copies.replicas.refresh()
    assert client.get("/readyz").status_code == 200
    page = client.get("/", headers=keys["north"])
    assert page.status_code == 200
    assert "nora" in page.text and "sam" not in page.text
    assert "Data as of 2026-11-20 19:30 UTC, 5 minutes ago." in page.text
    assert client.get("/athletes/nora", headers=keys["north"]).status_code == 200
    told = client.get("/v1/alerts", headers=keys["north"])
    assert (told.status_code, told.headers["spotter-data-as-of"]) == (200, NOW.isoformat())
    days = client.get("/v1/athletes/nora/days", headers=keys["north"]).json()["days"]
    assert [day["sets"] for day in days if day["sets"]] == [1]
    for path in ("/", "/v1/alerts"):
        assert client.get(path, headers=keys["south"]).status_code == 503, "its own partition has no copy"
        assert client.get(path).status_code == 401
    assert client.post("/v1/events", json=[], headers=keys["north"]).status_code in (404, 405)
    control.close()


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=-5), "less than a minute ago"),
        (timedelta(seconds=90), "1 minute ago"),
        (timedelta(minutes=119), "119 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_the_age_in_words(age: timedelta, said: str) -> None:
    assert age_of_copy(NOW, NOW + age) == f"Data as of 2026-11-20 19:30 UTC, {said}."
