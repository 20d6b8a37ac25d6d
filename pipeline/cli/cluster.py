"""The distributed roles: topics, gateway, worker, relay and web on Kafka."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.options import AsJson, Data
from pipeline.cli.serving import log_as_json, stopped_by_signals
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.settings import Settings

Brokers = Annotated[
    str | None,
    typer.Option("--brokers", metavar="HOST:PORT,…", help="Kafka's brokers; default SPOTTER_BROKERS."),
]

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("gateway")(gateway)
    app.command("worker")(worker)
    app.command("relay")(relay)
    app.command("web")(web)
    app.add_typer(topics, name="topics")


def cluster_settings(brokers: str | None) -> Settings:
    """Settings with the brokers of the command line; raises UsageError where Kafka's clients are not installed."""
    from importlib.util import find_spec

    from pipeline.settings import Settings

    # a module that is loaded is not looked for: faust takes its own place in the table of modules, without a spec
    if any(name not in sys.modules and find_spec(name) is None for name in ("faust", "kafka", "aiokafka")):
        raise UsageError(
            "the distributed roles are not installed",
            "they need the libraries of the extra `cluster`",
            "pip install -c constraints.txt -e '.[cluster]'",
        )
    settings = Settings.from_environment()
    return replace(settings, brokers=brokers) if brokers is not None else settings


def gateway(
    brokers: Brokers = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Default 8080.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Default 127.0.0.1: only this machine.")] = None,
    data: Data = None,
) -> None:
    """Take uploads over HTTP into Kafka, until stopped."""
    from pipeline.cli.gateway import serve_gateway
    from pipeline.settings import data_folder

    settings = cluster_settings(brokers)
    settings = replace(settings, port=port or settings.port, host=host or settings.host)
    log_as_json()
    with stopped_by_signals():
        serve_gateway(data_folder(data), settings)


def worker(
    brokers: Brokers = None,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=1, max=65535, help="Serve /metrics for Prometheus; default: nothing."),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", help="Where from; default 127.0.0.1: only this machine.")
    ] = "127.0.0.1",
    data: Data = None,
) -> None:
    """Fold partitions of the uploads into their shards, until stopped."""
    from pipeline.settings import data_folder

    settings = cluster_settings(brokers)
    log_as_json()
    from pipeline.worker.faust_app import run_worker

    with stopped_by_signals():  # until the worker listens itself
        run_worker(data_folder(data), settings, metrics=(metrics_host, metrics_port) if metrics_port else None)


def relay(
    brokers: Brokers = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="DIR", help="The gateway's folder; default: the topic of control data."),
    ] = None,
    data: Data = None,
) -> None:
    """Deliver alerts to the channels of each gym, until stopped."""
    from pipeline.cli.relay_role import serve_relay
    from pipeline.settings import data_folder

    settings = cluster_settings(brokers)
    log_as_json()
    with stopped_by_signals():
        serve_relay(data_folder(data), control, settings)


def web(
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Default 8080.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Default 127.0.0.1: only this machine.")] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="DIR", help="The gateway's folder; default: the topic of control data."),
    ] = None,
    data: Data = None,
) -> None:
    """Serve the pages and the reading side of the API from the snapshot store, until stopped."""
    from pipeline.cli.web_role import serve_web
    from pipeline.settings import data_folder

    settings = cluster_settings(None)
    settings = replace(settings, port=port or settings.port, host=host or settings.host)
    log_as_json()
    with stopped_by_signals():
        serve_web(data_folder(data), control, settings)


@topics.command("ensure")
def ensure_topics(brokers: Brokers = None, as_json: AsJson = False) -> None:
    """Make topics that are missing and correct settings that differ."""
    settings = cluster_settings(brokers)
    from pipeline.log.topics import ensure

    _print(ensure(settings), {"topic": "topic", "done": "done"}, as_json)


@topics.command("describe")
def describe_topics(brokers: Brokers = None, as_json: AsJson = False) -> None:
    """Show the topics and what differs from the settings; exit code 1 when something does."""
    settings = cluster_settings(brokers)
    from pipeline.log.topics import describe

    rows = describe(settings)
    columns = {"topic": "topic", "partitions": "partitions", "replication": "replication", "in_sync": "in sync"}
    _print(rows, columns | {"differs": "differs"}, as_json)
    if any(row["differs"] for row in rows):
        raise typer.Exit(1)


def _print(rows: list[dict[str, Any]], columns: dict[str, str], as_json: bool) -> None:
    if as_json:
        output.print_json(rows)
        return
    output.print_rows([dict.fromkeys(columns, "") | row for row in rows], columns, empty="no topics")
