"""Faust without a broker: an application that meets none, and messages made by hand."""

from __future__ import annotations

from typing import Any

from faust.types import TP, ConsumerMessage

from pipeline.worker.faust_app import App

TOPIC = "spotter.uploads"
HERE = TP(TOPIC, 0)


def a_topic(app: App) -> Any:
    return app.topic(TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def message(app: App, offset: int, value: Any = b"x") -> ConsumerMessage:
    found = ConsumerMessage(
        TOPIC, 0, offset, 0.0, 0, (), None, value, None, 0, 0, HERE, generation_id=app.consumer_generation_id
    )
    found.incref(1)
    return found
