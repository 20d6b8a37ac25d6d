"""docker-compose.yml as it is: a set that is posted comes out as an alert, also when a worker is killed."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from tests.broker.test_alerts_leave import failures, send
from tests.compose.conftest import Deployment

PATIENCE_S = 150.0
RECEIVER = """
import http.server, pathlib
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        with open("/tmp/got", "a") as got:
            got.write(self.headers["webhook-id"] + "\\t" + body + "\\n")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer(("0.0.0.0", 9999), Hook).serve_forever()
"""


def until(reached: Callable[[], bool], what: str, deployment: Deployment) -> None:
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end, f"{what} did not come:\n{deployment.logs()}"
        time.sleep(0.5)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_a_posted_set_comes_out_as_an_alert(deployment: Deployment) -> None:
    until(lambda: is_ready(deployment.port), "the gateway", deployment)
    spotter = ("exec", "-T", "gateway", "spotter")
    key = json.loads(deployment.compose(*spotter, "keys", "create", "--scope", "ingest", "--json"))["key"]
    deployment.compose("exec", "-T", "-d", "gateway", "python3", "-c", RECEIVER)
    deployment.compose(*spotter, "channels", "add", "http://gateway:9999/hook", "--json")

    def got() -> list[tuple[str, dict[str, object]]]:
        lines = deployment.compose("exec", "-T", "gateway", "sh", "-c", "cat /tmp/got 2>/dev/null || true").splitlines()
        return [(name, json.loads(body)["data"]) for name, _, body in (line.partition("\t") for line in lines)]

    send(deployment.port, key, failures("w1", 2))
    until(lambda: len(got()) > 0, "the alert", deployment)
    assert {alert["athlete_id"] for _, alert in got()} == {"ana"}
    assert "R02" in {alert["rule"] for _, alert in got()}

    before = len(got())
    deployment.compose("kill", "-s", "SIGKILL", "worker-1")
    send(deployment.port, key, failures("w2", 1))
    until(lambda: len(got()) > before, "an alert after the kill", deployment)
    names = [name for name, _ in got()]
    assert len(names) == len(set(names)), "something was sent twice"


def test_nobody_in_it_has_more_rights_than_needed(deployment: Deployment) -> None:
    for role in ("gateway", "worker-2", "relay", "web"):
        told = deployment.compose(
            "exec", "-T", role, "sh", "-c", "id -u; grep CapEff /proc/self/status; touch /x || echo no"
        )
        lines = told.split()
        assert lines[0] == "10001"
        assert int(lines[2], 16) == 0, "capabilities are left"
        assert lines[-1] == "no", "the root file system can be written"


def test_memory_is_handed_out_by_the_allocator_that_does_not_grow_slower(deployment: Deployment) -> None:
    maps = deployment.compose("exec", "-T", "worker-2", "cat", "/proc/1/maps")
    assert "libjemalloc" in maps
