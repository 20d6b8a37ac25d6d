"""The deployment of docker-compose.yml, started once for these tests.

Left out where Docker does not answer or the base images are missing (stand_in_images.sh makes them);
``SPOTTER_REQUIRE=compose`` makes that a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.process import free_port

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("python:3.11-slim", "apache/kafka:4.1.1")
REQUIRED = "compose" in os.environ.get("SPOTTER_REQUIRE", "").split(",")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, timeout=600, check=False
    )


def program() -> list[str]:
    """How compose is called here."""
    if run("docker", "compose", "version").returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


def why_not() -> str | None:
    if shutil.which("docker") is None or run("docker", "info").returncode != 0:
        return "Docker does not answer"
    if not program():
        return "docker compose is not installed"
    missing = [image for image in IMAGES if run("docker", "image", "inspect", image).returncode != 0]
    if not missing:
        return None
    return f"images are missing: {', '.join(missing)} (tests/compose/stand_in_images.sh makes stand-ins)"


class Deployment:
    """A running deployment under a project name of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._command = [*program(), "-p", f"spottertest{os.getpid()}"]
        self._environment = {
            "SPOTTER_PORT": str(self.port),
            "SPOTTER_WEB_PORT": str(free_port()),
            "SPOTTER_CHANNEL_ADDRESSES": "any",
            "KAFKA_HEAP_OPTS": "-Xmx400m",
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_DOCKER_CLI_BUILD": "0",
        }

    def compose(self, *arguments: str, fails: bool = False) -> str:
        done = run(*self._command, *arguments, **self._environment)
        assert fails or done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def logs(self) -> str:
        return self.compose("logs", "--tail", "40", fails=True)


@pytest.fixture(scope="package")
def deployment() -> Iterator[Deployment]:
    """Built and up; taken down with its volumes."""
    if (reason := why_not()) is not None:
        if REQUIRED:
            pytest.fail(f"the compose deployment is required: {reason}")
        pytest.skip(reason)
    made = Deployment()
    try:
        made.compose("up", "-d", "--build")
        yield made
    finally:
        made.compose("down", "-v", "--timeout", "5", fails=True)
