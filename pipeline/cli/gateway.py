"""The gateway of a cluster: the same door as ``spotter up``, over the log on Kafka."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output
from pipeline.cli.serving import http_server, listener

if TYPE_CHECKING:
    from pipeline.settings import Settings


def serve_gateway(data: Path, settings: Settings) -> None:
    """Answer HTTP until told to stop. ``data`` holds the control file: tenants, keys, where gyms are placed."""
    from prometheus_client import REGISTRY, generate_latest

    from pipeline.clock import SystemClock
    from pipeline.gateway.access import Gate
    from pipeline.gateway.app import Parts, create_app
    from pipeline.gateway.control import Control
    from pipeline.gateway.file_imports import FileImports
    from pipeline.gateway.log_only import LogOnly, NoTables
    from pipeline.gateway.shared_control import ControlFeed
    from pipeline.gateway.ticks import Ticker
    from pipeline.gateway.uploads import Uploads
    from pipeline.log.control_topic import ControlTopic
    from pipeline.log.kafka import KafkaLog
    from pipeline.settings import make_private
    from pipeline.worker.place import lock_folder

    clock = SystemClock()
    numbers_of_process = partial(generate_latest, REGISTRY)
    with ExitStack() as stack:
        listening = stack.enter_context(listener(settings))  # first: nothing is promised on a port that is taken
        make_private(data)
        stack.callback(lock_folder(data, "gateway").close)
        control = Control(data, clock)
        stack.callback(control.close)
        feed = ControlFeed(control, ControlTopic(settings))
        stack.callback(feed.close)
        log = KafkaLog(settings, control.place)
        stack.callback(log.close)
        service = LogOnly(log, clock)
        uploads = Uploads(service, control, clock, settings)
        ticker = Ticker(uploads, control, clock, settings)
        stack.callback(ticker.close)
        parts = Parts(
            uploads=uploads,
            imports=FileImports(service, None, clock),
            panels=NoTables(),
            gate=Gate(control, settings, trusts_loopback=False),
            settings=settings,
            not_ready=log.why_not_ready,
            metrics=numbers_of_process,
        )
        server = http_server(create_app(parts), settings)
        ticker.start()
        feed.start()
        output.say(f"the gateway is up: http://{settings.host}:{settings.port}/v1/events (stop with Ctrl-C)")
        sys.stdout.flush()
        server.run(sockets=[listening])
