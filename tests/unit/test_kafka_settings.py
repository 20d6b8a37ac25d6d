"""Settings become the arguments of every client, or are refused with the variable's name."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.errors import StorageError, UsageError
from pipeline.log import frame
from pipeline.log.clients import client_arguments
from pipeline.log.kafka import batch_of
from pipeline.record import Header, Record, pack_items, parse_header
from pipeline.settings import Settings

PLAIN = replace(Settings(), brokers="one:9092, two:9093")


def test_brokers_alone_are_enough() -> None:
    assert client_arguments(PLAIN) == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "PLAINTEXT",
    }


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    settings = replace(
        PLAIN,
        security_protocol="sasl_ssl",
        sasl_mechanism="plain",
        sasl_username="ana",
        sasl_password="other",
        sasl_password_file=str(secret),
    )
    found = client_arguments(settings)
    context = found.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext) and context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    assert found == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "ana",
        "sasl_plain_password": "s3cret",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"brokers": ""}, "SPOTTER_BROKERS"),
        ({"brokers": "one"}, "SPOTTER_BROKERS"),
        ({"brokers": "one:99999"}, "SPOTTER_BROKERS"),
        ({"brokers": "one:0"}, "SPOTTER_BROKERS"),
        ({"security_protocol": "TLS"}, "SPOTTER_SECURITY_PROTOCOL"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "SPOTTER_SASL_USERNAME"),
        (
            {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "a", "sasl_mechanism": "GSSAPI"},
            "SPOTTER_SASL_MECHANISM",
        ),
        (
            {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "a", "sasl_password_file": "nowhere"},
            "SPOTTER_SASL_PASSWORD_FILE",
        ),
        ({"security_protocol": "SSL", "ssl_cafile": "nowhere"}, "SPOTTER_SSL_CAFILE"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as told:
        client_arguments(replace(PLAIN, **changes))  # type: ignore[arg-type]
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"STALLED_SECONDS_MAX": "inf"}, "up to 2,592,000"),
        ({"SESSION_SECONDS": "1e9"}, "from 0.1 up to 1,800"),
        ({"SESSION_SECONDS": "0.001"}, "from 0.1 up to 1,800"),
        ({"SESSION_SECONDS": "nan"}, "a number above 0"),
        ({"FETCH_BYTES_MAX": "99999999999999"}, "up to 1,073,741,824"),
        ({"PORT": "70000"}, "up to 65,535"),
        ({"TOPIC_PREFIX": "a b/ä"}, "topics have names of letters"),
        ({"TOPIC_MIN_INSYNC_REPLICAS": "2"}, "no upload could be taken"),
    ],
    ids=str,
)
def test_settings_that_nothing_can_work_with_are_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as told:
        Settings.from_environment({f"SPOTTER_{name}": value for name, value in changes.items()})
    assert said in f"{told.value.what} {told.value.why}" and "SPOTTER_" in told.value.do


def test_settings_at_their_limits_are_taken() -> None:
    given = {"UPLOADS_RETENTION_HOURS": "inf", "SESSION_SECONDS": "0.1", "TOPIC_PREFIX": "gym_1.x-y", "PORT": "65535"}
    both = {"TOPIC_MIN_INSYNC_REPLICAS": "2", "TOPIC_REPLICATION": "2"}
    Settings.from_environment({f"SPOTTER_{name}": value for name, value in (given | both).items()})


HEADER = Header(tenant="gym", source="api", decoder="canonical", upload_id="u", received_at="2026-11-23T00:00:00Z")


@pytest.mark.parametrize("athlete", ["", "ana", "Zoë 🏋"])
def test_a_record_is_unpacked_as_it_was_packed(athlete: str) -> None:
    record = Record(athlete, 70_000, pack_items([3, 1 << 31]), HEADER.to_bytes(), b'{"a":1}\n{"b":2}')
    assert frame.unpack(frame.pack(record)) == record


@dataclass
class Fetched:
    """A record as aiokafka has it."""

    offset: int
    value: bytes | None
    topic: str = "t"
    partition: int = 0
    key: bytes = b"gym"
    timestamp: int = 1_700_000_000_000


def test_a_value_of_others_is_a_record_without_an_athlete() -> None:
    whole = frame.pack(Record("ana", 0, pack_items([0]), HEADER.to_bytes(), b"{}"))
    wrong = [None, b"", b"{}", whole[:10], whole[:20], b"S2" + whole[2:], whole.replace(b'"tenant"', b'"tenand"')]
    wrong += [frame.pack(Record("ana", 0, pack_items([0]), b"{}", b"")), whole.replace(b"ana", b"\xff\xfe\xfd")]
    for value in wrong:
        batch = batch_of([Fetched(4, whole), Fetched(5, value), Fetched(6, whole)])
        assert [(one.offset, one.record.athlete) for one in batch] == [(4, "ana"), (5, ""), (6, "ana")]
        assert batch.headers.problems == {}
        found = batch[1].record
        header = parse_header(found.header)
        assert (found.athlete, found.payload) == ("", value or b"")
        assert (header.tenant, header.upload_id, header.decoder) == ("gym", "t-0-5", frame.FOREIGN)
        assert header.received_at == "2023-11-14T22:13:20.000000Z"


def test_a_record_of_a_newer_version_stops_instead_of_being_rejected() -> None:
    newer = HEADER.to_bytes().replace(b'"format":1', b'"format":2')
    value = frame.pack(Record("ana", 0, pack_items([0]), newer, b"{}"))
    with pytest.raises(StorageError) as told:
        batch_of([Fetched(5, value)])
    assert "newer version" in str(told.value)
