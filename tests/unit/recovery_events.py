"""Recovery readings of one athlete by day number, and what the views say of such a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.sim.driver import Driver

FIRST = date(2026, 6, 1)
ZONE = "Europe/Lisbon"


def reading(kind: str, document: str, source: str = "band", **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "athlete": "ana", "source": source, "document": document, **fields}


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


def night(n: int, asleep_min: float | None, *, source: str = "band", until: str = "07:00", hours: float = 8,
          name: str = "", **fields: Any) -> dict[str, Any]:  # fmt: skip
    """A night that ends on day ``n`` at the wall clock ``until``."""
    end = datetime.fromisoformat(f"{day(n)}T{until}:00")
    asleep = {} if asleep_min is None else {"asleep_min": asleep_min}
    start = (end - timedelta(hours=hours)).isoformat()
    return reading(
        "sleep", f"sleep{n}{name}", source, start=start, end=end.isoformat(), timezone=ZONE, **asleep, **fields
    )


def resting(n: int, bpm: float, source: str = "band", name: str = "") -> dict[str, Any]:
    return reading("resting_heart_rate", f"resting{n}{name}", source, day=str(day(n)), bpm=bpm)


def hrv(
    n: int, value_ms: float, source: str = "band", statistic: str = "rmssd", context: str = "overnight"
) -> dict[str, Any]:
    fields = {"night": str(day(n)), "statistic": statistic, "context": context, "value_ms": value_ms}
    return reading("hrv", f"{statistic}-{context}-{n}", source, **fields)


def checkin(n: int, instrument: str, **items: float) -> dict[str, Any]:
    return reading("checkin", f"checkin{n}", "app", checked_at=f"{day(n)}T08:00:00", timezone=ZONE,
                   instrument=instrument, items=items)  # fmt: skip


def tick(n: int) -> dict[str, Any]:
    return {"kind": "tick", "now_at": f"{day(n)}T12:00:00Z"}


def recovery(driver: Driver, n: int) -> dict[str, Any]:
    (row,) = driver.query(f"select * from recovery_day where local_day = date '{day(n)}'")
    return row


def values(driver: Driver, column: str) -> list[Any]:
    return [row[column] for row in driver.query(f"select {column} from recovery_day order by local_day")]


def indicator(driver: Driver, n: int, metric: str) -> tuple[str, float | None, int]:
    (row,) = driver.query(f"select * from indicator where local_day = date '{day(n)}' and metric = '{metric}'")
    return row["status"], row["value"], row["n_obs"]


def against_usual(driver: Driver, instrument: str, usual: float, answers: dict[str, float]) -> dict[str, Any]:
    """Ten days of the same answer, and three days of ``answers`` a week later."""
    driver.ingest([checkin(n, instrument, **dict.fromkeys(answers, usual)) for n in range(10)])
    driver.ingest([checkin(n, instrument, **answers) for n in range(14, 17)])
    return recovery(driver, 16)
