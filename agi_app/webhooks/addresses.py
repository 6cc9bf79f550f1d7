"""Which addresses a webhook may be sent to: those of the public internet, and ranges that the settings file names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address, as networks without IPv4 write it
_6TO4 = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")


def why_refused(text: str, allowed: Sequence[Network]) -> str | None:
    """Why nothing is sent to this address; None when it may be.

    ``allowed`` are the ranges of the settings, which never open multicast. An IPv4 address in an IPv6 one (mapped,
    NAT64) is judged as itself; those of tunnels (6to4, Teredo) are refused.
    """
    try:
        address = _plain(ipaddress.ip_address(text))
    except ValueError:
        return "is not an address"
    if address.is_multicast:
        return "is a multicast address"
    if any(address.version == network.version and address in network for network in allowed):
        return None
    if not address.is_global or (isinstance(address, ipaddress.IPv6Address) and _special(address)):
        return "is not an address of the public internet; [webhooks] allow_private of the settings can allow its range"
    return None


def _plain(address: Address) -> Address:
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def _special(address: ipaddress.IPv6Address) -> bool:
    return address not in _UNICAST or address in _6TO4 or address in _TEREDO
