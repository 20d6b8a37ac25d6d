"""Keeping: rebuild and check, snapshots, export, demo, and the doctor."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboards.words import counted
from pipeline.cli import output
from pipeline.cli.options import HOME, AsJson, Athlete, Data, Tenant
from pipeline.errors import RefusedError

DIFFERENCES_SHOWN = 1000


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("rebuild")(rebuild)
    app.command("snapshot")(snapshot)
    app.command("export")(export)
    app.command("demo")(demo)
    app.command("doctor")(doctor)


def rebuild(
    check: Annotated[
        bool, typer.Option("--check", help="Compute into a scratch file and compare; change nothing.")
    ] = False,
    partition: Annotated[
        int | None,
        typer.Option("--partition", metavar="N", min=0, help="Of a cluster: the shard of a partition in this folder."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compute everything anew from the log."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder

    if partition is not None:
        from pipeline.cli.cluster import cluster_settings
        from pipeline.cli.cluster_rebuild import rebuild_partition

        _tell(check, rebuild_partition(data_folder(data), partition, cluster_settings(None), check=check), as_json)
        return
    with open_session(data_folder(data), create=False) as session, output.progress("computing anew", None) as bar:
        found = session.call("check" if check else "rebuild", progress=lambda step: bar.to(0, f"{step['seconds']} s"))
    _tell(check, found, as_json)


def _tell(check: bool, found: list[dict[str, Any]], as_json: bool) -> None:
    if not check:
        output.say("rebuilt from the log")
        return
    if as_json:
        output.print_json(found)
    else:
        for row in found[:DIFFERENCES_SHOWN]:
            output.say(difference_line(row))
        hidden = len(found) - DIFFERENCES_SHOWN
        if hidden > 0:
            output.say(f"… and {hidden} more")
        output.say(_verdict(len(found)))
    if found:
        raise typer.Exit(1)


def _verdict(differences: int) -> str:
    if differences == 0:
        return "0 differences: the tables are what the log says"
    return (
        f"{counted(differences, 'difference')}: the tables are not what the log says; `spotter rebuild` makes them so"
    )


def difference_line(row: dict[str, Any]) -> str:
    """One difference: relation, key, column, the stored and the rebuilt value."""
    return (
        f"{row['relation']} [{output.printable(row['key'])}] {row['column']}:"
        f" stored {output.printable(row['stored'])}, rebuilt {output.printable(row['rebuilt'])}"
    )


def snapshot(
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Also copy it there.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a read-only DuckDB file of current data and print its path."""
    from pipeline.cli.snapshots import current_snapshot
    from pipeline.settings import data_folder

    with current_snapshot(data_folder(data)) as path:
        if to is not None:
            if to.exists():
                raise RefusedError(f"{to} exists already", do="name a file that does not")
            shutil.copyfile(path, to)
    path = to or path
    if as_json:
        output.print_json({"path": str(path)})
    else:
        output.say(str(path))


def export(
    athlete: Athlete,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder that is empty or not there yet.")],
    tenant: Tenant = HOME,
    data: Data = None,
) -> None:
    """Write everything about one athlete: tables as CSV and Parquet, and the uploads as they were sent."""
    from pipeline.cli.portability import EXPORTED, MANIFEST, write_tables, written_whole
    from pipeline.cli.session import open_reading
    from pipeline.cli.snapshots import snapshot_of
    from pipeline.settings import data_folder

    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise RefusedError(f"{to} is not an empty folder", "an export overwrites nothing", "name another folder")
    with ExitStack() as stack:
        with open_reading(data_folder(data)) as session:
            if not session.call("panel", name="athlete_known", parameters=[tenant, athlete]):
                raise RefusedError(f"there is no athlete {athlete!r} in {tenant}", do="`spotter roster` lists all")
            path = stack.enter_context(snapshot_of(session))
            folder = stack.enter_context(written_whole(to))
            uploads = session.call("uploads_of", tenant=tenant, athlete=athlete, to=str(folder))["parts"]
        with output.progress("exporting", len(EXPORTED)) as bar:
            tables = write_tables(path, tenant, athlete, folder, bar.to)
        manifest = {"tenant": tenant, "athlete": athlete, "rows": tables, "uploads": uploads}
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    output.say(
        f"{counted(sum(tables.values()), 'row')} of {counted(len(tables), 'table')} and"
        f" {counted(uploads, 'part')} of uploads are in {to}"
    )


def demo(data: Data = None, as_json: AsJson = False) -> None:
    """Load the demo gym and the shipped exports through the ordinary doors."""
    from pipeline.cli.session import open_session
    from pipeline.settings import data_folder

    with open_session(data_folder(data)) as session, output.progress("loading the demo", 1.0) as bar:
        found = session.call("demo", progress=lambda step: bar.to(float(str(step["share"])), str(step["what"])))
    if as_json:
        output.print_json(found)
    elif not found["loaded"]:
        output.say("the demo is loaded already")
    else:
        output.say(
            f"loaded {counted(found['accepted'], 'event')} and {counted(found['rows_imported'], 'row')}"
            " of real exports; `spotter roster` and `spotter alerts --open` show what they say"
        )


def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Look at settings, disk, log, shard, lag and clock, and say what to do."""
    from pipeline.cli.doctor import examine
    from pipeline.settings import data_folder

    findings = examine(data_folder(data))
    if as_json:
        output.print_json(findings)
    else:
        for finding in findings:
            output.say(f"{finding['status']:<5} {finding['check']}: {finding['says']}")
            if finding["do"]:
                output.say(f"      do: {finding['do']}")
    if any(finding["status"] == "bad" for finding in findings):
        raise typer.Exit(1)
