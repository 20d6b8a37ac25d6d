"""Health Connect: bodies of the bridge app HC Webhook, and records as apps export them with their metadata.

The bridge writes UTC and neither ids nor the place; records have an id, the time of their last change and,
where the writing app gave it, the offset of the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.errors import RefusedError
from pipeline.record import Header
from pipeline.sources.base import RowError, VendorDecoded
from pipeline.sources.blocks import BlocksDecoder, at_offset, bounded, heart_rate, in_blocks, offset_of, record_id
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import Element, is_json, moment, real, words
from pipeline.sources.local_time import local_of
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading
from schemas.times import Moment, is_zone

_STAGES = (  # in the order of the platform's numbers
    ("unknown", "unknown"), ("awake", "awake"), ("sleeping", "asleep"), ("out_of_bed", "out_of_bed"),
    ("light", "light"), ("deep", "deep"), ("rem", "rem"), ("awake_in_bed", "awake"),
)  # fmt: skip
_STAGE: dict[Any, str] = dict(_STAGES) | {number: stage for number, (_, stage) in enumerate(_STAGES)}
_HOUR_CHARACTERS = len("2026-11-20T05")
_DEVICE_CHARACTERS = 60
_OTHER_ROWS = 500  # of a type that is not read, kept together as one item
_HC_READ = ("sleep", "heart_rate", "heart_rate_variability", "resting_heart_rate", "weight")
_BEGIN = re.compile(rb'\s*\{\s*"timestamp"\s*:\s*"[^"]*"\s*,\s*"app_version"')
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")


class _DaylessError(RowError):
    """A resting heart rate of an instant that says nothing about the place, so its day is not known."""

    def __init__(self, at: Moment) -> None:
        super().__init__(
            "missing_zone",
            "time",
            "This resting heart rate needs the place it was measured at to know its day. "
            "Give the zone, for example `--tz Europe/Berlin`.",
        )
        self.at = at


class _HealthConnect(BlocksDecoder):
    """What both doors share: a resting heart rate is an instant, and its day that of the place."""

    source = "health_connect"
    origin = ORIGIN_WATCH

    def with_offset(self, element: Any, offset: dict[str, int]) -> Any:
        """The element with an offset in its only record."""
        raise AssertionError("a decoder knows where its record stands")

    def starts(self, element: Any) -> list[Moment]:
        # a wall clock asks the importer for a zone; so does an instant whose day is wanted
        return super().starts(element) + [Moment(one.at.wall_us, None, False) for one in self._dayless(element)]

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        for lacking in self._dayless(element):
            if header.tz is not None and is_zone(header.tz):
                at_us = lacking.at.instant_us
                offset_s = (local_of(header.tz, at_us) - at_us) // 1_000_000
                element = self.with_offset(element, {"totalSeconds": offset_s})
        super().read_element(element, items, header, found)

    def _dayless(self, element: Any) -> list[_DaylessError]:
        return [one for one in self._all(element) if isinstance(one, _DaylessError)]


class HealthConnectWebhook(_HealthConnect):
    """``health_connect.webhook.json``: one array per type, windows of 48 h that overlap."""

    name = "health_connect.webhook.json"
    app = "Health Connect (HC Webhook)"
    reads = "nights with stages, heart rate, RMSSD, resting heart rate, body mass"
    lists = (*_HC_READ, "steps", "distance", "exercise")
    not_taken = (
        ("test messages", "their values are invented"),
        (
            "steps, calories, exercise, nutrition and the other types",
            "no model reads them; they are counted as ignored",
        ),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        sleep = b'"session_end_time"' in head and b'"duration_seconds"' in head
        return sleep or b'"rmssd_millis"' in head or _BEGIN.match(head) is not None

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for body in value if isinstance(value, list) else [value]:
            found += _of_body(body) if isinstance(body, dict) else [body]
        return found

    def readings(self, element: Any) -> Iterator[Reading]:
        key, rows = next(iter(element.items())) if isinstance(element, dict) and len(element) == 1 else ("", None)
        if not isinstance(element, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no message of HC Webhook.")
        if key not in _HC_READ or not isinstance(rows, list):
            yield Left("other_data" if isinstance(rows, list) else "no_reading")
        elif key == "heart_rate":
            yield from heart_rate(rows, _bridge_sample)
        elif not isinstance(rows[0], dict):
            raise RowError("invalid_type", key, f"{shown(rows[0])} is no entry of `{key}`.")
        elif key == "sleep":
            yield from _bridge_sleep(rows[0])
        else:
            at = _instant(rows[0].get("time"), "time", _zone(rows[0], "zoneOffset"))
            document = f"{key}/{at_offset(at.instant_us, None)}"
            if key == "heart_rate_variability":
                yield _rmssd(document, at, real(rows[0].get("rmssd_millis"), "rmssd_millis"), {})
            elif key == "weight":
                yield _mass(document, at, real(rows[0].get("kilograms"), "kilograms"), {})
            else:
                yield _resting(document, at, real(rows[0].get("bpm"), "bpm"), {})

    def with_offset(self, element: Any, offset: dict[str, int]) -> Any:
        return {"resting_heart_rate": [element["resting_heart_rate"][0] | {"zoneOffset": offset}]}

    def _read(self, text: bytes) -> list[Element]:
        if re.search(rb'"test"\s*:\s*true', text[:400]):
            raise RefusedError(
                "this is a test message of HC Webhook",
                "the app's test button sends invented values",
                "choose Sync Now in the app, and import that message",
            )
        return super()._read(text)


class HealthConnectRecords(_HealthConnect):
    """``health_connect.records.json``: lists of records with ``metadata.id``, and changes with deletions."""

    name = "health_connect.records.json"
    app = "Health Connect records"
    reads = "nights with stages, heart rate, RMSSD, resting heart rate, body mass; deletions of records"
    lists = ("records", "upsertionChanges", "deletionChanges")
    not_taken = (
        ("clientRecordVersion", "the phone keeps the highest itself; `lastModifiedTime` says which record is newer"),
        ("ExerciseSession with its segments", "it has repetitions and no weights"),
        ("steps, distance, calories and the other types", "no model reads them; they are counted as ignored"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        record = b'"metadata"' in head and b'"dataOrigin"' in head
        return record or b'"deletionChanges"' in head or b'"upsertionChanges"' in head

    def elements_of(self, value: Any) -> list[Any]:
        found: list[Any] = []
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                found.append(one)
                continue
            if not any(isinstance(one.get(key), list) for key in self.lists):
                found.append({"records": [one]})
            for key in self.lists:
                rows = one.get(key)
                found += [{key: [row]} for row in rows] if isinstance(rows, list) else []
        return found or [{"records": []}]

    def readings(self, element: Any) -> Iterator[Reading]:
        if not isinstance(element, dict):
            raise RowError("invalid_type", None, f"{shown(element)} is no record of Health Connect.")
        gone = element.get("deletionChanges")
        if isinstance(gone, list) and gone:
            deleted = gone[0].get("recordId", gone[0].get("uid")) if isinstance(gone[0], dict) else gone[0]
            yield {"kind": "delete", "document": record_id(deleted, "recordId")}
            return
        record = _record(element)
        if not record:
            yield Left("no_reading")
            return
        kind = _kind(record)
        if kind is None:
            yield Left("other_data")
            return
        metadata = record.get("metadata")
        if not isinstance(metadata, dict):
            raise RowError("invalid_type", "metadata", f"`metadata` is {shown(metadata)}; it holds the record's id.")
        document = record_id(metadata.get("id"), "metadata.id")
        changed = metadata.get("lastModifiedTime")
        version = {} if changed is None else {"revision": words(changed, "metadata.lastModifiedTime")}
        device = _device(metadata)
        if kind == "sleep":
            yield from _sleep(record, document, version | device)
            return
        if kind == "heart_rate":
            yield from _samples(record, document, version)
            return
        at = _instant(record.get("time"), "time", _zone(record, "zoneOffset"))
        if kind == "hrv":
            field = "heartRateVariabilityMillis"
            yield _rmssd(document, at, real(record.get(field), field), version | device)
        elif kind == "weight":
            kilograms = record["weight"].get("inKilograms", record["weight"].get("kilograms"))
            yield _mass(document, at, real(kilograms, "weight.inKilograms"), version)
        else:
            bpm = real(record.get("beatsPerMinute"), "beatsPerMinute")
            yield _resting(document, at, bpm, version | device)

    def with_offset(self, element: Any, offset: dict[str, int]) -> Any:
        return {"records": [(_record(element) or {}) | {"zoneOffset": offset}]}


def _of_body(body: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    for key, rows in body.items():
        if not isinstance(rows, list) or not rows:
            continue
        if key == "heart_rate":
            blocks = in_blocks(rows, lambda one: one.get("time") if isinstance(one, dict) else None, _HOUR_CHARACTERS)
            found += [{key: block} for block in blocks]
        elif key in _HC_READ:
            found += [{key: [row]} for row in rows]
        else:
            found += [{key: rows[at : at + _OTHER_ROWS]} for at in range(0, len(rows), _OTHER_ROWS)]
    return found or [body]


def _device(metadata: dict[str, Any]) -> dict[str, str]:
    """The app a record comes from, which stands for its device; nothing where it is not stated."""
    origin = metadata.get("dataOrigin")
    name = origin.get("packageName") if isinstance(origin, dict) else origin
    return {"device": name.strip()[:_DEVICE_CHARACTERS]} if isinstance(name, str) and name.strip() else {}


def _record(element: dict[str, Any]) -> dict[str, Any] | None:
    rows = element.get("records", element.get("upsertionChanges"))
    change = rows[0] if isinstance(rows, list) and rows else {}
    if not isinstance(change, dict):
        raise RowError("invalid_type", None, f"{shown(change)} is no record of Health Connect.")
    record = change.get("record", change)
    return record if isinstance(record, dict) else None


def _kind(record: dict[str, Any]) -> str | None:
    """What a record is: by its type where it says so, else by the fields that only one type has."""
    stated = str(record.get("recordType") or "").removesuffix("Record")
    if isinstance(record.get("heartRateVariabilityMillis"), int | float):
        return "hrv"
    if stated == "SleepSession" or (not stated and isinstance(record.get("stages"), list)):
        return "sleep"
    samples = record.get("samples")
    first = samples[0] if isinstance(samples, list) and samples else None
    if stated == "HeartRate" or (not stated and isinstance(first, dict) and "beatsPerMinute" in first):
        return "heart_rate"
    if stated == "RestingHeartRate" or (not stated and "beatsPerMinute" in record and "time" in record):
        return "resting"
    return "weight" if isinstance(record.get("weight"), dict) and "time" in record else None


def _bridge_sleep(row: dict[str, Any]) -> Iterator[Reading]:
    end = _instant(row.get("session_end_time"), "session_end_time", None)
    duration_s = bounded(row.get("duration_seconds"), "duration_seconds")
    if duration_s is None:
        raise RowError("invalid_type", "duration_seconds", "`duration_seconds` is missing, so no start is known.")
    start = at_offset(end.instant_us - round(duration_s * 1e6), None)
    changed = row.get("sleep_updated_at")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": f"sleep/{start}",
        "start": str(start),
        "end": str(end),
        **({} if changed is None else {"revision": words(changed, "sleep_updated_at")}),
    }
    yield from _with_stages(night, row.get("stages"), ("start_time", "end_time"), None)


def _sleep(record: dict[str, Any], document: str, version: dict[str, str]) -> Iterator[Reading]:
    begins, ends = _zone(record, "startZoneOffset"), _zone(record, "endZoneOffset")
    start = _instant(record.get("startTime"), "startTime", begins)
    end = _instant(record.get("endTime"), "endTime", ends)
    night = {"kind": "sleep", "document": document, **version, "start": str(start), "end": str(end)}
    yield from _with_stages(night, record.get("stages"), ("startTime", "endTime"), begins)


def _with_stages(night: dict[str, Any], rows: Any, fields: tuple[str, str], offset_s: int | None) -> Iterator[Reading]:
    stages = []
    try:
        for row in rows if isinstance(rows, list) else []:
            if not isinstance(row, dict):
                raise RowError("invalid_type", "stages", f"{shown(row)} is no stage; the night has no stages.")
            begin, until = (_instant(row.get(field), f"stages.{field}", offset_s) for field in fields)
            sign = row.get("stage")
            stage = _STAGE.get(sign.lower() if isinstance(sign, str) else sign if isinstance(sign, int) else None)
            stages.append({"stage": stage or "unknown", "start": str(begin), "end": str(until)})
    except RowError as error:
        yield night
        yield error
        return
    yield night | ({"stages": stages} if stages else {})


def _samples(record: dict[str, Any], document: str, version: dict[str, str]) -> Iterator[Reading]:
    offset_s = _zone(record, "startZoneOffset")

    def read(one: Any) -> tuple[Moment, float | None]:
        if not isinstance(one, dict):
            raise RowError("invalid_type", "samples", f"{shown(one)} is no sample.")
        return _instant(one.get("time"), "samples.time", offset_s), real(one.get("beatsPerMinute"), "beatsPerMinute")

    rows = record.get("samples")
    for reading in heart_rate(rows if isinstance(rows, list) else [], read, document=document):
        yield reading | version if isinstance(reading, dict) else reading


def _bridge_sample(one: Any) -> tuple[Moment, float | None]:
    if not isinstance(one, dict):
        raise RowError("invalid_type", "heart_rate", f"{shown(one)} is no sample.")
    return _instant(one.get("time"), "time", None), real(one.get("bpm"), "bpm")


def _rmssd(document: str, at: Moment, value_ms: float | None, version: dict[str, str]) -> Reading:
    if not value_ms or value_ms < 0:
        return Left("no_reading")
    # nothing says whether it was measured in a night
    measured = {"measured_at": str(at), "statistic": "rmssd", "value_ms": value_ms, "context": "spot"}
    return {"kind": "hrv", "document": document, **version, **measured}


def _mass(document: str, at: Moment, kilograms: float | None, version: dict[str, str]) -> Reading:
    if not kilograms or kilograms < 0:
        return Left("no_reading")
    mass = {"value": kilograms, "unit": "kg"}
    return {"kind": "body_mass", "document": document, **version, "measured_at": str(at), "mass": mass}


def _resting(document: str, at: Moment, bpm: float | None, version: dict[str, str]) -> Reading:
    if not bpm or bpm < 0:
        return Left("no_reading")
    if at.offset_s is None:
        return _DaylessError(at)
    return {"kind": "resting_heart_rate", "document": document, **version, "day": str(at)[:10], "bpm": bpm}


def _instant(value: Any, field: str, offset_s: int | None) -> Moment:
    at = moment(value, field)
    if not at.is_instant:
        raise RowError("missing_zone", field, f"`{field}` is {shown(value)}, which lacks the Z of an instant.")
    return at if offset_s is None else at_offset(at.instant_us, offset_s)


def _zone(record: dict[str, Any], field: str) -> int | None:
    """An offset in seconds, from ``+01:00``, or an object with ``totalSeconds``; None if none is stated."""
    value = record.get(field)
    if isinstance(value, dict):
        return offset_of(value.get("totalSeconds"))
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return offset_of(-seconds if match[1] == "-" else seconds)
