"""Every panel runs on the shard's real views and gives the columns that pages and commands show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from dashboards.panels import Panels, panel_names, panel_sql
from pipeline.store.shard import Shard

PARAMETERS: dict[str, tuple[object, ...]] = {
    "alert_evidence": ("home", None, None),
    "alerts": ("home", None, "open", 10),
    "athlete_days": ("home", "ana", date(2026, 11, 1), None, 10),
    "athlete_known": ("home", "ana"),
    "documents_known": ("home", "ana", "hevy", ["a", "b"]),
    "import_known": ("home", "imp-1"),
    "imports": ("home",),
    "rejected": ("home", None, None, 10),
    "roster": ("home", None),
    "unmapped": ("home",),
    "upload_items": ("home", "u"),
    "upload_known": ("home", "u"),
}


@pytest.fixture(scope="module")
def shard() -> Iterator[Shard]:
    shard = Shard(None)
    yield shard
    shard.close()


@pytest.fixture
def panels(shard: Shard) -> Panels:
    def query(sql: str, parameters: Sequence[object]) -> list[dict[str, object]]:
        cursor = shard.reader()
        cursor.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return Panels(query)


@pytest.mark.parametrize("panel", sorted(panel_names()))
def test_every_panel_runs_and_says_what_it_takes(panels: Panels, panel: str) -> None:
    assert panels.rows(panel, *PARAMETERS[panel]) == []
    text = panel_sql(panel)
    assert text.startswith("-- panel: ")
    for number in range(1, len(PARAMETERS[panel]) + 1):
        assert f"-- ${number}" in text or f", ${number} " in text, f"${number} is not explained"


def test_an_unknown_panel_is_no_file(panels: Panels) -> None:
    for name in ("nope", "../panels", ""):
        with pytest.raises(KeyError):
            panel_sql(name)
