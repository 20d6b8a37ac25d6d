"""Apple Health's ``export.xml``: sleep, heart rate, SDNN, resting heart rate and body mass of an iPhone.

Every time has the offset of the phone that exported, so the instant is right and the local day is not: times are given
in UTC, and the athlete's zone or the zone of the import places them, unless the record names its own. The file has
gigabytes: it is read as a stream, and only what is taken of it is kept.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from pipeline.errors import RefusedError, ZoneNeededError
from pipeline.record import Header
from pipeline.sources.apple import SOURCE, Stretch, apple_moment, device_of, in_nights, mass_of, night_of, stage_of
from pipeline.sources.apple_xml import Child, children, is_export
from pipeline.sources.base import ImportContext, Part, RowError, VendorDecoded
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.json_file import CUT_BYTES
from pipeline.sources.local_time import local_of
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder
from schemas.times import MICROSECONDS, Moment, is_zone

BEATS_MAX = 12_000_000  # one every 30 s for eleven years
READINGS_MAX = 600_000  # of everything else together
TYPES_MAX = 1_000
BLOCK_BEATS_MAX = 20_000  # a day with more is cut by hours, so that a part stays below its size
PART_ENTRIES_MAX, PART_BYTES_AIM = 400, 200_000
_PREFIX = re.compile(r"^HK(?:Quantity|Category|Data)TypeIdentifier")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_TYPE_CHARACTERS = 80
_DAY_S = 86_400
_HEART_RATE, _RESTING, _HRV, _MASS = "HeartRate", "RestingHeartRate", "HeartRateVariabilitySDNN", "BodyMass"
_SLEEP = "SleepAnalysis"
_FILE = "the file"  # stands where a type does for what is wrong with the whole
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {_HEART_RATE: ("count/min", "bpm"), _RESTING: ("count/min", "bpm"), _HRV: ("ms",)}
_BPM = (20, 250)


class AppleHealth(ReadingsDecoder):
    """``apple_health.xml``: the export of the Health app, plain, packed, or in the archive that the phone makes."""

    name = "apple_health.xml"
    source = SOURCE
    origin = ORIGIN_WATCH
    app = "Apple Health"
    reads = (
        "`export.xml`, also inside `export.zip`: nights with stages by device, heart rate, SDNN, resting heart rate, "
        "body mass"
    )
    bytes_max = 4 << 30
    not_taken = (
        ("workouts", "they have no sets; they are counted, and their routes are not kept"),
        ("records inside correlations", "the same records stand in the file by themselves"),
        ("InstantaneousBeatsPerMinute", "its times are written in the language of the phone, without a day"),
        ("the offset of a time", "it is that of the exporting phone, not of the place; the instant is taken"),
        ("all other types", "no model reads them; each type is one ignored item, however many records it has"),
    )

    def recognise(self, head: bytes) -> bool:
        return is_export(head)

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """Parts of many readings each; raises RefusedError, and ZoneNeededError for days of resting heart rates."""
        found = _Found()
        for child in children(stream):
            found.take(child)
        if context.tz is None and any(one["type"] == _RESTING and one["zone"] is None for one in found.values):
            raise ZoneNeededError(
                "this Apple Health export needs a time zone",
                "its resting heart rates are of a day, and its times have the offset of the phone that exported",
                "give the zone of the place, for example `--tz Europe/Berlin`",
            )
        number, texts, size = 1, list[bytes](), 0
        for entry in found.entries():
            text = json.dumps(entry, separators=(",", ":")).encode()
            if texts and (len(texts) >= PART_ENTRIES_MAX or size + len(text) > PART_BYTES_AIM):
                yield _part(texts, number)
                number, texts, size = number + len(texts), [], 0
            texts.append(text)
            size += len(text)
        if texts:
            yield _part(texts, number)

    def elements_of(self, value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value]

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        if header.tz is not None and isinstance(element, dict) and element.get("type") == _RESTING:
            element = element | {"zone": element.get("zone") or header.tz}
        super().read_element(element, items, header, found)

    def readings(self, element: Any) -> Iterator[Reading]:
        wrong = element.get("wrong")
        kind = element["type"]
        if wrong is not None:
            more = f" ({element['count']:,} records of {kind} are not taken for this reason.)"
            raise RowError(wrong[0], wrong[1], wrong[2] + ("" if kind == _FILE else more))
        if "count" in element:
            yield Left("workout_without_sets" if kind == "Workout" else "other_data")
        elif kind == _HEART_RATE:
            yield _block(element)
        elif kind == _SLEEP:
            yield _night(element)
        else:
            yield _value(element, kind)


class _Found:
    """What is taken of a file while it is read; of the rest only how much there was."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []
        self._beats: dict[tuple[int, str], tuple[array[int], array[float]]] = {}
        self._beat_count = 0
        self._nights: dict[tuple[str, str], list[Stretch]] = {}
        self._stretch_count = 0
        self._other: Counter[str] = Counter()
        self._wrong: dict[tuple[str, str, str | None], list[Any]] = {}

    def take(self, child: Child) -> None:
        """Keep a reading, or count what is none; raises RefusedError for a file beyond all measure."""
        if child.broken is not None:
            message = (
                f"The file is cut off or damaged ({child.broken}). What stood before that was taken; export it again."
            )
            self._wrong["file", "invalid_json", None] = ["invalid_type", None, message, 1]
            return
        if child.tag in ("ExportDate", "Me"):
            return
        kind = child.tag
        if kind == "Record":
            kind = _PREFIX.sub("", child.attributes.get("type", ""))[:_TYPE_CHARACTERS]
        try:
            if child.tag == "Record" and kind == _SLEEP:
                self._take_stretch(child)
            elif child.tag == "Record" and (kind in _UNITS or kind == _MASS):
                self._take_value(kind, child)
            else:
                self._other[kind if kind in self._other or len(self._other) < TYPES_MAX else "others"] += 1
        except RowError as error:
            known = self._wrong.setdefault(
                (kind, error.reason, error.field), [error.reason, error.field, error.message, 0]
            )
            known[3] += 1
        if self._beat_count > BEATS_MAX or len(self.values) + self._stretch_count > READINGS_MAX:
            raise RefusedError(
                "the export holds more than a life of wearing a watch",
                f"it has more than {BEATS_MAX:,} heart rates, or {READINGS_MAX:,} other readings",
                "check that it is one person's export",
            )

    def _take_value(self, kind: str, child: Child) -> None:
        attributes, zone = child.attributes, _zone(child)
        value = _number(attributes.get("value"))
        unit = attributes.get("unit", "")
        if kind != _MASS and unit not in _UNITS[kind]:
            raise RowError("missing_unit", "unit", f"`unit` of {kind} is {shown(unit)}; known is {_UNITS[kind][0]}.")
        if kind == _MASS and mass_of(value, unit) is None:
            raise RowError("missing_unit", "unit", f"`unit` of {kind} is {shown(unit)}; known are kg, g, lb, st.")
        start_us = _instant(attributes, "startDate")
        if kind == _HEART_RATE:
            if not _BPM[0] <= value <= _BPM[1]:
                raise RowError("out_of_range", "value", f"A heart rate is {value:g}, outside 20 to 250 bpm.")
            at_s = start_us // MICROSECONDS
            times, rates = self._beats.setdefault((at_s // _DAY_S, zone or ""), (array("q"), array("d")))
            times.append(at_s)
            rates.append(value)
            self._beat_count += 1
            return
        device = attributes.get("sourceName", "")
        entry = {"type": kind, "zone": zone, "start_us": start_us, "value": value, "device": device[:_TYPE_CHARACTERS]}
        if kind == _MASS:
            entry["unit"] = unit
        if kind == _RESTING:
            entry["end_us"] = _instant(attributes, "endDate")
        self.values.append(entry)

    def _take_stretch(self, child: Child) -> None:
        attributes = child.attributes
        stretch = Stretch(
            _instant(attributes, "startDate"), _instant(attributes, "endDate"), stage_of(attributes.get("value"))
        )
        if stretch.end_us < stretch.start_us:
            raise RowError("out_of_range", "endDate", "A stretch of sleep ends before it begins. Correct its times.")
        device = attributes.get("sourceName", "")[:_TYPE_CHARACTERS]
        self._nights.setdefault((device, _zone(child) or ""), []).append(stretch)
        self._stretch_count += 1

    def entries(self) -> Iterator[dict[str, Any]]:
        """What became of the file, one entry an item, in an order that depends on the readings alone."""
        for (device, zone), stretches in sorted(self._nights.items()):
            for night in in_nights(stretches):
                yield {
                    "type": _SLEEP,
                    "zone": zone or None,
                    "device": device,
                    "stretches": [stretches[at] for at in night],
                }
        yield from sorted(self.values, key=lambda one: (one["type"], one["start_us"]))
        for day, zone in sorted(self._beats):
            times, rates = self._beats.pop((day, zone))
            yield from _blocks(dict(zip(times, rates, strict=True)), day, zone)
        for kind, count in sorted(self._other.items()):
            yield {"type": kind, "count": count}
        for (kind, _, _), (reason, field, message, count) in sorted(self._wrong.items(), key=lambda pair: str(pair[0])):
            yield {"type": kind, "wrong": [reason, field, message[:CUT_BYTES]], "count": count}


def _order(entry: dict[str, Any]) -> tuple[str, int, float]:
    return entry["type"], entry["start_us"], entry["value"]


def _part(texts: Sequence[bytes], number: int) -> Part:
    return Part(b"[" + b",".join(texts) + b"]", list(range(number, number + len(texts))), "")


def _blocks(beats: dict[int, float], day: int, zone: str) -> Iterator[dict[str, Any]]:
    """The samples of a day in UTC, which names the block: a later export of a day that went on is the same document."""
    name = date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
    hours: dict[str, list[int]] = {}
    for at_s in sorted(beats):
        hour = f"{name}T{at_s % _DAY_S // 3600:02d}" if len(beats) > BLOCK_BEATS_MAX else name
        hours.setdefault(hour, []).append(at_s)
    for hour, times in hours.items():
        rates = [int(beats[at_s]) if beats[at_s].is_integer() else beats[at_s] for at_s in times]
        offsets = [at_s - times[0] for at_s in times]
        start_us = times[0] * MICROSECONDS
        yield {
            "type": _HEART_RATE,
            "zone": zone or None,
            "name": f"{hour}/{zone}" if zone else hour,
            "start_us": start_us,
            "offset_s": offsets,
            "bpm": rates,
        }


def _zone(child: Child) -> str | None:
    return child.zone if child.zone is not None and is_zone(child.zone) else None


def _number(text: str | None) -> float:
    if text is None or _NUMBER.fullmatch(text) is None:
        raise RowError("invalid_type", "value", f"`value` is {shown(text)}, which is no number.")
    return float(text)


def _instant(attributes: dict[str, str], field: str) -> int:
    text = attributes.get(field, "")
    if len(text) == 25 and text[10] == text[19] == " ":  # nearly always, and there are millions
        try:
            at = datetime.fromisoformat(f"{text[:19]}{text[20:]}")
        except ValueError:
            pass
        else:
            if at.tzinfo is not None:
                return round((at - _EPOCH).total_seconds()) * MICROSECONDS
    return apple_moment(text, field).instant_us


def _common(element: dict[str, Any]) -> dict[str, Any]:
    return {"timezone": element["zone"]} if element["zone"] else {}


def _utc(us: int) -> str:
    return str(Moment(us, None, True))


def _block(element: dict[str, Any]) -> Reading:
    return {
        "kind": "heart_rate",
        "document": f"heart_rate/{element['name']}",
        "start": _utc(element["start_us"]),
        "offset_s": [float(one) for one in element["offset_s"]],
        "bpm": [float(one) for one in element["bpm"]],
        **_common(element),
    }


def _night(element: dict[str, Any]) -> Reading:
    stretches = [Stretch(*one) for one in element["stretches"]]
    return night_of(stretches, element["device"], None, None) | _common(element) | device_of(element.get("device", ""))


def _value(element: dict[str, Any], kind: str) -> Reading:
    at, value = _utc(element["start_us"]), element["value"]
    if value <= 0:
        return Left("no_reading")
    if kind == _RESTING:
        if not element["zone"]:
            raise RowError("missing_zone", "startDate", "The day of this resting heart rate is not known. Give `--tz`.")
        # it stands for a whole day, and the athlete may have been far from home: the middle is in the right day
        middle_us = (element["start_us"] + element["end_us"]) // 2
        day = _utc(local_of(element["zone"], middle_us))[:10]
        document = f"resting_heart_rate/{at}"
        device = device_of(element.get("device", ""))
        return {"kind": "resting_heart_rate", "document": document, "day": day, "bpm": value, **device}
    if kind == _HRV:
        # Apple measures through the day and the night; nothing says which this was
        measured = {"measured_at": at, "statistic": "sdnn", "value_ms": value, "context": "spot"}
        return {
            "kind": "hrv",
            "document": f"hrv/{at}",
            **measured,
            **_common(element),
            **device_of(element.get("device", "")),
        }
    mass = mass_of(value, element["unit"])
    return {"kind": "body_mass", "document": f"body_mass/{at}", "measured_at": at, "mass": mass, **_common(element)}
