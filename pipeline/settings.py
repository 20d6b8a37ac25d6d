"""Every setting with its default, unit and environment variable; limits live here."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from pipeline import disk
from pipeline.errors import UsageError

DATA_DEFAULT = Path("data")
PREFIX = "SPOTTER_"
ADDRESSES = ("public", "any")
SECONDS_MAX = 30 * 86_400.0
# what libraries and the system can do with; everything is above 0
_MOST: dict[str, float] = {
    "port": 65_535,
    "session_seconds": 1_800,  # a broker allows no more by default
    "fetch_bytes_max": 1 << 30,
    "topic_partitions": 10_000,
    "topic_replication": 100,
    "topic_min_insync_replicas": 100,
    "idempotency_days": 36_500,
    "sender_live_days": 36_500,
    "uploads_retention_hours": math.inf,
    "secret_overlap_hours": 24 * 365,
    "requests_per_second": 1e9,
}
_LEAST: dict[str, float] = {"session_seconds": 0.1}
_TOPIC_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a service. Each field can be set as ``SPOTTER_<FIELD>`` in upper case."""

    host: str = "127.0.0.1"
    port: int = 8080
    body_bytes_max: int = 16 << 20  # an event upload as it comes over the wire
    unpacked_bytes_max: int = 64 << 20  # the same after gzip
    import_bytes_max: int = 512 << 20  # a vendor file
    body_seconds_max: float = 60.0  # a body that takes longer is given up (408)
    bodies_in_flight_max: int = 16  # uploads held in memory at once; more are asked to come again (503)
    requests_per_second: float = 500.0  # per key, sustained
    requests_burst: int = 1000  # per key, at once
    idempotency_days: int = 7  # how long an Idempotency-Key is remembered
    sender_live_days: int = 14  # a tenant that sent within these days gets the hourly tick
    wait_seconds_max: float = 600.0  # how long the command line waits for the worker
    sql_seconds_max: float = 60.0  # wall clock of one analyst query
    sql_memory_bytes_max: int = 512 << 20
    channel_addresses: str = "public"  # where channels may lead: "public", or "any" for one's own network as well
    delivery_seconds_max: float = 20.0  # one attempt to deliver a message, from the name to the end of the answer
    secret_overlap_hours: float = 24.0  # a rotated secret of a channel signs beside the new one so long

    brokers: str = ""  # host:port, several with commas; only the distributed roles need it
    security_protocol: str = "PLAINTEXT"  # or SSL, SASL_PLAINTEXT, SASL_SSL
    sasl_mechanism: str = "SCRAM-SHA-512"  # or PLAIN, SCRAM-SHA-256; used with SASL_* only
    sasl_username: str = ""
    sasl_password: str = ""
    sasl_password_file: str = ""  # read instead of sasl_password
    ssl_cafile: str = ""  # PEM; empty: the system's authorities
    ssl_certfile: str = ""  # PEM, of this client
    ssl_keyfile: str = ""
    topic_prefix: str = "spotter"  # of topics and consumer groups
    topic_partitions: int = 4  # of the uploads; a gym lives in one
    topic_replication: int = 1
    topic_min_insync_replicas: int = 1
    uploads_retention_hours: float = math.inf
    append_seconds_max: float = 2.0  # brokers that take longer get no upload: it is refused with 503
    session_seconds: float = 10.0  # a worker that is silent so long loses its partitions
    stalled_seconds_max: float = 60.0  # a worker that is behind and does not move so long ends itself
    snapshots: str = ""  # where workers keep copies of their shards: a folder or s3://…; empty: nowhere
    snapshot_seconds: float = 300.0  # between copies of a shard that moved; the first come sooner
    replica_seconds: float = 10.0  # between looks of the pages for newer copies of shards
    fetch_bytes_max: int = 4 << 20  # of one partition, in one batch of a worker

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Defaults, changed by the environment; raises UsageError naming the variable that cannot be read."""
        found = os.environ if environment is None else environment
        given: dict[str, str | int | float] = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            text = found.get(name)
            if text is not None:
                given[field.name] = _parse(name, text, type(field.default), field.name)
        if given.get("channel_addresses", ADDRESSES[0]) not in ADDRESSES:
            raise UsageError(
                f"the setting {PREFIX}CHANNEL_ADDRESSES cannot be used",
                f"it is {given['channel_addresses']!r}, not one of {', '.join(ADDRESSES)}",
                f"correct or unset {PREFIX}CHANNEL_ADDRESSES",
            )
        found_settings = cls(**given)  # type: ignore[arg-type]
        found_settings.check()
        return found_settings

    def check(self) -> None:
        """Raises UsageError for what no cluster can be."""
        if not _TOPIC_PREFIX.fullmatch(self.topic_prefix):
            raise UsageError(
                f"the setting {PREFIX}TOPIC_PREFIX cannot be used",
                f"it is {self.topic_prefix!r}; topics have names of letters, digits, dots, hyphens and underscores",
                f"correct or unset {PREFIX}TOPIC_PREFIX",
            )
        if self.topic_min_insync_replicas > self.topic_replication:
            raise UsageError(
                f"{PREFIX}TOPIC_MIN_INSYNC_REPLICAS asks for {self.topic_min_insync_replicas} replicas of"
                f" {self.topic_replication}",
                "no upload could be taken: each waits for so many of them",
                f"lower it, or raise {PREFIX}TOPIC_REPLICATION",
            )


def data_folder(given: Path | None, environment: Mapping[str, str] | None = None) -> Path:
    """The data folder: as given, else ``SPOTTER_DATA``, else ``./data``."""
    found = os.environ if environment is None else environment
    return given or Path(found.get(PREFIX + "DATA") or DATA_DEFAULT)


def in_cluster() -> bool:
    """Whether brokers are named: then the log is theirs, and workers keep the tables."""
    return bool(os.environ.get(f"{PREFIX}BROKERS", "").strip())


def make_private(data: Path) -> None:
    """Make the data folder if it is not there; only its owner may look into it."""
    disk.check(data)
    if not data.exists():
        data.parent.mkdir(parents=True, exist_ok=True)
        data.mkdir(mode=0o700, exist_ok=True)


def _parse(name: str, text: str, kind: type, field: str) -> str | int | float:
    if kind is str:
        return text
    try:
        number: int | float = int(text) if kind is int else float(text)
    except ValueError:
        number = -1
    least = _LEAST.get(field, 0)
    most = _MOST.get(field, SECONDS_MAX if kind is float else 1 << 40)
    if not (number > 0 and least <= number <= most):
        wanted = "a whole number above 0" if kind is int else "a number above 0"
        if number > 0:
            wanted = f"{wanted.replace('above 0', f'from {least:g}') if least else wanted} up to {most:,.0f}"
        raise UsageError(
            f"the setting {name} cannot be used", f"it is {text!r}, not {wanted}", f"correct or unset {name}"
        )
    return number
