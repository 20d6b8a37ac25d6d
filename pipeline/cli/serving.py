"""The embedded service: gateway, worker, relay, pages and local socket in one process."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import output
from pipeline.cli.options import HOME, Data
from pipeline.errors import RefusedError, SpotterError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn
    from starlette.types import ASGIApp
    from structlog.typing import EventDict, Processor

    from pipeline.cli.operations import Operations
    from pipeline.gateway.control import Control
    from pipeline.settings import Settings
    from pipeline.worker.embedded import Embedded

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHUTDOWN_SECONDS_MAX = 4
WATCH_EVERY_S = 0.5
CONNECTIONS_MAX = 512
HEADER_BYTES_MAX = 64 << 10
FIRST_KEY_SCOPES = ("ingest", "read", "analyst")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)


def up(
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Default 8080.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Default 127.0.0.1: only this machine.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo first.")] = False,
    data: Data = None,
) -> None:
    """Run everything in one process until it is stopped."""
    from pipeline.settings import Settings, data_folder

    settings = Settings.from_environment()
    settings = replace(settings, port=port or settings.port, host=host or settings.host)
    log_as_json()
    with stopped_by_signals():
        serve(data_folder(data), settings, demo=demo)


def serve(data: Path, settings: Settings, *, demo: bool) -> None:
    """Own the folder, answer HTTP and the local socket until the process is told to stop.

    Raises StorageError when the worker ends by itself: the log keeps everything, and the next start goes on there.
    """
    from pipeline.cli.operations import Operations
    from pipeline.clock import SystemClock
    from pipeline.gateway.control import Control
    from pipeline.gateway.local_socket import LocalServer
    from pipeline.gateway.ticks import Ticker
    from pipeline.settings import make_private
    from pipeline.worker.embedded import Embedded

    clock = SystemClock()
    with ExitStack() as stack:
        listening = stack.enter_context(listener(settings))  # first: nothing is promised on a port that is taken
        make_private(data)
        service = Embedded.open(data, clock, background=True)
        stack.callback(service.close)
        control = Control(data, clock)
        stack.callback(control.close)
        operations = Operations(service, control, clock, settings, background=True)
        stack.callback(operations.close)
        if demo:
            output.say("loading the demo …")
            operations("demo", {}, b"", lambda step: None)
        ticker = Ticker(operations.uploads, control, clock, settings)
        stack.callback(ticker.close)
        stack.callback(LocalServer(data, operations).close)
        server = http_server(_application(operations, service, settings), settings)
        ticker.start()
        operations.relay.start()
        _greet(settings, control)
        with _watched(service, server):
            server.run(sockets=[listening])
        if service.failure is not None:
            raise _worker_ended(service.failure)


def listener(settings: Settings) -> socket.socket:
    """A bound socket; raises RefusedError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((settings.host, settings.port))
        bound.listen(CONNECTIONS_MAX)  # whoever calls before the server runs waits for it
    except OSError as error:
        bound.close()
        raise RefusedError(
            f"{settings.host}:{settings.port} cannot be served",
            f"another program uses the port, or the address is not of this machine ({error.strerror})",
            "choose another with --port",
        ) from error
    return bound


def _application(operations: Operations, service: Embedded, settings: Settings) -> ASGIApp:
    from dashboards.web.pages import routes
    from pipeline.cli.checkin_door import sending
    from pipeline.gateway.access import Gate
    from pipeline.gateway.app import Parts, create_app

    gate = Gate(operations.control, settings, trusts_loopback=settings.host in LOOPBACK)
    parts = Parts(
        uploads=operations.uploads,
        imports=operations.imports,
        panels=operations.panels,
        gate=gate,
        settings=settings,
        not_ready=lambda: service.why_not_ready,
        metrics=service.measures.exposition,
        pages=routes(
            operations.panels, gate.page_tenant, sending(operations.uploads, operations.control, gate, operations.clock)
        ),
    )
    return create_app(parts)


def http_server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """The server with its limits; it is run with a listener."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            limit_concurrency=CONNECTIONS_MAX,
        )
    )


@contextmanager
def _watched(service: Embedded, server: uvicorn.Server) -> Iterator[None]:
    """Stop serving when the worker ends: uploads that nobody applies would look like lost ones."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_EVERY_S):
            if service.failure is not None:
                server.should_exit = True
                return

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    except SystemExit as end:
        if end.code:  # the server could not start; the caller says why
            return
        raise
    finally:
        over.set()
        thread.join()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGINT end the process in order, with exit code 0."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log_as_json() -> None:
    """Log lines are JSON on standard error; they carry no bodies, names or keys."""
    import structlog

    _log_to_stderr(structlog.processors.JSONRenderer())


def log_as_lines() -> None:
    """Errors only, on standard error: a command that ends by itself has its answer on the other stream."""
    import structlog

    _log_to_stderr(_errors_only, structlog.dev.ConsoleRenderer(colors=False))


def _errors_only(_: object, method: str, event: EventDict) -> EventDict:
    from structlog import DropEvent

    if method not in ("error", "exception", "critical"):
        raise DropEvent
    return event


def _log_to_stderr(*last: Processor) -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the stream of the moment
    )


def _worker_ended(failure: BaseException) -> SpotterError:
    if isinstance(failure, SpotterError):
        return failure
    return StorageError(
        "the worker ended by itself, so the service stopped",
        f"{type(failure).__name__}: {failure}",
        "what was accepted is in the log; start `spotter up` again, and run `spotter doctor` if it happens again",
    )


def _greet(settings: Settings, control: Control) -> None:
    output.say(f"spotter is up: http://{settings.host}:{settings.port}/ (stop with Ctrl-C)")
    if not control.list_keys():
        _, text = control.create_key(HOME, FIRST_KEY_SCOPES, label="made at the first start")
        output.say(f"key for devices and programs, shown only now: {text}")
    sys.stdout.flush()
