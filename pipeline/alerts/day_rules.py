"""The rules of the day lane: conditions of the touched athletes per local day, folded into episodes.

A condition (``conditions/R07.sql`` ...) gives per athlete, scope and day what it found and whether the alert may
close; what that means is decided from the rule's evidence (``findings.py``). Days before the touched one are looked
at as well, as far as a later day counts them, and change nothing themselves.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.alerts import findings, own_condition, statements
from pipeline.alerts.day_fold import DayConditions, Episodes, State, fold_days
from pipeline.alerts.day_stored import stored_alerts
from pipeline.alerts.declared import SHOWN, Context, Declared, context_of
from pipeline.alerts.episodes import Drafts
from pipeline.alerts.identity import rule_id, rule_number
from pipeline.alerts.life_cycle import Flags, Ints
from pipeline.alerts.needs import CONDITION, given, is_fed
from pipeline.alerts.rules import Rule, Rules
from pipeline.alerts.settle import settle
from pipeline.alerts.statements import Columns
from pipeline.store.connection import Connection

# conditions of so many days before the touched one are worked out again, for streaks and points
LOOK_BACK_DAYS = findings.STREAK_MAX - 1
_EPOCH_DAY = "1970-01-01"
# where a condition holds; of days in a row on which it may close the first, and the first of the touched days
_TELLING = """
select f.athlete_no, f.scope, f.subject, f.local_day, f.closes, f.found,
    md5_number_lower(f.athlete_no || '/{rule}/' || f.scope) as scope_key
