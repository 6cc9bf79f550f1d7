"""Tokens of the REST API: each is an account's, may some of what its owner may, and ends automatically.

The audit records who made and who ended one.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Role, Scope, Via, scopes_of
from agi_app.operations.acting import noted, reads
from agi_app.operations.service import token_texts
from agi_app.operations.service.token_texts import sha256_of
from agi_app.store.ledger import accounts
from agi_app.store.service import api_tokens as table
from agi_app.store.service.api_tokens import TokenRow

__all__ = [
    "MadeToken",
    "NewToken",
    "TokenRow",
    "allowed",
    "check",
    "create",
    "end",
    "held",
    "keep",
    "owner_of",
    "used",
]
PREFIX = "agia"
LONGEST_DAYS = 366
LONGEST_NAME = 100
_NAME = "the name of a token is one line of {most} characters at most: say what it is for"
_BEYOND = "{name} may not do this: {scopes}; a token may only what its owner may"


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; its ``text`` is shown once and kept nowhere."""

    text: str
    row: TokenRow


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose a token or a session is that was shown, and what it may at most."""

    token_id: str
    account: str
    roles: frozenset[Role]  # as they are now
    scopes: frozenset[Scope] | None  # None: all that the roles may
    via: Via = "api"
    language: str | None = None  # that the account chose


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token is to be: whose, what for, what it may and for how many days."""

    account: str
    name: str
    scopes: Collection[Scope]
    days: int


@noted(Scope.ACCOUNTS_MANAGE, "token create", "account")
async def create(inst: Installation, account: str, name: str, scopes: Collection[Scope], days: int) -> MadeToken:
    """Make a token of an account for some scopes, good for so many days. Raises InputError, StoreError."""
    token_id, text = token_texts.make(PREFIX)
    return MadeToken(text, await _keep(inst, NewToken(account, name, scopes, days), token_id, sha256_of(text)))


@noted(Scope.ACCOUNTS_MANAGE, "token create", "account")
async def keep(inst: Installation, account: str, new: NewToken, token_id: str, sha256: bytes) -> TokenRow:
    """The same of a token that the console has made, which shows its text. Raises as that."""
    return await _keep(inst, dataclasses.replace(new, account=account), token_id, sha256)


async def _keep(inst: Installation, new: NewToken, token_id: str, sha256: bytes) -> TokenRow:
    await check(inst, new)
    asked = new.account, new.name.strip(), sha256, sorted(new.scopes), new.days
    return await table.add(inst.store, token_id, *asked)


@reads(Scope.ACCOUNTS_MANAGE)
async def check(inst: Installation, new: NewToken) -> None:
    """Raises InputError for a token that cannot be, StoreError."""
    name, scopes = new.name, new.scopes
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(t(_NAME, most=LONGEST_NAME))
    if beyond := sorted(set(scopes) - await allowed(inst, new.account)):
        raise InputError(
            t(
                "{name} may not do this: {scopes}; a token may only what its owner may",
                name=new.account,
                scopes=", ".join(beyond),
            )
        )
    if not scopes:
        raise InputError(t("a token needs a scope at least"))
    if not 1 <= new.days <= LONGEST_DAYS:
        raise InputError(t("a token is good for 1 to {most} days", most=LONGEST_DAYS))


@reads(Scope.ACCOUNTS_MANAGE)
async def allowed(inst: Installation, account: str) -> frozenset[Scope]:
    """All that an account may. Raises InputError when there is none of this name that is enabled, StoreError."""
    if (owner := await accounts.of_name(inst.store, account)) is not None and owner.enabled:
        return scopes_of(owner.role_set)
    raise InputError(t("there is no account {name!r} that is enabled; `agi-app account list` shows all", name=account))


@reads(Scope.ACCOUNTS_MANAGE)
async def held(inst: Installation, account: str | None = None) -> Sequence[TokenRow]:
    """All tokens, or those of one account, also expired and revoked ones. Raises StoreError."""
    return await table.listed(inst.store, account)


@noted(Scope.ACCOUNTS_MANAGE, "token end", "token_id")
async def end(inst: Installation, token_id: str) -> None:
    """End a token for good. Raises InputError when there is none of this id, StoreError."""
    if not await table.end(inst.store, token_id):
        raise InputError(t("there is no token {token}; `agi-app token list` shows all", token=token_id))


async def owner_of(inst: Installation, text: str) -> TokenOwner | None:
    """Whose this token is; None when it is no token, has ended, or its owner is not enabled. Raises StoreError."""
    token_id = token_texts.id_of(text, PREFIX)
    found = None if token_id is None else await table.good(inst.store, token_id)
    if found is None or not hmac.compare_digest(sha256_of(text), found.sha256):
        return None
    owner = await accounts.of_name(inst.store, found.account)
    if owner is None or not owner.enabled:
        return None
    known = {scope.value for scope in Scope}
    scopes = frozenset(Scope(one) for one in found.scopes if one in known)
    return TokenOwner(found.token_id, found.account, owner.role_set, scopes)


async def used(inst: Installation, token_id: str) -> None:
    """Note that a token was used now. Raises StoreError."""
    await table.used(inst.store, token_id)
