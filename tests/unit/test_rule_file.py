"""The rule file: presets, versions, the page made from it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.alerts import statements
from pipeline.alerts.catalogue import main, page, section
from pipeline.alerts.lane import SESSION_DAYS
from pipeline.alerts.rules import _read, load, presets
from pipeline.errors import UsageError

ROOT = Path(__file__).parents[2]


def test_the_page_in_docs_is_the_one_the_rule_file_makes(tmp_path: Path) -> None:
    main([str(tmp_path / "rules.md")])
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page()
    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == page()


def test_the_page_states_thresholds_with_all_their_digits() -> None:
    for rule in load().all():
        (line,) = (line for line in section(rule).splitlines() if line.startswith("- thresholds: "))
        told = {part.split("`")[1]: float(part.split()[-1]) for part in line.removeprefix("- thresholds: ").split(", ")}
        assert told == rule.thresholds, rule.id


def test_rule_versions_change_with_what_a_rule_decides_with() -> None:
    rules, lenient = load(), load("evidence")
    assert rules.rule_version("R01") != lenient.rule_version("R01")
    changed = rules.with_changes("R01", {"many": 4.0})
    assert changed.rule_version("R01") != rules.rule_version("R01")
    assert changed.rule_version("R02") == rules.rule_version("R02")
    assert changed.version != rules.version
    assert changed.parameters["r01_many"] == 4
    assert rules.parameters["r01_many"] == 3
    assert rules.with_changes("R01", {"many": "high"}).parameters["r01_many_level"] == 4


def test_a_new_version_of_the_file_makes_stored_alerts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before, file = load.__wrapped__(), _read()
    monkeypatch.setattr("pipeline.alerts.rules._read", lambda: file | {"version": "another"})
    after = load.__wrapped__()
    assert after.version != before.version
    assert after.rule_version("R01") == before.rule_version("R01")
    assert after.with_changes("R01", {}).version == after.version


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="no preset"):
        load("strict")
    with pytest.raises(UsageError, match="no rule R99"):
        load().with_changes("R99", {})
    with pytest.raises(UsageError, match="no setting"):
        load().with_changes("R01", {"often": 3.0})
    with pytest.raises(UsageError, match="no setting"):
        load().with_changes("R02", {"limit": "loud"})


def test_presets_state_the_systemic_factor() -> None:
    assert {name: preset.systemic_factor for name, preset in presets().items()} == {
        "guideline": "class", "evidence": "one",
    }  # fmt: skip
    assert load("evidence").systemic_factor == "one"


def test_every_parameter_of_the_sql_is_in_the_rule_file() -> None:
    known = set(load().parameters)
    for name in ("R01", "R02", "R03", "R04", "R05", "R06", "R19", "R21"):
        sql, parameters = statements.text(f"conditions/{name}")
        assert set(parameters) <= known | {"first_day"}  # from where on rows are read
        assert sql.startswith("-- rule: " + name)


def test_session_rules_look_back_as_far_as_their_alerts_live() -> None:
    for rule in ("R01", "R03", "R04", "R05", "R19"):
        assert load()[rule].look_back_days == SESSION_DAYS
    assert load()["R02"].look_back_days == load()["R02"].thresholds["days"]


def test_every_threshold_decides_something() -> None:
    """A number that nothing reads could be set in a back-test and would change nothing."""
    room = files("pipeline.alerts")
    parts = [*room.iterdir(), *files("pipeline.worker").iterdir()]
    texts = [part.read_text(encoding="utf-8") for part in parts if part.name.endswith((".py", ".sql"))]
    for folder in ("conditions", "steps"):
        texts += [part.read_text(encoding="utf-8") for part in room.joinpath(folder).iterdir()]
    whole = "".join(texts)
    for rule in load().all():
        shown = {proof.threshold for proof in rule.evidence}
        for key in rule.thresholds:
            assert key in shown or f"${rule.id.lower()}_{key}" in whole or f'thresholds["{key}"]' in whole, (
                f"{rule.id}: {key}"
            )
