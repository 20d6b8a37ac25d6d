"""What a run of faults must leave behind. Pure functions over what was read: the known-bad variants meet the same."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.clock import FixedClock
from pipeline.log.base import Logged
from pipeline.worker.embedded import Embedded
from tests.broker.load import Acknowledged
from tests.broker.roles import Shard
from tests.sim.views import Query, Rows, differences, read_views

MOST = 5  # examples of a finding
READ_ITEMS, READ_BYTES = 20_000, 8 << 20
LEDGER = "select next_offset, items, superseded, conflicts, current, gone, ignored, rejected, marks from ledger"
LATEST = """
select alert_id, revision, state
from base.outbox
qualify row_number() over (partition by alert_id order by seq desc) = 1
"""


class Tables(NamedTuple):
    """What one partition holds: the contract's views, the ledger's counts, what stands last in the outbox."""

    views: dict[str, Rows]
    ledger: Rows
    outbox: Rows


def tables_of(query: Query) -> Tables:
    """Read a shard that is at rest."""
    return Tables(read_views(query), query(LEDGER), query(LATEST))


@dataclass
class Heard:
    """A message as the receiver got it."""

    name: str
    body: str
    alert: dict[str, Any]


@dataclass
class Findings:
    """Counts of what is wrong, all 0 when the run holds, and examples in words."""

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    differences: int = 0
    uncounted: int = 0
    two_ids: int = 0
    two_bodies: int = 0
    unknown_alerts: int = 0
    not_arrived: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not any(value for name, value in vars(self).items() if name != "examples")

    def note(self, what: str, found: Iterable[object]) -> None:
        """Count findings of a kind."""
        listed = list(found)
        setattr(self, what, getattr(self, what) + len(listed))
        self.examples += [f"{what}: {one}" for one in listed[:MOST]]


def judge(
    acknowledged: Acknowledged,
    found: Mapping[int, Tables],
    heard: Sequence[Heard],
    log: Readable,
    partitions: int,
    folder: Path,
) -> Findings:
    """All checks: tables by partition as they are now against what was acknowledged, the log, and what was heard."""
    findings = Findings()
    findings.note("lost", [f"partition {number}" for number in range(partitions) if number not in found])
    judge_sets(acknowledged, [one.views for one in found.values()], findings)
    wanted = {number: tables_of_log(log, number, folder) for number in found}
    for number, tables in found.items():
        judge_tables(tables, wanted[number], findings)
    findings.note("not_arrived", not_arrived(heard, list(found.values())))
    judge_alerts(heard, list(found.values()), list(wanted.values()), findings)
    return findings


class Readable(Protocol):
    """As much of a log as is needed to read it from its beginning."""

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> list[Logged]: ...


def tables_of_log(log: Readable, partition: int, folder: Path) -> Tables:
    """What one embedded process makes of a partition's log, whose offsets have no holes."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        service = Embedded.open(Path(scratch) / "embedded", FixedClock(datetime.now(UTC)))
        try:
            offset = 0
            while batch := log.read(partition, offset, items_max=READ_ITEMS, bytes_max=READ_BYTES):
                assert [logged.offset for logged in batch] == list(range(offset, offset + len(batch)))
                offset = service.append([logged.record for logged in batch])
            service.apply_all()
            return tables_of(service.query)
        finally:
            service.close()


def read_shard(path: Path) -> Tables:
    """The tables of a shard whose worker has ended."""
    shard = Shard(path)
    try:
        return tables_of(shard.query)
    finally:
        shard.close()


def judge_sets(acknowledged: Acknowledged, views: Iterable[Mapping[str, Rows]], findings: Findings) -> None:
    """Every acknowledged set is in the tables, once, with its numbers."""
    rows = [row for one in views for row in one.get("set_fact", [])]
    found = Counter((row["tenant_id"], row["document_id"]) for row in rows)
    findings.note("lost", sorted(acknowledged.keys() - found.keys()))
    findings.note("doubled", sorted(place for place, count in found.items() if count > 1))
    findings.note(
        "wrong",
        (
            f"{place} is {said}, not {acknowledged[place]}"
            for row in rows
            if (place := (row["tenant_id"], row["document_id"])) in acknowledged
            and (said := (row["reps"], float(row["weight_kg"]))) != acknowledged[place]
        ),
    )


def judge_tables(found: Tables, wanted: Tables, findings: Findings) -> None:
    """The tables, and the ledger's own counts, are those of one undisturbed run over the same log."""
    findings.note("differences", differences(wanted.views, found.views))
    if found.ledger != wanted.ledger:
        findings.note("differences", [f"ledger {found.ledger}, not {wanted.ledger}"])
    for row in found.ledger:
        counted = sum(row[name] for name in ("superseded", "current", "gone", "ignored", "rejected"))
        if row["items"] != counted:
            findings.note("uncounted", [row])


def judge_alerts(heard: Sequence[Heard], found: Sequence[Tables], wanted: Sequence[Tables], findings: Findings) -> None:
    """Each episode has one id, each message one body, each alert that was told is one that there is."""
    ids: dict[tuple[str, ...], set[str]] = defaultdict(set)
    bodies: dict[str, set[str]] = defaultdict(set)
    names: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in heard:
        ids[episode_of(one.alert)].add(one.alert["alert_id"])
        bodies[one.name].add(one.body)
        names[one.alert["alert_id"], one.alert["revision"], one.alert["state"]].add(one.name)
    for table in found:
        for row in table.views.get("alert", []):
            ids[episode_of(row)].add(row["alert_id"])
    findings.note("two_ids", (f"{episode}: {sorted(names)}" for episode, names in ids.items() if len(names) > 1))
    findings.note("two_ids", (f"{told}: {sorted(under)}" for told, under in names.items() if len(under) > 1))
    findings.note("two_bodies", (name for name, different in bodies.items() if len(different) > 1))
    known = {row["alert_id"] for table in wanted for row in table.views.get("alert", [])}
    last = last_heard(heard)
    findings.note("unknown_alerts", (one for one, told in last.items() if one not in known and told[1] != "withdrawn"))


def not_arrived(heard: Sequence[Heard], found: Sequence[Tables]) -> list[str]:
    """Alerts of the outboxes whose newest state did not reach the receiver; one never told of may be over untold."""
    last = last_heard(heard)
    return [
        f"{row['alert_id']} is {row['revision']} {row['state']}, heard was {last.get(row['alert_id'])}"
        for table in found
        for row in table.outbox
        if last.get(row["alert_id"]) != (row["revision"], row["state"])
        and (row["state"] == "open" or row["alert_id"] in last)
    ]


def last_heard(heard: Sequence[Heard]) -> dict[str, tuple[str, str]]:
    """By alert: revision and state as told last."""
    return {one.alert["alert_id"]: (one.alert["revision"], one.alert["state"]) for one in heard}


def episode_of(alert: Mapping[str, Any]) -> tuple[str, ...]:
    """What an alert is about. The load has one session of an athlete a day, so its day stands for its session."""
    return tuple(str(alert[name])[:600] for name in ("tenant_id", "athlete_id", "rule", "scope", "opened_on"))
