"""Printing: tables for people, JSON and CSV for programs, a progress line for long work."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")  # a spreadsheet would run a text that begins so
NEVER_BEFORE = "-infinity"  # DuckDB's earliest time: begins like a formula, runs nothing
ROWS_PER_CHUNK = 10_000


class Bar(Protocol):
    """Shows how far long work is."""

    def to(self, done: float, text: str = "") -> None:
        """``done`` of the total given at the start."""
        ...


def say(text: str = "") -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """One line on standard error: remarks that are no result."""
    sys.stderr.write(text + "\n")


def print_json(value: object) -> None:
    """Indented JSON."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """A table of ``rows``; ``columns`` maps keys to headings."""
    if not rows:
        say(empty)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        numeric = all(isinstance(row.get(key), int | float) or row.get(key) is None for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    console().print(table)


def console() -> Console:
    """The console of standard output; wide when it is no terminal, so that nothing is cut."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(file=sys.stdout, width=None if terminal else 200, markup=False, highlight=False, emoji=False)


def _cell(value: object) -> Any:
    from rich.text import Text

    return Text(printable(value))


def printable(value: object) -> str:
    """A value in a cell; control characters of foreign names do not reach the terminal."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def table_json(table: pa.Table) -> Iterator[str]:
    """An array of objects with plain numbers, in pieces."""
    from pipeline.gateway.plain_json import dumps

    yield "["
    first = True
    for rows in chunks(table):
        for row in rows:
            yield ("\n" if first else ",\n") + dumps(row).decode()
            first = False
    yield "\n]\n"


def table_csv(table: pa.Table) -> Iterator[str]:
    """CSV with a header row; numbers as they are, texts that a spreadsheet would run get a leading quote."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\n")
    out.writerow(table.column_names)
    for rows in chunks(table):
        out.writerows([_csv_cell(value) for value in row.values()] for row in rows)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _csv_cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) and value != NEVER_BEFORE else value
    if isinstance(value, list | dict | tuple):
        from pipeline.gateway.plain_json import dumps

        return dumps(value).decode()
    return value


def chunks(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table as objects, some thousand at a time."""
    from pipeline.cli.values import python_values

    names = unique(table.column_names)
    for batch in table.to_batches(max_chunksize=ROWS_PER_CHUNK):
        columns = [python_values(column) for column in batch.columns]
        yield [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def unique(names: Sequence[str]) -> list[str]:
    """Column names of which none hides another in an object: n, n_1, n_2."""
    seen: set[str] = set()
    out = []
    for name in names:
        candidate, count = name, 0
        while candidate in seen:
            count += 1
            candidate = f"{name}_{count}"
        seen.add(candidate)
        out.append(candidate)
    return out


def write(parts: Iterable[str]) -> None:
    """Text in pieces on standard output."""
    for part in parts:
        sys.stdout.write(part)


class _Silent:
    def to(self, done: float, text: str = "") -> None:
        """Nobody watches."""


@contextmanager
def progress(title: str, total: float | None) -> Iterator[Bar]:
    """A bar on standard error while it is a terminal; nothing otherwise."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=total, text="")

        class _Shown:
            def to(self, done: float, text: str = "") -> None:
                shown.update(task, completed=done, text=text)

        yield _Shown()
