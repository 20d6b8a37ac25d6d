"""Panels: each is one SQL file of ``queries``; no page, command or endpoint computes a number elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files

Query = Callable[[str, Sequence[object]], list[dict[str, object]]]


class Panels:
    """Runs panels through a trusted ``query(sql, parameters)`` of the store's owner, or of a copy made at ``as_of``."""

    def __init__(self, query: Query, as_of: datetime | None = None) -> None:
        self._query = query
        self.as_of = as_of

    @contextmanager
    def opened(self, tenant: str) -> Iterator[Panels]:
        """The panels of a gym for the time of one answer."""
        yield self

    def rows(self, panel: str, *parameters: object) -> list[dict[str, object]]:
        """The panel's rows; ``parameters`` are its ``$1``, ``$2``, … as its header lists them."""
        return self._query(panel_sql(panel), parameters)

    def alerts(self, tenant: str, athlete: str | None, state: str | None, rows_max: int) -> list[dict[str, object]]:
        """The panel ``alerts``, each row with its rows of ``alert_evidence`` under ``evidence``."""
        found = self.rows("alerts", tenant, athlete, state, rows_max)
        by_alert: dict[object, list[dict[str, object]]] = {}
        for row in self.rows("alert_evidence", tenant, [alert["alert_id"] for alert in found]):
            by_alert.setdefault(row.pop("alert_id"), []).append(row)
        return [{**alert, "evidence": by_alert.get(alert["alert_id"], [])} for alert in found]


@cache
def panel_sql(panel: str) -> str:
    """The text of a panel; raises KeyError when there is none of that name."""
    if panel not in panel_names():
        raise KeyError(panel)
    return files("dashboards").joinpath("queries", f"{panel}.sql").read_text(encoding="utf-8")


@cache
def panel_names() -> frozenset[str]:
    """All panels."""
    folder = files("dashboards").joinpath("queries")
    return frozenset(entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".sql"))
