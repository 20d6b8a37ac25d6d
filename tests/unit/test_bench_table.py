"""The benchmark's table says what was measured."""

from __future__ import annotations

from bench.run import machine, section, table

ONE = {
    "sets": 1_000_000,
    "seconds": 10.0,
    "seconds_until_applied": 20.0,
    "sets_per_second": 50_000.0,
    "rss_mb_peak": 400.0,
    "ms_p50": 20.0,
    "ms_p99": 45.0,
    "single_post_ms_p50": 4.0,
    "single_post_ms_p99": 9.5,
}
HEART_RATE = {
    "readings": 2_000_000,
    "seconds_worker": 1.25,
    "readings_per_second_worker": 1_600_000.0,
    "seconds_until_applied": 4.0,
    "readings_per_second": 500_000.0,
    "seconds_until_applied_20_blocks": 1.6,
    "readings_per_second_20_blocks": 1_250_000.0,
    "rss_mb_peak": 300.0,
}
RESULT: dict[str, object] = {
    "runs": 3,
    "machine": machine(),
    "embedded_live": ONE,
    "embedded_visits": ONE,
    "http": ONE,
    "rebuild": ONE,
    "recompute": ONE,
    "by_hand": ONE,
    "alert_latency": ONE,
    "alert_latency_with_history": ONE,
    "heart_rate": HEART_RATE,
    "history": [
        {
            "history_sets": sets,
            "ms_median": 30.0 * times,
            "ms_times": times,
            "session_lane_ms_times": 1.0,
            "day_lane_ms_times": times + 0.1,
            "rss_mb_peak": 410.0,
        }
        for sets, times in ((100_000, 1), (1_000_000, 1.2))
    ],
}


def test_every_figure_has_a_row() -> None:
    rows = table(RESULT).splitlines()
    assert len(rows) == 2 + 3 + 3 + 1 + 3 + 2 + 2
    assert "| rebuild from the log | 50,000 sets/s | 10.0 s, peak memory 400 MB |" in rows
    assert "| one event over HTTP, durable | 4.0 ms | p99 9.5 ms |" in rows
    worker = "heart rate in blocks of 1,000 samples, decoded from the log and stored | 1,600,000 readings/s"
    assert f"| {worker} | 2,000,000 readings in 1.2 s, peak memory 300 MB |" in rows
    grown = "1.20 times the first (lane of the session 1.00, of the day 1.30), peak memory 410 MB"
    assert f"| 1,000 more sets on 1,000,000 | 36 ms | {grown} |" in rows


def test_the_section_tells_the_machine() -> None:
    text = section(RESULT)
    assert f"on {machine()['cores']} cores" in text
    assert "medians of 3 runs" in text
