"""Which addresses a channel may lead to: those of the public internet, unless a setting allows one's own network.

A name is resolved once per attempt, every address it has is looked at, and the request goes to the address that was
looked at: a name that answers differently a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from pipeline.errors import RefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
PORTS = (443, 8443)
# IPv6 networks whose addresses carry an IPv4 address that is reached in the end
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ALLOW = (
    "use an address of the public internet, or set SPOTTER_CHANNEL_ADDRESSES=any if the channel belongs to your own"
    " network"
)


class AddressRefusedError(RefusedError):
    """The channel leads where no message may go."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system tells them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address, with or without IPv6 zone, is one of the public internet."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None or address in _NAT64_LOCAL:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and (address in _NAT64 or address in _COMPATIBLE):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.teredo is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def checked_url(url: str, allowed: str) -> tuple[str, int]:
    """(host, port) of a webhook's address; raises AddressRefusedError when its form alone forbids it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefusedError(
            "the address cannot be read", str(error), "give one like https://host/path"
        ) from error
    if parts.scheme not in ("https", "http") or not host:
        raise AddressRefusedError(
            "the address is none of a webhook", "it has no http(s) host", "give one like https://host/path"
        )
    if parts.username is not None or parts.password is not None:
        raise AddressRefusedError(
            "the address carries a name or password",
            "those end up in logs of others",
            "leave them out: the signature says who sends",
        )
    if parts.fragment or any(ord(c) <= 0x20 or ord(c) > 0x7E for c in url):
        raise AddressRefusedError(
            "the address has a fragment, spaces or characters beyond ASCII",
            "receivers read such addresses in different ways",
            "write international names as xn--…, and other characters as %XX",
        )
    number = port or (443 if parts.scheme == "https" else 80)
    if allowed == "public" and (parts.scheme != "https" or number not in PORTS):
        raise AddressRefusedError(
            "the address is not one of HTTPS on port 443 or 8443",
            "alerts are about people's health, and must not travel in clear or to odd ports",
            _ALLOW,
        )
    return host, number


def checked_addresses(host: str, port: int, allowed: str, resolver: Resolver = resolve) -> list[str]:
    """The addresses of ``host`` a request may go to; raises AddressRefusedError if one is not allowed, OSError.

    One private address among public ones is refused as well: nobody publishes such a name for a good reason.
    """
    found = resolver(host, port)
    if not found:
        raise OSError(f"{host} has no address")
    if allowed == "public":
        for text in found:
            if not is_public(text):
                raise AddressRefusedError(
                    f"{host} leads to the address {text}",
                    "it is private, local or not of the public internet",
                    _ALLOW,
                )
    return found
