"""Tokens of the REST API: each is an account's, may some of what its owner may, and ends automatically.

The audit records who made and who ended one.
"""

from __future__ import annotations

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

__all__ = ["MadeToken", "TokenRow", "allowed", "create", "end", "held", "owner_of", "used"]
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


@noted(Scope.ACCOUNTS_MANAGE, "token create", "account")
async def create(inst: Installation, account: str, name: str, scopes: Collection[Scope], days: int) -> MadeToken:
    """Make a token of an account for some scopes, good for so many days. Raises InputError, StoreError."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(t(_NAME, most=LONGEST_NAME))
    if beyond := sorted(set(scopes) - await allowed(inst, account)):
        raise InputError(
            t(
                "{name} may not do this: {scopes}; a token may only what its owner may",
                name=account,
                scopes=", ".join(beyond),
            )
        )
    if not scopes:
        raise InputError(t("a token needs a scope at least"))
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(t("a token is good for 1 to {most} days", most=LONGEST_DAYS))
    token_id, text = token_texts.make(PREFIX)
    row = await table.add(inst.store, token_id, account, name.strip(), sha256_of(text), sorted(scopes), days)
    return MadeToken(text, row)


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
