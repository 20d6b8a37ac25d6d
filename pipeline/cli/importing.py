"""``spotter import``: files of loggers and wearables taken, listed and taken back, with what became of their rows."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboards.words import counted
from pipeline.cli import output
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AsJson, Data, Tenant, folder_words
from pipeline.cli.sending import settle
from pipeline.errors import SpotterError, UsageError

if TYPE_CHECKING:
    from pipeline.cli.session import Session

PROBLEMS_SHOWN = 20
PREVIEW_SHOWN = 20
SOURCE_HELP = (
    "The app or device, if not by the file's look: auto, or a name such as hevy, strong or oura, or a format such as"
    " hevy.csv; a name that is not known is answered with all that are."
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_files)


def import_files(
    *,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Exports of apps and devices.")] = None,
    athlete: Annotated[str | None, typer.Option("--athlete", metavar="A", help="Whose records these are.")] = None,
    tenant: Tenant = HOME,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help=SOURCE_HELP)] = "auto",
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Zone of wall-clock times.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="kg|lb", help="Of weights that state none.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be taken, take nothing.")] = False,
    undo: Annotated[str | None, typer.Option("--undo", metavar="ID", help="Take an import back.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the imports so far, newest first.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Import exports of loggers and wearables, list the imports, or take one back."""
    from pipeline.cli.session import open_reading, open_session
    from pipeline.settings import data_folder

    if listed:
        if files or preview or undo is not None:
            raise UsageError("--list shows the imports and takes nothing else", do="spotter import --list")
        with open_reading(data_folder(data)) as session:
            found = session.call("imports", tenant=tenant)
        _print_imports([row for row in found if athlete in (None, row["athlete_id"])], as_json)
        return
    if undo is not None:
        if files or preview:
            raise UsageError("--undo takes an import id and nothing else", do="spotter import --undo ID")
        with open_session(data_folder(data)) as session:
            answer = session.call("undo", tenant=tenant, import_id=undo)
            settle(session, answer["end"])
        output.say(f"import {undo} is taken back; the tables are as if it had never come")
        return
    if not files:
        raise UsageError("no file is given", do="spotter import FILE… --athlete A")
    if not athlete:
        raise UsageError("an import needs the athlete it belongs to", do="add --athlete A")
    said = {"athlete": athlete, "tenant": tenant, "source": source, "tz": tz, "unit": unit, "preview": preview}
    with open_session(data_folder(data)) as session:
        reports = _import_each(session, files, said, quiet=as_json, undo=undo_command(tenant, data))
        settle(session, max((report["end"] for report in reports if report.get("end") is not None), default=None))
    if as_json:
        output.print_json(reports)
    if any(_failed(report) for report in reports) or not any(report.get("accepted") for report in reports):
        raise typer.Exit(1)


def _failed(report: dict[str, Any]) -> bool:
    """Whether the file was refused, or has rows to correct and none that was taken."""
    return "error" in report or (report["rejected"] > 0 and not report["accepted"])


def undo_command(tenant: str, data: Path | None) -> str:
    """How to take an import of this gym and folder back; the import's id goes at the end."""
    words = ["spotter", "import", *folder_words(data)]
    if tenant != HOME:
        words += ["--tenant", tenant]
    return shlex.join([*words, "--undo"])


