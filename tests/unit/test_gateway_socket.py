"""The local socket: operations with bodies, progress and errors; stale files, long paths, dead services."""

from __future__ import annotations

import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BusyError, QueryError, SpotterError, StorageError
from pipeline.gateway import local_socket
from pipeline.gateway.local_socket import FILE_NAME, LocalClient, LocalServer, Progress


def handler(op: str, args: dict[str, Any], body: bytes, progress: Progress) -> object:
    if op == "echo":
        return {"args": args, "body": len(body), "sum": sum(body)}
    if op == "long":
        for step in range(3):
            progress({"step": step})
        return "done"
    if op == "refuse":
        raise QueryError("what", "why", "do")
    if op == "slow":
        time.sleep(args["seconds"])
        return None
    raise ValueError("an error nobody foresaw")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    server = LocalServer(tmp_path, handler)
    yield tmp_path
    server.close()


def connect(data: Path) -> LocalClient:
    client = LocalClient.connect(data)
    assert client is not None
    return client


def test_one_connection_answers_many_requests(data: Path) -> None:
    client = connect(data)
    body = bytes(range(256)) * 4096 + b"\n\n{"
    for _ in range(3):
        assert client.call("echo", {"a": [1, None]}, body) == {
            "args": {"a": [1, None]},
            "body": len(body),
            "sum": sum(body),
        }
    client.close()


def test_progress_comes_before_the_result(data: Path) -> None:
    steps: list[dict[str, object]] = []
    assert connect(data).call("long", progress=steps.append) == "done"
    assert steps == [{"step": 0}, {"step": 1}, {"step": 2}]


def test_errors_arrive_as_what_they_are(data: Path) -> None:
    client = connect(data)
    with pytest.raises(QueryError) as refusal:
        client.call("refuse")
    assert (refusal.value.what, refusal.value.why, refusal.value.do) == ("what", "why", "do")
    with pytest.raises(SpotterError, match="did not foresee") as bug:
        client.call("bug")
    assert bug.value.why == "ValueError: an error nobody foresaw"
    assert client.call("long") == "done", "the connection lives on"


def test_only_the_owner_may_open_the_socket(data: Path) -> None:
    assert stat.S_IMODE((data / FILE_NAME).stat().st_mode) == 0o600


def test_connections_do_not_wait_for_each_other(data: Path) -> None:
    slow = threading.Thread(target=lambda: connect(data).call("slow", {"seconds": 1.0}))
    slow.start()
    begun = time.monotonic()
    connect(data).call("long")
    assert time.monotonic() - begun < 0.9
    slow.join()


def test_without_a_service_there_is_no_client(tmp_path: Path) -> None:
    assert LocalClient.connect(tmp_path) is None
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / FILE_NAME))
    dead.close()
    assert LocalClient.connect(tmp_path) is None, "a stale file"
    server = LocalServer(tmp_path, handler)
    assert connect(tmp_path).call("long") == "done", "is replaced"
    server.close()
    assert not (tmp_path / FILE_NAME).exists()


def test_a_long_folder_name_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server = LocalServer(deep, handler)
    assert connect(deep).call("long") == "done"
    server.close()


def test_a_service_that_hangs_is_said_to_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_socket, "HELLO_SECONDS_MAX", 0.2)
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / FILE_NAME))
    silent.listen()
    with pytest.raises(BusyError, match="does not answer"):
        LocalClient.connect(tmp_path)
    silent.close()


def test_a_service_that_dies_midway_is_an_error(tmp_path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / FILE_NAME))
    listening.listen()

    def answer_hello_and_die() -> None:
        connection, _ = listening.accept()
        with connection.makefile("rwb") as stream:
            stream.readline()
            stream.write(b'{"result":"spotter"}\n')
            stream.flush()
            stream.readline()
        connection.close()

    thread = threading.Thread(target=answer_hello_and_die)
    thread.start()
    with pytest.raises(StorageError, match="stopped before it answered"):
        connect(tmp_path).call("long")
    thread.join()
    listening.close()


def test_a_broken_request_harms_only_its_own_connection(data: Path) -> None:
    for garbage in (b"not json\n", b'{"op":"echo","args":{},"body_bytes":-1}\n', b'{"op":1}\n', b'{"op":"x"'):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(data / FILE_NAME))
            raw.sendall(garbage)
            raw.shutdown(socket.SHUT_WR)
            raw.recv(1000)
    assert connect(data).call("long") == "done"
