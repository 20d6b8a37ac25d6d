"""Workers that are killed, stopped and joined under load: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaAdminClient, TopicPartition

from pipeline.gateway.accept import accept_events
from pipeline.log.kafka import KafkaLog
from pipeline.settings import Settings
from tests.broker.roles import Role, Shard, ends, running, settled, until
from tests.sim.kill_child import event

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
GYMS = ("home", "g1", "g2", "g3", "g5", "g7")
KILLS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)
PAUSE_S = (0.5, 4.0)


class Load(threading.Thread):
    """Posts sets of several gyms until stopped; ``acknowledged`` are (gym, number) that must be in the tables."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self._log, self._over = KafkaLog(settings), threading.Event()
        self.acknowledged: set[tuple[str, int]] = set()
        self.failure: BaseException | None = None

    def run(self) -> None:
        number = 0
        try:
            while not self._over.wait(0.02):
                gym = GYMS[number // 20 % len(GYMS)]
                numbers = range(number, number + 20)
                body = "\n".join(json.dumps(event(n)) for n in numbers).encode()
                taken = accept_events(body, tenant=gym, upload_id=f"u{number}", received_at=RECEIVED)
                assert taken.rejected == 0
                self._log.append(taken.records)
                self.acknowledged.update((gym, n) for n in numbers)
                number += 20
        except BaseException as error:
            self.failure = error
        finally:
            self._log.close()

    def stop(self) -> None:
        self._over.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def test_workers_that_come_and_go_lose_and_double_nothing(cluster: Callable[..., Settings], tmp_path: Path) -> None:
    settings = cluster()
    rng = random.Random(1)
    shared = tmp_path / "shards"
    workers = [Role("worker", shared, settings) for _ in range(2)]
    everyone = list(workers)
    load = Load(settings)
    try:
        load.start()
        until(lambda: bool(settled(shared)), "the first shard")
        for number in KILLS:
            time.sleep(rng.uniform(*PAUSE_S))
            victim = rng.randrange(2)
            code = workers[victim].end(number)
            # SIGTERM is answered with 0, but by one that has hardly begun to load
            assert code == -number or (number, code) == (signal.SIGTERM, 0), workers[victim].told()
            workers[victim] = Role("worker", shared, settings)
            everyone.append(workers[victim])
        time.sleep(2)
        load.stop()
        wanted = dict(enumerate(ends(settings)))
        until(lambda: in_tables(shared, workers) == wanted, f"the ends {wanted}, now {in_tables(shared, workers)}")
        assert [worker.process.poll() for worker in workers] == [None, None], [worker.told() for worker in workers]
        assert [worker.end() for worker in workers] == [0, 0]
    finally:
        with running(*everyone):
            pass
    found = tables(shared)
    names = [(gym, name) for gym, name, _, _ in found]
    assert len(names) == len(set(names)), "some sets are there twice"
    assert {(gym, f"d{number}") for gym, number in load.acknowledged} == set(names)
    for _, name, reps, weight in found:
        told = event(int(name[1:]))
        assert (reps, weight) == (told["reps"], float(told["weight"]["value"]))  # type: ignore[index]
    assert ledgers(shared) == wanted


def test_a_worker_that_slept_through_its_session_does_no_harm(cluster: Callable[..., Settings], tmp_path: Path) -> None:
    """The other one waits for its locks; when it wakes it gives them up, and everything is there once."""
    settings = cluster()
    shared = tmp_path / "shards"
    workers = [Role("worker", shared, settings) for _ in range(2)]
    load = Load(settings)
    with running(*workers):
        load.start()
        until(lambda: all(settled(shared, worker.process.pid) for worker in workers), "two workers with shards")
        sleeper, other = workers
        sleeper.process.send_signal(signal.SIGSTOP)
        other.wait_for("waiting for the worker that still has the shard")
        sleeper.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        load.stop()
        wanted = dict(enumerate(ends(settings)))
        until(lambda: in_tables(shared, workers) == wanted, f"the ends {wanted}")
        assert [worker.end() for worker in workers] == [0, 0], [worker.told() for worker in workers]
    names = [(gym, name) for gym, name, _, _ in tables(shared)]
    assert len(names) == len(set(names))
    assert {(gym, f"d{number}") for gym, number in load.acknowledged} == set(names)


def test_retention_that_ran_past_a_ledger_ends_the_worker_with_what_to_do(
    cluster: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = cluster(topic_partitions=1)
    data = tmp_path / "shards"
    log = KafkaLog(settings)

    def send(first: int) -> int:
        body = "\n".join(json.dumps(event(number)) for number in range(first, first + 5)).encode()
        return log.append(accept_events(body, tenant="home", upload_id=f"u{first}", received_at=RECEIVED).records)

    worker = Role("worker", data, settings)
    with running(worker):
        end = send(0)
        until(lambda: settled(data) == {0: end}, "the first records")
        assert worker.end() == 0
    gone = send(100)
    send(200)
    log.close()
    with KafkaAdminClient(bootstrap_servers=settings.brokers) as admin:
        admin.delete_records({TopicPartition(f"{settings.topic_prefix}.uploads", 0): gone})
    worker = Role("worker", data, settings)
    with running(worker):
        until(lambda: worker.process.poll() is not None, "the end of the worker")
    assert worker.process.returncode == 1, worker.told()
    assert f"records {end} to {gone - 1} are gone" in worker.told() and "snapshot" in worker.told()
    assert "Traceback" not in worker.told()
    assert ledgers(data) == {0: end}


def in_tables(shared: Path, workers: Sequence[Role]) -> dict[int, int]:
    """By partition: what the running workers have done. Each says so in a file of its own."""
    found: dict[int, int] = {}
    for worker in workers:
        found |= settled(shared, worker.process.pid)
    return found


def tables(shared: Path) -> list[tuple[str, str, int, float]]:
    rows: list[tuple[str, str, int, float]] = []
    for path in sorted(shared.glob("shard-*.duckdb")):
        shard = Shard(path)
        found = shard.query("select tenant_id, document_id, reps, weight_kg from set_fact")
        rows += [(row["tenant_id"], row["document_id"], row["reps"], float(row["weight_kg"])) for row in found]
        assert shard.query("select count(*) as n from rejected") == [{"n": 0}]
        shard.close()
    return rows


def ledgers(shared: Path) -> dict[int, int]:
    found: dict[int, int] = {}
    for path in sorted(shared.glob("shard-*.duckdb")):
        shard = Shard(path)
        found |= {row["partition"]: row["next_offset"] for row in shard.query("select * from ledger")}
        shard.close()
    return found
