"""Where snapshots of all partitions lie for other machines: a folder, or an object store that fsspec knows.

``<url>/partition-3/snapshot-000000001200.duckdb`` stands for the log below offset 1200, and ``current.json`` beside it
points to the newest. A snapshot is written under its final name before the pointer is, so whoever follows the pointer
finds it whole; size and digest are checked all the same. Two owners that publish by mistake hurt nobody: both copies
are true for the offset they name, and the greater offset wins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec

from pipeline.errors import StorageError
from pipeline.store.pointer import POINTER
from pipeline.store.shard import sync_folder

KEPT = 3
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot in the store. ``next_offset``: the first record of the log that it does not hold.

    ``made_at``: when it was copied, ISO 8601 in UTC; empty where that was not written down.
    """

    name: str
    partition: int
    next_offset: int
    size: int
    sha256: str
    versions: dict[str, str]
    made_at: str = ""


class SnapshotStore:
    """Snapshots by partition under one address (``/var/lib/spotter/snapshots``, ``s3://bucket/spotter``)."""

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"the snapshot store {url} cannot be used",
                str(error),
                "give a folder, or install the package that knows this kind of address",
            ) from error
        self.url = url

    def publish(
        self, partition: int, file: Path, next_offset: int, versions: dict[str, str], made_at: str = ""
    ) -> Stored:
        """Store a finished copy of a shard and point to it, unless a newer one is there; older ones are removed."""
        folder = self._folder(partition)
        stored = Stored(
            f"snapshot-{next_offset:012d}.duckdb",
            partition,
            next_offset,
            file.stat().st_size,
            _digest(file),
            versions,
            made_at,
        )
        with self._told("stored"):
            self._files.makedirs(folder, exist_ok=True)
            self._land(f"{folder}/{stored.name}", lambda path: self._files.put_file(str(file), path))
            found = self.newest(partition)
            if found is None or found.next_offset <= next_offset:
                self._land(f"{folder}/{POINTER}", lambda path: self._files.pipe_file(path, _pointer(stored)))
                self._tidy(folder, stored.name)
        return stored

    def newest(self, partition: int) -> Stored | None:
        """What the pointer names; None where nothing was ever published. Raises StorageError for a broken pointer."""
        path = f"{self._folder(partition)}/{POINTER}"
        with self._told("read"):
            try:
                text = self._files.cat_file(path)
            except FileNotFoundError:
                return None
        try:
            fields: dict[str, Any] = json.loads(text)
            return Stored(**fields)
        except (ValueError, TypeError) as error:
            raise StorageError(
                f"the pointer {path} cannot be read", str(error), "remove it; the next snapshot writes a new one"
            ) from error

    def fetch(self, stored: Stored, target: Path) -> None:
        """Bring a snapshot to ``target``; raises StorageError when it is gone or not what was stored."""
        with self._told("read"):
            self._files.get_file(f"{self._folder(stored.partition)}/{stored.name}", str(target))
        if target.stat().st_size != stored.size or _digest(target) != stored.sha256:
            target.unlink()
            raise StorageError(
                f"the snapshot {stored.name} of partition {stored.partition} is damaged",
                "its size or digest is not that of the file that was stored",
                "remove its folder's current.json, and the shard is built from the log",
            )

    def _folder(self, partition: int) -> str:
        return f"{self._root.rstrip('/')}/partition-{partition}"

    def _land(self, path: str, write: Callable[[str], None]) -> None:
        """Write under another name and rename, where there are renames; an object store shows only what is whole."""
        if "file" not in self._protocols():
            write(path)
            return
        write(path + ".part")
        with Path(path + ".part").open("rb") as handle:
            os.fsync(handle.fileno())
        Path(path + ".part").replace(path)
        sync_folder(Path(path).parent)

    def _protocols(self) -> tuple[str, ...]:
        named = self._files.protocol
        return (named,) if isinstance(named, str) else tuple(named)

    def _tidy(self, folder: str, newest: str) -> None:
        names = sorted(str(path).rsplit("/", 1)[-1] for path in self._files.ls(folder, detail=False))
        old = [name for name in names if name.startswith("snapshot-") and name.endswith(".duckdb") and name < newest]
        for name in old[: -(KEPT - 1)]:
            self._files.rm_file(f"{folder}/{name}")

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"the snapshot store {self.url} could not be {done}",
                str(error),
                "make it reachable and writable; nothing is lost meanwhile, the log has everything",
            ) from error


def _pointer(stored: Stored) -> bytes:
    return json.dumps(asdict(stored)).encode()


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
