"""The condition of a gym's own rule (docs/own-rules.md), run on stored data: nothing it finds is taken on trust.

A rule that fails here is left out by the service (``pipeline/worker/rules_in_force.py``); the built-in rules go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.alerts import findings, statements
from pipeline.alerts.own_rules import remedy
from pipeline.alerts.rules import Rule, Rules
from pipeline.errors import SpotterError
from pipeline.store.connection import Connection
from pipeline.store.failure import is_disk_full, is_query_failure

SECONDS_MAX = 60.0  # of one run over some athletes; a built-in rule takes a hundredth of it
_COUNT_MAX = 2_147_483_647

# the athletes and days asked for, by the names the views have
_ASKED = """
create or replace temp table asked_day as
select p.tenant_id, p.athlete_id, t.from_day
from touched_rule_day t
join base.athlete p on t.athlete_no = p.athlete_no
"""
_NUMBERED = """select p.athlete_no, c.* exclude (tenant_id, athlete_id)
from (
{condition}
) c
join base.athlete p on c.tenant_id = p.tenant_id and c.athlete_id = p.athlete_id"""
# rows of days an athlete does not have, or that nobody asked for, count for nothing
_STORE = """
create or replace temp table own_found as
select c.athlete_no::integer as athlete_no, c.scope, coalesce(c.subject, '') as subject, c.local_day,
    coalesce(c.closes, false) as closes, list_transform(c.found, lambda v: if(isfinite(v), v, null)) as found
from (
{condition}
) c
join touched_rule_day t on c.athlete_no = t.athlete_no and c.local_day >= t.from_day
join mart.athlete_day d on c.athlete_no = d.athlete_no and c.local_day = d.local_day
"""
_LOOK_AT = """
select
    count(*) - count(distinct (athlete_no, scope, local_day)) as doubled,
    count(*) filter (not coalesce(scope = 'body' or scope like '{scope}:_%', false)) as strange,
    count(*) filter (not coalesce(len(found) = {width}, false)) as narrow,
    count(*) filter (list_max(list_transform(found[2:{width}:3], lambda n: abs(n))) > {most}) as uncountable
from own_found
"""


class OwnRuleError(SpotterError):
    """A gym's own rule cannot be run on the stored data; ``rule`` is its id, ``digest`` stands for its files."""

    def __init__(self, rule: str, digest: str, why: str) -> None:
        self.rule, self.digest = rule, digest
        super().__init__(
            f"the rule {rule} cannot be run on the stored data",
            why,
            remedy(rule),
        )


@contextmanager
def told_of(rules: Rules, rule: Rule) -> Iterator[None]:
    """What a query of the rule fails with is raised as OwnRuleError; what the disk refuses stays as it is."""
    digest = rules.own[rule.id].digest
    try:
        yield
    except OwnRuleError:
        raise
    except Exception as error:
        if not is_query_failure(error) or is_disk_full(error):
            raise
        raise OwnRuleError(rule.id, digest, str(error).strip() or type(error).__name__) from error


def numbered(sql: str) -> str:
    """A condition over views, which names athletes as they do, as one that numbers them like the tables below."""
    return _NUMBERED.format(condition=sql)


def wrapped(sql: str) -> str:
    """The statement that stores what a condition finds in ``own_found``."""
    return _STORE.format(condition=sql)


def stored(connection: Connection, rules: Rules, rule: Rule) -> statements.Statement:
    """Run the rule's condition for ``touched_rule_day`` and look at its rows; returns a query of them.

    Raises OwnRuleError for rows that cannot be folded: two of a scope and day, another scope than the rule's, another
    number of values than its evidence asks for.
    """
    own = rules.own[rule.id]
    sql = wrapped(own.sql)
    with connection.stopped_after(SECONDS_MAX):
        connection.execute(_ASKED)
        statements.run(connection, (sql, statements.parameters(own.sql)), rules)
    width = findings.width(rule)
    look = _LOOK_AT.format(scope=rule.scope, width=width, most=_COUNT_MAX)
    doubled, strange, narrow, uncountable = connection.execute(look).fetchall()[0]
    wrong = [
        (doubled, "have the scope and day of another row of that athlete; one row of each is needed"),
        (strange, f"have a scope that is neither 'body' nor begins with '{rule.scope}:'"),
        (narrow, f"have another number of values in `found` than {width}, three for each evidence and one"),
        (uncountable, f"have a number of observations beyond {_COUNT_MAX}"),
    ]
    for rows, what in wrong:
        if rows:
            raise OwnRuleError(rule.id, own.digest, f"{rows} of the rows it found {what}")
    return "select * from own_found", ()
