"""``spotter ingest``: canonical events, sent and settled."""

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

from pipeline.cli import output
from pipeline.cli.options import HOME, AsJson, Data, Tenant
from pipeline.errors import RefusedError

if TYPE_CHECKING:
    from pipeline.cli.session import Session

LINES_PER_BODY = 1000
BYTES_PER_BODY = 8 << 20
LINE_BYTES_MAX = 2 << 20  # longer than any event may be; the rest of such a line is skipped
PROBLEMS_SHOWN = 20
SPACE = b" \t\r\n"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ingest")(ingest)


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
            counts.applied = settle(session, counts.end)
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


def settle(session: Session, end: int | None) -> int:
    """Wait until the log is in the tables up to ``end``; returns how far it is."""
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
