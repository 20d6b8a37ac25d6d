"""The views of recovery against the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.oracle.heart import samples_of
from tests.oracle.hrv_rule import first_told
from tests.oracle.readings import Kept, moment_of
from tests.oracle.recovery import STALE_DAYS
from tests.oracle.world import Truth, World

Table = dict[tuple[Any, ...], dict[str, Any]]
Who = tuple[str, str]
RECENT_MIN, BASELINE_MIN = 3, 21
PERSON = ("tenant_id", "athlete_id")
# view, query, keys
VIEWS = (
    ("sleep_fact", "select * from sleep_fact", (*PERSON, "source", "start_at", "end_at")),
    ("hrv_fact", "select * from hrv_fact", (*PERSON, "source", "document_id")),
    ("resting_heart_rate_fact", "select * from resting_heart_rate_fact", (*PERSON, "source", "document_id")),
    ("checkin_fact", "select * from checkin_fact", (*PERSON, "source", "document_id", "part", "item")),
    ("recovery_day", "select * from recovery_day", (*PERSON, "local_day")),
    ("readiness_day", "select * from readiness_day", (*PERSON, "local_day")),
    (
        "indicator of hrv",
        "select * from indicator where metric in ('rmssd_ms', 'ln_hrv_7d', 'ln_hrv_cv_7d_percent', 'hrv_z')"
        " and n_obs > 0",
        (*PERSON, "local_day", "metric"),
    ),
    (
        "first alert of R14",
        "select tenant_id, athlete_id, min(opened_on) as opened_on from alert"
        " where rule = 'R14' and state <> 'withdrawn' group by all",
        PERSON,
    ),
    ("heart_rate_sample", "select * from heart_rate_sample", (*PERSON, "source", "document_id", "measured_at", "bpm")),
    (
        "heart_rate_load",
        "select * from heart_rate_load",
        (*PERSON, "source", "local_day", "session_source", "session_id"),
    ),
)


def recovery_tables(world: World) -> dict[str, Table]:
    """What each view of ``VIEWS`` should say."""
    tables: dict[str, Table] = {name: {} for name, _, _ in VIEWS}
    for who, truth in world.people.items():
        tables["sleep_fact"] |= dict(_nights(who, truth))
        tables["hrv_fact"] |= dict(_hrv(who, truth))
        tables["resting_heart_rate_fact"] |= dict(_resting(who, truth))
        tables["checkin_fact"] |= dict(_checkins(who, truth))
        tables["heart_rate_sample"] |= dict(_samples(who, truth))
        tables["heart_rate_load"] |= {(*who, *place): columns for place, columns in truth.heart_rates.items()}
        tables["readiness_day"] |= {(*who, day): columns for day, columns in truth.readiness.items()}
        tables["indicator of hrv"] |= dict(_hrv_indicators(who, truth))
        told = first_told(truth.recovery)
        if told is not None:
            tables["first alert of R14"][who] = {"opened_on": told}
        tables["recovery_day"] |= {(*who, day): columns for day, columns in truth.recovery.days.items()}
    return tables


def of_athlete_day(truth: Truth, day: Any) -> dict[str, Any]:
    """The columns of ``athlete_day`` that come from recovery."""
    columns = truth.recovery.days.get(day, {})
    is_rmssd = str(columns.get("hrv_signal")).startswith("rmssd")
    return {
        **{name: columns.get(name) for name in ("sleep_minutes", "sleep_efficiency", "resting_hr_bpm")},
        "rmssd_ms": columns.get("hrv_ms") if is_rmssd else None,
    }


def _plain(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at else None


def _nights(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for kept in truth.recovery.readings.nights:
        night = kept.night
        yield (*who, night.document.source, _plain(night.start), _plain(night.end)), _night(kept)


def _night(kept: Kept) -> dict[str, Any]:
    night = kept.night
    return {
        "document_id": kept.names,
        "night": night.day,
        "end_local": night.woke,
        "in_bed_minutes": night.in_bed_s / 60,
        "asleep_minutes": None if night.asleep_s is None else night.asleep_s / 60,
        "efficiency": night.efficiency,
        "nap": night.nap,
        "overlapping_documents": kept.overlapping,
    }


def _hrv(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for document, day, at in truth.recovery.readings.hrv:
        event = document.event or {}
        yield (*who, document.source, document.document), {
            "measured_at": _plain(at), "local_day": day, "statistic": event["statistic"],
            "value_ms": float(event["value_ms"]), "value_raw_ms": float(event["value_ms"]),
            "context": event["context"], "n_beats": None, "rejected_share": None,
            "status": "OK" if 3 <= event["value_ms"] <= 300 else "INSUFFICIENT",
        }  # fmt: skip
    for document, day, begun, found in truth.recovery.readings.beats:
        yield (*who, document.source, document.document), {
            "measured_at": _plain(begun), "local_day": day, "statistic": "rmssd", "value_ms": found.value_ms,
            "value_raw_ms": found.raw_ms, "context": (document.event or {})["context"], "n_beats": found.beats,
            "rejected_share": found.rejected_share, "status": found.status,
        }  # fmt: skip


def _hrv_indicators(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """M28 of days with a value; M29 of days near one, with what keeps it from being told."""
    for day, columns in truth.recovery.days.items():
        if columns["hrv_source"] is None:
            continue
        if columns["hrv_signal"].startswith("rmssd") and columns["hrv_ms"] is not None:
            signal = ("ln_" + columns["hrv_signal"], columns["hrv_source"], day)
            yield (*who, day, "rmssd_ms"), {
                "metric_id": "M28", "scope": "body", "value": columns["hrv_ms"], "n_obs": 1,
                "status": "DEGRADED" if signal in truth.recovery.readings.degraded else "OK",
            }  # fmt: skip
        few = {"ln_hrv_7d": False, "ln_hrv_cv_7d_percent": False, "hrv_z": columns["hrv_n_60d"] < BASELINE_MIN}
        shown = {"ln_hrv_cv_7d_percent": "ln_hrv_cv_7d"}
        for metric, few_before in few.items():
            n = 0 if few_before else columns["hrv_n_7d"]
            value = columns[shown.get(metric, metric)]
            status = "STALE" if columns["hrv_age_days"] > STALE_DAYS else "OK" if n >= RECENT_MIN else "INSUFFICIENT"
            if n and (status != "OK" or value is not None):
                yield (*who, day, metric), {
                    "metric_id": "M29", "scope": "body", "status": status, "n_obs": n,
                    "value": value if status == "OK" else None,
                }  # fmt: skip


def _resting(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for document, day in truth.recovery.readings.resting:
        bpm = float((document.event or {})["bpm"])
        yield (*who, document.source, document.document), {"local_day": day, "resting_hr_bpm": bpm}


def _samples(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for document in truth.recovery.readings.heart_rates:
        seen = set()
        for at, bpm in samples_of(document):
            key = (*who, document.source, document.document, _plain(at), float(bpm))
            yield (*key, "a second time") if key in seen else key, {"context": (document.event or {}).get("context")}
            seen.add(key)


def _checkins(who: Who, truth: Truth) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for document, day, _ in truth.recovery.readings.checkins:
        event = document.event or {}
        time = moment_of(document)
        for part in ("items", "soreness", "joint_pain"):
            for item, answer in (event.get(part) or {}).items():
                yield (*who, document.source, document.document, part, item), {
                    "checked_at": _plain(time.at if time else None), "local_day": day,
                    "instrument": event["instrument"], "answer": float(answer),
                }  # fmt: skip
