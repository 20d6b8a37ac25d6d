"""What exists is documented, what is documented exists, and the README's commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import typer
from house_tree import ROOT, own_files, text_of

from bench import marked
from bench.peers import page as peers_page
from bench.run import BEGIN, END, RESULTS, section
from pipeline.alerts import rules
from pipeline.cli.main import app
from pipeline.errors import Reason
from pipeline.gateway.accept import accept_events
from pipeline.settings import PREFIX, Settings
from pipeline.store import dictionary
from schemas.events import MODELS
from tests.broker import soak_page

BIN = Path(sys.executable).parent


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    """Every command as one types it after ``spotter``."""

    def walk(command: object, prefix: str) -> Iterator[str]:
        children = getattr(command, "commands", None)
        if not children:
            yield prefix
            return
        if getattr(command, "invoke_without_command", False) and prefix:
            yield prefix
        for name, child in children.items():
            yield from walk(child, f"{prefix} {name}".strip())

    yield from walk(typer.main.get_command(app), "")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))


def shell_lines(name: str) -> list[str]:
    """Command lines of the page's ``sh`` blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", page(name), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_data_dictionary_is_current() -> None:
    assert page("docs/data-dictionary.md") == dictionary.page(), (
        "run: .venv/bin/python -m pipeline.store.dictionary > docs/data-dictionary.md"
    )


def test_every_command_is_documented() -> None:
    told = page("docs/commands.md")
    missing = [command for command in commands() if f"`spotter {command}" not in told]
    assert not missing


def test_every_option_is_documented() -> None:
    told = page("docs/commands.md")

    def walk(command: object, prefix: str) -> Iterator[str]:
        for parameter in getattr(command, "params", ()):
            for name in getattr(parameter, "opts", ()):
                if name.startswith("--") and name != "--help" and not re.search(rf"[` ]{name}[` ]", told):
                    yield f"{prefix} {name}"
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, f"{prefix} {name}")

    assert not list(walk(typer.main.get_command(app), "spotter"))


def test_every_setting_is_documented() -> None:
    told = page("docs/settings.md")
    rows = [f"| `{PREFIX}{field.name.upper()}` | {field.default} |" for field in fields(Settings)]
    assert not [row for row in [*rows, f"| `{PREFIX}DATA` | data |"] if row not in told]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    names = {PREFIX + field.name.upper() for field in fields(Settings)}
    told = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", page("docs/settings.md")))
    known = names | set(re.findall(rf'"({PREFIX}[A-Z_]+)"', "".join(text_of(p) or "" for p in own_files(".py"))))
    assert told <= known | {PREFIX + "DATA"}, told - known


def test_every_rule_is_documented() -> None:
    told = page("docs/domain.md")
    assert not [rule.id for rule in rules.load().all() if f"| {rule.id} |" not in told]


def test_every_preset_is_documented() -> None:
    told = page("docs/rules.md")
    assert not [name for name in rules.presets() if f"`{name}`" not in told]


def test_every_reason_is_documented() -> None:
    told = page("docs/contract.md")
    assert not [reason for reason in get_args(Reason) if f"| `{reason}` |" not in told]


def test_every_kind_and_field_is_documented() -> None:
    told = page("docs/contract.md")
    missing = []
    for kind, model in MODELS.items():
        row = next((line for line in told.splitlines() if line.startswith(f"| `{kind}` |")), "")
        common = told.split("| kind |")[0]
        missing += [f"{kind}.{name}" for name in model.model_fields if name not in row and f"`{name}`" not in common]
    assert not missing


def test_the_contracts_example_is_accepted() -> None:
    for text in re.findall(r"```json\n(.*?)```", page("docs/contract.md"), re.DOTALL):
        answer = accept_events(
            text.encode(), tenant="home", upload_id="u", received_at=datetime(2026, 11, 21, tzinfo=UTC)
        )
        assert (answer.accepted, answer.rejected) == (1, 0), answer.results


def test_every_page_is_in_the_index() -> None:
    index = page("docs/README.md")
    pages = [path.name for path in own_files(".md") if path.parent == Path("docs") and path.name != "README.md"]
    assert not [name for name in pages if f"({name})" not in index]


