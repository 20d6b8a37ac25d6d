"""Every panel runs on the shard's real views and gives the columns that pages and commands show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import duckdb
import pytest

from dashboards import words
from dashboards.panels import Panels, panel_names, panel_sql
from dashboards.recovery_words import night as night_words
from pipeline.store.shard import Shard

PARAMETERS: dict[str, tuple[object, ...]] = {
    "alert_count": ("home", None, None),
    "alert_evidence": ("home", ["a", "b"]),
    "alert_named": ("home", "0123abcd"),
    "alerts": ("home", None, "open", 10),
    "athlete_days": ("home", "ana", date(2026, 11, 1), None, 10),
    "athlete_known": ("home", "ana"),
    "athlete_named": ("home", "ana"),
    "athlete_zone": ("home", "ana", None),
    "clocks": (),
    "documents_known": ("home", "ana", "hevy", ["a", "b"]),
    "import_known": ("home", "imp-1"),
    "imports": ("home",),
    "last_checkin": ("home", "ana"),
    "names_logged": (),
    "pain_of_day": ("home", "ana"),
    "recovery": ("home", "ana"),
    "rejected": ("home", None, None, 10),
    "roster": ("home", None),
    "undated_checkins": ("home", "ana"),
    "unmapped": ("home",),
    "unzoned_sets": (),
    "upload_items": ("home", "u"),
    "upload_known": ("home", "u"),
}
COUNTS: dict[str, list[dict[str, object]]] = {
    "alert_count": [{"alerts": 0}],
    "unzoned_sets": [{"sets": 0, "athletes": 0}],
}


@pytest.fixture(scope="module")
def shard() -> Iterator[Shard]:
    shard = Shard(None)
    yield shard
    shard.close()


@pytest.fixture
def panels(shard: Shard) -> Panels:
    def query(sql: str, parameters: Sequence[object]) -> list[dict[str, object]]:
        cursor = shard.reader()
        cursor.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return Panels(query)


@pytest.mark.parametrize("panel", sorted(panel_names()))
def test_every_panel_runs_and_says_what_it_takes(panels: Panels, panel: str) -> None:
    assert panels.rows(panel, *PARAMETERS[panel]) == COUNTS.get(panel, [])
    text = panel_sql(panel)
    assert text.startswith("-- panel: ")
    for number in range(1, len(PARAMETERS[panel]) + 1):
        assert f"-- ${number}" in text or f", ${number} " in text, f"${number} is not explained"


def test_an_unknown_panel_is_no_file(panels: Panels) -> None:
    for name in ("nope", "../panels", ""):
        with pytest.raises(KeyError):
            panel_sql(name)


TODAY = date(2026, 11, 20)


@pytest.fixture
def roster() -> Callable[..., dict[str, object]]:
    """The roster's row of one athlete, from the day rows and open alerts given."""

    def row(
        days: list[tuple[int, int, float | None]],
        alerts: Sequence[tuple[str, str, str]] = (),
        waiting: int = 0,
        night: dict[str, object] | None = None,
        folded: dict[str, str] | None = None,
        resolved: Sequence[str] = (),
    ) -> dict[str, object]:
        with duckdb.connect(":memory:") as connection:
            connection.execute(
                "create table athlete_day (tenant_id varchar, athlete_id varchar, local_day date, sets integer,"
                " failure_sets integer, failure_load double, unknown_effort_share double);"
                "create table alert (tenant_id varchar, athlete_id varchar, alert_id varchar, rule varchar,"
                " severity varchar, title varchar, state varchar, folded_into varchar, updated_on date);"
                "create table set_fact (tenant_id varchar, athlete_id varchar, local_day date);"
                "create table recovery_day (tenant_id varchar, athlete_id varchar, local_day date,"
                " sleep_minutes double, sleep_median_28d_min double, sleep_age_days integer, sleep_n_28d integer,"
                " resting_hr_deviation_bpm double, resting_hr_z double, resting_hr_age_days integer,"
                " hrv_state varchar, hrv_age_days integer)"
            )
            if night is not None:
                given = {"tenant_id": "home", "athlete_id": "ana", "local_day": TODAY} | night
                places = ", ".join("?" for _ in given)
                connection.execute(
                    f"insert into recovery_day ({', '.join(given)}) values ({places})", list(given.values())
                )
            for _ in range(waiting):
                connection.execute("insert into set_fact values ('home', 'ana', null)")
            for ago, (sets, failures, unknown) in enumerate(days):
                connection.execute(
                    "insert into athlete_day values ('home', 'ana', ?::date - ?::integer, ?, ?, 1.0, ?)",
                    [TODAY, ago, sets, failures, unknown],
                )
            for rule, severity, title in alerts:
                connection.execute(
                    "insert into alert values ('home', 'ana', ?, ?, ?, ?, ?, ?, ?)",
                    [
                        *(rule, rule, severity, title, "resolved" if rule in resolved else "open"),
                        *((folded or {}).get(rule), TODAY),
                    ],
                )
            cursor = connection.execute(panel_sql("roster"), ["home", None])
            names = [column[0] for column in cursor.description or []]
            (found,) = cursor.fetchall()
            return dict(zip(names, found, strict=True))

    return row


