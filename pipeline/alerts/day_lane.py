"""The day lane: R21, data quality. One alert per condition, open from the first day it holds to the first it does not.

The state a restart needs is the stored alerts that are open or in their cool-down on the touched day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.alerts import statements
from pipeline.alerts.declared import Context
from pipeline.alerts.episodes import Drafts
from pipeline.alerts.life_cycle import NEVER_DAY, Flags, Ints
from pipeline.alerts.rules import Rules
from pipeline.alerts.settle import settle
from pipeline.alerts.statements import Columns
from pipeline.store.connection import Connection

PARTS = ("unknown_effort", "effort_conflict", "gap", "device_change", "straight_line")
_GAP = 2
_BEYOND_SETS = {3: "new_signals", 4: "same_answers"}


class Episode(NamedTuple):
    """One stretch of days: athlete (index), part (index into PARTS), first day, the day it ends, day row or -1."""

    athlete: int
    part: int
    opened: int
    ends: int
    row: int


def run_day_lane(connection: Connection, *, rules: Rules, log_offset: int, model_version: str) -> int:
    """R21 of the athletes in the temp table ``touched_day_lane (athlete_no, from_day)``.

    ``from_day``: the first local day whose row of ``mart.athlete_window`` changed or came to be. Runs inside
    the caller's transaction, after the day marts are current. Returns the number of outbox rows.
    """
    athletes = statements.columns(connection, statements.text("steps/day_athlete"), rules)
    if not len(athletes["athlete_no"]):
        return 0
    since = connection.since("touched_day_lane", 0)
    days = statements.columns(connection, statements.text("conditions/R21"), rules, **since)
    cool_days = rules["R21"].cool_down_h // 24
    stored = statements.columns(
        connection, statements.text("steps/quality_stored"), rules, never=NEVER_DAY, quality_days=cool_days
    )
    for columns in (days, stored):
        columns["athlete"] = np.searchsorted(athletes["athlete_no"], columns.pop("athlete_no"))
    episodes = quality_episodes(athletes["from_day"], days, stored, cool_days)
    new = [one for one in episodes if one.row >= 0]
    drafts, gone = _drafts(connection, rules, athletes, days, stored, episodes=episodes, new=new)
    return settle(
        connection,
        rules,
        athletes,
        drafts,
        stored,
        context=Context([""] * len(episodes), np.zeros(len(episodes), dtype=np.int64)),
        dropped=gone,
        log_offset=log_offset,
        model_version=model_version,
    )


def quality_episodes(from_day: Ints, days: Columns, stored: Columns, cool_days: int) -> list[Episode]:
    """Stretches of days on which a part holds, in order; those opened before ``from_day`` come from ``stored``.

    ``days``: per athlete index and day the flags of PARTS, from the day before ``from_day`` on.
    A gap counts only after a day without one: who never trained has no gap.
    """
    running: dict[tuple[int, int], int] = {}
    ended: dict[tuple[int, int], int] = {}
    for athlete, part, opened, ends in zip(
        *(stored[name].tolist() for name in ("athlete", "part", "opened", "until_day")), strict=True
    ):
        first = int(from_day[athlete])
        if opened >= first:
            continue
        if ends >= first:
            running[athlete, part] = opened
        else:
            ended[athlete, part] = max(ends, ended.get((athlete, part), ends))
    found: list[Episode] = []
    day, athlete_of = days["day"], days["athlete"]
    for part, name in enumerate(PARTS):
        holds: Flags = days[name].astype(bool)
        for low, high in _stretches(athlete_of, holds):
            athlete = int(athlete_of[low])
            key, first = (athlete, part), int(from_day[athlete])
            is_last = high == len(day) or athlete_of[high] != athlete
            ends = NEVER_DAY if is_last else int(day[high])
            start = int(day[low])
            since = ended.get(key)
            opens = start if since is None else max(start, since + cool_days)
            if start < first:  # it held before the touched days
                if key in running:
                    found.append(Episode(athlete, part, running.pop(key), ends, -1))
                    ended[key] = ends
                    continue
                opens = max(opens, first)
                silent = part == _GAP and (since is None or since + cool_days < first)
            else:
                silent = part == _GAP and (low == 0 or athlete_of[low - 1] != athlete)
            if silent or opens >= ends or opens > int(day[high - 1]):
                continue
            found.append(Episode(athlete, part, opens, ends, low + opens - start))
            ended[key] = ends
    return found


def _stretches(athlete: Ints, holds: Flags) -> list[tuple[int, int]]:
    """Half-open row ranges of one athlete on which ``holds`` is true without a break."""
    if not len(holds):
        return []
    starts_new = np.r_[True, athlete[1:] != athlete[:-1]]
    before = np.r_[False, holds[:-1]]
    opens = np.flatnonzero(holds & (starts_new | ~before))
    ends_here = np.r_[starts_new[1:], True]
    after = np.r_[holds[1:], False]
    closes = np.flatnonzero(holds & (ends_here | ~after)) + 1
    return list(zip(opens.tolist(), closes.tolist(), strict=True))


def _found(days: Columns, one: Episode) -> list[float]:
    """What the condition found on the opening day, in the order of the evidence of R21."""
    if one.part in _BEYOND_SETS:
        return [float(one.part), float(days[_BEYOND_SETS[one.part]][one.row]), 0.0]
    sets, known, conflicts = (float(days[f"{name}_14d"][one.row]) for name in ("sets", "known_sets", "conflict_sets"))
    if one.part == _GAP:
        return [float(one.part), 0.0, sets]
    return [float(one.part), (sets - known) / sets if one.part == 0 else conflicts / known, sets]


def _subject(days: Columns, one: Episode) -> str:
    return str(days["sources"][one.row]) if PARTS[one.part] == "device_change" else ""


def _drafts(
    connection: Connection,
    rules: Rules,
    athletes: Columns,
    days: Columns,
    stored: Columns,
    *,
    episodes: list[Episode],
    new: list[Episode],
) -> tuple[Drafts, Ints]:
    """The alerts there should be, and the scopes in which a stored one may be gone; stores the new conditions."""
    rows = pa.table(
        {
            "athlete_no": pa.array([athletes["athlete_no"][one.athlete] for one in new], pa.int32()),
            "scope": pa.array([f"body:{PARTS[one.part]}" for one in new], pa.string()),
            "opened_on": statements.dates(np.array([one.opened for one in new], dtype=np.int64)),
            "subject": pa.array([_subject(days, one) for one in new], pa.string()),
            "found": pa.array([_found(days, one) for one in new], pa.list_(pa.float64())),
            "row_no": pa.array(range(len(new)), pa.int64()),
        }
    )
    again = stored["opened"] >= athletes["from_day"][stored["athlete"]]
    with statements.registered(connection, "quality_in", rows):
        statements.run(connection, statements.text("steps/quality_condition"), rules)
    if again.any():
        connection.execute(statements.text("steps/quality_drop")[0])
    if new:
        connection.execute(statements.text("steps/quality_keep")[0])
    made = connection.execute("select scope_key, content from alert_condition order by row_no").fetchnumpy()
    kept = [one for one in episodes if one.row < 0]
    place = {
        key: index
        for index, key in enumerate(
            zip(*(stored[name].tolist() for name in ("athlete", "part", "opened")), strict=True)
        )
    }
    old = np.array([place[one.athlete, one.part, one.opened] for one in kept], dtype=np.int64)
    both = [*new, *kept]
    n = len(both)
    opened = np.array([one.opened for one in both], dtype=np.int64)
    drafts = Drafts(
        athlete=np.array([one.athlete for one in both], dtype=np.int64),
        rule=np.full(n, 21, dtype=np.int64),
        scope_key=np.concatenate([np.asarray(made["scope_key"]), stored["scope_key"][old]]).astype(np.uint64),
        session_key=np.zeros(n, dtype=np.int64),
        day=opened,
        opened=opened,
        until_day=np.array([one.ends for one in both], dtype=np.int64),
        until_us=np.full(n, -1, dtype=np.int64),
        content=np.concatenate([np.asarray(made["content"]), stored["content"][old]]).astype(np.uint64),
    )
    return drafts, np.unique(stored["scope_key"])
