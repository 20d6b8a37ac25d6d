"""No two decoders claim the same file: which of them stands first in the registry never matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.sources.base import HEAD_BYTES
from pipeline.sources.registry import DECODERS
from tests.unit import test_source_fitbit as fitbit
from tests.unit import test_source_garmin as garmin
from tests.unit import test_source_google_health as google
from tests.unit import test_source_health_auto_export as auto_export
from tests.unit import test_source_health_connect as health_connect
from tests.unit import test_source_open_mhealth as open_mhealth
from tests.unit import test_source_polar_hrm as polar_hrm
from tests.unit import test_source_track as track
from tests.unit import test_source_welltory as welltory
from tests.unit.fit_bytes import file_id, fit
from tests.unit.vendor_files import SAMPLES
from tests.unit.vendor_readings import body

FILES = sorted(
    path for path in SAMPLES.rglob("*") if path.is_file() and path.parent.name not in ("LICENSES", "samples")
)
WRITTEN = {
    "fitbit nights": (body([fitbit.LOG]), fitbit.API),
    "fitbit hrv": (body(fitbit.HRV), fitbit.API),
    "fitbit heart": (body(fitbit.HEART), fitbit.API),
    "fitbit samples": (body(fitbit.SAMPLES), fitbit.EXPORT),
    "fitbit resting": (body(fitbit.RESTING), fitbit.EXPORT),
    "fitbit summary": (fitbit.SUMMARY, fitbit.CSV),
    "garmin push": (body(garmin.PUSH), garmin.HEALTH),
    "google page": (body(google.PAGE), google.NAME),
    "google empty": (body({"dataPoints": []}), google.NAME),
    "auto export": (body(auto_export.ALL), auto_export.NAME),
    "bridge": (body(health_connect.MESSAGE | health_connect.RESTING), health_connect.BRIDGE),
    "open mhealth": (body(open_mhealth.ALL), open_mhealth.NAME),
    "records": (body(health_connect.ALL), health_connect.RECORDS),
    "changes": (body(health_connect.CHANGES), health_connect.RECORDS),
    "fit of garmin": (fit(file_id("2026-03-02T10:00:00")), "garmin.fit"),
    "fit of another maker": (fit(file_id("2026-03-02T10:00:00", maker=32)), "fit.fit"),
    "fit cut short": (fit(file_id("2026-03-02T10:00:00"))[:13], "fit.fit"),
    "tcx": (track.tcx(track.activity()), "track.tcx"),
    "gpx": (track.gpx(), "track.gpx"),
    "hrm": (polar_hrm.hrm("100"), "polar.hrm"),
    "welltory nights": (welltory.table(welltory.SLEEP_HEAD), "welltory.csv"),
    "welltory measurements": (welltory.table(welltory.RR_HEAD), "welltory.csv"),
}


def claimed(data: bytes) -> list[str]:
    return [decoder.name for decoder in DECODERS if decoder.recognise(data[:HEAD_BYTES])]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_sample_has_two_decoders(path: Path) -> None:
    assert len(claimed(path.read_bytes())) <= 1


@pytest.mark.parametrize("name", WRITTEN)
def test_what_vendors_send_has_one(name: str) -> None:
    data, decoder = WRITTEN[name]
    assert claimed(data) == [decoder]