def test_of_equal_alerts_the_headline_is_r18_then_r17_then_built_in_rules(
    roster: Callable[..., dict[str, object]],
) -> None:
    open_now = [(rule, "warning", f"{rule} said") for rule in ("X01", "R01", "R09", "R17", "R18")]
    for first in ("R18", "R17", "R09", "R01", "X01"):
        assert roster([(20, 6, 0.0)], open_now)["headline_rule"] == first
        open_now = [one for one in open_now if one[0] != first]
    grave = [("R18", "warning", "R18 said"), ("X01", "high", "X01 said")]
    assert roster([(20, 6, 0.0)], grave)["headline"] == "X01 said"


def test_ready_shows_the_failure_sets_of_the_week(roster: Callable[..., dict[str, object]]) -> None:
    row = roster([(20, 6, 0.0), (0, 0, None), (20, 4, 0.2)])
    assert row["attention"] == "ready"
    assert (
        words.headline(row)
        == "nothing open; 10 of 40 sets to failure in the 7 days to 20 Nov 2026, effort known for 90%"
    )
    row = roster([(20, 2, 0.0)], [("R01", "info", "Bench Press: 2 sets to failure")])
    assert words.headline(row) == "Bench Press: 2 sets to failure; 2 of 20 sets to failure in the 7 days to 20 Nov 2026"


@pytest.mark.parametrize(
    ("days", "alerts", "reason"),
    [
        ([(0, 0, None)] * 7 + [(20, 0, 0.0)], [], "no sets in the 7 days to 20 Nov 2026"),
        ([(20, 0, 0.55)], [], "effort is not logged for most sets"),
        ([(20, 0, 0.55)], [("R06", "info", "Chest: trained again")], "effort is not logged for most sets"),
        ([(20, 9, 0.0)], [("R21", "info", "Logged failures and logged effort disagree"), ("R06", "info", "Chest")],
         "Logged failures and logged effort disagree; 9 of 20 sets to failure in the 7 days to 20 Nov 2026"),
    ],
)  # fmt: skip
def test_nobody_is_ready_without_evidence(
    roster: Callable[..., dict[str, object]],
    days: list[tuple[int, int, float | None]],
    alerts: list[tuple[str, str, str]],
    reason: str,
) -> None:
    row = roster(days, alerts)
    assert (row["attention"], words.headline(row)) == ("unknown", reason)


def test_an_open_alert_comes_before_doubt(roster: Callable[..., dict[str, object]]) -> None:
    row = roster([(20, 9, 0.9)], [("R21", "info", "Effort is missing"), ("R01", "advice", "Bench Press: 2 sets")])
    assert (row["attention"], words.headline(row)) == ("watch", "Bench Press: 2 sets")


def test_a_part_of_another_alert_is_counted_beside_it(roster: Callable[..., dict[str, object]]) -> None:
    signs = [("R17", "advice", "Several signs"), ("R12", "warning", "Short nights"), ("R15", "advice", "Heart rate up")]
    folded = {"R12": "R17", "R15": "R17"}
    row = roster([(20, 2, 0.0)], signs, folded=folded)
    assert (row["attention"], row["headline"], words.open_alerts(row)) == (
        "watch", "Several signs", "1 advice (2 more are part of these)",
    )  # fmt: skip
    row = roster([(20, 2, 0.0)], signs[:2], folded=folded)
    assert words.open_alerts(row) == "1 advice (1 more is part of these)"
    row = roster([(20, 2, 0.0)], signs, folded=folded, resolved=["R17"])
    assert (row["attention"], words.open_alerts(row)) == ("act", "1 warning, 1 advice"), "nobody speaks for them"


