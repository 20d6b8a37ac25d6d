"""The relay of a cluster: alerts from their topic to the channels of each gym."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output
from pipeline.errors import RefusedError

if TYPE_CHECKING:
    from pipeline.settings import Settings


def serve_relay(data: Path, control: Path, settings: Settings) -> None:
    """Deliver until told to stop. ``data`` keeps the delivery ledger, ``control`` is the gateway's folder.

    Raises RefusedError where the gateway has made no control file yet.
    """
    from pipeline.clock import SystemClock
    from pipeline.gateway.channels import Channels
    from pipeline.gateway.control import FILE_NAME, Control
    from pipeline.log.alerts_topic import AlertsTopic
    from pipeline.relay.ledger import Ledger
    from pipeline.relay.relay import Relay
    from pipeline.relay.send import ChannelSender
    from pipeline.relay.source import TopicSource
    from pipeline.settings import make_private

    if not (control / FILE_NAME).exists():
        raise RefusedError(
            f"there is no {FILE_NAME} in {control}",
            "the relay takes the channels of each gym from the gateway's folder",
            "give the gateway's data folder with --control, and start the gateway once",
        )
    clock = SystemClock()
    with ExitStack() as stack:
        make_private(data)
        topic = AlertsTopic(settings)
        stack.callback(topic.close)
        known = Control(control, clock)
        stack.callback(known.close)
        ledger = Ledger(data)
        relay = Relay(
            TopicSource(topic.read, topic.end_offset), ledger, Channels(known, clock), ChannelSender(settings), clock
        )
        stack.callback(relay.close)
        relay.start()
        output.say(f"the relay is up: it reads {topic.name} (stop with Ctrl-C)")
        threading.Event().wait()
