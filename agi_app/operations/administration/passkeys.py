"""Passkeys: made and removed by their owner; sign-in without a name, and shown in place of the password.

A passkey counts as password and second factor, since its authenticator has verified its owner. The audit records who
made, removed or showed one, and one that was used elsewhere since (its counter goes back: there are two of it).
"""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor
from agi_app.operations.acting import noted, reads
from agi_app.operations.administration import webauthn
from agi_app.operations.administration.webauthn import PasskeySite
from agi_app.operations.service import sessions, token_texts
from agi_app.operations.service.sessions import SecondShown, SignInRefused
from agi_app.store.ledger import accounts
from agi_app.store.service import passkeys as table
from agi_app.store.service.passkeys import (
    NewPasskey,
    NewPasskeySession,
    Passkey,
    PasskeyStepUp,
    PasskeyTry,
    ShownPasskey,
)

__all__ = [
    "AskedOfBrowser",
    "Passkey",
    "PasskeyBrowser",
    "ShownPasskey",
    "add",
    "begin",
    "begin_proof",
    "begin_sign_in",
    "checked_name",
    "may_show",
    "own",
    "prove",
    "remove",
    "sign_in",
]
LONGEST_NAME = 60  # characters
COUNTER = "passkey counter went back"


@dataclass(frozen=True, slots=True)
class AskedOfBrowser:
    """What an authenticator is to sign: ``challenge`` in base64url; ``known``: ids of passkeys; ``handle``: of whom."""

    challenge: str
    known: tuple[bytes, ...] = ()
    handle: bytes = b""


@dataclass(frozen=True, slots=True)
class PasskeyBrowser:
    """Who shows a passkey at the sign-in: ``sha256`` of what this browser alone keeps, address, and its own name."""

    sha256: bytes
    address: str | None = None
    name: str = ""


async def begin_sign_in(inst: Installation, browser: PasskeyBrowser) -> AskedOfBrowser:
    """For somebody with a passkey, who is not signed in. Raises SignInRefused after too many wrong ones, StoreError."""
    told = await table.begin_sign_in(inst.store, browser.sha256, browser.address)
    if told.challenge is None:
        raise SignInRefused("wait", told.wait_s)
    return AskedOfBrowser(told.challenge)


async def sign_in(inst: Installation, site: PasskeySite, shown: ShownPasskey, browser: PasskeyBrowser) -> str:
    """The text of a new session, which only the browser sees. Raises SignInRefused (wait, over, wrong), StoreError."""
    session_id, text = token_texts.make(sessions.PREFIX)
    new = NewPasskeySession(session_id, token_texts.sha256_of(text), browser.sha256, browser.name)
    told = await table.sign_in(inst.store, await _tried(inst, site, shown, browser.address), new)
    if told.result == "counter" and told.named is not None:
        await _note_of(inst, told.named, browser.address)
        raise SignInRefused("wrong")
    if told.result != "in":
        raise SignInRefused(told.result, told.wait_s)
    owner = await sessions.owner_of(inst, text)
    if owner is not None:
        acting = sessions.acting(inst, sessions.actor_of(owner, text, browser.address))
        await _note_sign_in(acting, owner.account)
    return text


@noted(None, "sign in by passkey", "account")
async def _note_sign_in(_inst: Installation, account: str) -> None:
    """The session is there already; the note says so."""


async def _note_of(inst: Installation, name: str, address: str | None) -> None:
    """In the name of whose passkey it is: who showed it is not known."""
    account = await accounts.of_name(inst.store, name)
    if account is not None:
        acting = sessions.acting(inst, Actor(name, account.role_set, "console", address=address))
        await _note_counter(acting, name)


@noted(None, COUNTER, "account")
async def _note_counter(_inst: Installation, account: str) -> None:
    """It was refused already."""


@reads(None)
async def own(inst: Installation) -> list[Passkey]:
    """Those of the actor's own account, the oldest first. Raises StoreError."""
    return await table.of_account(inst.store, inst.actor.account)


@reads(None)
async def may_show(inst: Installation, site: PasskeySite) -> bool:
    """Whether the actor has one for this site. Raises StoreError."""
    return await table.has_one(inst.store, inst.actor.account, site.rp_id)


@reads(None)
async def begin_proof(inst: Installation, site: PasskeySite) -> AskedOfBrowser:
    """For who shows a passkey in place of the password. Raises InputError when there is none, StoreError."""
    told = await table.begin_proof(inst.store, inst.actor.token or "", site.rp_id, inst.actor.address)
    if told.challenge is None:
        if told.result == "none":
            raise InputError(t("your account has no passkey for {name}", name=site.rp_id))
        _refuse(told.result, told.wait_s)
    return AskedOfBrowser(told.challenge or "", tuple(told.known_ids))


