"""A broker for these tests: one that runs (``SPOTTER_TEST_BROKERS``), the official image, or one from Kafka's jars.

Without any of them the tests are left out and say why; ``SPOTTER_REQUIRE=broker`` makes that a failure.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec

import pytest

from pipeline.settings import Settings
from tests.broker.found import NoBrokerError, a_broker
from tests.broker.process import BrokerProcess, why_not

REQUIRED = "broker" in os.environ.get("SPOTTER_REQUIRE", "").split(",")
if "faust" not in sys.modules and find_spec("faust") is None:
    if REQUIRED:
        raise RuntimeError("a broker is required, but the extra `cluster` is not installed")
    collect_ignore_glob = ["test_*.py"]


def no_broker(reason: str) -> None:
    """Leave the test out, or fail where a broker is required."""
    if REQUIRED:
        pytest.fail(f"a broker is required: {reason}")
    pytest.skip(reason)


@contextmanager
def broker_alone() -> Iterator[BrokerProcess]:
    """A broker of some tests alone, since they kill it; leaves the test out where none can start."""
    if (reason := why_not()) is not None:
        no_broker(reason)
    made = BrokerProcess()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="package")
def brokers() -> Iterator[str]:
    """The address of a broker that runs."""
    if found := os.environ.get("SPOTTER_TEST_BROKERS"):
        yield found
        return
    try:
        with a_broker() as (address, _):
            yield address
    except NoBrokerError as error:
        no_broker(str(error))


@pytest.fixture
def cluster(brokers: str) -> Callable[..., Settings]:
    """Settings of a deployment of its own on the broker, its topics made; fields may be changed."""
    from pipeline.log.topics import ensure

    def make(**changes: object) -> Settings:
        given = {"brokers": brokers, "topic_prefix": f"t{uuid.uuid4().hex[:8]}", "append_seconds_max": 10.0, **changes}
        settings = replace(Settings(), **given)  # type: ignore[arg-type]
        ensure(settings)
        return settings

    return make
