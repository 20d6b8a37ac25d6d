"""Faust as its manual suggests: a Record, an agent, one event after the other. The table is filled event by event."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from typing import Any

import faust
from faust.serializers import codecs
from progress import Progress
from sets import OneByOne, given, payload_of, row_of

TELL_EVERY_S = 0.05


class Weight(faust.Record, validation=True):
    value: float
    unit: str


class Effort(faust.Record, validation=True):
    scale: str
    value: float


class Set(faust.Record, coerce=True, validation=True):
    kind: str
    athlete: str
    source: str
    document: str
    performed_at: datetime
    session: str
    exercise: str
    exercise_block: int
    set_index: int
    set_type: str
    weight: Weight
    reps: int
    effort: Effort | None = None
    outcome: str | None = None


class Upload(codecs.Codec):
    """The JSON in a value of the topic."""

    def _loads(self, s: bytes) -> Any:
        return json.loads(payload_of(s))

    def _dumps(self, s: Any) -> bytes:
        return json.dumps(s).encode()


def main() -> None:
    asked = given()
    progress = Progress(asked.progress, {0: asked.end}, TELL_EVERY_S)
    table = OneByOne(asked.folder / "peers.duckdb")
    codecs.register("upload", Upload())
    app = faust.App(
        asked.group,
        broker=[f"kafka://{one}" for one in asked.brokers.split(",")],
        datadir=str(asked.folder / "faust"),
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
    )
    topic = app.topic(asked.topic, key_type=bytes, key_serializer="raw", value_type=Set, value_serializer="upload")

    @app.agent(topic)
    async def store(stream: Any) -> None:
        async for event in stream.events():
            progress.began()
            table.insert(row_of(event.value))
            progress.committed(event.message.offset + 1, 1)
            if progress.done:  # of a part of the topic; the rest is not for it
                await asyncio.Event().wait()

    sys.argv[1:] = ["worker", "--loglevel", "warn", "--without-web"]
    app.main()


if __name__ == "__main__":
    main()
