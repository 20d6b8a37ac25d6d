"""The HTTP door of ``spotter up``: bodies of 1,000 lines, and single events, each answered when durable."""

from __future__ import annotations

import http.client
import json
import queue
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.generate import bodies, recent_first_day, set_line, workouts_of, write

SPOTTER = Path(sys.executable).with_name("spotter")
CONNECTIONS = 2
SINGLE_POSTS = 400
START_SECONDS_MAX = 60.0

Measured = dict[str, float | int | str]


def measure(sets: int, data: Path) -> Measured:
    """Start the service on an empty folder, post so many sets, wait until they are applied; then single events."""
    file, first_day = data.with_suffix(".ndjson"), recent_first_day(sets)
    write(file, sets, order="visits", first_day=first_day)
    later = partial(set_line, workout=workouts_of(sets), first_day=first_day)  # a workout after those of the file
    port = _free_port()
    log = data.with_suffix(".log")
    with log.open("w") as out:
        process = subprocess.Popen(
            [SPOTTER, "up", "--data", data, "--port", str(port)], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _until_up(port, process, log)
        headers = {"Authorization": f"Bearer {_key(data)}", "Content-Type": "application/x-ndjson"}
        begun = time.perf_counter()
        count = _post_all(port, headers, file)
        answered = time.perf_counter()
        _until_applied(data, later)
        applied = time.perf_counter()
        singles = _post_singles(port, headers, later)
        memory = _rss_mb_peak(process.pid)
    except OSError as error:
        raise SystemExit(f"the service went away: {error}\n{log.read_text()[-2000:]}") from error
    finally:
        process.terminate()
        process.wait(60)
    return {
        "sets": count,
        "connections": CONNECTIONS,
        "seconds_until_answered": answered - begun,
        "seconds_until_applied": applied - begun,
        "sets_per_second": count / (applied - begun),
        "single_post_ms_p50": statistics.median(singles),
        "single_post_ms_p99": sorted(singles)[int(len(singles) * 0.99)],
        "rss_mb_peak": memory,
    }


def _post_all(port: int, headers: dict[str, str], file: Path) -> int:
    waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=8)
    counts = [0] * CONNECTIONS
    failures: list[str] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while (body := waiting.get()) is not None:
            try:
                status, answer = _post_patiently(connection, headers, body)
            except OSError as error:
                status, answer = 0, str(error).encode()
            if status != 202:
                failures.append(f"{status} {answer[:200]!r}")
            counts[number] += body.count(b"\n")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for body in bodies(file):
        waiting.put(body)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"an upload was not taken: {failures[0]}")
    return sum(counts)


def _post_singles(port: int, headers: dict[str, str], later: Callable[..., str]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for number in range(SINGLE_POSTS):
        body = later(number, number=number % 20).encode().replace(b'"athlete":"a', b'"athlete":"single')
        begun = time.perf_counter()
        status, answer = _post(connection, headers, body)
        taken.append((time.perf_counter() - begun) * 1000)
        if status != 202:
            raise SystemExit(f"a single event was not taken: {status} {answer[:200]!r}")
    return taken


def _post(connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    connection.request("POST", "/v1/events", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _post_patiently(connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    status, answer = _post(connection, headers, body)
    while status == 503:
        time.sleep(0.2)
        status, answer = _post(connection, headers, body)
    return status, answer


def _until_applied(data: Path, later: Callable[..., str]) -> None:
    """``ingest`` returns when everything up to its own event is in the tables."""
    event = later(0, number=0).replace('"athlete":"a', '"athlete":"last')
    subprocess.run([SPOTTER, "ingest", "--data", data, "-"], input=event, text=True, check=True, capture_output=True)


def _key(data: Path) -> str:
    made = subprocess.run(
        [SPOTTER, "keys", "create", "--data", data, "--scope", "ingest", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(made.stdout)["key"])


def _until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.perf_counter() + START_SECONDS_MAX
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the service did not start: {log.read_text()[-2000:]}")


def _rss_mb_peak(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
