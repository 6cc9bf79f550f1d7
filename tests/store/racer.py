"""A worker process for the race test: claims, marks and finishes until nothing is due.

Arguments: the database's URL and the campaigns' names. Prints one line a call: the person's id.
"""

from __future__ import annotations

import asyncio
import sys

from agi_app.store.calling.campaigns import load_campaigns
from agi_app.store.calling.claims import Nobody
from tests.store import one
from tests.store.conftest import open_store
from tests.store.world import HUMAN, World

WORKERS = 3


async def work(world: World, node: str, called: list[int]) -> None:
    """One worker over all campaigns."""
    campaigns = [stored.campaign for stored in await load_campaigns(world.store)]
    idle = 0
    while idle < 3:
        batches = [await world.claim(campaign, 20, node=node) for campaign in campaigns]
        idle = idle + 1 if all(batch.short is Nobody.DUE for batch in batches) else 0
        for claim in [c for batch in batches for c in batch.claims]:
            if await one.mark(world.store, claim, node):
                called.append(claim.person_id)
                await one.finish(world.store, claim.attempt_id, HUMAN, None, True)
        await asyncio.sleep(0.002)


async def main(url: str, node: str) -> None:
    """Run the workers at once and print whom they called; says when it is ready, and begins when it is told."""
    store = await open_store(url)
    print("ready", flush=True)
    sys.stdin.readline()
    called: list[int] = []
    async with asyncio.TaskGroup() as group:
        for n in range(WORKERS):
            group.create_task(work(World(store), f"{node}-{n}", called))
    await store.close()
    print("\n".join(map(str, called)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
