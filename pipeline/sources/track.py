"""TCX and GPX files: the heart rate of a recorded activity; position, speed and altitude are left.

Files come from strangers, so no document type, entity or outside reference is taken. Of a file that is cut off, the
points before the cut are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from pipeline.errors import RefusedError
from pipeline.sources import blocks
from pipeline.sources.base import RowError
from pipeline.sources.cells import number
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.csv_reader import to_utf8
from pipeline.sources.json_file import Element, moment
from pipeline.sources.readings import Reading, ReadingsDecoder
from schemas.times import Moment

DEPTH_MAX = 40  # of elements in elements; real files have a dozen
_HOUR_CHARACTERS = 13
_PLANNED = ("Courses", "Workouts")  # what they hold was planned and not done
_PROLOGUE = r"\s*(?:<\?xml[^>]*\?>)?\s*(?:(?><!--.*?-->)\s*)*+<(?:[\w.-]+:)?"


@dataclass(slots=True)
class _Activity:
    """One activity of a file: its id, and its samples as written (time, beats per minute)."""

    id: str = ""
    samples: list[list[str]] = field(default_factory=list)


class TrackDecoder(ReadingsDecoder):
    """Base of both formats; ``root`` is the first element, ``activity`` and ``point`` the ones that are read."""

    source = "track"
    origin = ORIGIN_WATCH
    app = "track recording"
    lists = ()
    not_taken: tuple[tuple[str, str], ...] = (
        ("position, altitude, speed, cadence, power", "no model reads them"),
        ("laps, calories, mean and greatest heart rate", "they are totals of the samples"),
        ("planned courses and routes", "nobody has done them"),
    )
    root: str
    activity: str
    point: str
    rate: tuple[str, ...]

    def recognise(self, head: bytes) -> bool:
        return re.match(rf"{_PROLOGUE}{self.root}[\s>]", _begin(head), re.DOTALL) is not None

    def text_of(self, data: bytes) -> tuple[bytes, bool]:
        """XML says its encoding itself."""
        return (data, False) if self.recognise(data) else super().text_of(data)

    def elements_of(self, value: Any) -> list[Any]:
        return [value]

    def _read(self, text: bytes) -> list[Element]:
        """The blocks of a file, or the one that a part is."""
        if not self.recognise(text):
            return super()._read(text)
        activities, broken = self._activities(text)
        found = [
            Element({"activity": one.id or one.samples[0][0], "samples": block})
            for one in activities
            for block in blocks.in_blocks(one.samples, lambda sample: sample[0], _HOUR_CHARACTERS)
        ]
        if broken is not None:
            if not found:
                raise RefusedError(
                    f"this {self.root} file is cut off or damaged",
                    f"{broken}, and no heart rate stands before that place",
                    "copy or export it again",
                )
            found.append(Element({"broken": broken}))
        if not found:
            raise RefusedError(
                f"this {self.root} file holds no heart rate",
                "its points have positions and times, and nothing else is read of them",
                "wear a heart-rate sensor, and export the recording with its sensor data",
            )
        return found

    def _activities(self, data: bytes) -> tuple[list[_Activity], str | None]:
        """The activities with their samples, and where reading stopped if the file is broken."""
        found = [_Activity()]
        depth = points = 0
        try:
            for event, node in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
                name = _local(node)
                depth += 1 if event == "start" else -1
                if depth > DEPTH_MAX:
                    return found, f"its elements lie more than {DEPTH_MAX} deep in one another"
                if event == "start":
                    if name in (self.activity, *_PLANNED):
                        found.append(_Activity())
                    continue
                if name == "Id" and not found[-1].samples:
                    found[-1].id = (node.text or "").strip()
                elif name == self.point:
                    points += 1
                    self._take(node, found[-1])
                    node.clear()
                elif name in _PLANNED:
                    found[-1] = _Activity()
        except DefusedXmlException:
            raise RefusedError(
                f"this {self.root} file has a document type or entities of its own",
                "they can make a reader fetch or unfold things, and no recording needs them",
                "export it again from the device or its app",
            ) from None
        except (ParseError, ValueError, LookupError) as problem:
            return found, f"after {points} points it cannot be read as XML ({problem})"
        return found, None

    def _take(self, node: Node, into: _Activity) -> None:
        time = bpm = ""
        for inner in node.iter():
            name = _local(inner)
            if name.lower() == "time" and not time:
                time = (inner.text or "").strip()
            elif name in self.rate and not bpm:
                bpm = "".join(inner.itertext()).strip()
        if bpm:
            into.samples.append([time, bpm])

    def readings(self, element: Any) -> Iterator[Reading]:
        if "broken" in element:
            raise RowError(
                "invalid_json",
                None,
                f"The file is cut off or damaged: {element['broken']}. What stands before that place was taken; "
                "export it again for the rest.",
            )
        name = _plain(element["activity"])
        for reading in blocks.heart_rate(element["samples"], _sample, context="exercise"):
            if isinstance(reading, dict):
                reading["document"] = f"activity/{name}/{reading['document']}"
            yield reading


class TrackTcx(TrackDecoder):
    """``track.tcx``."""

    name = "track.tcx"
    reads = "TCX files: heart rate of activities"
    root, activity, point, rate = "TrainingCenterDatabase", "Activity", "Trackpoint", ("HeartRateBpm",)


class TrackGpx(TrackDecoder):
    """``track.gpx``."""

    name = "track.gpx"
    reads = "GPX files: heart rate of tracks, as the extensions of Garmin and others write it"
    root, activity, point, rate = "gpx", "trk", "trkpt", ("hr", "heartrate")


def _begin(head: bytes) -> str:
    return to_utf8(head[:4096])[0].decode("utf-8", "replace")


def _local(node: Node) -> str:
    """The name of an element without its name space."""
    return str(node.tag).rpartition("}")[2]


def _plain(text: str) -> str:
    """A time as it is written everywhere, so that one activity has one name; other texts as they are."""
    try:
        return str(moment(text, "Id"))
    except RowError:
        return text


def _sample(one: Any) -> tuple[Moment, float | None]:
    time, bpm = one
    return moment(time, "time"), number(bpm, "heart rate")
