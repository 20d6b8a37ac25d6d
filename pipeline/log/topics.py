"""Topics as they must be, made and described with kafka-python."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import BrokerResponseError, KafkaError, TopicAlreadyExistsError

from pipeline.errors import RefusedError, StorageError
from pipeline.log.clients import alerts_topic, client_arguments, control_topic, uploads_topic
from pipeline.log.kafka import MESSAGE_BYTES_MAX
from pipeline.settings import PREFIX, Settings

BOOTSTRAP_MS = 10_000
REQUEST_MS = 10_000
CREATE_MS = 15_000
KEPT = "-1"  # Kafka's word for no limit


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the settings want it; ``configs`` are Kafka's own names."""

    name: str
    partitions: int
    replication: int
    configs: dict[str, str]


def wanted(settings: Settings) -> list[Topic]:
    """The topics of a deployment."""
    hours = settings.uploads_retention_hours
    common = {
        "min.insync.replicas": str(settings.topic_min_insync_replicas),
        "max.message.bytes": str(MESSAGE_BYTES_MAX),
    }
    uploads = common | {
        "cleanup.policy": "delete",
        "retention.ms": KEPT if math.isinf(hours) else str(int(hours * 3_600_000)),
        "retention.bytes": KEPT,
    }
    compacted = common | {"cleanup.policy": "compact"}
    replication = settings.topic_replication
    return [
        Topic(uploads_topic(settings), settings.topic_partitions, replication, uploads),
        Topic(alerts_topic(settings), 1, replication, compacted),  # the relay reads them in one order
        Topic(control_topic(settings), 1, replication, compacted),
    ]


def ensure(settings: Settings) -> list[dict[str, Any]]:
    """Make what is missing and correct settings that differ; what cannot be corrected is refused.

    A row a topic: name, what was done (``made``, ``changed``, ``there``). Raises RefusedError when the uploads have
    another number of partitions: gyms would be looked for in the wrong one.
    """
    topics = wanted(settings)
    done: list[dict[str, Any]] = []
    with _admin(settings) as admin:
        found = _described(admin, topics)
        for topic in topics:
            there = found[topic.name]
            if there is None:
                made = _make(admin, topic)
                done.append({"topic": topic.name, "done": "made" if made else "there"})
                continue
            if there["partitions"] != topic.partitions:
                raise RefusedError(
                    f"the topic {topic.name} has {there['partitions']} partitions, not {topic.partitions}",
                    "a gym stays in the partition it was placed in, so their number is not changed here",
                    f"set {PREFIX}TOPIC_PARTITIONS={there['partitions']}, or choose another {PREFIX}TOPIC_PREFIX",
                )
            differ = {name: value for name, value in topic.configs.items() if there["configs"].get(name) != value}
            if differ:
                admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, differ)])
            done.append({"topic": topic.name, "done": "changed" if differ else "there"})
    return done


def describe(settings: Settings) -> list[dict[str, Any]]:
    """A row a topic: name, partitions, replication, in-sync replicas of the worst partition, configs; what differs."""
    topics = wanted(settings)
    rows: list[dict[str, Any]] = []
    with _admin(settings) as admin:
        found = _described(admin, topics)
    for topic in topics:
        there = found[topic.name]
        if there is None:
            rows.append({"topic": topic.name, "partitions": 0, "differs": "it is missing"})
            continue
        differs = [
            f"{name} is {there['configs'].get(name)}, not {value}"
            for name, value in topic.configs.items()
            if there["configs"].get(name) != value
        ]
        for name, is_now, value in (
            ("partitions", there["partitions"], topic.partitions),
            ("replication", there["replication"], topic.replication),
        ):
            if is_now != value:
                differs.append(f"{name}: {is_now}, not {value}")
        kept = {name: there["configs"].get(name) for name in topic.configs}
        rows.append({"topic": topic.name, **there, "configs": kept, "differs": "; ".join(differs)})
    return rows


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    arguments = client_arguments(settings)
    try:
        with KafkaAdminClient(
            **arguments,
            client_id="spotter-topics",
            bootstrap_timeout_ms=BOOTSTRAP_MS,
            request_timeout_ms=REQUEST_MS,
        ) as admin:
            yield admin
    except BrokerResponseError as error:
        raise StorageError(
            "the brokers refuse what the topics should be",
            f"{settings.brokers}: {error.description or type(error).__name__}",
            f"correct {PREFIX}TOPIC_PREFIX, {PREFIX}TOPIC_PARTITIONS, {PREFIX}TOPIC_REPLICATION or"
            f" {PREFIX}UPLOADS_RETENTION_HOURS, or what this user may do there",
        ) from error
    except (KafkaError, OSError) as error:
        raise StorageError(
            "the topics cannot be asked for",
            f"{settings.brokers}: {error or type(error).__name__}",
            f"look whether the brokers run and --brokers or {PREFIX}BROKERS names them",
        ) from error


def _make(admin: Any, topic: Topic) -> bool:
    """Whether it was this call that made it: two may begin at once."""
    try:
        admin.create_topics(
            {
                topic.name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": topic.replication,
                    "configs": topic.configs,
                }
            },
            timeout_ms=CREATE_MS,
            wait_for_metadata=True,
        )
    except TopicAlreadyExistsError:
        return False
    return True


def _described(admin: Any, topics: list[Topic]) -> dict[str, dict[str, Any] | None]:
    there = set(admin.list_topics())
    found: dict[str, dict[str, Any] | None] = {topic.name: None for topic in topics}
    names = [topic.name for topic in topics if topic.name in there]
    if not names:
        return found
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    for told in admin.describe_topics(names):
        partitions = told["partitions"]
        found[told["name"]] = {
            "partitions": len(partitions),
            "replication": min(len(one["replica_nodes"]) for one in partitions),
            "in_sync": min(len(one["isr_nodes"]) for one in partitions),
            "configs": {name: one["value"] for name, one in configs[told["name"]].items()},
        }
    return found
