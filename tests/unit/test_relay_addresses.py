"""Where a channel may lead: private addresses in every spelling, names that lie, names that change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relay_fakes import NOON, Receiver, World, an_alert

from pipeline.clock import SystemClock
from pipeline.relay import webhook
from pipeline.relay.addresses import AddressRefusedError, checked_addresses, checked_url, is_public, resolve
from pipeline.relay.send import ChannelSender
from pipeline.settings import Settings

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "not an address",
        "",
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="192.168.0.0/16"))
def test_a_private_address_is_refused_in_every_dress(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    high, low = number >> 16, number & 0xFFFF
    for text in (str(address), f"::ffff:{address}", f"64:ff9b::{high:x}:{low:x}", f"2002:{high:x}:{low:x}::1"):
        assert not is_public(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://example.org:8080/",
        "https://user@example.org/",
        "https://user:pw@example.org/",
        "https://example.org/#part",
        "https://exam ple.org/",
        "https://exämple.org/",
        "https:///path",
        "https://example.org:99999/",
        "https://[::1/",
        "ftp://example.org/",
        "https://example.org/\r\nx: y",
        "file:///etc/passwd",
    ],
)
def test_forms_that_are_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        checked_url(url, "public")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_spellings_of_this_machine_are_refused_by_what_they_lead_to(host: str) -> None:
    name, port = checked_url(f"https://{host}/", "public")
    with pytest.raises((AddressRefusedError, OSError)):
        checked_addresses(name, port, "public")
    assert not [found for found in _addresses(name, port) if is_public(found)]


def _addresses(name: str, port: int) -> list[str]:
    try:
        return resolve(name, port)
    except OSError:
        return []


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefusedError, match=r"10\.1\.2\.3"):
        checked_addresses("hooks.example.org", 443, "public", lambda host, port: [PUBLIC, "10.1.2.3"])
    assert checked_addresses("hooks.example.org", 443, "public", lambda host, port: [PUBLIC]) == [PUBLIC]
    with pytest.raises(OSError, match="no address"):
        checked_addresses("hooks.example.org", 443, "public", lambda host, port: [])


def test_a_name_that_turns_private_is_refused_when_it_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    answers = [[PUBLIC]]

    def resolver(host: str, port: int) -> list[str]:
        return answers.pop(0) if answers else ["127.0.0.1"]

    world = World(tmp_path, Settings(), resolver=resolver)
    url = f"https://hooks.example.org:8443/{receiver.port}"
    assert world.sender.examine(url) == ("webhook", "webhook")
    channel, _ = world.webhook(url)
    world.tell(an_alert())
    (last,) = world.relay.ledger.history(channel, 1)
    assert (last.status, last.attempts) == ("due", 1)
    assert "127.0.0.1" in str(last.answer) and "private" in str(last.answer)
    assert receiver.got == []


def test_the_request_goes_to_the_address_that_was_looked_at(receiver: Receiver) -> None:
    """A name is looked up once: what it answers the second time reaches nobody."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    told = webhook.post(
        f"http://no-such-host.invalid:{receiver.port}/hook",
        "m1",
        "{}",
        ["whsec_YWJj"],
        now=SystemClock().now(),
        seconds_max=5,
        allowed="any",
        resolver=resolver,
    )
    assert (told.verdict, asked) == ("sent", ["no-such-host.invalid"])
    assert receiver.got[0].headers["host"] == f"no-such-host.invalid:{receiver.port}"


def test_the_next_address_is_tried_when_one_takes_no_connection(receiver: Receiver) -> None:
    told = webhook.post(
        f"http://two.invalid:{receiver.port}/hook",
        "m1",
        "{}",
        ["whsec_YWJj"],
        now=NOON,
        seconds_max=8,
        allowed="any",
        resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"],
    )
    assert (told.verdict, len(receiver.got)) == ("sent", 1)


def test_a_check_without_pinning_is_caught(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known-bad variant: checked by one look-up, connected by another."""
    import httpx

    keep: Callable[..., httpx.URL] = httpx.URL.copy_with
    monkeypatch.setattr(httpx.URL, "copy_with", lambda self, **_: keep(self))
    with pytest.raises(AssertionError):
        test_the_request_goes_to_the_address_that_was_looked_at(receiver)


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://[::ffff:10.0.0.1]/x", "http://10.0.0.1/"])
def test_a_private_address_is_refused_when_it_is_saved(url: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"HTTPS|leads to") as caught:
        ChannelSender(Settings()).examine(url)
    assert "SPOTTER_CHANNEL_ADDRESSES=any" in caught.value.do


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    told = webhook.post(receiver.url, "m1", "{}", ["whsec_YWJj"], now=NOON, seconds_max=5, allowed="any")
    assert told.verdict == "sent"
