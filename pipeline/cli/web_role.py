"""The pages of a cluster, and the read side of its API, over copies of the workers' shards."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output
from pipeline.cli.serving import LOOPBACK, http_server, listener
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.settings import Settings

COPIES = "replicas"


def serve_web(data: Path, control: Path | None, settings: Settings) -> None:
    """Answer HTTP until told to stop. ``data`` gets the copies that are open; ``control`` is the gateway's folder, else
    the topic of control data is asked, and waited for.

    Raises UsageError without a snapshot store, RefusedError where a gateway's folder has no control file yet.
    """
    from prometheus_client import REGISTRY, generate_latest

    from dashboards.replica_panels import ReplicaPanels
    from dashboards.web.pages import routes
    from pipeline.cli.control_copy import open_control
    from pipeline.clock import SystemClock
    from pipeline.gateway.access import Gate
    from pipeline.gateway.app import create_read_app
    from pipeline.gateway.reads import Reads
    from pipeline.log.kafka import partition_by_name
    from pipeline.settings import make_private
    from pipeline.store.replicas import Replicas
    from pipeline.store.snapshot_store import SnapshotStore

    if not settings.snapshots:
        raise UsageError(
            "the snapshot store is not known",
            "pages are made from the copies that workers store",
            "set SPOTTER_SNAPSHOTS as for the workers",
        )
    clock = SystemClock()
    with ExitStack() as stack:
        listening = stack.enter_context(listener(settings))
        make_private(data)
        known, mirror = open_control(stack, data, control, settings, clock)
        replicas = Replicas(SnapshotStore(settings.snapshots), data / COPIES, settings.topic_partitions)
        stack.callback(replicas.close)

        def partition_of(tenant: str) -> int:
            placed = known.placed(tenant)
            return partition_by_name(tenant, settings.topic_partitions) if placed is None else placed

        gate = Gate(known, settings, trusts_loopback=settings.host in LOOPBACK)
        panels = ReplicaPanels(replicas, partition_of)
        reads = Reads(
            panels=panels,
            gate=gate,
            settings=settings,
            not_ready=lambda: replicas.failure or (mirror.failure if mirror else None),
            metrics=partial(generate_latest, REGISTRY),
            pages=routes(panels, gate.page_tenant, None, clock),
        )
        server = http_server(create_read_app(reads), settings)
        replicas.start(settings.replica_seconds)
        output.say(f"the pages are up: http://{settings.host}:{settings.port}/ (stop with Ctrl-C)")
        sys.stdout.flush()
        server.run(sockets=[listening])
