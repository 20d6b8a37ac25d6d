"""The one type that names a DuckDB connection outside this room."""

from __future__ import annotations

import atexit
import contextlib
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

Parameters = Sequence[object] | Mapping[str, object]
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)  # see Connection.table
TEXTS_MAX = 1_000  # a few hundred are known; what comes beyond was made with values inside and would not come again


@atexit.register
def _forget_texts() -> None:
    """Statements that outlive their module are told of as leaks, under whatever a process said last."""
    Connection._parsed.clear()


class Connection:
    """A connection or cursor of a shard, handed to models and alerts inside the batch's transaction.

    Each text is parsed once in a process: a small batch runs a hundred statements that are always the same, and reading
    them took a tenth of its time.
    """

    _parsed: ClassVar[dict[str, duckdb.Statement | str]] = {}

    def __init__(self, inner: duckdb.DuckDBPyConnection) -> None:
        self._inner = inner

    def execute(self, sql: str, parameters: Parameters | None = None) -> Connection:
        """Run a text; its rows are fetched from this connection."""
        if parameters is None:
            self._inner.execute(self._statement(sql))
        else:
            self._inner.execute(self._statement(sql), parameters)
        return self

    def _statement(self, sql: str) -> duckdb.Statement | str:
        found = self._parsed.get(sql)
        if found is None:
            statements = self._inner.extract_statements(sql)
            found = statements[0] if len(statements) == 1 else sql
            if len(self._parsed) < TEXTS_MAX:
                self._parsed[sql] = found
        return found

    def statements(self, sql: str) -> list[duckdb.Statement]:
        """The statements a text holds; nothing runs."""
        found: list[duckdb.Statement] = self._inner.extract_statements(sql)
        return found

    def run(self, statement: duckdb.Statement) -> None:
        """Run one of a text's statements."""
        self._inner.execute(statement)

    def executemany(self, sql: str, parameters: Sequence[Sequence[object]]) -> Connection:
        """Run a text once for each of the parameters."""
        self._inner.executemany(sql, parameters)
        return self

    def fetchall(self) -> list[Any]:
        """All rows, as tuples."""
        rows: list[Any] = self._inner.fetchall()
        return rows

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._inner.fetchone()

    def fetchnumpy(self) -> dict[str, Any]:
        """All rows, as one numpy array per column."""
        columns: dict[str, Any] = self._inner.fetchnumpy()
        return columns

    def records(self, sql: str, parameters: Parameters | None = None) -> list[dict[str, object]]:
        """The rows of a query, by the names of its columns."""
        self.execute(sql, parameters)
        names = [column[0] for column in self.description or []]
        return [dict(zip(names, row, strict=True)) for row in self.fetchall()]

    def table(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a query as an Arrow table.

        A relation (``sql``) would be planned twice, for its columns and to run: a third of what the texts of rules
        take. DuckDB warns that a result that was run is copied once more, which takes less.
        """
        return self.execute(sql, parameters)._inner.to_arrow_table()

    def chunks(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query, so many at a time: more of them than should be in memory at once."""
        yield from self._inner.sql(sql).to_arrow_reader(rows)

    def since(self, touched: str, back_days: int) -> dict[str, date]:
        """``$first_day`` for a text: so many days before the first ``from_day`` of a table of touched athletes.

        A range in a join lets DuckDB skip nothing, and years of rows may lie before it; a number in the filter does.
        """
        (first,) = self.execute(f"select min(from_day) from {touched}").fetchall()[0]
        return {"first_day": (first or date.max) - timedelta(days=back_days)}

    @property
    def description(self) -> Any:
        """Name and type of each column of the last result."""
        return self._inner.description

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name, for this connection alone."""
        self._inner.register(name, table)

    def forget(self, name: str) -> None:
        """Take a registered table away while an error is on its way: a transaction that failed refuses even that, and
        would put its refusal in the place of the reason, such as memory that lacked."""
        with contextlib.suppress(duckdb.Error):
            self._inner.unregister(name)

    def unregister(self, name: str) -> None:
        """Forget a registered table."""
        self._inner.unregister(name)

    @contextmanager
    def stopped_after(self, seconds: float) -> Iterator[None]:
        """What runs inside is interrupted, and fails, once it has taken so long."""
        timer = threading.Timer(seconds, self._inner.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cursor(self) -> Connection:
        """Another connection to the same database, with transactions of its own."""
        return Connection(self._inner.cursor())

    def interrupt(self) -> None:
        """End what another thread runs on this connection; it gets an error."""
        self._inner.interrupt()

    def close(self) -> None:
        """Close it; what was committed stays."""
        self._inner.close()
