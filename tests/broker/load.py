"""Sets that are posted over HTTP all the time: what was answered 2xx is remembered, everything else is sent again."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.log.kafka import partition_by_name

ATHLETES = 30  # of a gym that train side by side; after their sessions of these days others follow
DAYS = 5  # one session a day: two alerts of one rule about one lift on one day are then one episode
SETS_OF_A_POST = 3
POSTS_OF_A_SESSION = 2
LIFTS = ("Squat (Barbell)", "Bench Press (Barbell)", "Deadlift (Barbell)")
AGAIN_S = 0.2

Acknowledged = dict[tuple[str, str], tuple[int, float]]
"""(gym, document) to (reps, kg): what the tables must hold."""


def gyms_of(partitions: int) -> list[str]:
    """One gym for each partition, in their order."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        name = f"gym{number}"
        found.setdefault(partition_by_name(name, partitions), name)
        number += 1
    return [found[place] for place in range(partitions)]


def post(gym: str, number: int, today: datetime) -> list[dict[str, Any]]:
    """The events of the ``number``-th post of a gym: a pure function. Every fourth session is one of failures.

    ``today`` is the start of the run: sessions lie in the days before it, so that their alerts are news.
    """
    session, part = divmod(number, POSTS_OF_A_SESSION)
    turn, athlete = divmod(session, ATHLETES)
    block, day = divmod(turn, DAYS)
    name = f"{gym}-b{block}-a{athlete}"
    begun = today - timedelta(days=DAYS - day, minutes=athlete)
    fails = (athlete + day) % 4 == 0
    return [
        {
            "kind": "set",
            "athlete": name,
            "source": "bar",
            "document": f"d{number}-{place}",
            "performed_at": (begun + timedelta(minutes=10 * part + 2 * place)).isoformat(),
            "session": f"{name}-{day}",
            "exercise": LIFTS[athlete % len(LIFTS)],
            "set_index": part * SETS_OF_A_POST + place + 1,
            "set_type": "working",
            "weight": {"value": 60 + number % 40, "unit": "kg"},
            "reps": 4 + number % 5,
            "outcome": "failed_mechanical" if fails else "completed",
        }
        for place in range(SETS_OF_A_POST)
    ]


class Sender(threading.Thread):
    """Posts for some gyms in turn, one post every ``every_s``, until stopped."""

    def __init__(self, port: int, keys: dict[str, str], gyms: Sequence[str], every_s: float, today: datetime) -> None:
        super().__init__(daemon=True)
        self._port, self._keys, self._gyms, self._every_s, self._today = port, keys, list(gyms), every_s, today
        self._over, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._idle = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self.acknowledged: Acknowledged = {}
        self.posts = self.refused = self.unanswered = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        turn = 0
        try:
            while not self._over.wait(self._every_s):
                if not self._go.is_set():
                    self._idle.set()
                    self._go.wait()
                    continue
                number, which = divmod(turn, len(self._gyms))
                turn += 1
                self._post(self._gyms[which], number)
        except BaseException as error:
            self.failure = error
        finally:
            self._idle.set()

    def _post(self, gym: str, number: int) -> None:
        events = post(gym, number, self._today)
        body = "\n".join(json.dumps(event) for event in events).encode()
        while not self._over.is_set():
            status, told = self._ask(gym, body)
            if status is not None and 200 <= status < 300:
                self.posts += 1
                for event in events:
                    said = (event["reps"], float(event["weight"]["value"]))
                    self.acknowledged[gym, event["document"]] = said
                return
            if status is None:
                self.unanswered += 1
            elif status == 503:
                self.refused += 1
            else:
                raise AssertionError(f"the gateway answered {status}: {told!r}")
            self._over.wait(AGAIN_S)

    def _ask(self, gym: str, body: bytes) -> tuple[int | None, bytes]:
        """Status and body; no status when the answer did not come."""
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {self._keys[gym]}"}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
            self._connection.request("POST", "/v1/events", body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None, b""

    def hold(self) -> None:
        """Post nothing more until ``go_on``; returns when the last post was answered."""
        self._idle.clear()
        self._go.clear()
        while not self._idle.wait(0.1) and self.is_alive():
            pass

    def go_on(self) -> None:
        self._go.set()

    def stop(self) -> None:
        """Post what is begun, then end; raises what went wrong."""
        self._over.set()
        self._go.set()
        self.join()
        if self.failure is not None:
            raise self.failure


class Load:
    """Several senders as one."""

    def __init__(self, port: int, keys: dict[str, str], every_s: float, senders: int = 2) -> None:
        self.today = datetime.now(UTC).replace(microsecond=0)
        gyms = list(keys)
        self._senders = [
            Sender(port, keys, gyms[number::senders], every_s * senders, self.today) for number in range(senders)
        ]

    def start(self) -> None:
        for one in self._senders:
            one.start()

    def hold(self) -> None:
        for one in self._senders:
            one.hold()

    def go_on(self) -> None:
        for one in self._senders:
            one.go_on()

    def stop(self) -> None:
        for one in self._senders:
            one.stop()

    @property
    def acknowledged(self) -> Acknowledged:
        return {place: said for one in self._senders for place, said in list(one.acknowledged.items())}

    def counts(self) -> dict[str, int]:
        return {
            "posts_acknowledged": sum(one.posts for one in self._senders),
            "sets_acknowledged": len(self.acknowledged),
            "posts_refused_503": sum(one.refused for one in self._senders),
            "posts_unanswered": sum(one.unanswered for one in self._senders),
        }