from (
    select c.*, lag(c.closes and not c.holds) over in_order as closed_before,
        lag(c.local_day) over in_order as day_before
    from (select *, ({holds}) as holds from ({condition})) c
    window in_order as (partition by c.athlete_no, c.scope order by c.local_day)
) f
join touched_rule_day t on f.athlete_no = t.athlete_no
where f.holds or f.closes and (
    f.closed_before is not true or f.local_day >= t.from_day + {look_back} and f.day_before < t.from_day + {look_back}
)
order by f.athlete_no, f.scope, f.local_day
"""
_Period = tuple[int, str, int, int]  # athlete number, what, first and last day (days since 1970)
Floats = npt.NDArray[np.float64]
_CONDITION = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("rule", pa.string()),
        ("scope", pa.string()),
        ("subject", pa.string()),
        ("local_day", pa.date32()),
        ("scope_key", pa.uint64()),
        ("level", pa.int64()),
        ("closes", pa.bool_()),
        ("found", pa.list_(pa.float64())),
        ("content", pa.uint64()),
    ]
)


class _Found(NamedTuple):
    """Condition rows of all rules, sorted by day, and the numbers the fold works on."""

    table: pa.Table
    athlete: Ints  # index into the touched athletes
    key: Ints
    day: Ints
    level: Ints
    scope_keys: Columns  # per key: scope_key, rule, athlete


def day_rules(rules: Rules) -> list[Rule]:
    """The rules of the day lane that say in evidence what they decide by."""
    return [rule for rule in rules.all() if rule.lane == "day" and rule.evidence]


class DayFindings(NamedTuple):
    """What the day rules found for the touched athletes: reading is over, nothing is written yet."""

    athletes: Columns
    said: list[_Period]
    names: list[str]
    conditions: pa.Table


def find_conditions(connection: Connection, rules: Rules, more: set[str]) -> DayFindings:
    """The conditions of all day rules for ``touched_day_lane (athlete_no, from_day)``; ``more``: what is given besides
    what is stored."""
    athletes = statements.columns(connection, statements.text("steps/day_athlete"), rules)
    chosen = day_rules(rules)
    connection.execute(
        "create or replace temp table touched_rule_day as"
        f" select athlete_no, from_day - {LOOK_BACK_DAYS} as from_day from touched_day_lane"
    )
    said = _declared(connection)
    table = _all_conditions(connection, rules, chosen, athletes, said, more)
    return DayFindings(athletes, said, [rule.id for rule in chosen], table)


def run_day_rules(
    connection: Connection, findings: DayFindings, *, rules: Rules, log_offset: int, model_version: str
) -> int:
    """Fold what was found into episodes and alerts, in the caller's transaction; returns the outbox rows."""
    athletes, said, names, table = findings
    if not len(athletes["athlete_no"]) or not names:
        return 0
    stored = stored_alerts(connection, rules, names, athletes)
    found = _numbers(table, athletes, stored)
    cool = np.array([rules[rule_id(rule)].cool_down_h // 24 for rule in found.scope_keys["rule"].tolist()], np.int64)
    conditions = DayConditions(found.key, found.day, found.level, found.table["closes"].to_numpy())
    folded = fold_days(conditions, _state(found, athletes, stored, cool), cool)
    _keep(connection, names, found, folded.said)
    drafts = _drafts(found, folded.episodes, stored)
    return settle(
        connection,
        rules,
        athletes,
        drafts,
        stored,
        context=_context(said, athletes, drafts),
        dropped=np.unique(stored["scope_key"]),
        log_offset=log_offset,
        model_version=model_version,
    )


def _all_conditions(
    connection: Connection,
    rules: Rules,
    chosen: list[Rule],
    athletes: Columns,
    said: list[_Period],
    more: set[str],
) -> pa.Table:
    """The rows of all rules. Rules that weigh others come last and find in ``day_condition`` what held on which day.

    What a gym's own rules find is not among it.
    """
    has = given(connection) | more
    told = {**rules.parameters, **connection.since("touched_rule_day", 0)}
    tables: list[pa.Table] = []
    connection.execute(
        "create or replace temp table day_condition"
        " (athlete_no integer, rule varchar, scope varchar, local_day date, level integer)"
    )
    for rule in chosen:
        if rule.id in rules.own:
            with own_condition.told_of(rules, rule):
                tables.append(_conditions(connection, rules, rule, athletes, said, told))
    for rule in sorted((rule for rule in chosen if rule.id not in rules.own), key=_weighs_others):
        if not is_fed(_text(rule), has):
            continue
        found = _conditions(connection, rules, rule, athletes, said, told)
        if not found.num_rows:
            continue
        tables.append(found)
        has.add(CONDITION)
        connection.register("condition_found", found)
        connection.execute(
            "insert into day_condition"
            " select athlete_no, rule, scope, local_day, level from condition_found where level > 0"
        )
        connection.unregister("condition_found")
    return pa.concat_tables(tables) if tables else _CONDITION.empty_table()


def _text(rule: Rule) -> str:
    return statements.text(f"conditions/{rule.id}")[0]


def _weighs_others(rule: Rule) -> bool:
    return "day_condition" in _text(rule)


def _declared(connection: Connection) -> list[_Period]:
    """What the touched athletes declared."""
    return [
        (athlete, what, first, last)
        for athlete, what, first, last in connection.execute(statements.text("steps/day_declared")[0]).fetchall()
    ]


def _context(said: list[_Period], athletes: Columns, drafts: Drafts) -> Context:
    periods: dict[int, list[tuple[str, object, object]]] = {}
    days = np.datetime64(_EPOCH_DAY, "D")
    for athlete, what, first, last in said:
        if what in SHOWN and first is not None and last is not None:
            span = ((days + np.timedelta64(day, "D")).astype(object) for day in (first, last))
            periods.setdefault(athlete, []).append((what, *span))
    return context_of(Declared(periods, False), athletes, drafts.athlete, drafts.day)  # type: ignore[arg-type]


def _conditions(
    connection: Connection,
    rules: Rules,
    rule: Rule,
    athletes: Columns,
    said: list[_Period],
    told: dict[str, Any],
) -> pa.Table:
    """The rows of one rule, with their levels; what neither holds nor closes is left out."""
    sql, names = (
        own_condition.stored(connection, rules, rule)
        if rule.id in rules.own
        else statements.text(f"conditions/{rule.id}")
    )
    rows = connection.table(
        _TELLING.format(rule=rule.id, condition=sql, holds=findings.holds_sql(rule), look_back=LOOK_BACK_DAYS),
        {name: told[name] for name in names},
    )
    n, width = rows.num_rows, findings.width(rule)
    flat = pc.list_flatten(rows["found"]).to_numpy(zero_copy_only=False).astype(np.float64)
    values = flat.reshape(n, width) if n else np.empty((0, width))
    day = _days(rows["local_day"])
    level = findings.levels(rule, values)
    streak = _streaks(_ints(rows["athlete_no"]), rows["scope"], day, level > 0)
    if rule.lasting is not None:
        long = (level > 0) & (streak >= rule.thresholds["lasting_days"])
        level = np.where(long, np.maximum(level, rule.level(rule.lasting)), level)
    level = findings.lowered(level, values[:, -1] > 0)
    level = np.where(_suppressed(rule, _ints(rows["athlete_no"]), day, said), 0, level)
    from_day = athletes["from_day"][np.searchsorted(athletes["athlete_no"], _ints(rows["athlete_no"]))]
    closes = rows["closes"].to_numpy(zero_copy_only=False).astype(bool) & (level == 0)
    kept = np.flatnonzero((level > 0) | _first_closing(rows["scope_key"].to_numpy(), day, from_day, closes))
    rows = rows.take(pa.array(kept))
    whole = np.column_stack([values, streak.astype(np.float64)])[kept]
    content = _contents(level[kept], rows["subject"], whole)
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(0, whole.size + 1, width + 1), pa.int32()),
        pa.array(whole.reshape(-1), pa.float64(), mask=np.isnan(whole.reshape(-1))),
    )
    return pa.table(
        {
            "athlete_no": rows["athlete_no"].cast(pa.int32()),
            "rule": pa.array([rule.id] * len(kept), pa.string()),
            "scope": rows["scope"],
            "subject": rows["subject"],
            "local_day": rows["local_day"],
            "scope_key": rows["scope_key"],
            "level": pa.array(level[kept], pa.int64()),
            "closes": rows["closes"],
            "found": lists,
            "content": pa.array(content, pa.uint64()),
        },
        schema=_CONDITION,
    )


