"""Single sign-on as a page does it: send a browser to the issuer, and take what it brings back.

The browser's cookie holds one secret, from which state, nonce and the verifier of PKCE are derived; its hash is kept
for ten minutes and used up by the answer. So an answer is good once, in the browser that began. The code that comes
back goes to a worker, which asks the issuer and makes the session: the console's role could not make one.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from agi_app.config.console import OidcSettings
from agi_app.errors import InputError, LimitReached
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Actor
from agi_app.operations.administration.sign_on_asks import KIND, PROVE, SIGN_IN, setting_of
from agi_app.operations.service import sessions, token_texts
from agi_app.single_sign_on.discovery import discover
from agi_app.single_sign_on.exchange import require_libraries
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk
from agi_app.store.service import sign_on as table
from agi_app.store.service.sign_on import BegunSignOn

WITHIN_S, EVERY_S = 15.0, 0.1  # for a worker and the issuer
MOST_CODE = 4096  # characters
SCOPES = "openid profile email"


@dataclass(frozen=True, slots=True)
class SentAway:
    """Where the browser goes, and what its cookie holds meanwhile."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """What a browser brings: its cookie, the issuer's parameters, and who it is."""

    secret: str
    query: Mapping[str, str]
    redirect_uri: str
    address: str | None
    browser: str


@dataclass(frozen=True, slots=True)
class SignOnEnd:
    """How it ended. ``session``: the text of a new session; None: that of before has its proof now."""

    onward: str
    session: str | None


def name_of(inst: Installation) -> str:
    """What people know the issuer as; empty: there is none."""
    oidc = inst.settings.console.oidc
    return "" if oidc is None else oidc.name


async def begin(inst: Installation, redirect_uri: str, onward: str, *, proof: bool = False) -> SentAway:
    """Begin a sign-in, or with ``proof`` one again of who acts.

    Raises ProviderFault, ConfigError, LimitReached, StoreError.
    """
    oidc = setting_of(inst)
    require_libraries()
    document = await discover(oidc, inst.clock.monotonic)
    secret = secrets.token_urlsafe(32)
    session_id = inst.actor.token if proof else None
    if not await table.begin(inst.store, _sha256(secret), session_id, onward):
        raise LimitReached(t("too many sign-ins have begun; try again in ten minutes"))
    query = {
        "response_type": "code",
        "client_id": oidc.client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPES,
        "state": _derived(secret, "state"),
        "nonce": _derived(secret, "nonce"),
        "code_challenge": _base64(hashlib.sha256(_derived(secret, "verifier").encode()).digest()),
        "code_challenge_method": "S256",
    }
    if proof:
        query |= {"prompt": "login", "max_age": "0"}
    between = "&" if urlsplit(document.authorization_endpoint).query else "?"
    return SentAway(f"{document.authorization_endpoint}{between}{urlencode(query)}", secret)


async def finish(inst: Installation, back: CameBack) -> SignOnEnd:
    """End a sign-in that began in this browser. Raises InputError, with why for people; ConfigError, StoreError."""
    oidc = setting_of(inst)
    code = await _code(inst, oidc, back)
    begun = await table.take(inst.store, _sha256(back.secret))
    if begun is None:
        raise InputError(t("this sign-in has ended, or took longer than ten minutes; begin again"))
    proof = begun.session_id is not None
    if proof and begun.session_id != inst.actor.token:
        raise InputError(t("this sign-in was begun by another session; begin again"))
    session_id, text = token_texts.make(sessions.PREFIX)
    private = {
        "code": code,
        "verifier": _derived(back.secret, "verifier"),
        "nonce": _derived(back.secret, "nonce"),
        "redirect_uri": back.redirect_uri,
        "sha256": token_texts.sha256_of(text).hex(),
        "browser": back.browser,
    }
    await _asked(inst, back, begun, session_id, private)
    return SignOnEnd(begun.onward, None if proof else text)


async def _code(inst: Installation, oidc: OidcSettings, back: CameBack) -> str:
    """The code of an answer that is one to this browser's question. Raises InputError."""
    query = back.query
    if not back.secret or not hmac.compare_digest(
        query.get("state", "").encode(), _derived(back.secret, "state").encode()
    ):
        raise InputError(t("this sign-in was not begun in this browser, or another one was since; begin again"))
    names_itself = (await discover(oidc, inst.clock.monotonic)).names_itself
    if query.get("iss", "" if names_itself else oidc.issuer) != oidc.issuer:
        raise InputError(t("the answer comes from another issuer than the one that was asked"))
    if error := query.get("error"):
        await table.take(inst.store, _sha256(back.secret))
        known = error if error.replace("_", "").isalpha() and error.isascii() and len(error) < 40 else "?"
        raise InputError(t("the issuer did not sign you in: {error}", error=known))
    code = query.get("code", "")
    if not 1 <= len(code) <= MOST_CODE or not code.isprintable():
        raise InputError(t("the issuer's answer has no code"))
    return code


async def _asked(
    inst: Installation, back: CameBack, begun: BegunSignOn, session_id: str, private: Mapping[str, str]
) -> None:
    """Let a worker do it. Raises InputError when it refuses, or none answers."""
    proof = begun.session_id is not None
    actor = inst.actor if proof else Actor(KIND, frozenset(), "console", address=back.address)
    parameters = {"session": session_id, "begun": begun.begun_at.timestamp()}
    new = NewAsk(KIND, PROVE if proof else SIGN_IN, "", "", parameters, private)
    number = await asks.add(inst.store, new, dataclasses.replace(actor, address=back.address))
    until = inst.clock.monotonic() + WITHIN_S
    while (found := await asks.by_id(inst.store, number)) is None or found.state == "waiting":
        if inst.clock.monotonic() > until:
            told = "no worker has answered, and single sign-on needs one: see whether `agi-app run` runs"
            raise InputError(t(told))
        await asyncio.sleep(EVERY_S)
    answer = found.answer or {}
    if fault := str(answer.get("refused") or (answer.get("text", "?") if found.state == "refused" else "")):
        raise InputError(retold(fault))


def _derived(secret: str, what: str) -> str:
    return _base64(hmac.digest(secret.encode(), f"agi-app single sign-on {what}".encode(), "sha256"))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
