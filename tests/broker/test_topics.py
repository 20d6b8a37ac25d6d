"""Topics are made as the settings say, corrected where they differ, and never re-partitioned."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient

from pipeline.cli.main import run
from pipeline.errors import RefusedError, StorageError
from pipeline.log.topics import describe, ensure
from pipeline.settings import Settings


def test_topics_are_made_once_and_then_kept(cluster: Callable[..., Settings]) -> None:
    settings = cluster(topic_partitions=3, uploads_retention_hours=48.0)
    prefix = settings.topic_prefix
    rows = {row["topic"].removeprefix(prefix): row for row in describe(settings)}
    assert [row["differs"] for row in rows.values()] == ["", "", ""]
    assert [rows[name]["partitions"] for name in (".uploads", ".alerts", ".control")] == [3, 1, 1]
    assert rows[".uploads"]["configs"]["retention.ms"] == str(48 * 3_600_000)
    assert rows[".uploads"]["configs"]["cleanup.policy"] == "delete"
    assert rows[".control"]["configs"]["cleanup.policy"] == rows[".alerts"]["configs"]["cleanup.policy"] == "compact"
    assert {row["done"] for row in ensure(settings)} == {"there"}


def test_a_changed_setting_is_told_and_then_put_right(cluster: Callable[..., Settings]) -> None:
    settings = cluster(uploads_retention_hours=48.0)
    longer = replace(settings, uploads_retention_hours=96.0)
    assert "retention.ms is 172800000, not 345600000" in describe(longer)[0]["differs"]
    assert [row["done"] for row in ensure(longer)] == ["changed", "there", "there"]
    assert describe(longer)[0]["differs"] == ""


def test_what_brokers_refuse_is_not_said_to_be_brokers_that_are_away(cluster: Callable[..., Settings]) -> None:
    settings = replace(cluster(), topic_replication=99, topic_prefix=f"odd-{uuid.uuid4().hex[:8]}")
    with pytest.raises(StorageError) as told:
        ensure(settings)
    assert "refuse" in told.value.what and "SPOTTER_TOPIC_REPLICATION" in told.value.do


def test_the_number_of_partitions_is_not_changed(cluster: Callable[..., Settings]) -> None:
    settings = cluster(topic_partitions=2)
    with pytest.raises(RefusedError) as told:
        ensure(replace(settings, topic_partitions=4))
    assert "has 2 partitions, not 4" in str(told.value)


def test_the_commands(cluster: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    settings = cluster()
    monkeypatch.setenv("SPOTTER_TOPIC_PREFIX", settings.topic_prefix)
    with KafkaAdminClient(bootstrap_servers=settings.brokers) as admin:
        admin.delete_topics([f"{settings.topic_prefix}.control"])
    assert run(["topics", "describe", "--brokers", settings.brokers]) == 1  # one is missing
    assert run(["topics", "ensure", "--brokers", settings.brokers, "--json"]) == 0
    out, err = capsys.readouterr()  # type: ignore[attr-defined]
    assert "it is missing" in out and "Traceback" not in err
    told = json.loads(out[out.index("[") :])
    assert [row["done"] for row in told] == ["there", "there", "made"]
    assert run(["topics", "describe", "--brokers", settings.brokers, "--json"]) == 0


def test_the_commands_without_a_broker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTTER_BROKERS", raising=False)
    assert run(["topics", "ensure"]) == 2
    assert run(["topics", "ensure", "--brokers", "nonsense"]) == 2
    err = capsys.readouterr().err
    assert "no broker is named" in err and "'nonsense' is no broker" in err
