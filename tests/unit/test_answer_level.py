"""Answers of 14 days against the 70 before them, against a plain computation, and the same from whatever day on."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.answer_level import answer_levels
from pipeline.store.connection import Connection
from pipeline.store.shard import Shard

TODAY = date(2026, 6, 1)
SIGNALS = {"mclean_fatigue": "", "mclean_mood": "", "mclean_soreness": "soreness", "mclean_sleep_quality": "sleep"}
LEAST = {"every": 0.05, "sleep": 0.08, "soreness": 0.08}
ANSWER = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.sampled_from([None, 0, 1, 2, 3, 4]))
DAYS = st.dictionaries(st.integers(0, 130), ANSWER, min_size=10, max_size=120)
Answers = dict[int, tuple[int | None, ...]]


def stored(connection: Connection, athletes: list[Answers]) -> None:
    """Check-ins by days ago, as signals from 0 to 1; every day has a row that says which questionnaire counts."""
    values = [
        f"({number}, '{signal}', 'app', date '{TODAY - timedelta(days=ago)}', {step / 4})"
        for number, answers in enumerate(athletes)
        for ago, answer in answers.items()
        for signal, step in zip(SIGNALS, answer, strict=True)
        if step is not None
    ]
    connection.execute(f"insert into mart.signal_day values {', '.join(values)}")
    connection.execute(
        "insert into mart.recovery_day (athlete_no, local_day, wellness_source, wellness_instrument)"
        f" select n, date '{TODAY}' - ago::integer, 'app', 'mclean'"
        f" from range({len(athletes)}) a(n), range(131) d(ago) order by 1, 2"
    )


def levels(connection: Connection, athletes: int, from_day: date) -> list[dict[str, object]]:
    connection.execute(
        "create or replace temp table touched_day_lane as"
        f" select n::integer as athlete_no, date '{from_day}' as from_day from range({athletes}) a(n)"
    )
    return answer_levels(connection, 27).to_pylist()


def plainly(answers: Answers, ago: int) -> dict[str, object] | None:
    """What a reader of domain.md works out for a day, so many days before today."""

    def said(low: int, high: int) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {"every": [], "sleep": [], "soreness": []}
        for day in range(high, low - 1, -1):
            if (answer := answers.get(day)) is None:
                continue
            steps = [step / 4 for step in answer if step is not None]
            found["every"].append(mean(steps))
            for signal, step in zip(SIGNALS, answer, strict=True):
                if SIGNALS[signal] and step is not None:
                    found[SIGNALS[signal]].append(step / 4)
        return found

    recent, before = said(ago, ago + 13), said(ago + 14, ago + 83)
    if len(recent["every"]) < 4 or len(before["every"]) < 14:
        return None
    row: dict[str, object] = {"local_day": TODAY - timedelta(days=ago)}
    for name, least in LEAST.items():
        if recent[name] and before[name]:
            spread = stdev(before[name]) if len(before[name]) > 1 else 0.0
            row[f"{name}_z"] = (mean(recent[name]) - mean(before[name])) / max(spread, least)
        else:
            row[f"{name}_z"] = None
    return row | {"n_14d": len(recent["every"]), "n_70d": len(before["every"])}


@given(st.lists(DAYS, min_size=1, max_size=2))
@settings(max_examples=40, deadline=None)
def test_levels_are_those_of_a_plain_computation(athletes: list[Answers]) -> None:
    with closing(Shard(None)) as shard:
        stored(shard.connection, athletes)
        found = levels(shard.connection, len(athletes), TODAY)
        early = levels(shard.connection, len(athletes), TODAY - timedelta(days=9))
    for number, answers in enumerate(athletes):
        wanted = [row for ago in range(27, -1, -1) if (row := plainly(answers, ago)) is not None]
        own = [{name: value for name, value in row.items() if name != "athlete_no"} for row in found
               if row["athlete_no"] == number]  # fmt: skip
        assert [row["local_day"] for row in own] == [row["local_day"] for row in wanted]
        for one, other in zip(own, wanted, strict=True):
            assert one == pytest.approx(other, abs=2e-5), one["local_day"]
    known = {(row["athlete_no"], row["local_day"]): row for row in early}
    assert all(known[row["athlete_no"], row["local_day"]] == row for row in found)  # bit by bit


def test_who_never_answers_has_none() -> None:
    with closing(Shard(None)) as shard:
        assert levels(shard.connection, 2, TODAY) == []
