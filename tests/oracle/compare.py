"""The contract's views against the oracle, row for row: exact for counts and sums, 1e-9 for doubles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.compare_recovery import VIEWS, of_athlete_day, recovery_tables
from tests.oracle.estimates import by_exercise, session_best
from tests.oracle.rows import Row
from tests.oracle.world import World

Query = Callable[[str], list[dict[str, Any]]]
Table = dict[tuple[Any, ...], dict[str, Any]]
RELATIVE = 1e-9
MILLIGRAM_KG = 1e-6
SLACK = {"load_kg": MILLIGRAM_KG, "performance_points": 1e-8, "readiness": 1e-8}  # of sums in whole small parts
FLAGS = {"effort_conflict", "censored", "exceeds_reference"}


def against_oracle(query: Query, world: World, most: int = 8) -> list[str]:
    """What the views say otherwise than the oracle, in words; empty if they agree."""
    found: list[str] = []
    for name, sql, keys, expected in (
        ("set_fact", "select * from set_fact", ("tenant_id", "athlete_id", "source", "document_id"), _sets(world)),
        ("athlete_day", "select * from athlete_day", ("tenant_id", "athlete_id", "local_day"), _days(world)),
        (
            "exercise_session",
            "select *, coalesce(exercise_id, exercise) as exercise_key from exercise_session"
            " where local_day is not null",
            ("tenant_id", "athlete_id", "session_id", "exercise_key", "start_at"),
            _exercise_sessions(world),
        ),
        (
            "muscle_day",
            "select * from muscle_day where hard_sets_assumed > 0 or failure_load > 0",
            ("tenant_id", "athlete_id", "local_day", "muscle"),
            _muscles(world),
        ),
        ("load_day", "select * from load_day", ("tenant_id", "athlete_id", "local_day"), _loads(world)),
    ):
        lines = list(_compare(name, _keyed(query(sql), keys), expected))
        found += lines[:most]
    recovery = recovery_tables(world)
    for name, sql, keys in VIEWS:
        found += list(_compare(name, _keyed(query(sql), keys), recovery[name]))[:most]
    found += list(_freshness(query, world))[:most]
    found += list(_compare("indicator", _weeks(query), _seven_days(world)))[:most]
    found += _accounts(query, world)
    return found


def _keyed(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> Table:
    table: Table = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key in table and "exercise_key" in keys:
            continue
        if key in table:
            key = (*key, "a second time")
        table[key] = row
    return table


def _compare(name: str, rows: Table, expected: Table) -> Iterator[str]:
    for key in sorted(rows.keys() | expected.keys(), key=str):
        if key not in expected:
            yield f"{name} {key}: should not be there"
        elif key not in rows:
            yield f"{name} {key}: is missing"
        else:
            for column, wanted in expected[key].items():
                shown = rows[key][column]
                if not _equal(column, shown, wanted):
                    yield f"{name} {key} {column}: {shown!r}, the oracle says {wanted!r}"


def _equal(column: str, shown: Any, wanted: Any) -> bool:
    if column == "performed_at" and isinstance(shown, datetime):
        return _utc(shown) == wanted
    if column == "flags":
        return wanted == FLAGS & set(shown)
    if column == "document_id":
        return shown in wanted
    if column == "effort_source":
        return wanted is None or str(shown).startswith(wanted)
    if wanted is None or shown is None:
        return shown is None and wanted is None
    if isinstance(wanted, float):
        slack = SLACK.get(column, 1e-11)
        return math.isclose(float(shown), wanted, rel_tol=RELATIVE, abs_tol=slack)
    return bool(shown == wanted)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _sets(world: World) -> Table:
    table: Table = {}
    for (tenant, athlete), truth in world.people.items():
        for row in truth.rows:
            table[tenant, athlete, row.document.source, row.document_id] = _set(row)
    return table


def _set(row: Row) -> dict[str, Any]:
    effort, known = row.effort, row.known
    expected: dict[str, Any] = {
        "session_id": row.session_id,
        "superseded_by": row.superseded_by,
        "exercise_id": row.exercise.exercise_id,
        "exercise_class": row.exercise.cls,
        "set_type": row.set_type,
        "reps": row.reps,
        "load_kind": row.load_kind,
        "side": row.side,
        "weight_kg": None if row.weight_mg is None else row.weight_mg / 1e6,
        "rir": None if effort.rir is None else float(effort.rir),
    }
    if row.time:
        expected["performed_at"] = row.time.at
    if row.superseded_by:
        return expected
    expected |= {
        "local_day": row.local_day,
        "set_order": row.set_order,
        "load_kg": None if row.load_mg is None else float(row.load_mg) / 1e6,
        "is_failure": row.is_failure,
        "is_failure_explicit": row.is_failure_explicit,
        "flags": _flags(row),
    }
    if row.set_type != "warmup":
        expected |= {
            "endpoint": effort.endpoint,
            "effort_source": effort.source if known else row.estimate_source,
            "rir_effective": float(effort.effective) if known else row.estimate,
        }
    if row.estimate_source == "load_reps":
        expected["rir_se"] = 2.5
    if row.counted:
        expected["e1rm_kg"] = None if row.e1rm_kg is None else float(row.e1rm_kg)
    return expected


def _flags(row: Row) -> set[str]:
    conflict = row.effort.scales_differ if row.set_type == "warmup" else row.effort.conflict
    stated = {"effort_conflict": conflict, "censored": row.effort.censored, "exceeds_reference": row.exceeds_reference}
    return {flag for flag, holds in stated.items() if holds}


def _days(world: World) -> Table:
    table: Table = {}
    for (tenant, athlete), truth in world.people.items():
        for day, sums in truth.days.days.items():
            table[tenant, athlete, day] = {
                "sets": sums.sets,
                "failure_sets": sums.failure_sets,
                "failure_sets_explicit": sums.failure_sets_explicit,
                "hard_sets_known": sums.hard_sets_known,
                "hard_sets_assumed": sums.hard_sets_assumed,
                "volume_load_kg": sums.volume_load_mg / 1e6,
                "weighted_volume": sums.weighted_volume,
                "failure_load": sums.failure_load_fes,
                "failure_load_estimated": sums.failure_load_estimated,
                "fatigue_weighted_volume": sums.fatigue_weighted_volume,
                "unknown_effort_share": sums.unknown_effort_share,
                **of_athlete_day(truth, day),
            }
    return table


def _loads(world: World) -> Table:
    return {(*who, day): columns for who, truth in world.people.items() for day, columns in truth.load.items()}


def _exercise_sessions(world: World) -> Table:
    table: Table = {}
    for (tenant, athlete), truth in world.people.items():
        for session in truth.sessions:
            if session.superseded_by or session.local_day is None:
                continue
            for key, rows in by_exercise(session).items():
                sums = truth.exercise_sessions[session.source, session.session_id, key]
                if not any(row.is_working for row in rows):
                    continue
                best = session_best(rows)
                at = session.first[0].replace(tzinfo=None)
                place = (tenant, athlete, session.session_id, key, at)
                if place in table:  # the same session name in two sources, as in a copy that was changed since
                    continue
                table[place] = {
                    "sets": sums.sets,
                    "failure_sets": sums.failure_sets,
                    "failure_sets_explicit": sums.failure_sets_explicit,
                    "hard_sets_known": sums.hard_sets_known,
                    "hard_sets_assumed": sums.hard_sets_assumed,
                    "weighted_volume": sums.weighted_volume,
                    "failure_load": sums.failure_load_fes,
                    "volume_load_kg": sums.volume_load_mg / 1e6,
                    "e1rm_kg": float(best[0]) if best else None,
                }
    return table


def _muscles(world: World) -> Table:
    table: Table = {}
    for (tenant, athlete), truth in world.people.items():
        for (day, muscle), sums in truth.days.muscles.items():
            if sums.hard_assumed_half or sums.failure_load:
                table[tenant, athlete, day, muscle] = {
                    "hard_sets_known": sums.hard_known_half / 2,
                    "hard_sets_assumed": sums.hard_assumed_half / 2,
                    "failure_load": sums.failure_load_fes,
                }
    return table


def _freshness(query: Query, world: World) -> Iterator[str]:
    """Full freshness may be left unsaid; anything less must be said, and nothing else."""
    shown = _keyed(
        query("select * from muscle_day where freshness is not null"),
        ("tenant_id", "athlete_id", "local_day", "muscle"),
    )
    expected: dict[tuple[Any, ...], float] = {}
    for who, truth in world.people.items():
        expected |= {(*who, *key): value for key, value in truth.days.freshness.items()}
    for key in sorted(shown.keys() | expected.keys(), key=str):
        value, wanted = shown[key]["freshness"] if key in shown else 1.0, expected.get(key)
        if wanted is None:
            yield f"muscle_day {key} freshness: {value!r}, the oracle knows of no clock"
        elif not math.isclose(value, wanted, rel_tol=RELATIVE, abs_tol=1e-12):
            yield f"muscle_day {key} freshness: {value!r}, the oracle says {wanted!r}"


WEEK = {
    "failure_load_7d_fes": lambda sums: sums.failure_load_fes,
    "failure_sets_7d": lambda sums: sums.failure_sets,
    "hard_sets_known_7d": lambda sums: sums.hard_sets_known,
    "hard_sets_assumed_7d": lambda sums: sums.hard_sets_assumed,
    "volume_load_7d_kg": lambda sums: sums.volume_load_mg / 1e6,
}


def _weeks(query: Query) -> Table:
    metrics = ", ".join(f"'{name}'" for name in WEEK)
    rows = query(f"select * from indicator where scope = 'body' and metric in ({metrics})")
    return _keyed(rows, ("tenant_id", "athlete_id", "local_day", "metric"))


def _seven_days(world: World) -> Table:
    table: Table = {}
    for (tenant, athlete), truth in world.people.items():
        days = truth.days.days
        for day in days:
            week = [days[at] for at in (day - timedelta(n) for n in range(7)) if at in days]
            for metric, value in WEEK.items():
                table[tenant, athlete, day, metric] = {"value": float(sum(map(value, week)))}
    return table


def _accounts(query: Query, world: World) -> list[str]:
    account = world.documents.account
    (ledger,) = query("select items, current, gone, superseded, ignored, rejected from ledger")
    found = []
    if ledger["items"] != sum(ledger[n] for n in ("current", "gone", "superseded", "ignored", "rejected")):
        found.append(f"ledger does not balance: {ledger}")
    for name in ("current", "gone", "superseded", "rejected"):
        wanted = account[name] + (account["tick"] if name == "current" else 0)
        slack = account["tick"] if name in ("current", "superseded") else 0
        if abs(ledger[name] - wanted) > slack:
            found.append(f"ledger {name}: {ledger[name]}, the oracle says {wanted}")
    seen = sorted(
        (row["tenant_id"], row["athlete_id"], row["reason"])
        for row in query("select tenant_id, athlete_id, reason from rejected")
    )
    wanted_reasons = sorted((tenant, athlete, reason) for tenant, athlete, _, _, reason in world.documents.rejected)
    if seen != wanted_reasons:
        found.append(f"rejected: {seen}, the oracle says {wanted_reasons}")
    return found
