"""Control data that other roles of a cluster need: the gateway publishes it, the relay and the pages keep a copy.

One message a row of the control file, under its table and key; the newest counts, none ends it. What is not among them
stays with the gateway: answers to idempotency keys, when devices sent, when keys were used. A key is there as its
hash. A webhook's secret must be there as it is, for the relay signs with it: whoever may read the topic may sign.

The relay has one thing to say itself: that a channel is gone (410). It says so beside the channel's row, the gateway
takes it over and ends the message.
"""

from __future__ import annotations

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import orjson
import structlog

from pipeline.errors import SpotterError
from pipeline.gateway.channels import disable
from pipeline.gateway.control import Control

LOOK_EVERY_S = 1.0
FED_POLL_S = 0.1
AGAIN_EVERY_S = 5.0

# tables in the order that rows need each other in, with their keys and what else of them is shared
SHARED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tenant": (("tenant_id",), ("created_at",)),
    "api_key": (
        ("key_id",),
        ("tenant_id", "secret_hash", "scopes", "label", "created_at", "expires_at", "revoked_at"),
    ),
    "placement": (("tenant_id",), ("partition",)),
    "channel": (
        ("channel_id",),
        (
            "tenant_id", "kind", "url", "secret", "old_secret", "old_until", "wishes", "created_at", "disabled_at",
            "disabled_why",
        ),
    ),
    "acknowledged": (("tenant_id", "alert_id"), ("at",)),
    "snoozed": (("tenant_id", "what", "name"), ("until",)),
}  # fmt: skip
DISABLED = "disabled"
_BINARY = "secret_hash"

log = structlog.get_logger("spotter.control")

Rows = dict[bytes, bytes]


class Topic(Protocol):
    """The topic, as much of it as is used here."""

    def publish(self, rows: Mapping[bytes, bytes | None]) -> None: ...
    def news(self) -> dict[bytes, bytes | None]: ...
    def close(self) -> None: ...


def shared_rows(control: Control) -> Rows:
    """The rows that are shared, as messages: key and value."""
    found: Rows = {}
    for table, (keys, others) in SHARED.items():
        for row in control.rows(f"select {', '.join((*keys, *others))} from {table}"):
            values = dict(zip(others, row[len(keys) :], strict=True))
            if _BINARY in values:
                values[_BINARY] = bytes(values[_BINARY]).hex()
            found[orjson.dumps([table, *row[: len(keys)]])] = orjson.dumps(values)
    return found


def put(control: Control, rows: Mapping[bytes, bytes | None]) -> None:
    """Make rows of the control file what messages say; of tables that are not known nothing is done."""
    said = [(orjson.loads(key), value) for key, value in rows.items()]
    for table, (keys, others) in SHARED.items():
        for (_, *key), value in (one for one in said if one[0][0] == table):
            if value is None:
                control.durably(f"delete from {table} where {' and '.join(f'{one} = ?' for one in keys)}", tuple(key))
                continue
            values = orjson.loads(value)
            if values.get(_BINARY) is not None:
                values[_BINARY] = bytes.fromhex(values[_BINARY])
            control.durably(
                f"insert into {table} ({', '.join((*keys, *others))}) values"
                f" ({', '.join('?' for _ in (*keys, *others))}) on conflict ({', '.join(keys)}) do update set"
                f" {', '.join(f'{name} = excluded.{name}' for name in others)}",
                (*key, *(values.get(name) for name in others)),
            )


def wait_until_fed(control: Control, seconds_max: float) -> bool:
    """Whether a gateway published every row of the control file that lies before it, within so long."""
    ends_at = time.monotonic() + seconds_max
    while _unfed(shared_rows(control), control.fed()):
        if time.monotonic() >= ends_at:
            return False
        time.sleep(FED_POLL_S)
    return True


def _unfed(rows: Rows, fed: Mapping[bytes, bytes]) -> dict[bytes, bytes | None]:
    """What is to be published: rows of which another digest was ``fed``, or none, and None for what ended."""
    changed: dict[bytes, bytes | None] = {key: value for key, value in rows.items() if fed.get(key) != _digest(value)}
    return changed | dict.fromkeys(fed.keys() - rows.keys())


