"""Open alerts come as a coach needs them: the most severe first, then the newest."""

from __future__ import annotations

from dashboards.panels import Panels
from tests.sim.driver import Driver
from tests.unit.test_day_rules import days
from tests.unit.test_trend_rules import BENCH, CURL, single

RANKS = ("high", "warning", "advice", "info")


def test_the_most_severe_of_the_open_ones_come_first() -> None:
    with Driver() as driver:
        for n, day in enumerate(days(0, 28)):
            driver.ingest([single(day, CURL if n % 2 else BENCH, 40 + n, rir=0)])
        panels = Panels(driver.service.query)
        found = panels.alerts("home", None, "open", 100)
        ranks = [RANKS.index(str(row["severity"])) for row in found]
        assert ranks == sorted(ranks) and len(set(ranks)) > 1
        for one, other in zip(found, found[1:], strict=False):
            assert one["severity"] != other["severity"] or one["updated_on"] >= other["updated_on"]
        assert panels.alerts("home", None, "open", 3) == found[:3], "a limit leaves out the mildest"
        every = panels.alerts("home", None, None, 100)
        assert [row["updated_on"] for row in every] == sorted((row["updated_on"] for row in every), reverse=True)
