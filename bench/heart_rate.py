"""Heart rate at speed: uploads of 1,000 samples each, in a process of its own; prints JSON.

``python -m bench.heart_rate heart_rate UPLOADS DATA``; ``bench.run`` calls it. One figure is the worker's alone:
from the records of the log to committed rows, in one batch, the columns made by nobody before. The others begin at
the door: every upload is decoded, answered and durable, and then in the tables, both lanes done; once an upload has
one block of 1,000 samples, and once the twenty blocks of an athlete.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.embedded import Measured, rss_mb_peak, send
from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.worker.embedded import Embedded

SAMPLES = 1_000  # of one upload, a second apart
BLOCKS_OF_ATHLETE = 20  # five hours and a half of one day
FIRST_DAY = datetime(2026, 1, 5, 6, tzinfo=UTC)
WAIT_SECONDS_MAX = 3600.0
_OFFSETS = ",".join(map(str, range(SAMPLES)))
_EVENT = (
    '{"kind":"heart_rate","athlete":"a%04d","source":"strap","document":"%s","start":"%s","offset_s":['
    + _OFFSETS
    + '],"bpm":[%s]}\n'
)


def uploads(count: int) -> Iterator[bytes]:
    """So many bodies of one event of ``SAMPLES`` samples; an athlete's follow each other in time."""
    for number in range(count):
        athlete, block = divmod(number, BLOCKS_OF_ATHLETE)
        start = FIRST_DAY + timedelta(seconds=block * SAMPLES)
        rates = ",".join(str(95 + (athlete * 7 + block * 11 + second // 4) % 80) for second in range(SAMPLES))
        document = f"hr-{athlete:04d}-{block:02d}"
        yield (_EVENT % (athlete, document, start.strftime("%Y-%m-%dT%H:%M:%S+00:00"), rates)).encode()


def heart_rate(count: str, data: str) -> Measured:
    """The measurements, each on a folder of its own under ``data``."""
    bodies = list(uploads(int(count)))
    readings = len(bodies) * SAMPLES
    batch, lanes = _worker(bodies, Path(data) / "worker")
    answered, applied = _door(bodies, readings, Path(data) / "door")
    joined = [b"".join(bodies[first : first + BLOCKS_OF_ATHLETE]) for first in range(0, len(bodies), BLOCKS_OF_ATHLETE)]
    _, synced = _door(joined, readings, Path(data) / "synced")
    return {
        "readings": readings,
        "uploads": len(bodies),
        "seconds_worker": batch,
        "seconds_worker_both_lanes": lanes,
        "readings_per_second_worker": readings / batch,
        "seconds_until_answered": answered,
        "seconds_until_applied": applied,
        "readings_per_second": readings / applied,
        "seconds_until_applied_20_blocks": synced,
        "readings_per_second_20_blocks": readings / synced,
        "rss_mb_peak": rss_mb_peak(),
    }


def _worker(bodies: list[bytes], data: Path) -> tuple[float, float]:
    """Seconds until the rows of one batch are committed, and until the day-level lane is done as well."""
    service = Embedded.open(data, SystemClock())
    records = []
    for number, body in enumerate(bodies):
        answer = accept_events(
            body, tenant="home", source_default="strap", upload_id=f"b{number}", received_at=SystemClock().now()
        )
        records += answer.records
    service.append(records)
    begun = time.perf_counter()
    while service._apply_some():
        pass
    batch = time.perf_counter() - begun
    service.apply_all()
    lanes = time.perf_counter() - begun
    _check(service, len(bodies) * SAMPLES)
    return batch, lanes


def _door(bodies: list[bytes], readings: int, data: Path) -> tuple[float, float]:
    """Seconds until every upload was answered, and until everything is in the tables."""
    service = Embedded.open(data, SystemClock(), background=True)
    begun = time.perf_counter()
    end = 0
    for number, body in enumerate(bodies):
        end = send(service, body, f"b{number}")
    answered = time.perf_counter() - begun
    if not service.wait_applied(end, WAIT_SECONDS_MAX):
        raise SystemExit("not applied in time")
    applied = time.perf_counter() - begun
    _check(service, readings)
    return answered, applied


def _check(service: Embedded, readings: int) -> None:
    found = service.query("select count(*)::bigint as n from heart_rate_sample")[0]["n"]
    service.close()
    if found != readings:
        raise SystemExit(f"{readings} readings were sent, {found} are in the tables")


MEASUREMENTS = {"heart_rate": heart_rate}

if __name__ == "__main__":
    print(json.dumps(MEASUREMENTS[sys.argv[1]](*sys.argv[2:])))
