"""Which version of a document counts (design.md 4), and what became of every item (I2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.oracle.times import as_microseconds
from tests.oracle.validity import bad_event, good_sets


@dataclass(frozen=True)
class Item:
    """One item of an upload as the log holds it.

    ``offset`` is the log offset of its record, ``index`` its index in the upload, ``event`` the
    object as sent. ``source`` names the sender for events that do not name one.
    """

    tenant: str
    offset: int
    index: int
    received_at: datetime
    event: dict[str, Any]
    source: str = "api"
    tz: str | None = None
    admin: bool = False


@dataclass(frozen=True, order=True)
class Version:
    """The triple (rank, value, position); the greatest one is the state of the document."""

    rank: int
    value: int
    offset: int
    index: int


@dataclass(frozen=True)
class Document:
    """A document in one version. ``event`` is null for a tombstone."""

    tenant: str
    athlete: str
    source: str
    document: str
    version: Version
    item: Item
    event: dict[str, Any] | None
    items: int


Key = tuple[str, str, str, str]


@dataclass
class Documents:
    """The state of every document, the clock of every tenant, and the account of all items."""

    state: dict[Key, Document] = field(default_factory=dict)
    clock: dict[str, datetime] = field(default_factory=dict)
    rejected: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    account: Counter[str] = field(default_factory=Counter)

    @property
    def living(self) -> list[Document]:
        return [document for document in self.state.values() if document.event is not None]


def version_of(item: Item, before: list[Version]) -> Version:
    """The version an item states; ``before`` are the versions of its document earlier in the log."""
    revision = item.event.get("revision")
    if revision is not None:
        return Version(1, revision if isinstance(revision, int) else as_microseconds(revision), item.offset, item.index)
    if item.event["kind"] == "delete" and before:
        greatest = max(before)
        return Version(greatest.rank, greatest.value, item.offset, item.index)
    return Version(0, item.offset, item.offset, item.index)


def fold(items: list[Item]) -> Documents:
    """Fold items, in any order, in the order of the log."""
    result = Documents()
    versions: dict[Key, list[Version]] = {}
    everything = 0
    for item in sorted(items, key=lambda i: (i.offset, i.index)):
        event = item.event
        problem = bad_event(event, item.received_at, item.tz, item.admin)
        everything += 1
        if problem:
            result.rejected.append((item.tenant, event.get("athlete", ""), item.offset, item.index, problem))
            result.account["rejected"] += 1
            continue
        if event["kind"] == "tick":
            at = datetime.fromisoformat(event["now_at"].replace("Z", "+00:00"))
            result.clock[item.tenant] = max(at, result.clock.get(item.tenant, at))
            result.account["tick"] += 1
            continue
        stands_for = 1
        if event["kind"] == "session" and event.get("sets"):
            good, reasons = good_sets(event, item.received_at, item.tz)
            for reason in reasons:
                result.rejected.append((item.tenant, event["athlete"], item.offset, item.index, reason))
            result.account["rejected"] += len(reasons)
            event = {**event, "sets": good}
            stands_for = max(1, len([entry for entry in good if entry is not None]))
            everything += stands_for + len(reasons) - 1
        source = event.get("source") or item.source
        key = (item.tenant, event["athlete"], source, event["document"])
        seen = versions.setdefault(key, [])
        version = version_of(item, seen)
        seen.append(version)
        alive = event["kind"] != "delete"
        document = Document(*key, version, item, event if alive else None, stands_for)
        stored = result.state.get(key)
        if stored is None or version > stored.version:
            if stored is not None:
                result.account["superseded"] += stored.items
            result.state[key] = document
        else:
            result.account["superseded"] += stands_for
    for document in result.state.values():
        result.account["current" if document.event else "gone"] += document.items
    result.account["items"] = everything
    return result
