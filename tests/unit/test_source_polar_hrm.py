"""Polar's .hrm files: a real recording of RR intervals, heart rate at a step, and files that lack something."""

from __future__ import annotations

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, readings, survives
from tests.unit.vendor_files import plan, sample

NAME = "rri_exercise__hrv.hrm"


def hrm(*lines: str, date: str = "20260302", start: str = "7:05:09.5", interval: str = "5") -> bytes:
    head = ["[Params]", "Version=107", f"Date={date}", f"StartTime={start}", f"Interval={interval}", "MaxHR=180"]
    return "\r\n".join((*head, "", "[Note]", "caf\u00e9 = good", "", "[HRData]", *lines, "")).encode("cp1252")


def test_a_recording_of_intervals() -> None:
    assert account(sample(NAME)) == ("polar.hrm", {"rr_intervals": 1}, 1, 0, 0)
    found = readings(sample(NAME))["hrm/2008-02-08T08:50:31/rr_intervals"]
    assert (found["start"], found["start_local"]) == ("2008-02-08T07:50:31Z", "2008-02-08T08:50:31")
    beats = found["rr_ms"]
    assert (beats[:4], beats[-3:], len(beats)) == ([1589, 783, 752, 729], [562, 555, 557], 4117)
    assert sum(beats) / 1000 == pytest.approx(42 * 60 + 41.7, abs=0.2)  # the length that the file states
    assert found["context"] == "exercise"


def test_the_monitors_clock_needs_a_zone() -> None:
    with pytest.raises(ZoneNeededError):
        plan(sample(NAME), tz=None)


def test_heart_rate_at_a_step() -> None:
    data = hrm("101\t300\t85", "0\t0\t0", "103\t310\t86")
    assert account(data) == ("polar.hrm", {"heart_rate": 1}, 1, 0, 0)
    block = readings(data)["hrm/2026-03-02T07:05:09.500000/heart_rate"]
    assert (block["offset_s"], block["bpm"], block["context"]) == ([0, 10], [101, 103], "exercise")
    assert block["start_local"] == "2026-03-02T07:05:09.500000"


@pytest.mark.parametrize(
    ("data", "kinds", "ignored", "rejected"),
    [
        (hrm(), {}, 1, 0),
        (hrm("0", "0"), {}, 1, 0),
        (hrm("0", "0", interval="238"), {}, 1, 0),
        (hrm("100", interval="204"), {}, 1, 0),
        (hrm("100", interval="0"), {}, 0, 1),
        (hrm("100", interval="\u00b2"), {}, 0, 1),
        (hrm("100", interval=""), {}, 0, 1),
        (hrm("100", date="20260231"), {}, 0, 1),
        (hrm("100", date=""), {}, 0, 1),
        (hrm("100", start="noon"), {}, 0, 1),
        (hrm("100", "300"), {}, 0, 1),
        (hrm("100", "x1", "-5"), {"heart_rate": 1}, 0, 1),
        (hrm("800", "?", "810", interval="238"), {"rr_intervals": 1}, 0, 1),
    ],
)
def test_what_a_recording_may_lack(data: bytes, kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(data) == ("polar.hrm", kinds, sum(kinds.values()) + ignored + rejected, ignored, rejected)


def test_a_line_that_is_no_number_is_a_beat_not_seen() -> None:
    found = readings(hrm("800", "?", "810", interval="238"))
    assert found["hrm/2026-03-02T07:05:09.500000/rr_intervals"]["rr_ms"] == [800, 0, 810]


def test_a_file_without_samples_is_cut_off() -> None:
    whole = hrm("100", "101")
    with pytest.raises(RefusedError, match="cut off"):
        plan(whole[: whole.index(b"[HRData]")])
    assert sum(survives(whole[:length]) for length in range(len(whole))) > 5


def test_intervals_without_a_time_are_refused_with_what_to_do() -> None:
    for data in (sample("rri_rest__hrv.txt"), b"0.812\n0.830\n0.845\n0.820\n", b"\xef\xbb\xbf812\r\n830\r\n845\r\n8"):
        with pytest.raises(RefusedError, match="list of numbers") as caught:
            plan(data)
        assert "rr_intervals" in caught.value.do
        assert "start" in caught.value.do
    with pytest.raises(RefusedError, match="format is not known"):
        plan(b"812\n830\nwords\n820\n")
