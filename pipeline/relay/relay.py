"""The relay: takes alerts in, decides per channel, sends, and writes down what became of it.

The order is the guarantee:
1. news and the cursor are written in one transaction;
2. an attempt is written down before it is made, its result after it; a process that dies between the two makes it
   again with the same id and the same bytes;
3. what left is mirrored in the store, so that a withdrawal is shown to those who were told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
import structlog

from pipeline.clock import Clock
from pipeline.errors import SpotterError
from pipeline.gateway.channels import Channel, Channels
from pipeline.relay import hours, messages, plan
from pipeline.relay.delivery import Delivery, Known
from pipeline.relay.ledger import Ledger
from pipeline.relay.outcome import Outcome
from pipeline.relay.schedule import wait_after
from pipeline.relay.source import AlertSource, Message

READ_MAX = 500
DIGEST_MAX = 50  # alerts in one digest
SENDERS = 32  # attempts at once, one per channel
LOOK_EVERY_S = 0.5
KEPT = timedelta(days=400)  # what was done so long ago is forgotten: a year, and time to look back at it
PRUNE_EVERY = timedelta(days=1)
CLOSE_SECONDS_MAX = 3.0
CLOSE_POLL_S = 0.05
CHANGED = "the alert has changed meanwhile"

log = structlog.get_logger("spotter.relay")
Fault = Callable[[str], None]


class Sender(Protocol):
    """Makes one attempt over a channel."""

    def __call__(self, channel: Channel, message_id: str, body: str, now: datetime, severity: str) -> Outcome: ...


def no_fault(point: str) -> None:
    """Where tests stop the process: ``"sent"`` lies between an attempt and its result."""


def up_to_date() -> None:
    """Channels are read where they are made."""


class Relay:
    """One relay over one ledger; ``turn`` does what is due, ``start`` does so in threads until ``close``."""

    def __init__(
        self,
        source: AlertSource,
        ledger: Ledger,
        channels: Channels,
        sender: Sender,
        clock: Clock,
        *,
        refresh: Callable[[], None] = up_to_date,
        fault: Fault = no_fault,
    ) -> None:
        """``refresh`` brings ``channels`` up to date where they are a copy: a channel that was there before an alert
        must be known when the alert is planned, for it is planned once."""
        self.ledger, self.channels = ledger, channels
        self._refresh = refresh
        self._source, self._sender, self._clock, self._fault = source, sender, clock, fault
        self._taking = threading.Lock()
        self._busy: set[str] = set()  # channels with an attempt under way
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._began = False
        self._pruned_at: datetime | None = None

    # taking in -------------------------------------------------------------

    def take_in(self) -> int:
        """Read what is new and plan it for every channel; the number of messages read."""
        with self._taking:
            cursor = self.ledger.cursor()
            silent = self._source.heard_of() if cursor is None else set()
            count = 0
            while batch := self._source.read(cursor, READ_MAX):
                self._refresh()
                with self.ledger.transaction():
                    for message in batch:
                        self._take(message, silent)
                    cursor = batch[-1].mark
                    self.ledger.move(cursor)
                count += len(batch)
            return self._take_anew() if batch is None else count

    def _take_anew(self) -> int:
        """The store lost its outbox and made it again: what is known is passed over, what is gone is withdrawn."""
        stream: list[Message] = []
        while batch := self._source.read(stream[-1].mark if stream else None, READ_MAX):
            stream += batch
        if batch is None or not stream:  # lost once more meanwhile, or nothing is there yet: looked at again later
            return 0
        self._refresh()
        found = {message.mark.alert_id for message in stream}
        with self.ledger.transaction():
            for message in stream:
                self._take(message, set())
            for name, body in self.ledger.standing():
                if name not in found:
                    self._plan(
                        orjson.loads(body)["data"] | {"state": "withdrawn", "evidence": []}, stream[-1].mark.log_offset
                    )
            self.ledger.move(stream[-1].mark)
            self.ledger.mirror_again()
        log.info("the outbox was made anew", messages=len(stream))
        return len(stream)

    def _take(self, message: Message, silent: set[str]) -> None:
        mark = message.mark
        if self.ledger.known(mark.alert_id) == Known(mark.revision, mark.state):
            return
        if mark.log_offset < self.ledger.known_until(mark.alert_id):  # a worker that began from an older copy
            return
        if mark.alert_id in silent:  # the ledger is new, and somebody has heard of it
            self.ledger.note(
                message.alert["tenant_id"], mark.alert_id, Known(mark.revision, mark.state), mark.log_offset
            )
            return
        self._plan(message.alert, mark.log_offset)

    def _plan(self, alert: dict[str, Any], log_offset: int) -> None:
        name, state = alert["alert_id"], Known(alert["revision"], alert["state"])
        turn = self.ledger.note(alert["tenant_id"], name, state, log_offset)
        now = self._clock.now()
        for channel in self.channels.of(alert["tenant_id"]):
            before = self.ledger.of_alert(channel.channel_id, name)
            for one in plan.outdated(before):
                self._drop_outdated(one, now)
            if channel.disabled_at is not None:
                continue
            kind = plan.news_kind(alert, before, self._corrected(channel, alert), channel.wishes)
            if kind is None:
                continue
            self.ledger.add(
                Delivery(
                    channel.channel_id,
                    messages.message_id(name, *state, turn),
                    kind,
                    alert_id=name,
                    revision=alert["revision"],
                    tenant=alert["tenant_id"],
                    athlete=alert["athlete_id"],
                    severity=alert["severity"],
                    next_at=now,
                    body=messages.body(kind, now, alert),
                    created_at=now,
                )
            )

    def _drop_outdated(self, one: Delivery, now: datetime) -> None:
        """Do not send an alert as it no longer stands. What is being sent is decided when its result is there."""
        if one.status == "in digest" and one.digest_id is not None:
            digest = self.ledger.get(one.channel_id, one.digest_id)
            if digest is None or digest.status == "sending":
                return
            self.ledger.unbundle(digest, CHANGED, now=now, next_at=digest.next_at or now)
        elif one.status == "sending":
            return
        self.ledger.finish(one, "dropped", CHANGED, now=now)

    def _corrected(self, channel: Channel, alert: dict[str, Any]) -> Delivery | None:
        for name in alert.get("corrects", ()):
            sent = [one for one in self.ledger.of_alert(channel.channel_id, name) if one.status == "sent"]
            if sent:
                return sent[-1]
        return None

    # sending ---------------------------------------------------------------

    def turn(self) -> None:
        """Take in what is new, send what is due now over every channel, mirror what left."""
        self.take_in()
        self._resume()
        for channel_id in self.ledger.channels_due(self._clock.now()):
            self._serve(channel_id)
        self.mirror()
        self._prune()

    def test(self, channel: Channel) -> Outcome:
        """Send a test message now; it is written down like any other, and tried once."""
        now = self._clock.now()
        name = f"test_{channel.channel_id}_{now.strftime('%Y%m%dT%H%M%S%f')}"
        body = messages.test_body(now, channel.tenant, channel.channel_id)
        one = Delivery(channel.channel_id, name, plan.TEST, tenant=channel.tenant, body=body, created_at=now)
        self.ledger.add(one)
        self.ledger.begin(one, now)
        outcome = self._sender(channel, name, body, now, one.severity)
        self.ledger.finish(one, "sent" if outcome.verdict == "sent" else "failed", outcome.told, now=self._clock.now())
        return outcome

    def mirror(self) -> None:
        """Tell the store what has left."""
        while rows := self.ledger.not_mirrored():
            self._source.note_delivered([row for _, row in rows])
            self.ledger.mirrored([number for number, _ in rows])

    def _prune(self) -> None:
        now = self._clock.now()
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_EVERY:
            self._pruned_at = now
            self.ledger.prune(now - KEPT)

    def _resume(self) -> None:
        """What was being sent when a process ended, or when its result could not be written, is sent again."""
        now = self._clock.now()
        for one in self.ledger.interrupted():
            with self._lock:
                busy = one.channel_id in self._busy
            if one.kind == plan.TEST:
                if not self._began:
                    self.ledger.finish(one, "failed", "the process ended meanwhile", now=now)
            elif not busy:
                self.ledger.resume(one, now)
        self._began = True

    def _serve(self, channel_id: str) -> None:
        """Send what is due over one channel, one after the other, until an attempt fails."""
        channel = self.channels.get(channel_id)
        bundle: list[Delivery] = []
        for one in self.ledger.due(channel_id, self._clock.now()):
            if self._stop.is_set():
                return
            if channel is None or channel.disabled_at is not None:
                self.ledger.finish(one, "dropped", "the channel is removed or disabled", now=self._clock.now())
            elif self._passes(one, channel):
                if one.bundled:
                    bundle.append(one)
                elif not self._attempt(channel, one):
                    return
        for first in range(0, len(bundle), DIGEST_MAX):
            if channel is None or not self._attempt(channel, self._digest(channel, bundle[first : first + DIGEST_MAX])):
                return

    def _passes(self, one: Delivery, channel: Channel) -> bool:
        """Whether a message goes now; otherwise it is written down why not."""
        now = self._clock.now()
        if self._drop_changed(one, now, now):
            return False
        if one.alert_id is not None:
            before = [other for other in self.ledger.of_alert(channel.channel_id, one.alert_id) if other != one]
            alert = orjson.loads(one.body)["data"]
            if plan.news_kind(alert, before, self._corrected(channel, alert), channel.wishes) is None:
                self.ledger.finish(one, "dropped", "told already, or no longer asked for", now=now)
                return False
        gate = plan.gate(one, channel.wishes, self.channels, self._sent_today(one, channel, now), now)
        if gate.until is not None:
            self.ledger.wait(one, gate.until, bundled=gate.bundled)
        elif gate.does == "drop":
            self.ledger.finish(one, "dropped", gate.why, now=now)
        return gate.does == "go"

    def _sent_today(self, one: Delivery, channel: Channel, now: datetime) -> int:
        if channel.wishes.zone is None or channel.wishes.per_day is None or one.athlete is None:
            return 0
        return self.ledger.sent_between(channel.channel_id, one.athlete, *hours.day_of(now, channel.wishes.zone))

    def _digest(self, channel: Channel, parts: list[Delivery]) -> Delivery:
        """Several messages as one; a single one stays what it is."""
        if len(parts) == 1:
            return parts[0]
        now = self._clock.now()
        highest = max(parts, key=lambda part: plan.LEVELS.index(part.severity))
        digest = Delivery(
            channel.channel_id,
            messages.digest_id(channel.channel_id, [part.message_id for part in parts]),
            plan.DIGEST,
            tenant=channel.tenant,
            severity=highest.severity,
            next_at=now,
            body=messages.digest_body(now, [part.body for part in parts]),
            created_at=now,
        )
        self.ledger.bundle(digest, parts, now)
        return digest

    def _attempt(self, channel: Channel, one: Delivery) -> bool:
        """One attempt, written down before and after; False when it failed."""
        now = self._clock.now()
        if not self.ledger.begin(one, now):
            return True  # it has changed meanwhile, and what it is now has its own turn
        try:
            outcome = self._sender(channel, one.message_id, one.body, now, one.severity)
        except Exception as error:  # a mistake of ours must not be made twice a second
            outcome = Outcome("again", f"the attempt failed here: {type(error).__name__}")
        self._fault("sent")
        begun = self.ledger.get(channel.channel_id, one.message_id)
        if begun is not None:
            self._conclude(channel, begun, outcome)
        return outcome.verdict == "sent"

    def _conclude(self, channel: Channel, one: Delivery, outcome: Outcome) -> None:
        now = self._clock.now()
        log.info("attempt", channel=channel.channel_id, message=one.message_id, n=one.attempts, told=outcome.told)
        if outcome.verdict == "sent":
            self.ledger.finish(one, "sent", outcome.told, now=now)
            return
        if outcome.verdict == "gone":
            self.channels.disable(channel.channel_id, outcome.told)
            self.ledger.finish(one, "failed", outcome.told, now=now)
            return
        if outcome.not_before is not None:
            self.ledger.pause(channel.channel_id, outcome.not_before)
        wait = wait_after(one.attempts, one.message_id)
        if wait is None:
            self.ledger.finish(one, "failed", f"{outcome.told}; given up", now=now)
        elif not self._drop_changed(one, now, now + wait):
            next_at = max(now + wait, outcome.not_before or now)
            self.ledger.finish(one, "due", outcome.told, now=now, next_at=next_at)

    def _drop_changed(self, one: Delivery, now: datetime, next_at: datetime) -> bool:
        """Whether a message, or a part of a digest, tells what is no longer so; then it is not tried again."""
        changed = [part for part in self.ledger.members(one) if self._has_changed(part)]
        if changed:
            self.ledger.unbundle(one, CHANGED, now=now, next_at=next_at)
        elif self._has_changed(one):
            changed = [one]
        for part in changed:
            self.ledger.finish(part, "dropped", CHANGED, now=now)
        return bool(changed)

    def _has_changed(self, one: Delivery) -> bool:
        """Whether the alert stands otherwise by now, so that this message would tell something old."""
        if one.alert_id is None:
            return False
        known = self.ledger.known(one.alert_id)
        alert = orjson.loads(one.body)["data"]
        return known is not None and known != (alert["revision"], alert["state"])

    # running ---------------------------------------------------------------

    def start(self) -> None:
        """Do all this in threads of their own until ``close``."""
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, wait shortly for attempts under way, close the ledger. What was not done is done at the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        ends_at = time.monotonic() + CLOSE_SECONDS_MAX
        while self._busy and time.monotonic() < ends_at:
            time.sleep(CLOSE_POLL_S)
        self.ledger.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.take_in()
                self._resume()
                for channel_id in self.ledger.channels_due(self._clock.now()):
                    self._launch(channel_id)
                self.mirror()
                self._prune()
            except SpotterError as error:
                log.warning("relay waits", what=error.what, why=error.why)
            self._stop.wait(LOOK_EVERY_S)

    def _launch(self, channel_id: str) -> None:
        """Serve a channel in a thread: a receiver that hangs holds up its own messages only."""
        with self._lock:
            if channel_id in self._busy or len(self._busy) >= SENDERS:
                return
            self._busy.add(channel_id)
        threading.Thread(target=self._serve_alone, args=(channel_id,), name="relay-sender", daemon=True).start()

    def _serve_alone(self, channel_id: str) -> None:
        try:
            self._serve(channel_id)
        except SpotterError as error:  # the ledger cannot be written, or is closed: nothing is lost
            log.warning("relay waits", what=error.what, why=error.why)
        finally:
            with self._lock:
                self._busy.discard(channel_id)
