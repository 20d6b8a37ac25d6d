"""Synthetic athletes through the real pipeline: each with the truth about it and the alerts that came of its events."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench.generate import bodies_of
from pipeline.alerts.rules import SEVERITIES
from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.synthetic.events import events
from pipeline.synthetic.labels import Label, label_of
from pipeline.synthetic.write import athletes, line
from pipeline.worker.backtest import DAYS_PER_MONTH
from pipeline.worker.embedded import Embedded

BODIES_BEFORE_APPLY = 128
DAY_RULES = ("R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15", "R16", "R17", "R18")
# they judge what is done in a session, by a plan, or from one session to the next, and nobody's state
SESSION_RULES = ("R01", "R02", "R03", "R04", "R05", "R06", "R19", "R20")

_ALERTS = """
select athlete_id, rule, scope, severity, opened_on, resolved_on, title, body
from alert
where state <> 'withdrawn' and rule <> 'R21'
order by athlete_id, opened_on, rule, scope
"""


@dataclass(frozen=True)
class Alert:
    """One alert of any rule but R21, which speaks of the data."""

    rule: str
    scope: str
    severity: str
    opened_on: date
    resolved_on: date | None
    title: str
    body: str

    @property
    def is_warning(self) -> bool:
        """Whether it is a warning or more."""
        return SEVERITIES.index(self.severity) >= SEVERITIES.index("warning")


@dataclass
class Case:
    """One athlete: the truth, and what was said."""

    label: Label
    alerts: list[Alert] = field(default_factory=list)

    @property
    def months(self) -> float:
        """Athlete-months observed."""
        days = date.fromisoformat(self.label.last_day) - date.fromisoformat(self.label.first_day)
        return (days.days + 1) / DAYS_PER_MONTH

    def first(self, rule: str, begin: date, end: date) -> Alert | None:
        """The first alert of a rule that opened in these days, both included."""
        return next((one for one in self.alerts if one.rule == rule and begin <= one.opened_on <= end), None)


def plan(file: Path) -> tuple[int, int, dict[str, int]]:
    """Seed, weeks, and athletes per scenario of a seed file."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return int(table["seed"]), int(table["weeks"]), {str(name): int(n) for name, n in table["athletes"].items()}


def cohort(file: Path, scratch: str | None = None) -> list[Case]:
    """All athletes of a seed file, by way of the gateway's door, the log and the worker, in a folder of their own."""
    seed, weeks, counts = plan(file)
    cases: dict[str, Case] = {}
    with tempfile.TemporaryDirectory(prefix="spotter-evaluate-", dir=scratch) as folder:
        service = Embedded.open(Path(folder) / "data", SystemClock())
        try:
            for number, body in enumerate(bodies_of(_lines(seed, weeks, counts, cases))):
                answer = accept_events(
                    body, tenant="home", upload_id=f"e{number}", received_at=SystemClock().now(), admin=True
                )
                if answer.rejected:
                    raise SystemExit(f"{answer.rejected} synthetic events were rejected: {answer.results[:1]}")
                service.append(answer.records, answer.decoded)
                if number % BODIES_BEFORE_APPLY == BODIES_BEFORE_APPLY - 1:
                    service.apply_all()
            service.apply_all()
            for row in service.query(_ALERTS):
                cases[str(row.pop("athlete_id"))].alerts.append(Alert(**row))  # type: ignore[arg-type]
        finally:
            service.close()
    return list(cases.values())


def _lines(seed: int, weeks: int, counts: dict[str, int], cases: dict[str, Case]) -> Iterator[str]:
    """Every event; fills ``cases`` on the way. The label is made before any event is sent."""
    for place, (scenario, count) in enumerate(counts.items()):
        for athlete in athletes(seed=seed + place, count=count, weeks=weeks, scenario=scenario):
            name = f"{scenario}-{athlete.name}"
            cases[name] = Case(label_of(athlete))
            for event in events(athlete):
                yield line({**event, "athlete": name})
