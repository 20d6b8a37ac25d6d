"""kill -9 under load, in short; in full with ``make soak``."""

from __future__ import annotations

from pathlib import Path

from tests.sim.kills import run

KILLS = 30


def test_invariant_I1_kill_minus_nine_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    report = run(KILLS, seed=20261123, data=tmp_path / "data")
    print(report)
    assert report.kills == KILLS
    assert report.inside_a_batch * 2 >= KILLS, report
    assert report.holds, report
    assert report.acknowledged > 100, report
