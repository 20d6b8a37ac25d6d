"""The columns that decoding yields: what every source, fast or slow, turns its bytes into.

Instants are microseconds since 1970 in UTC (``*_at_us``), wall clocks are microseconds of the
local date and time read as if it were UTC (``*_local_us``), weights are milligrams (1 kg = 1e6).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

# zone_kind: where the wall clock of a row comes from
ZONE_NONE = 0  # an instant in Z: the athlete's zone in force decides, null until one is known
ZONE_OFFSET = 1  # the numeric offset of the time itself
ZONE_EVENT = 2  # the event's own ``timezone``
ZONE_IMPORT = 3  # the zone given with the import
ZONE_ATHLETE = 4  # resolved later with the athlete's zone in force (set by the worker only)

# origin of a document
ORIGIN_EVENT, ORIGIN_FILE, ORIGIN_API, ORIGIN_WATCH = 0, 1, 2, 3

DOCUMENT = pa.schema(
    [
        ("record", pa.int32()),  # index of the record in the decoded batch
        ("item", pa.int32()),  # index of the item in its upload
        ("athlete", pa.string()),
        ("source", pa.string()),
        ("document", pa.string()),
        ("kind", pa.string()),
        ("rank", pa.int8()),  # 1: the source states a revision, 0: none
        ("value", pa.int64()),  # the revision (integer, or microseconds); 0 for rank 0
        ("deleted", pa.bool_()),
        ("items", pa.int32()),  # items this version stands for (I2): max(1, good set rows)
        ("payload_hash", pa.int64()),  # only for rank 1, else 0
        ("origin", pa.int8()),
    ]
)

SET = pa.schema(
    [
        ("doc_row", pa.int32()),  # row of DOCUMENT this set belongs to
        ("ordinal", pa.int32()),  # 0: the set is its own document; n >= 1: n-th set of a session document
        ("session", pa.string()),  # as named by the source; null: grouped by gaps
        ("performed_at_us", pa.int64()),
        ("performed_local_us", pa.int64()),
        ("zone_kind", pa.int8()),
        ("zone", pa.string()),  # name of the zone of the event or import; null: an offset alone, or Z
        ("exercise", pa.string()),  # as logged
        ("exercise_block", pa.int32()),
        ("set_index", pa.int32()),
        ("set_type", pa.string()),
        ("weight_mg", pa.int64()),  # the number on the implement, in milligrams; help for assisted lifts is positive
        ("weight_value", pa.float64()),  # as logged
        ("weight_unit", pa.string()),  # kg | lb, as logged
        ("load_kind", pa.string()),  # external | bodyweight | assisted | added | null = the exercise decides
        ("side", pa.string()),
        ("reps", pa.int32()),
        ("duration_s", pa.float64()),
        ("distance_m", pa.float64()),
        ("rir_logged", pa.float64()),
        ("rpe_logged", pa.float64()),
        ("effort_scale", pa.string()),  # rir | rpe: the one that counts (rir where both)
        ("effort_value", pa.float64()),
        ("outcome", pa.string()),
        ("target_reps", pa.int32()),
        ("target_weight_mg", pa.int64()),
        ("target_rir", pa.float64()),
        ("rest_s", pa.float64()),
        ("rep_velocities_m_s", pa.list_(pa.float64())),
        ("superset", pa.string()),
        ("notes", pa.string()),
        ("effort_dropped", pa.bool_()),  # an impossible effort was left out with a warning
    ]
)

SESSION = pa.schema(
    [
        ("doc_row", pa.int32()),
        ("session", pa.string()),
        ("start_at_us", pa.int64()),
        ("start_local_us", pa.int64()),
        ("zone_kind", pa.int8()),
        ("zone", pa.string()),  # as of a set
        ("end_at_us", pa.int64()),
        ("end_local_us", pa.int64()),
        ("date_only", pa.bool_()),  # the source gives a date without a time of day
        ("cr10", pa.float64()),
        ("title", pa.string()),
        ("notes", pa.string()),
        ("owns_sets", pa.bool_()),  # the document carries ``sets`` (even an empty list)
    ]
)

EVENT = pa.schema(  # every other kind: body_mass, athlete, declaration, plan, checkin, sleep, heart_rate, ..., tick
    [
        ("doc_row", pa.int32()),
        ("at_us", pa.int64()),  # the instant it speaks of, null where the kind only has a day
        ("local_us", pa.int64()),
        ("zone_kind", pa.int8()),
        ("day", pa.date32()),  # stated day (resting_heart_rate.day, hrv.night, declaration.from_day, plan.from_day)
        ("payload", pa.string()),  # the validated event as canonical JSON, without the samples of a heart rate
        ("offset_ms", pa.list_(pa.int32())),  # heart_rate only, these four: see ``samples.Samples``
        ("offset_us", pa.list_(pa.int64())),
        ("bpm", pa.list_(pa.uint8())),
        ("bpm_exact", pa.list_(pa.float64())),
    ]
)

REJECTED = pa.schema(
    [
        ("record", pa.int32()),
        ("item", pa.int32()),
        ("athlete", pa.string()),
        ("source", pa.string()),
        ("reason", pa.string()),
        ("field", pa.string()),
        ("message", pa.string()),
        ("excerpt", pa.string()),
    ]
)

IGNORED = pa.schema(
    [
        ("record", pa.int32()),
        ("item", pa.int32()),
        ("athlete", pa.string()),
        ("source", pa.string()),
        ("reason", pa.string()),  # rest_timer, planned_set, note_row, ...
    ]
)


_EMPTY = {id(schema): schema.empty_table() for schema in (DOCUMENT, SET, SESSION, EVENT, REJECTED, IGNORED)}


def empty(schema: pa.Schema) -> pa.Table:
    """The table without rows of one of these schemas, made once: that of SET takes longer than a small upload."""
    return _EMPTY[id(schema)]


@dataclass(slots=True)
class Decoded:
    """One decoded batch. ``warnings`` are (record, item, text) of items that were taken with a change."""

    documents: pa.Table
    sets: pa.Table
    sessions: pa.Table
    events: pa.Table
    rejected: pa.Table
    ignored: pa.Table
    warnings: list[tuple[int, int, str]]
