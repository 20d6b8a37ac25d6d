"""Asking: roster, report, SQL, and what could not be taken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.athletes import unknown_athlete
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AsJson, Athlete, Data, Format, Tenant
from pipeline.errors import QueryError, RefusedError, UsageError

if TYPE_CHECKING:
    from pipeline.cli.session import Session
    from pipeline.store.sandbox import Result

ROWS_MAX = 100_000
REPORT_DAYS = 14

rejected = typer.Typer(help="What could not be taken, and why.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("roster")(roster)
    app.command("report")(report)
    app.command("sql")(sql)
    app.add_typer(rejected, name="rejected")


def roster(tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """Everybody, those who need attention first."""
    rows = _panel(data, "roster", tenant, None)
    if as_json:
        output.print_json(rows)
        return
    from dashboards import words
    from dashboards.recovery_words import night

    shown = [
        row
        | {
            "open": words.open_alerts(row),
            "reason": words.headline(row),
            "failures": words.failure_sets(row["failure_sets_7d"], row["unknown_share_7d"], row["sets_7d"]),
            "load": words.failure_load(row["failure_load_7d"], row["unknown_share_7d"], row["sets_7d"]),
            "share": words.share(row["unknown_share_7d"]) if row["sets_7d"] else words.NO_SETS,
            "night": night(row),
        }
        for row in rows
    ]
    columns = {
        "attention": "state",
        "athlete_id": "athlete",
        "open": "open alerts",
        "reason": "first reason",
        "failures": "failure sets 7 d",
        "load": "failure load 7 d (FES)",
        "share": "effort unknown",
        "night": "last night",
        "last_session_on": "last session",
        "today": "as of",
    }
    narrow = Narrow(texts=("athlete_id", "open", "reason", "night"), left_out=("today", "share", "load", "failures"))
    empty = "no athletes yet; `spotter ingest` or `spotter import` brings the first"
    output.print_rows(shown, columns, empty=empty, narrow=narrow)
    if told := words.judged(rows):
        output.paragraph(told)


def report(athlete: Athlete, tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """One athlete: the week, the open alerts with what they rest on, the last days."""
    with _session(data) as session:
        states = session.call("panel", name="roster", parameters=[tenant, athlete])
        days = session.call("panel", name="athlete_days", parameters=[tenant, athlete, None, None, REPORT_DAYS])
        open_alerts = session.call("alerts", tenant=tenant, athlete=athlete, state="open", rows_max=ROWS_MAX)
        recovery = session.call("panel", name="recovery", parameters=[tenant, athlete])
        checkin = session.call("panel", name="last_checkin", parameters=[tenant, athlete])
        pain = session.call("panel", name="pain_of_day", parameters=[tenant, athlete])
        if not states:
            raise unknown_athlete(session.call("panel", name="roster", parameters=[tenant, None]), athlete, tenant)
    state = states[0]
    if state["today"] is None:
        raise _no_day(athlete, state["sets_without_day"])
    if as_json:
        output.print_json(
            {
                "athlete": state,
                "alerts": open_alerts,
                "days": days,
                "recovery": recovery[0] if recovery else None,
                "checkin": checkin,
                "pain": pain,
            }
        )
        return
    _print_report(athlete, state, open_alerts, days, recovery, checkin, pain)


def _no_day(athlete: str, sets: int) -> RefusedError:
    """Sets are there, but it cannot be said on which days."""
    from dashboards import words

    return RefusedError(
        words.waiting_sets(sets, repr(athlete)),
        "so they belong to no day yet, and no day means no report",
        words.DECLARE_ZONE,
    )


def _print_report(
    athlete: str,
    state: dict[str, Any],
    open_alerts: list[dict[str, Any]],
    days: list[dict[str, Any]],
    recovery: list[dict[str, Any]],
    checkin: list[dict[str, Any]],
    pain: list[dict[str, Any]],
) -> None:
    from dashboards import proof, words
    from dashboards.recovery_words import checkin_line, night, pain_line, recovery_lines

    share, sets = state["unknown_share_7d"], state["sets_7d"]
    headline = output.printable(words.headline(state))
    output.paragraph(f"{output.printable(athlete)}, {state['today']}: {state['attention']}, {headline}")
    if sets:
        output.paragraph(
            f"7 days to {state['today']}: {words.counted(sets, 'set')},"
            f" failure sets: {words.failure_sets(state['failure_sets_7d'], share, sets)},"
            f" failure load (FES): {words.failure_load(state['failure_load_7d'], share, sets)},"
            f" effort unknown for {words.share(share)} of the sets"
        )
    output.paragraph(f"last night's data: {night(state)}")
    for day in recovery:
        output.say(f"recovery on {day['local_day']}:")
        for line in recovery_lines(day) or ["nothing of this day is known"]:
            output.paragraph(output.printable(line), "  ")
    if checkin:
        output.paragraph(output.printable(checkin_line(checkin)))
    if hurts := pain_line(pain):
        output.paragraph(output.printable(hurts))
    for alert in words.with_parts(open_alerts):
        output.say()
        output.paragraph(f"{alert['severity']} · {alert['rule']} · {output.printable(alert['title'])}")
        if whole := words.part_of(alert):
            output.paragraph(output.printable(whole), "  ")
        for text in (alert["body"], alert["action"]):
            if text:
                output.paragraph(output.printable(text), "  ")
        for group in proof.groups(alert["evidence"]):
            output.paragraph(f"{group.heading}:", "  ")
            for line in group.lines:
                output.paragraph(output.printable(line), "    ")
    output.say()
    shown = [
        day
        | {
            "failures": words.failure_sets(day["failure_sets"], day["unknown_effort_share"], day["sets"]),
            "load": words.failure_load(day["failure_load"], day["unknown_effort_share"], day["sets"]),
            "share": words.share(day["unknown_effort_share"]) if day["sets"] else "",
        }
        for day in days
    ]
    columns = {"local_day": "day", "sets": "sets", "failures": "failure sets", "load": "failure load (FES)"}
    more = {"share": "effort unknown", "volume_load_kg": "volume load kg", "state": "state"}
    output.print_rows(shown, columns | more, empty="no days", narrow=Narrow(left_out=("state", "volume_load_kg")))
    output.say()
    output.paragraph(words.GLOSSARY)


def sql(
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT statement.")],
    form: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.table,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write there instead.")] = None,
    data: Data = None,
) -> None:
    """Ask with SQL: read-only, in a sandbox, on current data."""
    from pipeline.cli.snapshots import current_snapshot
    from pipeline.settings import Settings, data_folder
    from pipeline.store.sandbox import Limits, Query

    if form is Format.parquet and to is None and sys.stdout.isatty():
        raise UsageError("Parquet is not for the screen", do="add --to FILE, or send the output into a file")
    settings = Settings.from_environment()
    limits = Limits(wall_s=settings.sql_seconds_max, memory_bytes=settings.sql_memory_bytes_max)
    query = Query(limits)
    try:
        with current_snapshot(data_folder(data)) as path:
            result = query.ask(path, statement).result()
    finally:
        query.kill()
    _write_result(result, form, to)


def _write_result(result: Result, form: Format, to: Path | None) -> None:
    table = result.table
    if form is Format.parquet:
        _write_parquet(table, to)
        return
    if form is Format.table and to is None:
        _print_table(table)
        return
    if form is Format.table:
        parts = iter([_table_text(table)])
    else:
        parts = output.table_csv(table) if form is Format.csv else output.table_json(table)
    if to is None:
        output.write(parts)
        return
    with to.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)


def _write_parquet(table: Any, to: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(table, to if to is not None else sys.stdout.buffer)
    except pa.ArrowException as error:  # intervals, unions, infinite times counted in seconds
        raise QueryError(
            "the result cannot be written as Parquet",
            f"Parquet has no such values: {error}",
            "make the column a text, for example with `::varchar`, or choose another --format",
        ) from error


def _table_text(table: Any) -> str:
    import io
    from contextlib import redirect_stdout

    text = io.StringIO()
    with redirect_stdout(text):
        _print_table(table)
    return text.getvalue()


def _print_table(table: Any) -> None:
    rows = [row for chunk in output.chunks(table) for row in chunk]
    output.print_rows(rows, {name: name for name in output.unique(table.column_names)}, empty="no rows")


@rejected.command("list")
def list_rejected(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Newest so many.")] = 100,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Rejected items, newest first."""
    rows = _panel(data, "rejected", tenant, None, None, limit)
    if as_json:
        output.print_json(rows)
        return
    columns = {"upload_id": "upload", "item_index": "item", "athlete_id": "athlete", "reason": "reason"}
    columns |= {"field": "field", "message": "why, and what to do", "excerpt": "excerpt"}
    # the message names the field, so the field may go first
    gone = ("excerpt", "athlete_id", "field")
    narrow = Narrow(texts=("athlete_id", "field", "message"), clipped=("excerpt",), left_out=gone)
    output.print_rows(rows, columns, empty="nothing was rejected", narrow=narrow)