def _suppressed(rule: Rule, athlete: Ints, day: Ints, said: list[_Period]) -> Flags:
    """Days on which something declared silences the rule."""
    found = np.zeros(len(day), dtype=bool)
    for number, what, first, last in said:
        if what in rule.suppressed_by and first is not None and last is not None:
            found |= (athlete == number) & (day >= first) & (day <= last)
    return found


def _streaks(athlete: Ints, scope: pa.ChunkedArray, day: Ints, holds: Flags) -> Ints:
    """Per row on how many days in a row, itself included, the condition held (rows sorted by athlete, scope, day).

    Counted to STREAK_MAX.
    """
    n = len(day)
    if not n:
        return np.empty(0, dtype=np.int64)
    code = scope.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    broken = np.r_[True, (athlete[1:] != athlete[:-1]) | (code[1:] != code[:-1]) | (day[1:] != day[:-1] + 1)]
    place = np.arange(n)
    last = np.maximum.accumulate(np.where(broken | ~holds, np.where(holds, place - 1, place), -1))
    return np.where(holds, np.minimum(place - last, findings.STREAK_MAX), 0)


def _first_closing(scope_key: npt.NDArray[np.uint64], day: Ints, from_day: Ints, closes: Flags) -> Flags:
    """Of closing days in a row the first, and the first of the touched days: the others close nothing more."""
    if not len(day):
        return closes
    same = np.r_[False, (scope_key[1:] == scope_key[:-1]) & closes[:-1]]
    crossing = np.r_[True, (day[1:] >= from_day[1:]) & (day[:-1] < from_day[:-1])]
    found: Flags = closes & (~same | crossing)
    return found


