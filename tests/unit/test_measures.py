"""The numbers for Prometheus: what they count, who may read them, and that they name nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from pipeline.clock import FixedClock
from pipeline.worker.embedded import Embedded
from tests.unit.app_fakes import NOW, Door
from tests.unit.service_events import RECEIVED, a_set, send

METRICS_PAGE = Path("docs/metrics.md")


def numbers(service: Embedded) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(service.measures.exposition().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "le")
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


def test_every_item_is_counted_once(tmp_path: Path) -> None:
    clock = FixedClock(RECEIVED)
    service = Embedded.open(tmp_path, clock)
    fresh = a_set("fresh", performed_at="2026-11-23T10:00:00+01:00")
    send(service, [fresh, a_set("late"), a_set("odd", reps=-1, athlete="canary-athlete")], apply=False)
    clock.at = RECEIVED.replace(hour=13)
    before = numbers(service)
    assert before["spotter_lag_records"] > 0
    assert before["spotter_lag_seconds"] == 3600
    service.apply_all()
    send(service, [{**fresh, "reps": 7}], upload="u2")
    after = numbers(service)
    assert after["spotter_lag_records"] == after["spotter_lag_seconds"] == 0
    assert {name: after[f"spotter_items_applied_total{{result={name}}}"] for name in ("stored", "rejected")} == {
        "stored": 2,
        "rejected": 1,
    }
    assert after["spotter_items_applied_total{result=superseded}"] == 1
    assert after["spotter_items_rejected_total{reason=out_of_range}"] == 1
    assert (after["spotter_sets_applied_total"], after["spotter_late_sets_applied_total"]) == (3, 1)
    assert after["spotter_batch_seconds_count"] == after["spotter_commit_seconds_count"] == 2
    assert after["spotter_day_lane_seconds_count"] >= 2
    assert after["spotter_newest_receipt_timestamp_seconds{decoder=canonical}"] == RECEIVED.timestamp()
    (ledger,) = service.query("select items, superseded, rejected from ledger")
    assert ledger["items"] == sum(
        value for name, value in after.items() if name.startswith("spotter_items_applied_total")
    )
    text = service.measures.exposition().decode()
    assert not [word for word in ("canary", "ana", "home", "Bench") if word in text]
    service.close()


def test_only_an_operator_reads_them(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert door.clock.now() == NOW
    assert "spotter_batch_seconds" in door.client.get("/metrics").text
    away = TestClient(door.app, base_url="http://gym.example", client=("203.0.113.9", 40000))
    assert away.get("/metrics").status_code == 401
    assert away.get("/metrics", headers={"Authorization": "Bearer spotter_a_b"}).status_code == 401
    for scope, status in (("ingest", 403), ("read", 403), ("analyst", 403), ("admin", 200)):
        assert away.get("/metrics", headers=door.key(scope)).status_code == status


@pytest.mark.parametrize("path", [METRICS_PAGE])
def test_the_page_lists_them_all(path: Path, tmp_path: Path) -> None:
    service = Embedded.open(tmp_path)
    said = path.read_text(encoding="utf-8")
    for family in text_string_to_metric_families(service.measures.exposition().decode()):
        assert f"| `{family.name}` |" in said, family.name
        assert family.documentation.rstrip(".") in said
    service.close()
