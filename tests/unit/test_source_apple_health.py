"""Apple Health's export: streamed, without its document type, plain and packed, in memory that stays small."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RefusedError, SpotterError, ZoneNeededError
from pipeline.gateway.imports import ImportPlan
from pipeline.sources import apple_health, apple_xml
from pipeline.sources.decode import decode_records
from tests.unit.vendor_files import assert_accounted, plan, sample
from tests.unit.vendor_readings import events

NAME = "apple_health.xml"
PREFIX = "HKQuantityTypeIdentifier"

# sample: documents by kind, ignored, rejected
SAMPLES: dict[str, tuple[dict[str, int], int, int]] = {
    "export__healthkit-to-sqlite.xml": ({"heart_rate": 1}, 3, 0),  # body mass index, a workout, rings
    "export_v3_with_dtd__applehealthdata.xml": ({}, 4, 0),  # steps, distance, a workout, rings
}


def record(
    kind: str, start: str, end: str, value: str, unit: str = "count/min", *, inside: str = "", **more: str
) -> str:
    attributes = {"type": kind, "sourceName": "Watch", "unit": unit, "startDate": start, "endDate": end, "value": value}
    told = " ".join(f'{name}="{text}"' for name, text in {**attributes, **more}.items())
    return f"<Record {told}>{inside}</Record>"


def beat(clock: str, bpm: object, **more: str) -> str:
    at = f"2026-06-20 {clock} +0200"
    return record(f"{PREFIX}HeartRate", at, at, str(bpm), **more)


def stretch(value: str, start: str, end: str, **more: str) -> str:
    stage = f"HKCategoryValueSleepAnalysis{value}"
    return record("HKCategoryTypeIdentifierSleepAnalysis", start, end, stage, "", **more)


def export(*children: str) -> bytes:
    return f'<HealthData locale="en_US">\n{"".join(children)}</HealthData>'.encode()


ZONE = '<MetadataEntry key="HKTimeZone" value="America/New_York"/>'
# exported in summer: the offset of a winter night is not that of its place
NIGHT = [
    stretch("AsleepCore", "2026-01-19 23:30:00 +0200", "2026-01-20 03:00:00 +0200"),
    stretch("Awake", "2026-01-20 03:00:00 +0200", "2026-01-20 03:10:00 +0200"),
    stretch("AsleepREM", "2026-01-20 03:10:00 +0200", "2026-01-20 07:00:00 +0200"),
    stretch("InBed", "2026-01-19 23:00:00 +0200", "2026-01-20 07:10:00 +0200", sourceName="Phone"),
]
RESTING = record(f"{PREFIX}RestingHeartRate", "2026-06-20 00:05:00 +0200", "2026-06-20 23:00:00 +0200", "49")
HRV = record(
    f"{PREFIX}HeartRateVariabilitySDNN", "2026-06-20 03:00:00 +0200", "2026-06-20 03:01:00 +0200", "44.5", "ms"
)
MASS = record(f"{PREFIX}BodyMass", "2026-06-20 07:00:00 +0200", "2026-06-20 07:00:00 +0200", "180.5", "lb")
STEPS = record(f"{PREFIX}StepCount", "2026-06-20 07:00:00 +0200", "2026-06-20 07:05:00 +0200", "12", "count")
BEATS = [beat("05:10:00", 52.5), beat("05:11:00", 60), beat("05:11:00", 60)]
ALL = [*NIGHT, RESTING, HRV, HRV, MASS, STEPS, STEPS, *BEATS]
EVERY_KIND = {"sleep": 2, "resting_heart_rate": 1, "hrv": 1, "body_mass": 1, "heart_rate": 1}

# what is exported: documents by kind, ignored, rejected
ACCOUNTS: list[tuple[list[str], dict[str, int], int, int]] = [
    (ALL, EVERY_KIND, 1, 0),
    ([f'<Correlation type="x">{MASS}</Correlation>', HRV], {"hrv": 1}, 1, 0),  # its records stand for themselves
    (
        [beat("05:10:00", 300), beat("05:11:00", 5), beat("05:12:00", "x"), beat("05:13:00", 60)],
        {"heart_rate": 1},
        0,
        2,
    ),
    ([beat("05:10:00", 60, unit="Hz"), beat("later", 60), HRV], {"hrv": 1}, 0, 2),
    ([MASS.replace('"lb"', '"stone"'), MASS.replace('unit="lb"', ""), HRV], {"hrv": 1}, 0, 1),
    ([MASS.replace("180.5", "0"), HRV], {"hrv": 1}, 1, 0),
    ([MASS.replace("180.5", "3"), HRV], {"hrv": 1}, 0, 1),
    ([NIGHT[0].replace("2026-01-20 03", "2026-01-19 03"), HRV], {"hrv": 1}, 0, 1),
    ([HRV.replace("2026-06-20 03:00:00", "1970-01-01 00:00:00")], {}, 0, 1),
    ([STEPS, "<Workout/>", "<ActivitySummary/>", '<ExportDate value="x"/>', "<Me/>"], {}, 3, 0),
]


def checked(data: bytes, tz: str | None = "Europe/Berlin") -> ImportPlan:
    """The plan of a file, every row of it accounted for, and each part of it alone as it is among the others."""
    found = plan(data, tz=tz)
    together = decode_records(found.records)
    assert_accounted(data, found, together)
    alone = [decode_records([one]) for one in found.records]
    assert sum(one.documents.num_rows for one in alone) == together.documents.num_rows
    assert [row["payload"] for one in alone for row in one.events.to_pylist()] == together.events["payload"].to_pylist()
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    found = checked(sample(name), tz=None)
    assert (found.decoder, found.kinds, found.ignored, found.rejected) == (NAME, *SAMPLES[name])


def test_a_sample_is_an_instant_and_keeps_no_device() -> None:
    data = sample("export__healthkit-to-sqlite.xml")
    block = events(data)["heart_rate/2018-09-10"]
    assert (block["start"], block["bpm"], block["offset_s"]) == ("2018-09-10T09:28:55Z", [72], [0])
    assert "start_local" not in block  # the offset is that of the phone that exported
    assert all(b"HKDevice" not in one.payload and b"latitude" not in one.payload for one in plan(data).records)


@pytest.mark.parametrize(("children", "kinds", "ignored", "rejected"), ACCOUNTS)
def test_all_is_accounted_for(children: list[str], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    found = checked(export(*children))
    assert (found.decoder, found.kinds, found.ignored, found.rejected) == (NAME, kinds, ignored, rejected)


def test_nights_of_winter_in_an_export_of_summer() -> None:
    found = events(export(*ALL), tz="Europe/Berlin")
    night = found["sleep/2026-01-19T21:30:00Z/Watch"]
    assert (night["start_local"], night["end_local"]) == ("2026-01-19T22:30:00", "2026-01-20T06:00:00")
    assert [one["stage"] for one in night["stages"]] == ["light", "awake", "rem"]
    assert [one["stage"] for one in found["sleep/2026-01-19T21:00:00Z/Phone"]["stages"]] == ["in_bed"]


def test_values() -> None:
    found = events(export(*ALL), tz="Europe/Berlin")
    hrv = found["hrv/2026-06-20T01:00:00Z"]
    assert (hrv["statistic"], hrv["value_ms"], hrv["context"]) == ("sdnn", 44.5, "spot")
    assert found["body_mass/2026-06-20T05:00:00Z"]["mass"] == {"value": 180.5, "unit": "lb"}
    assert found["heart_rate/2026-06-20"]["bpm"] == [52.5, 60]
    assert found["heart_rate/2026-06-20"]["offset_s"] == [0, 60]


@pytest.mark.parametrize(
    ("inside", "tz", "day"),
    [
        ("", "Europe/Berlin", "2026-06-20"),
        ("", "America/New_York", "2026-06-20"),  # far from home, where it began on the day before
        (ZONE, None, "2026-06-20"),
    ],
)
def test_a_resting_heart_rate_is_of_the_day_its_middle_is_in(inside: str, tz: str | None, day: str) -> None:
    data = export(RESTING.replace("></Record>", f">{inside}</Record>"))
    (found,) = events(data, tz=tz).values()
    assert (found["day"], found["bpm"]) == (day, 49)


def test_days_without_a_place_ask_for_the_zone() -> None:
    with pytest.raises(ZoneNeededError, match="time zone"):
        plan(export(*ALL), tz=None)
    assert plan(export(*BEATS), tz=None).kinds == {"heart_rate": 1}


def test_the_zone_of_a_record_counts() -> None:
    (found,) = events(export(HRV.replace("></Record>", f">{ZONE}</Record>")), tz="Europe/Berlin").values()
    assert found["measured_at_local"] == "2026-06-19T21:00:00"
    (found,) = events(export(HRV.replace("></Record>", f">{ZONE.replace('New_York', 'x')}</Record>")), tz=None).values()
    assert "measured_at_local" not in found


def test_the_order_of_records_does_not_matter() -> None:
    once, again = plan(export(*ALL)), plan(export(*reversed(ALL)))
    assert [one.payload for one in once.records] == [one.payload for one in again.records]


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(f"apple_health_export/{name.replace('_dot_', '.')}", data)
    return out.getvalue()


def test_packed_files_are_the_file() -> None:
    data = export(*ALL)
    route, clinical = b"<gpx></gpx>", b"<?xml version='1.0'?><ClinicalDocument></ClinicalDocument>"
    whole = archive(route_dot_gpx=route, export_cda_dot_xml=clinical, Exportieren_dot_xml=data)
    for packed in (gzip.compress(data), whole):
        assert [one.payload for one in plan(packed).records] == [one.payload for one in plan(data).records]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (archive(notes_dot_txt=b"x"), "zip archive"),
        (archive(export_dot_xml=export(*ALL))[:-40], "cannot be unpacked"),
        (gzip.compress(export(*ALL))[:-10], "cannot be unpacked"),
        (b"<?xml version='1.0'?><ClinicalDocument></ClinicalDocument>", "clinical document"),
        (b"<!DOCTYPE HealthData [", "cut off"),
        (b"<?xml version='1.0'?><other/>", "XML file"),
    ],
)
def test_what_is_no_export_is_refused_with_a_reason(data: bytes, match: str) -> None:
    with pytest.raises(RefusedError, match=match) as caught:
        plan(data)
    assert caught.value.why
    assert caught.value.do


@pytest.mark.parametrize(
    "kind",
    [
        '<!DOCTYPE HealthData [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;"><!ELEMENT HealthData ANY>]>',
        '<!DOCTYPE HealthData SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE HealthData [<!ATTLIST broken (((>\n<!-- HealthData -->]>",
    ],
)
def test_a_document_type_is_never_parsed(kind: str) -> None:
    assert checked(f'<?xml version="1.0"?>\n{kind}'.encode() + export(*ALL)).kinds == EVERY_KIND
    named = checked(f'<?xml version="1.0"?>\n{kind}'.encode() + export(HRV, beat("05:10:00", "&b;")))
    assert (named.kinds, named.rejected) == ({"hrv": 1}, 1)  # no entity is known, so the file ends there


def test_a_second_document_type_ends_the_file() -> None:
    found = checked(export(HRV, "<!DOCTYPE x>", MASS))
    assert (found.kinds, found.rejected) == ({"hrv": 1}, 1)


def test_control_characters_in_a_name_cost_nothing() -> None:
    assert checked(export(*(one.replace("Watch", "My\x0b Watch") for one in ALL))).kinds == EVERY_KIND


def test_a_file_cut_off_anywhere_keeps_what_was_whole() -> None:
    data = export(*ALL)
    for at in range(60, len(data) - 1, len(data) // 12):
        found = checked(data[:at])
        assert found.rejected == 1
        assert [row.message for row in found.row_reports if row.status == "rejected" and "cut off" in str(row.message)]
    half = checked(data[: data.index(b"BodyMass")])
    assert half.kinds == {"sleep": 2, "resting_heart_rate": 1, "hrv": 1}


def test_damage_is_refused_or_accounted_for() -> None:
    data = bytearray(export(*ALL))
    for at in range(0, len(data), max(1, len(data) // 40)):
        damaged = bytes(data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :])
        try:
            checked(damaged)
        except SpotterError as refused:
            assert refused.what
            assert refused.why


def test_a_flood_without_elements_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_xml, "SILENT_BYTES_MAX", 1 << 20)
    found = checked(export(HRV, "x" * (3 << 20), MASS))
    assert (found.kinds, found.rejected) == ({"hrv": 1}, 1)


def test_more_than_a_life_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_health, "BEATS_MAX", 2)
    with pytest.raises(RefusedError, match="more than a life"):
        plan(export(*ALL))


def test_a_crowded_day_is_cut_by_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_health, "BLOCK_BEATS_MAX", 2)
    found = events(export(beat("05:10:00", 52), beat("05:11:00", 60), beat("06:00:00", 61)))
    assert {name: one["bpm"] for name, one in found.items()} == {
        "heart_rate/2026-06-20T03": [52, 60],
        "heart_rate/2026-06-20T04": [61],
    }


# a stream of records as a phone writes them, of a size that is given, made while it is read
GENERATED = """
    import io, re, sys
    from pathlib import Path
    from datetime import datetime, timedelta, timezone
    from pipeline.gateway.imports import plan_import

    NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)

    class Export(io.RawIOBase):
        def __init__(self, size):
            self.left, self.rows, self.rest = size, self.made(), b"<HealthData>"
        def made(self):
            at = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2)))
            while True:
                at += timedelta(seconds=150)
                time = at.strftime("%Y-%m-%d %H:%M:%S %z")
                for kind in ("HeartRate", "StepCount", "ActiveEnergyBurned", "DistanceWalkingRunning"):
                    yield (
                        f'<Record type="HKQuantityTypeIdentifier{kind}" sourceName="Watch" sourceVersion="10.1" '
                        f'device="&lt;&lt;HKDevice: 0x{id(time):x}&gt;, name:Apple Watch, manufacturer:Apple&gt;" '
                        f'unit="count/min" creationDate="{time}" startDate="{time}" endDate="{time}" value="62"/>'
                    ).encode()
        def readable(self):
            return True
        def read(self, size=-1):
            while len(self.rest) < size and self.left > 0:
                row = next(self.rows)
                self.left -= len(row)
                self.rest += row
                if self.left <= 0:
                    self.rest += b"</HealthData>"
            data, self.rest = self.rest[:size], self.rest[size:]
            return data

    def run(size):
        found = plan_import(Export(size), athlete="a", tenant="home", received_at=NOW,
                            import_id="i", upload_id="i")
        assert found.rejected == 0 and found.ignored == 3, found.reasons
        return found.kinds["heart_rate"]

    def most_mib():  # of this process alone: what getrusage says begins with the memory of its parent
        return int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

    run(1 << 20)
    before = most_mib()
    blocks = run(int(sys.argv[1]) << 20)
    print(blocks, most_mib() - before)
"""


def imported(mebibytes: int) -> tuple[int, int]:
    """Blocks of a generated export of this size, and by how many MiB its process grew."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(GENERATED), str(mebibytes)], capture_output=True, text=True, check=True
    )
    blocks, grown_mib = done.stdout.split()
    return int(blocks), int(grown_mib)


def test_memory_does_not_grow_with_the_file() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of a process is read from /proc")
    blocks, grown_mib = imported(80)
    assert blocks > 80
    assert grown_mib < 20


def test_a_file_that_is_read_at_once_keeps_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.gateway import imports

    monkeypatch.setattr(imports, "FILE_BYTES_MAX", 1_000)
    wide: dict[str, Any] = {"kinds": plan(export(*ALL)).kinds}
    assert wide["kinds"] == EVERY_KIND
    with pytest.raises(RefusedError, match="too large"):
        plan(sample("v2_sleep__oura-ring-mcp.json"))
