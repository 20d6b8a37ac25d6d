"""What is done to a running cluster: kills, rebalances, a worker that sleeps, a broker that stays away."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.worker.place import Place
from pipeline.worker.shards import SLEPT_IN_COMMIT
from tests.broker.deployment import SESSION_S, Deployment, Slot, next_offset
from tests.broker.roles import until

SHARES = {"worker": 12, "gateway": 3, "relay": 3, "broker": 2}  # of twenty kills
BESIDE = ("gateway", "relay")
INSIDE_SHARE = 0.85  # of the worker kills are aimed at a batch
BATCH_SECONDS_MAX = 8.0
BATCH_S = 0.08  # a small batch takes longer than this
POLL_S = 0.002
JOIN_SECONDS_MAX = 30.0
JOIN_EVERY_S = 3.0
SLEEP_SLACK_S = 0.5


@dataclass
class Kills:
    """What was killed, and how long it was until all was done again."""

    by_role: Counter[str] = field(default_factory=Counter)
    inside_a_batch: int = 0
    lag_zero_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def plan(kills: int, rng: random.Random) -> list[tuple[str, ...]]:
    """What each round kills: shares of each twenty, in random order. Gateway and relay die beside a worker."""
    roles: list[str] = []
    while len(roles) < kills:
        twenty = [role for role, share in SHARES.items() for _ in range(share)]
        rng.shuffle(twenty)
        roles += twenty
    del roles[kills:]
    beside = [role for role in roles if role in BESIDE]
    rounds = [(role, beside.pop()) if role == "worker" and beside else (role,) for role in roles if role not in BESIDE]
    rounds += [(role,) for role in beside]
    rng.shuffle(rounds)
    return rounds


def kill(deployment: Deployment, roles: Sequence[str], rng: random.Random, report: Kills) -> None:
    """Kill a process of each role, start them again, wait until everything is done."""
    began = time.monotonic()
    for role in roles:
        if role == "worker":
            slot = rng.choice([one for one in deployment.slots if one.held()] or deployment.slots)
            report.inside_a_batch += kill_worker(deployment, slot, rng)
            deployment.start_worker(slot)
        elif role == "broker":
            time.sleep(rng.uniform(0, 1))
            deployment.broker.kill()
            deployment.broker.start()
        else:
            time.sleep(rng.uniform(0, 0.3))
            deployment.roles[role].end(signal.SIGKILL)
            deployment.start_role(role)
    report.lag_zero_s.append(round(deployment.wait_for_lag_zero(), 2))
    for role in roles:
        report.by_role[role] += 1
        if role in BESIDE:
            deployment.roles[role].wait_for(f"the {role} is up")
    report.seconds.append(round(time.monotonic() - began, 2))


def kill_worker(deployment: Deployment, slot: Slot, rng: random.Random) -> bool:
    """SIGKILL, mostly when a batch has begun; whether it was not in the tables yet."""
    if rng.random() < INSIDE_SHARE:
        wait_for_a_batch(slot)
        time.sleep(rng.uniform(0, BATCH_S))
    else:
        time.sleep(rng.uniform(0, 1))
    held = set(slot.held())
    slot.running.end(signal.SIGKILL)
    return any(died_inside(slot.data, number) for number in held)


def wait_for_a_batch(slot: Slot) -> None:
    """Until a batch begins on a shard of this worker."""
    before: dict[Path, int] | None = None
    end = time.monotonic() + BATCH_SECONDS_MAX
    while time.monotonic() < end and slot.running.process.poll() is None:
        noted = {path: _changed(path) for path in (_attempts(slot.data, number) for number in slot.held())}
        if before is not None and any(at != before.get(path, at) for path, at in noted.items()):
            return
        before = noted if before is None else before | {path: at for path, at in noted.items() if path not in before}
        time.sleep(POLL_S)


def _attempts(data: Path, number: int) -> Path:
    place = Place.of_worker(data, number, "")
    return data / place.attempts_name


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def died_inside(data: Path, number: int) -> bool:
    """Whether a batch was begun that is not in the shard: the attempt noted stands at the offset still expected.

    One that was committed and not acknowledged yet is not counted. The shard's lock is taken for the look.
    """
    place = Place.of_worker(data, number, "")
    lock = place.take()
    if lock is None:  # the next worker was faster
        return False
    with lock:
        try:
            noted = int(json.loads(_attempts(data, number).read_text())["offset"])
        except (OSError, ValueError, KeyError):
            return False
        return noted == next_offset(place.shard)


# rebalances


@dataclass
class Rebalances:
    """A worker more that comes and goes."""

    joined: int = 0
    left: int = 0
    held_shards: int = 0  # times it was given partitions
    seconds: float = 0.0
    lag_zero_s: float = 0.0


def rebalance(deployment: Deployment, times: int) -> Rebalances:
    """One worker more joins, holds shards, leaves within three seconds of coming; so often."""
    report, began = Rebalances(), time.monotonic()
    slot = deployment.new_slot(len(deployment.slots))
    deployment.slots.append(slot)
    try:
        for _ in range(times):
            started = time.monotonic()
            deployment.start_worker(slot)
            report.joined += 1
            with contextlib.suppress(AssertionError):
                until(lambda: bool(slot.held()), "its partitions", JOIN_SECONDS_MAX)
                report.held_shards += 1
            time.sleep(max(0.0, JOIN_EVERY_S - (time.monotonic() - started)))
            code = slot.running.end()
            assert code == 0, slot.running.told()
            report.left += 1
            slot.role = None
            deployment.tend()
    finally:
        if slot.role is not None:
            slot.running.end(signal.SIGKILL)
        deployment.slots.remove(slot)
    report.lag_zero_s = round(deployment.wait_for_lag_zero(), 2)
    report.seconds = round(time.monotonic() - began, 1)
    return report


# a worker that sleeps


@dataclass
class Sleep:
    """A worker that was stopped inside a batch for longer than its session, and woke up."""

    seconds: float = 0.0
    before: dict[int, int | None] = field(default_factory=dict)  # its ledgers while it slept
    after: dict[int, int] = field(default_factory=dict)  # those shards as they were opened next
    commits: dict[int, int] = field(default_factory=dict)  # the ledger of a commit that lasted as long as the sleep
    lag_zero_s: float = 0.0

    @property
    def wrote(self) -> dict[int, tuple[int | None, int]]:
        """Ledgers that moved between falling asleep and the next opening of the file, but for what was being written.

        Nobody can take back a commit that is under way; all that may stand of it is that one.
        """
        return {
            number: (offset, self.after[number])
            for number, offset in self.before.items()
            if number in self.after and self.after[number] not in (offset, self.commits.get(number))
        }


def sleep_through(deployment: Deployment, rng: random.Random) -> Sleep:
    """SIGSTOP when a batch has begun, until its session is over, then SIGCONT; what the files held all the time."""
    report = Sleep()
    until(lambda: any(one.held() for one in deployment.slots), "a worker with shards", 60)
    slot = rng.choice([one for one in deployment.slots if one.held()])
    others = [one for one in deployment.slots if one is not slot]
    wait_for_a_batch(slot)
    slot.running.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    said = {one.name: len(one.running.told()) for one in deployment.slots}
    try:
        numbers = set(slot.held())
        report.before = {number: next_offset(Place.of_worker(slot.data, number, "").shard) for number in numbers}
        if deployment.apart:  # the others go on without it

            def taken() -> bool:
                return numbers <= {number for one in others for number in one.held()}

            until(taken, "the partitions of the one that sleeps", 30)
        else:  # the others wait for its locks
            for one in others[:1]:
                until(
                    lambda one=one: "waiting for the worker" in one.running.told()[said[one.name] :],  # type: ignore[misc]
                    "one that waits for the lock",
                    30,
                )
        time.sleep(SESSION_S)
    finally:
        slot.running.process.send_signal(signal.SIGCONT)
    report.seconds = round(time.monotonic() - began, 1)
    report.lag_zero_s = round(deployment.wait_for_lag_zero(), 2)
    looked_at = [slot] if deployment.apart else deployment.slots

    report.commits = slept_in_commits(slot.running.told()[said[slot.name] :], report.seconds)

    def opened_next() -> list[tuple[int, int]]:
        return opened("".join(one.running.told()[said[one.name] :] for one in looked_at))

    until(lambda: bool(opened_next()), "a shard that is opened after the sleep", 60)
    for number, offset in opened_next():
        report.after.setdefault(number, offset)
    return report


def opened(text: str) -> list[tuple[int, int]]:
    """(partition, next offset) of the shards that workers say they opened, in order of time."""
    found = sorted(lines_of(text, "shard opened"), key=lambda said: str(said["timestamp"]))
    return [(int(said["partition"]), int(said["next_offset"])) for said in found]


def slept_in_commits(text: str, seconds: float) -> dict[int, int]:
    """By partition: the ledger after a commit that the worker was in all of the ``seconds`` it slept.

    What lay asleep before its commit takes milliseconds for that, and is not one of these.
    """
    return {
        int(said["partition"]): int(said["next_offset"])
        for said in lines_of(text, SLEPT_IN_COMMIT)
        if float(said["seconds"]) > seconds - SLEEP_SLACK_S
    }


def lines_of(text: str, event: str) -> list[dict[str, Any]]:
    """The log lines of one event."""
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and said.get("event") == event:
                found.append(said)
    return found


def away(deployment: Deployment, seconds: float) -> float:
    """The broker is away for so long; how long it took until all was done after its return."""
    deployment.broker.kill()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1)
        deployment.tend()
    deployment.broker.start()
    return round(deployment.wait_for_lag_zero(), 2)
