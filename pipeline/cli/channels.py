"""``spotter channels``: where a gym's alerts go, and what each way wants to hear."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AsJson, Data, Tenant
from pipeline.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.cli.session import Session

LOG_SHOWN = 50
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_RULE = re.compile(r"[RX]\d\d")

channels = typer.Typer(
    help="Where alerts go: webhooks, e-mail, ntfy, chat.", no_args_is_help=True, rich_markup_mode=None
)

ChannelId = Annotated[str, typer.Argument(metavar="ID", help="As `channels list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(channels, name="channels")


@channels.command("add")
def add_channel(
    *,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="A webhook (https://…), or a URL of Apprise (ntfys://…, mailtos://…); `-` reads it from standard"
            " input, so that it stands in no history.",
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="info, advice, warning or high; several times for several.")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; several times for several.")] = None,
    updates: Annotated[
        bool, typer.Option("--updates", help="Also changes of what was sent: new numbers, corrections, the end.")
    ] = False,
    quiet: Annotated[
        str | None,
        typer.Option(
            "--quiet", metavar="HH:MM-HH:MM", help="Only high severity then; the rest comes as one digest after."
        ),
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="HH:MM", help="One message a day; high severity at once.")
    ] = None,
    per_day: Annotated[
        int | None,
        typer.Option("--per-day", min=1, max=1000, help="Messages about one athlete a day; more wait for the next."),
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Zone of these times: Europe/Berlin.")] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send alerts there from now on; prints the secret of a webhook, which cannot be shown again."""
    wishes = {
        "name": name[:100],
        "severities": _checked_severities(severity or []),
        "rules": _checked_rules(rule or []),
        "updates": updates,
        "zone": _checked_zone(tz, needed=bool(quiet or digest or per_day)),
        "quiet": _checked_quiet(quiet),
        "digest": None if digest is None else _checked_time(digest, "--digest"),
        "per_day": per_day,
    }
    address = sys.stdin.readline().strip() if url == "-" else url
    with _session(data, create=True) as session:
        made = session.call("channel_add", tenant=tenant, url=address, wishes=wishes)
    _note_unheard(made)
    if as_json:
        output.print_json(made)
        return
    output.say(made["secret"] or made["channel_id"])
    told = f"channel {made['channel_id']} of {tenant} ({made['service']})"
    kept = "; above is its secret, shown only now: receivers check signatures with it" if made["secret"] else ""
    output.note(f"{told}{kept}; `spotter channels test {made['channel_id']}` sends a test")


