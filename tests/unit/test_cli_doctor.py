"""``spotter doctor`` on gyms' clocks and on sets that wait for a time zone, and what a report says of the latter."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from app_fakes import set_event

from pipeline.cli import doctor

Spotter = Callable[..., tuple[int, str, str]]
ZULU = [set_event(f"z{n}", athlete="zed", performed_at=f"2026-11-20T18:0{n}:00Z") for n in range(2)]


@pytest.fixture
def send(spotter: Spotter, tmp_path: Path) -> Callable[..., None]:
    def call(*events: object) -> None:
        path = tmp_path / "events.ndjson"
        path.write_text("\n".join(map(json.dumps, events)) + "\n")
        assert spotter("ingest", str(path))[0] == 0

    return call


def findings(spotter: Spotter) -> dict[str, dict[str, str]]:
    code, out, _ = spotter("doctor", "--json")
    assert code == 0
    return {row["check"]: row for row in json.loads(out)}


def test_sets_without_a_zone_are_counted_and_named_until_there_is_one(
    spotter: Spotter, send: Callable[..., None]
) -> None:
    send(set_event(), *ZULU)
    told = findings(spotter)["time zones"]
    assert (told["status"], told["says"]) == ("low", "2 sets of 1 athlete have a Z time and no known zone")
    (who,) = re.findall(r"`(spotter sql [^`]*)`", told["do"])
    assert "zed" in spotter(*shlex.split(who)[1:])[1]
    for form in ((), ("--json",)):
        code, out, err = spotter("report", "--athlete", "zed", *form)
        assert (code, out) == (1, "")
        assert "2 sets of 'zed' have a Z time and no known zone" in err
        assert "`athlete` event" in err
    (example,) = re.findall(r"\{.*?\}", told["do"])
    send(json.loads(example) | {"athlete": "zed"})
    assert findings(spotter)["time zones"]["status"] == "good"
    assert spotter("report", "--athlete", "zed")[0] == 0
    assert "there is no athlete" in spotter("report", "--athlete", "nobody")[2]


def test_the_clock_of_each_gym_is_told(spotter: Spotter, send: Callable[..., None]) -> None:
    send(set_event())
    assert findings(spotter)["gym's clock"]["says"] == "none: each athlete is judged as of the last day with data"
    send({"kind": "tick", "now_at": "2026-11-21T19:00:00Z"})
    assert findings(spotter)["gym's clock"]["says"] == "home 2026-11-21 19:00 UTC"


def test_many_clocks_are_cut_short() -> None:
    rows = [{"tenant_id": f"g{n}", "now_at": "2026-11-21T19:00:00Z"} for n in range(doctor.CLOCKS_SHOWN + 3)]
    says = doctor._gyms(rows).says
    assert says.count("UTC") == doctor.CLOCKS_SHOWN
    assert says.endswith("… and 3 more")
