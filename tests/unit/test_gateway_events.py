"""The door for events: answers, limits, headers, and nothing said before it is durable."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from app_fakes import Door, day_row, roster_row, set_event

from pipeline.gateway.shield import HEADERS
from pipeline.gateway.ticks import Ticker
from pipeline.settings import Settings

PROBLEM = "application/problem+json"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def lines(*events: object) -> bytes:
    return b"\n".join(orjson.dumps(event) for event in events)


def test_each_item_is_answered_in_its_order(door: Door) -> None:
    bad = set_event("b", reps=-1)
    body = lines(set_event("a"), bad, set_event("a"), set_event("c", effort={"scale": "rir", "value": 12}))
    answer = door.client.post(
        "/v1/events", content=body, headers=door.key("ingest") | {"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 202
    told = answer.json()
    assert [item["status"] for item in told["results"]] == ["accepted", "rejected", "duplicate", "accepted"]
    assert [item["index"] for item in told["results"]] == [0, 1, 2, 3]
    assert told["results"][1]["reason"] == "out_of_range"
    assert told["results"][1]["field"] == "reps"
    assert len(told["results"][3]["warnings"]) == 1
    assert (told["accepted"], told["duplicates"], told["rejected"]) == (2, 1, 1)
    assert len(door.service.records) == 1, "one athlete, one record"


@pytest.mark.parametrize("shape", ["object", "array", "lines", "gzip"])
def test_object_array_lines_and_gzip_are_taken(door: Door, shape: str) -> None:
    headers = door.key("ingest")
    content = {
        "object": orjson.dumps(set_event()),
        "array": orjson.dumps([set_event()]),
        "lines": lines(set_event()),
        "gzip": gzip.compress(lines(set_event())),
    }[shape]
    if shape == "gzip":
        headers["Content-Encoding"] = "gzip"
    answer = door.client.post("/v1/events", content=content, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1


def test_nothing_taken_is_422_with_the_reasons(door: Door) -> None:
    answer = door.client.post("/v1/events", json=[set_event(reps=-1), {"kind": "nope"}], headers=door.key("ingest"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert [item["reason"] for item in answer.json()["results"]] == ["out_of_range", "unsupported"]
    assert door.service.records, "rejected items are kept to be seen"
    empty = door.client.post("/v1/events", content=b"", headers=door.key("ingest"))
    assert empty.status_code == 422


def test_the_answer_waits_for_the_append(door: Door) -> None:
    door.service.broken = True
    answer = door.client.post("/v1/events", json=set_event(), headers=door.key("ingest"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "/somewhere" not in answer.text, "places of the machine are for its operator"


def test_a_repeated_idempotency_key_is_answered_from_memory(door: Door) -> None:
    headers = door.key("ingest") | {"Idempotency-Key": "k-1"}
    body = [set_event("a"), set_event("b", reps=-1)]
    first = door.client.post("/v1/events", json=body, headers=headers).json()
    again = door.client.post("/v1/events", json=body, headers=headers)
    assert again.status_code == 202
    assert [item["status"] for item in again.json()["results"]] == ["duplicate", "rejected"]
    assert again.json()["upload_id"] == first["upload_id"]
    assert len(door.service.records) == 1
    other = door.client.post("/v1/events", json=set_event("z"), headers=headers)
    assert other.status_code == 422
    assert "another body" in other.json()["detail"]


def test_idempotency_keys_are_per_tenant_and_end(door: Door) -> None:
    door.control.create_tenant("other")
    mine, theirs = (door.key("ingest", tenant=tenant) | {"Idempotency-Key": "k"} for tenant in ("home", "other"))
    for headers in (mine, theirs):
        assert door.client.post("/v1/events", json=set_event(), headers=headers).json()["accepted"] == 1
    door.clock.at += timedelta(days=8)
    door.client.post("/v1/events", json=set_event("x"), headers=mine | {"Idempotency-Key": "new"})
    later = set_event(performed_at="2026-11-27T18:05:00+01:00")
    assert door.client.post("/v1/events", json=later, headers=mine).json()["accepted"] == 1


def test_two_requests_with_one_key_at_once_are_one(door: Door) -> None:
    headers = door.key("ingest") | {"Idempotency-Key": "k"}
    answers: list[list[str]] = []

    def send() -> None:
        told = door.client.post("/v1/events", json=set_event(), headers=headers).json()
        answers.append([item["status"] for item in told["results"]])

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [["accepted"]] + [["duplicate"]] * 5
    assert len(door.service.records) == 1


def test_a_body_beyond_the_limit_is_413_while_it_streams_and_takes_no_memory(tmp_path: Path) -> None:
    door = Door(tmp_path, settings=Settings(body_bytes_max=1 << 20))
    chunk = b" " * (1 << 20)

    def endless() -> Iterator[bytes]:
        yield from (chunk for _ in range(100))

    tracemalloc.start()
    answer = door.client.post("/v1/events", content=endless(), headers=door.key("ingest"))
    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == 1 << 20
    stated = door.client.post("/v1/events", content=chunk * 2, headers=door.key("ingest"))
    assert stated.status_code == 413
    tracemalloc.stop()
    assert not door.service.records


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_bomb_is_refused_before_it_unfolds(tmp_path: Path, members: int) -> None:
    door = Door(tmp_path, settings=Settings(unpacked_bytes_max=4 << 20))
    bomb = gzip.compress(b"\0" * (2 << 20), 9) * members + gzip.compress(b"\0" * (64 << 20), 9)
    headers = door.key("ingest") | {"Content-Encoding": "gzip"}
    tracemalloc.start()
    answer = door.client.post("/v1/events", content=bomb, headers=headers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 24 << 20


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Encoding": "gzip"}, b"not gzip", 400),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"{}", mtime=0)[:-4], 400),
        ({"Content-Encoding": "gzip"}, b"", 400),
        ({"Content-Encoding": "br"}, b"{}", 415),
        ({"Content-Type": "text/csv"}, b"a,b", 415),
        ({"Content-Type": "multipart/form-data"}, b"", 415),
        ({"Idempotency-Key": "k" * 300}, b"{}", 422),
    ],
)
def test_what_cannot_be_read_is_a_problem(door: Door, headers: dict[str, str], content: bytes, status: int) -> None:
    answer = door.client.post("/v1/events", content=content, headers=door.key("ingest") | headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status


def test_nested_gzip_is_not_unpacked_twice(door: Door) -> None:
    twice = gzip.compress(gzip.compress(lines(set_event())))
    answer = door.client.post("/v1/events", content=twice, headers=door.key("ingest") | {"Content-Encoding": "gzip"})
    assert answer.status_code == 422
    assert answer.json()["results"][0]["reason"] == "invalid_json"


def test_every_answer_carries_the_security_headers(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.panels.canned["roster"] = [roster_row()]

    def boom(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(door.panels, "alerts", boom)
    read = door.key("read")
    answers = [
        door.client.get("/"),
        door.client.get("/nope"),
        door.client.get("/athletes/nobody-here?tenant=nope"),
        door.client.get("/static/spotter.css"),
        door.client.get("/static/../app.py"),
        door.client.get("/healthz"),
        door.client.get("/readyz"),
        door.client.get("/openapi.json"),
        door.client.put("/v1/events"),
        door.client.get("/v1/alerts"),
        door.client.get("/v1/alerts", headers=read),
        door.client.get("/v1/alerts?state=odd", headers=read),
        door.client.post("/v1/events", json=set_event(), headers=door.key("ingest")),
        door.client.options("/v1/events"),
    ]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, f"{answer.request.method} {answer.request.url}: {name}"
        assert "server" not in answer.headers
        if not answer.request.url.path.startswith("/static/spotter"):
            assert answer.headers["cache-control"] == "no-store"
    failed = answers[10]
    assert failed.status_code == 500
    assert "secret detail" not in failed.text
    assert failed.headers["content-type"] == PROBLEM


def test_health_is_alive_while_readiness_says_why_not(door: Door) -> None:
    assert door.client.get("/healthz").json() == {"status": "ok"}
    assert door.client.get("/readyz").json() == {"status": "ready"}
    door.why_not_ready = "the worker stopped"
    assert door.client.get("/healthz").status_code == 200
    refused = door.client.get("/readyz")
    assert refused.status_code == 503
    assert "retry-after" in refused.headers


def test_days_are_given_for_known_athletes_only(door: Door) -> None:
    today = door.clock.now().date()
    door.panels.canned |= {
        "athlete_known": [{"tenant_id": "home", "athlete_id": "ana", "known": 1}],
        "athlete_days": [day_row(today)],
    }
    found = door.client.get("/v1/athletes/ana/days", headers=door.key("read")).json()
    assert found["athlete_id"] == "ana"
    assert found["days"][0]["failure_load"] == 2.5
    door.control.create_tenant("other")
    foreign = door.client.get("/v1/athletes/ana/days", headers=door.key("read", tenant="other"))
    assert foreign.status_code == 404


def test_the_openapi_document_names_every_answer_that_was_seen(door: Door) -> None:
    document = door.client.get("/openapi.json").json()
    events = document["paths"]["/v1/events"]["post"]["responses"]
    assert {"202", "400", "401", "403", "408", "413", "415", "422", "429", "503"} <= set(events)
    assert "HTTPBearer" in document["components"]["securitySchemes"]


def test_a_tick_is_sent_once_an_hour_for_tenants_that_send(door: Door) -> None:
    ticker = Ticker(door.uploads, door.control, door.clock, door.settings)
    assert ticker.send_due() == 0, "nobody has sent anything"
    door.client.post("/v1/events", json=set_event(), headers=door.key("ingest"))
    assert ticker.send_due() == 1
    assert ticker.send_due() == 0
    assert b'"now_at":"2026-11-20T19:00:00Z"' in door.service.records[-1].payload
    assert Ticker(door.uploads, door.control, door.clock, door.settings).send_due() == 0, "also after a restart"
    door.clock.at += timedelta(hours=1)
    assert ticker.send_due() == 1
    door.clock.at += timedelta(days=30)
    assert ticker.send_due() == 0, "its senders are silent"


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/v1/alerts", ["athlete", "limit", "state"]),
        ("GET", "/v1/athletes/ana/days", ["from_day", "limit", "to_day"]),
        ("GET", "/v1/uploads/u-1", []),
        ("POST", "/v1/events", []),
        ("POST", "/v1/imports", []),
        ("DELETE", "/v1/imports/imp-1", []),
    ],
)
def test_unknown_query_parameters_are_refused_by_name(door: Door, method: str, path: str, known: list[str]) -> None:
    headers = door.key("ingest", "read")
    answer = door.client.request(method, path, params={"atlete": "ana"}, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert (told["status"], told["parameter"], told["known"]) == (400, "atlete", known)
    assert "atlete" in told["detail"]
    assert all(name in told["detail"] for name in known)
    assert not door.service.records


def test_known_query_parameters_are_taken(door: Door) -> None:
    said = {"athlete": "ana", "state": "open", "limit": "5"}
    assert door.client.get("/v1/alerts", params=said, headers=door.key("read")).status_code == 200
    assert door.client.get("/healthz", params={"probe": "1"}).status_code == 200
