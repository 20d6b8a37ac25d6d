"""Keys, scopes, tenants: who may do what, and what is kept of a key."""

from __future__ import annotations

import base64
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from app_fakes import Door, set_event
from starlette.testclient import TestClient

from pipeline.errors import RefusedError, UsageError
from pipeline.gateway.control import Control
from pipeline.gateway.keys import SCOPES, new_key, split_key
from pipeline.settings import Settings

ROUTES = {
    ("POST", "/v1/events"): "ingest",
    ("POST", "/v1/imports"): "ingest",
    ("DELETE", "/v1/imports/x"): "ingest",
    ("GET", "/v1/uploads/x"): "ingest",
    ("GET", "/v1/alerts"): "read",
    ("GET", "/v1/athletes/ana/days"): "read",
}
OPEN = {"/healthz", "/readyz", "/openapi.json", "/metrics"}  # /metrics: see test_measures.py


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_key_can_be_read_back_only_by_its_holder(tmp_path: Path) -> None:
    control = Control(tmp_path)
    key_id, text = control.create_key("home", ["ingest"])
    secret = split_key(text)
    assert secret is not None
    assert secret[0] == key_id
    caller = control.caller(text)
    assert caller is not None
    assert (caller.tenant, caller.scopes) == ("home", {"ingest"})
    control.close()
    for file in tmp_path.iterdir():
        assert secret[1].encode() not in file.read_bytes(), f"{file.name} holds the secret"


def test_mistyped_wrong_and_unknown_keys_are_all_nobody(tmp_path: Path) -> None:
    control = Control(tmp_path)
    _, text = control.create_key("home", ["ingest"])
    stranger = new_key().text
    same_id = text.split("_")[1]
    forged = new_key()
    for wrong in (
        "",
        "x",
        text[:-1],
        text + "a",
        text.upper(),
        stranger,
        stranger.replace(stranger.split("_")[1], same_id),
        f"spotter_{same_id}_{forged.text.split('_')[2]}",
        "spotter__",
        "é" * 40,
        "spotter_" * 100,
    ):
        assert control.caller(wrong) is None, wrong


def test_a_revoked_key_ends_and_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.gateway.control.REVOKED_WITHIN_S", -1.0)
    running, beside = Control(tmp_path), Control(tmp_path)
    key_id, text = beside.create_key("home", ["read"])
    assert running.caller(text) is not None
    beside.revoke_key(key_id)
    assert running.caller(text) is None
    assert running.list_keys()[0].revoked_at is not None
    with pytest.raises(RefusedError, match="no live key"):
        beside.revoke_key(key_id)


def test_an_expired_key_is_nobody(door: Door) -> None:
    _, text = door.control.create_key("home", ["read"], expires_at=door.clock.now() + timedelta(hours=1))
    assert door.control.caller(text) is not None
    door.clock.at += timedelta(hours=2)
    door.control._callers.clear()
    assert door.control.caller(text) is None


def test_unknown_scopes_and_tenants_are_refused(tmp_path: Path) -> None:
    control = Control(tmp_path)
    with pytest.raises(UsageError, match="unknown scope 'root'"):
        control.create_key("home", ["root"])
    with pytest.raises(UsageError, match="needs a scope"):
        control.create_key("home", [])
    with pytest.raises(RefusedError, match="no tenant 'elsewhere'"):
        control.create_key("elsewhere", ["read"])
    for name in ("", "A", "a b", "../x", "x" * 64, "-a", "é"):
        with pytest.raises(UsageError):
            control.create_tenant(name)
    control.create_tenant("gym-2")
    with pytest.raises(RefusedError, match="exists already"):
        control.create_tenant("gym-2")
    assert [name for name, _ in control.tenants()] == ["gym-2", "home"]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("route", "needed"), ROUTES.items())
def test_every_cell_of_the_scope_matrix(door: Door, route: tuple[str, str], needed: str, scope: str) -> None:
    method, path = route
    answer = door.client.request(method, path, headers=door.key(scope))
    if scope in (needed, "admin"):
        assert answer.status_code not in (401, 403)
    else:
        assert answer.status_code == 403
        assert answer.json()["scope"] == needed


