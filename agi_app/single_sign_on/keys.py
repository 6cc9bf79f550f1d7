"""The public keys of an issuer (JWKS): kept for an hour, and asked again when a token names one that is not known.

A token of a stranger can name any key, so no more than five times in five minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agi_app.config.console import OidcSettings
from agi_app.messages import t
from agi_app.single_sign_on.asking import ask
from agi_app.single_sign_on.discovery import OK
from agi_app.single_sign_on.faults import ProviderFault
from agi_app.single_sign_on.id_token import TokenHead, keys_for

GOOD_FOR_S = 3600.0
MOST_ASKED, WITHIN_S = 5, 300.0


class ProviderKeys:
    """The keys at one address."""

    def __init__(self, oidc: OidcSettings, uri: str, monotonic: Callable[[], float]) -> None:
        self._oidc, self._uri, self._monotonic = oidc, uri, monotonic
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._asked: list[float] = []  # when, of the last minutes

    async def of(self, head: TokenHead) -> Mapping[str, Any]:
        """The key of a token. Raises ProviderFault: there is none, or the issuer cannot be asked."""
        now = self._monotonic()
        last = self._asked[-1] if self._asked else None
        found = keys_for(head, self._keys)
        if last is None or now - last > GOOD_FOR_S or (not found and self._may_ask(now)):
            await self._ask(now)
            found = keys_for(head, self._keys)
        if not found:
            raise ProviderFault(t("the ID token names a key that the issuer does not have"))
        return found[0]

    def _may_ask(self, now: float) -> bool:
        return len([at for at in self._asked if now - at < WITHIN_S]) < MOST_ASKED

    async def _ask(self, now: float) -> None:
        self._asked = [*self._asked[1 - MOST_ASKED :], now]
        status, found = await ask(self._oidc, self._uri, "jwks_uri")
        keys = found.get("keys")
        if status != OK or not isinstance(keys, list):
            raise ProviderFault(t("{url} answers {status} and no keys", url=self._uri, status=status))
        self._keys = [one for one in keys if isinstance(one, dict)]
