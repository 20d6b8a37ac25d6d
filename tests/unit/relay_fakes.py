"""A receiver on 127.0.0.1, a made-up stream of alerts, and a relay with a clock that stands."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from standardwebhooks import Webhook

from pipeline.clock import FixedClock
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.relay.ledger import Ledger
from pipeline.relay.relay import Relay, no_fault
from pipeline.relay.send import ChannelSender
from pipeline.relay.source import Delivered, Mark, Message
from pipeline.settings import Settings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWN_NETWORK = Settings(channel_addresses="any", delivery_seconds_max=5.0)


class Got(NamedTuple):
    """One request as it came in."""

    headers: dict[str, str]
    body: str

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))

    def is_signed_with(self, secret: str) -> bool:
        """Signed by the secret over id, timestamp and body; without the age check, as clocks stand in tests."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        return Webhook(secret).sign(self.name, at, self.body) in self.headers["webhook-signature"].split()


Answer = tuple[int, dict[str, str]]


class Receiver:
    """An HTTP server that keeps what it gets; ``answers`` are given in turn, then 200."""

    def __init__(
        self,
        answers: Sequence[int | Answer] = (),
        seen: Callable[[Got], None] = lambda got: None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.answers = [(one, {}) if isinstance(one, int) else one for one in answers]
        self.got: list[Got] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                got = Got({name.lower(): value for name, value in self.headers.items()}, body)
                receiver.got.append(got)
                seen(got)
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def names(self) -> list[str]:
        return [got.name for got in self.got]

    @property
    def types(self) -> list[str]:
        return [got.json["type"] for got in self.got]


def an_alert(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An alert as the outbox tells it."""
    return {
        "alert_id": f"{number:08x}-0000-5000-8000-000000000000",
        "tenant_id": "home",
        "athlete_id": "ana",
        "rule": "R02",
        "scope": "exercise:back_squat",
        "severity": "warning",
        "state": "open",
        "revision": "r1",
        "folded_into": None,
        "replaced_by": None,
        "corrects": [],
        "opened_on": "2026-11-20",
        "updated_on": "2026-11-20",
        "resolved_on": None,
        "ends_on": None,
        "title": f"Squat {number}: taken to failure",
        "body": "1 of 3 sets ended at failure. It goes away after 3 sessions without failure.",
        "action": "Stop with 1 to 2 repetitions in reserve.",
        "rule_version": "1",
        "model_version": "1",
        "evidence": [],
    } | changes


class Stream:
    """A source whose messages a test writes; ``lose`` makes it begin anew, as after a lost shard."""

    def __init__(self) -> None:
        self.rows: list[Message] = []
        self.mirrored: list[Delivered] = []
        self._generation = 0

    def tell(self, *alerts: dict[str, Any]) -> None:
        for alert in alerts:
            mark = Mark(
                len(self.rows) + 1, alert["alert_id"], alert["revision"], alert["state"], 1000 * self._generation
            )
            self.rows.append(Message(mark, alert))

    def lose(self, *alerts: dict[str, Any]) -> None:
        self._generation += 1
        self.rows = []
        self.tell(*alerts)

    def read(self, after: Mark | None, limit: int) -> list[Message] | None:
        if after is None:
            return self.rows[:limit]
        if after.seq > len(self.rows) or self.rows[after.seq - 1].mark != after:
            return None
        return self.rows[after.seq : after.seq + limit]

    def heard_of(self) -> set[str]:
        return {row.alert_id for row in self.mirrored}

    def note_delivered(self, rows: Sequence[Delivered]) -> None:
        self.mirrored += rows


class World:
    """A relay over a folder; ``restart`` ends it as a kill would and begins anew on the same files."""

    def __init__(self, folder: Path, settings: Settings = OWN_NETWORK, **sender: Any) -> None:
        self.folder, self.clock, self.stream = folder, FixedClock(NOON), Stream()
        self.control = Control(folder, self.clock)
        self.channels = Channels(self.control, self.clock)
        self.sender = ChannelSender(settings, **sender)
        self.relay = self._relay()

    def _relay(self, fault: Callable[[str], None] = no_fault) -> Relay:
        return Relay(self.stream, Ledger(self.folder), self.channels, self.sender, self.clock, fault=fault)

    def webhook(self, url: str, **wishes: Any) -> tuple[str, str]:
        channel_id, secret = self.channels.add("home", "webhook", url, Wishes(**wishes))
        assert secret is not None
        return channel_id, secret

    def tell(self, *alerts: dict[str, Any]) -> None:
        """News, and a turn of the relay."""
        self.stream.tell(*alerts)
        self.relay.turn()

    def later(self, **by: float) -> None:
        """Let time pass, then a turn."""
        self.clock.at += timedelta(**by)
        self.relay.turn()

    def at(self, text: str) -> None:
        """Put the clock to an instant, then a turn."""
        self.clock.at = datetime.fromisoformat(text).astimezone(UTC)
        self.relay.turn()

    def restart(self, fault: Callable[[str], None] = no_fault) -> None:
        self.relay.ledger.close()
        self.relay = self._relay(fault)

    def statuses(self, channel_id: str) -> list[tuple[str, str]]:
        """(kind, status) of all messages of a channel, oldest first."""
        return [(one.kind, one.status) for one in reversed(self.relay.ledger.history(channel_id, 1000))]
