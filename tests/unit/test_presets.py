"""A folder's preset: chosen by a command, taken from its next opening on, and taken back without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.alerts.rules import load
from pipeline.errors import UsageError
from pipeline.worker.own_rules import FOLDER, PRESET_NAME, choose_preset, preset_of
from tests.sim.driver import Driver
from tests.sim.views import differences, read_views
from tests.unit.service_events import a_set

Spotter = Callable[..., tuple[int, str, str]]
FAILED = [
    a_set(f"s{n}", exercise="Squat (Barbell)", set_index=n, rir=None, outcome="failed_mechanical") for n in range(1, 5)
]


def found(driver: Driver) -> tuple[set[tuple[str, str]], float]:
    """(rule, severity) of the open alerts, and the failure load of the day."""
    alerts = driver.query("select rule, severity from alert where state = 'open'")
    (day,) = driver.query("select failure_load from athlete_day")
    return {(str(row["rule"]), str(row["severity"])) for row in alerts}, float(str(day["failure_load"]))


def test_another_preset_works_history_out_again_and_back() -> None:
    with Driver() as driver:
        driver.ingest(FAILED)
        before, load_before = found(driver)
        views = read_views(driver.query)
        assert ("R02", "warning") in before and ("R01", "warning") in before
        choose_preset(driver.data, "evidence")
        driver.restart()
        driver.service.apply_all()
        after, load_after = found(driver)
        assert ("R02", "advice") in after and ("R02", "warning") not in after
        assert load_after == pytest.approx(load_before / 1.5), "a squat weighs 1.5 by its class, and 1 here"
        assert driver.service.check() == []
        choose_preset(driver.data, "guideline")
        driver.restart()
        driver.service.apply_all()
        assert found(driver) == (before, load_before)
        assert not differences(views, read_views(driver.query))


def test_the_command_shows_and_chooses(spotter: Spotter, tmp_path: Path) -> None:
    code, out, _ = spotter("rules", "preset", "--json")
    assert code == 0
    assert [(row["preset"], row["in_force"]) for row in json.loads(out)] == [("guideline", True), ("evidence", False)]
    code, out, note = spotter("rules", "preset", "evidence")
    assert code == 0 and "in force" in out.splitlines()[-1] and "history is worked out again" in note
    shown = json.loads(spotter("rules", "show", "R02", "--json")[1])
    assert shown["severities"] == load("evidence")["R02"].severities != load()["R02"].severities
    code, _, told = spotter("rules", "preset", "strict")
    assert code != 0 and "use one of guideline, evidence" in told


def test_a_file_that_names_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / PRESET_NAME).write_text("strict\n")
    with pytest.raises(UsageError, match="strict"):
        preset_of(tmp_path)
