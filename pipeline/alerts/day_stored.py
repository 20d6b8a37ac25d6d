"""Alerts of the day rules as they stand: open ones, and those whose cool-down reaches into the touched days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from pipeline.alerts import statements
from pipeline.alerts.life_cycle import NEVER_DAY
from pipeline.alerts.rules import Rules
from pipeline.alerts.statements import Columns
from pipeline.store.connection import Connection

_SAID_DAYS = 60  # so far back an open alert's last condition is looked for first; most lie a day or two before


def stored_alerts(connection: Connection, rules: Rules, names: list[str], athletes: Columns) -> Columns:
    """Those of the rules ``names`` and of ``touched_day_lane``; ``athlete`` is a place in ``athletes``."""
    sql = statements.text("steps/day_stored")[0]
    cool = max(rules[name].cool_down_h for name in names) // 24
    first_day = connection.since("touched_day_lane", 0)["first_day"]
    told = {"never": NEVER_DAY, "cool_days": cool, "since": first_day - timedelta(days=cool), "rules": names}
    near = {"first_day": first_day - timedelta(days=_SAID_DAYS), "last_day": date.max}
    stored = _columns(connection, sql, {**told, **near})
    stored["athlete"] = np.searchsorted(athletes["athlete_no"], stored.pop("athlete_no"))
    first = athletes["from_day"][stored["athlete"]]
    far = np.flatnonzero((stored["said_day"] < 0) & (stored["opened"] < first))
    if len(far):  # what an alert said last it said on the day of its update, or before the touched days
        before = stored["updated"] < first
        low = np.where(before, stored["updated"], stored["opened"])[far].min()
        high = np.where(before, stored["updated"], first)[far].max()
        again = _columns(connection, sql, {**told, "first_day": _date(low), "last_day": _date(high)})
        for name in ("said_day", "said_level", "said_content"):
            stored[name][far] = again[name][far]
    return stored


def _columns(connection: Connection, sql: str, told: dict[str, Any]) -> Columns:
    found: Columns = {}
    for name, values in connection.execute(sql, told).fetchnumpy().items():
        keep = values.dtype.kind in {"b", "O"} or values.dtype == np.uint64
        found[name] = np.asarray(values) if keep else np.asarray(values).astype(np.int64)
    return found


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
