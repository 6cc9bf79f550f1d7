"""Pauses everything, on all nodes, and tells what each worker has heard of it.

The audit records each pause and its end: the reason, and who entered it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.calling import nodes, pauses
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.calling.pauses import Pause
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk

ASK_KIND, ASK_VERB = "calling", "resume"
HEARD_WITHIN_S = 3.0  # a worker reads it at once, and says so within two seconds
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class WorkerPause:
    """What a worker has heard of the pause; ``away_s``: it is not alive, and was last heard of that long ago."""

    name: str
    heard: bool
    away_s: int | None


@reads(Scope.FIGURES_READ)
async def current(inst: Installation) -> Pause | None:
    """The pause that is in force; None: calls are made. Raises StoreError."""
    return await pauses.in_force(inst.store)


async def _in_force(inst: Installation, _: object) -> object:
    return await pauses.in_force(inst.store)


@noted(Scope.CAMPAIGNS_PAUSE, "pause everything", state=_in_force)
async def pause_all(inst: Installation, reason: str) -> Sequence[WorkerPause]:
    """No new call from here on, until the pause is ended; calls that are on go on. Raises StoreError."""
    began = inst.clock.real_now()
    await pauses.change(inst.store, True, reason, inst.actor.account, inst.clock.now())
    return [
        WorkerPause(
            worker.name,
            worker.alive and worker.waiting_reason is not None,
            None if worker.alive else max(0, round((began - worker.seen_at).total_seconds())),
        )
        for worker in await _heard(inst)
    ]


@noted(Scope.CAMPAIGNS_START, "resume everything", state=_in_force)
async def resume_all(inst: Installation, reason: str) -> bool:
    """End the pause; campaigns that were paused on their own stay so. False: nothing is paused. Raises StoreError."""
    if await pauses.in_force(inst.store) is None:
        return False
    await pauses.change(inst.store, False, reason, inst.actor.account, inst.clock.now())
    return True


@noted(Scope.CAMPAIGNS_PAUSE, "pause everything", state=_in_force)
async def pause_by_service(inst: Installation, reason: str) -> None:
    """The same with the rights of the service: in force when this returns, without a worker. Raises StoreError."""
    await pauses.pause_by_service(inst.store, reason, inst.actor.account, inst.clock.now())


@noted(Scope.CAMPAIGNS_START, "resume everything ask")
async def ask_resume(inst: Installation, reason: str) -> int:
    """Ask a worker to end the pause, for the token that is shown. Raises InputError when there is none, StoreError."""
    if await pauses.in_force(inst.store) is None:
        raise InputError(t("nothing is paused"))
    return await asks.add(inst.store, NewAsk(ASK_KIND, ASK_VERB, "", reason), inst.actor)


async def _heard(inst: Installation) -> list[NodeRow]:
    """All workers, once those that live say that they dial nobody, or had time to."""
    for _ in range(round(HEARD_WITHIN_S / LOOK_EVERY_S)):
        found = await nodes.all_nodes(inst.store)
        if all(worker.waiting_reason is not None for worker in found if worker.alive):
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    return await nodes.all_nodes(inst.store)
