"""How Kafka is reached: one place turns settings into the arguments of every client, and names topics."""

from __future__ import annotations

import ssl
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings import PREFIX, Settings

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
PORT_MAX = 65_535
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def uploads_topic(settings: Settings) -> str:
    """The record: raw uploads, keyed by tenant."""
    return f"{settings.topic_prefix}.uploads"


def alerts_topic(settings: Settings) -> str:
    """Alerts as they change, keyed by alert."""
    return f"{settings.topic_prefix}.alerts"


def control_topic(settings: Settings) -> str:
    """Tenants, users and key hashes, keyed by what they are of."""
    return f"{settings.topic_prefix}.control"


def broker_list(settings: Settings) -> list[str]:
    """The brokers as host:port; raises UsageError when none is named."""
    found = [one.strip() for one in settings.brokers.split(",") if one.strip()]
    wrong = next((one for one in found if not _is_address(one)), None)
    if wrong is not None:
        raise UsageError(
            f"{wrong!r} is no broker", "a broker is named as host:port", f"correct --brokers or {PREFIX}BROKERS"
        )
    if not found:
        raise UsageError(
            "no broker is named",
            "this role of Spotter works with Kafka",
            f"give --brokers host:port, or set {PREFIX}BROKERS",
        )
    return found


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) <= PORT_MAX


def client_arguments(settings: Settings) -> dict[str, object]:
    """Brokers and security for kafka-python and aiokafka, which name them alike; raises UsageError."""
    found: dict[str, object] = {"bootstrap_servers": broker_list(settings)}
    protocol = settings.security_protocol.upper()
    if protocol not in PROTOCOLS:
        raise _unknown("SECURITY_PROTOCOL", settings.security_protocol, PROTOCOLS)
    found["security_protocol"] = protocol
    if protocol.endswith("SSL"):
        found["ssl_context"] = _ssl_context(settings)
    if protocol.startswith("SASL"):
        mechanism = settings.sasl_mechanism.upper()
        if mechanism not in MECHANISMS:
            raise _unknown("SASL_MECHANISM", settings.sasl_mechanism, MECHANISMS)
        if not settings.sasl_username:
            raise UsageError(
                "nobody signs in to the brokers",
                f"{PREFIX}SECURITY_PROTOCOL is {protocol}, and {PREFIX}SASL_USERNAME is empty",
                f"set {PREFIX}SASL_USERNAME and {PREFIX}SASL_PASSWORD_FILE",
            )
        found["sasl_mechanism"] = mechanism
        found["sasl_plain_username"] = settings.sasl_username
        found["sasl_plain_password"] = _password(settings)
    return found


def _password(settings: Settings) -> str:
    if not settings.sasl_password_file:
        return settings.sasl_password
    try:
        return Path(settings.sasl_password_file).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise UsageError(
            f"the password file {settings.sasl_password_file} cannot be read",
            error.strerror or str(error),
            f"correct {PREFIX}SASL_PASSWORD_FILE or the file's rights",
        ) from error


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile or None)
        if settings.ssl_certfile:
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile or None)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            "the certificates for the brokers cannot be used",
            str(error),
            f"correct {PREFIX}SSL_CAFILE, {PREFIX}SSL_CERTFILE and {PREFIX}SSL_KEYFILE (PEM files)",
        ) from error
    return context


def _unknown(name: str, text: str, known: tuple[str, ...]) -> UsageError:
    return UsageError(
        f"the setting {PREFIX}{name} cannot be used",
        f"it is {text!r}, not one of {', '.join(known)}",
        f"correct or unset {PREFIX}{name}",
    )
