"""A service that keeps records in a list and panels with canned rows, so that the door and pages are tested alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from dashboards.web.pages import routes
from pipeline.cli.checkin_door import sending
from pipeline.clock import FixedClock
from pipeline.errors import StorageError
from pipeline.gateway.access import Gate
from pipeline.gateway.app import Parts, create_app
from pipeline.gateway.control import Control
from pipeline.gateway.file_imports import FileImports
from pipeline.gateway.uploads import Uploads
from pipeline.record import Record
from pipeline.settings import Settings
from pipeline.sources.columns import Decoded
from pipeline.worker.measures import Measures

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


class FakeService:
    """Appends to a list."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.withdrawn: list[tuple[str, str]] = []
        self.broken = False

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int:
        if self.broken:
            raise StorageError("the upload was not taken: the disk is nearly full", "at /somewhere", "free space")
        self.records.extend(records)
        return len(self.records)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        raise AssertionError("panels are canned")

    def withdraw_import(self, tenant: str, import_id: str) -> int:
        self.withdrawn.append((tenant, import_id))
        return len(self.records)


class FakePanels:
    """Answers panels from ``rows[name]``, filtered by tenant and athlete where the rows have them."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.canned = rows
        self.asked: list[tuple[str, tuple[object, ...]]] = []
        self.as_of: datetime | None = None

    @contextmanager
    def opened(self, tenant: str) -> Iterator[FakePanels]:
        yield self

    def rows(self, panel: str, *parameters: object) -> list[dict[str, object]]:
        self.asked.append((panel, parameters))
        tenant, athlete = parameters[0], parameters[1] if len(parameters) > 1 else None
        return [
            dict(row)
            for row in self.canned.get(panel, [])
            if row.get("tenant_id", tenant) == tenant and (athlete is None or row.get("athlete_id", athlete) == athlete)
        ]

    def alerts(self, tenant: str, athlete: str | None, state: str | None, rows_max: int) -> list[dict[str, object]]:
        found = self.rows("alerts", tenant, athlete, state, rows_max)
        return [row for row in found if state is None or row["state"] == state][:rows_max]


class Door:
    """The door on fakes, with a client for it."""

    def __init__(self, data: Path, panels: FakePanels | None = None, settings: Settings | None = None) -> None:
        self.clock = FixedClock(NOW)
        self.settings = settings or Settings()
        self.service, self.panels = FakeService(), panels or FakePanels()
        self.control = Control(data, self.clock)
        self.why_not_ready: str | None = None
        self.gate = Gate(self.control, self.settings, trusts_loopback=True)
        self.uploads = Uploads(self.service, self.control, self.clock, self.settings)
        self.app = create_app(
            Parts(
                uploads=self.uploads,
                imports=FileImports(self.service, self.panels, self.clock),
                panels=self.panels,
                gate=self.gate,
                settings=self.settings,
                not_ready=lambda: self.why_not_ready,
                metrics=Measures().exposition,
                pages=routes(
                    self.panels,
                    self.gate.page_tenant,
                    sending(self.uploads, self.control, self.gate, self.clock),
                ),
            )
        )
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8080", client=("127.0.0.1", 40000))

    def key(self, *scopes: str, tenant: str = "home") -> dict[str, str]:
        """Headers of a fresh key."""
        return {"Authorization": "Bearer " + self.control.create_key(tenant, scopes)[1]}


def set_event(document: str = "d1", **fields: object) -> dict[str, object]:
    """A canonical set."""
    event: dict[str, object] = {
        "kind": "set",
        "athlete": "ana",
        "source": "bar",
        "document": document,
        "performed_at": "2026-11-20T18:05:00+01:00",
        "session": "s",
        "exercise": "Squat (Barbell)",
        "set_index": 1,
        "set_type": "working",
        "weight": {"value": 80, "unit": "kg"},
        "reps": 5,
    }
    return event | fields


def roster_row(athlete: str = "ana", **fields: object) -> dict[str, Any]:
    """A row of the panel ``roster``."""
    row: dict[str, Any] = {
        "tenant_id": "home",
        "athlete_id": athlete,
        "today": date(2026, 11, 20),
        "high": 0,
        "warning": 0,
        "advice": 0,
        "info": 0,
        "parts": 0,
        "headline": None,
        "headline_rule": None,
        "doubt": None,
        "sets_7d": 20,
        "failure_sets_7d": 2,
        "failure_load_7d": 3.25,
        "unknown_share_7d": 0.1,
        "sets_without_day": 0,
        "last_session_on": date(2026, 11, 19),
        "days_since_session": 1,
        "attention": "ready",
        "night": "none",
        "night_age_days": None,
        "sleep_minutes": None,
        "sleep_median_28d_min": None,
        "sleep_age_days": None,
        "night_is_short": False,
        "resting_hr_deviation_bpm": None,
        "resting_hr_age_days": None,
        "resting_hr_is_raised": False,
        "hrv_state": None,
        "hrv_age_days": None,
    }
    return row | fields


def alert_row(**fields: object) -> dict[str, Any]:
    """A row of the panel ``alerts`` with one row of evidence."""
    row: dict[str, Any] = {
        "tenant_id": "home",
        "alert_id": "a-1",
        "athlete_id": "ana",
        "rule": "R01",
        "scope": "exercise-session:s/squat",
        "subject": "Squat",
        "session_title": None,
        "severity": "warning",
        "state": "open",
        "revision": "r",
        "opened_on": date(2026, 11, 19),
        "updated_on": date(2026, 11, 19),
        "resolved_on": None,
        "title": "Too many failure sets",
        "body": "4 of 5 sets ended in failure.",
        "action": "Keep failure to the last set.",
        "folded_into": None,
        "part_of_rule": None,
        "part_of_title": None,
        "replaced_by": None,
        "rule_version": "1",
        "model_version": "1",
        "evidence": [
            {
                "metric": "failure_sets",
                "value": 4.0,
                "threshold": 3.0,
                "comparator": ">=",
                "window_start": date(2026, 11, 19),
                "window_end": date(2026, 11, 19),
                "n_obs": 5,
                "baseline": None,
            }
        ],
    }
    return row | fields


def day_row(day: date, **fields: object) -> dict[str, Any]:
    """A row of the panel ``athlete_days``."""
    row: dict[str, Any] = {
        "local_day": day,
        "sets": 5,
        "failure_sets": 1,
        "failure_load": 2.5,
        "unknown_effort_share": 0.2,
        "volume_load_kg": 1234.5,
        "state": "final",
    }
    return row | fields
