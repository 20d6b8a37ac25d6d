"""Printing: tables for people, JSON and CSV for programs, a progress line for long work."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.cli.layout import GAP, TEXT_WIDTH_MIN, Narrow, fit, is_wider

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")  # a spreadsheet would run a text that begins so
NEVER_BEFORE = "-infinity"  # DuckDB's earliest time: begins like a formula, runs nothing
WIDTH_OF_FILES = 200
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


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str, narrow: Narrow | None = None
) -> None:
    """A table of ``rows``; ``columns`` maps keys to headings, ``narrow`` says how it is made to fit a terminal.

    What cannot be made to fit is printed one column a line, each row a block: a squeezed table has no headings left.
    """
    if not rows:
        say(empty)
        return
    from rich.table import Table

    width = screen_width()
    widths = None
    if width is not None or narrow is None:
        cells = [{key: printable(row.get(key)) for key in columns} for row in rows]
        if width is not None and narrow is not None:
            widths = fit(columns, cells, width, narrow)
        if widths is None and len(columns) > 1 and is_wider(columns, cells, width or WIDTH_OF_FILES):
            _print_blocks(columns, cells)
            return
    shown = {key: heading for key, heading in columns.items() if widths is None or key in widths}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key, heading in shown.items():
        numeric = all(isinstance(row.get(key), int | float) or row.get(key) is None for row in rows)
        clipped = widths is not None and narrow is not None and key in narrow.clipped
        table.add_column(
            heading,
            justify="right" if numeric else "left",
            overflow="ellipsis" if clipped else "fold",
            no_wrap=clipped,
            width=None if widths is None else widths[key],
        )
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in shown))
    console().print(table)
    hidden = [heading for key, heading in columns.items() if key not in shown]
    if hidden:
        paragraph(f"not shown here: {', '.join(hidden)}; a wider terminal or --json has them")


def _print_blocks(columns: Mapping[str, str], cells: Sequence[Mapping[str, str]]) -> None:
    from rich.cells import cell_len

    headings = {key: printable(heading) for key, heading in columns.items()}
    wide = max(map(cell_len, headings.values())) + GAP
    for number, row in enumerate(cells):
        if number:
            say()
        for key, heading in headings.items():
            first, *more = row[key].split("\n")
            say(heading + " " * (wide - cell_len(heading)) + first)
            for line in more:
                say(" " * wide + line)


def screen_width() -> int | None:
    """Columns of the terminal on standard output, None when it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def console() -> Console:
    """The console of standard output; wide when it is no terminal, so that nothing is cut."""
    from rich.console import Console

    return Console(file=sys.stdout, width=screen_width() or WIDTH_OF_FILES, markup=False, highlight=False, emoji=False)


def paragraph(text: str, indent: str = "") -> None:
    """A sentence or more on standard output, broken between words where a terminal would break inside of them."""
    width = screen_width()
    if width is None or len(indent) + len(text) <= width:
        say(indent + text)
        return
    wide = max(width, len(indent) + TEXT_WIDTH_MIN)
    for line in text.split("\n"):
        say(textwrap.fill(line, wide, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False))


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
