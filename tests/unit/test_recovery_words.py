"""Recovery in the report and on the athlete's page: numbers beside the athlete's own usual, only what is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dashboards.recovery_words import recovery_lines
from tests.sim.driver import Driver
from tests.unit.test_day_rules import days, hrv, night, steady
from tests.unit.test_trend_rules import CURL, RAISE, course


def newest() -> dict[str, object]:
    with Driver() as driver:
        driver.ingest([*steady(88), *course(CURL, first=60), *course(RAISE, first=60)])
        (day,) = driver.service.query(
            Path("dashboards/queries/recovery.sql").read_text(encoding="utf-8"), ("home", "ana")
        )
        return day


def test_a_day_is_told_with_the_own_usual() -> None:
    lines = recovery_lines(newest())
    assert lines[0] == "sleep: 7 h 29 min, usual 7 h 20 min, 9.6 h below the need in 14 days (ring)"
    assert lines[1] == "resting heart rate: 54 bpm, usual 52 bpm (ring)"
    assert lines[2] == "HRV (RMSSD overnight): 63 ms, usual 60 ms, the week is inside the usual range (ring)"
    assert lines[3] == "check-ins: near the usual (mclean)"
    assert lines[4].startswith("summary of the athlete's own signals: ") and "strength -" in lines[4]
    assert lines[4].endswith("100 % of them known)")


def test_what_is_not_known_is_not_told() -> None:
    with Driver() as driver:
        driver.ingest([night(days(0, 1)[0]), hrv(days(0, 1)[0], 60)])
        (day,) = driver.service.query(
            Path("dashboards/queries/recovery.sql").read_text(encoding="utf-8"), ("home", "ana")
        )
    assert recovery_lines(day) == ["sleep: 7 h 20 min (ring)", "HRV (RMSSD overnight): 60 ms (ring)"]


def test_the_report_has_it(spotter: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    events.write_text("\n".join(json.dumps(event) for event in steady(40)), encoding="utf-8")
    assert spotter("ingest", str(events))[0] == 0
    code, out, _ = spotter("report", "--athlete", "ana")
    assert code == 0
    assert "recovery on 2026-02-13:\n  sleep: 7 h 29 min, usual 7 h 20 min" in out
    code, out, _ = spotter("report", "--athlete", "ana", "--json")
    assert json.loads(out)["recovery"]["resting_hr_source"] == "ring"
