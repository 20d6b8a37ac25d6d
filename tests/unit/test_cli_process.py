"""``spotter`` as processes: the running service, its socket, HTTP, signals and kills."""

from __future__ import annotations

import http.client
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fakes import set_event

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"
UP_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0


def command(*arguments: str, data: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli.main", *arguments, "--data", str(data)]


def spotter(*arguments: str, data: Path, given: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments, data=data), input=given, capture_output=True, timeout=120, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A running ``spotter up``."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.key = ""
        self.start()

    def start(self) -> None:
        out = self.data.parent / "up.txt"
        with out.open("wb") as file:
            self.process = subprocess.Popen(
                command("up", "--port", str(self.port), data=self.data), stdout=file, stderr=subprocess.STDOUT
            )
        ends_at = time.monotonic() + UP_SECONDS_MAX
        while True:
            try:
                if self.get("/readyz")[0] == 200:
                    break
            except OSError:
                pass
            assert self.process.poll() is None, out.read_text()
            assert time.monotonic() < ends_at, out.read_text()
            time.sleep(0.05)
        if found := re.search(r"spotter_\S+", out.read_text()):
            self.key = found.group()

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.key}"} | headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.kill()


def body(*documents: str) -> bytes:
    return json.dumps([set_event(document, set_index=n + 1) for n, document in enumerate(documents)]).encode()


def count(data: Path) -> int:
    done = spotter("sql", "select count(*) as n from set_fact", "--format", "json", data=data)
    return int(json.loads(done.stdout)[0]["n"])


def test_a_service_takes_uploads_and_commands_go_through_it(service: Service) -> None:
    status, answer = service.request("POST", "/v1/events", body("a", "b"))
    assert (status, json.loads(answer)["accepted"]) == (202, 2)
    lines = "\n".join(json.dumps(set_event(document)) for document in ("c", "d"))
    ingested = spotter("ingest", "-", "--json", data=service.data, given=lines.encode())
    assert (ingested.returncode, json.loads(ingested.stdout)["accepted"]) == (0, 2)
    assert count(service.data) == 4
    assert json.loads(spotter("roster", "--json", data=service.data).stdout)[0]["athlete_id"] == "ana"
    assert spotter("rebuild", "--check", data=service.data).returncode == 0
    assert spotter("rebuild", data=service.data).returncode == 0
    assert service.get("/")[0] == 200
    assert b"ana" in service.get("/athletes/ana")[1]
    assert count(service.data) == 4
    assert service.stop() == 0
    assert not (service.data / "spotter.sock").exists()
    assert count(service.data) == 4


def test_the_contracts_curl_example_runs(service: Service) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (script,) = re.findall(r"```sh\n(.*?)```", CONTRACT.read_text(encoding="utf-8"), re.DOTALL)
    assert script.count("http://127.0.0.1:8080/") == 2
    script = script.replace(":8080/", f":{service.port}/")
    script = script.replace(".venv/bin/spotter", f"{shlex.quote(sys.executable)} -m pipeline.cli.main")
    done = subprocess.run(
        ["sh", "-ec", script],
        env=os.environ | {"SPOTTER_DATA": str(service.data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sent, end = json.JSONDecoder().raw_decode(done.stdout)
    read = json.loads(done.stdout[end:])
    assert (sent["accepted"], sent["rejected"]) == (1, 0)
    assert (read["alerts"], read["more"]) == ([], False)


def test_keys_are_made_and_revoked_beside_a_running_service(service: Service) -> None:
    made = json.loads(spotter("keys", "create", "--scope", "read", "--json", data=service.data).stdout)
    first, service.key = service.key, made["key"]
    assert service.request("GET", "/v1/alerts")[0] == 200
    assert service.request("POST", "/v1/events", body("a"))[0] == 403
    assert spotter("keys", "revoke", made["key_id"], data=service.data).returncode == 0
    ends_at = time.monotonic() + 5
    while service.request("GET", "/v1/alerts")[0] != 401:
        assert time.monotonic() < ends_at, "a revoked key must end within 5 s"
        time.sleep(0.2)
    for file in service.data.parent.rglob("*"):
        if file.is_file() and file.name != "up.txt":
            content = file.read_bytes()
            for key in (first, made["key"]):
                assert key.split("_")[2][:32].encode() not in content, f"{file.name} holds a secret"


def test_a_killed_service_loses_nothing_it_answered(service: Service) -> None:
    acknowledged: list[str] = []
    for round_ in range(3):
        for n in range(20):
            name = f"{round_}-{n}"
            if service.request("POST", "/v1/events", body(name))[0] == 202:
                acknowledged.append(name)
        service.kill()
        assert (service.data / "spotter.sock").exists(), "a killed process leaves its socket file"
        service.start()
    assert service.stop() == 0
    found = spotter("sql", "select document_id from set_fact", "--format", "json", data=service.data)
    documents = [row["document_id"] for row in json.loads(found.stdout)]
    assert sorted(documents) == sorted(acknowledged)


def test_a_second_service_is_refused(service: Service) -> None:
    other = spotter("up", "--port", str(free_port()), data=service.data)
    assert other.returncode == 1
    assert "in use" in other.stderr
    assert service.get("/healthz")[0] == 200


def test_a_port_in_use_is_said(service: Service, tmp_path: Path) -> None:
    other = spotter("up", "--port", str(service.port), data=tmp_path / "other")
    assert other.returncode == 1
    assert "cannot be served" in other.stderr


def test_a_large_body_is_refused_and_memory_stays_flat(service: Service) -> None:
    def resident_kib() -> int:
        status = Path(f"/proc/{service.process.pid}/status")
        if not status.exists():
            return 0
        return int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0])

    service.request("POST", "/v1/events", body("a"))
    before = resident_kib()
    status, answer = service.request("POST", "/v1/events", b" " * (100 << 20))
    assert status == 413
    assert json.loads(answer)["status"] == 413
    assert resident_kib() - before < 64 << 10
    assert service.get("/healthz")[0] == 200


def test_commands_take_turns_without_a_service(tmp_path: Path) -> None:
    data = tmp_path / "data"
    running = []
    for n in range(4):
        file = tmp_path / f"{n}.ndjson"
        file.write_text("\n".join(json.dumps(set_event(f"{n}-{i}")) for i in range(5)))
        running.append(subprocess.Popen(command("ingest", str(file), data=data), stdout=subprocess.PIPE))
    assert [process.wait(120) for process in running] == [0] * 4
    for process in running:
        assert process.stdout
        process.stdout.close()
    assert count(data) == 20


def test_sql_is_quick_enough_to_be_asked_often(tmp_path: Path) -> None:
    spotter("ingest", "-", data=tmp_path, given=json.dumps(set_event()).encode())
    count(tmp_path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    count(tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < 2.0, "about 1 s of processor time in two processes, that run side by side"


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    spotter("ingest", "-", data=tmp_path, given=json.dumps(set_event()).encode())
    asked = command("sql", "select * from range(200000)", "--format", "csv", data=tmp_path)
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(20)
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_service_in_order(service: Service, number: signal.Signals) -> None:
    begun = time.monotonic()
    os.kill(service.process.pid, number)
    assert service.process.wait(STOP_SECONDS_MAX) == 0
    assert time.monotonic() - begun < STOP_SECONDS_MAX