def _print_imports(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    rows = [
        row
        | {
            "when": str(row["received_at"] or "")[:16].replace("T", " "),
            "counts": ", ".join(output.printable(row[key]) for key in ("accepted", "ignored", "rejected"))
            + ("\ntaken back" if row["undone"] else ""),
        }
        for row in found
    ]
    columns = {"import_id": "id", "file": "file", "when": "when (UTC)", "athlete_id": "athlete"}
    more = {"counts": "rows accepted, ignored, rejected", "decoder": "format"}
    # an id begins with the time, so where there is no room for all, the time goes before the athlete who differs
    same = len({row["athlete_id"] for row in found}) == 1
    gone = ("decoder", "athlete_id") if same else ("decoder", "when")
    narrow = Narrow(texts=("athlete_id", "file", "when"), left_out=gone)
    empty = "no imports yet; `spotter import FILE… --athlete A` makes one"
    output.print_rows(rows, columns | more, empty=empty, narrow=narrow)


def _import_each(
    session: Session, files: list[Path], said: dict[str, Any], *, quiet: bool, undo: str
) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = []
    with output.progress("importing", len(files)) as bar:
        for number, file in enumerate(files):
            bar.to(number, file.name)
            try:
                report = session.call("import", path=str(file.absolute()), **said)
            except UsageError:
                raise
            except SpotterError as error:
                output.note(f"{file}: {error}")
                reports.append({"file": str(file), "error": error.what, "why": error.why, "do": error.do})
            else:
                reports.append({"file": str(file), **report})
                if not quiet:
                    _print_report(reports[-1], undo)
                if not report["accepted"]:
                    output.note(f"{output.printable(str(file))}: {_nothing_taken(report)}")
    return reports


def _nothing_taken(report: dict[str, Any]) -> SpotterError:
    """Why no row of a file was taken; where none was rejected there is nothing to correct."""
    if not report["rejected"]:
        words = "; ".join(str(reason["message"] or reason["reason"]) for reason in report["reasons"])
        return SpotterError(
            "nothing in it is taken, and nothing was rejected",
            f"its rows are of kinds that are not taken: {words}",
            "nothing is to be corrected; docs/sources.md lists what is read of each source, and what is left out",
        )
    listed = "" if report["import_id"] is None else "; `spotter rejected list` shows the rejected rows"
    return SpotterError(
        "none of its rows could be taken",
        f"of {counted(report['rows'], 'row')}, rejected: {report['rejected']}, ignored: {report['ignored']};"
        " the reasons are counted in the report",
        f"correct the rejected ones, or export the file again{listed}",
    )


_KIND_WORDS: dict[str, tuple[str, str]] = {
    "session": ("workout", ""),
    "sleep": ("sleep", ""),
    "hrv": ("HRV value", ""),
    "resting_heart_rate": ("resting heart rate", ""),
    "heart_rate": ("block of heart rate", "blocks of heart rate"),
    "rr_intervals": ("series of beats", "series of beats"),
    "body_mass": ("body mass", "body masses"),
    "checkin": ("check-in", ""),
}


def _kinds_in_words(kinds: dict[str, int]) -> str:
    told = []
    for kind, count in kinds.items():
        one, many = _KIND_WORDS.get(kind, (kind.replace("_", " "), ""))
        told.append(counted(count, one, many))
    return ", ".join(told) or "nothing"


def _print_report(report: dict[str, Any], undo: str) -> None:
    done = "preview, nothing was taken" if report["import_id"] is None else f"import {report['import_id']}"
    output.say(f"{output.printable(report['file'])}: {done}")
    output.paragraph(
        f"{report['decoder']}: {_kinds_in_words(report['kinds'])} ({report['new_documents']} new,"
        f" {report['known_documents']} known), {counted(report['rows'], 'row')}:"
        f" accepted {report['accepted']}, ignored {report['ignored']}, rejected {report['rejected']}",
        "  ",
    )
    for reason in report["reasons"]:
        text = f": {output.printable(reason['message'])}" if reason["message"] else ""
        told = f"{reason['status']} {reason['reason']}: {reason['count']}, first in row {reason['row']}"
        output.paragraph(told + text, "  ")
    for row in report["told"][:PROBLEMS_SHOWN]:
        where = f" {output.printable(row['field'])}" if row["field"] else ""
        output.paragraph(f"row {row['row']}: {row['reason']}{where}: {output.printable(row['message'])}", "  ")
    for double in report["duplicates"][:PROBLEMS_SHOWN]:
        name = output.printable(double["document"])
        output.paragraph(f"{name} stands in the file more than once; the last one counts", "  ")
    for warning in report["warnings"]:
        output.paragraph(f"note: {output.printable(warning)}", "  ")
    if report["import_id"] is None:
        columns = {"start": "start", "title": "title", "what": "what", "exercises": "exercises"}
        if not any(row["title"] or row["exercises"] for row in report["preview"]):
            columns = {"start": "start", "kind": "kind", "what": "what"}
        narrow = Narrow(texts=("start", "title", "exercises"), left_out=("what",))
        output.print_rows(report["preview"][:PREVIEW_SHOWN], columns, empty="  nothing", narrow=narrow)
    elif report["accepted"]:
        output.say(f"  take it back with: {undo} {report['import_id']}")
