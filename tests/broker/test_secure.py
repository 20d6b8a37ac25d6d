"""Brokers that ask for TLS and a password: every role signs in with the same settings."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.errors import StorageError
from pipeline.gateway.channels import Channels, Wishes
from pipeline.gateway.control import Control
from pipeline.log.topics import describe, ensure
from pipeline.settings import Settings
from tests.broker.conftest import no_broker
from tests.broker.process import BrokerProcess, Secure, free_port, why_not
from tests.broker.roles import Role, running, until
from tests.broker.test_alerts_leave import failures, send
from tests.unit.relay_fakes import Receiver

USER, PASSWORD = "spotter", "a password of the tests"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The broker's certificate; its key lies beside it, both are in ``keystore.pem``."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, and it makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    where = ["-keyout", str(key), "-out", str(made), "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *where]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "keystore.pem").write_text(key.read_text() + made.read_text())
    return made


@pytest.fixture(scope="module")
def broker(certificate: Path) -> Iterator[BrokerProcess]:
    if (reason := why_not()) is not None:
        no_broker(reason)
    made = BrokerProcess(secure=Secure(certificate.with_name("keystore.pem"), USER, PASSWORD))
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def settings(broker: BrokerProcess, certificate: Path, tmp_path: Path) -> Settings:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    return replace(
        Settings(),
        brokers=broker.secure_address,
        topic_prefix="secure",
        topic_partitions=1,
        security_protocol="SASL_SSL",
        sasl_username=USER,
        sasl_password_file=str(password),
        ssl_cafile=str(certificate),
    )


def test_an_upload_becomes_a_delivered_alert(settings: Settings, tmp_path: Path) -> None:
    ensure(settings)
    receiver, port = Receiver(), free_port()
    control = Control(tmp_path / "gateway", SystemClock())
    _, key = control.create_key("home", ["ingest"])
    Channels(control, SystemClock()).add("home", "webhook", receiver.url, Wishes())
    control.close()
    given = {
        "SPOTTER_SECURITY_PROTOCOL": settings.security_protocol,
        "SPOTTER_SASL_USERNAME": settings.sasl_username,
        "SPOTTER_SASL_PASSWORD_FILE": settings.sasl_password_file,
        "SPOTTER_SSL_CAFILE": settings.ssl_cafile,
        "SPOTTER_TOPIC_PARTITIONS": str(settings.topic_partitions),
        "SPOTTER_CHANNEL_ADDRESSES": "any",
    }
    gateway = Role("gateway", tmp_path / "gateway", settings, "--port", str(port), **given)
    worker = Role("worker", tmp_path / "worker", settings, **given)
    relay = Role("relay", tmp_path / "relay", settings, **given)
    with running(gateway, worker, relay):
        gateway.wait_for("the gateway is up")
        relay.wait_for("the relay is up")  # it has the channel through the topic of control data
        send(port, key, failures("w1", 2))
        until(lambda: len(receiver.got) > 0, "the alert")
        for role in (relay, worker, gateway):
            assert role.end() == 0, role.told()
    receiver.close()
    assert PASSWORD not in "".join(role.told() for role in (gateway, worker, relay))


def test_who_may_not_sign_in_is_told_so(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("no password")
    with pytest.raises(StorageError) as refused:
        describe(replace(settings, sasl_password_file=str(wrong)))
    assert "brokers" in str(refused.value.do) and PASSWORD not in str(refused.value)


def test_a_broker_with_another_certificate_is_not_believed(settings: Settings) -> None:
    with pytest.raises(StorageError):
        describe(replace(settings, ssl_cafile=""))
