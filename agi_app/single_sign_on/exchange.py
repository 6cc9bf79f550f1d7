"""A code that a browser brought from the issuer, for what the issuer says of that person."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from agi_app.clock import Clock
from agi_app.config.console import OidcSettings
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.single_sign_on.asking import ask
from agi_app.single_sign_on.discovery import OK, ProviderDocument, discover
from agi_app.single_sign_on.faults import ProviderFault
from agi_app.single_sign_on.id_token import WantedToken, head_of, verified
from agi_app.single_sign_on.keys import ProviderKeys

LIBRARIES = ("authlib", "joserfc")  # of the extra
_keys: dict[str, ProviderKeys] = {}


@dataclass(frozen=True, slots=True)
class BroughtCode:
    """A code with what only who began the sign-in knows: the verifier of PKCE, the nonce; where the code was sent."""

    code: str
    verifier: str
    nonce: str
    redirect_uri: str


def require_libraries() -> None:
    """Raises ConfigError, which names the extra, when the libraries are not installed."""
    if any(importlib.util.find_spec(name) is None for name in LIBRARIES):
        told = "single sign-on is set up, and its libraries are not installed: pip install 'agi-app[oidc]'"
        raise ConfigError(t(told))


async def said_of(oidc: OidcSettings, secret: str, brought: BroughtCode, clock: Clock) -> Mapping[str, Any]:
    """The claims of the ID token. Raises ProviderFault; ConfigError without the libraries."""
    require_libraries()
    document = await discover(oidc, clock.monotonic)
    found = await _exchanged(oidc, secret, brought, document)
    token, beside = found.get("id_token"), found.get("access_token")
    if not isinstance(token, str):
        raise ProviderFault(t("the issuer gave no ID token; the scope openid may be refused to this client"))
    head = head_of(token)
    keys = _keys.setdefault(document.jwks_uri, ProviderKeys(oidc, document.jwks_uri, clock.monotonic))
    key = await keys.of(head)
    wanted = WantedToken(oidc.issuer, oidc.client_id, brought.nonce, beside if isinstance(beside, str) else None)
    now = clock.real_now().timestamp()
    return await asyncio.to_thread(verified, token, key, wanted, now)  # the first one loads the libraries


async def _exchanged(
    oidc: OidcSettings, secret: str, brought: BroughtCode, document: ProviderDocument
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": brought.code,
        "redirect_uri": brought.redirect_uri,
        "code_verifier": brought.verifier,
    }
    headers = {}
    if secret and document.basic:  # both are written as in a form (RFC 6749, 2.3.1)
        both = f"{quote_plus(oidc.client_id)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"
    else:
        form |= {"client_id": oidc.client_id} | ({"client_secret": secret} if secret else {})
    status, found = await ask(oidc, document.token_endpoint, "token_endpoint", form=form, headers=headers)
    if status != OK:
        why = found.get("error")
        known = why if isinstance(why, str) and why.replace("_", "").isalpha() and len(why) < 40 else status
        raise ProviderFault(t("the issuer does not take the code: {why}", why=known))
    return found