@pytest.mark.parametrize("route", ROUTES)
def test_no_key_and_an_unknown_key_get_the_same_401(door: Door, route: tuple[str, str]) -> None:
    method, path = route
    without = door.client.request(method, path)
    unknown = door.client.request(method, path, headers={"Authorization": f"Bearer {new_key().text}"})
    assert without.status_code == unknown.status_code == 401
    assert without.content == unknown.content
    assert without.headers["www-authenticate"].startswith("Bearer")
    assert without.headers["content-type"] == "application/problem+json"


def as_password(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"coach:{key}".encode()).decode()}


def test_a_browser_asks_for_a_key_as_password(door: Door) -> None:
    client = TestClient(door.app, base_url="http://gym.example:8081", client=("10.0.0.7", 40000))
    key = door.control.create_key("home", ["read"])[1]
    asked = client.get("/")
    assert asked.status_code == 401 and asked.headers["www-authenticate"].startswith("Basic realm=")
    assert 'Bearer realm="spotter"' in asked.headers["www-authenticate"]
    assert client.get("/", headers=as_password(key)).status_code == 200
    assert client.get("/", headers=as_password(door.control.create_key("home", ["ingest"])[1])).status_code == 403
    for wrong in (as_password(key + "x"), as_password(""), {"Authorization": "Basic /?"}, {"Authorization": "Basic"}):
        assert client.get("/", headers=wrong).status_code == 401


def test_a_password_sends_no_form_and_opens_no_api(door: Door) -> None:
    client = TestClient(door.app, base_url="http://gym.example:8081", client=("10.0.0.7", 40000))
    admin = door.control.create_key("home", ["admin"])[1]
    for method, path in (("POST", "/checkin/ana"), ("GET", "/v1/alerts"), ("GET", "/metrics")):
        answer = client.request(method, path, headers=as_password(admin), data={"origin": "elsewhere"})
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer"), "a browser does not ask"


def test_every_documented_route_is_in_the_matrix(door: Door) -> None:
    documented = {
        (method.upper(), path)
        for path, methods in door.client.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    filled = {(m, p.replace("/x", "/{}").replace("/ana", "/{}")) for m, p in ROUTES}
    braces = {(m, __import__("re").sub(r"\{[^}]*\}", "{}", p)) for m, p in documented}
    assert braces == filled | {("GET", path) for path in OPEN - {"/openapi.json"}}


def test_only_an_admin_key_may_send_a_tick(door: Door) -> None:
    tick = {"kind": "tick", "now_at": "2026-11-20T19:00:00Z"}
    refused = door.client.post("/v1/events", json=tick, headers=door.key("ingest"))
    assert refused.status_code == 422
    assert door.client.post("/v1/events", json=tick, headers=door.key("admin")).status_code == 202


def test_the_tenant_comes_from_the_key_only(door: Door) -> None:
    door.control.create_tenant("other")
    headers = door.key("ingest", tenant="other") | {"X-Tenant": "home"}
    assert door.client.post("/v1/events?tenant=home", json=set_event(), headers=headers).status_code == 400
    assert not door.service.records
    answer = door.client.post("/v1/events", json=set_event(), headers=headers)
    assert answer.status_code == 202
    assert b'"tenant":"other"' in door.service.records[0].header


def test_a_key_that_sends_too_fast_is_told_when_to_come_again(tmp_path: Path) -> None:
    door = Door(tmp_path, settings=Settings(requests_per_second=0.5, requests_burst=3))
    headers, other = door.key("read"), door.key("read")
    codes = [door.client.get("/v1/alerts", headers=headers).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    slow = door.client.get("/v1/alerts", headers=headers)
    assert int(slow.headers["retry-after"]) >= 1
    assert door.client.get("/v1/alerts", headers=other).status_code == 200


def test_control_files_of_two_processes_do_not_block_each_other(tmp_path: Path) -> None:
    one, two = Control(tmp_path), Control(tmp_path)
    for number in range(20):
        one.create_key("home", ["read"], label=f"one {number}")
        two.create_key("home", ["read"], label=f"two {number}")
    assert len(one.list_keys()) == 40
    one.close()
    two.close()
    with sqlite3.connect(tmp_path / "control.sqlite") as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
