"""The accounts of those who act: their roles, their users of the operating system, and whether they may act at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.model.actors import Role
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record, records

Q = load_queries("ledger/accounts")


@dataclass(frozen=True, slots=True)
class Account:
    """One who acts; ``os_user`` is who acts as this account on the command line."""

    name: str
    os_user: str | None
    roles: Sequence[str]
    enabled: bool
    language: str | None
    has_credential: bool
    has_second_factor: bool
    created_at: dt.datetime
    passkeys: int

    @property
    def role_set(self) -> frozenset[Role]:
        """The roles, as the rules compare them; none while it is not enabled."""
        return frozenset(Role(role) for role in self.roles) if self.enabled else frozenset()


async def of_os_user(store: Store, os_user: str) -> Account | None:
    """The account of a user of the operating system. Raises StoreError."""
    found = await store.rows(Account, Q["of_os_user"], {"os_user": os_user})
    return found[0] if found else None


async def of_name(store: Store, name: str) -> Account | None:
    """The account of this name, enabled or not. Raises StoreError."""
    found = await store.rows(Account, Q["of_name"], {"name": name})
    return found[0] if found else None


async def all_accounts(store: Store) -> list[Account]:
    """All, by name, those too that are not enabled. Raises StoreError."""
    return await store.rows(Account, Q["all_accounts"])


async def add_first(store: Store, os_user: str) -> None:
    """Make who works with a new installation its first account, with every role; does nothing when there is one."""
    roles = [role.value for role in Role if role is not Role.AGENT]
    name = "".join(sign if sign.isalnum() or sign in "._@-" else "-" for sign in os_user)[:64].lstrip("._@-")
    await store.execute(Q["add_first"], {"name": name or "first", "os_user": os_user, "roles": roles})


async def add(store: Store, name: str, os_user: str | None, roles: Sequence[Role], language: str | None) -> bool:
    """A new account; False: the name or the user of the operating system is taken. Raises StoreError."""
    values = {"name": name, "os_user": os_user, "roles": [role.value for role in roles], "language": language}
    return bool(await store.records(Q["add"], values))


async def change(store: Store, account: Account) -> bool:
    """Store what is in ``account``; False when no admin could act on the command line then, and nothing is changed.

    Raises StoreError.
    """
    values = {
        "name": account.name,
        "os_user": account.os_user,
        "roles": list(account.roles),
        "enabled": account.enabled,
        "language": account.language,
    }
    async with store.transaction() as connection:
        admins = [row["name"] for row in await records(connection, Q["lock_admins"])]
        stays = account.enabled and Role.ADMIN in account.roles and account.os_user is not None
        if not stays and admins == [account.name]:
            return False
        await record(connection, Q["change"], values)
    return True


async def set_credential(store: Store, name: str, credential: str) -> None:
    """Keep an Argon2id hash (PHC text) as this account's credential. Raises StoreError."""
    await store.execute(Q["set_credential"], {"name": name, "credential": credential})


async def remove_second_factor(store: Store, name: str) -> bool:
    """Want no code of it any longer, and forget its recovery codes and passkeys; False: it has neither. StoreError."""
    return bool(await store.records(Q["remove_second_factor"], {"name": name}))


async def credential_of(store: Store, name: str) -> str | None:
    """The Argon2id hash of an enabled account; None: it has none, is not enabled or not there. Raises StoreError."""
    found = await store.records(Q["credential"], {"name": name})
    return found[0]["credential"] if found else None


async def enabled_names(store: Store) -> list[str]:
    """Who may act, by name. Raises StoreError."""
    return [row["name"] for row in await store.records(Q["enabled"])]
