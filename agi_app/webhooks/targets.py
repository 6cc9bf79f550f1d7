"""Whether an address of an endpoint may be registered; what its name leads to is checked at each connect."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from agi_app.messages import t
from agi_app.webhooks.addresses import Network, why_refused

LONGEST = 2000  # characters


def fault_in(url: str, allowed: Sequence[Network], *, allow_http: bool) -> str | None:
    """What is wrong with it, for the person who enters it; None when nothing is."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return t("this is no address such as https://crm.example.com/hook")
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or not host or port == 0:
        return t("this is no address such as https://crm.example.com/hook")
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        return t("it must begin with https://; allow_http in [webhooks] of agi-app.toml allows http:// too")
    if "@" in parts.netloc or parts.fragment:
        return t("it must have no user, no password and no # part; the signature shows who sends")
    if (address := _literal(host)) is None:
        return None
    if address.version == 4 and str(address) != host:
        return t("write the address {host} as {address}", host=host, address=address)
    if why_refused(host, allowed) is None:
        return None
    return t(
        "{host} is not of the public internet; allow_private in [webhooks] of agi-app.toml can allow it", host=host
    )


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, in whatever notation (0x7f.1, 2130706433); None for a name."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    with contextlib.suppress(OSError):
        return ipaddress.IPv4Address(socket.inet_aton(host))  # asks nobody
    return None
