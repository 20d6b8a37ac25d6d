"""One workout in two logs counts once: neither twice nor not at all."""

from __future__ import annotations

from tests.sim.driver import Driver


def a_set(source: str, n: int, at: str, *, session: str) -> dict[str, object]:
    return {
        "kind": "set", "athlete": "ana", "source": source, "document": f"{source}-{n}", "session": session,
        "exercise": "Bench Press (Barbell)", "set_index": n, "set_type": "working", "reps": 4 + n,
        "weight": {"value": 80, "unit": "kg"}, "performed_at": at,
    }  # fmt: skip


def counted(driver: Driver) -> list[object]:
    assert driver.problems() == []
    return [row["sets"] for row in driver.query("select sets from athlete_day where sets > 0")]


def test_the_same_workout_in_two_logs_counts_once() -> None:
    with Driver() as driver:
        for source in ("bar", "watch"):
            driver.ingest([a_set(source, n, f"2026-11-20T18:{n:02d}:00+01:00", session=source) for n in range(1, 11)])
        assert counted(driver) == [10]


def test_one_set_that_both_logs_know_does_not_take_a_workout_out_of_the_count() -> None:
    with Driver() as driver:
        driver.ingest([a_set("watch", n, f"2026-11-20T18:{n:02d}:00+01:00", session="x") for n in range(1, 21)])
        driver.ingest([a_set("bar", 3, "2026-11-20T18:03:00+01:00", session="y")])
        assert counted(driver) == [21]


def test_a_log_whose_day_is_not_known_stands_for_nothing() -> None:
    with Driver() as driver:
        driver.ingest([a_set("watch", n, f"2026-11-20T18:{n:02d}:00+01:00", session="x") for n in range(1, 5)])
        driver.ingest([a_set("bar", n, f"2026-11-20T17:{n:02d}:00Z", session="y") for n in range(1, 5)])
        assert counted(driver) == [4]
        driver.ingest([{"kind": "athlete", "athlete": "ana", "document": "profile", "timezone": "Europe/Berlin"}])
        assert counted(driver) == [4]
        (row,) = driver.query("select distinct source from set_fact where superseded_by is null")
        assert row["source"] == "bar"
