"""Waiting for room: the worker for disk space, a little longer each time; a reader for memory that the writer holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from pipeline import disk
from pipeline.errors import DiskFullError, StorageError
from pipeline.store.failure import is_out_of_memory, is_storage_failure, storage_failure

T = TypeVar("T")
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0
READ_TRIES, READ_PAUSE_S = 20, 0.1  # a large transaction is done after about as long

_DO = f"{disk.FREE_IT}; it goes on by itself"

log = structlog.get_logger("spotter.worker")


class Room:
    """Whether the worker waits for disk space. Written by the worker, read by any thread."""

    def __init__(self) -> None:
        self._problem: DiskFullError | None = None
        self._pause_s = PAUSE_FIRST_S
        self._over = threading.Event()

    def missing(self, problem: DiskFullError) -> None:
        """There is no room; said in the log when it begins and each time the pause grows."""
        if self._problem is None or self._pause_s < PAUSE_MAX_S:
            said = {"what": problem.what, "why": problem.why, "do": _DO, "again_in": f"{self._pause_s:g} s"}
            log.error("waiting for disk space", **said)
        self._problem = problem

    def wait_for(self, error: Exception, data: Path) -> None:
        """Note that room is what lacks; raises whatever else it is, what the disk said in words.

        Only want of room passes by itself.
        """
        if not is_storage_failure(error):
            raise error
        problem = storage_failure(error, data)
        if not isinstance(problem, DiskFullError):
            raise problem from error
        self.missing(problem)

    def pause(self, over: threading.Event | None = None) -> None:
        """Wait, longer each time; ends at once when the service stops, or with ``over``."""
        (over or self._over).wait(self._pause_s)
        self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)

    def found(self) -> None:
        """What could not be written is written."""
        if self._problem is not None:
            log.info("there is disk space again; the worker goes on")
        self._problem, self._pause_s = None, PAUSE_FIRST_S

    def stop(self) -> None:
        """End a pause for good."""
        self._over.set()

    @property
    def problem(self) -> DiskFullError | None:
        """What is waited for, as an error of its own for each who raises it; None when there is room."""
        found = self._problem
        if found is None:
            return None
        why = f"the worker waits for disk space: {found.why}"
        return DiskFullError("what was accepted is in the log, but not all of it in the tables yet", why, _DO)

    @property
    def said(self) -> str | None:
        """That the worker waits, and what to do, in one line; None when there is room."""
        found = self.problem
        return None if found is None else f"waiting for disk space: {found.what}; {found.do}"

    def closed(self) -> StorageError:
        """What those are told who find the tables closed."""
        closed = StorageError("the tables were closed meanwhile", "they are being opened anew", "ask again")
        return self.problem or closed


def patiently(read: Callable[[], T], with_room: Callable[[Callable[[], T]], T]) -> T:
    """A read that finds all memory taken by the writer waits for it, and only then asks for more memory."""
    pause = threading.Event()
    for _ in range(READ_TRIES):
        try:
            return read()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            pause.wait(READ_PAUSE_S)
    return with_room(read)