def test_sets_without_a_day_are_not_silent(roster: Callable[..., dict[str, object]]) -> None:
    row = roster([], waiting=4)
    assert (row["athlete_id"], row["today"], row["attention"]) == ("ana", None, "unknown")
    assert words.headline(row) == "time zone unknown: 4 sets with times in Z belong to no day yet"
    row = roster([(20, 9, 0.0)], waiting=1)
    assert (row["attention"], row["sets_without_day"], row["sets_7d"]) == ("ready", 1, 20)


def test_a_roster_says_which_day_it_stands_for() -> None:
    assert words.judged([]) == words.judged([{"today": None}]) == ""
    assert words.judged([{"today": TODAY}, {"today": TODAY}, {"today": None}]) == "Judged as of Fri 20 Nov 2026."
    assert (
        words.judged([{"today": TODAY}, {"today": date(2025, 9, 15)}])
        == "Each judged as of its own last day, Mon 15 Sep 2025 to Fri 20 Nov 2026."
    )


SLEPT = {"sleep_minutes": 440, "sleep_median_28d_min": 445, "sleep_age_days": 0, "sleep_n_28d": 28}


@pytest.mark.parametrize(
    ("night", "attention", "state", "told"),
    [
        (None, "ready", "none", "not measured"),
        (SLEPT, "ready", "usual", "as usual"),
        (SLEPT | {"sleep_n_28d": 13}, "ready", "new", "measured, no usual yet"),
        (SLEPT | {"sleep_minutes": 401}, "ready", "usual", "as usual"),
        (SLEPT | {"sleep_minutes": 400}, "ready", "off", "off the usual: slept 6 h 40 min, usual 7 h 25 min"),
        (SLEPT | {"resting_hr_deviation_bpm": 3, "resting_hr_z": 1.9, "resting_hr_age_days": 0}, "ready", "usual",
         "as usual"),
        (SLEPT | {"resting_hr_deviation_bpm": 3, "resting_hr_z": 2, "resting_hr_age_days": 0}, "ready", "off",
         "off the usual: resting heart rate +3 bpm in 7 days"),
        (SLEPT | {"hrv_state": "ABOVE", "hrv_age_days": 1}, "ready", "off",
         "off the usual: HRV of 7 days above the usual range (no HRV)"),
        (SLEPT | {"sleep_minutes": None, "sleep_age_days": 1, "hrv_age_days": 0}, "unknown", "missing",
         "missing: the newest is of 19 Nov 2026"),
        (SLEPT | {"sleep_minutes": None, "sleep_age_days": 3}, "unknown", "missing",
         "missing: the newest is of 17 Nov 2026"),
        (SLEPT | {"sleep_minutes": None, "sleep_age_days": 4}, "unknown", "stale",
         "stale: the newest is of 16 Nov 2026"),
        ({"hrv_age_days": 2, "resting_hr_age_days": 5}, "unknown", "missing", "missing: the newest is of 18 Nov 2026"),
        ({"hrv_age_days": 0, "resting_hr_age_days": 5}, "ready", "new",
         "measured, no usual yet (no sleep or resting heart rate)"),
    ],
)  # fmt: skip
def test_the_roster_says_how_the_data_of_the_night_stands(
    roster: Callable[..., dict[str, object]], night: dict[str, object] | None, attention: str, state: str, told: str
) -> None:
    row = roster([(20, 2, 0.0)], night=night)
    assert (row["attention"], row["night"], night_words(row)) == (attention, state, told)
    assert night_words({**row, "today": str(row["today"])}) == told  # as commands get it from a running service
    if attention == "unknown":
        assert words.headline(row).startswith(f"last night's data is {state}; 2 of 20 sets to failure")


def test_a_missing_night_makes_nobody_calmer_than_an_alert(roster: Callable[..., dict[str, object]]) -> None:
    gone = SLEPT | {"sleep_minutes": None, "sleep_age_days": 2}
    row = roster([(20, 9, 0.0)], [("R01", "advice", "Bench Press: 2 sets")], night=gone)
    assert (row["attention"], row["night"]) == ("watch", "missing")