def _contents(level: Ints, subject: pa.ChunkedArray, found: Floats) -> npt.NDArray[np.uint64]:
    """A hash of level, subject and numbers per row, to see a change."""
    words = subject.combine_chunks().dictionary_encode()
    codes = np.array([zlib.crc32(word.encode()) for word in words.dictionary.to_pylist()], dtype=np.uint64)
    own = words.indices.to_numpy()
    mixed = level.astype(np.uint64) ^ (codes[own] << np.uint64(8) if len(codes) else np.zeros(len(own), np.uint64))
    bits = np.where(np.isnan(found), np.float64(-1e300), found + 0.0).view(np.uint64)
    for column in range(found.shape[1]):
        mixed = (mixed ^ bits[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _numbers(table: pa.Table, athletes: Columns, stored: Columns) -> _Found:
    """Keys for scopes (those of stored alerts included), the rows from the touched day on, in order of the days."""
    athlete = np.searchsorted(athletes["athlete_no"], _ints(table["athlete_no"]))
    day = _days(table["local_day"])
    inside = np.flatnonzero(day >= athletes["from_day"][athlete])
    scope_key = table["scope_key"].to_numpy()
    order = inside[np.lexsort((scope_key[inside], day[inside]))]
    rows = table.take(pa.array(order))
    both = np.concatenate([scope_key[order], stored["scope_key"].astype(np.uint64)])
    unique, place, index = np.unique(both, return_index=True, return_inverse=True)
    rule = np.concatenate(
        [np.array([rule_number(name) for name in rows["rule"].to_pylist()], np.int64), stored["rule"]]
    )
    who = np.concatenate([athlete[order], stored["athlete"]])
    return _Found(
        rows,
        athlete[order],
        index[: len(order)].astype(np.int64),
        day[order],
        _ints(rows["level"]),
        {"scope_key": unique, "rule": rule[place], "athlete": who[place]},
    )


def _state(found: _Found, athletes: Columns, stored: Columns, cool: Ints) -> State:
    """Where each key stood on the day before its athlete's first touched day, from the stored alerts."""
    state = State.empty(len(found.scope_keys["scope_key"]))
    key = np.searchsorted(found.scope_keys["scope_key"], stored["scope_key"].astype(np.uint64))
    first = athletes["from_day"][stored["athlete"]]
    for index in np.flatnonzero((stored["opened"] < first) & (stored["said_level"] > 0)).tolist():
        one = int(key[index])
        if stored["until_day"][index] >= first[index]:
            state.opened[one] = stored["opened"][index]
            state.level[one] = stored["said_level"][index]
            state.updated[one] = stored["said_day"][index]
            state.row[one] = -1 - index
        else:
            state.cool_until[one] = max(int(state.cool_until[one]), int(stored["until_day"][index] + cool[one]))
            state.cool_level[one] = stored["said_level"][index]
    return state


def _keep(connection: Connection, names: list[str], found: _Found, said: Ints) -> None:
    """Store the conditions that opened or raised an episode in place of those of the touched days."""
    connection.execute(statements.text("steps/day_drop")[0], {"rules": names})
    rows = np.flatnonzero(said != np.iinfo(np.int64).min)
    if not len(rows):
        return
    kept = found.table.take(pa.array(rows)).append_column("opened_on", statements.dates(said[rows]))
    with statements.registered(connection, "day_condition_in", kept):
        connection.execute(statements.text("steps/day_keep")[0])


def _drafts(found: _Found, episodes: Episodes, stored: Columns) -> Drafts:
    key, opened, ends, _, updated, row = episodes
    new = row >= 0
    content = np.zeros(len(key), dtype=np.uint64)
    content[new] = found.table["content"].to_numpy()[row[new]]
    content[~new] = stored["said_content"].astype(np.uint64)[-1 - row[~new]]
    return Drafts(
        athlete=found.scope_keys["athlete"][key],
        rule=found.scope_keys["rule"][key],
        scope_key=found.scope_keys["scope_key"][key],
        session_key=np.zeros(len(key), dtype=np.int64),
        day=updated,
        opened=opened,
        until_day=ends,
        until_us=np.full(len(key), -1, dtype=np.int64),
        content=content,  # type: ignore[arg-type]
    )


def _days(column: pa.ChunkedArray) -> Ints:
    found: Ints = column.cast(pa.int32()).to_numpy().astype(np.int64)
    return found


def _ints(column: pa.ChunkedArray) -> Ints:
    found: Ints = column.to_numpy().astype(np.int64)
    return found
