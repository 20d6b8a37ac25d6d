"""Marts built by hand for the alert tests: sessions and sets go in as the models would leave them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import md5
from importlib.resources import files
from typing import Any

import duckdb
import orjson

from pipeline.alerts.lane import run_session_lane
from pipeline.alerts.rules import Rules, load
from pipeline.store.connection import Connection

DAY0 = date(2026, 3, 2)  # a Monday

EXERCISES = {
    # number: exercise, name, class, main muscle, helper
    1: ("back_squat", "Back Squat", "axial", "quadriceps", "glutes"),
    2: ("bench_press", "Bench Press", "compound", "chest", "triceps"),
    3: ("biceps_curl", "Biceps Curl", "isolation", "biceps", None),
    4: ("name:odd thing", "Odd Thing", "unknown", None, None),
    5: ("lat_pulldown", "Lat Pulldown", "compound", "lats", "biceps"),
    6: ("deadlift", "Deadlift", "axial", "lower_back", "glutes"),
}

# what a set ended with: endpoint, logged RIR, explicit, failure
ENDINGS: dict[str, tuple[str, float | None, bool, bool]] = {
    "F": ("FAIL_MECHANICAL", 0.0, True, True),
    "T": ("FAIL_TECHNICAL", 1.0, True, True),
    "L": ("LIMIT", 0.0, False, True),
    "h": ("SUBMAX", 0.5, False, False),
    "N": ("SUBMAX", 2.0, False, False),
    "U": ("UNKNOWN", None, False, False),
    "u": ("UNKNOWN", None, False, False),  # as U, and its source records failure per set
}


@dataclass
class Session:
    """What a test says about a session; ``work`` maps exercise number to endings ('NNF')."""

    day: int
    work: dict[int, str]
    name: str = ""
    hour: float = 18.0
    athlete: int = 1
    source: str = "api"
    date_only: bool = False
    ended: bool = False
    drops: dict[int, int] = field(default_factory=dict)
    hours: float = 1.0
    reps: int = 8
    superseded_by: str | None = None
    rir: dict[str, float] = field(default_factory=dict)  # by ending, in place of the usual one


def session_key(key: tuple[int, str, str]) -> int:
    """The integer that stands for (athlete, source, name)."""
    return int.from_bytes(md5(repr(key).encode()).digest()[:7], "little")


class Marts:
    """An empty shard in memory with the base and mart tables the alert lanes read and write."""

    def __init__(self) -> None:
        self.connection = Connection(duckdb.connect(":memory:"))
        self.connection.execute("set TimeZone = 'UTC'")
        for package, name in (
            ("pipeline.store", "tables.sql"),
            ("pipeline.store", "recovery_tables.sql"),
            ("pipeline.alerts", "tables.sql"),
            ("pipeline.alerts", "view.sql"),
        ):
            self.connection.execute(files(package).joinpath(name).read_text(encoding="utf-8"))
        self.connection.execute("set disabled_optimizers = 'join_order'")
        self.connection.executemany(
            "insert into base.exercise by name select ? as exercise_no, ? as exercise, ? as display_name, ? as class",
            [(number, word, name, kind) for number, (word, name, kind, _, _) in EXERCISES.items()],
        )
        self.known: set[int] = set()
        self.sessions: dict[tuple[int, str, str], Session] = {}
        self.offset = 0

    # facts

    def athlete(self, number: int = 1, tenant: str = "home") -> None:
        if number not in self.known:
            self.known.add(number)
            self.connection.execute("insert into base.athlete values (?, ?, ?)", [number, tenant, f"a{number}"])

    def profile(self, number: int = 1, **columns: Any) -> None:
        self.athlete(number)
        position = self.connection.execute("select count(*) from base.profile").fetchall()[0][0]
        row = {"athlete_no": number, "position": position, **columns}
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.connection.execute(f"insert into base.profile ({names}) values ({marks})", list(row.values()))

    def put(self, session: Session) -> date:
        """Insert or replace a session (by athlete, source, name); gives the first day that changed."""
        if not session.name:
            session.name = f"s{session.day}-{session.hour}"
        self.athlete(session.athlete)
        key = (session.athlete, session.source, session.name)
        day = DAY0 + timedelta(days=session.day)
        before = self.sessions.get(key)
        if before is not None:
            day = min(day, DAY0 + timedelta(days=before.day))
            self._drop(key)
        self.sessions[key] = session
        self._insert(session, session_key(key))
        return day

    def remove(self, name: str, athlete: int = 1, source: str = "api") -> date:
        key = (athlete, source, name)
        session = self.sessions.pop(key)
        self._drop(key)
        return DAY0 + timedelta(days=session.day)

    def _drop(self, key: tuple[int, str, str]) -> None:
        number = session_key(key)
        for table in ("session", "set_fact", "exercise_session", "muscle_session"):
            self.connection.execute(
                f"delete from mart.{table} where athlete_no = ? and session_key = ?", [key[0], number]
            )

    def _insert(self, session: Session, number: int) -> None:
        day = DAY0 + timedelta(days=session.day)
        start = datetime.combine(day, datetime.min.time()) + timedelta(hours=session.hour)
        end = start + timedelta(hours=session.hours)
        run = self.connection.execute
        run(
            "insert into mart.session (athlete_no, session_key, source, session_id, local_day, start_at, last_at,"
            " ended, date_only, superseded_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [session.athlete, number, session.source, session.name, day, start, end, session.ended,
             session.date_only, session.superseded_by],
        )  # fmt: skip
        order = 0
        muscles: dict[str, list[Any]] = {}
        for exercise, endings in session.work.items():
            facts = []
            rows = [(ending, True) for ending in endings]
            rows += [("N", False)] * session.drops.get(exercise, 0)
            for index, (ending, counted) in enumerate(rows):
                order += 1
                endpoint, usual_rir, explicit, failure = ENDINGS[ending]
                rir = session.rir.get(ending, usual_rir)
                facts.append((
                    session.athlete, 1, order, number, day, order, exercise, index + 1, endpoint, rir,
                    rir, explicit, failure, ending == "u" or explicit, counted, session.reps, session.date_only,
                    session.superseded_by,
                ))  # fmt: skip
            self.connection.executemany(
                "insert into mart.set_fact (athlete_no, doc_key, ordinal, session_key, local_day, set_order,"
                " exercise_no, set_index, endpoint, rir, rir_effective, is_failure_explicit, is_failure,"
                f" failure_recorded, is_counted, reps, date_only, superseded_by) values ({', '.join('?' * 18)})",
                facts,
            )
            if session.superseded_by:
                continue
            failures = sum(ENDINGS[ending][3] for ending in endings)
            run(
                "insert into mart.exercise_session (athlete_no, session_key, exercise_no, local_day, start_at,"
                " last_at, sets, failure_sets, failure_sets_explicit, date_only) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [session.athlete, number, exercise, day, start, end, len(endings), failures,
                 sum(ENDINGS[ending][2] for ending in endings), session.date_only],
            )  # fmt: skip
            _, _, _, main, helper = EXERCISES[exercise]
            unrated = sum(ENDINGS[ending][0] == "UNKNOWN" for ending in endings)
            for muscle, share in ((main, 2), (helper, 1)):
                if muscle:
                    found = muscles.setdefault(muscle, [0, 0, False, 0, 0])
                    found[0] += share * len(endings)
                    found[1] += len(endings) if share == 2 else 0
                    found[2] = found[2] or (share == 2 and failures > 0)
                    found[3] += len(endings)
                    found[4] += unrated
        for muscle, (halves, primary, failed, hard, unknown) in muscles.items():
            qualifying = halves >= 4 if primary else halves >= 8
            rest = 72 if failed or halves >= 16 else 48
            run(
                "insert into mart.muscle_session (athlete_no, session_key, muscle, local_day, first_at, last_at,"
                " utc_offset_s, hard_assumed_half, primary_sets, primary_failure, qualifying, rest_h, has_clock,"
                " date_only, hard_sets, unknown_effort_sets)"
                " values (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, true, ?, ?, ?)",
                [session.athlete, number, muscle, day, start, end, halves, primary, failed, qualifying, rest,
                 session.date_only, hard, unknown],
            )  # fmt: skip

    # time and lanes

    def now(self, at: datetime, number: int = 1) -> None:
        """Set the athlete's present."""
        self.athlete(number)
        self.connection.execute("delete from base.athlete_span where athlete_no = ?", [number])
        self.connection.execute(
            "insert into base.athlete_span (athlete_no, first_day, last_day, today, newest_at) values (?, ?, ?, ?, ?)",
            [number, DAY0, at.date(), at.date(), at],
        )

    def run(self, touched: dict[int, date], rules: Rules | None = None) -> int:
        """The session lane over the touched athletes, in a transaction of its own."""
        self.offset += 1
        self.connection.execute("begin")
        self.connection.execute("create or replace temp table touched_alert (athlete_no integer, from_day date)")
        if touched:
            self.connection.executemany("insert into touched_alert values (?, ?)", list(touched.items()))
        count = run_session_lane(self.connection, rules=rules or load(), log_offset=self.offset, model_version="1")
        self.connection.execute("commit")
        return count

    def plan(self, rows: list[dict[str, Any]], day: int = 0, number: int = 1, name: str = "block") -> date:
        """A plan in force from ``day`` on."""
        self.athlete(number)
        start = DAY0 + timedelta(days=day)
        payload = orjson.dumps({"plan": name, "rows": rows, "from_day": start.isoformat()}).decode()
        self.connection.execute(
            "insert into base.event_log (athlete_no, doc_key, kind, day, local_day, payload)"
            " values (?, ?, 'plan', ?, ?, ?)",
            [number, day + 1, start, start, payload],
        )
        return start

    def declare(self, what: str, first: int, last: int, number: int = 1) -> date:
        """A declared period, days counted from DAY0."""
        self.athlete(number)
        start, end = DAY0 + timedelta(days=first), DAY0 + timedelta(days=last)
        payload = orjson.dumps({"what": what, "from_day": start.isoformat(), "to_day": end.isoformat()}).decode()
        self.connection.execute(
            "insert into base.event_log (athlete_no, doc_key, kind, day, local_day, payload)"
            " values (?, ?, 'declaration', ?, ?, ?)",
            [number, 1000 + first, start, start, payload],
        )
        return start

    def play(self, *sessions: Session, rules: Rules | None = None, later_days: int = 0) -> None:
        """Put sessions, move the present to the last of them (and ``later_days`` on), run the lane."""
        touched: dict[int, date] = {}
        for session in sessions:
            day = self.put(session)
            touched[session.athlete] = min(day, touched.get(session.athlete, day))
        for number in touched:
            mine = [one for one in self.sessions.values() if one.athlete == number]
            last = max(one.day for one in mine)
            self.now(
                datetime.combine(DAY0 + timedelta(days=last + later_days), datetime.min.time()) + timedelta(hours=23),
                number,
            )
        self.run(touched, rules)

    # results

    def alerts(self, rule: str | None = None) -> list[dict[str, Any]]:
        """As a reader sees them once everything in the outbox has been delivered."""
        self.connection.execute("insert into base.alert_delivered select alert_id, revision, null from base.outbox")
        return self.select(
            "select * from alert where rule = coalesce(?, rule) order by opened_on, rule, scope, alert_id", [rule]
        )

    def levels(self, rule: str) -> dict[str, str]:
        """scope -> severity of the alerts of a rule that are not withdrawn."""
        return {row["scope"]: row["severity"] for row in self.alerts(rule) if row["state"] != "withdrawn"}

    def select(self, sql: str, parameters: Any = ()) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def outbox(self) -> list[dict[str, Any]]:
        rows = self.select("select * from base.outbox order by seq")
        for row in rows:
            row["payload"] = orjson.loads(row["payload"])
        return rows

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that must not depend on the cuts."""
        return {
            table: self.connection.execute(f"select * from mart.{table} order by all").fetchall()
            for table in ("alert", "alert_evidence", "condition")
        }
