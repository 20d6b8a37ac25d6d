"""A check-in in a few seconds: how one slept, how one feels, what is sore, which joint hurts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.checkin_answers import asked_answers, given_answers, in_words
from pipeline.cli.checkin_time import When, stated_time
from pipeline.cli.instants import known_zone
from pipeline.cli.one_event import is_known, is_stored, send_event, show, somebody_new
from pipeline.cli.options import HOME, AsJson, Athlete, Data, Tenant
from pipeline.errors import UsageError
from schemas.checkin import PAIN_TOLD, checkin_event
from schemas.recovery import INSTRUMENTS


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("checkin")(checkin)


def checkin(
    answers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=NUMBER…",
            help="Items of the questionnaire, and soreness of single muscles from 0 to 10: mood=7 quadriceps=6.",
        ),
    ] = None,
    *,
    athlete: Athlete,
    pain: Annotated[
        list[str] | None, typer.Option("--pain", metavar="JOINT=NUMBER", help="Pain in a joint, 0 to 10.")
    ] = None,
    instrument: Annotated[
        str, typer.Option("--instrument", metavar="NAME", help="plain (0 to 10), hooper (1 to 7) or mclean (1 to 5).")
    ] = "plain",
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="WHEN", help="A day, or a time with or without offset, that is past; else now."),
    ] = None,
    tz: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="Where you are; else the athlete's own zone.")
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Note how the athlete feels today; without answers it asks. Sent again on one day, the last answer counts."""
    from pipeline.cli.session import open_session
    from pipeline.clock import SystemClock
    from pipeline.settings import data_folder

    if instrument not in INSTRUMENTS:
        raise UsageError(
            f"unknown questionnaire {instrument[:40]!r}", "", f"choose one of {', '.join(sorted(INSTRUMENTS))}"
        )
    if tz is not None:
        known_zone(tz)
    # what can be wrong with the call is said before anything is asked
    now = SystemClock().now()
    when = None if at is None else stated_time(at, tz, now, lambda day: _zone_on(day, tenant, athlete, data))
    asks = not answers and not pain
    found = asked_answers(instrument) if asks else given_answers(instrument, answers or (), pain or ())
    when = when or When(SystemClock().now(), tz)
    event = checkin_event(
        athlete,
        instrument,
        found.items,
        soreness=found.soreness,
        joint_pain=found.joint_pain,
        now=when.instant,
        name=when.instant,
        timezone=when.timezone,
        written=when.written,
    )
    with open_session(data_folder(data)) as session:
        is_new = not is_known(session, tenant, athlete)
        replaced = is_stored(session, tenant, event)
        told = send_event(session, event, tenant, "the check-in")
        undated = session.call("panel", name="undated_checkins", parameters=[tenant, athlete])
        named = [somebody_new(session, tenant, athlete)] if is_new else []
    if any(found.joint_pain.values()):
        told["warnings"].append(PAIN_TOLD)
    if replaced:
        told["warnings"].append(
            "it takes the place of the check-in that was noted for the same time; what is not answered again is gone"
        )
    if undated:
        waits = event["document"] in [row["document_id"] for row in undated]
        told["warnings"].append(
            f"{'it counts' if waits else 'earlier check-ins count'} for no day yet, for nobody has said in which time"
            f" zone {athlete} is: {'add --tz, or ' if waits else ''}state the zone once with `spotter profile --tz`"
        )
    told["warnings"] += named
    of_when = "" if at is None else f" for {output.printable(at)}"
    said = f"check-in of {output.printable(athlete)}{of_when} taken: {in_words(event)}"
    show(event, told, said, as_json=as_json)


def _zone_on(day: date, tenant: str, athlete: str, data: Path | None) -> str | None:
    """The zone the athlete is in on a day, where one was stated."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder

    folder = data_folder(data)
    if not folder.exists():  # nothing is made for a question
        return None
    with open_session(folder) as session:
        rows = session.call("panel", name="athlete_zone", parameters=[tenant, athlete, day.isoformat()])
    return str(rows[0]["timezone"]) if rows else None
