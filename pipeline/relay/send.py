"""One attempt over a channel, whatever its kind."""

from __future__ import annotations

from datetime import datetime

from pipeline.errors import RefusedError
from pipeline.gateway.channels import Channel, Kind
from pipeline.relay import messages, people, webhook
from pipeline.relay.addresses import Resolver, checked_addresses, checked_url, resolve
from pipeline.relay.outcome import Outcome
from pipeline.settings import Settings


class ChannelSender:
    """Sends over webhooks and over the services Apprise knows, within the limits of the settings."""

    def __init__(self, settings: Settings, resolver: Resolver = resolve) -> None:
        self._allowed, self._seconds_max = settings.channel_addresses, settings.delivery_seconds_max
        self._resolver = resolver

    def __call__(self, channel: Channel, message_id: str, body: str, now: datetime, severity: str) -> Outcome:
        """See ``relay.Sender``."""
        if channel.kind == "webhook":
            return webhook.post(
                channel.url,
                message_id,
                body,
                channel.secrets_at(now),
                now=now,
                seconds_max=self._seconds_max,
                allowed=self._allowed,
                resolver=self._resolver,
            )
        title, text = messages.title_and_text(body)
        return people.deliver(
            channel.url, title, text, severity=severity, allowed=self._allowed, seconds_max=self._seconds_max
        )

    def examine(self, url: str) -> tuple[Kind, str]:
        """(kind, name of the service) of a new channel's address; raises RefusedError when it may not be used."""
        if url.casefold().startswith(("https://", "http://")):
            host, port = checked_url(url, self._allowed)
            try:
                checked_addresses(host, port, self._allowed, self._resolver)
            except (OSError, UnicodeError) as error:
                raise RefusedError(
                    f"the host {host} is not known",
                    str(error),
                    "check the address, and that this machine has a network",
                ) from error
            return "webhook", "webhook"
        return "apprise", people.examine(url, self._allowed, seconds_max=self._seconds_max)
