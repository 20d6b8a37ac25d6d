"""A real broker from Kafka's jars, without Docker: one process, KRaft, in a folder that goes away with it.

    python -m tests.broker.process

starts one until it is stopped and prints its address, for ``SPOTTER_TEST_BROKERS``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

POM = Path(__file__).with_name("jars.xml")
CACHE = Path(os.environ.get("SPOTTER_TEST_CACHE") or Path.home() / ".cache" / "spotter-tests")
UP_S = 180.0  # a machine that does other things takes its time
CLUSTER = "c3BvdHRlci10ZXN0cy0xMg"

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/logs
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.segment.bytes=16777216
"""

_SECURE = """
listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keystore}
"""


class Secure(NamedTuple):
    """What a listener with TLS and SCRAM needs: a PEM file with key and certificate, and who may sign in."""

    keystore: Path
    user: str
    password: str


def why_not() -> str | None:
    """Why no broker can be started here; None when one can."""
    if shutil.which("java") is None:
        return "there is no java"
    if not _jars() and shutil.which("mvn") is None:
        return "there is no mvn to fetch the broker's jars with"
    return None


def _jars() -> Path | None:
    """The folder of the jars, if they were fetched for this very list."""
    folder = CACHE / "kafka"
    marker = folder / "jars.xml"
    return folder if marker.exists() and marker.read_bytes() == POM.read_bytes() else None


def fetched_jars() -> Path:
    """The folder of the jars, fetched if they are not there."""
    found = _jars()
    if found is not None:
        return found
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = Path(scratch) / "jars"
        subprocess.run(
            ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"],
            check=True,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
        )
        shutil.copy(POM, folder / "jars.xml")
        target = CACHE / "kafka"
        shutil.rmtree(target, ignore_errors=True)
        with contextlib.suppress(OSError):  # another test process was faster
            folder.rename(target)
    return CACHE / "kafka"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BrokerProcess:
    """One broker; ``kill`` and ``start`` again keep port and data."""

    def __init__(self, folder: Path | None = None, secure: Secure | None = None) -> None:
        self._folder = folder or Path(tempfile.mkdtemp(prefix="spotter-broker-"))
        self._port, self._secure_port, self._secure = free_port(), free_port(), secure
        self._process: subprocess.Popen[bytes] | None = None
        self._formatted = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def secure_address(self) -> str:
        """Of the listener with TLS and SCRAM, if there is one."""
        return f"127.0.0.1:{self._secure_port}"

    def start(self) -> None:
        """Start and wait until it takes connections; raises AssertionError with its output when it does not."""
        properties = self._folder / "server.properties"
        jars = f"{fetched_jars()}/*"
        environment = {**os.environ, "LOG_DIR": str(self._folder)}
        if not self._formatted:
            ports = {"port": self._port, "secure": self._secure_port, "controller": free_port()}
            text, users = _PROPERTIES.format(folder=self._folder, **ports), []
            if self._secure is not None:  # of a line that comes twice the last one counts
                text += _SECURE.format(keystore=self._secure.keystore, **ports)
                said = f"name={self._secure.user},password={self._secure.password}"
                users = ["--add-scram", f"SCRAM-SHA-512=[{said}]"]
            properties.write_text(text, encoding="utf-8")
            subprocess.run(
                ["java", "-cp", jars, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", properties, *users],
                check=True,
                capture_output=True,
                env=environment,
            )
            self._formatted = True
        output = (self._folder / "output").open("ab")
        with output:
            self._process = subprocess.Popen(
                ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", jars, "kafka.Kafka", properties],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        assert self._process is not None
        end = time.monotonic() + UP_S
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                break
            time.sleep(0.1)
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(KafkaError), KafkaAdminClient(bootstrap_servers=self.address) as admin:
                admin.list_topics()
                return
            time.sleep(0.1)
        raise AssertionError(f"the broker did not come up:\n{(self._folder / 'output').read_text()[-4000:]}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the process as it stands."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def main() -> None:
    """Run until stopped."""
    broker = BrokerProcess()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        broker.start()
        print(broker.address, flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        broker.remove()


if __name__ == "__main__":
    main()
