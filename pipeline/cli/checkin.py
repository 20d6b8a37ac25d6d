"""A check-in in a few seconds: how one slept, how one feels, what is sore, which joint hurts."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.athletes import closest
from pipeline.cli.options import HOME, AsJson, Athlete, Data, Tenant
from pipeline.errors import RefusedError, UsageError
from schemas.checkin import JOINTS, answer_number, checkin_event, question
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
    tz: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="Where you are; else the athlete's own zone.")
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Note how the athlete feels today; without answers it asks. Sent again on one day, the last answer counts."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder

    if instrument not in INSTRUMENTS:
        raise UsageError(
            f"unknown questionnaire {instrument[:40]!r}", "", f"choose one of {', '.join(sorted(INSTRUMENTS))}"
        )
    given = list(answers or ())
    if not given and not pain:
        given = _ask(instrument)
    event = _event(athlete, instrument, given, pain or [], tz)
    with open_session(data_folder(data)) as session:
        is_new = not session.call("panel", name="athlete_known", parameters=[tenant, athlete])
        told = _send(session, event, tenant)
        undated = session.call("panel", name="undated_checkins", parameters=[tenant, athlete])
        near = closest(session.call("panel", name="roster", parameters=[tenant, None]), athlete) if is_new else None
    if undated:
        told["warnings"].append(
            f"it counts for no day yet, for nobody has said in which time zone {athlete} is: add --tz, or send the zone"
            " once in an event of kind `athlete`"
        )
    if is_new:
        meant = f"did you mean {near}? " if near else ""
        told["warnings"].append(f"{athlete} was not known here before; {meant}see that the name is right")
    if as_json:
        output.print_json({"document": event["document"], **told})
        return
    output.say(f"check-in of {output.printable(athlete)} taken: {_in_words(event)}")
    for warning in told["warnings"]:
        output.say(f"  note: {output.printable(warning)}")


def _ask(instrument: str) -> list[str]:
    """Ask for each item; an empty line leaves it out. Raises UsageError where nobody can answer."""
    if not sys.stdin.isatty():
        raise UsageError(
            "no answer is given", "there is no terminal to ask at", "add answers, for example mood=7 fatigue=4"
        )
    given = []
    for name in INSTRUMENTS[instrument][0]:
        answer = typer.prompt(question(instrument, name), default="", show_default=False).strip()
        if answer:
            given.append(f"{name}={answer}")
    if not given:
        raise UsageError("no answer is given", "", "answer at least one question")
    return given


def _event(athlete: str, instrument: str, given: list[str], pain: list[str], tz: str | None) -> dict[str, Any]:
    from pipeline.catalogue.loader import muscle_names
    from pipeline.clock import SystemClock
    from schemas.times import is_zone

    names = INSTRUMENTS[instrument][0]
    muscles = muscle_names()
    items: dict[str, float] = {}
    soreness: dict[str, float] = {}
    for text in given:
        name, number = _pair(text)
        if name in names:
            items[name] = number
        elif name.replace("_", " ") in muscles:
            soreness[name.replace("_", " ")] = number
        else:
            raise UsageError(
                f"{name[:40]!r} is no item and no muscle",
                f"{instrument} asks for {', '.join(names)}",
                f"muscles are {', '.join(sorted(muscles))}",
            )
    joints = dict(_pair(text) for text in pain)
    unknown = sorted(set(joints) - set(JOINTS))
    if unknown:
        raise UsageError(f"{unknown[0][:40]!r} is no joint", "", f"joints are {', '.join(JOINTS)}")
    if tz is not None and not is_zone(tz):
        raise UsageError(f"unknown time zone {tz[:60]!r}", "it is not in the IANA list", "write it like Europe/Berlin")
    now = SystemClock().now()
    return checkin_event(
        athlete, instrument, items, soreness=soreness, joint_pain=joints, now=now, name=now, timezone=tz
    )


def _pair(text: str) -> tuple[str, float]:
    name, sign, number = text.partition("=")
    value = answer_number(number)
    if not sign or not name.strip() or value is None:
        raise UsageError(f"{text[:40]!r} is no answer", "it must be a name and a number", "write it like mood=7")
    return name.strip().lower(), value


def _send(session: Any, event: dict[str, Any], tenant: str) -> dict[str, Any]:
    """Send it and wait until it is in the tables; raises RefusedError with the reason."""
    import orjson

    from pipeline.clock import SystemClock
    from pipeline.gateway.ids import new_id

    answer = session.call(
        "ingest", orjson.dumps(event), tenant=tenant, upload_id=new_id(SystemClock().now()), source="spotter"
    )
    told = answer["told"][0] if answer["told"] else {"status": "accepted", "warnings": []}
    if told["status"] == "rejected":
        raise RefusedError("the check-in was not taken", str(told["message"]), "correct it and send it again")
    session.call("settle", progress=lambda step: None, end=answer["end"])
    return {"status": told["status"], "warnings": list(told.get("warnings") or [])}


def _in_words(event: dict[str, Any]) -> str:
    parts = [f"{name.replace('_', ' ')} {value:g}" for name, value in event["items"].items()]
    parts += [f"{name} sore {value:g}" for name, value in event.get("soreness", {}).items()]
    parts += [f"{name} hurts {value:g}" for name, value in event.get("joint_pain", {}).items()]
    return ", ".join(parts)
