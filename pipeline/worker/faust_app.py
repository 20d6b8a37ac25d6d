"""The worker of a cluster: a Faust application that folds its partitions into their shards.

One agent, raw records in; what is fetched while a batch is applied makes the next one, and each is acknowledged after
its commit. An exception never skips data: what is wrong with data becomes a row in ``rejected``, everything else ends
the process, and the next start reads from the ledger.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types import TP
from mode import CrashingSupervisor
from prometheus_client import start_http_server

from pipeline.clock import Clock, SystemClock
from pipeline.errors import SpotterError, StorageError, UsageError
from pipeline.log.alerts_topic import AlertsTopic
from pipeline.log.clients import broker_list, client_arguments, uploads_topic
from pipeline.log.kafka import KafkaLog
from pipeline.settings import Settings, make_private
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker.apply import Fault, no_fault
from pipeline.worker.consumer import LedgerTransport, WholeBatches
from pipeline.worker.custody import Custody
from pipeline.worker.fresh import require_no_log
from pipeline.worker.lease import Lease
from pipeline.worker.measures import Measures
from pipeline.worker.shards import Shards
from pipeline.worker.told import tell, tell_no_more
from pipeline.worker.watchdog import Watchdog

STOP_SECONDS_MAX = 9.0  # of the ten that whoever stops it waits
BATCHES_WAITING_MAX = 2  # each is as large as a fetch
BEAT_EVERY_S = 0.5
SEEK_SECONDS_MAX = 90.0
BROKERS_LOOK_EVERY_S = 1.0
COMMIT_EVERY_S = 2.0
GARBAGE_OBJECTS = 1_000_000  # a fetch is a hundred thousand: with 50,000 much of the time went into walking them
SWEEP_BEATS = 20  # of what is young; where little comes, it is long until so many objects are there
SWEEP_ALL_BEATS = 1_200

log = structlog.get_logger("spotter.worker")


class App(faust.App):  # type: ignore[misc]
    """A Faust application whose consumer starts from the ledgers."""

    ledgers: Custody

    def _new_transport(self) -> Any:
        return LedgerTransport(self.conf.broker_consumer, self)


class Runner(faust.Worker):  # type: ignore[misc]
    """Runs the application until a signal or a failure."""

    watchdog: Watchdog
    data: Path

    async def on_first_start(self) -> None:
        """Beat from the very start: an application that does not come up is found as well."""
        await super().on_first_start()
        self.add_future(self._beat())

    async def _beat(self) -> None:
        before: dict[str, Any] | None = None
        shards = self.app.ledgers.shards
        beats = 0
        while not self.should_stop:
            self.watchdog.beat()
            shards.lease.beat()
            state = {"waiting": shards.excused, "partitions": shards.state}
            tell(self.data, state, before)
            before = state
            beats += 1
            if beats % SWEEP_BEATS == 0:
                gc.collect(1 if beats % SWEEP_ALL_BEATS else 2)
            await asyncio.sleep(BEAT_EVERY_S)

    def stop_after_failure(self) -> None:
        """Stop in order; the failure is told by whoever ran this."""
        self._schedule_shutdown(signal.SIGTERM)

    def _on_sigterm(self) -> None:
        self.watchdog.end_within(STOP_SECONDS_MAX)
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self._on_sigterm()


def run_worker(
    data: Path,
    settings: Settings,
    clock: Clock | None = None,
    fault: Fault = no_fault,
    *,
    metrics: tuple[str, int] | None = None,
) -> None:
    """Work until stopped; returns when it was, raises what ended it. ``metrics``: where Prometheus may ask."""
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)
    _take_log_lines()
    make_private(data)
    require_no_log(data)
    kafka = KafkaLog(settings)
    failures: list[BaseException] = []
    try:
        _wait_for(kafka)
        store = SnapshotStore(settings.snapshots) if settings.snapshots else None
        shards = Shards(data, kafka, kafka.topic, clock or SystemClock(), fault, store, Lease(settings.session_seconds))
        if metrics is not None:
            _serve_metrics(shards.measures, *metrics)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        app = make_app(settings, data)
        watchdog = Watchdog(
            settings.stalled_seconds_max,
            lambda: shards.offsets,
            kafka.end_offset,
            lambda: shards.excused,
            lacking=lambda: app.ledgers.lacking,
        )

        def fail(error: BaseException) -> None:
            if not failures:
                failures.append(error)
                watchdog.end_within(STOP_SECONDS_MAX)
                loop.call_soon_threadsafe(runner.stop_after_failure)

        app.ledgers = Custody(shards, kafka.topic, fail)
        add_agent(app, settings)
        add_tasks(app, settings)
        runner = Runner(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
        runner.watchdog, runner.data, runner.spinner = watchdog, data, None
        watchdog.start()
        code: object = 0
        try:
            runner.execute_from_commandline()
        except SystemExit as end:
            code = end.code
        finally:
            watchdog.close()
            tell_no_more(data)
        if failures:
            raise _ended(failures[0])
        if code:
            raise _ended(runner.crash_reason or app.crash_reason or RuntimeError(f"exit code {code}"))
    finally:
        kafka.close()


def _wait_for(kafka: KafkaLog) -> None:
    """Faust ends a worker that finds no brokers at its start, and does not say why."""
    said = None
    while (why_not := kafka.why_not_ready()) is not None:
        if why_not != said:
            log.warning("waiting for the brokers", why=why_not)
            said = why_not
        time.sleep(BROKERS_LOOK_EVERY_S)


def _serve_metrics(measures: Measures, host: str, port: int) -> None:
    """Raises UsageError when the port is not free."""
    try:
        start_http_server(port, host, measures.registry)
    except OSError as error:
        raise UsageError(f"no metrics can be served on {host}:{port}", str(error), "name another port") from error


class _OneLine(logging.Handler):
    """Log lines of libraries as data like our own, without traces: what ended the worker is told once, in words."""

    def emit(self, record: logging.LogRecord) -> None:
        first = record.getMessage().partition("\n")[0]
        structlog.get_logger(record.name).log(record.levelno, first)


def _take_log_lines() -> None:
    if os.environ.get("SPOTTER_DEBUG"):
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
    else:
        logging.basicConfig(level=logging.ERROR, handlers=[_OneLine()])


def make_app(settings: Settings, data: Path) -> App:
    """The application without its agent; each setting that is not a default is one that was tried."""
    return App(
        f"{settings.topic_prefix}-worker",
        broker=[f"kafka://{one}" for one in broker_list(settings)],
        broker_credentials=credentials(settings),
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=settings.session_seconds / 4,
        broker_request_timeout=max(SEEK_SECONDS_MAX, settings.session_seconds),
        broker_commit_interval=COMMIT_EVERY_S,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=settings.fetch_bytes_max,
        ConsumerScheduler=WholeBatches,
        agent_supervisor=CrashingSupervisor,
        stream_buffer_maxsize=BATCHES_WAITING_MAX,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_publish_on_commit=False,
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        store="memory://",
        datadir=str(data),
        web_enabled=False,
        autodiscover=False,
    )


def credentials(settings: Settings) -> Any:
    """How Faust signs in to the brokers, as the other clients do; None without security."""
    found = client_arguments(settings)
    if "sasl_mechanism" in found:
        return faust.SASLCredentials(
            username=found["sasl_plain_username"],
            password=found["sasl_plain_password"],
            mechanism=found["sasl_mechanism"],
            ssl_context=found.get("ssl_context"),
        )
    return faust.SSLCredentials(found["ssl_context"]) if "ssl_context" in found else None


def add_agent(app: App, settings: Settings) -> None:
    """The one agent: a fetched batch of a partition is one event, which waits for others while one is applied."""
    topic = app.topic(
        uploads_topic(settings), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    @app.agent(topic, concurrency=1, supervisor_strategy=CrashingSupervisor)  # type: ignore[untyped-decorator]
    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            end = app.consumer.highwater(message.tp) or 0
            await app.ledgers.take(message.tp, message.value, end, partial(stream.ack, event))


def add_tasks(app: App, settings: Settings) -> None:
    """What runs beside the agent, and what the group's changes do."""

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(app: App, revoked: set[TP], **_: Any) -> None:
        await app.ledgers.revoked(frozenset(tp.partition for tp in revoked), app.consumer.generation)

    @app.on_before_shutdown.connect  # type: ignore[untyped-decorator]
    async def stopping(app: App, **_: Any) -> None:
        await app.ledgers.close()

    @app.task  # type: ignore[untyped-decorator]
    async def apply() -> None:
        await app.ledgers.apply_for_ever(app.consumer)

    @app.task  # type: ignore[untyped-decorator]
    async def settle() -> None:
        await app.ledgers.settle_for_ever()

    @app.task  # type: ignore[untyped-decorator]
    async def tell_alerts() -> None:
        alerts = AlertsTopic(settings)
        try:
            await app.ledgers.tell_for_ever(alerts.publish)
        finally:
            alerts.close()

    @app.task  # type: ignore[untyped-decorator]
    async def publish() -> None:
        await app.ledgers.publish_for_ever(settings.snapshot_seconds)


def _let_go(failure: BaseException | None) -> None:
    """Forget what the frames of a failure hold: a shard that is still there when Python ends makes DuckDB's bindings
    print a page about leaks under the words that say what to do."""
    while failure is not None:
        traceback.clear_frames(failure.__traceback__)
        failure = failure.__cause__ or failure.__context__


def _ended(failure: BaseException) -> SpotterError:
    _let_go(failure)
    if isinstance(failure, SpotterError):
        return failure
    return StorageError(
        "the worker ended by itself",
        f"{type(failure).__name__}: {failure}",
        "what was accepted is in the log; start it again, and run `spotter doctor` if it happens again",
    )
