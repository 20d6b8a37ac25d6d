"""HTTPS to a pinned address: the certificate must still be that of the name."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from relay_fakes import Receiver

from pipeline.clock import SystemClock
from pipeline.relay import webhook
from pipeline.relay.outcome import Outcome

NAME = "hooks.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the name, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, and it makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    what = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    where = ["-out", str(made[0]), "-keyout", str(made[1])]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *what, *where]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture
def receiver(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    made = Receiver(certificate=certificate)
    yield made
    made.close()


def post(receiver: Receiver, name: str) -> Outcome:
    return webhook.post(
        f"https://{name}:{receiver.port}/hook",
        "m1",
        "{}",
        ["whsec_YWJj"],
        now=SystemClock().now(),
        seconds_max=5,
        allowed="any",
        resolver=lambda host, port: ["127.0.0.1"],
    )


def test_a_certificate_of_the_name_is_taken_and_of_another_refused(
    receiver: Receiver, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(webhook, "_trust", lambda: trust)
    assert post(receiver, NAME) == Outcome("sent", "HTTP 200")
    assert receiver.got[0].headers["host"] == f"{NAME}:{receiver.port}"
    assert post(receiver, "other.example.org").verdict == "again"
    assert len(receiver.got) == 1


def test_a_certificate_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    assert post(receiver, NAME) == Outcome("again", f"not reached: {httpx.ConnectError.__name__}")
    assert receiver.got == []
