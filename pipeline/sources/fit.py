"""FIT files of watches and other devices: sets of strength workouts, heart rate, RR intervals, sleep, nightly RMSSD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pipeline.errors import RefusedError
from pipeline.record import Header
from pipeline.sources import blocks
from pipeline.sources.base import RowError, VendorDecoded
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.fit_elements import at, elements_in
from pipeline.sources.fit_messages import is_fit, manufacturer_in, read_files
from pipeline.sources.hevy_csv import measured
from pipeline.sources.json_file import Element
from pipeline.sources.problems import excerpt
from pipeline.sources.readings import Left, ReadingsDecoder
from pipeline.sources.readings import Reading as BodyReading
from pipeline.sources.workout import Reading, Workout, assemble, bounded_moments, load

GARMIN = 1  # of the profile's list of manufacturers
UNKNOWN_EXERCISE = "Unknown exercise"
_ASLEEP = ("light", "deep", "rem")
_NO_STRENGTH = (
    "bike",
    "bike_outdoor",
    "cardio",
    "cardio_sensors",
    "elliptical",
    "floor_climb",
    "indoor_bike",
    "indoor_row",
    "ladder",
    "move",
    "pose",
    "run",
    "run_indoor",
    "stair_stepper",
)


class FitFiles(ReadingsDecoder):
    """``fit.fit``: files of every maker but Garmin, whose own ones are ``garmin.fit``."""

    name = "fit.fit"
    source = "fit"
    origin = ORIGIN_WATCH
    app = "sports device"
    reads = (
        "FIT files: sets with exercise, repetitions, weight and rests, heart rate, RR intervals, levels of sleep, "
        "mean RMSSD of the night, resting heart rate"
    )
    lists = ("sets",)
    not_taken = (
        ("effort, failure, warm-up and drop sets", "the format has no field for them; effort stays unknown"),
        ("second and third guess of an exercise", "the first is the device's best"),
        ("sets without repetitions and without an exercise, as of yoga", "they say nothing that a set is counted by"),
        ("sets of cardio and poses", "they are no strength training"),
        ("hrv_value", "five-minute values of a night; the night's mean stands for them"),
        ("how long the last level of a sleep lasts", "no message says it, so the sleep ends where that level begins"),
        ("beat_intervals, raw_bbi", "beats of the day with gaps that are not marked as such"),
        ("stress, body battery, sleep scores, totals", "they are scores or sums, no measurement"),
    )

    def recognise(self, head: bytes) -> bool:
        return is_fit(head) and manufacturer_in(head) != GARMIN

    def text_of(self, data: bytes) -> tuple[bytes, bool]:
        return (data, False) if is_fit(data) else super().text_of(data)

    def elements_of(self, value: Any) -> list[Any]:
        return [value]

    def _read(self, text: bytes) -> list[Element]:
        """The elements of a FIT file, or the one that a part is."""
        if not is_fit(text):
            return super()._read(text)
        files = read_files(text)
        found = [elements_in(file) for file in files]
        if not any(found):
            names = sorted({name for file in files for name, _ in file.messages}.union(*(one.others for one in files)))
            raise RefusedError(
                "this FIT file holds nothing that is read",
                f"it has no sets, heart rate, RR intervals or sleep; it holds {', '.join(names[:12]) or 'no messages'}",
                "import the files of workouts and nights of the same device",
            )
        return [Element(one) for elements in found for one in elements or [{"form": "left", "reason": "no_reading"}]]

    def rows_in(self, element: Any) -> int:
        return len(element["sets"]) if _form(element) == "sets" else super().rows_in(element)

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        if _form(element) == "sets":
            _workout(element, items, header, found)
        else:
            super().read_element(element, items, header, found)

    def readings(self, element: Any) -> Iterator[BodyReading]:
        form = _form(element)
        if form == "wrong":
            raise RowError(element["reason"], element["field"], element["message"])
        if form == "left":
            yield Left(element["reason"])
        elif form == "heart_rate":
            yield from _samples(element)
        elif form == "rr_intervals":
            nth = f"#{element['nth']}" if element["nth"] > 1 else ""
            yield {
                "kind": "rr_intervals",
                "document": f"{element['file']}/rr_intervals/{at(element['start'], None)}{nth}",
                "start": str(at(element["start"], element["offset_s"])),
                "rr_ms": [float(one) for one in element["rr_ms"]],
                "context": "exercise",
            }
        elif form == "sleep":
            yield _sleep(element)
        elif form == "hrv":
            yield _nightly(element)
        elif form == "resting_heart_rate":
            yield {
                "kind": "resting_heart_rate",
                "document": f"{element['file'].partition('/')[0]}/resting_heart_rate/{element['day']}",
                "revision": str(at(element["time"], None)),
                "day": element["day"],
                "bpm": float(element["bpm"]),
            }


class GarminFit(FitFiles):
    """``garmin.fit``."""

    name = "garmin.fit"
    source = "garmin"
    app = "Garmin"

    def recognise(self, head: bytes) -> bool:
        return is_fit(head) and manufacturer_in(head) == GARMIN


def _form(element: Any) -> str:
    return str(element.get("form", "")) if isinstance(element, dict) else ""


def _samples(element: dict[str, Any]) -> Iterator[BodyReading]:
    samples = element["samples"]
    document = f"{element['file']}/heart_rate/{at(min(time for time, _ in samples), None)}"
    yield from blocks.heart_rate(
        samples,
        lambda one: (at(one[0], element["offset_s"]), float(one[1])),
        document=document,
        context=element["context"],
    )


def _sleep(element: dict[str, Any]) -> BodyReading:
    levels, offset_s = element["levels"], element["offset_s"]
    if len(levels) < 2:
        return Left("no_reading")
    stretches = [(level, begin, end) for (begin, level), (end, _) in pairwise(levels)]
    return {
        "kind": "sleep",
        "document": f"{element['file']}/sleep",
        "start": str(at(levels[0][0], offset_s)),
        "end": str(at(levels[-1][0], offset_s)),
        "asleep_min": sum(end - begin for level, begin, end in stretches if level in _ASLEEP) / 60,
        "stages": [
            {"stage": level, "start": str(at(begin, offset_s)), "end": str(at(end, offset_s))}
            for level, begin, end in stretches
        ],
    }


def _nightly(element: dict[str, Any]) -> BodyReading:
    value = element["value_128"]
    if isinstance(value, bool) or not isinstance(value, int) or not value:
        return Left("no_reading")
    return {
        "kind": "hrv",
        "document": f"{element['file']}/hrv/{at(element['time'], None)}",
        "measured_at": str(at(element["time"], element["offset_s"])),
        "statistic": "rmssd",
        "value_ms": value / 128,
        "context": "overnight",
    }


def _workout(element: dict[str, Any], items: Sequence[int], header: Header, found: VendorDecoded) -> None:
    start = at(element["start"], element["offset_s"])
    workout = Workout(str(start), title=element["title"], document=element["file"])
    if element["end"] is not None:
        end = at(element["end"], element["offset_s"])
        workout.end = str(end) if bounded_moments(start, end, workout.warnings) else None
    readings = [_set(one, item, element["offset_s"]) for one, item in zip(element["sets"], items, strict=True)]
    assemble([(workout, readings)], header, found)


def _set(one: dict[str, Any], item: int, offset_s: int | None) -> Reading:
    """A set as it was counted; what is no strength set is ignored with the word for it."""
    seconds = one["duration_ms"] / 1000 if one["duration_ms"] else None
    exercise = one["exercise"] or UNKNOWN_EXERCISE
    cut = excerpt(repr(one).encode("utf-8", "backslashreplace"))
    if not one["active"]:
        return Reading(item, cut, "", {}, ignored="rest_timer", rest_s=seconds)
    if one["category"] in _NO_STRENGTH:
        return Reading(item, cut, exercise, {}, ignored="no_strength_set")
    if not one["exercise"] and not one["reps"]:
        return Reading(item, cut, exercise, {}, ignored="no_exercise")
    weight_kg = one["weight_16"] / 16 if one["weight_16"] else None
    fields: dict[str, Any] = {
        "set_type": "warmup" if one["category"] == "warm_up" else "working",
        **load(weight_kg, "kg", exercise),
        **measured(one["reps"], seconds, None),
    }
    if one["start"] is not None:
        fields["performed_at"] = str(at(one["start"], offset_s))
    return Reading(item, cut, exercise, fields)
