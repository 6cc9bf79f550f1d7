"""Asks that change who may act: accounts, links for a password, and tokens. A worker does as the command line does.

Code that runs in the console must not make an account in somebody's name: the worker verifies the session that is
shown, and that its owner has shown the password within the last five minutes. The console makes the text of a link or a
token, which it shows once; the ask has no more than what it must hash to, and that is forgotten with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Role, Scope
from agi_app.operations.acting import noted
from agi_app.operations.service import accounts, sessions, token_texts, tokens
from agi_app.operations.service.accounts import NewValues
from agi_app.operations.service.tokens import NewToken
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk, OpenAsk

KIND = "account"
ADD, CHANGE, LINK, FACTOR, TOKEN, END_TOKEN = "add", "change", "link", "second factor", "token", "end token"
_TOO_LATE = "the password was shown more than five minutes ago, or not at all; ask again"


@dataclass(frozen=True, slots=True)
class AskedSecret:
    """An ask, and the text of the link or token that is good once a worker has taken it; it is kept nowhere."""

    ask: int
    text: str


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "name")
async def ask_add(inst: Installation, name: str, roles: Sequence[Role], *, language: str | None) -> AskedSecret:
    """Ask for a new account, with a link by which it sets its password. Raises InputError for what cannot be."""
    accounts.checked_name(name)
    _some(roles)
    if name in {one.name for one in await accounts.accounts(inst)}:
        raise InputError(t("there is an account {name} already", name=name))
    asked = {"roles": [role.value for role in roles], "language": language}
    return await _ask_link(inst, NewAsk(KIND, ADD, name, "", asked))


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "name")
async def ask_change(inst: Installation, name: str, new: NewValues, *, reason: str) -> int:
    """Ask to change roles or language of an account, or to enable or disable it. Raises NotThere, InputError."""
    await accounts.one(inst, name)
    roles = None if new.roles is None else [role.value for role in _some(new.roles)]
    asked = {"roles": roles, "enabled": new.enabled, "language": new.language}
    return await asks.add(inst.store, NewAsk(KIND, CHANGE, name, reason, asked), inst.actor)


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "name")
async def ask_link(inst: Installation, name: str) -> AskedSecret:
    """Ask for a link by which an account sets its password. Raises NotThere, StoreError."""
    await accounts.one(inst, name)
    return await _ask_link(inst, NewAsk(KIND, LINK, name, ""))


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "name")
async def ask_remove_factor(inst: Installation, name: str, *, reason: str) -> int:
    """Ask to take second factor and passkeys off another account. Raises NotThere, InputError, StoreError."""
    _anothers(inst, name)
    found = await accounts.one(inst, name)
    if not found.has_second_factor and not found.passkeys:
        raise InputError(t("the account {name} has no second factor and no passkey", name=name))
    return await asks.add(inst.store, NewAsk(KIND, FACTOR, name, reason), inst.actor)


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "name")
async def ask_token(inst: Installation, name: str, new: NewToken) -> AskedSecret:
    """Ask for a token of the account ``name``. Raises InputError for one that cannot be, StoreError."""
    await tokens.check(inst, new)
    token_id, text = token_texts.make(tokens.PREFIX)
    asked = {"name": new.name.strip(), "scopes": sorted(new.scopes), "days": new.days, "token": token_id}
    private = {"sha256": token_texts.sha256_of(text).hex()}
    return AskedSecret(
        await asks.add(inst.store, NewAsk(KIND, TOKEN, name, "", asked, private=private), inst.actor), text
    )


@noted(Scope.ACCOUNTS_MANAGE, "account ask", "token_id")
async def ask_end_token(inst: Installation, token_id: str) -> int:
    """Ask to end a token for good. Raises InputError when there is none of this id, StoreError."""
    if token_id not in {one.token_id for one in await tokens.held(inst)}:
        raise InputError(t("there is no token {token}; `agi-app token list` shows all", token=token_id))
    return await asks.add(inst.store, NewAsk(KIND, END_TOKEN, token_id, ""), inst.actor)


async def _ask_link(inst: Installation, new: NewAsk) -> AskedSecret:
    _, text = token_texts.make(sessions.LINK_PREFIX)
    private = {"sha256": token_texts.sha256_of(text).hex()}
    asked = NewAsk(new.kind, new.verb, new.object, new.reason, new.parameters, private=private)
    return AskedSecret(await asks.add(inst.store, asked, inst.actor), text)


def _some(roles: Sequence[Role]) -> Sequence[Role]:
    if not roles:
        raise InputError(t("an account needs a role at least"))
    return roles


def _anothers(inst: Installation, name: str) -> None:
    """By a page one's own factor goes with a code alone, so that a stolen password and cookie are not enough."""
    if name == inst.actor.account:
        raise InputError(
            t("your own second factor and passkeys you remove under your account, with a code or a recovery code")
        )


async def do(inst: Installation, ask: OpenAsk) -> Mapping[str, Any]:
    """As a worker, in the name of who asked. Raises as the operations, InputError without the password."""
    if not await sessions.is_proved(inst):
        raise InputError(t(_TOO_LATE))
    asked, name = ask.parameters, ask.object
    sha256 = bytes.fromhex(str((ask.private or {}).get("sha256", "")))
    match ask.verb:
        case "add":
            await accounts.add(inst, name, [Role(one) for one in asked["roles"]], language=asked["language"])
            await sessions.keep_link(inst, name, sha256)
        case "change":
            roles = None if asked["roles"] is None else [Role(one) for one in asked["roles"]]
            await accounts.change(inst, name, NewValues(roles, None, asked["enabled"], asked["language"]))
        case "link":
            await sessions.keep_link(inst, name, sha256)
        case "second factor":
            _anothers(inst, name)
            await accounts.remove_second_factor(inst, name, reason=ask.reason)
        case "token":
            new = NewToken(name, asked["name"], [Scope(one) for one in asked["scopes"]], asked["days"])
            await tokens.keep(inst, name, new, asked["token"], sha256)
        case "end token":
            await tokens.end(inst, name)
        case _:
            told = {"kind": ask.kind, "verb": ask.verb}
            raise InputError(t("this worker does not know what was asked for: {kind} {verb}", **told))
    return {}
