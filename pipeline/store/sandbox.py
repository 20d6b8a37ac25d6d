"""Readers' SQL on a snapshot, in a child process that cannot harm anything.

The parent only starts ``sandbox_child.py``, feeds it the statement, reads the Arrow stream
within limits and kills it when its time is up.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipeline.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_CHILD = Path(__file__).with_name("sandbox_child.py")
_READ_BYTES = 1 << 20
_REPORT_BYTES_MAX = 64 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use. ``rows_max`` None: as many as fit into ``result_bytes_max``."""

    wall_s: float = 60.0
    memory_bytes: int = 512 << 20
    result_bytes_max: int = 512 << 20
    rows_max: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a query; ``truncated`` when ``rows_max`` cut some off."""

    table: pa.Table
    truncated: bool


class Query:
    """A query in a process of its own.

    The process starts with the object, so that it is warm when ``ask`` hands it the statement; the caller
    can work meanwhile. Whoever makes a Query must end it with ``result`` or ``kill``.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._ends_at = time.monotonic() + self._limits.wall_s
        self._child = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
            cwd=_CHILD.parent,
            close_fds=True,
        )
        self._out = bytearray()
        self._report = b""
        self._overflow = False
        self._threads = [
            threading.Thread(target=self._read_result, daemon=True),
            threading.Thread(target=self._read_report, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, snapshot: Path, sql: str, parameters: Sequence[object] = ()) -> Query:
        """Hand over the statement; its time runs from now on."""
        self._ends_at = time.monotonic() + self._limits.wall_s
        request = {
            "snapshot": str(snapshot.absolute()),
            "sql": sql,
            "parameters": list(parameters),
            "memory_bytes": self._limits.memory_bytes,
            "rows_max": self._limits.rows_max,
            "cpu_s": int(self._limits.wall_s) + 2,
        }
        thread = threading.Thread(target=self._feed, args=(json.dumps(request).encode(),), daemon=True)
        self._threads.append(thread)
        thread.start()
        return self

    def result(self) -> Result:
        """Wait for the rows; raises QueryError when the query is refused, fails or exceeds a limit."""
        timed_out = False
        try:
            self._child.wait(max(0.0, self._ends_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            self.kill()
        if timed_out:
            raise QueryError(
                f"the query was stopped after {self._limits.wall_s:g} s",
                "it did not end within the time a query may take",
                "narrow it (fewer days, one athlete, aggregate first) and run it again",
            )
        if self._overflow:
            raise QueryError(
                "the result is too large",
                f"it passes {self._limits.result_bytes_max >> 20} MiB",
                "select fewer columns or rows, or export to Parquet with `spotter export`",
            )
        return self._finish()

    def kill(self) -> None:
        """Make sure that the child is gone."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _finish(self) -> Result:
        report = self._parse_report()
        if report is None:
            code = self._child.returncode
            raise QueryError(
                "the query process ended without an answer",
                f"signal {-code}" if code < 0 else f"exit code {code}",
                "the query used more memory or processor time than it may; make it smaller",
            )
        if "error" in report:
            raise _refused(report)
        import pyarrow as pa

        with pa.ipc.open_stream(pa.py_buffer(self._out)) as stream:
            return Result(stream.read_all(), bool(report["truncated"]))

    def _parse_report(self) -> dict[str, str | bool] | None:
        lines = self._report.decode("utf-8", "replace").strip().splitlines()
        if not lines:
            return None
        try:
            report = json.loads(lines[-1])
        except ValueError:
            return None
        return report if isinstance(report, dict) else None

    def _feed(self, request: bytes) -> None:
        pipe = _opened(self._child.stdin)
        try:
            pipe.write(request)
            pipe.close()
        except OSError:  # the child died first; its report or exit code says why
            return

    def _read_result(self) -> None:
        pipe = _opened(self._child.stdout).fileno()
        while chunk := os.read(pipe, _READ_BYTES):
            self._out += chunk
            if len(self._out) > self._limits.result_bytes_max:
                self._overflow = True
                self._child.kill()
                return

    def _read_report(self) -> None:
        pipe = _opened(self._child.stderr).fileno()
        while chunk := os.read(pipe, _READ_BYTES):
            self._report = (self._report + chunk)[-_REPORT_BYTES_MAX:]


def run_query(snapshot: Path, sql: str, parameters: Sequence[object] = (), *, limits: Limits | None = None) -> Result:
    """Rows of one SELECT on ``snapshot``; raises QueryError (with DuckDB's message) when it cannot be answered."""
    return Query(limits).ask(snapshot, sql, parameters).result()


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the query process was started without its pipes")
    return pipe


def _refused(report: dict[str, str | bool]) -> QueryError:
    message = str(report["error"]).strip()
    kind = str(report.get("kind", ""))
    if kind == "statement":
        return QueryError(
            message, str(report["why"]), "write one SELECT; `show tables` and `describe set_fact` are answered as well"
        )
    if kind in ("OutOfMemoryException", "MemoryError"):
        return QueryError(
            "the query needs more memory than it may use",
            message.splitlines()[0],
            "aggregate earlier or select fewer rows",
        )
    return QueryError(
        "the query failed", message, "`show tables` lists what can be read, `describe <view>` its columns"
    )
