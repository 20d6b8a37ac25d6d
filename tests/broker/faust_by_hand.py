"""Faust without a broker: an application that meets none, and messages made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faust.types import TP, ConsumerMessage

from pipeline.settings import Settings
from pipeline.worker.faust_app import App, make_app

TOPIC = "spotter.uploads"
HERE = TP(TOPIC, 0)
SETTINGS = Settings(brokers="127.0.0.1:1")


def an_app(folder: Path) -> App:
    """An application that never meets a broker, with acknowledgements on for its topic."""
    app = make_app(SETTINGS, folder)
    app.topics._acking_topics.add(TOPIC)
    return app


def a_topic(app: App) -> Any:
    return app.topic(TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def message(app: App, offset: int, value: Any = b"x") -> ConsumerMessage:
    found = ConsumerMessage(
        TOPIC, 0, offset, 0.0, 0, (), None, value, None, 0, 0, HERE, generation_id=app.consumer_generation_id
    )
    found.incref(1)
    return found
