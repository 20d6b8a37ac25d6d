"""Summer time begins while somebody trains: the day ends by the clock of the last set."""

from __future__ import annotations

import pytest

from tests.sim.driver import Driver

ZONE = "Pacific/Auckland"  # 2:00 becomes 3:00 on 27 September 2026


def workout(times: list[str | None]) -> dict[str, object]:
    sets = [
        {
            "exercise": "Lat Pulldown (Cable)", "set_index": index, "set_type": "working", "reps": 8,
            "weight": {"value": 60, "unit": "kg"}, "effort": {"scale": "rir", "value": 1},
            **({"performed_at": at} if at else {}),
        }
        for index, at in enumerate(times, 1)
    ]  # fmt: skip
    return {
        "kind": "session", "athlete": "ana", "source": "bar", "document": "w", "session": "w", "timezone": ZONE,
        "start": "2026-09-27T01:47:00", "end": "2026-09-27T03:10:00", "sets": sets,
    }  # fmt: skip


@pytest.mark.parametrize(
    "times",
    [
        [None, None, None],
        ["2026-09-27T01:50:00", "2026-09-27T01:58:00", "2026-09-27T03:08:00"],
    ],
)
def test_freshness_at_the_days_end_counts_the_hour_that_was_skipped_once(times):
    with Driver() as driver:
        driver.ingest([workout(times), {"kind": "tick", "now_at": "2026-10-02T00:00:00Z"}])
        assert driver.problems() == []
        (day,) = driver.query(
            "select freshness from mart.muscle_day where muscle = 'lats' and local_day = '2026-09-27'"
        )
    last_hour = 3 + (10 if times[0] is None else 8) / 60
    assert day["freshness"] == pytest.approx((24 - last_hour) / 48)
