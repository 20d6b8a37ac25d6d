"""Where a role of a cluster has the gateway's control data from: its folder on the same machine, or the topic."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import output
from pipeline.errors import RefusedError

if TYPE_CHECKING:
    from pipeline.clock import Clock
    from pipeline.gateway.control import Control
    from pipeline.gateway.shared_control import ControlMirror
    from pipeline.settings import Settings


def open_control(
    stack: ExitStack, data: Path, folder: Path | None, settings: Settings, clock: Clock
) -> tuple[Control, ControlMirror | None]:
    """The control file of ``folder``, or a copy in ``data`` that follows the topic; closed with ``stack``.

    Waits until a gateway has published. Raises RefusedError where ``folder`` has no control file yet.
    """
    from pipeline.gateway.control import FILE_NAME, Control
    from pipeline.gateway.shared_control import ControlMirror
    from pipeline.log.control_topic import ControlTopic

    if folder is not None and not (folder / FILE_NAME).exists():
        raise RefusedError(
            f"there is no {FILE_NAME} in {folder}",
            "keys, gyms, where a gym is kept and its channels are in the gateway's folder",
            "give the gateway's data folder with --control, and start the gateway once; without --control they come"
            " from the topic of control data",
        )
    control = Control(folder or data, clock)
    stack.callback(control.close)
    if folder is not None:
        return control, None
    mirror = ControlMirror(control, ControlTopic(settings))
    stack.callback(mirror.close)

    def say() -> None:
        output.say("waiting for the gateway to publish gyms and keys")
        sys.stdout.flush()

    mirror.wait(say)
    mirror.start()
    return control, mirror
