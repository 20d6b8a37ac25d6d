"""The part of a page between two marks, which a measurement writes and a test reads."""

from __future__ import annotations

from pathlib import Path


def write(page: Path, begin: str, end: str, text: str) -> None:
    """Put ``text`` between the marks, in the place of what was there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(before + begin + text + end + rest.partition(end)[2], encoding="utf-8")


def read(page: Path, begin: str, end: str) -> str:
    """What stands between the marks."""
    return page.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
