"""The official Kafka image in Docker, for machines that have it."""

from __future__ import annotations

import io
import os
import tarfile

from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

IMAGE = os.environ.get("SPOTTER_TEST_BROKER_IMAGE") or "apache/kafka:4.1.1"
PORT = 9092
_START = """#!/bin/sh
export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://{host}:{port},BROKER://localhost:9095
exec /etc/kafka/docker/run
"""


def image_is_here() -> bool:
    """Whether Docker answers and has the image; nothing is pulled."""
    try:
        DockerClient().client.images.get(IMAGE)
    except Exception:  # no Docker, no image, no rights: all the same to whoever looks for a broker
        return False
    return True


class BrokerContainer(DockerContainer):
    """One broker. Its address is known only once the port is, so the start script is copied in after that."""

    def __init__(self) -> None:
        super().__init__(IMAGE)
        self.with_exposed_ports(PORT)
        for name, value in {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094",
            "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{PORT},CONTROLLER://localhost:9094,BROKER://localhost:9095",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BROKER:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        }.items():
            self.with_env(name, value)
        self.with_kwargs(entrypoint=["sh", "-c", "while [ ! -f /tmp/start.sh ]; do sleep 0.1; done; sh /tmp/start.sh"])

    @property
    def address(self) -> str:
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def start(self) -> BrokerContainer:
        super().start()
        script = _START.format(host=self.get_container_host_ip(), port=self.get_exposed_port(PORT)).encode()
        with io.BytesIO() as packed:
            with tarfile.open(fileobj=packed, mode="w") as tar:
                entry = tarfile.TarInfo("start.sh")
                entry.size, entry.mode = len(script), 0o755
                tar.addfile(entry, io.BytesIO(script))
            self.get_wrapped_container().put_archive("/tmp", packed.getvalue())
        LogMessageWaitStrategy("Kafka Server started").wait_until_ready(self)
        return self
