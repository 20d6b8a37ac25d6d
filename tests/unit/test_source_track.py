"""TCX and GPX: heart rate in blocks of an hour, files that lack something, cuts, and hostile XML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, readings, survives
from tests.unit.vendor_files import plan

Points = Sequence[tuple[str, str | None]]
POINTS: Points = (
    ("2026-03-02T17:59:58.000Z", "120"),
    ("2026-03-02T17:59:59.000Z", None),
    ("2026-03-02T18:00:00Z", "121"),
    ("2026-03-02T18:00:10Z", "0"),
    ("2026-03-02T18:00:11Z", "125"),
)
_TCX = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by a watch -->\n<TrainingCenterDatabase '
    'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">{}</TrainingCenterDatabase>'
)
_GPX = (
    '<gpx version="1.1" creator="watch" xmlns="http://www.topografix.com/GPX/1/1" '
    'xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"><metadata><time>2026-03-01T00:00:00Z</time>'
    "</metadata>{}</gpx>"
)


def activity(points: Points = POINTS, *, id: str = "2026-03-02T17:59:58.000Z") -> str:
    track = "".join(
        f"<Trackpoint><Time>{time}</Time><AltitudeMeters>3</AltitudeMeters>"
        + (f"<HeartRateBpm><Value> {bpm} </Value></HeartRateBpm>" if bpm is not None else "")
        + "</Trackpoint>"
        for time, bpm in points
    )
    lap = f"<Lap><AverageHeartRateBpm><Value>99</Value></AverageHeartRateBpm><Track>{track}</Track></Lap>"
    return f'<Activity Sport="Other"><Id>{id}</Id>{lap}</Activity>'


def tcx(*activities: str) -> bytes:
    return _TCX.format(f"<Activities>{''.join(activities)}</Activities>").encode()


def gpx(points: Points = POINTS, *, rate: str = "x:hr") -> bytes:
    track = "".join(
        f'<trkpt lat="1" lon="2"><ele>3</ele><time>{time}</time>'
        + (f"<extensions><x:e><{rate}>{bpm}</{rate}></x:e></extensions>" if bpm is not None else "")
        + "</trkpt>"
        for time, bpm in points
    )
    return _GPX.format(f"<trk><name>Run</name><trkseg>{track}</trkseg></trk>").encode()


@pytest.mark.parametrize(("data", "name"), [(tcx(activity()), "track.tcx"), (gpx(), "track.gpx")])
def test_blocks_of_an_hour(data: bytes, name: str) -> None:
    assert account(data, tz=None) == (name, {"heart_rate": 2}, 2, 0, 0)
    found = readings(data, tz=None)
    first, second = (
        found[f"activity/2026-03-02T17:59:58Z/heart_rate/{start}"]
        for start in ("2026-03-02T17:59:58Z", "2026-03-02T18:00:00Z")
    )
    assert (first["offset_s"], first["bpm"], first["context"]) == ([0], [120], "exercise")
    assert (second["offset_s"], second["bpm"]) == ([0, 11], [121, 125])


@pytest.mark.parametrize("rate", ["hr", "heartrate", "x:heartrate"])
def test_names_of_heart_rate_in_gpx(rate: str) -> None:
    assert account(gpx(rate=rate))[1] == {"heart_rate": 2}
    with pytest.raises(RefusedError, match="no heart rate"):
        plan(gpx(rate="x:cad"))


def test_a_crowded_hour_is_cut_by_ten_minutes() -> None:
    start = datetime(2026, 3, 2, 18)
    points = [(f"{(start + timedelta(seconds=at)).isoformat()}Z", "100") for at in range(1800)]
    assert [one["what"] for one in plan(gpx(points)).preview] == ["600 samples"] * 3


def test_activities_are_told_apart_and_courses_are_none() -> None:
    other = activity([("2026-03-03T06:00:00Z", "90")], id="2026-03-03T06:00:00Z")
    assert account(tcx(activity(), other), tz=None) == ("track.tcx", {"heart_rate": 3}, 3, 0, 0)
    course = "<Courses>" + other.replace("Activity", "Course") + "</Courses>"
    data = _TCX.format(f"<Activities>{activity()}</Activities>{course}").encode()
    assert account(data, tz=None) == ("track.tcx", {"heart_rate": 2}, 2, 0, 0)
    with pytest.raises(RefusedError, match="no heart rate"):
        plan(_TCX.format(course).encode())


def test_a_clock_without_a_zone_needs_one() -> None:
    data = gpx([("2026-03-02T18:00:00", "90")])
    with pytest.raises(ZoneNeededError):
        plan(data, tz=None)
    (block,) = readings(data).values()
    assert (block["start"], block["start_local"]) == ("2026-03-02T17:00:00Z", "2026-03-02T18:00:00")
    offset = gpx([("2026-03-02T18:00:00+05:30", "90")])
    (block,) = readings(offset, tz=None).values()
    assert (block["start"], block["start_local"]) == ("2026-03-02T12:30:00Z", "2026-03-02T18:00:00")


@pytest.mark.parametrize(
    ("point", "taken"),
    [(("yesterday", "90"), 1), (("", "90"), 1), (("2026-03-02T18:00:00Z", "fast"), 1),
     (("2026-03-02T18:00:00Z", "400"), 1), (("2026-02-31T18:00:00Z", "90"), 1), (("2999-03-02T18:00:00Z", "90"), 1)],
)  # fmt: skip
def test_a_wrong_point_costs_only_itself(point: tuple[str, str], taken: int) -> None:
    found = account(tcx(activity([("2026-03-02T17:00:00Z", "80"), point])), tz=None)
    assert found == ("track.tcx", {"heart_rate": taken}, 2, 0, 1)


def test_a_cut_keeps_the_points_before_it() -> None:
    for whole in (tcx(activity()), gpx()):
        cut = whole[: whole.index(b"18:00:11Z")]
        found = plan(cut, tz=None)
        assert (found.kinds, found.rejected) == ({"heart_rate": 2}, 1)
        assert "cut off" in str(found.row_reports[-1].message)
        assert [len(one["bpm"]) for one in readings(cut, tz=None).values()] == [1, 1]
        assert sum(survives(whole[:length]) for length in range(0, len(whole), 7)) > 10
        with pytest.raises(RefusedError, match="cut off") as caught:
            plan(whole[: whole.index(b"17:59:58")])
        assert caught.value.do


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_xml_says_its_encoding(encoding: str) -> None:
    text = tcx(activity()).decode().replace("UTF-8", encoding).replace("made by", "made f\u00fcr")
    assert account(text.encode(encoding), tz=None)[1] == {"heart_rate": 2}


def test_hostile_xml() -> None:
    body = gpx().decode()
    bomb = '<?xml version="1.0"?><gpx><!DOCTYPE x [<!ENTITY a "aaaa">]></gpx>'
    assert not survives(bomb.encode())
    typed = f'<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]>{body.replace("Run", "&a;")}'
    with pytest.raises(RefusedError):
        plan(typed.encode())
    deep = _GPX.format("<a>" * 100_000)
    with pytest.raises(RefusedError, match="cut off or damaged"):
        plan(deep.encode())
    assert not survives(("<!-- a --> " * 3000 + "<other/>").encode())
    assert survives(_GPX.format("<trkpt><time/></trkpt>").encode() + gpx()) is False
    unknown = '<?xml version="1.0" encoding="no-such"?>' + body
    assert not survives(unknown.encode())


def test_other_xml_is_refused() -> None:
    with pytest.raises(RefusedError, match="XML file of no known format"):
        plan(b'<?xml version="1.0"?><workouts><gpx/></workouts>')
