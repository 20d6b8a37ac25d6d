"""E-mail, ntfy and chat through Apprise, against real servers on 127.0.0.1."""

from __future__ import annotations

import importlib.util
import socketserver
import threading
from collections.abc import Callable
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from relay_fakes import NOON, Receiver, World, an_alert

from pipeline.errors import RefusedError
from pipeline.gateway.channels import Wishes
from pipeline.relay import messages, people, plan
from pipeline.relay.outcome import Outcome

SECONDS = 20.0


def deliver(url: str, *, allowed: str = "any", seconds: float = SECONDS) -> Outcome:
    return people.deliver(url, "Squat", "Stop early.", severity="warning", allowed=allowed, seconds_max=seconds)


def test_a_chat_service_gets_the_words_of_the_alert(tmp_path: Path, receiver: Receiver) -> None:
    world = World(tmp_path)
    channel, _ = world.channels.add("home", "apprise", f"json://127.0.0.1:{receiver.port}/chat", Wishes())
    world.tell(an_alert())
    (got,) = receiver.got
    assert got.json["title"] == "Warning · ana · Squat 1: taken to failure"
    assert got.json["message"].splitlines() == [
        "1 of 3 sets ended at failure. It goes away after 3 sessions without failure.",
        "Stop with 1 to 2 repetitions in reserve.",
        f"R02 · alert {an_alert()['alert_id']}",
    ]
    assert world.statuses(channel) == [("alert.opened", "sent")]
    assert len(world.stream.mirrored) == 1


def test_a_service_that_fails_is_tried_again(tmp_path: Path) -> None:
    receiver = Receiver([500])
    world = World(tmp_path)
    channel, _ = world.channels.add("home", "apprise", f"json://127.0.0.1:{receiver.port}/chat", Wishes())
    world.tell(an_alert())
    assert world.statuses(channel) == [("alert.opened", "due")]
    world.later(seconds=6)
    assert (world.statuses(channel), len(receiver.got)) == ([("alert.opened", "sent")], 2)
    receiver.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_addresses_hear_nothing(receiver: Receiver, host: str) -> None:
    told = deliver(f"json://{host}:{receiver.port}/chat", allowed="public")
    assert (told.verdict, receiver.got) == ("again", [])
    assert "private" in told.told and "SPOTTER_CHANNEL_ADDRESSES" in told.told


def test_redirects_are_not_followed() -> None:
    target = Receiver()
    receiver = Receiver([(307, {"location": target.url}), (302, {"location": target.url})])
    for _ in range(2):
        assert deliver(f"json://127.0.0.1:{receiver.port}/chat").verdict == "again"
    assert (len(receiver.got), target.got) == (2, [])
    receiver.close()
    target.close()


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "dbus://",
        "nothing://x",
        "https:/x",
        "json://127.0.0.1/?verify=no",
        "json://127.0.0.1/?redirect=yes",
        "msteams://a@b/c/d/?template=/etc/passwd",
        "",
    ],
)
def test_what_is_no_service_or_not_allowed(url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        people.examine(url, "any", seconds_max=SECONDS)
    assert caught.value.why and "ntfys://" in caught.value.do


def test_the_service_is_named_and_the_address_need_not_answer() -> None:
    assert people.examine("ntfys://example.org/topic", "public", seconds_max=SECONDS) == "ntfy"


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RefusedError) as caught:
        people.examine("ntfys://example.org/topic", "any", seconds_max=SECONDS)
    assert "spotter[channels]" in caught.value.do
    assert deliver("ntfys://example.org/topic").verdict == "again"


def test_a_service_that_hangs_is_stopped_in_time() -> None:
    hold = threading.Event()
    receiver = Receiver(seen=lambda got: hold.wait(30) and None)
    told = deliver(f"json://127.0.0.1:{receiver.port}/chat?rto=60", seconds=3.0)
    hold.set()
    assert told == Outcome("again", "no answer within 3 s")
    receiver.close()


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of SMTP as one message needs."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.letters: list[str] = []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = []
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    letter.append(part.decode())
                self.server.letters.append("".join(letter))  # type: ignore[attr-defined]
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


def test_an_e_mail_arrives() -> None:
    box = Mailbox()
    url = f"mailto://127.0.0.1:{box.port}?from=spotter@example.org&to=coach@example.org&mode=insecure"
    told = deliver(url)
    assert told.verdict == "sent", told
    letter = message_from_string(box.letters[0])
    assert str(make_header(decode_header(letter["subject"]))) == "Squat"
    assert "coach@example.org" in letter["to"]
    assert deliver(url, allowed="public").verdict == "again"
    assert len(box.letters) == 1
    box.shutdown()
    box.server_close()


def test_ntfy_gets_it(receiver: Receiver) -> None:
    deliver(f"ntfy://127.0.0.1:{receiver.port}/gym")
    (got,) = receiver.got
    assert "Stop early." in got.body


Words = Callable[[str], str]


def test_texts_of_what_becomes_of_an_alert() -> None:
    def told(kind: str, **changes: object) -> tuple[str, str]:
        return messages.title_and_text(messages.body(kind, NOON, an_alert(**changes)))

    title, text = told(plan.WITHDRAWN, state="withdrawn", replaced_by="x")
    assert title.startswith("Withdrawn: ") and "wrong" in text and "in its place" in text and "Stop with" not in text
    title, text = told(plan.RESOLVED, state="resolved", resolved_on="2026-11-25")
    assert title.startswith("Over: ") and "2026-11-25" in text
    assert told(plan.UPDATED)[0].startswith("Changed: ")
    one = messages.body(plan.OPENED, NOON, an_alert(1))
    title, text = messages.title_and_text(messages.digest_body(NOON, [one, one]))
    assert title == "Spotter: 2 alerts" and text.count("Squat 1: taken to failure") == 2
