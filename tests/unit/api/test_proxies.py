"""Whose address counts behind a proxy: that of who really asks, whatever they send."""

from __future__ import annotations

import ipaddress

import pytest

from agi_app.api.proxies import TrustedProxies

PROXIES = TrustedProxies([ipaddress.ip_network(one) for one in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # who asks has sent the first one
        ("127.0.0.1", ["203.0.113.9", "198.51.100.7, 10.1.2.3"], "198.51.100.7"),  # two proxies, two headers
        ("127.0.0.1", ["203.0.113.9, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, nonsense, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["10.1.2.3, 10.1.2.4"], "10.1.2.3"),  # all are ours
        ("127.0.0.1", ["198.51.100.7:50123"], "198.51.100.7"),
        ("::ffff:127.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # no proxy of ours
        ("127.0.0.2", ["198.51.100.7"], "127.0.0.2"),
        (None, ["198.51.100.7"], None),
    ],
)
def test_only_a_trusted_proxy_names_who_asks(peer: str | None, headers: list[str], client: str | None) -> None:
    assert PROXIES.client(peer, headers) == client


def test_without_any_nobody_is_believed() -> None:
    assert TrustedProxies().client("127.0.0.1", ["198.51.100.7"]) == "127.0.0.1"
    assert not TrustedProxies().trusts("127.0.0.1")
