"""WHOOP's API, versions 1 and 2: sleeps, recoveries and deletions; UTC with the offset of the place beside it.

A recovery has neither a start nor an offset: it is named after its sleep and takes the day of that sleep's end where
the file holds the sleep. Else its day is the one on which it was made, at the offset of its cycle or in the zone of the
import.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.record import Header
from pipeline.sources.base import RowError, VendorDecoded
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.ignored import IgnoredReason
from pipeline.sources.json_file import is_json, moment, real, words
from pipeline.sources.local_time import local_of
from pipeline.sources.problems import shown
from pipeline.sources.readings import Left, Reading, ReadingsDecoder
from pipeline.sources.receipt import upload_of
from pipeline.sources.records import check_record, records_in
from pipeline.sources.row_elements import at_offset, utc_offset_s
from schemas.times import Moment, format_us, is_zone

_UNSCORED: dict[str, IgnoredReason] = {"PENDING_SCORE": "score_pending", "UNSCORABLE": "not_scored"}
_DELETIONS = {"sleep.deleted": ("",), "recovery.deleted": ("/hrv", "/resting_heart_rate")}
_ASLEEP = ("total_light_sleep_time_milli", "total_slow_wave_sleep_time_milli", "total_rem_sleep_time_milli")


class WhoopApi(ReadingsDecoder):
    """``whoop.api``: single records, pages of them, and notifications of deletions."""

    name = "whoop.api"
    source = "whoop"
    origin = ORIGIN_WATCH
    app = "WHOOP API"
    reads = "sleeps and naps with minutes in bed and asleep, RMSSD and resting heart rate of recoveries, deletions"
    lists = ("records",)
    not_taken = (
        ("cycles and workouts", "they hold strain, energy and totals of heart rate, no sets and no samples"),
        ("recovery_score, strain, sleep_performance, sleep_consistency", "they are scores, no measurement"),
        ("sleep_efficiency_percentage", "it is the vendor's own reckoning; efficiency is computed from the minutes"),
        ("sleep_needed", "the need for sleep is the athlete's own setting"),
        ("records in the state PENDING_SCORE or UNSCORABLE", "they have no values; a scored one replaces them later"),
        ("spo2_percentage, skin_temp_celsius, respiratory_rate", "no model reads them"),
    )

    def recognise(self, head: bytes) -> bool:
        if not is_json(head):
            return False
        record = b'"score_state"' in head and (b'"nap"' in head or b'"sleep_id"' in head)
        deletion = any(b'"' + name.encode() + b'"' in head for name in _DELETIONS)
        return record or (deletion and b'"user_id"' in head)

    def elements_of(self, value: Any) -> list[Any]:
        records = [record for one in records_in(value, ()) for record in _in_dump(one)]
        by_id = {str(one.get("id")): one for one in records if "sleep_id" not in one}
        return [_beside_its_sleep(one, by_id) for one in records]

    def starts(self, element: Any) -> list[Moment]:
        found = super().starts(element)
        if _is_recovery(element) and _offset_s(element) is None and element.get("score_state") == "SCORED":
            found.append(Moment(0, None, False))  # an instant alone does not say which day it was
        return found

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        zone = upload_of(header).tz
        if _is_recovery(element) and zone is not None:
            element = {**element, "import_zone": zone}
        super().read_element(element, items, header, found)

    def readings(self, element: Any) -> Iterator[Reading]:
        check_record(element)
        if "score_state" not in element and "type" in element:
            yield from _notification(element)
            return
        state = words(element.get("score_state"), "score_state")
        if _is_recovery(element):
            found = _recovery(element)
        elif "nap" in element:
            found = _sleep(element)
        else:
            yield Left("workout_totals" if "sport_id" in element or "sport_name" in element else "cycle_totals")
            return
        if state in _UNSCORED:
            yield Left(_UNSCORED[state])
        elif state != "SCORED":
            known = ", ".join(("SCORED", *_UNSCORED))
            yield RowError("unsupported", "score_state", f"`score_state` is {shown(state)}; known are {known}.")
        else:
            yield from found


def _in_dump(value: dict[str, Any]) -> list[Any]:
    """Records of a page, or of several pages under names of their own, as tools put them into one file."""
    if "score_state" in value or "type" in value:
        return [value]
    if isinstance(value.get("records"), list):
        return records_in(value, ("records",))
    pages = [one for one in value.values() if isinstance(one, dict) and isinstance(one.get("records"), list)]
    return [record for page in pages for record in records_in(page, ("records",))] if pages else [value]


def _is_recovery(element: Any) -> bool:
    return isinstance(element, dict) and "sleep_id" in element


def _beside_its_sleep(record: Any, by_id: dict[str, Any]) -> Any:
    """A recovery with the end of its sleep and the offset of its place, where the same file holds them."""
    if not _is_recovery(record) or "timezone_offset" in record:
        return record
    sleep, cycle = by_id.get(str(record["sleep_id"])), by_id.get(str(record.get("cycle_id")))
    if sleep is not None and "nap" in sleep:
        return {**record, "sleep_end": sleep.get("end"), "timezone_offset": sleep.get("timezone_offset")}
    if cycle is not None:
        return {**record, "timezone_offset": cycle.get("timezone_offset")}
    return record


def _notification(element: dict[str, Any]) -> Iterator[Reading]:
    suffixes = _DELETIONS.get(words(element["type"], "type"))
    if suffixes is None:
        yield Left("notification")
        return
    document = _document(element, "id")
    for suffix in suffixes:
        yield {"kind": "delete", "document": document + suffix}


def _document(element: dict[str, Any], field: str) -> str:
    """The id of a sleep: a number in version 1, a UUID in version 2."""
    value = element.get(field)
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise RowError(
            "invalid_type",
            field,
            f"`{field}` is {shown(value)}, so a corrected record could not be told from a new one.",
        )
    return str(value).strip()


def _offset_s(element: dict[str, Any]) -> int | None:
    try:
        return utc_offset_s(words(element.get("timezone_offset"), "timezone_offset"), "timezone_offset")
    except RowError:
        return None


def _instant(element: dict[str, Any], field: str) -> Moment:
    found = moment(element.get(field), field)
    if not found.is_instant:
        raise RowError(
            "missing_zone", field, f"`{field}` states no offset, and WHOOP writes UTC. Fetch the record again."
        )
    return found


def _placed(element: dict[str, Any], field: str) -> Moment:
    instant = _instant(element, field)
    offset_s = utc_offset_s(words(element.get("timezone_offset"), "timezone_offset"), "timezone_offset")
    return instant if offset_s is None else at_offset(instant, offset_s)


def _revision(element: dict[str, Any]) -> dict[str, str]:
    return {"revision": str(_instant(element, "updated_at"))} if element.get("updated_at") is not None else {}


def _score(element: dict[str, Any]) -> dict[str, Any]:
    score = element.get("score")
    if not isinstance(score, dict):
        raise RowError(
            "invalid_type", "score", f"`score` is {shown(score)} in a scored record. Fetch the record again."
        )
    return score


def _sleep(element: dict[str, Any]) -> Iterator[Reading]:
    stages = _score(element).get("stage_summary")
    if not isinstance(stages, dict):
        stages = {}
    nap = element.get("nap")
    if not isinstance(nap, bool):
        raise RowError("invalid_type", "nap", f"`nap` is {shown(nap)}, and must be true or false. Fetch it again.")
    night: dict[str, Any] = {
        "kind": "sleep",
        "document": _document(element, "id"),
        **_revision(element),
        "start": str(_placed(element, "start")),
        "end": str(_placed(element, "end")),
        "nap": nap,
    }
    in_bed_ms = real(stages.get("total_in_bed_time_milli"), "total_in_bed_time_milli")
    if in_bed_ms is not None:
        night["in_bed_min"] = in_bed_ms / 60_000
    asleep_ms = [real(stages.get(field), field) for field in _ASLEEP]
    if all(one is not None for one in asleep_ms):
        night["asleep_min"] = sum(one or 0 for one in asleep_ms) / 60_000
    yield night


def _recovery(element: dict[str, Any]) -> Iterator[Reading]:
    score, document, day = _score(element), _document(element, "sleep_id"), _day(element)
    rmssd = real(score.get("hrv_rmssd_milli"), "hrv_rmssd_milli")
    resting = real(score.get("resting_heart_rate"), "resting_heart_rate")
    if rmssd:
        when = {"night": day} if day is not None else {"measured_at": str(_instant(element, "created_at"))}
        yield {
            "kind": "hrv",
            "document": f"{document}/hrv",
            **_revision(element),
            **when,
            "statistic": "rmssd",
            "value_ms": rmssd,
            "context": "overnight",
        }
    if resting and day is None:
        yield RowError(
            "missing_zone",
            "created_at",
            "The recovery does not say where it was, so its day is not known. Send it together with its sleep, or give "
            "the zone, for example `--tz Europe/Berlin`.",
        )
    elif resting:
        yield {
            "kind": "resting_heart_rate",
            "document": f"{document}/resting_heart_rate",
            **_revision(element),
            "day": day,
            "bpm": resting,
        }


def _day(element: dict[str, Any]) -> str | None:
    """The local date of waking; None if nothing says where that was."""
    at = _placed(element, "sleep_end" if element.get("sleep_end") is not None else "created_at")
    if at.offset_s is not None:
        return format_us(at.wall_us)[:10]
    zone = element.get("import_zone")
    return format_us(local_of(zone, at.instant_us))[:10] if isinstance(zone, str) and is_zone(zone) else None