@rejected.command("show")
def show_rejected(
    upload_id: Annotated[str, typer.Argument(metavar="UPLOAD")],
    item_index: Annotated[int | None, typer.Argument(metavar="ITEM", min=0)] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Everything known about the rejected items of an upload."""
    rows = _panel(data, "rejected", tenant, upload_id, item_index, ROWS_MAX)
    if not rows:
        raise RefusedError(f"nothing of {upload_id!r} was rejected", do="`spotter rejected list` shows the uploads")
    if as_json:
        output.print_json(rows)
        return
    for row in rows:
        for key, value in row.items():
            output.paragraph(f"{key}: {output.printable(value)}")
        output.say()


@rejected.command("replay")
def replay_rejected(
    upload_id: Annotated[str | None, typer.Argument(metavar="[UPLOAD]")] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what would be taken; change nothing.")] = False,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Read rejected items again with this version; take those that it can read."""
    from dashboards import words

    with _session(data) as session:
        rows: list[dict[str, Any]] = session.call("read_rejected", tenant=tenant, upload_id=upload_id)
        waits = [row for row in rows if row["now"] != "rejected"]
        if waits and not check:
            session.call("rebuild")
    counts = {now: sum(row["now"] == now for row in rows) for now in ("taken", "rejected", "not tried")}
    if as_json:
        output.print_json({"items": rows, "counts": counts, "rebuilt": bool(waits) and not check})
        return
    if not rows:
        output.say("nothing was rejected")
        return
    read = words.counted(counts["taken"] + counts["rejected"], "rejected item")
    output.say(f"{read} read again: {counts['taken']} can be taken, {counts['rejected']} cannot")
    if counts["not tried"]:
        output.say(f"the worker died on {counts['not tried']} more; only a rebuild tries those")
    if not waits:
        output.say("nothing is changed")
    elif check:
        output.say("`spotter rejected replay` takes them: it works the tables out again from the log")
    else:
        output.say("rebuilt from the log; `spotter rejected list` shows what is still rejected")


def _panel(data: Path | None, name: str, *parameters: object) -> list[dict[str, Any]]:
    with _session(data) as session:
        rows: list[dict[str, Any]] = session.call("panel", name=name, parameters=list(parameters))
    return rows


@contextmanager
def _session(data: Path | None) -> Iterator[Session]:
    from pipeline.cli.session import open_reading
    from pipeline.settings import data_folder

    with open_reading(data_folder(data)) as session:
        yield session
