"""What the door needs of the embedded service that is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from pipeline.record import Record
from pipeline.sources.columns import Decoded


class Service(Protocol):
    """The owner of a data folder: appends to the log, answers reads."""

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int:
        """Append durably; the log's end offset. ``decoded``: the records' columns, if they were made already."""
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Rows of a trusted, parameterised query."""
        ...

    def withdraw_import(self, tenant: str, import_id: str) -> int:
        """Append the withdrawal of an import; the log's end offset."""
        ...


class Panels(Protocol):
    """Named queries (``dashboards/queries``), each one panel. ``as_of``: of when they are, None for now."""

    @property
    def as_of(self) -> datetime | None: ...

    def opened(self, tenant: str) -> AbstractContextManager[Panels]:
        """The panels of a gym for the time of one answer, all of one moment."""
        ...

    def rows(self, panel: str, *parameters: object) -> list[dict[str, object]]:
        """The panel's rows."""
        ...

    def alerts(self, tenant: str, athlete: str | None, state: str | None, rows_max: int) -> list[dict[str, object]]:
        """Alerts with their evidence, newest first."""
        ...
