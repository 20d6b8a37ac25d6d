"""The snapshot a command reads: current, and kept as long as the command reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StorageError
from pipeline.store.held import held

if TYPE_CHECKING:
    from pipeline.cli.session import Session

TRIES = 5


@contextmanager
def current_snapshot(data: Path) -> Iterator[Path]:
    """A snapshot of everything the log holds; quick when one is there already."""
    with _held(lambda: _path(data)) as path:
        yield path


@contextmanager
def snapshot_of(session: Session) -> Iterator[Path]:
    """The same in a session that reads."""
    with _held(lambda: Path(session.call("snapshot")["path"])) as path:
        yield path


def _path(data: Path) -> Path:
    from pipeline.worker.fresh import fresh_snapshot

    found = fresh_snapshot(data)
    if found is not None:
        return found
    from pipeline.cli.session import open_reading

    with open_reading(data) as session:
        return Path(session.call("snapshot")["path"])


@contextmanager
def _held(named: Callable[[], Path]) -> Iterator[Path]:
    with ExitStack() as stack:
        for _ in range(TRIES):
            try:
                path = stack.enter_context(held(named()))
            except FileNotFoundError:  # newer ones took its place between the answer and the reading
                continue
            yield path
            return
    raise StorageError(
        "the snapshot was removed before it could be read",
        f"newer ones took its place {TRIES} times in a row",
        "run it again",
    )
