"""How long a set takes until what follows from it stands in the outbox, while sets come at a steady rate.

A set counts from the moment it was due, not from when it could be sent. Its alerts of the set- and session-level rules
are written by the transaction that stores it, those of the day-level rules by the one that works out its days; so the
commits of both are what is waited for, for every set, whether it led to an alert or not.
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from bench.generate import SETS_PER_WORKOUT
from bench.peers.contest import Contestant, Line, Result, Running, counted
from bench.peers.topic import APPENDED, Topic, bodies_in, made, records, set_lines, workouts
from pipeline.log.kafka import KafkaLog

STEP_S = 0.02  # what is due in it is sent at its end, together
WARM_S = 5.0  # the first seconds do not count: the worker comes from an empty queue
DAY_RULES_FROM = "R07"
_OUTBOX = """
select count(*) filter (json_extract_string(payload, '$.rule') < ?),
    count(*) filter (json_extract_string(payload, '$.rule') >= ?)
from base.outbox where log_offset > ?
"""


def latency(
    who: Contestant,
    brokers: str,
    folder: Path,
    *,
    athletes: int,
    before: int,
    rate: int,
    seconds: float,
    seconds_max: float,
    whole_workouts: bool = False,
) -> Result:
    """``before`` sets are applied, then ``rate`` sets a second come for so many seconds: each by itself, as it is
    done, or the ``whole_workouts`` of athletes who are."""
    settings = made(brokers)
    sets_each = SETS_PER_WORKOUT if whole_workouts else 1
    before //= sets_each
    per_second = rate / sets_each
    step = max(int(per_second * STEP_S), 1)
    offered = -(-int(per_second * seconds) // step) * step
    end = before + offered
    bodies = workouts(end, athletes) if whole_workouts else set_lines(end, athletes)
    topic = Topic(settings, {0: end})
    log = KafkaLog(settings)
    running = None
    try:
        history = records(bodies, before)
        while part := list(islice(history, APPENDED)):
            log.append(part)
        coming = list(records(bodies, offered))
        running = Running(who, topic, folder, "")
        running.until(lambda line: _reached(line, "settled", before), seconds_max)
        begun = time.monotonic()
        for number in range(0, offered, step):
            due = begun + (number + step) / per_second
            if (early := due - time.monotonic()) > 0:
                time.sleep(early)
            reached = log.append(coming[number : number + step])
            assert reached == before + number + step, "somebody else writes to this topic"
        sent = time.monotonic()
        running.until(lambda line: _reached(line, "settled", end), seconds_max)
        memory = running.rss_mb_peak()
    finally:
        if running is not None:
            running.end()
        log.close()
    due_at = begun + np.arange(1, offered + 1) / per_second
    warm = min(int(WARM_S * per_second), offered // 2)
    taken = {
        lane: (_committed_at(running.lines, what, before, offered) - due_at)[warm:] * 1000
        for lane, what in (("session", "committed"), ("day", "settled"))
    }
    with duckdb.connect(str(folder / "shard-0.duckdb")) as connection:
        session, day = connection.execute(_OUTBOX, [DAY_RULES_FROM, DAY_RULES_FROM, before]).fetchall()[0]
    return {
        "sets": offered * sets_each,
        "sets_before": before * sets_each,
        "sets_a_record": sets_each,
        "athletes": athletes,
        "offered_per_second": rate,
        "sent_per_second": offered * sets_each / (sent - begun),
        **{f"{lane}_ms_p50": float(np.percentile(ms, 50)) for lane, ms in taken.items()},
        **{f"{lane}_ms_p99": float(np.percentile(ms, 99)) for lane, ms in taken.items()},
        **{f"{lane}_ms_max": float(ms.max()) for lane, ms in taken.items()},
        "session_outbox_rows": session,
        "day_outbox_rows": day,
        "first_sets_left_out": warm * sets_each,
        "rss_mb_peak": memory,
        **counted(who, folder, (bodies_in(before) + bodies_in(offered)) * sets_each),
    }


def _reached(line: Line, what: str, offset: int) -> bool:
    return bool(line["what"] == what and line["next"] >= offset)


def _committed_at(lines: list[Line], what: str, first: int, count: int) -> npt.NDArray[np.float64]:
    """When each of ``count`` offsets from ``first`` on was done, by the lines of one kind."""
    found = [(line["next"], line["at"]) for line in lines if line["what"] == what]
    ends, at = np.array([end for end, _ in found]), np.array([moment for _, moment in found])
    return at[np.searchsorted(ends, np.arange(first, first + count), side="right")]
