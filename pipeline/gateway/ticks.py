"""The hourly tick: tells the tables what time it is, so that days pass also for athletes who send nothing.

Only a running gateway sends ticks, and only for tenants whose devices are alive; no import and
no command makes one.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import orjson
import structlog

from pipeline.clock import Clock
from pipeline.errors import SpotterError
from pipeline.gateway.control import Control
from pipeline.gateway.uploads import Uploads
from pipeline.settings import Settings

LOOK_EVERY_S = 15.0

log = structlog.get_logger("spotter.ticks")


class Ticker:
    """Appends a tick for each full hour and live tenant, once, also across restarts."""

    def __init__(self, uploads: Uploads, control: Control, clock: Clock, settings: Settings) -> None:
        self._uploads, self._control, self._clock, self._settings = uploads, control, clock, settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Look for due ticks in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def send_due(self) -> int:
        """Append what is due now; the number of ticks sent."""
        now = self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        due = self._control.tick_due(hour, now - timedelta(days=self._settings.sender_live_days))
        for tenant in due:
            self._uploads.take(tick_event(hour), tenant=tenant, content_type="application/json", admin=True)
            self._control.note_tick(tenant, hour)
        return len(due)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.send_due()
            except SpotterError as error:
                log.warning("tick not sent", what=error.what, why=error.why)
            self._stop.wait(LOOK_EVERY_S)


def tick_event(at: datetime) -> bytes:
    """A tick as an event."""
    return orjson.dumps({"kind": "tick", "now_at": at.isoformat().replace("+00:00", "Z")})
