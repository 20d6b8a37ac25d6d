"""Rules of a gym's own: pairs ``X01.toml`` and ``X01.sql`` of a folder, in the form of a built-in day rule.

What is wrong with a pair leaves that pair out and nothing else; what is right takes part like a built-in rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.alerts.rules import OwnRule

if TYPE_CHECKING:
    from pipeline.store.guard import Guard, Wrong

SUFFIXES = (".toml", ".sql")
FILE_BYTES_MAX = 64 << 10


def remedy(name: str) -> str:
    """What to do about a rule that fails on the stored data."""
    return f"correct {name}.sql; `spotter backtest --file {name}.toml` tries it on a copy"


class Pair(NamedTuple):
    """What was found for one name; ``own`` is None where something is wrong."""

    name: str
    own: OwnRule | None
    wrong: list[Wrong]


class Folder(NamedTuple):
    """All pairs of a folder by name; ``version`` stands for the content of its files, '' for none."""

    pairs: list[Pair]
    version: str

    @property
    def rules(self) -> list[OwnRule]:
        """Those that take part."""
        return [pair.own for pair in self.pairs if pair.own is not None]

    @property
    def left_out(self) -> list[Pair]:
        """Those that do not."""
        return [pair for pair in self.pairs if pair.own is None]


def folder_version(folder: Path, failures: Mapping[str, str]) -> str:
    """The version of a folder's rules, from the bytes of its files and what failed before; nothing is checked."""
    found = [(path.name, _bytes(path)) for path in _files(folder)]
    if not found:
        return ""
    said = hashlib.sha256()
    for name, content in found:
        said.update(f"{name}|{-1 if content is None else len(content)}|".encode() + (content or b""))
    for digest in sorted(failures):
        said.update(f"|failed {digest}".encode())
    return said.hexdigest()[:12]


def read_folder(folder: Path, failures: Mapping[str, str]) -> Folder:
    """Check the pairs of a folder; ``failures`` says of digests why they could not be run on the stored data."""
    names = sorted({path.stem for path in _files(folder)})
    if not names:
        return Folder([], "")
    from pipeline.alerts.own_check import guard

    at = guard()
    try:
        pairs = [read_pair(folder / name, at, failures) for name in names]
    finally:
        at.close()
    return Folder(pairs, folder_version(folder, failures))


def read_file(path: Path) -> Pair:
    """Check the pair a file (either of the two) belongs to."""
    from pipeline.alerts.own_check import guard

    at = guard()
    try:
        return read_pair(path.with_suffix(""), at, {})
    finally:
        at.close()


def read_pair(stem: Path, at: Guard, failures: Mapping[str, str]) -> Pair:
    """Check ``stem`` with .toml and .sql; everything that is wrong is told at once."""
    from pipeline.alerts import own_check
    from pipeline.store.guard import Wrong

    name, wrong = stem.name, []
    if not own_check.IDS.fullmatch(name):
        wrong.append(Wrong(f"{name} is no id of a rule", "ids are X01 to X99, for both files", "rename the files"))
    texts: dict[str, str] = {}
    for suffix in SUFFIXES:
        text = _text(stem.with_name(name + suffix))
        if isinstance(text, str):
            texts[suffix] = text
        else:
            wrong.append(text)
    rule = None
    if ".toml" in texts:
        rule, more = own_check.check_fields(texts[".toml"], name)
        wrong += more
    sql = texts.get(".sql", "").rstrip().removesuffix(";")
    if rule is not None and ".sql" in texts:
        more, sql = own_check.check_condition(rule, sql, at)
        wrong += more
    elif ".sql" in texts:
        parsed = at.parse(sql)
        wrong += [parsed] if isinstance(parsed, Wrong) else parsed.wrong
    if rule is not None and not wrong:
        wrong += own_check.check_rendering(rule)
    digest = hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:12]
    if digest in failures:
        wrong.append(
            Wrong(
                f"{name} failed on the stored data",
                failures[digest],
                remedy(name),
            )
        )
    if wrong or rule is None:
        return Pair(name, None, wrong)
    return Pair(name, OwnRule(rule, sql, digest), [])


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
    except OSError:  # no folder, no rules
        return []


def _bytes(path: Path) -> bytes | None:
    """What the file holds, cut off where it is too large anyway; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError:
        return None


def _text(path: Path) -> str | Wrong:
    from pipeline.store.guard import Wrong

    if not path.exists():
        return Wrong(f"{path.name} is missing", "a rule is a pair of .toml and .sql", "put it beside the other file")
    content = _bytes(path)
    if content is None:
        return Wrong(
            f"{path.name} cannot be read",
            "it is no file, or its rights forbid it",
            "give the service's user the right to read it",
        )
    if len(content) > FILE_BYTES_MAX:
        return Wrong(f"{path.name} is too large", f"it passes {FILE_BYTES_MAX >> 10} KiB", "make it shorter")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Wrong(f"{path.name} is no text", str(error), "save it as UTF-8")
