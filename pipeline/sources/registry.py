"""All decoders of vendor files, and which of them a file is for: by its signature, never by its name."""

from __future__ import annotations

from pipeline.errors import RefusedError, UsageError
from pipeline.sources.apple_health import AppleHealth
from pipeline.sources.base import HEAD_BYTES, VendorDecoder
from pipeline.sources.fit import FitFiles, GarminFit
from pipeline.sources.fitbit import FitbitApi, FitbitExport
from pipeline.sources.fitbit_hrv import FitbitHrv
from pipeline.sources.fitnotes import FitNotesDays, FitNotesTimes
from pipeline.sources.garmin import GarminConnect
from pipeline.sources.garmin_health import GarminHealth
from pipeline.sources.google_health import GoogleHealth
from pipeline.sources.health_auto_export import HealthAutoExport
from pipeline.sources.health_connect import HealthConnectRecords, HealthConnectWebhook
from pipeline.sources.hevy_api import HevyApi
from pipeline.sources.hevy_csv import HevyCsv
from pipeline.sources.intervals import IntervalsApi, IntervalsCsv
from pipeline.sources.open_mhealth import OpenMHealth
from pipeline.sources.openweight import OpenWeight
from pipeline.sources.oura import OuraApi
from pipeline.sources.polar import PolarApi
from pipeline.sources.polar_hrm import PolarHrm
from pipeline.sources.refusals import refuse
from pipeline.sources.strong import StrongCsv
from pipeline.sources.track import TrackGpx, TrackTcx
from pipeline.sources.welltory import WelltoryCsv
from pipeline.sources.whoop import WhoopApi
from pipeline.sources.whoop_csv import WhoopCsv
from pipeline.sources.withings import WithingsApi

DECODERS: tuple[VendorDecoder, ...] = (
    HevyCsv(),
    HevyApi(),
    StrongCsv(),
    FitNotesDays(),
    FitNotesTimes(),
    OpenWeight(),
    GarminConnect(),
    GarminHealth(),
    FitbitApi(),
    FitbitExport(),
    FitbitHrv(),
    GoogleHealth(),
    AppleHealth(),
    HealthAutoExport(),
    HealthConnectWebhook(),
    HealthConnectRecords(),
    OpenMHealth(),
    OuraApi(),
    WhoopApi(),
    WhoopCsv(),
    WithingsApi(),
    PolarApi(),
    PolarHrm(),
    IntervalsApi(),
    IntervalsCsv(),
    GarminFit(),
    FitFiles(),
    WelltoryCsv(),
    TrackTcx(),
    TrackGpx(),
)

_BY_NAME = {decoder.name: decoder for decoder in DECODERS}


def get(name: str) -> VendorDecoder:
    """The decoder a record's header names; raises KeyError for one this version does not have."""
    return _BY_NAME[name]


def bytes_max(decoder: VendorDecoder) -> int | None:
    """How large a file of a decoder may be that reads it as a stream, None for one that reads it at once."""
    return decoder.bytes_max if isinstance(decoder, AppleHealth) else None


def streamed(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one for a decoder of streams."""
    return any(bytes_max(decoder) and decoder.recognise(head) for decoder in DECODERS)


def sources() -> list[str]:
    """The vendors whose files are read, in alphabetical order."""
    return sorted({decoder.source for decoder in DECODERS})


def export_in(head: bytes) -> str | None:
    """Whose export a file that begins with ``head`` is, in words such as ``a Hevy CSV export``; None if nobody's."""
    decoder = next((decoder for decoder in DECODERS if decoder.recognise(head[:HEAD_BYTES])), None)
    if decoder is None:
        return None
    form = decoder.name.rpartition(".")[2]
    words = decoder.app if form == "api" else f"{decoder.app} {form.upper()}"
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words} export"


def detect(head: bytes, source: str = "auto") -> VendorDecoder:
    """The decoder whose signature ``head`` carries, of ``source`` (a vendor or a decoder) unless that is ``auto``.

    Raises UsageError for a source that is not known, RefusedError for a file that no decoder reads.
    """
    if source != "auto" and source not in sources() and source not in _BY_NAME:
        raise UsageError(
            f"unknown source {source[:40]!r}",
            "no decoder has that name",
            f"choose one of auto, {', '.join(sources())}, or a format: {', '.join(sorted(_BY_NAME))}",
        )
    head = head[:HEAD_BYTES]
    found = next((decoder for decoder in DECODERS if decoder.recognise(head)), None)
    if found is None:
        raise refuse(head)
    if source not in ("auto", found.source, found.name):
        raise RefusedError(
            f"this is no file of {source}",
            f"its content is that of `{found.name}`",
            f"leave out `--source`, or give `--source {found.source}`",
        )
    return found
