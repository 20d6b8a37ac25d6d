"""The fast path takes nothing that the models would not take, and takes it to the very same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from canonical_events import HEADER, a_set, as_rows, line, one_by_one
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sources import canonical, fast_sets
from pipeline.sources.canonical import decode_lines

TIMES = [
    "2026-11-20T18:05:00Z",
    "2026-11-20T18:05:00.5+05:30",
    "2026-11-20T18:05:00.123456789-03:30",
    "2026-11-20T18:05:00",
    "2026-11-20t18:05:00z",
    "2026-11-20 18:05:00Z",
    "2026-11-20T18:05:00-00:00",
    "2026-11-20T18:05:00+24:00",
    "2026-11-20T18:05:60Z",
    "2026-11-20T18:05:00.Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T23:59:59.9Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1989-12-31T23:59:59Z",
    "1990-01-01T00:00:00Z",
    "2026-11-24T12:00:00Z",
    "2026-11-24T12:00:00.000001Z",
    "2026-03-29T02:30:00",  # skipped in Berlin
    "2026-10-25T02:30:00",  # twice in Berlin
]
NAMES = ["x", "é", "é" * 101, "é" * 200, "x" * 200, "x" * 201, "", " ", "\u3000", "\u00a0", "\u2003z", " x", "a\x00"]
NAMES += [
    "\u200b",
    "\u200ba",
    "a\u200b",
    "\u200b \ufeff",
    "\u00ad",
    "\u2800\u3164",
    "\x80",
    "\U000e0001",
    "\uffa0",
    "\uff8d",
]
NAMES += ["a\x7f", "a\tb", "ベンチプレス", "💪", "set", "hevy"]
NUMBERS = [None, 0, -1, 1, 1.0, -0.0, 0.5, 10, 10.5, 12, 1000, 1001, 10_001, 2000, 2000.0000001, 86_400.5, 1e9, 1e300]
NUMBERS += [float("nan"), float("inf"), 10**30, -(10**30), True, "8"]
OBJECTS = [
    [],
    {},
    {"value": 1},
    {"unit": "kg"},
    {"value": None, "unit": None},
    {"value": 80, "unit": "kg", "x": 1},
    {"value": 80, "unit": "stone"},
    {"value": 4409.2, "unit": "lb"},
    {"value": 4409.3, "unit": "lb"},
    {"value": 100.00000000000001, "unit": "lb"},
    {"value": 0.0000005, "unit": "kg"},
    {"scale": "rir", "value": 12},
    {"scale": "rir", "value": -0.0},
    {"scale": "rpe", "value": 0.5},
    {"scale": "rpe", "value": 8.5},
    {"scale": "rpe", "value": "8"},
    [{"scale": "rir", "value": 1}, {"scale": "rpe", "value": 6}],
]
ODD = st.sampled_from([*TIMES, *NAMES, *NUMBERS, *OBJECTS, "Europe/Berlin", "Europe", "../etc/passwd", "kg", "rir"])
KEYS = st.sampled_from([*fast_sets._USUAL, *fast_sets._RARER, "wat"])
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "performed_at": st.sampled_from(["2026-07-01T12:00:00.5+02:00", "2026-07-01T12:00:00Z"]),
    "revision": st.sampled_from([1, 5, "2026-11-20T18:05:00Z"]),
    "timezone": st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    "weight": st.fixed_dictionaries({"value": st.floats(0, 2000), "unit": st.sampled_from(["kg", "lb"])}),
    "effort": st.fixed_dictionaries({"scale": st.sampled_from(["rir", "rpe"]), "value": st.floats(0, 10)}),
    "target": st.just({"reps": 5, "weight": {"value": 80, "unit": "lb"}, "effort": {"scale": "rpe", "value": 8}}),
    "notes": st.text(max_size=20),
    "superset": st.sampled_from([1, "A"]),
    "rep_velocities_m_s": st.just([0.5, 0.4]),
    "duration_s": st.floats(0, 86_400),
    "side": st.sampled_from(["left", "right", "both"]),
    "load_kind": st.sampled_from(["assisted", "added"]),
    "source": st.just(...),
    "session": st.just(...),
}
SPLINTERS = [b'"', b"{", b"}", b",", b":", b"\\", b"0", b"-", b".", b"e", b" ", b"\xff", b"\xc3", b"\x00", b"[", b"]"]
SPLINTERS += [b"\x7f", b'"kind":"set",', b"\\u0000", b"\\u3000", b"\\ud83d", b"}{", b"NaN", b"Inf", b"//", b"\r", b""]


@st.composite
def sets(draw: st.DrawFn) -> bytes:
    changes: dict[str, Any] = {key: draw(GOOD[key]) for key in draw(st.lists(st.sampled_from([*GOOD]), max_size=3))}
    if draw(st.integers(0, 2)) == 0:
        changes |= draw(st.dictionaries(KEYS, ODD, max_size=2))
    fields = a_set(**{"document": f"d{draw(st.integers(0, 99))}", **changes})
    order = draw(st.permutations(sorted(fields))) if draw(st.booleans()) else list(fields)
    text = json.dumps({key: fields[key] for key in order}, ensure_ascii=draw(st.booleans())).encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(SPLINTERS)) + text[place + draw(st.integers(0, 1)) :]
    return text


@pytest.fixture(autouse=True)
def fast_from_the_first_line(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(canonical, "FAST_LINES_MIN", 1)
    monkeypatch.setattr(fast_sets, "_LINES_MIN", 1)
    yield


@settings(max_examples=250, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(sets(), min_size=1, max_size=12))
def test_fast_path_equals_the_models(lines: list[bytes]) -> None:
    fast, slow = as_rows(decode_lines(lines, HEADER)), as_rows(one_by_one(lines))
    for name, rows in slow.items():
        assert repr(fast[name]) == repr(rows), name


def test_fast_path_takes_the_plain_set(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(canonical, "decode_slowly", lambda batch, rows: taken.extend(rows) or one_by_one([]))
    changes: list[dict[str, Any]] = [
        {},
        {"weight": ...},
        {"effort": ...},
        {"timezone": "Europe/Berlin"},
        {"revision": 3},
    ]
    changes += [
        {"notes": "easy"},
        {"performed_at": "2026-11-20T18:05:00.25Z"},
        {"source": ...},
        {"exercise": "Överdrag"},
    ]
    decoded = decode_lines([line(a_set(document=f"d{n}", **change)) for n, change in enumerate(changes)], HEADER)
    assert (taken, decoded.sets.num_rows) == ([], len(changes))


UNSEEN = [
    "\u200b",
    "\u200b\u200d \ufeff",
    "\u00ad",
    "\u2060",
    "\u3164",
    "\u2800",
    "\u180e",
    "\x80",
    "\U000e0001",
    "\ufe0f",
]
SEEN = [
    "a\u200bb",
    "\u200bSquat",
    "Squat\u200b",
    "\ufeffana",
    "\U0001f468\u200d\U0001f469",
    "\u200e\u05d0",
    "\uff8d\uff9e",
]


@pytest.mark.parametrize("field", ["athlete", "source", "document", "session", "exercise"])
def test_a_name_that_shows_nothing_is_refused_by_both_paths(field: str) -> None:
    lines = [line(a_set(**{"document": f"d{n}", field: name})) for n, name in enumerate([*SEEN, *UNSEEN])]
    fast, slow = decode_lines(lines, HEADER), one_by_one(lines)
    assert as_rows(fast) == as_rows(slow)
    assert sorted(fast.documents["item"].to_pylist()) == list(range(len(SEEN)))
    refused = fast.rejected.to_pylist()
    assert {(row["reason"], row["field"]) for row in refused} == {("out_of_range", field)}
    assert all("invisible" in row["message"] for row in refused)


def test_names_with_a_visible_start_are_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(canonical, "decode_slowly", lambda batch, rows: taken.extend(rows) or one_by_one([]))
    names = ["Überzug", "ベンチプレス", "\uff8d\uff9e", "…x", "Жим", "a\u200bb"]
    decode_lines([line(a_set(document=f"d{n}", exercise=name)) for n, name in enumerate(names)], HEADER)
    assert not taken


def test_one_bad_line_costs_only_itself() -> None:
    lines = [line(a_set(document=f"d{n}")) for n in range(300)]
    lines[77] = b'{"kind":"set","broken'
    decoded = decode_lines(lines, HEADER)
    assert decoded.documents.num_rows == 299
    assert decoded.rejected["item"].to_pylist() == [77]


DOUBLED = [
    ("reps", b',"reps":9}'),
    ("reps", b',"reps" : 8}'),
    ("reps", b',"\\u0072eps":9}'),
    ("wat", b',"wat":[{"x":1}],"wat":1}'),
    ("value", b',"target":{"weight":{"value":80,"unit":"kg","value":90}}}'),
    ("athlete", b',"notes":"\\":","athlete":"bea"}'),
    ("kind", b',"kind":"set"}'),
]


@pytest.mark.parametrize(("key", "end"), DOUBLED)
def test_an_item_with_a_key_twice_is_refused_by_both_paths(key: str, end: bytes) -> None:
    lines = [line(a_set(document=f"d{n}")) for n in range(40)]
    lines[20] = lines[20][:-1] + end
    decoded, slow = decode_lines(lines, HEADER), one_by_one(lines)
    assert as_rows(decoded) == as_rows(slow)
    assert decoded.documents.num_rows == 39
    (refused,) = decoded.rejected.to_pylist()
    assert (refused["item"], refused["reason"], refused["field"]) == (20, "invalid_json", None)
    assert f"'{key}' more than once" in refused["message"]


def test_texts_and_neighbours_that_look_like_keys_are_no_doubled_keys() -> None:
    notes = ['":', '\\":"reps":', '{"reps":1,"reps":2}', "a :b", '"\t:']
    lines = [line(a_set(document=f"d{n}", notes=text)) for n, text in enumerate(notes)]
    lines.append(line(a_set(document="spaced")).replace(b":", b" \t: "))
    lines.append(line(a_set(document="pairs", effort=[{"scale": "rir", "value": 1}, {"scale": "rpe", "value": 9}])))
    assert one_by_one(lines).rejected.num_rows == 1, "only the time whose colons were spaced"
    assert as_rows(decode_lines(lines, HEADER)) == as_rows(one_by_one(lines))


@pytest.mark.parametrize(
    "odd",
    [
        b'{"kind":"set"} {"kind":"set"}',
        b'{"kind":"set","weight":{}',
        b'{"kind":"set","target":' + b'{"weight":' * 20_000 + b"}",
        b'{"kind":"set","rep_velocities_m_s":' + b"[" * 100_000 + b"}",
        b'{"kind":"set","x":"\n"}',
        b"{}",
        b"",
        b"\x00",
        b'\xef\xbb\xbf{"kind":"set"}',
        b'{"kind":"set","athlete":"\xff"}',
        b'{"kind":"set","weight":{"value":1e999,"unit":"kg"}}',
    ],
)
def test_lines_that_could_mislead_the_reader(odd: bytes) -> None:
    lines = [line(a_set(document="before")), odd, line(a_set(document="after"))]
    fast = decode_lines(lines, HEADER)
    assert as_rows(fast) == as_rows(one_by_one(lines))
    assert fast.documents["document"].to_pylist() == ["before", "after"]
    assert fast.rejected.num_rows == 1
