"""Taking back an import: the result is as if that upload had never come.

The documents the import had versions of are folded again from the log, without the versions of
withdrawn imports, whatever is stored now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from pipeline.log.base import Batch, Logged
from pipeline.record import parse_header
from pipeline.sources.columns import Decoded
from pipeline.sources.decode import decode_records
from pipeline.store.connection import Connection
from pipeline.worker.keys import digest
from pipeline.worker.lookup import DocumentFilter
from pipeline.worker.names import Names
from pipeline.worker.stage import Staged, stage

Histories = Callable[[str, str, int], Iterator[Logged]]
"""(tenant, athlete, end offset) to the athlete's records below the end, in order."""


def stage_withdrawal(
    connection: Connection, logged: Logged, histories: Histories, names: Names, known: DocumentFilter
) -> Staged:
    """What a withdrawal record changes, as a batch that replaces the import's documents."""
    header = logged.record.head()
    import_id = header.import_id or ""
    owners = connection.execute(
        "select distinct athlete_id from base.upload where tenant_id = ? and import_id = ? order by all",
        (header.tenant, import_id),
    ).fetchall()
    connection.execute(
        "insert into base.upload select ?, ?, ?, '', ?, true",
        (header.upload_id, import_id, header.tenant, logged.offset),
    )
    withdrawn = {
        row[0]
        for row in connection.execute(
            "select import_id from base.upload where tenant_id = ? and withdrawn", (header.tenant,)
        ).fetchall()
    }
    history: list[Logged] = []
    affected: set[int] = set()
    for (athlete,) in owners:
        for earlier in histories(header.tenant, athlete, logged.offset):
            earlier_import = parse_header(earlier.record.header).import_id
            if earlier_import == import_id:
                documents = decode_records([earlier.record]).documents
                affected |= set(digest(documents["source"], documents["document"]).tolist())
            if earlier_import not in withdrawn:
                history.append(earlier)
    return _staged(connection, Batch.of([*history, logged]), affected, header.tenant, names, known, import_id)


def _staged(
    connection: Connection,
    batch: Batch,
    affected: set[int],
    tenant: str,
    names: Names,
    known: DocumentFilter,
    import_id: str,
) -> Staged:
    decoded = _only(decode_records(batch.records), affected)
    staged = stage(connection, batch, decoded, names, known, ignore_stored=True)
    keys = pa.table({"doc_key": pa.array(sorted(affected), pa.int64())})
    connection.register("affected", keys)
    staged.replaced = connection.table(
        "select d.athlete_no, d.doc_key, d.kind, d.from_day, d.to_day from base.document d"
        " join affected a on d.doc_key = a.doc_key join base.athlete n on d.athlete_no = n.athlete_no"
        " where n.tenant_id = ? and n.athlete_id in (select athlete_id from base.upload where import_id = ?)",
        (tenant, import_id),
    )
    before = connection.execute(
        "select coalesce(sum(d.items), 0)::bigint from base.document d join affected a on d.doc_key = a.doc_key"
        " join base.athlete n on d.athlete_no = n.athlete_no where n.tenant_id = ?"
        " and n.athlete_id in (select athlete_id from base.upload where import_id = ?)",
        (tenant, import_id),
    ).fetchall()[0][0]
    connection.unregister("affected")
    dropped = 0
    for table in ("rejected", "ignored"):
        named = (
            "tenant_id = ? and upload_id in"
            " (select upload_id from base.upload where import_id = ? and withdrawn is not true)"
        )
        counted = connection.execute(f"select count(*) from base.{table} where {named}", (tenant, import_id)).fetchall()
        dropped += int(counted[0][0])
        connection.execute(f"delete from base.{table} where {named}", (tenant, import_id))
    after = int(np.sum(staged.documents["items"].to_numpy())) if staged.documents.num_rows else 0
    staged.superseded = int(before) - after + dropped
    staged.items = staged.conflicts = 0
    staged.uploads = staged.uploads.slice(0, 0)
    staged.rejected, staged.ignored = staged.rejected.slice(0, 0), staged.ignored.slice(0, 0)
    return staged


def _only(decoded: Decoded, affected: set[int]) -> Decoded:
    """The decoded rows of these documents alone."""
    documents = decoded.documents
    keys = digest(documents["source"], documents["document"])
    keep = np.isin(keys, np.array(sorted(affected), np.int64))
    new_row = np.full(len(keep), -1, np.int64)
    new_row[keep] = np.arange(int(keep.sum()))

    def rows(table: pa.Table) -> pa.Table:
        row = table["doc_row"].to_numpy()
        chosen = keep[row] if len(row) else np.zeros(0, np.bool_)
        kept = table.filter(pa.array(chosen))
        renumbered = pa.array(new_row[row[chosen]].astype(np.int32))
        return kept.set_column(kept.column_names.index("doc_row"), "doc_row", renumbered)

    return Decoded(
        documents=documents.filter(pa.array(keep)),
        sets=rows(decoded.sets),
        sessions=rows(decoded.sessions),
        events=rows(decoded.events),
        rejected=decoded.rejected.slice(0, 0),
        ignored=decoded.ignored.slice(0, 0),
        warnings=[],
    )
