"""What commands ask of the owner of a data folder; the same code serves both ways to reach it.

A running ``spotter up`` answers these over its local socket; without one the command opens the
folder itself. Results are plain JSON values.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.panels import Panels, panel_names
from pipeline.catalogue import matching
from pipeline.catalogue.loader import add_alias, own_aliases, remove_alias
from pipeline.cli.relay_operations import RELAY_OPERATIONS
from pipeline.clock import Clock
from pipeline.errors import RefusedError, StorageError, UsageError
from pipeline.gateway.control import Control
from pipeline.gateway.file_imports import FileImports, FileRequest
from pipeline.gateway.uploads import Uploads
from pipeline.settings import Settings
from pipeline.worker.embedded import Embedded

if TYPE_CHECKING:
    from pipeline.relay.relay import Relay

Progress = Callable[[dict[str, object]], None]
NDJSON = "application/x-ndjson"
POLL_S = 0.2
NEAR_SHOWN = 5
CURRENT_SECONDS_MAX = 60.0  # a reader waits so long for what the log held when it asked


class Operations:
    """The operations of one data folder; ``background`` says that a worker thread applies the log."""

    def __init__(
        self, service: Embedded, control: Control, clock: Clock, settings: Settings, *, background: bool
    ) -> None:
        self.service, self.control, self.clock, self.settings = service, control, clock, settings
        self.panels = Panels(service.query)
        self.uploads = Uploads(service, control, clock, settings)
        self.imports = FileImports(service, self.panels, clock)
        self._background = background

    @cached_property
    def relay(self) -> Relay:
        """The relay of this folder; made when it is needed."""
        from pipeline.cli.relay_operations import build_relay

        return build_relay(self.service, self.control, self.clock, self.settings)

    def close(self) -> None:
        """Stop the relay, if there is one."""
        if "relay" in self.__dict__:
            self.relay.close()

    def __call__(self, op: str, args: dict[str, Any], body: bytes, progress: Progress) -> object:
        """The result of ``op``; raises SpotterError."""
        handler = _OPERATIONS.get(op) or RELAY_OPERATIONS.get(op)
        if handler is None:
            raise UsageError(
                f"the running service does not know {op!r}",
                "it is of another version than this command",
                "restart `spotter up`",
            )
        return handler(self, body=body, progress=progress, **args)


def _ingest(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, upload_id: str, source: str
) -> dict[str, object]:
    ops.control.ensure_tenant(tenant)
    taken = ops.uploads.take(
        body, tenant=tenant, content_type=NDJSON, upload_id=upload_id, admin=True, source_default=source
    )
    told = [
        {
            "index": item.index,
            "status": item.status,
            "reason": item.reason,
            "field": item.field,
            "message": item.message,
            "warnings": list(item.warnings),
        }
        for item in taken.accepted.results
        if item.status == "rejected" or item.warnings
    ]
    counts = taken.accepted
    return {
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "rejected": counts.rejected,
        "told": told,
        "end": taken.end,
    }


def _import(ops: Operations, *, body: bytes, progress: Progress, path: str, **said: Any) -> dict[str, object]:
    request = FileRequest(**said, file_name=Path(path).name)
    if not request.preview:
        ops.control.ensure_tenant(request.tenant)
    with open_file(Path(path)) as stream:
        return asdict(ops.imports.take(stream, request))


def _undo(ops: Operations, *, body: bytes, progress: Progress, tenant: str, import_id: str) -> dict[str, object]:
    return {"import_id": import_id, "end": ops.imports.undo(tenant, import_id)}


def _imports(ops: Operations, *, body: bytes, progress: Progress, tenant: str) -> list[dict[str, object]]:
    from pipeline.cli.import_list import imports_told

    return imports_told(ops.panels.rows("imports", tenant), ops.service.log, 0)


def _settle(ops: Operations, *, body: bytes, progress: Progress, end: int | None) -> dict[str, object]:
    """Wait until everything below ``end`` is in the tables, both lanes."""
    if end is None:
        return {"applied": ops.service.applied()}
    begun = time.monotonic()
    done = _start_applying(ops, end)
    while not done():
        progress({"applied": ops.service.applied(), "end": end})
        if time.monotonic() - begun > ops.settings.wait_seconds_max:
            raise StorageError(
                "the data is safe in the log, but not yet in the tables",
                f"the worker was not done after {ops.settings.wait_seconds_max:g} s",
                "it goes on; ask again later, or look at `spotter doctor`",
            )
    return {"applied": ops.service.applied()}


def _start_applying(ops: Operations, end: int) -> Callable[[], bool]:
    if ops._background:
        return lambda: ops.service.wait_applied(end, POLL_S)
    failed: list[BaseException] = []

    def apply() -> None:
        try:
            ops.service.apply_all()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=apply, name="apply")
    thread.start()

    def done() -> bool:
        thread.join(POLL_S)
        if not thread.is_alive() and failed:
            raise failed[0]
        return not thread.is_alive()

    return done


def _current(ops: Operations, *, body: bytes, progress: Progress) -> dict[str, object]:
    """Wait until what the log holds now is in the tables; what comes meanwhile is not waited for.

    ``missing`` are the records that are not, ``reached`` whether the days are worked out as well.
    """
    if not ops._background:  # whoever opened the folder has applied the log
        return {"missing": 0, "reached": True}
    end = ops.service.log.end_offset(0)
    ends_at = time.monotonic() + CURRENT_SECONDS_MAX
    reached = False
    try:
        while not (reached := ops.service.wait_applied(end, POLL_S)) and time.monotonic() < ends_at:
            progress({"applied": ops.service.applied(), "end": end})
    except StorageError:  # the worker cannot go on now: what is in the tables can be read all the same
        reached = False
    return {"missing": 0 if reached else max(0, end - ops.service.applied()), "reached": reached}


def _panel(ops: Operations, *, body: bytes, progress: Progress, name: str, parameters: list[object]) -> object:
    if name not in panel_names():
        raise UsageError(f"there is no panel {name!r}", do="restart `spotter up` if it is of another version")
    return ops.panels.rows(name, *parameters)


def _snapshot(ops: Operations, *, body: bytes, progress: Progress) -> dict[str, object]:
    return {"path": str(ops.service.snapshot().resolve())}


def _rebuild(ops: Operations, *, body: bytes, progress: Progress) -> dict[str, object]:
    _while_working(ops.service.rebuild, progress)
    return {"applied": ops.service.applied()}


def _read_rejected(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, upload_id: str | None
) -> list[dict[str, object]]:
    """What becomes of rejected items now; nothing is changed."""
    found: list[dict[str, object]] = []
    _while_working(lambda: found.extend(ops.service.read_rejected_again(tenant, upload_id)), progress)
    if upload_id is not None and not found:
        raise RefusedError(
            f"nothing of {upload_id!r} was rejected",
            "no upload of this gym has that id, or all of it was taken",
            "`spotter rejected list` shows the uploads with rejected items",
        )
    return found


def _check(ops: Operations, *, body: bytes, progress: Progress) -> list[dict[str, object]]:
    differences: list[Any] = []
    _while_working(lambda: differences.extend(ops.service.check()), progress)
    return [asdict(d) if is_dataclass(d) and not isinstance(d, type) else dict(d) for d in differences]


def _map(ops: Operations, *, body: bytes, progress: Progress, name: str, exercise_id: str) -> dict[str, object]:
    add_alias(ops.service.data, name, exercise_id)
    _while_working(ops.service.rebuild, progress)
    logged = ops.panels.rows("names_logged")
    # a name of the same words is resolved by the mapping too
    names = {str(row["folded"]) for row in logged}
    words = {matching.tokens(other) for other in names} - {frozenset()}
    known = matching.fold(name) in names or matching.tokens(name) in words
    open_names = (str(row["name"]) for row in logged if not row["mapped"])
    near = [] if known else matching.closest(name, open_names, NEAR_SHOWN)
    return {"name": name, "exercise_id": exercise_id, "logged": known, "near": near}


def _forget(ops: Operations, *, body: bytes, progress: Progress, name: str) -> dict[str, object]:
    exercise_id = remove_alias(ops.service.data, name)
    _while_working(ops.service.rebuild, progress)
    return {"name": name, "exercise_id": exercise_id}


def _mapped(ops: Operations, *, body: bytes, progress: Progress) -> list[dict[str, object]]:
    """Own mappings of the folder, each with how many sets are logged under its name."""
    sets = {row["folded"]: row["sets"] for row in ops.panels.rows("names_logged")}
    return [
        {"name": name, "exercise_id": exercise_id, "sets": sets.get(name, 0)}
        for name, exercise_id in own_aliases(ops.service.data).items()
    ]


def _demo(ops: Operations, *, body: bytes, progress: Progress) -> dict[str, object]:
    from pipeline.demo import load

    def tell(what: str, done: int, total: int) -> None:
        progress({"what": what, "share": done / max(1, total)})

    return asdict(load(ops.service, clock=ops.clock, progress=tell))


def _uploads_of(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, athlete: str, to: str
) -> dict[str, object]:
    """Write what was sent for one athlete: events as lines, parts of files as they came. How many parts."""
    from pipeline.cli.portability import write_uploads

    return {"parts": write_uploads(ops.service.log, 0, tenant, athlete, Path(to))}


def _state(ops: Operations, *, body: bytes, progress: Progress) -> dict[str, object]:
    return {
        "log_end": ops.service.log.end_offset(0),
        "applied": ops.service.applied(),
        "failure": None if ops.service.failure is None else str(ops.service.failure),
        "waiting": ops.service.why_not_ready,
        "background": ops._background,
        "rule_version": ops.service.rules.version,
    }


_OPERATIONS: dict[str, Callable[..., object]] = {
    "ingest": _ingest,
    "import": _import,
    "undo": _undo,
    "imports": _imports,
    "settle": _settle,
    "current": _current,
    "panel": _panel,
    "snapshot": _snapshot,
    "rebuild": _rebuild,
    "check": _check,
    "read_rejected": _read_rejected,
    "map": _map,
    "forget": _forget,
    "mapped": _mapped,
    "demo": _demo,
    "uploads_of": _uploads_of,
    "state": _state,
}


def _while_working(work: Callable[[], object], progress: Progress) -> None:
    """Run ``work``, saying now and then that it goes on."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="work")
    thread.start()
    begun = time.monotonic()
    while thread.is_alive():
        thread.join(POLL_S)
        progress({"seconds": round(time.monotonic() - begun, 1)})
    if failed:
        raise failed[0]


def open_file(path: Path):  # type: ignore[no-untyped-def]
    """The file, opened for reading bytes; raises RefusedError saying why it cannot be (who tells it names the file)."""
    try:
        return path.open("rb")
    except OSError as error:
        raise RefusedError("the file cannot be read", error.strerror or str(error), "check the name") from error
