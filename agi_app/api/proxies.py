"""Who asks: the other end of the connection, or, behind a proxy that we trust, whom the proxy names.

Anybody may send ``X-Forwarded-For``. So it counts only from a trusted peer, and of it only what trusted ones have
added: the right-most address that is not trusted itself. ``Forwarded`` is not read: a proxy that sets one of the two
passes the other on as it came.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from aiohttp import web

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


class TrustedProxies:
    """Those that may say whom they forward."""

    def __init__(self, networks: Sequence[IPNetwork] = ()) -> None:
        self._networks = tuple(networks)

    def trusts(self, peer: str | None) -> bool:
        """Whether it is one of them."""
        return (found := _read(peer or "")) is not None and self._has(found)

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str | None:
        """The address of who asks; ``forwarded``: the headers ``X-Forwarded-For``, in their order."""
        found = _read(peer or "")
        if found is None or not self._has(found):
            return peer
        for one in reversed([part for header in forwarded for part in header.split(",")]):
            if (named := _read(one)) is None:
                break  # what is left of it may be anybody's
            found = named
            if not self._has(found):
                break
        return str(found)

    def _has(self, address: IPAddress) -> bool:
        return any(address in network for network in self._networks if network.version == address.version)


def _read(text: str) -> IPAddress | None:
    """An address, also as some proxies write it: with a port, in brackets, IPv4 within IPv6."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        found = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


PROXIES = web.AppKey("proxies", TrustedProxies)


def address_of(request: web.Request) -> str | None:
    """The address of who asks, for limits and for the records."""
    return request.app[PROXIES].client(request.remote, request.headers.getall("X-Forwarded-For", ()))
