"""A whole cluster as processes: broker, gateway, workers, relay, a webhook receiver, and load all the time."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.clock import SystemClock
from pipeline.errors import SpotterError
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.log.kafka import KafkaLog
from pipeline.log.topics import ensure
from pipeline.settings import Settings
from pipeline.worker.place import Place
from pipeline.worker.told import told
from tests.broker.judge import Findings, Heard, judge, not_arrived, read_shard
from tests.broker.load import Load, gyms_of
from tests.broker.process import BrokerProcess, free_port
from tests.broker.roles import PATIENCE_S, Role, Shard, until
from tests.unit.relay_fakes import Receiver

SESSION_S = 3.0  # short, so that a kill costs seconds; a busy machine still beats in time
POST_EVERY_S = 0.3
LAG_SECONDS_MAX = 60.0
LOOK_EVERY_S = 0.1


class Slot:
    """A place for a worker: its folder stays, its process changes."""

    def __init__(self, name: str, data: Path) -> None:
        self.name, self.data = name, data
        self.role: Role | None = None

    @property
    def running(self) -> Role:
        assert self.role is not None
        return self.role

    def held(self, what: str = "next_offset") -> dict[int, int]:
        """By partition: what this worker has applied, or has ``settled``, days included."""
        if self.role is None:
            return {}
        said = told(self.data).get(self.role.process.pid, {"partitions": {}})
        return {int(number): min(state["next_offset"], state[what]) for number, state in said["partitions"].items()}


class Deployment:
    """``apart``: each worker has a folder of its own and begins from the snapshot store; else they share one."""

    def __init__(
        self,
        folder: Path,
        broker: BrokerProcess,
        name: str,
        *,
        workers: int,
        apart: bool,
        every_s: float = POST_EVERY_S,
    ) -> None:
        self.broker, self.apart, self._folder, self._every_s = broker, apart, folder, every_s
        self.settings = replace(Settings(), brokers=broker.address, topic_prefix=name, append_seconds_max=5.0)
        ensure(self.settings)
        self.receiver, self.port = Receiver(), free_port()
        self.slots = [self.new_slot(number) for number in range(workers)]
        self.roles: dict[str, Role] = {}
        self.ended: Counter[str] = Counter()  # of themselves, by role
        self.last_words: list[str] = []
        control = Control(folder / "gateway", SystemClock())
        keys = {}
        for gym in gyms_of(self.settings.topic_partitions):
            control.create_tenant(gym)
            keys[gym] = control.create_key(gym, ["ingest"])[1]
            Channels(control, SystemClock()).add(gym, "webhook", self.receiver.url, Wishes(updates=True))
        control.close()
        self._log = KafkaLog(self.settings)
        self.load = Load(self.port, keys, every_s)

    # processes

    @property
    def environment(self) -> dict[str, str]:
        found = {"SPOTTER_SESSION_SECONDS": str(SESSION_S), "SPOTTER_CHANNEL_ADDRESSES": "any"}
        if self.apart:
            found |= {"SPOTTER_SNAPSHOTS": str(self._folder / "store"), "SPOTTER_SNAPSHOT_SECONDS": "2"}
        return found

    def new_slot(self, number: int) -> Slot:
        return Slot(f"worker-{number}", self._folder / (f"worker-{number}" if self.apart else "shards"))

    def start_worker(self, slot: Slot) -> Role:
        slot.role = Role("worker", slot.data, self.settings, **self.environment)
        return slot.role

    def start_role(self, name: str) -> Role:
        """The gateway or the relay."""
        options = ["--port", str(self.port)] if name == "gateway" else []
        self.roles[name] = Role(name, self._folder / name, self.settings, *options, **self.environment)
        return self.roles[name]

    def start(self) -> None:
        """Everything up, every partition held, load on."""
        self.start_role("gateway").wait_for("the gateway is up")
        self.start_role("relay")
        for slot in self.slots:
            self.start_worker(slot)
        self.load.start()
        self.wait_for_lag_zero(120)

    def tend(self) -> None:
        """Start again what ended by itself, as whoever runs a cluster does; it is counted."""
        for name, role in list(self.roles.items()):
            if role.process.poll() is not None:
                self._ended(role)
                self.start_role(name)
        for slot in self.slots:
            if slot.role is not None and slot.role.process.poll() is not None:
                self._ended(slot.role)
                self.start_worker(slot)
        for sender in self.load._senders:
            assert sender.failure is None, sender.failure

    def _ended(self, role: Role) -> None:
        self.ended[role.name] += 1
        self.last_words.append(f"{role.name} ended with {role.process.returncode}: {role.told()[-600:]}")

    # how far it is

    def ends(self) -> dict[int, int]:
        """The ends of the log; raises StorageError while the broker is away."""
        return {number: self._log.end_offset(number) for number in range(self.settings.topic_partitions)}

    def done(self, what: str = "next_offset") -> dict[int, int]:
        """By partition: what running workers say they have applied, or ``settled``, or ``told``."""
        found: dict[int, int] = {}
        for slot in self.slots:
            for number, offset in slot.held(what).items():
                found[number] = max(found.get(number, -1), offset)
        return found

    def wait_for_lag_zero(self, seconds: float = LAG_SECONDS_MAX) -> float:
        """Until no record is left to apply; how long that took.

        Load goes on until what the log held at first is done, then rests: a lag of exactly none would be chance else.
        """
        began = time.monotonic()
        self._wait_for_ends(began, seconds)
        self.load.hold()
        try:
            self._wait_for_ends(began, seconds)
        finally:
            self.load.go_on()
        return time.monotonic() - began

    def _wait_for_ends(self, began: float, seconds: float) -> None:
        """Until all that the log holds now is applied."""
        ends: dict[int, int] | None = None
        done: dict[int, int] = {}
        while True:
            self.tend()
            with contextlib.suppress(SpotterError):
                ends = ends or self.ends()
                done = self.done()
                if all(done.get(number, -1) >= end for number, end in ends.items()):
                    return
            assert time.monotonic() - began < seconds, f"{done} of {ends} after {seconds:g} s: {self.said()}"
            time.sleep(LOOK_EVERY_S)

    def said(self) -> str:
        """The last words of every role, for a failure."""
        running = [*self.roles.values(), *(slot.running for slot in self.slots if slot.role is not None)]
        return "\n".join(f"{role.name}: {role.told()[-1500:]}" for role in running)

    # the end

    def settle(self) -> None:
        """No more load, and no gateway that tells the time each minute; wait until no lag, no day and no alert is left:
        what a worker did not tell before it is stopped, only the next one tells."""
        self.load.stop()
        self.roles.pop("gateway").end()
        self.wait_for_lag_zero()
        ends = self.ends()
        for what in ("settled", "told"):
            try:
                until(lambda what=what: self.done(what) == ends, what, PATIENCE_S)  # type: ignore[misc]
            except AssertionError as error:
                raise AssertionError(f"{error}: {self.done(what)} of {ends}: {self.said()}") from error

    def holders(self) -> dict[int, Path]:
        """By partition: the file of the shard that is held."""
        return {number: Place.of_worker(slot.data, number, "").shard for slot in self.slots for number in slot.held()}

    def heard(self) -> list[Heard]:
        return [Heard(got.name, got.body, got.json["data"]) for got in list(self.receiver.got)]

    def judge(self) -> Findings:
        """Settle, stop the workers, compare; the relay goes on until the last alert has arrived."""
        self.settle()
        files = self.holders()
        for slot in self.slots:
            slot.running.end()
        found = {number: read_shard(path) for number, path in sorted(files.items())}
        with contextlib.suppress(AssertionError):
            until(lambda: not not_arrived(self.heard(), list(found.values())), "the last alert", LAG_SECONDS_MAX)
        return judge(self.load.acknowledged, found, self.heard(), self._log, len(self.ends()), self._folder)

    def close(self) -> None:
        """End every process, whatever happened."""
        for role in [*self.roles.values(), *(slot.role for slot in self.slots)]:
            if role is not None:
                if role.process.poll() is None:
                    role.process.kill()
                role.process.wait()
        with contextlib.suppress(Exception):
            self.load.stop()
        with contextlib.suppress(Exception):
            self._log.close()
        self.receiver.close()


@contextlib.contextmanager
def copy_of(path: Path) -> Iterator[Shard]:
    """A shard as it lies on the disk now, opened elsewhere: looking at it does not mend it."""
    with tempfile.TemporaryDirectory(prefix="spotter-copy-") as folder:
        for file in path.parent.glob(f"{path.name}*"):
            if file.suffix in (".duckdb", ".wal"):
                shutil.copy(file, folder)
        shard = Shard(Path(folder) / path.name)
        try:
            yield shard
        finally:
            shard.close()


def next_offset(path: Path) -> int | None:
    """What the ledger of a shard says on the disk; None when it cannot be read."""
    try:
        with copy_of(path) as shard:
            return int(shard.query("select next_offset from base.ledger")[0]["next_offset"])
    except Exception:  # it is just being made, or taken away
        return None


@contextlib.contextmanager
def deployed(make: Callable[[], Deployment]) -> Iterator[Deployment]:
    """A deployment that runs, and leaves no process."""
    deployment = make()
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.close()
