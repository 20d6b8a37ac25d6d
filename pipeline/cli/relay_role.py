"""The relay of a cluster: alerts from their topic to the channels of each gym."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output

if TYPE_CHECKING:
    from pipeline.settings import Settings


def serve_relay(data: Path, control: Path | None, settings: Settings) -> None:
    """Deliver until told to stop. ``data`` keeps the delivery ledger; ``control`` is the gateway's folder, else the
    topic of control data is asked, and waited for.

    Raises RefusedError where a gateway's folder has no control file yet.
    """
    from pipeline.cli.control_copy import open_control
    from pipeline.clock import SystemClock
    from pipeline.gateway.channels import Channels
    from pipeline.log.alerts_topic import AlertsTopic
    from pipeline.relay.ledger import Ledger
    from pipeline.relay.relay import Relay, up_to_date
    from pipeline.relay.send import ChannelSender
    from pipeline.relay.source import TopicSource
    from pipeline.settings import make_private
    from pipeline.worker.place import lock_folder

    clock = SystemClock()
    with ExitStack() as stack:
        make_private(data)
        stack.callback(lock_folder(data, "relay").close)
        topic = AlertsTopic(settings)
        stack.callback(topic.close)
        known, mirror = open_control(stack, data, control, settings, clock)
        channels = Channels(known, clock, mirror.tell_disabled if mirror else None)
        ledger = Ledger(data)
        source = TopicSource(topic.read, topic.end_offset)
        refresh = mirror.look if mirror else up_to_date
        relay = Relay(source, ledger, channels, ChannelSender(settings), clock, refresh=refresh)
        stack.callback(relay.close)
        relay.start()
        output.say(f"the relay is up: it reads {topic.name} (stop with Ctrl-C)")
        threading.Event().wait()
