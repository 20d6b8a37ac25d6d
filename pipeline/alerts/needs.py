"""What the touched athletes have at all, so that conditions that could find nothing are not even planned.

Planning a condition takes ten times as long as running it over one athlete's new set. A condition says in its head
what it needs, one kind or another: ``-- needs: recovery or trend``.
"""

from __future__ import annotations

import re

from pipeline.store.connection import Connection

_NEEDS = re.compile(r"^-- needs: (.+)$", re.MULTILINE)
_EXISTS = {
    "recovery": ("mart.recovery_day", "x.local_day >= $first_day"),
    "trend": ("mart.trend_day", "x.local_day >= $first_day"),
    "checkin": ("base.event_log", "x.kind = 'checkin'"),
}
LOOK_BACK_DAYS = 200  # further back no condition reads any of it
CONDITION = "condition"  # another rule found something


def given(connection: Connection) -> set[str]:
    """The kinds of data that any athlete in ``touched_rule_day`` has; never CONDITION, which comes while rules run."""
    parts = [
        f"exists(select 1 from {table} x join touched_rule_day t on x.athlete_no = t.athlete_no where {where})"
        f" as {kind}"
        for kind, (table, where) in _EXISTS.items()
    ]
    since = connection.since("touched_rule_day", LOOK_BACK_DAYS)
    rows = connection.execute("select " + ", ".join(parts), since).fetchall()
    return {kind for kind, found in zip(_EXISTS, rows[0], strict=True) if found}


def is_fed(sql: str, has: set[str]) -> bool:
    """Whether a condition has anything to look at; one that states no needs always has."""
    found = _NEEDS.search(sql)
    return found is None or any(kind.strip() in has for kind in found[1].split(" or "))
