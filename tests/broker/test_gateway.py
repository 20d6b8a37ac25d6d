"""The gateway over Kafka: what it answers 202 is in the log, and while the brokers are away it takes nothing."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.gateway.control import Control
from pipeline.log.kafka import KafkaLog, partition_by_name
from pipeline.log.topics import ensure
from pipeline.settings import Settings
from tests.broker.conftest import broker_alone
from tests.broker.process import BrokerProcess, free_port
from tests.broker.roles import Role, running, until
from tests.sim.kill_child import event


class Answer:
    """Status, headers and JSON of an answer."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.json = status, headers, json.loads(body or b"null")


def ask(port: int, path: str, key: str | None = None, body: bytes | None = None) -> Answer:
    """One request; problems are answers."""
    headers = {"Content-Type": "application/x-ndjson"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as problem:
        return Answer(problem.code, problem.headers, problem.read())


def sets(first: int, count: int = 3) -> bytes:
    return "\n".join(json.dumps(event(number)) for number in range(first, first + count)).encode()


@pytest.fixture
def broker() -> Iterator[BrokerProcess]:
    with broker_alone() as made:
        yield made


def a_gateway(data: Path, settings: Settings) -> tuple[Role, int, str]:
    """A gateway that starts, its port and a key of the gym ``home``."""
    ensure(settings)
    control = Control(data)
    _, key = control.create_key("home", ("ingest", "read"))
    control.close()
    port = free_port()
    return Role("gateway", data, settings, "--port", str(port)), port, key


def test_uploads_while_the_broker_is_away_are_refused_and_none_that_was_accepted_is_lost(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    settings = replace(Settings(), brokers=broker.address, topic_prefix="away")
    gateway, port, key = a_gateway(tmp_path / "gateway", settings)
    accepted: set[int] = set()
    with running(gateway):
        gateway.wait_for("the gateway is up")
        until(lambda: ask(port, "/readyz").status == 200, "readiness")
        for number in range(5):
            assert ask(port, "/v1/events", key, sets(10 * number)).status == 202
            accepted.update(range(10 * number, 10 * number + 3))
        broker.kill()
        refused = []
        for number in range(5, 8):
            answer = ask(port, "/v1/events", key, sets(10 * number))
            assert answer.status == 503, answer.json
            assert int(answer.headers["Retry-After"]) > 0
            assert "was not taken" in answer.json["detail"] and "away" not in json.dumps(answer.json)
            refused.append(number)
        assert ask(port, "/readyz").status == 503
        assert ask(port, "/healthz").status == 200
        broker.start()
        for number in refused:  # senders come again, as they were told

            def taken(number: int = number) -> bool:
                answer = ask(port, "/v1/events", key, sets(10 * number))
                if answer.status != 202:
                    time.sleep(1)
                return answer.status == 202

            until(taken, "the broker's return")
            accepted.update(range(10 * number, 10 * number + 3))
        until(lambda: ask(port, "/readyz").status == 200, "readiness after the return")
        assert gateway.end() == 0, gateway.told()
    log = KafkaLog(settings)
    found = log.read(partition_by_name("home", 4), 0, items_max=10_000, bytes_max=1 << 24)
    log.close()
    numbers = {int(json.loads(line)["document"][1:]) for logged in found for line in logged.record.payload.split(b"\n")}
    assert numbers == accepted


def test_what_needs_tables_is_refused_and_says_so(brokers: str, tmp_path: Path) -> None:
    settings = replace(Settings(), brokers=brokers, topic_prefix="tables")
    gateway, port, key = a_gateway(tmp_path / "gateway", settings)
    with running(gateway):
        gateway.wait_for("the gateway is up")
        for path in ("/v1/alerts", "/v1/athletes/ana/days", "/v1/uploads/x"):
            answer = ask(port, path, key)
            assert answer.status == 501 and "has no tables" in answer.json["detail"], (path, answer.json)
        assert ask(port, "/v1/events", None, sets(1)).status == 401
        assert ask(port, "/v1/events", key, b'{"kind":"set"}').status == 422
        assert gateway.end() == 0, gateway.told()
