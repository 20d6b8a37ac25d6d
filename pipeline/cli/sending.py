"""Sending data: canonical events and files of other loggers."""

from __future__ import annotations

import gzip
import shlex
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from dashboards.words import counted
from pipeline.cli import output
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AsJson, Data, Tenant, folder_words
from pipeline.errors import RefusedError, SpotterError, UsageError

if TYPE_CHECKING:
    from pipeline.cli.session import Session

LINES_PER_BODY = 1000
BYTES_PER_BODY = 8 << 20
LINE_BYTES_MAX = 2 << 20  # longer than any event may be; the rest of such a line is skipped
PROBLEMS_SHOWN = 20
PREVIEW_SHOWN = 20
NOTHING_TAKEN = (
    "{file}: none of its rows could be taken\n"
    "  why: every one was ignored or rejected; the reasons are counted in the report\n"
    "  do:  correct them, or export the file again; `spotter rejected list` shows the rejected rows"
)
SPACE = b" \t\r\n"
SOURCE_HELP = (
    "The app or device, if not by the file's look: auto, or a name such as hevy, strong or oura, or a format such as"
    " hevy.csv; a name that is not known is answered with all that are."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ingest")(ingest)
    app.command("import")(import_files)


def ingest(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Events, one JSON object a line; plain or gzip.")],
    tenant: Tenant = HOME,
    source: Annotated[str, typer.Option("--source", help="Source of events that name none.")] = "api",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send canonical events and wait until they are in the tables."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder
    from pipeline.sources.validate import require_name

    require_name(source, "source", "give a name of visible characters, for example `--source gymlog`")
    counts = _Counts()
    with _event_stream(file) as (stream, size):
        cut = _events_in(stream, file)  # what is no stream of events is refused before a folder is made for it
        with open_session(data_folder(data)) as session:
            with output.progress("sending", size) as bar:
                for body in cut:
                    _send(session, body, tenant, source, counts)
                    bar.to(body.read_bytes, f"{counts.accepted:,} accepted")
            counts.applied = _settle(session, counts.end)
    _print_counts(counts, as_json)
    if counts.accepted + counts.duplicates == 0:
        raise typer.Exit(1)


@dataclass(slots=True)
class Body:
    """Some lines of a file: ``lines`` are their numbers in it, from 1."""

    content: bytes
    lines: list[int]
    read_bytes: int


@dataclass(slots=True)
class _Counts:
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    end: int | None = None
    applied: int | None = None
    uploads: list[str] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def bodies(stream: IO[bytes]) -> Iterator[Body]:
    """Cut a stream of lines into bodies; empty lines are left out, lines that cannot be an event cut short."""
    kept: list[bytes] = []
    numbers: list[int] = []
    size = read = number = 0
    while line := _line(stream):
        read += len(line)
        number += 1
        stripped = line[:LINE_BYTES_MAX].strip(SPACE)
        if not stripped:
            continue
        kept.append(stripped)
        numbers.append(number)
        size += len(stripped)
        if len(kept) == LINES_PER_BODY or size > BYTES_PER_BODY:
            yield Body(b"\n".join(kept), numbers, read)
            kept, numbers, size = [], [], 0
    if kept:
        yield Body(b"\n".join(kept), numbers, read)


def _events_in(stream: IO[bytes], file: str) -> Iterator[Body]:
    """The bodies of a stream of events; raises RefusedError for an export of a logger, which `import` takes."""
    from pipeline.sources import registry

    cut = bodies(stream)
    first = next(cut, None)
    if first is None:
        return cut
    is_event = b'"kind"' in first.content.partition(b"\n")[0]
    export = None if is_event else registry.export_in(first.content)
    if export is not None:
        named = "FILE" if file == "-" else shlex.quote(file)
        raise RefusedError(
            f"this looks like {export}",
            "`ingest` takes canonical events, one JSON object a line",
            ("save it as a file and " if file == "-" else "") + f"use `spotter import {named} --athlete A`",
        )
    return chain((first,), cut)


def _line(stream: IO[bytes]) -> bytes:
    try:
        line = stream.readline(LINE_BYTES_MAX)
        last = line
        while len(last) == LINE_BYTES_MAX and not last.endswith(b"\n"):
            last = stream.readline(LINE_BYTES_MAX)
    except (OSError, EOFError, zlib.error) as error:
        raise RefusedError(
            "the file cannot be read to its end", str(error), "what was read before is kept; send a whole file again"
        ) from error
    return line


def _send(session: Session, body: Body, tenant: str, source: str, counts: _Counts) -> None:
    from pipeline.clock import SystemClock
    from pipeline.gateway.ids import new_id

    upload_id = new_id(SystemClock().now())
    answer = session.call("ingest", body.content, tenant=tenant, upload_id=upload_id, source=source)
    counts.accepted += answer["accepted"]
    counts.duplicates += answer["duplicates"]
    counts.rejected += answer["rejected"]
    counts.end = answer["end"] if answer["end"] is not None else counts.end
    counts.uploads.append(upload_id)
    for item in answer["told"]:
        line = body.lines[item["index"]]
        if item["status"] == "rejected":
            told = {key: item[key] for key in ("reason", "field", "message")}
            counts.rejections.append({"line": line, **told, "upload_id": upload_id, "item_index": item["index"]})
        else:
            counts.warnings.append({"line": line, "warnings": item["warnings"]})


def _settle(session: Session, end: int | None) -> int:
    with output.progress("applying", end) as bar:
        answer = session.call("settle", progress=lambda step: bar.to(float(str(step["applied"]))), end=end)
    return int(answer["applied"])


def _print_counts(counts: _Counts, as_json: bool) -> None:
    if as_json:
        output.print_json(
            {
                "accepted": counts.accepted,
                "duplicates": counts.duplicates,
                "rejected": counts.rejected,
                "upload_ids": counts.uploads,
                "rejections": counts.rejections,
                "warnings": counts.warnings,
            }
        )
        return
    output.say(f"accepted {counts.accepted}, duplicate {counts.duplicates}, rejected {counts.rejected}")
    for reason, count in sorted(Counter(row["reason"] for row in counts.rejections).items()):
        output.say(f"  {reason}: {count}")
    for row in counts.rejections[:PROBLEMS_SHOWN]:
        where = f" {output.printable(row['field'])}" if row["field"] else ""
        output.say(f"  line {row['line']}: {row['reason']}{where}: {output.printable(row['message'])}")
    for row in counts.warnings[:PROBLEMS_SHOWN]:
        output.say(f"  line {row['line']}: kept, but {output.printable('; '.join(row['warnings']))}")
    hidden = max(0, len(counts.rejections) - PROBLEMS_SHOWN) + max(0, len(counts.warnings) - PROBLEMS_SHOWN)
    if hidden:
        output.say(f"  … and {hidden} more; `spotter rejected list` shows the rejected ones")


@contextmanager
def _event_stream(file: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The lines of a file or of standard input, unpacked; the size is known for plain files."""
    if file == "-":
        with _unpacked(sys.stdin.buffer) as stream:
            yield stream, None
        return
    path = Path(file)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise RefusedError(f"{file} cannot be read", error.strerror or str(error), "check the name") from error
    with raw, _unpacked(raw) as stream:
        yield stream, path.stat().st_size if stream is raw else None


@contextmanager
def _unpacked(raw: Any) -> Iterator[IO[bytes]]:
    import io

    buffered = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
    if buffered.peek(2)[:2] != b"\x1f\x8b":
        yield buffered
        return
    with gzip.GzipFile(fileobj=buffered) as unpacked:
        yield unpacked  # type: ignore[misc]


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
            _settle(session, answer["end"])
        output.say(f"import {undo} is taken back; the tables are as if it had never come")
        return
    if not files:
        raise UsageError("no file is given", do="spotter import FILE… --athlete A")
    if not athlete:
        raise UsageError("an import needs the athlete it belongs to", do="add --athlete A")
    said = {"athlete": athlete, "tenant": tenant, "source": source, "tz": tz, "unit": unit, "preview": preview}
    with open_session(data_folder(data)) as session:
        reports = _import_each(session, files, said, quiet=as_json, undo=undo_command(tenant, data))
        _settle(session, max((report["end"] for report in reports if report.get("end") is not None), default=None))
    if as_json:
        output.print_json(reports)
    if not any(report.get("accepted") for report in reports):
        raise typer.Exit(1)


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
                    output.note(NOTHING_TAKEN.format(file=output.printable(str(file))))
    return reports


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