@noted(None, "passkey shown")
async def prove(inst: Installation, site: PasskeySite, shown: ShownPasskey) -> None:
    """Show a passkey before what cannot be taken back; as good as the password, for as long. Raises InputError."""
    told = await table.prove(inst.store, inst.actor.token or "", await _tried(inst, site, shown, inst.actor.address))
    if told.result == "counter":
        await _note_counter(inst, inst.actor.account)
    if told.result != "right":
        _refuse(told.result, told.wait_s)


@reads(None)
async def begin(inst: Installation, password: str, second: SecondShown) -> AskedOfBrowser:
    """For a new passkey of who shows password and code, or has shown a passkey. Raises InputError, StoreError."""
    shown = await _step_up(inst, password)
    told = await table.begin(inst.store, shown)
    if told.result == "second" and (typed := second.against(told.totp, inst.clock.real_now())):
        told = await table.begin(inst.store, dataclasses.replace(shown, **typed))
    if told.challenge is None or told.handle is None:
        if told.result == "many":
            raise InputError(t("your account has twenty passkeys: remove one that you use no longer"))
        _refuse(told.result, told.wait_s, typed=bool(password))
    return AskedOfBrowser(told.challenge or "", tuple(told.known_ids or ()), told.handle or b"")


@noted(None, "account passkey add", "name")
async def add(inst: Installation, name: str, site: PasskeySite, client_data: bytes, attestation: bytes) -> None:
    """Keep a passkey that was made for ``begin``; ends all sessions of the account. Raises InputError, StoreError."""
    made = await asyncio.to_thread(webauthn.made_passkey, site, client_data, attestation)
    new = NewPasskey(client_data, site.origin, site.rp_id, made, checked_name(name))
    told = await table.add(inst.store, inst.actor.token or "", new)
    if told == "taken":
        raise InputError(t("this passkey is kept already"))
    if told != "done":
        _refuse(told, 0)


@noted(None, "account passkey remove", "passkey_id")
async def remove(inst: Installation, passkey_id: int, password: str, second: SecondShown) -> None:
    """Take one of one's own away; ends all sessions of the account. Raises NotThere, InputError, StoreError."""
    shown = await _step_up(inst, password)
    told = await table.remove(inst.store, shown, passkey_id)
    if told.result == "second" and (typed := second.against(told.totp, inst.clock.real_now())):
        told = await table.remove(inst.store, dataclasses.replace(shown, **typed), passkey_id)
    if told.result == "none":
        raise NotThere(t("your account has no such passkey"))
    if told.result != "done":
        _refuse(told.result, told.wait_s, typed=bool(password))


def checked_name(name: str) -> str:
    """What a passkey is called. Raises InputError for what cannot be shown."""
    text = " ".join(name.split())
    if not (1 <= len(text) <= LONGEST_NAME and text.isprintable()):
        raise InputError(
            t("a passkey needs a name, such as that of its device, of {most} characters at most", most=LONGEST_NAME)
        )
    return text


async def _tried(inst: Installation, site: PasskeySite, shown: ShownPasskey, address: str | None) -> PasskeyTry:
    key = await table.key_of(inst.store, shown.credential_id)
    known = key is not None and await asyncio.to_thread(webauthn.is_good, site, key, shown)
    return PasskeyTry(shown, site.origin, known, address)


async def _step_up(inst: Installation, password: str) -> PasskeyStepUp:
    derived = await sessions.derived_of(inst, inst.actor.account, password) if password else None
    return PasskeyStepUp(inst.actor.token or "", derived, inst.actor.address)


def _refuse(result: str, wait_s: int, *, typed: bool | None = None) -> None:
    """InputError with the reason; ``typed``: whether a password was compared, None: a passkey was."""
    match result:
        case "wait":
            raise InputError(sessions.waits(wait_s))
        case "second":
            raise InputError(t("type the code that the authenticator app shows now, too, or a recovery code"))
        case "code":
            raise InputError(t("the code is not right, or was used already: each is good once"))
        case "over":
            raise InputError(t("this took more than five minutes, or was done already: open the page again"))
        case _ if typed is None:
            raise InputError(t("the passkey was not taken"))
        case _ if typed:
            raise InputError(t("the password is not right"))
        case _:
            raise InputError(t("type your password, or show a passkey first: that is good for one change"))
