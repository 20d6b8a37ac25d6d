"""Open alerts come as a coach needs them: the most severe first, then the newest."""

from __future__ import annotations

from itertools import pairwise

from dashboards.panels import Panels
from tests.sim.driver import Driver
from tests.unit.test_day_rules import days
from tests.unit.test_trend_rules import BENCH, CURL, single

RANKS = ("high", "warning", "advice", "info")


def test_the_most_severe_of_the_open_ones_come_first() -> None:
    with Driver() as driver:
        for n, day in enumerate(days(0, 3)):
            for exercise in ("Squat (Barbell)", BENCH, CURL):
                one = single(day, exercise, 40 + n, rir=0)
                sets = [{**one, "document": f"{day}{exercise}{k}", "set_index": k} for k in range(1, 5)]
                driver.ingest([{**each, "outcome": "failed"} if n else each for each in sets])
        panels = Panels(driver.service.query)
        found = panels.alerts("home", None, "open", 100)
        ranks = [RANKS.index(str(row["severity"])) for row in found]
        assert ranks == sorted(ranks) and len(set(ranks)) > 1
        for one, other in pairwise(found):
            assert one["severity"] != other["severity"] or one["updated_on"] >= other["updated_on"]
        assert panels.alerts("home", None, "open", 3) == found[:3], "a limit leaves out the mildest"
        every = panels.alerts("home", None, None, 100)
        assert [row["updated_on"] for row in every] == sorted((row["updated_on"] for row in every), reverse=True)