def test_links_lead_somewhere() -> None:
    lost = []
    for path in own_files(".md"):
        for target in re.findall(r"\]\(([^)#\s]+)", text_of(path) or ""):
            if not target.startswith(("http://", "https://", "mailto:")) and not (ROOT / path.parent / target).exists():
                lost.append(f"{path} -> {target}")
        for target in re.findall(r'src="([^"]+)"', text_of(path) or ""):
            if not target.startswith("http") and not (ROOT / path.parent / target).exists():
                lost.append(f"{path} -> {target}")
    assert not lost


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/commands.md", "docs/README.md"])
def test_commands_in_pages_exist(name: str) -> None:
    known = set(commands())
    groups = {command.split()[0] for command in known}
    unknown = []
    for line in shell_lines(name):
        for part in re.split(r"\s*(?:&&|\|)\s*", line):
            words = [word for word in shlex.split(part, comments=True) if "=" not in word.split("/")[0]]
            if not words:
                continue
            if words[0] == "make" and words[1] not in make_targets():
                unknown.append(part)
            if words[0].endswith("spotter") and words[1] not in groups:
                unknown.append(part)
    assert not unknown
    for target in re.findall(r"`make ([a-z]+)", page(name)):
        assert target in make_targets()
    for command in re.findall(r"`spotter ([a-z]+)", page(name)):
        assert command in groups


def run_all(lines: list[str], data: Path) -> list[str]:
    """Run command lines in order with ``data`` as data folder; returns what each printed."""
    printed = []
    for line in lines:
        done = subprocess.run(
            line.replace(".venv/bin/", f"{BIN}/"),
            shell=True,
            check=False,
            cwd=ROOT,
            env=os.environ | {"SPOTTER_DATA": str(data)},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        printed.append(done.stdout)
    return printed


def test_the_readmes_commands_run(tmp_path: Path) -> None:
    """Every ``spotter`` line of the README, in order, on a fresh data folder; they print what it shows."""
    lines = [line for line in shell_lines("README.md") if line.startswith(".venv/bin/spotter ")]
    assert lines
    printed = {line.strip() for text in run_all(lines, tmp_path / "data") for line in text.splitlines()}
    for block in re.findall(r"```text\n(.*?)```", page("README.md"), re.DOTALL):
        assert not [line for line in block.splitlines() if line.strip() not in printed | {""}]


def test_what_make_demo_runs(tmp_path: Path) -> None:
    """The demo's own commands, as the Makefile has them, on a fresh data folder; then again."""
    recipe = page("Makefile").split("\ndemo:")[1].split("\n\n")[0].splitlines()[1:]
    data = tmp_path / "data"
    lines = [line.strip().replace("$(BIN)/", ".venv/bin/").replace("$(DATA)", str(data)) for line in recipe]
    lines = [line for line in lines if line.startswith(".venv/bin/spotter ")]
    assert [line.split()[1] for line in lines] == ["demo", "roster", "alerts"]
    _, roster, alerts = run_all(lines, data)
    assert "carla" in roster
    assert "R02" in alerts
    assert "already" in run_all(lines[:1], data)[0]


def test_figures_beside_others_are_measured() -> None:
    told = marked.read(peers_page.PAGE, peers_page.BEGIN, peers_page.END)
    results = RESULTS.with_name("peers.json")
    measured = peers_page.section(json.loads(results.read_text(encoding="utf-8"))) if results.exists() else ""
    assert told.strip() == measured


def test_what_the_soak_found_is_what_its_file_says() -> None:
    told = marked.read(soak_page.PAGE, soak_page.BEGIN, soak_page.END)
    assert told.strip() == soak_page.section(json.loads(RESULTS.with_name("soak.json").read_text(encoding="utf-8")))


def test_figures_of_the_readme_are_measured() -> None:
    """The README's figures are those of the benchmark's last run; without one it has none."""
    told = marked.read(ROOT / "README.md", BEGIN, END)
    assert told == (section(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else "")