class _Looking(ABC):
    """A thread that looks again and again; while the brokers are away it says so once and goes on."""

    def __init__(self, control: Control, topic: Topic) -> None:
        self.control, self.topic = control, topic
        self.failure: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Look in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and let go of the topic."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.topic.close()

    @abstractmethod
    def look(self) -> None:
        """Once; raises StorageError when the topic or the file cannot be used."""

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(LOOK_EVERY_S if self.try_to(self.look) else AGAIN_EVERY_S)

    def try_to(self, work: Callable[[], None]) -> bool:
        """Whether it could be done; the reason why not is told once."""
        try:
            work()
        except SpotterError as error:
            if self.failure is None:
                log.warning("control data not shared; tried again", what=error.what, why=error.why)
            self.failure = str(error)
            return False
        self.failure = None
        return True


class ControlFeed(_Looking):
    """The gateway's side. It ends what it published itself alone, so several gateways leave each other's rows."""

    def __init__(self, control: Control, topic: Topic) -> None:
        super().__init__(control, topic)
        self._there: set[bytes] = set()  # keys in the topic

    def look(self) -> None:
        """Take over what the relay says, publish what changed."""
        news = self.topic.news()
        ended: dict[bytes, bytes | None] = {}
        for key, value in news.items():
            table, *rest = orjson.loads(key)
            if table == DISABLED and value is not None:
                _disable(self.control, rest[0], value)
                ended[key] = None
        self._there -= {key for key, value in news.items() if value is None}
        self._there |= {key for key, value in news.items() if value is not None}
        rows = shared_rows(self.control)
        lost = {key: value for key, value in rows.items() if key not in self._there}
        changed = lost | _unfed(rows, self.control.fed())
        if changed or ended:
            self.topic.publish(changed | ended)
            self.control.note_fed({key: None if value is None else _digest(value) for key, value in changed.items()})


class ControlMirror(_Looking):
    """The side of those who read: a control file of their own, made what the topic says."""

    def __init__(self, control: Control, topic: Topic) -> None:
        super().__init__(control, topic)
        self._known: Rows = {}
        self._read = False
        self._looking = threading.Lock()
        self._to_tell: deque[tuple[str, str, str]] = deque()

    def tell_disabled(self, channel_id: str, at: str, why: str) -> None:
        """Have the gateway told that a channel was disabled here. From any thread.

        What is not told before the end of the process is found out anew by the next message to that channel.
        """
        self._to_tell.append((channel_id, at, why))

    def wait(self, say: Callable[[], None]) -> None:
        """Until everything that a gateway published is here; ``say`` is called once if that takes waiting."""
        told = False
        while not (self.try_to(self.look) and self._known):
            if not told:
                say()
                told = True
            self._stop.wait(LOOK_EVERY_S)

    def look(self) -> None:
        """Take over what was published, and tell of channels that were disabled here. From any thread."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        news = self.topic.news()
        self._known = {key: value for key, value in (self._known | news).items() if value is not None}
        if not self._read and self._known:  # what ended while nobody looked may have no message any more
            news = dict.fromkeys(shared_rows(self.control)) | self._known
        put(self.control, news)
        self._read = bool(self._known)
        while self._to_tell:
            channel_id, at, why = self._to_tell[0]
            key, value = orjson.dumps([DISABLED, channel_id]), orjson.dumps({"disabled_at": at, "disabled_why": why})
            self.topic.publish({key: value})
            self._known[key] = value
            self._to_tell.popleft()
        for key, value in self._known.items():  # until the gateway has taken it over
            table, *rest = orjson.loads(key)
            if table == DISABLED:
                _disable(self.control, rest[0], value)


def _disable(control: Control, channel_id: str, message: bytes) -> None:
    said = orjson.loads(message)
    disable(control, channel_id, said["disabled_at"], said["disabled_why"])


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()
