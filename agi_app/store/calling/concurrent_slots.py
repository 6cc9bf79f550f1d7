"""How many calls a trunk or a campaign may have at once: one row a call, leased with SKIP LOCKED.

Counting calls and comparing would let two workers pass together. A row can be locked by one only.
"""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.model.campaign import Campaign
from agi_app.store.database.statements import Connection, count, load_queries, record, records, value

Q = load_queries("calling/concurrent_slots")


def of_trunk(trunk: str) -> str:
    """The scope of a trunk's slots."""
    return f"trunk:{trunk}"


def of_campaign(name: str) -> str:
    """The scope of a campaign's slots."""
    return f"campaign:{name}"


async def lease(connection: Connection, scope: str, limit: int, most: int) -> list[int]:
    """Lock up to ``most`` free slots of ``scope`` until this transaction ends; never waits for one.

    ``limit`` is how many slots the scope has now. While more calls than that go on (the limit was
    lowered), there is none to lease.
    """
    if await total(connection, scope) != limit:
        await _resize(connection, scope, limit)
        if await total(connection, scope) > limit:
            return []
    return [row["n"] for row in await records(connection, Q["lease"], {"scope": scope, "most": most})]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Slots that were locked: of the trunk, of the campaign; and of which there were too few."""

    free: list[tuple[int, int]]
    short_of: str | None  # trunk | campaign; None: there were as many as wanted


async def lease_both(connection: Connection, campaign: Campaign, trunk_limit: int, most: int) -> Pairs:
    """Lock up to ``most`` pairs of free slots, of the trunk with ``trunk_limit`` and of the campaign; see ``lease``."""
    trunk, own, own_limit = of_trunk(campaign.trunk), of_campaign(campaign.name), campaign.pace.concurrent
    row = await record(connection, Q["lease_both"], {"trunk": trunk, "campaign": own, "most": most})
    if row is not None and (row["trunk_total"], row["campaign_total"]) == (trunk_limit, own_limit):
        trunk_slots, own_slots = row["trunk"], row["campaign"]
    else:
        trunk_slots = await lease(connection, trunk, trunk_limit, most)
        own_slots = await lease(connection, own, own_limit, most)
    short = "campaign" if len(own_slots) <= len(trunk_slots) else "trunk"
    free = list(zip(trunk_slots, own_slots, strict=False))
    return Pairs(free, None if len(free) >= most else short)


async def used(connection: Connection, scope: str) -> int:
    """How many calls occupy a slot of ``scope``."""
    return await value(connection, int, Q["used"], {"scope": scope}) or 0


async def total(connection: Connection, scope: str) -> int:
    """How many slots ``scope`` has, free or not; 0 before the first claim."""
    return await value(connection, int, Q["total"], {"scope": scope}) or 0


async def _resize(connection: Connection, scope: str, limit: int) -> None:
    await connection.execute(Q["lock_scope"], {"scope": scope})
    now = await total(connection, scope)
    if now < limit:
        # Numbers that a shrink left occupied may be higher than the limit: look past them too.
        await count(connection, Q["grow"], {"scope": scope, "missing": limit - now, "most": limit + now})
    elif now > limit:
        await count(connection, Q["shrink"], {"scope": scope, "surplus": now - limit})
