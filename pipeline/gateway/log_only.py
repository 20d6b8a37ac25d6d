"""The door of a cluster: it appends to the log and has no tables, which the workers hold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from pipeline.clock import Clock
from pipeline.gateway.problems import ProblemError
from pipeline.gateway.service import Panels
from pipeline.record import Record, withdrawal_of
from pipeline.sources.columns import Decoded


class Appendable(Protocol):
    """What the door needs of a log."""

    def append(self, records: Sequence[Record]) -> int:
        """Append durably; the end offset of their partition after them."""
        ...


class LogOnly:
    """``Service`` without tables."""

    def __init__(self, log: Appendable, clock: Clock) -> None:
        self._log, self._clock = log, clock

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int:
        """Append durably; the columns are made again by the worker that has the gym."""
        return self._log.append(records)

    def withdraw_import(self, tenant: str, import_id: str) -> int:
        """Append the withdrawal of an import."""
        received_at = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
        return self.append([withdrawal_of(tenant, import_id, uuid.uuid4().hex, received_at)])

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Raises the problem document that says where to ask."""
        raise no_tables()


class NoTables:
    """``Panels`` of a door without tables: every one of them is refused, and says so."""

    as_of: datetime | None = None

    def opened(self, tenant: str) -> AbstractContextManager[Panels]:
        """Raises a 501 problem."""
        raise no_tables()

    def rows(self, panel: str, *parameters: object) -> list[dict[str, object]]:
        """Raises a 501 problem."""
        raise no_tables()

    def alerts(self, tenant: str, athlete: str | None, state: str | None, rows_max: int) -> list[dict[str, object]]:
        """Raises a 501 problem."""
        raise no_tables()


def no_tables() -> ProblemError:
    """What this door does not answer, and who does."""
    return ProblemError(
        501,
        "this gateway takes uploads and has no tables; ask the web role of this deployment",
    )
