"""Shares of a rate: the nodes together never start more than the limit, and a dead node's part comes back."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping

import pytest

from agi_app.store.calling import pace_shares
from agi_app.store.database.pool import Store

pytestmark = pytest.mark.postgres
LIMITS = {"campaign:a": 10.0, "trunk:t": 0.5}
LEASE = dt.timedelta(seconds=30)


async def lease(store: Store, node: str, wanted: Mapping[str, float] = LIMITS) -> dict[str, float]:
    """What this node has now."""
    return await pace_shares.lease(store, node, wanted, LEASE)


async def test_a_node_alone_has_all_and_a_newcomer_gets_its_part_when_the_other_gives_it_back(store: Store) -> None:
    assert await lease(store, "one") == LIMITS
    assert await lease(store, "two") == {"campaign:a": 0.0, "trunk:t": 0.0}, "all is lent to the first"
    assert await lease(store, "one") == {"campaign:a": 5.0, "trunk:t": 0.25}
    assert await lease(store, "two") == {"campaign:a": 5.0, "trunk:t": 0.25}
    assert await lease(store, "two", {}) == {}
    assert await lease(store, "one") == LIMITS, "who wants nothing has nothing"


async def test_a_lower_limit_holds_at_once(store: Store) -> None:
    await lease(store, "one")
    await lease(store, "two")
    await lease(store, "one")
    assert await lease(store, "two", {"campaign:a": 6.0}) == {"campaign:a": 1.0}


async def test_a_dead_node_leaves_its_part_to_the_others(store: Store) -> None:
    await lease(store, "dead")
    async with store.connection() as connection:
        await connection.execute("UPDATE pace_share SET lease_until = clock_timestamp() - interval '1 s'")
    assert await lease(store, "one") == LIMITS


async def test_many_at_once_never_have_more_than_the_limit(store: Store) -> None:
    """Six nodes lease all at the same time, again and again: after every lease the shares in force fit."""

    async def node(name: str) -> None:
        for _ in range(8):
            await lease(store, name)
            async with store.connection() as connection:
                found = await connection.execute("SELECT scope, sum(per_second) AS s FROM pace_share GROUP BY scope")
                sums = {row["scope"]: row["s"] for row in await found.fetchall()}
            assert all(sums[scope] <= most + 1e-9 for scope, most in LIMITS.items()), sums

    await asyncio.gather(*(node(f"n{n}") for n in range(6)))
    shares = [(await lease(store, f"n{n}"))["campaign:a"] for n in range(6)]
    assert shares == pytest.approx([10 / 6] * 6)
