"""Makes the ``tests`` package importable wherever pytest starts; one process gets all tests that need Kafka."""

from __future__ import annotations

from typing import Any

import pytest

try:
    from xdist.scheduler import LoadScopeScheduling
except ImportError:  # the tests run in one process then
    LoadScopeScheduling = object

TOGETHER = ("tests/broker/", "tests/compose/")


class OneBroker(LoadScopeScheduling):  # type: ignore[misc]
    """Every test goes where there is room, but those of the broker to one process: they would wait for each other.

    Marks of xdist cannot say so: it writes them into names that pytest 9 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "broker" if nodeid.startswith(TOGETHER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The order of tests among processes."""
    return OneBroker(config, log)
