"""Sets by the thousand: JSON lines straight to Arrow columns, checked as columns.

Only what is certainly right is taken here; any line or row in doubt is handed back for the models, which
are the authority. Facts about the reader that this rests on (a test holds each): a line that begins with
``{`` and ends with ``}`` cannot join with its neighbour, so as many rows as lines means one object per
line; unknown, doubled or wrongly typed fields fail the whole text; NaN and infinities do not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from pipeline.sources import columns
from pipeline.sources.columns import Decoded
from pipeline.sources.efforts import RIR_MAX, RIR_MIN, RPE_MAX, RPE_MIN
from pipeline.sources.fast_checks import Bools, Checks, floats, valid
from pipeline.sources.fast_times import parse_times
from pipeline.sources.lines import Lines
from pipeline.sources.local_time import to_local_us, to_utc_us
from pipeline.sources.receipt import EARLIEST_US, FUTURE_US_MAX
from pipeline.sources.revisions import revision_kind
from schemas.common import LABEL_LENGTH_MAX, NOTES_LENGTH_MAX, REVISION_MAX, SECONDS_MAX, WEIGHT_KG_MAX, WEIGHT_LB_MAX
from schemas.strength import (
    DISTANCE_M_MAX,
    EXERCISE_BLOCK_MAX,
    REPS_MAX,
    SET_INDEX_MAX,
    LoadKind,
    Outcome,
    SetType,
    Side,
)
from schemas.times import is_zone

CHUNK_LINES = 40_000
_SPLIT_INTO = 4  # a chunk that does not parse is cut into this many, down to _LINES_MIN
_LINES_MIN = 24
_SAMPLES = 8

_WEIGHT = pa.struct([("value", pa.float64()), ("unit", pa.string())])
_EFFORT = pa.struct([("scale", pa.string()), ("value", pa.float64())])
_USUAL: dict[str, pa.DataType] = {
    "kind": pa.string(),
    "athlete": pa.string(),
    "source": pa.string(),
    "document": pa.string(),
    "performed_at": pa.string(),
    "session": pa.string(),
    "exercise": pa.string(),
    "set_index": pa.int64(),
    "set_type": pa.string(),
    "weight": _WEIGHT,
    "reps": pa.int64(),
    "effort": _EFFORT,
    "outcome": pa.string(),
}
_RARER: dict[str, pa.DataType] = {
    "revision": pa.int64(),
    "timezone": pa.string(),
    "exercise_block": pa.int64(),
    "load_kind": pa.string(),
    "side": pa.string(),
    "duration_s": pa.float64(),
    "distance_m": pa.float64(),
    "rest_s": pa.float64(),
    "superset": pa.string(),
    "notes": pa.string(),
    "rep_velocities_m_s": pa.list_(pa.float64()),
    "target": pa.struct([("reps", pa.int64()), ("weight", _WEIGHT), ("effort", _EFFORT)]),
}
_SET_TYPES, _OUTCOMES = pa.array(get_args(SetType)), pa.array(get_args(Outcome))
_KIND = pa.array(["set"])
_FALSE = pa.scalar(False)
_LOAD_KINDS, _SIDES = pa.array(get_args(LoadKind)), pa.array(get_args(Side))
_RARER_KEYS = {name: f'"{name}"'.encode() for name in _RARER}


def candidates(lines: Sequence[bytes]) -> npt.NDArray[np.bool_]:
    """Lines that look like one whole ``set`` object."""
    chunks = [_candidates(lines[first : first + CHUNK_LINES]) for first in range(0, len(lines), CHUNK_LINES)]
    return np.concatenate(chunks) if chunks else np.zeros(0, np.bool_)


def _candidates(lines: Sequence[bytes]) -> npt.NDArray[np.bool_]:
    """Where every line is an object and there are as many kinds as lines, they pass together: ``decode_sets`` hands
    back the rows whose kind is another one."""
    text = b"\n".join(lines)
    if (
        text[:1] == b"{"
        and text[-1:] == b"}"
        and text.count(b"}\n{") == len(lines) - 1 == text.count(b"\n")
        and text.count(b'"kind":"set"') == len(lines)
    ):
        return np.ones(len(lines), np.bool_)
    return np.fromiter(
        (
            line[:1] == b"{" and line[-1:] == b"}" and (b'"kind":"set"' in line or b'"kind": "set"' in line)
            for line in lines
        ),
        np.bool_,
        len(lines),
    )


def decode_sets(batch: Lines) -> Iterator[tuple[Decoded | None, npt.NDArray[np.int64]]]:
    """Decode lines that are ``candidates``; yields columns, and the rows that the models must read."""
    for first in range(0, len(batch.lines), CHUNK_LINES):
        yield from _decode_run(batch, first, min(first + CHUNK_LINES, len(batch.lines)))


def _decode_run(batch: Lines, first: int, last: int) -> Iterator[tuple[Decoded | None, npt.NDArray[np.int64]]]:
    part = batch.cut(first, last)
    text = b"\n".join(part.lines)
    table = _parse(text, part)
    if table is not None:
        decoded, doubtful = _decode_table(table, text, part)
        yield decoded, doubtful + first
    elif last - first <= _LINES_MIN:
        yield None, np.arange(first, last)
    else:
        step = -(-(last - first) // _SPLIT_INTO)
        for start in range(first, last, step):
            yield from _decode_run(batch, start, min(start + step, last))


@lru_cache(maxsize=512)
def _options(rarer: tuple[str, ...]) -> pj.ParseOptions:
    fields = {**_USUAL, **{name: _RARER[name] for name in rarer}}
    return pj.ParseOptions(explicit_schema=pa.schema(fields.items()), unexpected_field_behavior="error")


def _parse(text: bytes, part: Lines) -> pa.Table | None:
    """One row per line, or null if the text is in doubt as a whole."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
    count = len(part.lines)
    if text.count(b"\n") != count - 1:
        return None
    # columns that no line has cost time; so guess from a few lines, and try all if the guess was wrong
    samples = part.lines[:: max(1, count // _SAMPLES)]
    guess = tuple(name for name, key in _RARER_KEYS.items() if any(key in line for line in samples))
    read = pj.ReadOptions(use_threads=False, block_size=len(text) + 1024)
    for names in (guess, tuple(_RARER)):
        try:
            table = pj.read_json(pa.BufferReader(text), read_options=read, parse_options=_options(names))
        except (pa.ArrowInvalid, UnicodeDecodeError):
            if len(names) == len(_RARER):
                return None
            continue
        return table.combine_chunks() if table.num_rows == count else None
    return None


def _decode_table(table: pa.Table, text: bytes, part: Lines) -> tuple[Decoded, npt.NDArray[np.int64]]:
    """The columns of a parsed chunk, and the rows in doubt."""
    escapes = b"\\" in text
    checks = Checks(table, controls=escapes or b"\x7f" in text, ascii_only=not escapes and text.isascii())
    kind = checks.choice("kind", _KIND, required=True)
    found: dict[str, Any] = {
        "athlete": checks.name("athlete", required=True),
        "document": checks.name("document", required=True),
        "source": checks.name("source"),
        "session": checks.name("session"),
        "exercise": checks.name("exercise", required=True),
        "set_type": checks.choice("set_type", _SET_TYPES, required=True),
        "outcome": checks.choice("outcome", _OUTCOMES),
        "load_kind": checks.choice("load_kind", _LOAD_KINDS),
        "side": checks.choice("side", _SIDES),
        "set_index": checks.whole("set_index", SET_INDEX_MAX, required=True),
        "exercise_block": checks.whole("exercise_block", EXERCISE_BLOCK_MAX),
        "reps": checks.whole("reps", REPS_MAX),
        "duration_s": checks.number("duration_s", SECONDS_MAX),
        "distance_m": checks.number("distance_m", DISTANCE_M_MAX),
        "rest_s": checks.number("rest_s", SECONDS_MAX),
        "superset": checks.name("superset", length_max=LABEL_LENGTH_MAX),
        "notes": checks.text("notes", NOTES_LENGTH_MAX),
        "kind": kind,
        "deleted": pa.repeat(_FALSE, checks.count),
        "effort_dropped": pa.repeat(_FALSE, checks.count),
        "record": part.records,
        "item": part.items,
    }
    checks.rare("rep_velocities_m_s", "target")
    found["source"] = _sources(found["source"], part)
    found |= _times(checks, part)
    found |= _weights(checks)
    found |= _efforts(checks)
    found |= _versions(checks, found["source"], part)
    for name, value in (("ordinal", 0), ("origin", columns.ORIGIN_EVENT), ("items", 1)):
        found[name] = np.full(checks.count, value, np.int32)
    documents, sets = _select(found, columns.DOCUMENT, checks), _select(found, columns.SET, checks)
    decoded = Decoded(
        documents=documents,
        sets=sets,
        sessions=columns.empty(columns.SESSION),
        events=columns.empty(columns.EVENT),
        rejected=columns.empty(columns.REJECTED),
        ignored=columns.empty(columns.IGNORED),
        warnings=[],
    )
    return decoded, np.flatnonzero(checks.doubt)


def _select(found: dict[str, Any], schema: pa.Schema, checks: Checks) -> pa.Table:
    """The rows without doubt, in the columns of ``schema``."""
    count = checks.count - int(checks.doubt.sum())
    keep = pa.array(~checks.doubt) if count < checks.count else None
    arrays = []
    for field in schema:
        value = found.get(field.name)
        if field.name == "doc_row":
            array = pa.array(np.arange(count, dtype=np.int32))
        elif value is None:
            array = _nulls(field.type).slice(0, count)
        else:
            array = value if isinstance(value, pa.Array) else pa.array(value)
            array = array if array.type == field.type else array.cast(field.type)
            array = array if keep is None else array.filter(keep)
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema)


@lru_cache(maxsize=32)
def _nulls(kind: pa.DataType) -> pa.Array:
    """A column without values; all chunks share it."""
    return pa.nulls(CHUNK_LINES, kind)


def _sources(stated: pa.Array | None, part: Lines) -> pa.Array:
    """The source of every row, the upload's where none is stated."""
    if stated is not None and not stated.null_count:
        return stated
    if stated is not None and part.uploads.source is not None:
        return pc.fill_null(stated, part.uploads.source)
    of_upload = part.uploads.sources.take(pa.array(part.upload_no))
    return of_upload if stated is None else pc.coalesce(stated, of_upload)


def _times(checks: Checks, part: Lines) -> dict[str, Any]:
    """Instant, wall clock and zone kind; in doubt: odd shapes, no zone, times that cannot be."""
    column = checks.column("performed_at")
    if column is None:
        checks.doubt[:] = True
        return {}
    times = parse_times(column)
    checks.doubt |= ~times.known
    at_us, local_us = times.wall_us - times.offset_us, times.wall_us
    zone_kind = np.where(times.zulu, columns.ZONE_NONE, columns.ZONE_OFFSET).astype(np.int8)
    zones = checks.column("timezone")
    stated = np.zeros(checks.count, np.bool_)
    if zones is not None:
        stated = valid(zones)
        local_us = local_us.copy()
        for zone in pc.unique(zones).drop_null().to_pylist():
            rows = np.flatnonzero(_equal(zones, zone))
            if not is_zone(zone):
                checks.doubt[rows] = True
                continue
            bare = rows[times.bare[rows]]
            at_us[bare] = to_utc_us(zone, times.wall_us[bare])
            local_us[rows] = to_local_us(zone, at_us[rows])
        zone_kind[stated] = columns.ZONE_EVENT
    # a zone given with an import is left to the models: canonical uploads have none
    imported = part.uploads.with_zone[part.upload_no]
    checks.doubt |= ~stated & (times.bare | (times.zulu & imported))
    latest = part.uploads.received_us[part.upload_no] + FUTURE_US_MAX
    checks.doubt |= (at_us < EARLIEST_US) | (at_us > latest)
    unknown = times.zulu & ~stated
    return {
        "performed_at_us": at_us,
        "performed_local_us": pa.array(local_us, mask=unknown) if unknown.any() else local_us,
        "zone_kind": zone_kind,
        "zone": zones,
    }


def _weights(checks: Checks) -> dict[str, Any]:
    """Weights in milligrams, half to even, and as logged."""
    column = checks.column("weight")
    if column is None:
        return {}
    values, units = checks.member("weight", "value"), checks.member("weight", "unit")
    pounds = _equal(units, "lb")
    value, given = floats(values), valid(column)
    within = (value >= 0) & (value <= np.where(pounds, WEIGHT_LB_MAX, WEIGHT_KG_MAX))
    within &= valid(values) & (pounds | _equal(units, "kg"))
    checks.doubt |= given & ~within
    usable = given & within
    milligrams = np.rint(np.where(usable, value, 0.0) * np.where(pounds, 453_592.37, 1_000_000.0)).astype(np.int64)
    return {
        "weight_mg": pa.array(milligrams, mask=None if usable.all() else ~usable),
        "weight_value": values,
        "weight_unit": units,
    }


def _efforts(checks: Checks) -> dict[str, Any]:
    """One effort on one scale; in doubt: values off their scale."""
    column = checks.column("effort")
    if column is None:
        return {}
    scales, values = checks.member("effort", "scale"), checks.member("effort", "value")
    value, given = floats(values), valid(column)
    rir, rpe = _equal(scales, "rir"), _equal(scales, "rpe")
    within = (value >= np.where(rir, RIR_MIN, RPE_MIN)) & (value <= np.where(rir, RIR_MAX, RPE_MAX))
    within &= valid(values) & (rir | rpe)
    checks.doubt |= given & ~within
    return {
        "rir_logged": values if rir.all() else pa.array(value, mask=~rir),
        "rpe_logged": values if rpe.all() else pa.array(value, mask=~rpe),
        "effort_scale": scales,
        "effort_value": values,
    }


def _versions(checks: Checks, sources: pa.Array, part: Lines) -> dict[str, Any]:
    """Rank, value and payload hash; in doubt: whole numbers of sources that state times."""
    column = checks.column("revision")
    zeros = np.zeros(checks.count, np.int64)
    if column is None:
        return {"rank": zeros.astype(np.int8), "value": zeros, "payload_hash": zeros}
    stated = valid(column)
    value = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    checks.doubt |= (value < 0) | (value > REVISION_MAX)
    for source in pc.unique(sources).to_pylist():
        if revision_kind(source) == "time":
            checks.doubt |= stated & _equal(sources, source)
    hashes = zeros.copy()
    for row in np.flatnonzero(stated).tolist():
        hashes[row] = zlib.crc32(part.lines[row])
    return {"rank": stated.astype(np.int8), "value": value, "payload_hash": hashes}


@lru_cache(maxsize=512)
def _word(word: str) -> pa.Scalar:
    return pa.scalar(word)


def _equal(column: pa.Array, word: str) -> Bools:
    same: Bools = pc.fill_null(pc.equal(column, _word(word)), _FALSE).to_numpy(zero_copy_only=False)
    return same
