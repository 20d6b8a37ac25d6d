"""Where the relay gets alerts from: an interface, and the outbox of a shard in the same process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

Query = Callable[[str, Sequence[object]], list[dict[str, Any]]]
_NEWS = """
select seq, alert_id, revision, state, log_offset, payload
from base.outbox
where seq >= ?
order by seq
limit ?
"""
_DELIVERED = "select distinct alert_id from base.alert_delivered"


class Mark(NamedTuple):
    """The message a reader took last: its number, and enough to see whether that number still means the same."""

    seq: int
    alert_id: str
    revision: str
    state: str
    log_offset: int


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as it stood when it was told: ``schemas.alerts.Alert`` as plain values."""

    mark: Mark
    alert: dict[str, Any]


class Delivered(NamedTuple):
    """A revision that has left for a person."""

    alert_id: str
    revision: str
    at: datetime


class _Told(Protocol):
    @property
    def alert_id(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def log_offset(self) -> int: ...


class TopicMessage(Protocol):
    """A message of the topic (``pipeline.log.alerts_topic.Heard``)."""

    @property
    def offset(self) -> int: ...
    @property
    def told(self) -> _Told: ...


class AlertSource(Protocol):
    """A numbered stream of alerts that can be read again."""

    def read(self, after: Mark | None, limit: int) -> list[Message] | None:
        """Messages after ``after`` in order, at most ``limit``; from the first when it is None.

        None when the stream is not the one ``after`` was read from: a shard that was lost begins a new one.
        """
        ...

    def heard_of(self) -> set[str]:
        """Ids of alerts that left for somebody, as the store remembers it."""
        ...

    def note_delivered(self, rows: Sequence[Delivered]) -> None:
        """Tell the store what has left; telling it twice does no harm."""
        ...


class TopicSource:
    """The topic of alerts, told by the workers of a cluster; ``read`` and ``end_offset`` are those of the topic.

    The topic is compacted: where the message that was read last is gone, the reading goes on behind it.
    """

    def __init__(self, read: Callable[[int, int], Sequence[TopicMessage]], end_offset: Callable[[], int]) -> None:
        self._read, self._end_offset = read, end_offset

    def read(self, after: Mark | None, limit: int) -> list[Message] | None:
        """See ``AlertSource``."""
        if after is not None and self._end_offset() <= after.seq:  # the topic was made anew
            return None
        found = [
            _message(heard)
            for heard in self._read(after.seq if after else 0, limit + 1)
            if heard.told.payload  # nothing is said of an alert that was erased
        ]
        if after is not None and found and found[0].mark.seq == after.seq:
            return found[1:] if found[0].mark == after else None
        return found[:limit]

    def heard_of(self) -> set[str]:
        """The ledger of the relay alone knows: it is to be kept."""
        return set()

    def note_delivered(self, rows: Sequence[Delivered]) -> None:
        """Workers take what they published as heard."""


def _message(heard: TopicMessage) -> Message:
    alert: dict[str, Any] = orjson.loads(heard.told.payload)
    mark = Mark(heard.offset, heard.told.alert_id, alert["revision"], alert["state"], heard.told.log_offset)
    return Message(mark, alert)


class OutboxSource:
    """The outbox of the shard in this process, through its owner."""

    def __init__(self, query: Query, note: Callable[[Sequence[Delivered]], None]) -> None:
        self._query, self._note = query, note

    def read(self, after: Mark | None, limit: int) -> list[Message] | None:
        """See ``AlertSource``."""
        found = [
            Message(
                Mark(row["seq"], row["alert_id"], row["revision"], row["state"], row["log_offset"]),
                orjson.loads(row["payload"]),
            )
            for row in self._query(_NEWS, [after.seq if after else 0, limit + 1])
        ]
        if after is None:
            return found[:limit]
        return found[1:] if found and found[0].mark == after else None

    def heard_of(self) -> set[str]:
        """See ``AlertSource``."""
        return {row["alert_id"] for row in self._query(_DELIVERED, [])}

    def note_delivered(self, rows: Sequence[Delivered]) -> None:
        """See ``AlertSource``."""
        self._note(rows)
