"""Single sign-on as a worker does it: it asks the issuer who somebody is, and makes the session, or says why not.

An account is bound to issuer and subject, never to a name or a mail address. The roles are those that the settings give
for the issuer's claim, at each sign-in; without any the account is disabled. What is refused is noted, too.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from agi_app.config.console import OidcSettings
from agi_app.errors import AgiAppError, ConfigError, InputError, StoreError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor, Role
from agi_app.operations.acting import noted
from agi_app.operations.service.sessions import PROVED_FOR
from agi_app.single_sign_on import exchange, person
from agi_app.single_sign_on.exchange import BroughtCode
from agi_app.single_sign_on.faults import ProviderFault
from agi_app.single_sign_on.id_token import LEEWAY_S
from agi_app.store.ledger import accounts
from agi_app.store.ledger.accounts import Account
from agi_app.store.requested_calls.asks import OpenAsk
from agi_app.store.service import sign_on as table
from agi_app.store.service.sign_on import NewSignOnSession

KIND, SIGN_IN, PROVE = "single sign-on", "sign in", "prove"
TIMELY = dt.timedelta(minutes=1)  # nobody waits before the page any longer
_log = logging.getLogger(__name__)


class SignOnRefused(InputError):
    """Somebody may not sign in, whatever the issuer says."""


def setting_of(inst: Installation) -> OidcSettings:
    """The issuer. Raises ConfigError when none is set up."""
    if (oidc := inst.settings.console.oidc) is None:
        raise ConfigError(t("no single sign-on is set up: [console.oidc] in agi-app.toml"))
    return oidc


async def prepare(inst: Installation, ask: OpenAsk) -> Mapping[str, Any]:
    """Ask the issuer: ``said``, or ``fault`` with the words for people."""
    brought = ask.private or {}
    try:
        if inst.clock.real_now() - ask.asked_at > TIMELY:
            raise ProviderFault(t("this sign-in was asked for more than a minute ago; begin again"))
        secret = await asyncio.to_thread(inst.settings.sign_on_secret)
        code = BroughtCode(*(str(brought[one]) for one in ("code", "verifier", "nonce", "redirect_uri")))
        return {"said": dict(await exchange.said_of(setting_of(inst), secret, code, inst.clock))}
    except AgiAppError as error:
        return {"fault": str(error)}


async def do(inst: Installation, ask: OpenAsk, prepared: Mapping[str, Any]) -> Mapping[str, Any]:
    """The end of it: empty, or ``refused`` with why. It raises nothing that people cause, so that the note stays.

    Raises InputError for a fault of the database, whose own words are for the log alone.
    """
    said = prepared.get("said", {})
    try:
        if "fault" in prepared:
            raise SignOnRefused(str(prepared["fault"]))
        if ask.verb == SIGN_IN:
            await _sign_in(inst, ask, said)
        else:
            await _prove(inst, ask, said)
    except SignOnRefused as refused:
        who = inst if inst.actor.roles else _as_nobody(inst)
        await _note_refused(who, str(said.get("sub", "")), reason=str(refused))
        return {"refused": str(refused)}
    except StoreError as error:
        _log.error("a sign-in by single sign-on met a fault: %s", error)
        told = "the sign-in could not be kept, by a fault of the database: an admin finds it in the worker's log"
        raise InputError(t(told)) from error
    return {}


def _as_nobody(inst: Installation) -> Installation:
    nobody = Actor(KIND, frozenset({Role.VIEWER}), "console", address=inst.actor.address)
    return dataclasses.replace(inst, actor=nobody)


@noted(None, "single sign-on refused", "subject")
async def _note_refused(_inst: Installation, subject: str, *, reason: str) -> None:
    """Nothing was done; the note says so."""


async def _sign_in(inst: Installation, ask: OpenAsk, said: Mapping[str, Any]) -> None:
    oidc = setting_of(inst)
    if fault := person.stranger(oidc, said):
        raise SignOnRefused(fault)
    roles = await _roles(inst, oidc, said)
    account = await _account(inst, oidc, said, roles)
    actor = Actor(account.name, frozenset(roles), "console", address=ask.address, token=ask.parameters["session"])
    acting = dataclasses.replace(inst, actor=actor)
    if account.role_set != frozenset(roles):
        await _take_roles(acting, account.name, dataclasses.replace(account, roles=[role.value for role in roles]))
    private, now = ask.private or {}, inst.clock.real_now().timestamp()
    new = NewSignOnSession(
        ask.parameters["session"],
        bytes.fromhex(str(private["sha256"])),
        ask.address,
        str(private["browser"]),
        min(float(said.get("auth_time") or 0), now),  # a sign-in of this morning at the issuer is no proof
    )
    await _note_sign_in(acting, account.name, new)


async def _roles(inst: Installation, oidc: OidcSettings, said: Mapping[str, Any]) -> Sequence[Role]:
    """The roles of the claim. Raises SignOnRefused without one, and then the account of this identity is disabled."""
    if roles := person.roles_of(oidc, said):
        return [role for role in Role if role in roles]
    bound = await table.account_of(inst.store, oidc.issuer, str(said["sub"]))
    found = None if bound is None else await accounts.of_name(inst.store, bound)
    if found is not None and found.enabled:
        why = t("{name} gives no role any longer (claim {claim!r})", name=oidc.name, claim=oidc.roles_claim)
        await _shut_out(_as_nobody(inst), found.name, dataclasses.replace(found, enabled=False), reason=why)
    told = "{name} gives you no role here: ask who looks after it (claim {claim!r})"
    raise SignOnRefused(t(told, name=oidc.name, claim=oidc.roles_claim))


async def _account(inst: Installation, oidc: OidcSettings, said: Mapping[str, Any], roles: Sequence[Role]) -> Account:
    """Whose identity this is; a new account for one that is not known. Raises SignOnRefused."""
    subject = str(said["sub"])
    bound = await table.account_of(inst.store, oidc.issuer, subject)
    name = await asyncio.to_thread(person.name_of, oidc, said) if bound is None else bound
    found = await accounts.of_name(inst.store, name) if name else None
    if bound is not None and found is not None:
        if not found.enabled:
            raise SignOnRefused(t("the account {name} is disabled", name=bound))
        return found
    option = f"--subject{'=' if subject.startswith('-') else ' '}{shlex.quote(subject)}"
    if not name:
        told = (
            "the claim {claim} is to name a new account, and {name!r} is no name for one: letters a to z, digits and"
            " . _ @ -, 64 at most, a letter or digit first, or Chinese characters. An admin can make one, and link it"
            " to you: `agi-app account add NAME --role ROLE`, and `agi-app account identity NAME {option}`"
        )
        shown = str(person.claim(said, oidc.name_claim) or "")[:64]
        raise SignOnRefused(t(told, claim=oidc.name_claim, name=shown, option=option))
    if found is not None:
        told = (
            "there is an account {name} already, which is not linked to you: an admin can, with"
            " `agi-app account identity {name} {option}`"
        )
        raise SignOnRefused(t(told, name=name, option=option))
    actor = Actor(name, frozenset(roles), "console", address=inst.actor.address)
    return await _make(dataclasses.replace(inst, actor=actor), name, roles, oidc.issuer, subject)


async def _stored(inst: Installation, name: object) -> object:
    return await accounts.of_name(inst.store, str(name))


@noted(None, "account add", "name", state=_stored)
async def _make(inst: Installation, name: str, roles: Sequence[Role], issuer: str, subject: str) -> Account:
    if not await accounts.add(inst.store, name, None, roles, None):
        raise InputError(t("there is an account {name} already", name=name))
    made = await accounts.of_name(inst.store, name)
    if made is None or not await table.bind(inst.store, issuer, subject, name):
        raise InputError(t("another sign-in of the same person was going on; begin again"))
    return made


@noted(None, "account change", "name", state=_stored)
async def _take_roles(inst: Installation, name: str, wanted: Account) -> None:
    """The roles of the claim, which end the sessions that the account had."""
    if not await accounts.change(inst.store, wanted):
        raise SignOnRefused(t("{name} is the only admin: make another account admin first", name=name))


@noted(None, "account change", "name", state=_stored)
async def _shut_out(inst: Installation, name: str, disabled: Account, *, reason: str) -> None:  # noqa: ARG001 - noted
    """Disable it, which ends its sessions; the only admin of the command line loses the sessions alone."""
    if not await accounts.change(inst.store, disabled):
        await table.end_sessions(inst.store, name)


@noted(None, "single sign-on", "name")
async def _note_sign_in(inst: Installation, name: str, new: NewSignOnSession) -> None:
    await table.add_session(inst.store, name, new)


async def _prove(inst: Installation, ask: OpenAsk, said: Mapping[str, Any]) -> None:
    """The issuer asked for the password again, since the page sent the browser there."""
    oidc, now = setting_of(inst), inst.clock.real_now().timestamp()
    if await table.account_of(inst.store, oidc.issuer, str(said["sub"])) != inst.actor.account:
        raise SignOnRefused(t("another person has signed in at {name} than who is signed in here", name=oidc.name))
    at = said.get("auth_time")
    if at is None:
        told = "{name} does not say when you signed in there (auth_time), so it is no proof; your password here is one"
        raise SignOnRefused(t(told, name=oidc.name))
    if at < float(ask.parameters["begun"]) - LEEWAY_S or now - at > PROVED_FOR.total_seconds():
        raise SignOnRefused(t("{name} has not asked you to sign in again", name=oidc.name))
    await _note_proof(inst, min(float(at), now))


@noted(None, "single sign-on again")
async def _note_proof(inst: Installation, at: float) -> None:
    if not await table.prove(inst.store, inst.actor.token or "", inst.actor.account, at):
        raise SignOnRefused(t("your session has ended; sign in again"))
