"""What the touched athletes have at all, so that conditions that could find nothing are not even planned.

Planning a condition takes ten times as long as running it over one athlete's new set. A condition says in its head
what it needs, one kind or another: ``-- needs: recovery or trend``.
"""

from __future__ import annotations

import re
from datetime import timedelta

from pipeline.store.connection import Connection

_NEEDS = re.compile(r"^-- needs: (.+)$", re.MULTILINE)
_EXISTS = {
    "recovery": ("mart.recovery_day", "x.local_day >= $first_day"),
    "trend": ("mart.trend_day", "x.local_day >= $first_day"),
    "checkin": ("base.event_log", "x.kind = 'checkin'"),
    # of an exercise that was trained on one day only nothing can be compared
    "repetition": (
        "mart.exercise_session",
        "x.top_weight_mg > 0 and x.top_reps > 0 and x.local_day >= $first_day"
        " group by x.athlete_no, x.exercise_no having count(distinct x.local_day) > 1",
    ),
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
    (first,) = connection.execute("select min(from_day) from touched_rule_day").fetchall()[0]
    if first is None:
        return set()
    near = {"first_day": first - timedelta(days=LOOK_BACK_DAYS)}
    rows = connection.execute("select " + ", ".join(parts), near).fetchall()
    return {kind for kind, found in zip(_EXISTS, rows[0], strict=True) if found}


def is_fed(sql: str, has: set[str]) -> bool:
    """Whether a condition has anything to look at; one that states no needs always has."""
    found = _NEEDS.search(sql)
    return found is None or any(kind.strip() in has for kind in found[1].split(" or "))
