"""Heart-rate samples: judged as columns with the verdicts of the model, kept exactly, gone with their event."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.clock import SystemClock
from pipeline.gateway.accept import accept_events
from pipeline.sources.problems import Problem, from_validation
from pipeline.sources.samples import read_lists, samples_of
from pipeline.sources.validate import Checked, check_event
from pipeline.worker.embedded import Embedded
from schemas.recovery import SAMPLES_MAX, HeartRate
from tests.sim.driver import Driver

START = datetime(2026, 6, 1, 10)
BLOCK = {
    "kind": "heart_rate", "athlete": "ana", "source": "band", "document": "b1", "start": "2026-06-01T11:00:00+01:00",
    "offset_s": [0, 1, 2.5, 60], "bpm": [61, 62, 63, 64], "context": "exercise",
}  # fmt: skip

good_offsets = st.one_of(st.integers(0, 172_800), st.floats(0, 172_800), st.just(-0.0))
good_rates = st.one_of(st.integers(20, 250), st.floats(20, 250))
bad_numbers = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=3), st.just(10**400), st.just([80])
)


def lists(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly good lists, some with a few bad values, some that are no list."""
    mixed = st.lists(st.one_of(good, good, good, bad_numbers), max_size=8)
    return st.one_of(st.lists(good, min_size=1, max_size=8), mixed, bad_numbers, st.just((80, 81)))


events = st.fixed_dictionaries(
    {"offset_s": lists(good_offsets), "bpm": lists(good_rates)},
    optional={
        "context": st.sampled_from(["exercise", "", 5]), "athlete": st.sampled_from(["ana", " "]),
        "start": st.sampled_from(["2026-06-01T11:00:00Z", "noon"]), "extra": st.just(1),
        "revision": st.sampled_from([3, -1]),
    },
)  # fmt: skip


def by_the_model(fields: dict[str, Any]) -> HeartRate | Problem:
    try:
        return HeartRate.model_validate(fields)
    except ValidationError as error:
        return from_validation(error, "heart_rate")


def _values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@given(events)
def test_columns_and_the_model_say_the_same_of_every_event(changes: dict[str, Any]) -> None:
    fields = BLOCK | changes
    has_bools = any(type(value) is bool for name in ("offset_s", "bpm") for value in _values(fields[name]))
    told = by_the_model(fields)
    for found in (check_event(fields), check_event(fields, bools=has_bools)):
        if isinstance(told, Problem):
            assert found == told
        else:
            assert isinstance(found, Checked)
            assert found.event == told


@given(st.lists(st.tuples(good_offsets, good_rates), min_size=1, max_size=30))
def test_columns_hold_every_rate_as_it_is_and_every_time_to_the_microsecond(pairs: list[tuple[float, float]]) -> None:
    offsets, rates = [list(column) for column in zip(*pairs, strict=True)]
    found = samples_of(offsets, rates)
    assert (found.offset_ms is None) != (found.offset_us is None)
    assert (found.bpm is None) != (found.bpm_exact is None)
    at_us = found.offset_us.tolist() if found.offset_us is not None else [ms * 1000 for ms in found.offset_ms.tolist()]
    assert at_us == [round(offset * 1e6) for offset in offsets]
    assert (found.bpm if found.bpm is not None else found.bpm_exact).tolist() == rates


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bpm": [61, 300, 63, 64]}, "bpm[1]"),
        ({"bpm": [61, 62, 63, True]}, "bpm[3]"),
        ({"bpm": [61, 62, None, 64]}, "bpm[2]"),
        ({"bpm": [61, 62, math.nan, 64]}, "bpm[2]"),
        ({"offset_s": [0, 1, "2", 60]}, "offset_s[2]"),
        ({"offset_s": [-1, 1, 2, 60]}, "offset_s[0]"),
        ({"offset_s": [0, 1, 2]}, "bpm"),
        ({"offset_s": [], "bpm": []}, "offset_s"),
        ({"offset_s": [0.0] * (SAMPLES_MAX + 1)}, "offset_s"),
    ],
)
def test_the_bad_sample_is_named(changes: dict[str, Any], field: str) -> None:
    found = check_event(BLOCK | changes)
    assert isinstance(found, Problem)
    assert found.field == field


def test_good_lists_are_read_as_columns_and_bad_ones_left_to_the_model() -> None:
    assert read_lists(BLOCK) is not None
    assert read_lists(BLOCK | {"bpm": [61, 62, 63, True]}) is None


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def stored(driver: Driver | Embedded) -> list[tuple[str, float, float]]:
    rows = driver.query("select document_id, measured_at, bpm from heart_rate_sample order by all")
    return [(row["document_id"], (row["measured_at"] - START) / timedelta(seconds=1), row["bpm"]) for row in rows]


def test_samples_come_and_go_with_their_document(driver: Driver) -> None:
    fine = BLOCK | {"document": "b2", "offset_s": [0.0000005, 0.1234567], "bpm": [61.25, 250]}
    driver.ingest([BLOCK, fine])
    assert stored(driver) == [("b1", 0, 61), ("b1", 1, 62), ("b1", 2.5, 63), ("b1", 60, 64),
                              ("b2", 0, 61.25), ("b2", 0.123457, 250)]  # fmt: skip
    (event,) = driver.query("select payload from base.event_log where payload like '%exercise%' limit 1")
    assert "61" not in event["payload"]
    driver.ingest([BLOCK | {"offset_s": [7], "bpm": [99.5]}])
    assert stored(driver)[0] == ("b1", 7, 99.5)
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "band", "document": "b2"}])
    assert stored(driver) == [("b1", 7, 99.5)]
    assert driver.query("select count(*) as n from base.heart_rate_log") == [{"n": 1}]


def test_a_shard_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Samples were kept in the payload once."""
    blocks = [BLOCK, BLOCK | {"document": "b2", "offset_s": [0.0000015, 3], "bpm": [61.25, 250]}]
    service = Embedded.open(tmp_path, SystemClock())
    answer = accept_events(
        "\n".join(map(json.dumps, blocks)).encode(), tenant="home", upload_id="u", received_at=datetime.now(UTC)
    )
    service.append(answer.records)
    service.apply_all()
    wanted = stored(service)
    run = service._shard.connection.execute
    run("delete from base.heart_rate_log")
    for block in blocks:
        lists = json.dumps({name: block[name] for name in ("offset_s", "bpm")})
        run(
            "update base.event_log e set payload = json_merge_patch(payload::json, ?::json)::varchar"
            " from base.document d where e.doc_key = d.doc_key and d.document_id = ?",
            (lists, block["document"]),
        )
    run("update base.ledger set model_version = '3'")
    service.close()
    again = Embedded.open(tmp_path, SystemClock())
    assert stored(again) == wanted
    assert again.query("select payload from base.event_log where payload like '%offset_s%'") == []
    assert again.check() == []
    again.close()
