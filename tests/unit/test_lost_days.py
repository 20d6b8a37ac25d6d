"""A day that is no longer there stood in the windows of the days after it."""

from __future__ import annotations

from tests.sim.driver import Driver


def a_set(document: str, at: str) -> dict[str, object]:
    return {
        "kind": "set", "athlete": "ana", "source": "bar", "document": document, "session": document,
        "exercise": "Push Up", "set_index": 1, "set_type": "working", "reps": 6, "performed_at": at,
    }  # fmt: skip


def test_windows_forget_days_that_lost_their_zone() -> None:
    profile = {"athlete": "ana", "source": "coach", "document": "profile"}
    with Driver() as driver:
        driver.ingest(
            [
                {"kind": "athlete", **profile, "timezone": "Europe/Berlin"},
                a_set("long-before", "2026-08-19T12:00:00Z"),
                a_set("before", "2026-09-20T12:00:00Z"),
                a_set("here", "2026-09-30T20:00:00+00:00"),
            ]
        )
        driver.ingest([{"kind": "delete", **profile}])  # only the last set still knows its day
        assert driver.problems() == []
        (alert,) = driver.query("select body from alert where rule = 'R21' and state = 'open'")
    assert "100 % of 1 " in str(alert["body"])
