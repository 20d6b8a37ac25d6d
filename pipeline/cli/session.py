"""Reaching the owner of a data folder: the running service's socket, else the folder itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from dashboards.words import counted
from pipeline import disk
from pipeline.cli import output
from pipeline.cli.relay_folder import RelayFolder, is_relay_folder
from pipeline.errors import BusyError, RefusedError
from pipeline.gateway.local_socket import LocalClient
from pipeline.settings import make_private
from pipeline.worker.fresh import LOG_NAME, are_elsewhere, require_log

Progress = Callable[[dict[str, object]], None]
TURN_SECONDS_MAX = 30.0  # how long a command waits for another one that holds the folder
TURN_POLL_S = 0.05


class Session(Protocol):
    """One conversation with the owner."""

    def call(self, op: str, body: bytes = b"", progress: Progress | None = None, **args: object) -> Any:
        """The result of an operation (``operations.py``) as plain JSON values."""
        ...


class SocketSession:
    """Through the running service."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client

    def call(self, op: str, body: bytes = b"", progress: Progress | None = None, **args: object) -> Any:
        """See ``Session``."""
        return self._client.call(op, args, body, progress)


class FolderSession:
    """In this process, which holds the folder's lock meanwhile."""

    def __init__(self, operations: Callable[..., object]) -> None:
        self._operations = operations

    def call(self, op: str, body: bytes = b"", progress: Progress | None = None, **args: object) -> Any:
        """See ``Session``."""
        import orjson

        from pipeline.gateway.plain_json import dumps

        return orjson.loads(dumps(self._operations(op, args, body, progress or _silent)))


@contextmanager
def open_session(data: Path, *, create: bool = True, tables: bool = True) -> Iterator[Session]:
    """A session with whoever owns ``data``; opens the folder (and applies what the log holds) when nobody does.

    ``tables``: its log and tables are asked, and not only what a gateway keeps of gyms and channels.
    Raises RefusedError when there is no data and ``create`` is false, or brokers are named and the log is theirs,
    StorageError when the log is missing beside its tables, BusyError when the owner does not answer.
    """
    disk.check(data)
    if tables and are_elsewhere(data):
        raise RefusedError(
            f"the log and the tables of a cluster are not in {data}",
            "SPOTTER_BROKERS is set: uploads go to Kafka, and workers keep the tables in their shards",
            "send to the gateway and ask `spotter web`, over HTTP; or unset SPOTTER_BROKERS to work on a folder alone",
        )
    if not tables and is_relay_folder(data):
        with ExitStack() as stack:
            yield RelayFolder(data, stack)
        return
    require_log(data)
    if not create and not (data / LOG_NAME).exists():
        raise RefusedError(
            f"there is no data in {data}",
            "the folder is empty or not there",
            "give the folder with --data DIR, or send something with `spotter ingest` or `spotter import`",
        )
    make_private(data)
    client = LocalClient.connect(data)
    ends_at = time.monotonic() + TURN_SECONDS_MAX
    while client is None:
        try:
            with _own(data) as session:
                yield session
            return
        except _TakenError as taken:
            if time.monotonic() > ends_at:
                raise taken.busy from None
        time.sleep(TURN_POLL_S)
        client = LocalClient.connect(data)
    try:
        yield SocketSession(client)
    finally:
        client.close()


@contextmanager
def open_reading(data: Path) -> Iterator[Session]:
    """A session that answers on all that was accepted before it began; standard error says what is missing.

    Raises as ``open_session`` does, RefusedError when there is no data.
    """
    with open_session(data, create=False) as session:
        _catch_up(session)
        yield session


def _catch_up(session: Session) -> None:
    with output.progress("applying what came before", None) as bar:
        told = session.call("current", progress=lambda step: bar.to(0, f"{step['applied']} of {step['end']}"))
    if told["missing"]:
        be = "is" if told["missing"] == 1 else "are"
        output.note(
            f"{counted(told['missing'], 'record')} {be} not applied yet, and the answer may lack what came last;"
            " `spotter doctor` says how far it is"
        )
    elif not told["reached"]:
        output.note("the days of the newest records are not worked out yet; ask again later")


class _TakenError(Exception):
    def __init__(self, busy: BusyError) -> None:
        super().__init__(str(busy))
        self.busy = busy


@contextmanager
def _own(data: Path) -> Iterator[Session]:
    from pipeline.cli.operations import Operations
    from pipeline.clock import SystemClock
    from pipeline.gateway.control import Control
    from pipeline.settings import Settings
    from pipeline.worker.embedded import Embedded

    clock = SystemClock()
    try:
        service = Embedded.open(data, clock)
    except BusyError as busy:
        raise _TakenError(busy) from None
    try:
        service.apply_all()
        control = Control(data, clock)
        try:
            settings = Settings.from_environment()
            operations = Operations(service, control, clock, settings, background=False)
            try:
                yield FolderSession(operations)
            finally:
                operations.close()
        finally:
            control.close()
    finally:
        service.close()


def _silent(step: dict[str, object]) -> None:
    """Nobody is told."""
