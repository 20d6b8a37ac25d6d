"""One athlete's data, to take along: tables as CSV and Parquet, uploads as they were sent."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output
from pipeline.record import CANONICAL

if TYPE_CHECKING:
    from pipeline.log.base import Log

EXPORTED = (
    "set_fact",
    "session_load",
    "exercise_session",
    "muscle_day",
    "athlete_day",
    "indicator",
    "alert",
    "alert_evidence",
    "sleep_fact",
    "hrv_fact",
    "resting_heart_rate_fact",
    "heart_rate_sample",
    "heart_rate_load",
    "checkin_fact",
    "body_mass_fact",
    "declaration_fact",
    "rejected",
)
_THERE = "select view_name as name from duckdb_views() union all select table_name from duckdb_tables()"


MANIFEST = "manifest.json"


@contextmanager
def written_whole(to: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``to`` at the end; when something fails, nothing of it stays."""
    target = to.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    # a mounted folder cannot be replaced, and beside some nothing may be written: then the files move in at the end
    inside = target.exists() and (os.path.ismount(target) or not os.access(target.parent, os.W_OK))
    folder = (target if inside else target.parent) / f"{target.name}.part-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield folder
        if inside:
            for child in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                child.replace(target / child.name)
            folder.rmdir()
        else:
            if target.exists():
                shutil.copymode(target, folder)
            folder.replace(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write_tables(
    snapshot: Path, tenant: str, athlete: str, to: Path, step: Callable[[int, str], None]
) -> dict[str, int]:
    """Write every view's rows of the athlete into ``to``; the number of rows per view."""
    import pyarrow.parquet as pq

    from pipeline.store.snapshot import open_snapshot

    rows: dict[str, int] = {}
    with closing(open_snapshot(snapshot)) as connection:
        there = {name for (name,) in connection.execute(_THERE).fetchall()}
        for number, name in enumerate(EXPORTED):
            step(number, name)
            if name not in there:
                continue
            statement = f"select * from main.{name} where tenant_id = $1 and athlete_id = $2 order by all"
            table = connection.table(statement, [tenant, athlete])
            rows[name] = table.num_rows
            pq.write_table(table, to / f"{name}.parquet")
            with (to / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                file.writelines(output.table_csv(table))
    return rows


def write_uploads(log: Log, partition: int, tenant: str, athlete: str, to: Path) -> int:
    """Write what was sent for the athlete: events as lines, parts of files as they came. The number of parts."""
    folder = to / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    parts = 0
    with (to / "events.ndjson").open("wb") as events:
        for logged in log.read_athlete(partition, tenant, athlete, log.end_offset(partition)):
            record, header = logged.record, logged.record.head()
            if not record.payload:
                continue
            parts += 1
            if header.decoder == CANONICAL:
                events.write(record.payload.rstrip(b"\n") + b"\n")
            else:
                name = f"{logged.offset:09d}.{header.decoder}"
                (folder / name).write_bytes(record.payload)
    return parts
