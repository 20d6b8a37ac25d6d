"""What other thresholds would have fired on the stored history: the same code on a copy, beside today's alerts.

Nothing here writes the shard, its outbox or a snapshot: a snapshot is copied, and the copy is thrown away.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipeline.alerts.day_lane import run_day_lane
from pipeline.alerts.day_rules import run_day_rules
from pipeline.alerts.lane import run_session_lane
from pipeline.alerts.rules import SEVERITIES, Rules
from pipeline.models.runner import MODEL_VERSION
from pipeline.store.connection import Connection
from pipeline.store.failure import is_out_of_memory, is_storage_failure, storage_failure
from pipeline.store.shard import Shard
from pipeline.store.snapshot import working_copy
from pipeline.worker.marked_days import count_soreness, find_day_conditions
from pipeline.worker.rebuild import slices, take_slice

DAYS_PER_MONTH = 30.4
_SCRATCH = "backtest-"
KINDS = ("new", "gone", "severity", "moved", "same")
WHYS = ("later", "earlier", "part", "scope")
NEAR_DAYS = 28  # an alert that no longer opens on a day may open so long after it, or have opened so long before
Progress = Callable[[int, int], None]

_ALERTS = """
select p.athlete_id, a.rule, a.scope, a.alert_id, a.severity, a.opened_on, a.resolved_on, a.title, a.revision
from mart.alert a
join base.athlete p on a.athlete_no = p.athlete_no
where p.tenant_id = ?
order by p.athlete_id, a.rule, a.scope, a.opened_on, a.alert_id
"""
_OBSERVED = """
select count(*), count(distinct w.athlete_no), min(w.local_day), max(w.local_day)
from mart.athlete_window w
join base.athlete p on w.athlete_no = p.athlete_no
where p.tenant_id = ? and w.observed and w.local_day between coalesce(?, w.local_day) and coalesce(?, w.local_day)
"""
_TOUCHED = """
create or replace temp table {table} as
select s.athlete_no, s.first_day as from_day
from base.athlete_span s
join slice a on s.athlete_no = a.athlete_no
where s.first_day is not null
"""


class Told(NamedTuple):
    """One alert. ``ends_on`` is None while nothing has ended it; ``revision`` changes with all it says."""

    athlete_id: str
    rule: str
    scope: str
    alert_id: str
    severity: str
    opened_on: date
    ends_on: date | None
    title: str
    revision: str


class Pair(NamedTuple):
    """An alert today, and what became of it; None where there is none. ``change`` is one of KINDS."""

    change: str
    today: Told | None
    tried: Told | None


class Observed(NamedTuple):
    """Days on which somebody is observed (docs/domain.md), whose they are, and the first and last of them."""

    days: int
    athletes: int
    first: date | None
    last: date | None


class Backtest(NamedTuple):
    """All pairs of the rule's alerts in the days looked at; ``others`` counts changes of rules that weigh it.

    ``why``: by the id of a new alert, which of WHYS explains it (``explained``).
    """

    observed: Observed
    pairs: list[Pair]
    others: dict[str, dict[str, int]]
    why: dict[str, str]


class Summary(NamedTuple):
    """Alerts opened, by severity; ``per_athlete_month`` is None where nobody is observed."""

    alerts: int
    by_severity: dict[str, int]
    per_athlete_month: float | None
    athletes: int


def backtest(
    snapshot: Path,
    folder: Path,
    rules: Rules,
    rule_id: str,
    *,
    tenant: str,
    first: date | None = None,
    last: date | None = None,
    progress: Progress = lambda done, total: None,
) -> Backtest:
    """Play the lane of a rule again over a copy of ``snapshot``, all athletes from their first day on.

    The copy lies in ``folder`` meanwhile. An alert counts when it opened in the days from ``first`` to ``last``, today
    or as tried. Raises OwnRuleError for a rule of the gym's own that cannot be run, StorageError for want of room.
    """
    _tidy(folder)
    with _in_words(folder), TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-", dir=folder) as scratch:
        shard = working_copy(snapshot, Path(scratch) / "copy.duckdb")
        try:
            today = _alerts(shard.connection, tenant)
            observed = Observed(*shard.connection.execute(_OBSERVED, (tenant, first, last)).fetchall()[0])
            play(shard, rules, rules[rule_id].lane, progress)
            tried = _alerts(shard.connection, tenant)
        finally:
            shard.close()
    lane = {rule.id for rule in rules.all() if rule.lane == rules[rule_id].lane}
    whole = paired([one for one in today if one.rule in lane], tried)
    pairs = [
        pair
        for pair in whole
        if any(one is not None and _inside(one.opened_on, first, last) for one in (pair.today, pair.tried))
    ]
    others: dict[str, Counter[str]] = {}
    for pair in pairs:
        rule = _either(pair).rule
        if rule != rule_id and pair.change != "same":
            others.setdefault(rule, Counter())[pair.change] += 1
    return Backtest(
        observed,
        [pair for pair in pairs if _either(pair).rule == rule_id],
        {rule: dict(counts) for rule, counts in sorted(others.items())},
        explained(pair for pair in whole if _either(pair).rule == rule_id),  # one that is gone may lie before the days
    )


def play(shard: Shard, rules: Rules, lane: str, progress: Progress) -> None:
    """Make the alerts of a lane anew, in a shard that may be spoiled: nothing of the other lane is left in it."""
    with shard.transaction() as connection:
        for table in ("mart.condition", "mart.alert", "mart.alert_evidence", "base.alert_sent", "base.outbox"):
            connection.execute(f"delete from {table}")
    run = _session_lane if lane == "session" else _day_lane
    groups = list(slices(shard.connection))
    for done, athletes in enumerate(groups):
        progress(done, len(groups))
        shard.with_room(partial(_of_slice, shard, rules, athletes, run))


def _of_slice(shard: Shard, rules: Rules, athletes: list[int], run: Callable[[Connection, Rules], None]) -> None:
    with shard.transaction() as connection:
        take_slice(connection, athletes)
        run(connection, rules)


def _session_lane(connection: Connection, rules: Rules) -> None:
    connection.execute(_TOUCHED.format(table="touched_alert"))
    run_session_lane(connection, rules=rules, log_offset=0, model_version=MODEL_VERSION)


def _day_lane(connection: Connection, rules: Rules) -> None:
    connection.execute(_TOUCHED.format(table="touched_day_lane"))
    connection.execute(
        "create or replace temp table touched_soreness as select t.athlete_no, t.from_day, s.today as to_day"
        " from touched_day_lane t join base.athlete_span s on t.athlete_no = s.athlete_no"
    )
    count_soreness(connection, rules)  # a model that asks a rule what is sore
    found = find_day_conditions(connection, rules)
    run_day_lane(connection, rules=rules, log_offset=0, model_version=MODEL_VERSION)
    run_day_rules(connection, found, rules=rules, log_offset=0, model_version=MODEL_VERSION)


def _alerts(connection: Connection, tenant: str) -> list[Told]:
    return [Told(*row) for row in connection.execute(_ALERTS, (tenant,)).fetchall()]


def paired(today: Iterable[Told], tried: Iterable[Told]) -> list[Pair]:
    """Each alert with its other self: the one of the same id, else one of the same scope whose days overlap."""
    old = {one.alert_id: one for one in today}
    new = {one.alert_id: one for one in tried}
    pairs = [Pair(_change(one, new[name]), one, new[name]) for name, one in old.items() if name in new]
    loose: dict[tuple[str, str, str], list[Told]] = {}
    for name, one in old.items():
        if name not in new:
            loose.setdefault((one.athlete_id, one.rule, one.scope), []).append(one)
    for name, one in new.items():
        if name in old:
            continue
        near = loose.get((one.athlete_id, one.rule, one.scope), [])
        found = next((other for other in near if _overlap(other, one)), None)
        if found is None:
            pairs.append(Pair("new", None, one))
        else:
            near.remove(found)
            pairs.append(Pair(_change(found, one), found, one))
    pairs += [Pair("gone", one, None) for near in loose.values() for one in near]
    return sorted(pairs, key=lambda pair: (KINDS.index(pair.change), *_either(pair)[:3], _either(pair).opened_on))


def explained(pairs: Iterable[Pair]) -> dict[str, str]:
    """Why alerts are new that a stricter rule would not be thought to open, by their ids; of others nothing is said.

    ``later``, ``earlier``: one of the same athlete, rule and scope is gone that had opened up to NEAR_DAYS before or
    after; each gone one stands for one. ``part``: one of the same scope that is shorter as tried was open on that day.
    ``scope``: one of another scope of the athlete and rule is gone that opened that near.
    """
    pairs = list(pairs)
    gone = [pair.today for pair in pairs if pair.change == "gone" and pair.today]
    new = sorted((pair.tried for pair in pairs if pair.change == "new" and pair.tried), key=lambda one: one.opened_on)
    kept = [pair.today for pair in pairs if pair.today and pair.tried]
    why, taken = {}, set()
    near = sorted(
        (abs((old.opened_on - one.opened_on).days), one.opened_on, one.alert_id, old, one)
        for one in new
        for old in gone
        if old[:2] == one[:2] and abs((old.opened_on - one.opened_on).days) <= NEAR_DAYS
    )
    for *_, old, one in near:  # the nearest first
        if old.scope == one.scope and one.alert_id not in why and old.alert_id not in taken:
            taken.add(old.alert_id)
            why[one.alert_id] = "later" if one.opened_on >= old.opened_on else "earlier"
    for one in new:
        if one.alert_id not in why and any(old[:3] == one[:3] and _overlap(old, one) for old in kept):
            why[one.alert_id] = "part"
    for *_, old, one in near:
        if old.scope != one.scope:
            why.setdefault(one.alert_id, "scope")
    return why


def _change(old: Told, new: Told) -> str:
    if old.severity != new.severity:
        return "severity"
    return "same" if (old.opened_on, old.ends_on) == (new.opened_on, new.ends_on) else "moved"


def _overlap(one: Told, other: Told) -> bool:
    return one.opened_on <= (other.ends_on or date.max) and other.opened_on <= (one.ends_on or date.max)


def _either(pair: Pair) -> Told:
    found = pair.tried or pair.today
    if found is None:
        raise ValueError("a pair of nothing")
    return found


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def summary(found: Iterable[Told | None], observed: Observed, first: date | None, last: date | None) -> Summary:
    """Alerts opened in the days looked at, in figures."""
    opened = [one for one in found if one is not None and _inside(one.opened_on, first, last)]
    counts = Counter(one.severity for one in opened)
    months = observed.days / DAYS_PER_MONTH
    return Summary(
        len(opened),
        {name: counts[name] for name in SEVERITIES},
        round(len(opened) / months, 4) if months else None,
        len({one.athlete_id for one in opened}),
    )


def _tidy(folder: Path) -> None:
    """Remove what killed processes left behind: a copy may be large."""
    for path in folder.glob(f"{_SCRATCH}*"):
        pid = path.name.removeprefix(_SCRATCH).partition("-")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_storage_failure(error) and not is_out_of_memory(error):
            raise storage_failure(error, folder) from error
        raise
