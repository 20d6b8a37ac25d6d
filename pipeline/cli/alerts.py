"""``spotter alerts``: the list, the stream, and what people put aside."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.athletes import unknown_athlete
from pipeline.cli.instants import day_or_time, known_zone
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AnyAthlete, AsJson, Data, Tenant
from pipeline.errors import RefusedError, UsageError

ROWS_MAX = 100_000
ALERTS_SHOWN = 50  # more than that scrolls away unread
ID_SHOWN = 8
POLL_S = 0.5

alerts = typer.Typer(help="Alerts, newest first.", rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alerts, name="alerts")


@alerts.callback(invoke_without_command=True)
def list_alerts(
    context: typer.Context,
    athlete: AnyAthlete = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open now.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, max=ROWS_MAX, help=f"Newest so many; default {ALERTS_SHOWN}, with --json all."),
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Alerts, newest first; of open ones the most severe first."""
    if context.invoked_subcommand is not None:
        return
    from pipeline.cli.session import open_reading
    from pipeline.settings import data_folder

    state = "open" if only_open else None
    shown = limit or (ROWS_MAX if as_json else ALERTS_SHOWN)
    with open_reading(data_folder(data)) as session:
        found = session.call("alerts", tenant=tenant, athlete=athlete, state=state, rows_max=shown)
        count = [] if as_json else session.call("panel", name="alert_count", parameters=[tenant, athlete, state])
        if athlete is not None and not session.call("panel", name="athlete_known", parameters=[tenant, athlete]):
            raise unknown_athlete(session.call("panel", name="roster", parameters=[tenant, None]), athlete, tenant)
    if as_json:
        output.print_json(found)
        return
    _print(found, only_open=only_open)
    more = count[0]["alerts"] - len(found)
    if more > 0:
        output.say(f"… {more} more, use --limit or --json")


def _print(found: list[dict[str, Any]], *, only_open: bool) -> None:
    from dashboards.words import with_parts

    rows = [
        {**row, "id": str(row["alert_id"])[:ID_SHOWN], "title": _titled(row), "aside": _aside(row)}
        for row in (with_parts(found) if only_open else found)
    ]
    columns = {"athlete_id": "athlete", "severity": "severity", "rule": "rule", "state": "state"}
    dates = {"opened_on": "opened", "updated_on": "updated", "title": "what", "action": "what to do", "id": "id"}
    aside = {"aside": "put aside"} if any(row["aside"] for row in rows) else {}
    left_out = ("updated_on", "state", "rule") if only_open else ("updated_on", "rule", "action")
    narrow = Narrow(texts=("athlete_id", "title", "action", "aside"), left_out=("id", *left_out))
    empty = "no alerts" + (" are open" if only_open else "")
    output.print_rows(rows, columns | dates | aside, empty=empty, narrow=narrow)


def _titled(row: Mapping[str, Any]) -> str:
    return f"{row['title']} (part of {row['part_of_rule']})" if row["part_of_rule"] else str(row["title"])


def _aside(row: Mapping[str, Any]) -> str:
    if row.get("acknowledged_at"):
        return f"acknowledged {row['acknowledged_at'][:10]}"
    return f"until {row['snoozed_until'][:16]}Z" if row.get("snoozed_until") else ""


@alerts.command("ack")
def acknowledge(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Its id, or the first 8 characters of it.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Somebody knows: nothing more is sent about this alert, unless it turns out to be wrong."""
    row = _call(data, "alert_acknowledge", tenant=tenant, alert=alert, undo=undo)
    if as_json:
        output.print_json(row)
    else:
        output.say(f"{'no longer acknowledged' if undo else 'acknowledged'}: {output.printable(row['title'])}")


@alerts.command("snooze")
def snooze(
    alert: Annotated[
        str | None, typer.Argument(metavar="ALERT", help="Its id, or the first 8 characters; or --athlete instead.")
    ] = None,
    athlete: AnyAthlete = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="A day, which begins in --tz, or a time with offset.")
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Zone in which the day begins.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send nothing about an alert, or about an athlete, before a day; what is open then is sent."""
    if (alert is None) == (athlete is None):
        raise UsageError("it must be said what to snooze", do="give the id of an alert, or --athlete A, not both")
    if undo == (until is not None):
        raise UsageError("it must be said until when", do="give --until DAY --tz ZONE, or --undo")
    end = None if until is None else _instant(until, tz)
    row = _call(
        data,
        "alert_snooze",
        tenant=tenant,
        alert=alert,
        athlete=athlete,
        until=end.isoformat() if end else None,
    )
    if as_json:
        output.print_json(row | {"snoozed_until": end})
        return
    what = output.printable(row.get("title") or row["athlete_id"])
    output.say(f"no longer put aside: {what}" if end is None else f"nothing before {end:%Y-%m-%d %H:%M} UTC: {what}")


def _instant(text: str, zone: str | None) -> datetime:
    """A day is its beginning in ``zone``."""
    given, place = day_or_time(text), None if zone is None else known_zone(zone)
    at = given if isinstance(given, datetime) else datetime(given.year, given.month, given.day)
    if at.tzinfo is None:
        if place is None:
            raise UsageError("a day begins at another time in every zone", "no zone is given", "add --tz ZONE")
        at = at.replace(tzinfo=place)
    return at.astimezone(UTC)


@alerts.command("follow")
def follow(
    athlete: AnyAthlete = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="First those that were told before.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many.")] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print alerts as they come, with every change of them, until stopped; needs a running `spotter up`."""
    from pipeline.gateway.local_socket import LocalClient
    from pipeline.settings import data_folder

    folder = data_folder(data)
    client = LocalClient.connect(folder)
    if client is None:
        raise RefusedError(
            f"no service runs on {folder}", "alerts come only while one works", "start `spotter up` on this folder"
        )
    shown, after = 0, 0
    try:
        if not from_start:
            after = client.call("alert_news", {"tenant": tenant, "after": None})["after"]
        while limit is None or shown < limit:
            told = client.call("alert_news", {"tenant": tenant, "after": after})
            wanted = [one for one in told["alerts"] if athlete is None or one["athlete_id"] == athlete]
            for one in wanted[: None if limit is None else limit - shown]:
                _print_one(one, as_json=as_json)
                shown += 1
            if told["after"] == after:
                time.sleep(POLL_S)
            after = told["after"]
    finally:
        client.close()


def _print_one(alert: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        import orjson

        output.say(orjson.dumps(alert).decode())
    else:
        head = [alert["updated_on"], alert["athlete_id"], alert["severity"], alert["state"], alert["rule"]]
        told = [output.printable(value) for value in [*head, alert["title"], alert["alert_id"][:ID_SHOWN]]]
        widths = (10, 14, 8, 9, 4, 0, 0)
        output.say("  ".join(text.ljust(width) for text, width in zip(told, widths, strict=True)))
    sys.stdout.flush()


def _call(data: Path | None, op: str, **arguments: Any) -> dict[str, Any]:
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder, in_cluster

    with open_session(data_folder(data), create=in_cluster(), tables=False) as session:
        row: dict[str, Any] = session.call(op, **arguments)
    return row
