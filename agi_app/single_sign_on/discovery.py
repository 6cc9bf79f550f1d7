"""The discovery document of an issuer (OpenID Connect Discovery 1.0): where people sign in, and where its keys are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agi_app.config.console import OidcSettings
from agi_app.messages import t
from agi_app.single_sign_on.asking import ask, checked
from agi_app.single_sign_on.faults import ProviderFault

GOOD_FOR_S = 600.0
OK = 200
_known: dict[tuple[str, tuple[str, ...]], tuple[float, ProviderDocument]] = {}


@dataclass(frozen=True, slots=True)
class ProviderDocument:
    """What of it is used. ``basic``: the client's secret goes into the header; ``names_itself``: RFC 9207."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    basic: bool
    names_itself: bool


def address_of(oidc: OidcSettings) -> str:
    """Where the document is."""
    return f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration"


async def discover(oidc: OidcSettings, monotonic: Callable[[], float]) -> ProviderDocument:
    """The document, asked again after ten minutes. Raises ProviderFault."""
    key, now = (oidc.issuer, oidc.hosts), monotonic()
    at, found = _known.get(key, (0.0, None))
    if found is None or not 0 <= now - at < GOOD_FOR_S:
        found = await asked(oidc)
        _known[key] = now, found
    return found


async def asked(oidc: OidcSettings) -> ProviderDocument:
    """The document as the issuer gives it now. Raises ProviderFault."""
    status, found = await ask(oidc, address_of(oidc), t("discovery document"))
    if status != OK:
        raise ProviderFault(t("{url} answers {status}: is it the issuer?", url=address_of(oidc), status=status))
    if found.get("issuer") != oidc.issuer:
        told = "the discovery document is of {found!r}, and [console.oidc] issuer is {issuer!r}: they must be the same"
        raise ProviderFault(t(told, found=str(found.get("issuer"))[:200], issuer=oidc.issuer))
    _can(found)
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return ProviderDocument(
        checked(oidc, found.get("authorization_endpoint"), "authorization_endpoint"),
        checked(oidc, found.get("token_endpoint"), "token_endpoint"),
        checked(oidc, found.get("jwks_uri"), "jwks_uri"),
        not isinstance(methods, list) or "client_secret_basic" in methods,
        found.get("authorization_response_iss_parameter_supported") is True,
    )


def _can(found: dict[str, Any]) -> None:
    """Refuse an issuer that says that it cannot do what is wanted of it; many do not say all."""
    wanted = {"response_types_supported": "code", "code_challenge_methods_supported": "S256"}
    for name, value in wanted.items():
        if isinstance(can := found.get(name), list) and value not in can:
            raise ProviderFault(t("the issuer's {name} has no {value}", name=name, value=value))
