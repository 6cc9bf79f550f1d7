"""Accounts: who may act, in which roles, and with which secret they approve. The audit records each change.

While exactly one account is enabled it may have every role; nobody can take the last admin away.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agi_app.authoring.suggestions import no_such
from agi_app.consent.account_secrets import hash_secret
from agi_app.consent.weak_secrets import fault_in
from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Role, Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.ledger import accounts as table
from agi_app.store.ledger import actions
from agi_app.store.ledger.accounts import Account
from agi_app.store.ledger.actions import DoneAction

__all__ = [
    "Account",
    "DoneAction",
    "NewValues",
    "accounts",
    "add",
    "change",
    "checked_name",
    "done",
    "one",
    "remove_second_factor",
    "set_own_secret",
]
_NAME = re.compile(r"[^\W_][\w.@-]{0,63}")
NEWEST = 2**62  # above every id


@dataclass(frozen=True, slots=True)
class NewValues:
    """What is to change in an account; None stays as it is, and an empty ``os_user`` maps none."""

    roles: Sequence[Role] | None = None
    os_user: str | None = None
    enabled: bool | None = None
    language: str | None = None


async def _stored(inst: Installation, name: str) -> object:
    return await table.of_name(inst.store, name)


@noted(Scope.ACCOUNTS_MANAGE, "account add", "name", state=_stored)
async def add(
    inst: Installation, name: str, roles: Sequence[Role], *, os_user: str = "", language: str | None = None
) -> Account:
    """A new account. Raises InputError for a name or a user that is taken, or without a role, StoreError."""
    checked_name(name)
    if not roles:
        raise InputError(t("--role: say at least one of {role}", role=", ".join(Role)))
    if not await table.add(inst.store, name, os_user or None, roles, language):
        raise InputError(
            t(
                "the account {name}, or one of the user {os_user}, is there already; `agi-app account list`",
                name=name,
                os_user=os_user,
            )
        )
    return await _known(inst, name)


def checked_name(name: str) -> str:
    """The name, if an account may have it; else InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(
            t("{name!r}: a name of an account has letters, digits and . _ @ -, 64 at most, a letter first", name=name)
        )
    return name


@noted(Scope.ACCOUNTS_MANAGE, "account change", "name", state=_stored)
async def change(inst: Installation, name: str, new: NewValues) -> Account:
    """Change roles, user or language of an account, or enable or disable it. An account is never removed.

    Raises InputError when nobody who is enabled would be admin, StoreError.
    """
    found = await _known(inst, name)
    wanted = replace(
        found,
        roles=found.roles if new.roles is None else [role.value for role in new.roles],
        os_user=found.os_user if new.os_user is None else new.os_user or None,
        enabled=found.enabled if new.enabled is None else new.enabled,
        language=found.language if new.language is None else new.language or None,
    )
    if not wanted.roles:
        raise InputError(t("--role: say at least one of {role}", role=", ".join(Role)))
    if wanted.os_user and (other := await table.of_os_user(inst.store, wanted.os_user)) and other.name != name:
        raise InputError(
            t("the user {os_user} is mapped to the account {name}", os_user=wanted.os_user, name=other.name)
        )
    if not await table.change(inst.store, wanted):
        raise InputError(t("{name} is the only admin: make another account admin first", name=name))
    return await _known(inst, name)


@noted(Scope.ACCOUNTS_MANAGE, "account second factor removed", "name", state=_stored)
async def remove_second_factor(inst: Installation, name: str, *, reason: str) -> None:
    """Take second factor, recovery codes and passkeys off an account; ends its sessions. Its password alone opens it.

    Raises InputError without a reason, for no such account or one that has neither, StoreError.
    """
    if not reason.strip():
        raise InputError(t("say why: it is kept for good"))
    await _known(inst, name)
    if not await table.remove_second_factor(inst.store, name):
        raise InputError(t("the account {name} has no second factor and no passkey", name=name))


@reads(Scope.ACTIONS_READ)
async def accounts(inst: Installation) -> list[Account]:
    """All accounts, by name. Raises StoreError."""
    return await table.all_accounts(inst.store)


async def _own(inst: Installation, _: object) -> object:
    return await table.credential_of(inst.store, inst.actor.account)


@reads(Scope.ACTIONS_READ)
async def one(inst: Installation, name: str) -> Account:
    """One of them. Raises NotThere when there is none of this name, StoreError."""
    if (found := await table.of_name(inst.store, name)) is None:
        raise NotThere(t("there is no account {name!r}; `agi-app account list` shows all", name=name))
    return found


@noted(None, "account secret", state=_own)
async def set_own_secret(inst: Installation, secret: str) -> None:
    """Set the secret with which one's own account approves. Raises InputError for a weak one, StoreError."""
    if (fault := fault_in(secret, inst.actor.account)) is not None:
        raise InputError(fault)
    await _known(inst, inst.actor.account)
    await table.set_credential(inst.store, inst.actor.account, await asyncio.to_thread(hash_secret, secret))


@reads(Scope.ACTIONS_READ)
async def done(
    inst: Installation, *, account: str | None = None, obj: str | None = None, before: int = NEWEST, limit: int = 50
) -> list[DoneAction]:
    """Who did what, the newest first; ``before`` is the id of the last one seen. Raises StoreError."""
    return await actions.listed(inst.store, before=before, limit=limit, account=account, obj=obj)


async def _known(inst: Installation, name: str) -> Account:
    if (found := await table.of_name(inst.store, name)) is not None:
        return found
    raise no_such("account", name, [one.name for one in await table.all_accounts(inst.store)])
