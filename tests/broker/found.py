"""A broker of this machine: the official image in Docker, or one from Kafka's jars."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


class NoBrokerError(Exception):
    """Why no broker can be started here."""


@contextlib.contextmanager
def a_broker() -> Iterator[tuple[str, str]]:
    """The address of a broker of one's own, and what it is; raises NoBrokerError."""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from tests.broker.container import IMAGE, BrokerContainer, image_is_here
    from tests.broker.process import BrokerProcess, why_not

    if image_is_here():
        with BrokerContainer() as container:
            yield container.address, f"{IMAGE} in Docker"
        return
    if (reason := why_not()) is not None:
        raise NoBrokerError(reason)
    broker = BrokerProcess()
    try:
        broker.start()
        yield broker.address, "the jars of tests/broker/jars.xml"
    finally:
        broker.remove()
