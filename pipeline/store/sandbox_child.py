"""The process in which a reader's SQL runs; started by ``sandbox.py``, one query, then gone.

It is a script of its own that imports nothing of the pipeline. Standard input holds the request
as JSON, standard output gets the result as an Arrow IPC stream, and the last line of standard
error says how it went. DuckDB itself has no privilege boundary, so the walls are, from the
inside out: a read-only file of one gym, DuckDB's locked settings, kernel limits on this
process, and the wall clock of the parent that kills it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

ROWS_PER_BATCH = 16_384
MEMORY_HEADROOM_BYTES = 256 << 20  # address space beyond DuckDB's own limit: result buffers, Python
OPEN_FILES_MAX = 64
NICE = 10

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_FS_ALL_ABI1 = (1 << 13) - 1  # every file-system right of the first Landlock version


def main() -> int:
    """Run the request of standard input; 0 when a result was written, 1 when it was refused."""
    _cut_off()
    import duckdb  # before the request is there: the process is made ready while the caller works
    import pyarrow as pa

    request = json.loads(sys.stdin.buffer.read())
    _limit_process(int(request["cpu_s"]))
    try:
        connection = _open(duckdb, request)
        statements = connection.extract_statements(request["sql"])
        refusal = refusal_of(statements, duckdb.StatementType.SELECT)
        if refusal is not None:
            return _end({"error": refusal[0], "why": refusal[1], "kind": "statement"}, 1)
        _limit_memory(int(request["memory_bytes"]))
        _wall_in()
        truncated = _write(pa, connection, statements[0], request)
    except (duckdb.Error, pa.ArrowException, MemoryError, ValueError, RuntimeError) as error:
        return _end({"error": str(error) or type(error).__name__, "kind": type(error).__name__}, 1)
    return _end({"truncated": truncated}, 0)


def _open(duckdb: Any, request: dict[str, Any]) -> Any:
    connection = duckdb.connect(request["snapshot"], read_only=True, config={"threads": 1})
    lock(connection, int(request["memory_bytes"]))
    return connection


def lock(connection: Any, memory_bytes: int) -> None:
    """Take from a connection whatever reaches beyond its database, for good."""
    for setting in (
        "python_enable_replacements = false",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        f"memory_limit = '{memory_bytes >> 20}MiB'",
        "threads = 1",
        "max_temp_directory_size = '0KB'",
        "TimeZone = 'UTC'",
        "lock_configuration = true",  # last: nothing can be changed after it
    ):
        connection.execute(f"set {setting}")


def refusal_of(statements: list[Any], select: Any) -> tuple[str, str] | None:
    """What is wrong and why, unless it is one SELECT."""
    if not statements:
        return "there is no statement in the query", "it is empty or only a comment"
    if len(statements) > 1:
        return "only one statement at a time", f"the text holds {len(statements)} statements"
    if statements[0].type != select:
        return "only SELECT is allowed here", f"this is a {statements[0].type.name} statement"
    return None


def _write(pa: Any, connection: Any, statement: Any, request: dict[str, Any]) -> bool:
    """Stream the result to standard output; True when rows beyond ``rows_max`` were cut off."""
    rows_max = request.get("rows_max")
    parameters = request.get("parameters") or []
    reader = connection.sql(statement, params=parameters).to_arrow_reader(ROWS_PER_BATCH)
    written = 0
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as out:
        for batch in reader:
            room = batch.num_rows if rows_max is None else rows_max - written
            if room < batch.num_rows:
                out.write_batch(batch.slice(0, room))
                return True
            out.write_batch(batch)
            written += batch.num_rows
    sys.stdout.buffer.flush()
    return False


def _end(report: dict[str, Any], code: int) -> int:
    sys.stderr.write(json.dumps(report) + "\n")
    sys.stderr.flush()
    return code


def _cut_off() -> None:
    """Die with the parent, gain no rights, see no network; while there is one thread, as a user namespace needs."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    libc = _libc()
    if libc is None:
        return
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET) != 0:  # without the right to do so, through a user namespace
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit_process(cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(OPEN_FILES_MAX, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _limit_memory(memory_bytes: int) -> None:
    """Cap the address space at what is mapped now plus DuckDB's limit and some room."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no pathlib in the child
            mapped = int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux: DuckDB's own limit and the wall clock remain
        return
    most = mapped + memory_bytes + MEMORY_HEADROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _wall_in() -> None:
    """Forbid opening any further file (Landlock, where the kernel has it); what is open stays open."""
    libc = _libc()
    if libc is None:
        return
    rights = ctypes.c_uint64(_LANDLOCK_FS_ALL_ABI1)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(rights), ctypes.sizeof(rights), 0)
    if ruleset >= 0:
        libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _libc() -> Any | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


if __name__ == "__main__":
    sys.exit(main())
