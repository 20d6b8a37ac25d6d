"""The folder of a cluster's relay: what was sent stands there, channels are changed at the gateway."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import RefusedError
from pipeline.worker.fresh import LOG_NAME

if TYPE_CHECKING:
    from pipeline.cli.session import Progress


def is_relay_folder(data: Path) -> bool:
    """Whether a relay of a cluster works there: it has a ledger of deliveries and no log."""
    from pipeline.relay.ledger import FILE_NAME

    return (data / FILE_NAME).exists() and not (data / LOG_NAME).exists()


class RelayFolder:
    """Answers on channels beside the relay, which goes on; a ``Session`` that changes nothing."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        from pipeline.clock import SystemClock
        from pipeline.gateway.channels import Channels
        from pipeline.gateway.control import Control
        from pipeline.relay.ledger import Ledger

        clock = SystemClock()
        control = Control(data, clock)
        stack.callback(control.close)
        self._channels, self._ledger = Channels(control, clock), Ledger(data)
        stack.callback(self._ledger.close)

    def call(self, op: str, body: bytes = b"", progress: Progress | None = None, **args: Any) -> Any:
        """``channel_list`` and ``channel_log``; raises RefusedError for everything else."""
        import orjson

        from pipeline.cli.relay_operations import listed, logged
        from pipeline.gateway.plain_json import dumps

        known: dict[str, Callable[..., object]] = {"channel_list": listed, "channel_log": logged}
        if op in known:
            return orjson.loads(dumps(known[op](self._channels, self._ledger, **args)))
        raise RefusedError(
            "this is the folder of a relay",
            "it knows what was sent; keys, gyms and channels are kept by the gateway",
            "run the command where `spotter gateway` runs",
        )
