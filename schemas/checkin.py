"""A check-in as an event: what is asked, in which words, and the event that the command and the page both send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

JOINTS = ("ankle", "elbow", "hip", "knee", "lower back", "neck", "shoulder", "wrist")
SOURCE = "spotter"
_PLAIN = {
    "sleep_quality": "sleep (0 bad, 10 good)",
    "fatigue": "fatigue (0 none, 10 worst)",
    "stress": "stress (0 none, 10 worst)",
    "soreness": "soreness (0 none, 10 worst)",
    "mood": "mood (0 bad, 10 good)",
}
PAIN_TOLD = (
    "Pain in a joint is kept and shown to the coach, in the report and on the page; no rule judges it, so no alert"
    " comes of it. With pain in a joint, stop and have it checked."
)
_ENDS = {"hooper": "1 best, 7 worst", "mclean": "1 worst, 5 best"}
_NUMBER = re.compile(r"-?[0-9]{1,6}(?:[.,][0-9]{0,6})?")


def question(instrument: str, item: str) -> str:
    """An item in words, with what the ends of its scale mean."""
    return _PLAIN[item] if instrument == "plain" else f"{item.replace('_', ' ')} ({_ENDS[instrument]})"


def answer_number(text: str) -> float | None:
    """The number somebody wrote, with a point or a comma; None where it is no number of plain digits."""
    return float(text.strip().replace(",", ".")) if _NUMBER.fullmatch(text.strip()) else None


def checkin_event(
    athlete: str,
    instrument: str,
    items: Mapping[str, float],
    *,
    soreness: Mapping[str, float],
    joint_pain: Mapping[str, float],
    now: datetime,
    name: datetime,
    timezone: str | None = None,
    written: str | None = None,
) -> dict[str, Any]:
    """The event of kind ``checkin``; ``now`` and ``name``, the instant that names its document, need a zone.

    Without ``timezone``, a name of the IANA list, it counts in the athlete's own zone; ``written`` is the same instant
    with the offset that decides instead.
    """
    at = written or f"{_plain_utc(now)}Z"
    event: dict[str, Any] = {
        "kind": "checkin",
        "athlete": athlete,
        "source": SOURCE,
        "document": f"checkin/{_plain_utc(name)}Z",
        "checked_at": at,
        "instrument": instrument,
        "items": dict(items),
    }
    if timezone is not None:
        event["timezone"] = timezone
        event["checked_at"] = now.astimezone(ZoneInfo(timezone)).isoformat(timespec="milliseconds")
    event |= {"soreness": dict(soreness)} if soreness else {}
    return event | ({"joint_pain": dict(joint_pain)} if joint_pain else {})


def _plain_utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
