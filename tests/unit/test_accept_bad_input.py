"""Bad input and the exact answers to it. SPOTTER_GOLDEN_WRITE=1 rewrites tests/golden/bad_input.json."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from canonical_events import a_set, as_rows, line

from pipeline.gateway.accept import accept_events
from pipeline.sources.decode import decode_records

GOLDEN = Path(__file__).parents[1] / "golden" / "bad_input.json"
GOOD = line(a_set(document="good"))


def effort(*values: tuple[str, float]) -> bytes:
    pairs = [{"scale": scale, "value": value} for scale, value in values]
    return line(a_set(effort=pairs if len(pairs) > 1 else pairs[0]))


SESSION = {"kind": "session", "athlete": "ana", "document": "w1", "session": "w1", "start": "2026-11-20T18:00:00+01:00"}
MEMBER = {"exercise": "Squat (Barbell)", "set_type": "working", "reps": 5}

INPUTS: dict[str, bytes] = {
    "broken JSON": b"{broken",
    "broken JSON between good lines": GOOD + b"\n{broken\n" + line(a_set(document="good-2")),
    "a cut-off object": line(a_set())[:-9],
    "an array as a line": GOOD + b"\n[1,2",
    "a text literal": b'"text"',
    "a number": b"42",
    "null": b"null",
    "binary": b"\xff\xfe\x00bin",
    "an empty body": b"",
    "white space": b" \r\n\t\n",
    "an empty array": b"[]",
    "an empty object": b"{}",
    "an array cut off": b"[" + GOOD + b"," + line(a_set())[:40],
    "an array with a number in it": b"[" + GOOD + b",7]",
    "text behind an array": b"[" + GOOD + b"] thanks",
    "UTF-16": GOOD.decode().encode("utf-16"),
    "Latin-1 between UTF-8": GOOD + b"\n" + line(a_set(exercise="X")).replace(b'"X"', '"Rumänisch"'.encode("latin-1")),
    "half a surrogate pair": line(a_set(exercise="X")).replace(b'"X"', b'"\\ud800"'),
    "two objects on a line": GOOD + b" " + GOOD,
    "a thousand brackets": b'{"kind":"set","athlete":' + b"[" * 1000,
    "a field of 2 MB": line(a_set(notes="x" * (2 << 20))),
    "no kind": line(a_set(kind=...)),
    "a kind that is a number": line(a_set(kind=7)),
    "an unknown kind": b'{"kind":"nope","athlete":"z","document":"b9"}',
    "no athlete": line(a_set(athlete=...)),
    "an athlete that is a number": line(a_set(athlete=7)),
    "an athlete without a visible character": line(a_set(athlete="  ")),
    "NUL in a name": line(a_set(document="a\x00b")),
    "a name of 201 characters": line(a_set(exercise="x" * 201)),
    "no document": line(a_set(document=...)),
    "reps as text": line(a_set(reps="8")),
    "reps with a fraction": line(a_set(reps=8.5)),
    "reps as true": line(a_set(reps=True)),
    "reps -1": line(a_set(reps=-1)),
    "reps 1001": line(a_set(reps=1001)),
    "reps of 30 digits": line(a_set(reps=10**30)),
    "an unknown field": line(a_set(wat=1)),
    "a misspelt field": line(a_set(wieght={"value": 80, "unit": "kg"})),
    "an unknown field inside weight": line(a_set(weight={"value": 80, "unit": "kg", "bar": 20})),
    "a weight without a unit": line(a_set(weight={"value": 80})),
    "a bare weight": line(a_set(weight=80)),
    "a unit of null": line(a_set(weight={"value": 80, "unit": None})),
    "an unknown unit": line(a_set(weight={"value": 12, "unit": "stone"})),
    "a weight as text": line(a_set(weight="80 kg")),
    "1e9 kg": line(a_set(weight={"value": 1e9, "unit": "kg"})),
    "2001 kg": line(a_set(weight={"value": 2001, "unit": "kg"})),
    "4410 lb": line(a_set(weight={"value": 4410, "unit": "lb"})),
    "a negative weight": line(a_set(weight={"value": -20, "unit": "kg"})),
    "NaN kg": line(a_set(weight={"value": float("nan"), "unit": "kg"})),
    "Infinity kg": line(a_set(weight={"value": float("inf"), "unit": "kg"})),
    "RIR 12": effort(("rir", 12)),
    "RIR -1": effort(("rir", -1)),
    "RPE 11": effort(("rpe", 11)),
    "RPE 0": effort(("rpe", 0)),
    "RIR and RPE that disagree": effort(("rir", 3), ("rpe", 10)),
    "RIR twice": effort(("rir", 1), ("rir", 2)),
    "an effort of NaN": effort(("rir", float("nan"))),
    "an effort that is a number": line(a_set(effort=1)),
    "an unknown outcome": line(a_set(outcome="died")),
    "an unknown set type": line(a_set(set_type="hard")),
    "no zone": line(a_set(performed_at="2026-11-20T18:05:00")),
    "an unknown zone": line(a_set(timezone="Europe/Atlantis")),
    "1970": line(a_set(performed_at="1970-01-01T00:00:00Z")),
    "2099": line(a_set(performed_at="2099-01-01T00:00:00Z")),
    "30 February": line(a_set(performed_at="2026-02-30T18:05:00Z")),
    "a day for a time": line(a_set(performed_at="2026-11-20")),
    "seconds for a time": line(a_set(performed_at=1_795_197_900)),
    "a revision of text": line(a_set(revision="v2")),
    "a negative revision": line(a_set(revision=-1)),
    "a revision without zone": line(a_set(revision="2026-11-20T18:05:00")),
    "a number as revision where times are stated": line(a_set(revision=3, source="hevy")),
    "a tick without scope admin": b'{"kind":"tick","now_at":"2026-11-23T12:00:00Z"}',
    "a session with bad sets": line({**SESSION, "sets": [MEMBER, {**MEMBER, "reps": -1}, {**MEMBER, "weight": 80}, 7]}),
    "a session with sets that are no list": line({**SESSION, "sets": {"1": MEMBER}}),
    "a session that ends before it starts": line({**SESSION, "end": "2026-11-20T17:00:00+01:00"}),
    "a session rated 11": line({**SESSION, "cr10": 11}),
    "the same item twice": GOOD + b"\n" + GOOD,
}


def answers(body: bytes) -> list[dict[str, Any]]:
    received = datetime(2026, 11, 23, 12, tzinfo=UTC)
    answer = accept_events(body, tenant="home", upload_id="u", received_at=received)
    later = {row["item"] for row in as_rows(decode_records(answer.records))["documents"]}
    assert later == {result.index for result in answer.results if result.status == "accepted"}
    return [
        {name: value for name, value in asdict(result).items() if value not in (None, [])} for result in answer.results
    ]


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    if os.environ.get("SPOTTER_GOLDEN_WRITE"):
        made = {name: answers(body) for name, body in INPUTS.items()}
        GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    held: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return held


@pytest.mark.parametrize("name", INPUTS)
def test_bad_input_gets_its_exact_answer(name: str, golden: dict[str, Any]) -> None:
    assert answers(INPUTS[name]) == golden[name]


def test_every_golden_answer_has_its_input(golden: dict[str, Any]) -> None:
    assert sorted(golden) == sorted(INPUTS)


def test_every_rejection_says_what_and_what_to_do(golden: dict[str, Any]) -> None:
    for name, results in golden.items():
        for result in results:
            if result["status"] == "rejected":
                assert len(result["message"]) > 40 and result["message"].endswith((".", "}.", "?", ")")), name
