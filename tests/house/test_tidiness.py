"""Length of modules, words that do not belong in the tree, and files nobody reads."""

from __future__ import annotations

import re
import stat

from house_tree import ROOT, bytes_of, own_files, text_of

LINES_MAX = 400
# assembled, so that this file does not find itself
LEFT_OPEN = (
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
    "raise Not" + "ImplementedError",
    "pragma: no " + "cover",
    "mark." + "skip(",
)
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/tmp/" + "hd")
REGISTRIES = (
    "py" + "pi.org",
    "pypi" + "host",
    "index-" + "url",
    "ghcr" + ".io",
    "quay" + ".io",
    "registry" + ".npm",
    "art" + "ifactory",
)
MAKING_OF = (
    "clau" + "de",
    "anth" + "ropic",
    "open" + "ai",
    "chat" + "gpt",
    "co" + "pilot",
    "language " + "model",
    "ai-" + "generated",
)
NO_ROOM = ("utils.py", "helpers.py", "misc.py")


def _findings(needles: tuple[str, ...], *, fold: bool = False) -> list[str]:
    found = []
    for path in own_files():
        text = text_of(path)
        if text is None:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            shown = line.casefold() if fold else line
            found += [f"{path}:{number} {needle}" for needle in needles if needle in shown]
    return found


def test_modules_are_short() -> None:
    long = [
        f"{path}: {lines} lines"
        for path in own_files(".py", ".sql", ".js", ".css")
        if (lines := len(bytes_of(path).splitlines())) > LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_nothing_is_left_open() -> None:
    assert not _findings(LEFT_OPEN)


def test_no_path_of_a_machine() -> None:
    assert not _findings(MACHINE_PATHS)


def test_no_address_of_a_registry() -> None:
    assert not _findings(REGISTRIES)


def test_no_word_about_how_it_is_made() -> None:
    assert not _findings(MAKING_OF, fold=True)


def test_no_room_for_leftovers() -> None:
    assert not [path for path in own_files(".py") if path.name in NO_ROOM]


def test_documents_that_are_named_exist() -> None:
    """A comment that sends the reader to a page must send them to one that is here."""
    names = {path.name for path in own_files(".md")}
    paths = {path.as_posix() for path in own_files(".md")}
    lost = []
    for path in own_files(".py", ".sql", ".md", ".toml", ".html"):
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
            for named in re.findall(r"(?<![\w*/.{}-])((?:[\w-]+/)*[\w-]+\.md)\b", line):
                if named not in paths and named.split("/")[-1] not in names:
                    lost.append(f"{path}:{number} {named}")
    assert not lost, "\n".join(lost)


def test_scripts_can_be_run() -> None:
    for path in own_files():
        if bytes_of(path)[:2] == b"#!":
            assert (ROOT / path).stat().st_mode & stat.S_IXUSR, f"{path} starts with #! but cannot be executed"


def test_versions_are_pinned_by_name_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    assert len({line.split("==")[0].casefold() for line in lines}) == len(lines)


def test_every_dependency_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    fold = str.maketrans("_.", "--")
    names = {re.split(r"[\[<>=!~; ]", one)[0].casefold().translate(fold) for one in wanted}
    pinned = {
        line.split("==")[0].casefold().translate(fold)
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    assert names <= pinned, sorted(names - pinned)
