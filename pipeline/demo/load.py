"""Loads the demo: the gym's events as uploads, the real exports as imports, and a tick at the end.

Nothing here takes a short cut. Bodies go through the same function that answers ``POST /v1/events``
and the files through the one behind ``spotter import``; both end as records in the log.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Protocol

from pipeline.clock import Clock
from pipeline.demo.gym import Calendar, Sent
from pipeline.demo.stories import Story, stories
from pipeline.gateway.accept import accept_events
from pipeline.gateway.imports import plan_import
from pipeline.record import Record
from pipeline.sources.columns import Decoded

TENANT = "home"
LINES_PER_BODY = 800
TICK_UPLOAD = "demo-tick"
LAST_UPLOAD = "demo-last"  # when its documents are there, so is everything before it
CONTENT_TYPE = "application/x-ndjson"

Progress = Callable[[str, int, int], None]


class Service(Protocol):
    """What loading needs of the embedded service."""

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int: ...

    def apply_all(self) -> None: ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]: ...


@dataclass(frozen=True, slots=True)
class Export:
    """A shipped training log of a real person, and what its file does not say itself."""

    file: str
    athlete: str
    tz: str
    unit: str | None


EXPORTS = (
    Export("strong.csv", "strong-log", "Europe/Berlin", "kg"),
    Export("fitnotes.csv", "fitnotes-log", "Europe/London", None),
    Export("hevy.csv", "hevy-log", "Europe/London", None),
)


@dataclass(slots=True)
class DemoReport:
    """What was loaded. ``loaded`` is false when the data folder held the demo already."""

    loaded: bool = True
    uploads: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    import_ids: list[str] = field(default_factory=list)
    rows_imported: int = 0


def load(
    service: Service, *, clock: Clock, progress: Progress | None = None, end: date | None = None, exports: bool = True
) -> DemoReport:
    """Put the demo gym and the real exports into the log of ``service`` and apply them.

    The gym's last day is ``end``, by default the day before the clock's. Loading again does nothing.
    """
    service.apply_all()
    if service.query("select 1 as found from base.document where upload_id = ? limit 1", (LAST_UPLOAD,)):
        return DemoReport(loaded=False)
    tell = progress or (lambda what, done, total: None)
    now = clock.now()
    calendar = Calendar(end or now.date() - timedelta(days=1))
    report = DemoReport()
    for number, export in enumerate(EXPORTS if exports else ()):
        tell("real exports", number, len(EXPORTS))
        _import(service, export, now, report)
    uploads = list(bodies(stories(), calendar))
    for number, (at, body) in enumerate(uploads):
        tell("demo gym", number, len(uploads))
        last = number == len(uploads) - 1
        _upload(service, body, LAST_UPLOAD if last else f"demo-{number:03d}", at, report)
    tick = json.dumps({"kind": "tick", "now_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")})
    _upload(service, tick.encode(), TICK_UPLOAD, now, report, admin=True)
    tell("models and rules", 0, 1)
    service.apply_all()
    tell("models and rules", 1, 1)
    return report


def bodies(members: Sequence[Story], calendar: Calendar) -> Iterator[tuple[datetime, bytes]]:
    """NDJSON bodies in the order the events were sent, each with the moment its last event left (UTC)."""
    everything = [item for member in members for item in member.events(calendar)]
    everything.sort(key=lambda item: item.at)  # stable: one member's events of one moment keep their order
    for start in range(0, len(everything), LINES_PER_BODY):
        part: list[Sent] = everything[start : start + LINES_PER_BODY]
        lines = [json.dumps(item.event, separators=(",", ":"), ensure_ascii=False) for item in part]
        yield part[-1].at.astimezone(UTC), ("\n".join(lines) + "\n").encode()


def _upload(
    service: Service, body: bytes, upload_id: str, at: datetime, report: DemoReport, *, admin: bool = False
) -> None:
    answer = accept_events(
        body,
        content_type=CONTENT_TYPE,
        tenant=TENANT,
        source_default="api",
        upload_id=upload_id,
        received_at=at,
        admin=admin,
    )
    service.append(answer.records, answer.decoded)
    report.uploads += 1
    report.accepted += answer.accepted
    report.duplicates += answer.duplicates
    report.rejected += answer.rejected


def _import(service: Service, export: Export, now: datetime, report: DemoReport) -> None:
    name = f"demo-{export.athlete}"
    plan = plan_import(
        io.BytesIO((files("pipeline.demo.exports") / export.file).read_bytes()),
        athlete=export.athlete,
        tenant=TENANT,
        source="auto",
        tz=export.tz,
        unit=export.unit,
        received_at=now,
        import_id=name,
        upload_id=name,
    )
    service.append(plan.records)
    report.import_ids.append(name)
    report.rows_imported += plan.accepted
