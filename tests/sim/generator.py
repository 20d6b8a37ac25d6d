"""Seeded random histories: what athletes, their loggers and their mistakes send over about two months."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.sim.readings import DENSE_DAYS, Body, moved, priorities
from tests.sim.sets import Person, random_plan, random_set

START = datetime(2026, 9, 20, 6, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")
SOURCES = ("gymlog", "ironapp")
COPY_SOURCE = "watchlog"
MEASURED, DEVICES = ("sleep", "hrv", "rr_intervals", "resting_heart_rate"), ("watch", "phone")
ATHLETES_MIN, OPERATIONS_MIN = 3, 40
DENSE_SHARE = 0.12  # of the histories; one athlete of such a one has weeks of readings before it begins
DENSE_LATER = timedelta(days=35)  # these begin when summer time ends in Europe


@dataclass
class Upload:
    """One request: events of one tenant, received at one instant."""

    tenant: str
    received_at: datetime
    events: list[dict[str, Any]]
    admin: bool = False

    def body(self) -> bytes:
        """The events as NDJSON."""
        return b"\n".join(json.dumps(event).encode() for event in self.events) + b"\n"


@dataclass
class Known:
    """A document that was sent: its last event, and its greatest stated revision (null: never stated)."""

    event: dict[str, Any]
    revision: int | None
    frozen: bool = False  # a copy exists under another source: only deletes and moves by whole days


@dataclass
class Generator(Body):
    """Makes one history. ``stated``: every document states revisions, so any order must give the same tables."""

    rng: random.Random
    tenant: str
    stated: bool = False
    now: datetime = START
    uploads: list[Upload] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    known: dict[tuple[str, str, str], Known] = field(default_factory=dict)
    serial: int = 0

    def history(self, operations: int = OPERATIONS_MIN, athletes: int = ATHLETES_MIN) -> list[Upload]:
        """The uploads of a history, in the order of their receipt."""
        for n in range(athletes):
            self.people.append(Person(f"{self.tenant}-{'abcdefgh'[n]}", self.rng.choice(ZONES), self.rng))
            if self.rng.random() < 0.7:
                self._profile(self.people[-1])
        if self.rng.random() < DENSE_SHARE:
            self.now += DENSE_LATER
            self._weeks(self.rng.choice(self.people), self.rng.randint(*DENSE_DAYS))
        choices, weights = zip(*OPERATIONS.items(), strict=True)
        done = 0
        while done < operations:
            self.now += timedelta(hours=self.rng.choice((1, 5, 20, 30)))
            if getattr(self, "_" + self.rng.choices(choices, weights)[0])(self.rng.choice(self.people)) is not False:
                done += 1
        return self.uploads

    # what goes out

    def _send(self, *events: dict[str, Any], admin: bool = False) -> None:
        self.uploads.append(Upload(self.tenant, self.now, [copy.deepcopy(e) for e in events], admin))

    def _next(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def _register(self, event: dict[str, Any]) -> dict[str, Any]:
        """Remember a new document and decide how it states revisions."""
        if event["kind"] in MEASURED and self.rng.random() < 0.15:
            event["device"] = self.rng.choice(DEVICES)
        revision = None
        if self.stated or self.rng.random() < 0.5:
            revision = self.rng.randint(1, 5)
            event["revision"] = self._spell(revision)
        self.known[event["athlete"], event["source"], event["document"]] = Known(event, revision)
        return event

    def _spell(self, revision: int) -> int | str:
        return revision

    def _changed(self, known: Known, event: dict[str, Any]) -> dict[str, Any]:
        """A new version of a document: newer, sometimes older or bare where that is allowed."""
        event = copy.deepcopy(event)
        event.pop("revision", None)
        if known.revision is not None:
            step = 1 if self.stated else self.rng.choice((1, 1, 1, 2, 0, -1))
            if self.stated or self.rng.random() < 0.9:
                event["revision"] = self._spell(max(0, known.revision + step))
            known.revision += max(step, 0)
            if step < 0 or "revision" not in event:
                return event  # an older version, or none beside stated ones: it changes nothing
        known.event = event
        return event

    # sets and workouts

    def _when(self, person: Person, late: bool = False) -> datetime:
        days = self.rng.randint(7, 40) if late else 0
        return self.now - timedelta(days=days, minutes=self.rng.randint(0, 240))

    def _live(self, person: Person, late: bool = False, named: bool = True) -> None:
        at = self._when(person, late)
        source = self.rng.choice(SOURCES)
        session = self._next("s") if named else None
        if named and self.rng.random() < 0.15:  # around midnight
            local = at.astimezone(ZoneInfo(person.zone)).replace(hour=23, minute=40)
            at = min(local.astimezone(UTC), self.now)
        events = []
        for _ in range(self.rng.randint(1, 3)):
            exercise = person.exercise()
            for index in range(1, self.rng.randint(2, 5)):
                for fields in random_set(self.rng, exercise, index):
                    at += timedelta(minutes=self.rng.randint(2, 6))
                    event = {"kind": "set", "athlete": person.name, "source": source, "document": self._next("d"),
                             **fields, **person.time("performed_at", at)}  # fmt: skip
                    if session:
                        event["session"] = session
                    events.append(self._register(event))
        if self.rng.random() < 0.3:
            for event in events:
                self._send(event)
        else:
            self._send(*events)

    def _unnamed(self, person: Person) -> None:
        self._live(person, named=False)

    def _late(self, person: Person) -> None:
        self._live(person, late=True, named=self.rng.random() < 0.7)

    def _workout(self, person: Person, late: bool = False, session: str | None = None, source: str = "") -> None:
        start = self._when(person, late)
        at, timed = start, self.rng.random() < 0.6
        sets = []
        for _ in range(self.rng.randint(1, 3)):
            exercise = person.exercise()
            for index in range(1, self.rng.randint(2, 5)):
                for fields in random_set(self.rng, exercise, index):
                    at += timedelta(minutes=3)
                    sets.append(fields | (person.time("performed_at", at, inside=True) if timed else {}))
        session = session or self._next("s")
        event = {"kind": "session", "athlete": person.name, "source": source or self.rng.choice(SOURCES),
                 "document": f"w-{session}", "session": session, "sets": sets,
                 **person.time("start", start, also={"end": at + timedelta(minutes=2)})}  # fmt: skip
        if self.rng.random() < 0.3:
            event["cr10"] = self.rng.randint(3, 10)
        if self.rng.random() < 0.08 and len(sets) > 2:
            sets[1]["reps"] = -1
        self._send(self._register(event))

    def _late_workout(self, person: Person) -> None:
        self._workout(person, late=True)

    def _workout_over_live(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] == "set" and "session" in e)
        if known is None or (person.name, known.event["source"], f"w-{known.event['session']}") in self.known:
            return False
        return self._workout(person, session=known.event["session"], source=known.event["source"])

    def _rating(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] == "set" and "session" in e)
        if known is None or (person.name, known.event["source"], f"w-{known.event['session']}") in self.known:
            return False
        at = self._when(person)
        event = {"kind": "session", "athlete": person.name, "source": known.event["source"],
                 "document": f"w-{known.event['session']}", "session": known.event["session"],
                 "cr10": self.rng.randint(2, 10),
                 **person.time("start", at, also={"end": at + timedelta(minutes=50)})}  # fmt: skip
        return self._send(self._register(event))

    def _copied_workout(self, person: Person) -> bool | None:
        def whole(event: dict[str, Any]) -> bool:
            sets = event.get("sets") or []
            return len(sets) >= 3 and all("performed_at" in s and s.get("reps", 1) >= 0 for s in sets)

        known = self._pick(person, lambda e: e["source"] != COPY_SOURCE and whole(e))
        if known is None or not person.priority:
            return False
        known.frozen = True
        event = copy.deepcopy(known.event) | {"source": COPY_SOURCE}
        event.pop("revision", None)
        self._register(event)
        self.known[person.name, COPY_SOURCE, event["document"]].frozen = True
        return self._send(event)

    # changes of what was sent

    def _pick(self, person: Person, wanted: Any = lambda event: True) -> Known | None:
        found = [k for (athlete, _, _), k in self.known.items() if athlete == person.name and wanted(k.event)]
        return self.rng.choice(found) if found else None

    def _correction(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] == "set")
        if known is None:
            return False
        event = known.event | {"reps": self.rng.randint(1, 12)}
        if self.rng.random() < 0.5:
            event["effort"] = {"scale": "rir", "value": self.rng.choice((0, 1, 2.5, 4))}
        if self.rng.random() < 0.3:
            event["outcome"] = self.rng.choice(("failed_mechanical", "failed_technical", "completed"))
        return self._send(self._changed(known, event))

    def _workout_correction(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] == "session" and len(e.get("sets") or ()) > 1)
        if known is None or known.frozen:
            return False
        event = copy.deepcopy(known.event)
        event["sets"].pop(self.rng.randrange(len(event["sets"])))
        event["sets"][0]["reps"] = self.rng.randint(1, 12)
        return self._send(self._changed(known, event))

    def _move(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] in ("set", "session"))
        if known is None:
            return False
        event = moved(known.event, self.rng.choice((-9, -2, -1)))
        if event["kind"] == "set" and "session" in event:
            event["session"] = self._next("s")
        return self._send(self._changed(known, event))

    def _rename_session(self, person: Person) -> bool | None:
        known = self._pick(person, lambda e: e["kind"] == "set")
        if known is None:
            return False
        event = {k: v for k, v in known.event.items() if k != "session"}
        if self.rng.random() < 0.7:
            event["session"] = self._next("s")
        return self._send(self._changed(known, event))

    def _delete(self, person: Person) -> bool | None:
        known = self._pick(person)
        if known is None:
            return False
        event = {"kind": "delete", "athlete": person.name, "source": known.event["source"],
                 "document": known.event["document"]}  # fmt: skip
        if known.revision is not None and (self.stated or self.rng.random() < 0.6):
            known.revision += 1
            event["revision"] = self._spell(known.revision)
        return self._send(event)

    def _delete_first(self, person: Person) -> None:
        document, revision = self._next("d"), self.rng.choice((None, 3))
        delete: dict[str, Any] = {
            "kind": "delete", "athlete": person.name, "source": "gymlog", "document": document
        }  # fmt: skip
        (fields,) = random_set(self.rng, person.exercise(), 1, plain=True)
        event = {"kind": "set", "athlete": person.name, "source": "gymlog", "document": document,
                 "session": self._next("s"), **fields,
                 **person.time("performed_at", self._when(person))}  # fmt: skip
        if revision or self.stated:
            delete["revision"] = 3
            event["revision"] = self.rng.choice((2, 4))
        self._send(delete)
        self.now += timedelta(hours=1)
        self._send(event)
        self.known[person.name, "gymlog", document] = Known(event, 4 if revision or self.stated else None)

    def _again(self, person: Person) -> bool | None:
        """A document sent once more: a duplicate, or after a delete its return."""
        if self.stated and self.rng.random() < 0.5:
            earlier = [u for u in self.uploads if not u.admin]
            return self._send(*self.rng.choice(earlier).events) if earlier else False
        known = self._pick(person)
        if known is None:
            return False
        if self.rng.random() < 0.5:
            return self._send(known.event, known.event)
        return self._send(self._changed(known, known.event))

    # people, clocks, other kinds

    def _profile(self, person: Person) -> None:
        self._send(self._profile_of(person, "profile"))

    def _two_profiles(self, person: Person) -> bool | None:
        """Two documents about one person in one upload; stated revisions of two would leave a tie to the order."""
        if self.stated:
            return False
        return self._send(*(self._profile_of(person, name) for name in self.rng.sample(PROFILES, 2)))

    def _profile_of(self, person: Person, document: str) -> dict[str, Any]:
        event: dict[str, Any] = {"kind": "athlete", "athlete": person.name, "source": "coach", "document": document,
                                 "timezone": person.zone}  # fmt: skip
        if self.rng.random() < 0.5:
            event["level"] = self.rng.choice(("beginner", "intermediate", "advanced"))
        if self.rng.random() < 0.4:
            event["sleep_need_h"] = self.rng.choice((7.5, 9))
        if self.rng.random() < 0.4:
            event["birth_year"] = self.rng.choice((1990, 2007, 2010))
        if self.rng.random() < 0.8:
            event["sex"] = self.rng.choice(("female", "male", "male", "other"))
        if self.rng.random() < 0.5:
            event["hr_max_bpm"] = self.rng.choice((172.5, 190))
        if self.rng.random() < 0.6:
            person.priority = True
        listed = priorities(self.rng) | ({"sets": ["gymlog", "ironapp", COPY_SOURCE]} if person.priority else {})
        if listed:
            event["source_priority"] = listed
        known = self.known.get((person.name, "coach", document))
        return self._changed(known, event) if known else self._register(event)

    def _zone_change(self, person: Person) -> None:
        person.zone = self.rng.choice(ZONES)
        day = (self.now - timedelta(days=self.rng.randint(0, 20))).date().isoformat()
        if any(e.get("timezone_from") == day for (a, _, _), k in self.known.items() if a == person.name
               for e in [k.event]):  # fmt: skip
            return
        event = {"kind": "athlete", "athlete": person.name, "source": "coach", "document": self._next("p"),
                 "timezone": person.zone, "timezone_from": day}  # fmt: skip
        self._send(self._register(event))

    def _body_mass(self, person: Person) -> None:
        value, unit = (self.rng.randint(600, 1000) / 10, "kg") if self.rng.random() < 0.7 else (180, "lb")
        at = self._when(person, late=self.rng.random() < 0.5)
        self._send(self._register({
            "kind": "body_mass", "athlete": person.name, "source": "scale", "document": self._next("m"),
            "mass": {"value": value, "unit": unit}, **person.time("measured_at", at),
        }))  # fmt: skip

    def _declaration(self, person: Person) -> None:
        day = self.now.date()
        self._send(self._register({
            "kind": "declaration", "athlete": person.name, "source": "coach", "document": self._next("x"),
            "what": self.rng.choice(("deload", "illness")), "from_day": day.isoformat(),
            "to_day": (day + timedelta(days=6)).isoformat(),
        }))  # fmt: skip

    def _plan(self, person: Person) -> None:
        """A plan in force from a day near, or another text of the one that was sent."""
        event = {"kind": "plan", "athlete": person.name, "source": "coach", "document": self._next("y"),
                 "from_day": (self.now.date() + timedelta(days=self.rng.choice((-20, -3, 0, 4)))).isoformat(),
                 **random_plan(self.rng, person)}  # fmt: skip
        known = self._pick(person, lambda e: e["kind"] == "plan")
        if known is None or self.rng.random() < 0.5:
            self._send(self._register(event))
        else:
            self._send(self._changed(known, event | {"document": known.event["document"]}))

    def _tick(self, person: Person) -> None:
        at = self.now + timedelta(hours=self.rng.choice((-30, 0, 5)))
        self._send({"kind": "tick", "now_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}, admin=True)

    def _broken(self, person: Person) -> None:
        """A device with a wrong clock, and three other mistakes, beside a good set."""
        events = []
        for mistake in ("clock", "reps", "unit", "zone", ""):
            (fields,) = random_set(self.rng, "Squat (Barbell)", 1, plain=True)
            event = {"kind": "set", "athlete": person.name, "source": "gymlog", "document": self._next("d"),
                     "session": self._next("s"), **fields,
                     "performed_at": self.now.strftime("%Y-%m-%dT%H:%M:%S+00:00")}  # fmt: skip
            if mistake == "clock":
                event["performed_at"] = "2031-01-01T10:00:00Z"
            elif mistake == "reps":
                event["reps"] = 4000
            elif mistake == "unit":
                event["weight"] = {"value": 80}
            elif mistake == "zone":
                event["performed_at"] = event["performed_at"][:19]
            events.append(event if mistake else self._register(event))
        self._send(*events)


PROFILES = ("about", "profile", "who")
OPERATIONS = {
    "live": 8, "unnamed": 4, "late": 3, "workout": 5, "late_workout": 2, "workout_over_live": 2, "rating": 2,
    "copied_workout": 2, "correction": 6, "workout_correction": 3, "move": 4, "rename_session": 2, "delete": 5,
    "delete_first": 2, "again": 4, "profile": 2, "two_profiles": 2, "zone_change": 1, "body_mass": 3, "checkin": 2,
    "sleep": 3, "hrv": 2, "rr_intervals": 3, "resting": 2, "heart_rate": 4, "reading_correction": 4, "declaration": 1,
    "plan": 1, "tick": 2, "broken": 1,
}  # fmt: skip


def history(seed: int, tenant: str = "home", *, stated: bool = False, operations: int = OPERATIONS_MIN) -> list[Upload]:
    """The history of a seed."""
    return Generator(random.Random(seed), tenant, stated).history(operations)
