"""What explains an athlete's numbers, told in one line: days of deload or illness, and facts about the person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.instants import known_zone, stated_day
from pipeline.cli.one_event import is_known, is_stored, send_event, show, somebody_new
from pipeline.cli.options import HOME, AsJson, Athlete, Data, Tenant
from pipeline.errors import RefusedError, UsageError
from schemas.checkin import SOURCE

Text = str | None


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("declare")(declare)
    app.command("profile")(profile)


def declare(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="deload, illness, injury, travel, taper, medication, energy_deficit.")
    ],
    *,
    athlete: Athlete,
    begin: Annotated[str, typer.Option("--from", metavar="DAY", help="First day.")],
    end: Annotated[Text, typer.Option("--to", metavar="DAY", help="Last day; else the first one alone.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It was not so: take back what began that day.")] = False,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say what explains the numbers of some days: rules stay silent. Sent again, the new last day counts."""
    from schemas.people import DECLARED

    if what not in DECLARED:
        raise UsageError(f"{what[:40]!r} is nothing to declare", do=f"choose one of {', '.join(DECLARED)}")
    first = stated_day(begin, "--from")
    last = first if end is None else stated_day(end, "--to")
    if last < first:
        raise UsageError(f"{last} is before {first}", do="let --to be the same day or a later one")
    event: dict[str, Any] = {"athlete": athlete, "source": SOURCE, "document": f"declared/{what}/{first}"}
    if withdraw:
        event |= {"kind": "delete"}
        said = f"{what} of {athlete} from {first} on is taken back"
    else:
        event |= {"kind": "declaration", "what": what, "from_day": str(first), "to_day": str(last)}
        said = f"{what} of {athlete} declared: {first} to {last}"
    _tell(event, athlete, tenant, data, as_json, said, "the declaration")


def profile(
    *,
    athlete: Athlete,
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Where the athlete lives, like Europe/Berlin.")],
    tz_from: Annotated[Text, typer.Option("--tz-from", metavar="DAY", help="First day there; else always.")] = None,
    level: Annotated[Text, typer.Option("--level", help="beginner, intermediate or advanced.")] = None,
    training_since: Annotated[
        Text, typer.Option("--training-since", metavar="DAY", help="First day of training.")
    ] = None,
    sex: Annotated[Text, typer.Option("--sex", help="female, male or other; heart-rate load asks for it.")] = None,
    birth_year: Annotated[
        int | None, typer.Option("--birth-year", metavar="YEAR", help="For the maximum heart rate.")
    ] = None,
    sleep_need_h: Annotated[
        float | None, typer.Option("--sleep-need-h", metavar="H", help="Hours of sleep needed; else the usual ones.")
    ] = None,
    hr_max_bpm: Annotated[float | None, typer.Option("--hr-max-bpm", metavar="BPM", help="Measured.")] = None,
    main_lifts: Annotated[
        list[str] | None, typer.Option("--main-lift", metavar="EXERCISE", help="That R10 judges alone; repeatable.")
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """State facts about an athlete; what is not said stays as it is, and nothing is guessed in its place."""
    from pipeline.clock import SystemClock

    known_zone(tz)
    facts: dict[str, Any] = {
        "timezone_from": None if tz_from is None else str(stated_day(tz_from, "--tz-from")),
        "level": level,
        "training_since": None if training_since is None else str(stated_day(training_since, "--training-since")),
        "sex": sex,
        "birth_year": birth_year,
        "sleep_need_h": sleep_need_h,
        "hr_max_bpm": hr_max_bpm,
        "main_lifts": main_lifts,
    }
    given = {"timezone": tz} | {name: value for name, value in facts.items() if value is not None}
    now = SystemClock().now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    event = {"kind": "athlete", "athlete": athlete, "source": SOURCE, "document": f"profile/{now}"} | given
    told = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in given.items())
    _tell(event, athlete, tenant, data, as_json, f"noted of {athlete}: {told}", "the profile")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tell(
    event: dict[str, Any], athlete: str, tenant: str, data: Path | None, as_json: bool, said: str, name: str
) -> None:
    """Send it, and say what was taken; a name that nobody had is pointed out."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder

    with open_session(data_folder(data)) as session:
        is_new = not is_known(session, tenant, athlete)
        if event["kind"] == "delete" and not is_stored(session, tenant, event):
            raise RefusedError(
                f"nothing of the kind was declared of {athlete[:60]!r} from that day on",
                "or it was taken back before, or sent by another program",
                "see the view `declaration_fact` for what is there",
            )
        told = send_event(session, event, tenant, name)
        if is_new:
            told["warnings"].append(somebody_new(session, tenant, athlete))
    show(event, told, output.printable(said), as_json=as_json)
