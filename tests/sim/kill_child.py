"""The process that gets killed: owns a data folder, takes uploads as fast as it can, says what it acknowledged.

    python -m tests.sim.kill_child DATA SEED

Prints ``ack <first> <count>`` after an append returned: from then on those documents may never be lost.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.gateway.accept import accept_events
from pipeline.worker.embedded import Embedded

EXERCISES = ("Squat (Barbell)", "Bench Press (Barbell)", "Bicep Curl (Dumbbell)")
START = datetime(2026, 6, 1, 17, tzinfo=UTC)
HOURS = 170 * 24


def event(number: int) -> dict[str, object]:
    """The ``number``-th set of the world: a pure function, so that the parent knows what must be there."""
    athlete, session = number % 7, number // 60
    at = START + timedelta(hours=7 * session % HOURS, seconds=20 * (number % 60))  # never after the receipt
    return {
        "kind": "set",
        "athlete": f"k{athlete}",
        "source": "bar",
        "document": f"d{number}",
        "performed_at": at.isoformat().replace("+00:00", "+01:00"),
        "session": f"s{session}-{athlete}",
        "exercise": EXERCISES[number % 3],
        "set_index": number % 60 + 1,
        "set_type": "working",
        "weight": {"value": 40 + number % 50, "unit": "kg"},
        "reps": 5 + number % 6,
        "effort": {"scale": "rir", "value": number % 4},
    }


def main() -> None:
    """Post until killed."""
    data, seed, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    service = Embedded.open(data, background=True)
    print("up", flush=True)
    number = first
    while True:
        count = rng.choice((1, 3, 10, 40))
        body = "\n".join(json.dumps(event(n)) for n in range(number, number + count)).encode()
        accepted = accept_events(
            body, tenant="home", upload_id=f"{seed}-{number}", received_at=datetime(2026, 11, 23, tzinfo=UTC)
        )
        if accepted.rejected:
            raise SystemExit(f"{accepted.rejected} items were rejected: {accepted.results[:1]}")
        service.append(accepted.records, accepted.decoded)
        print(f"ack {number} {count}", flush=True)
        number += count
        if service.failure is not None:
            raise service.failure
        if rng.random() < 0.2:
            service.wait_applied(service.log.end_offset(0), 5)


if __name__ == "__main__":
    main()
