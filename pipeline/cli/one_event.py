"""One event that a command makes of what was typed: sent, waited for, and whether its athlete is somebody new."""

from __future__ import annotations

from typing import Any

from pipeline.cli import output
from pipeline.cli.athletes import closest
from pipeline.errors import RefusedError


def send_event(session: Any, event: dict[str, Any], tenant: str, said: str) -> dict[str, Any]:
    """Send it and wait until it is in the tables: its ``status`` and ``warnings``.

    Raises RefusedError, in which ``said`` names it, with the reason.
    """
    import orjson

    from pipeline.clock import SystemClock
    from pipeline.gateway.ids import new_id

    answer = session.call(
        "ingest", orjson.dumps(event), tenant=tenant, upload_id=new_id(SystemClock().now()), source=event["source"]
    )
    told = answer["told"][0] if answer["told"] else {"status": "accepted", "warnings": []}
    if told["status"] == "rejected":
        raise RefusedError(f"{said} was not taken", str(told["message"]), "correct it and send it again")
    session.call("settle", progress=lambda step: None, end=answer["end"])
    return {"status": told["status"], "warnings": list(told.get("warnings") or [])}


def is_stored(session: Any, tenant: str, event: dict[str, Any]) -> bool:
    """Whether the athlete has the event's document, from an earlier time."""
    place = [tenant, event["athlete"], event["source"], [event["document"]]]
    return bool(session.call("panel", name="documents_known", parameters=place))


def show(event: dict[str, Any], told: dict[str, Any], said: str, *, as_json: bool) -> None:
    """Print what was taken, ``said`` as it may be printed, and what is to be known of it."""
    if as_json:
        output.print_json({"document": event["document"], **told})
        return
    output.say(said)
    for warning in told["warnings"]:
        output.paragraph(f"note: {output.printable(warning)}", "  ")


def is_known(session: Any, tenant: str, athlete: str) -> bool:
    """Whether anything the gym sent names the athlete."""
    return bool(session.call("panel", name="athlete_named", parameters=[tenant, athlete]))


def somebody_new(session: Any, tenant: str, athlete: str) -> str:
    """What is said of an athlete who was not known before: a misspelt name makes one."""
    near = closest(session.call("panel", name="roster", parameters=[tenant, None]), athlete)
    meant = f"did you mean {near}? " if near else ""
    return f"{athlete} was not known here before; {meant}see that the name is right"
