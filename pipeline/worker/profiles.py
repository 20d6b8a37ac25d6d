"""Athlete events: profiles; and wall clocks and ends of days when a zone history changes."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store.connection import Connection
from pipeline.worker.zones import Zones


def refresh_profiles(connection: Connection, zones: Zones) -> None:
    """Profiles of ``changed_profile``; where a zone history changed, the wall clocks that hang on it."""
    if not connection.execute("select count(*) from changed_profile").fetchall()[0][0]:
        return
    if not zones.refresh(connection):
        return
    for table, key, pairs in (
        ("set_log", "ordinal", [("performed_at", "performed_local")]),
        ("session_log", "doc_key", [("start_at", "start_local"), ("end_at", "end_local")]),
        ("event_log", "doc_key", [("measured_at", "measured_local")]),
    ):
        _resolve_again(connection, zones, table, key, pairs)
    for table in ("set_log", "session_log"):
        _touch_offsets(connection, table)


def _touch_offsets(connection: Connection, table: str) -> None:
    """Sessions whose times have an offset alone: whether that is the athlete's own clock decides when it changes."""
    connection.execute(
        "insert into touched_row select l.athlete_no, l.session_key, l.anchor_day, l.source, null"
        f" from base.{table} l join changed_profile c on l.athlete_no = c.athlete_no"
        " where l.zone_kind = 1 and l.session_key is not null"
    )
    if table == "set_log":
        connection.execute(
            "insert into touched_unnamed select l.athlete_no, l.source, l.performed_at"
            " from base.set_log l join changed_profile c on l.athlete_no = c.athlete_no"
            " where l.zone_kind = 1 and l.session_key is null"
        )


def _resolve_again(connection: Connection, zones: Zones, table: str, key: str, pairs: list[tuple[str, str]]) -> None:
    """A changed zone history moves the wall clocks of rows whose instant came in Z."""
    rows = connection.table(
        f"select l.* from base.{table} l join changed_profile c on l.athlete_no = c.athlete_no"
        " where l.zone_kind in (0, 4)"
    )
    if rows.num_rows == 0:
        return
    resolved = zones.resolve(rows, pairs)
    if table == "event_log":
        local_day = pc.coalesce(resolved["day"], resolved["measured_local"].cast(pa.date32()))
        resolved = resolved.set_column(resolved.column_names.index("local_day"), "local_day", local_day)
        connection.register("resolved", resolved)
        connection.execute(
            "insert into touched_event select athlete_no, doc_key, kind, local_day, day, true from"
            " (select * from resolved union all select l.* from base.event_log l join changed_profile c"
            " on l.athlete_no = c.athlete_no where l.zone_kind in (0, 4)) where kind not in"
            " ('athlete', 'plan', 'declaration', 'tick')"
        )
    else:
        connection.register("resolved", resolved)
        connection.execute(
            "insert into touched_row select athlete_no, session_key, anchor_day, source, null from resolved"
            " where session_key is not null"
        )
        if table == "set_log":
            connection.execute(
                "insert into touched_unnamed select athlete_no, source, performed_at from resolved"
                " where session_key is null"
            )
    connection.execute(
        f"delete from base.{table} l using resolved r where l.athlete_no = r.athlete_no"
        f" and l.doc_key = r.doc_key and l.{key} = r.{key}"
    )
    connection.execute(f"insert into base.{table} by name select * from resolved")
    connection.unregister("resolved")
