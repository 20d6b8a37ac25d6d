"""Drives the real pipeline in process: uploads in through the gateway's door, views out, crashes in between."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from pipeline.clock import FixedClock
from pipeline.gateway.accept import Accepted, accept_events
from pipeline.record import Record, parse_header, unpack_items
from pipeline.sources.columns import Decoded
from pipeline.worker.apply import apply_batch
from pipeline.worker.embedded import Embedded
from tests.oracle.catalogue import find
from tests.oracle.compare import against_oracle
from tests.oracle.documents import Item
from tests.oracle.world import World, compute
from tests.sim.generator import Upload
from tests.sim.views import Rows, differences, read_views

POINTS = tuple(f"{place}:{step}" for step in range(1, 7) for place in ("before", "inside", "after"))
CHECKPOINT_EVERY = 3  # returns from a death: files with a long WAL, a short one and none are met
SECOND_LESS = 0.2  # a try after a death dies that much less often than the first
NOW = datetime(2026, 11, 25, tzinfo=UTC)


class SimulatedCrash(BaseException):
    """The process dies here. No handler for errors may catch it."""


class Faults:
    """The fault hook: dies at the armed point, counts the deaths per point, and tells ``on_death`` first."""

    def __init__(self) -> None:
        self.armed: str | None = None
        self.hits: Counter[str] = Counter()
        self.on_death: Callable[[], None] = lambda: None

    def __call__(self, point: str) -> None:
        if point == self.armed:
            self.armed = None
            self.hits[point] += 1
            self.on_death()
            raise SimulatedCrash(point)


def scratch() -> Path:
    """A new empty folder, in memory where the machine offers that."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="spotter-sim-", dir=shared if shared.is_dir() else None))


@lru_cache(maxsize=1)
def _new_folder() -> Path:
    """A folder that a service has made and closed again: most of what a small test takes is to make one."""
    folder = scratch()
    Embedded.open(folder, FixedClock(NOW)).close()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Driver:
    """One data folder, its service, and every item its log holds, for the oracle."""

    def __init__(
        self, data: Path | None = None, faults: Faults | None = None, batch_records: int | None = None
    ) -> None:
        if data is None:
            data = scratch()
            shutil.copytree(_new_folder(), data, dirs_exist_ok=True)
        self.data = data
        self.faults = faults or Faults()
        self.batch_records = batch_records
        self.items: list[Item] = []
        self.serial = self.returns = 0
        self.open()

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def open(self) -> None:
        """Open the service from what the folder holds."""
        self.faults.on_death = self._take_image
        self.service = Embedded.open(self.data, FixedClock(NOW), fault=self.faults)

    def close(self) -> None:
        """Stop in order."""
        self.service.close()

    def _take_image(self) -> None:
        """Copy the folder as it lies on the disk at this moment: what a killed process leaves behind."""
        self.image = scratch()
        shutil.copytree(self.data, self.image, dirs_exist_ok=True)

    def come_back(self) -> None:
        """After a SimulatedCrash: forget the service and open what it left on the disk."""
        self.service._shard.connection.execute("pragma disable_checkpoint_on_shutdown")
        self.service.close()
        shutil.rmtree(self.data)
        self.data = self.image
        self.open()
        self.returns += 1
        if self.returns % CHECKPOINT_EVERY == 0:
            self.service._shard.checkpoint()

    def restart(self) -> None:
        """Stop in order and open again."""
        self.close()
        self.open()

    def send(self, upload: Upload) -> Accepted:
        """Post an upload: answered, appended, not yet applied."""
        self.serial += 1
        accepted = accept_events(
            upload.body(), tenant=upload.tenant, upload_id=f"u{self.serial}",
            received_at=upload.received_at, admin=upload.admin,
        )  # fmt: skip
        self.append(accepted.records, accepted.decoded)
        return accepted

    def ingest(self, events: Sequence[dict[str, Any]], received_at: datetime = NOW, tenant: str = "home") -> Accepted:
        """Send events and apply them."""
        accepted = self.send(Upload(tenant, received_at, list(events), admin=True))
        self.service.apply_all()
        return accepted

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> None:
        """Append records and remember their items."""
        if not records:
            return
        first = self.service.append(records, decoded) - len(records)
        for offset, record in enumerate(records, first):
            self.items += items_of(offset, record)

    def apply(self, rng: random.Random | None = None, crash: float = 0.0) -> None:
        """Apply what the log holds; with ``crash`` die at one of the points hit least so far, and come back.

        It never dies three times in a row: then the service would rightly put the record aside.
        """
        for deaths in range(3):
            if rng is not None and deaths < 2 and rng.random() < crash - SECOND_LESS * deaths:
                least = min(self.faults.hits[point] for point in POINTS)
                self.faults.armed = rng.choice([p for p in POINTS if self.faults.hits[p] == least])
            try:
                self._apply()
            except SimulatedCrash:
                self.come_back()
                continue
            self.faults.armed = None
            return

    def _apply(self) -> None:
        engine = self.service._engine
        while self.batch_records:
            batch = self.service.log.read(0, engine.next_offset, items_max=10**6, bytes_max=1 << 30)
            if not batch:
                break
            apply_batch(engine, batch[: self.batch_records], self.faults)
        self.service.apply_all()

    def query(self, sql: str) -> Rows:
        return self.service.query(sql)

    def views(self) -> dict[str, Rows]:
        """What the views of the contract say now."""
        return read_views(self.query)

    def world(self) -> World:
        """What the oracle says they should."""
        return compute(self.items, find)

    def replayed(self) -> dict[str, Rows]:
        """The views of a new shard that folds this log from its beginning."""
        other = scratch()
        for file in self.data.glob("log.sqlite*"):
            shutil.copy(file, other / file.name)
        with Driver(other) as second:
            second.service.apply_all()
            return second.views()

    def problems(self, *, replay: bool = True) -> list[str]:
        """Where the views, a replay of the log and the oracle differ."""
        found = [f"oracle {line}" for line in against_oracle(self.query, self.world())]
        if replay:
            found += [f"replay {line}" for line in differences(self.views(), self.replayed())]
        return found


def items_of(offset: int, record: Record) -> list[Item]:
    """The items of a record as the oracle takes them; lines that are no objects are left out."""
    header = parse_header(record.header)
    found = []
    for index, line in zip(unpack_items(record.items), record.payload.split(b"\n"), strict=False):
        event = orjson.loads(line)
        received = datetime.fromisoformat(header.received_at.replace("Z", "+00:00"))
        found.append(Item(header.tenant, offset, index, received, event, header.source, header.tz, header.admin))
    return found
