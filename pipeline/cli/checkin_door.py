"""The way of the check-in page through the door: the one that every upload takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboards.web.checkin_page import Sending
    from pipeline.clock import Clock
    from pipeline.gateway.accept import ItemResult
    from pipeline.gateway.access import Gate
    from pipeline.gateway.control import Control
    from pipeline.gateway.uploads import Uploads


def sending(uploads: Uploads, control: Control, gate: Gate, clock: Clock) -> Sending:
    """What the check-in page sends by."""
    from dashboards.web.checkin_page import Sending
    from pipeline.catalogue.loader import muscle_names
    from schemas.checkin import SOURCE

    def take(tenant: str, event: bytes) -> ItemResult:
        taken = uploads.take(event, tenant=tenant, content_type="application/json", source_default=SOURCE)
        control.note_sender(tenant, clock.now())
        return taken.accepted.results[0]

    return Sending(gate.page_sender, take, clock, sorted(muscle_names()))
