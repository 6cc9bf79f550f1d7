"""Whether passkeys can be used where a browser has opened the console: they belong to a name, and want TLS.

An address is never the name of a passkey, 127.0.0.1 included; `localhost` is one without TLS, too (WebAuthn Level 3,
5.1.3; W3C Secure Contexts, 3.1).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from agi_app.messages import t
from agi_app.operations.administration import webauthn
from agi_app.operations.administration.webauthn import PasskeySite

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class PasskeyOffer:
    """``site``: where passkeys are good; None: nowhere here, and ``fault`` says why: missing, address, plain."""

    site: PasskeySite | None = None
    fault: str = "missing"
    host: str = ""

    @property
    def why_not(self) -> str:
        """For people, in their language."""
        match self.fault:
            case "missing":
                told = (
                    "Passkeys need a library: run `pip install 'agi-app[passkeys]'` on the server, and start the"
                    " console again."
                )
                return t(told)
            case "address":
                told = (
                    "A passkey belongs to a name, and {host} is an address: open the console by its name with TLS, or"
                    " on its own machine as localhost."
                )
                return t(told, host=self.host)
            case "plain":
                return t("Browsers use passkeys over an encrypted connection alone: open the console with https.")
            case _:
                return ""

    @property
    def there(self) -> bool:
        """Whether the library is installed."""
        return self.fault != "missing"


NO_PASSKEYS = PasskeyOffer()


def offer_of(request: web.Request, *, secure: bool) -> PasskeyOffer:
    """What can be offered for this request, whose Host was found good; ``secure``: the browser has TLS."""
    if not webauthn.is_installed():
        return PasskeyOffer()
    host = request.host.lower()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if not _NAME.fullmatch(name) or _is_address(name):
        return PasskeyOffer(fault="address", host=name)
    if not secure and name != "localhost":
        return PasskeyOffer(fault="plain", host=name)
    scheme = "https" if secure else "http"
    said = urlsplit(request.headers.get("Origin", ""))
    good = (said.scheme, said.hostname) == (scheme, name)  # with the port that the browser sees, before a proxy
    return PasskeyOffer(PasskeySite(name, f"{scheme}://{said.netloc.lower() if good else host}"), "", name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdecimal()  # what a browser reads as one, such as 127.1
    return True
