"""What people read: plain, with numbers, without claims."""

from __future__ import annotations

import random
import re
from importlib.resources import files

from pipeline.alerts.catalogue import page
from pipeline.alerts.rules import load
from tests.unit.alert_marts import Marts
from tests.unit.test_alert_incremental import DAY0, move_time, random_session
from tests.unit.test_alert_quality import lane

BANNED = re.compile(
    r"overtrain|diagnos|injur|\bCNS\b|nervous system|\bsafe\b|danger|\brisk|\bnan\b|\{|\}|  ", re.IGNORECASE
)
RULES_WITH_REASONS = "It is no diagnosis."


def all_alerts() -> list[dict[str, object]]:
    rng = random.Random(3)
    marts = Marts()
    marts.profile(1, level="beginner")
    marts.profile(2, training_since=DAY0)
    marts.plan([{"exercise": "Bench Press", "sets": 3, "reps": 8, "failure_slots": [3]}])
    for _ in range(120):
        session = random_session(rng, 60)
        session.ended = True
        marts.put(session)
    move_time(marts, {}, {})
    marts.run({1: DAY0, 2: DAY0})
    found = marts.alerts()
    quality = Marts()
    lane(quality, [(10, 5, 1, 14), (10, 4, 1, 15)], 0)
    return found + quality.alerts()


def test_texts_of_every_rule() -> None:
    alerts = all_alerts()
    assert {alert["rule"] for alert in alerts} == {rule.id for rule in load().all()}
    for alert in alerts:
        for part in ("title", "body", "action"):
            text = str(alert[part])
            assert text and not BANNED.search(text) and "None" not in text, text
        assert "goes away" in str(alert["body"])
        assert str(alert["title"])[0].isupper() and str(alert["action"]).endswith(".")


def test_templates_and_catalogue_make_no_claims() -> None:
    claims = re.compile(r"overtrain|diagnos|injur|\bCNS\b|nervous system|\bsafe\b|danger|\brisk", re.IGNORECASE)
    templates = files("pipeline.alerts").joinpath("rules.toml").read_text(encoding="utf-8")
    assert not claims.search(templates)
    assert not claims.search(page().replace(RULES_WITH_REASONS, ""))
