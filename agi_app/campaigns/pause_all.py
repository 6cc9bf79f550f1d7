"""Pauses everything, and tells what each worker has heard of it."""

from __future__ import annotations

import asyncio
import datetime as dt

from agi_app.clock import Clock
from agi_app.store.calling import nodes, pauses
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.database.pool import Store

HEARD_WITHIN_S = 3.0  # a worker reads it at once, and says so within two seconds
LOOK_EVERY_S = 0.2


async def pause_all(store: Store, clock: Clock, reason: str, entered_by: str) -> list[str]:
    """No new call from here on; returns lines for people, one about each worker. Raises StoreError."""
    began = clock.real_now()
    await pauses.change(store, True, reason, entered_by, clock.now())
    workers = await _heard(store)
    lines = ["everything is paused: no new call is made on any node; calls that are on go on"]
    return lines + [_line(worker, began) for worker in workers] + ["`agi-app resume --all` ends the pause"]


async def resume_all(store: Store, clock: Clock, reason: str, entered_by: str) -> list[str]:
    """End the pause; campaigns that were paused by themselves stay so. Raises StoreError."""
    if await pauses.in_force(store) is None:
        return ["nothing is paused; `agi-app campaign resume NAME` is about one campaign"]
    await pauses.change(store, False, reason, entered_by, clock.now())
    return ["calls are made again; campaigns that are paused or stopped by themselves stay so"]


async def _heard(store: Store) -> list[NodeRow]:
    """All workers, once those that live say that they hold, or had time to."""
    for _ in range(round(HEARD_WITHIN_S / LOOK_EVERY_S)):
        found = await nodes.all_nodes(store)
        if all(worker.holding is not None for worker in found if worker.alive):
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    return await nodes.all_nodes(store)


def _line(worker: NodeRow, now: dt.datetime) -> str:
    if worker.alive and worker.holding is not None:
        return f"  worker {worker.name} holds"
    if worker.alive:
        return f"  worker {worker.name} has not said yet that it holds; the database lets it make no call all the same"
    away = max(0, round((now - worker.seen_at).total_seconds()))
    return f"  worker {worker.name} is away (not heard of for {away} s): without the database it can make no call"
