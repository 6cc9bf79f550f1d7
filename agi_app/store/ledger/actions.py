"""Who did what: a row before each change, export or look at whole numbers, and one at its end; the tree has both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.model.actors import Actor
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("ledger/actions")


@dataclass(frozen=True, slots=True)
class DoneAction:
    """One action as it is listed; ``done`` None: it did not come to its end, or is going on."""

    id: int
    at: dt.datetime
    account: str
    roles: Sequence[str]
    via: str | None
    os_user: str | None
    address: str | None
    token: str | None
    verb: str
    object: str
    reason: str | None
    before: str | None  # SHA-256 in hex
    after: str | None
    done: bool | None
    fault: str | None


async def begin(store: Store, actor: Actor, verb: str, obj: str, before: bytes | None, reason: str | None) -> int:
    """Note durably that somebody is about to change something; returns the action's id. Raises StoreError."""
    values = {
        "account": actor.account,
        "roles": sorted(role.value for role in actor.roles),
        "via": actor.via,
        "os_user": actor.os_user,
        "address": actor.address,
        "token": actor.token,
        "verb": verb,
        "object": obj,
        "before": before,
        "reason": reason,
    }
    found = await store.records(Q["begin"], values)
    return int(found[0]["action_id"])


async def end(
    store: Store, action_id: int, *, done: bool, fault: str | None = None, after: bytes | None = None
) -> None:
    """Note how it ended. Raises StoreError."""
    await store.execute(Q["end"], {"action_id": action_id, "done": done, "fault": fault, "after": after})


async def listed(
    store: Store, *, before: int, limit: int, account: str | None = None, obj: str | None = None
) -> list[DoneAction]:
    """Actions with an id below ``before``, the newest first. Raises StoreError."""
    values = {"before": before, "limit": limit, "account": account, "object": obj}
    return await store.rows(DoneAction, Q["listed"], values)
