"""One measurement of the embedded service in a process of its own; prints JSON.

``python -m bench.embedded ingest FILE DATA`` and so on; ``bench.run`` calls these.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.generate import bodies
from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.worker.embedded import Embedded

WAIT_SECONDS_MAX = 3600.0

BY_HAND_COLUMNS = ("athlete", "document", "performed_at", "session", "exercise", "set_index", "set_type", "reps")
BY_HAND_SCHEMA = pa.schema(
    [(name, pa.int64() if name in ("set_index", "reps") else pa.string()) for name in BY_HAND_COLUMNS]
    + [("weight_kg", pa.float64()), ("rir", pa.float64())]
)
BY_HAND_TABLE = (
    "create table sets (athlete varchar, document varchar, performed_at varchar, session varchar, exercise varchar,"
    " set_index bigint, set_type varchar, reps bigint, weight_kg double, rir double)"
)

Measured = dict[str, float | int | str]


def send(service: Embedded, body: bytes, upload_id: str) -> int:
    """One body through the gateway's path; returns the log's end offset when it is durable."""
    answer = accept_events(
        body,
        content_type="application/x-ndjson",
        tenant="home",
        source_default="hall",
        upload_id=upload_id,
        received_at=SystemClock().now(),
        admin=False,
    )
    if answer.rejected:
        raise SystemExit(f"{answer.rejected} lines of {upload_id} were rejected: {answer.results[:1]}")
    end: int = service.append(answer.records, answer.decoded)
    return end


def ingest(file: str, data: str) -> Measured:
    """All bodies of a file: decoded, answered, durable, and applied with models and rules by the worker beside it."""
    service = Embedded.open(Path(data), SystemClock(), background=True)
    begun = time.perf_counter()
    end = count = 0
    for number, body in enumerate(bodies(Path(file))):
        end = send(service, body, f"b{number}")
        count += body.count(b"\n")
    accepted = time.perf_counter()
    if not service.wait_applied(end, WAIT_SECONDS_MAX):
        raise SystemExit("not applied in time")
    done = time.perf_counter()
    found, alerts = count_of(service, "set_fact"), count_of(service, "alert")
    service.close()
    if found != count:
        raise SystemExit(f"{count} sets were sent, {found} are in the tables")
    return {
        "sets": count,
        "alerts": alerts,
        "seconds_until_answered": accepted - begun,
        "seconds_until_applied": done - begun,
        "sets_per_second": count / (done - begun),
        "rss_mb_peak": rss_mb_peak(),
    }


def rebuild(data: str) -> Measured:
    """Everything anew from the log that ``ingest`` left."""
    return _anew(data, Embedded.rebuild)


def recompute(data: str) -> Measured:
    """Models and rules anew over the stored facts, as after a change of the catalogue or of a rule."""
    return _anew(data, Embedded.recompute)


def _anew(data: str, work: Callable[[Embedded], None]) -> Measured:
    service = Embedded.open(Path(data), SystemClock())
    service.apply_all()
    sets = count_of(service, "set_fact")
    seconds = timed(lambda: work(service))
    service.close()
    return _rate(sets, seconds)


def count_of(service: Embedded, view: str) -> int:
    """The rows of a view."""
    return int(str(service.query(f"select count(*)::bigint as n from {view}")[0]["n"]))


def _rate(sets: int, seconds: float) -> Measured:
    return {"sets": sets, "seconds": seconds, "sets_per_second": sets / seconds, "rss_mb_peak": rss_mb_peak()}


def by_hand(file: str, data: str) -> Measured:
    """The peer: what a script without Spotter does with the same bodies.

    ``json.loads`` per line, an Arrow table per body, the older rows of its documents out and the new ones in, one
    commit a body. No checks, no versions, no log, no models, no rules.
    """
    folder = Path(data)
    folder.mkdir(parents=True)
    connection = duckdb.connect(str(folder / "by_hand.duckdb"), config={"threads": 2})
    connection.execute(BY_HAND_TABLE)
    begun = time.perf_counter()
    count = 0
    for body in bodies(Path(file)):
        events = [json.loads(line) for line in body.splitlines()]
        rows = [
            {name: event.get(name) for name in BY_HAND_COLUMNS}
            | {"weight_kg": event["weight"]["value"], "rir": (event.get("effort") or {}).get("value")}
            for event in events
        ]
        connection.register("incoming", pa.Table.from_pylist(rows, schema=BY_HAND_SCHEMA))
        connection.execute("begin")
        connection.execute(
            "delete from sets s using incoming i where s.athlete = i.athlete and s.document = i.document"
        )
        connection.execute("insert into sets by name select * from incoming")
        connection.execute("commit")
        connection.unregister("incoming")
        count += len(events)
    seconds = time.perf_counter() - begun
    connection.close()
    return _rate(count, seconds)


def latency(data: str, trials: str) -> Measured:
    """A failed deadlift is sent; how long until its alert can be read. One athlete after the other."""
    service = Embedded.open(Path(data), SystemClock(), background=True)
    at = datetime(2026, 1, 5, 18, tzinfo=UTC)
    taken = []
    for trial in range(int(trials)):
        stamp = (at + timedelta(minutes=trial)).isoformat()
        athlete = f"latency{trial % 200:03d}"
        event = {
            "kind": "set",
            "athlete": athlete,
            "document": f"d{trial}",
            "performed_at": stamp,
            "session": f"s{trial}",
            "exercise": "Deadlift (Barbell)",
            "set_index": 1,
            "set_type": "working",
            "weight": {"value": 100, "unit": "kg"},
            "reps": 5,
            "outcome": "failed_mechanical",
        }
        body = json.dumps(event).encode()
        begun = time.perf_counter()
        end = send(service, body, f"t{trial}")
        _until_alert(service, athlete, end)
        taken.append((time.perf_counter() - begun) * 1000)
    service.close()
    taken.sort()
    return {
        "trials": len(taken),
        "ms_p50": statistics.median(taken),
        "ms_p99": taken[min(len(taken) - 1, int(len(taken) * 0.99))],
    }


def _until_alert(service: Embedded, athlete: str, end: int) -> None:
    deadline = time.perf_counter() + 30
    while time.perf_counter() < deadline:
        if service.applied() >= end:
            rows = service.query(
                "select 1 as found from alert where athlete_id = ? and rule = 'R02' limit 1", (athlete,)
            )
            if rows:
                return
        time.sleep(0.0005)
    raise SystemExit(f"no alert for {athlete} within 30 s")


def timed(work: Callable[[], None]) -> float:
    """How long it takes, in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def rss_mb_peak() -> float:
    """The greatest resident memory of this process so far, in MB (1e6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


MEASUREMENTS: dict[str, Callable[..., Measured]] = {
    "ingest": ingest,
    "rebuild": rebuild,
    "recompute": recompute,
    "by_hand": by_hand,
    "latency": latency,
}

if __name__ == "__main__":
    print(json.dumps(MEASUREMENTS[sys.argv[1]](*sys.argv[2:])))