@channels.command("list")
def list_channels(tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """The channels of a gym, without secrets and addresses."""
    with _session(data, create=True, asks=True) as session:
        rows = session.call("channel_list", tenant=tenant)
    if as_json:
        output.print_json(rows)
        return
    shown = [row | {"hears": _hears(row), "state": row["disabled_why"] or "on"} for row in rows]
    columns = {"channel_id": "id", "name": "name", "leads_to": "leads to", "hears": "hears", "state": "state"}
    counts = {"sent": "sent", "waiting": "waiting", "failed": "failed", "last": "last answer"}
    narrow = Narrow(
        texts=("name", "leads_to", "hears", "state", "last"), left_out=("last", "failed", "waiting", "sent")
    )
    empty = "no channels; `spotter channels add URL` makes one"
    output.print_rows(shown, columns | counts, empty=empty, narrow=narrow)


def _hears(row: dict[str, Any]) -> str:
    parts = [", ".join([*row["severities"], *row["rules"]]) or "all"]
    parts += ["updates"] if row["updates"] else []
    parts += [f"quiet {row['quiet']}"] if row["quiet"] else []
    parts += [f"digest {row['digest']}"] if row["digest"] else []
    parts += [f"{row['per_day']} a day"] if row["per_day"] else []
    return "; ".join([*parts, row["timezone"]] if row["timezone"] else parts)


@channels.command("test")
def test_channel(channel_id: ChannelId, tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """Send a test message now and say what became of it; exit code 1 when it did not arrive."""
    with _session(data) as session:
        told = session.call("channel_test", tenant=tenant, channel_id=channel_id)
    if as_json:
        output.print_json(told)
    elif told["sent"]:
        output.say(f"sent: {told['told']}")
    if not told["sent"]:
        raise RefusedError(
            f"the test over {channel_id} did not arrive",
            told["told"],
            "check the address and the receiver; `spotter channels log` shows all attempts",
        )


@channels.command("remove")
def remove_channel(channel_id: ChannelId, tenant: Tenant = HOME, data: Data = None) -> None:
    """Send nothing there any more, and forget address and secret."""
    with _session(data) as session:
        session.call("channel_remove", tenant=tenant, channel_id=channel_id)
    output.say(f"channel {channel_id} is removed")


@channels.command("enable")
def enable_channel(channel_id: ChannelId, tenant: Tenant = HOME, data: Data = None) -> None:
    """Send there again, after the receiver had answered that it wants nothing more."""
    with _session(data) as session:
        told = session.call("channel_enable", tenant=tenant, channel_id=channel_id)
    _note_unheard(told)
    output.say(f"channel {channel_id} is on" + ("; it hears of alerts from now on" if told["hears"] else ""))


@channels.command("rotate")
def rotate_channel(channel_id: ChannelId, tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """Give a webhook a new secret; the old one signs beside it for a while."""
    with _session(data) as session:
        told = session.call("channel_rotate", tenant=tenant, channel_id=channel_id)
    if as_json:
        output.print_json(told)
        return
    output.say(told["secret"])
    output.note(f"the new secret of {channel_id}, shown only now; the old one signs as well until {told['old_until']}")


@channels.command("log")
def channel_log(
    channel_id: ChannelId,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Newest so many.")] = LOG_SHOWN,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Messages of a channel, newest first: what became of each, and when it is tried again."""
    with _session(data, asks=True) as session:
        rows = session.call("channel_log", tenant=tenant, channel_id=channel_id, rows_max=limit)
    if as_json:
        output.print_json(rows)
        return
    columns = {"created_at": "at", "kind": "what", "athlete_id": "athlete", "status": "status", "attempts": "tries"}
    more = {"next_at": "next try", "answer": "answer", "message_id": "id"}
    narrow = Narrow(texts=("athlete_id", "answer"), clipped=("message_id",), left_out=("message_id", "athlete_id"))
    output.print_rows(rows, columns | more, empty="nothing was sent there yet", narrow=narrow)


def _note_unheard(told: dict[str, Any]) -> None:
    if not told["hears"]:
        output.note(
            "the gateway has not published this yet: alerts that come before it does are not sent there; look whether"
            " `spotter gateway` runs and its brokers answer"
        )


def _checked_severities(names: list[str]) -> list[str]:
    from pipeline.relay.plan import LEVELS

    for name in names:
        if name not in LEVELS:
            raise UsageError(f"there is no severity {name!r}", do=f"choose from {', '.join(LEVELS)}")
    return names


def _checked_rules(names: list[str]) -> list[str]:
    from pipeline.alerts.rules import load

    known = {rule.id for rule in load().all()} if names else set()
    for name in names:
        if not _RULE.fullmatch(name):
            raise UsageError(f"{name!r} is no rule", do="`spotter rules list` shows them: R01, X01, …")
        if name.startswith("R") and name not in known:
            raise UsageError(f"there is no rule {name}", do="`spotter rules list` shows them")
    return names


def _checked_zone(zone: str | None, *, needed: bool) -> str | None:
    from schemas.times import is_zone

    if zone is None and needed:
        raise UsageError("quiet hours, a digest and a limit a day need a zone", "it is never guessed", "add --tz ZONE")
    if zone is not None and not is_zone(zone):
        raise UsageError(f"{zone!r} is no time zone", do="give one of the IANA list, such as Europe/Berlin")
    return zone


def _checked_quiet(text: str | None) -> list[str] | None:
    if text is None:
        return None
    begin, _, end = text.partition("-")
    times = [_checked_time(begin, "--quiet"), _checked_time(end, "--quiet")]
    if begin == end:
        raise UsageError("quiet hours begin when they end", do="give two different times, such as 22:00-07:00")
    return times


def _checked_time(text: str, option: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise UsageError(f"{text!r} of {option} is no time", do="write hours and minutes, such as 07:30")
    return text


@contextmanager
def _session(data: Path | None, *, create: bool = False, asks: bool = False) -> Iterator[Session]:
    from pipeline.cli.relay_folder import is_relay_folder
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder, in_cluster

    folder = data_folder(data)
    with open_session(folder, create=create, tables=False) as session:
        yield session
    if asks and in_cluster() and not is_relay_folder(folder):
        output.note("what was sent is known to the relay: ask in the folder of `spotter relay`")
