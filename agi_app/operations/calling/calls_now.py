"""The calls that are on now, with masked numbers, the last hour's calls by minute, and the end of one call.

Somebody says why a call is to end, and the worker that has it hangs up, in order. It is an ask with its answer, also on
the command line: the worker reads there who asked, and why, and keeps both in the call's result. The contact is not
called again for it, unless the flow or a later point says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.database.listen import tell_workers
from agi_app.store.lists import open_calls as table
from agi_app.store.lists.open_calls import MinuteOfCalls, OneCall, OpenCall, OpenOfNode
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk

__all__ = [
    "END",
    "KIND",
    "MOST_SHOWN",
    "CallsNow",
    "MinuteOfCalls",
    "OneCall",
    "OpenCall",
    "OpenOfNode",
    "ask_end",
    "end",
    "last_hour",
    "now",
    "one",
    "take_end",
]
MOST_SHOWN = 200
KIND, END = "call", "end"  # of the ask
COMMAND_LINE = "command line"  # in a worker's place: it answers itself
OVER_WITHIN_S, LOOK_EVERY_S = 3.0, 0.1


@dataclass(frozen=True, slots=True)
class CallsNow:
    """``calls`` are the longest of them, ``MOST_SHOWN`` at most; ``totals`` count all, by campaign and worker."""

    calls: Sequence[OpenCall]
    totals: Sequence[OpenOfNode]


@reads(Scope.PEOPLE_READ)
async def now(inst: Installation) -> CallsNow:
    """All campaigns' calls. Raises StoreError."""
    return CallsNow(await table.calls(inst.store, MOST_SHOWN), await table.totals(inst.store))


@reads(Scope.FIGURES_READ)
async def last_hour(inst: Installation) -> list[MinuteOfCalls]:
    """How many calls were begun in each minute, and how many of them were answered. Raises StoreError."""
    return await table.minutes(inst.store)


@reads(Scope.PEOPLE_READ)
async def one(inst: Installation, attempt: str) -> OneCall:
    """A call that is on, or over. Raises InputError when there is none, StoreError."""
    return await _one(inst, attempt)


@noted(Scope.CAMPAIGNS_PAUSE, "call end ask", "attempt")
async def ask_end(inst: Installation, attempt: str, *, reason: str) -> int:
    """Ask a worker to have it ended; returns the ask's id. Raises InputError for one that cannot be, StoreError."""
    await _may_end(inst, attempt, reason)
    return await asks.add(inst.store, NewAsk(KIND, END, attempt, reason.strip()), inst.actor)


@noted(Scope.CAMPAIGNS_PAUSE, "call end", "attempt")
async def end(inst: Installation, attempt: str, *, reason: str) -> OneCall:
    """Have it ended, and wait a little until it is. Raises InputError for one that cannot be, StoreError."""
    await _may_end(inst, attempt, reason)
    async with inst.store.as_one():
        number = await asks.add(inst.store, NewAsk(KIND, END, attempt, reason.strip()), inst.actor)
        await asks.take(inst.store, number)
        await _tell(inst, attempt)
        await asks.answer(inst.store, number, "done", {}, COMMAND_LINE)
    for _ in range(round(OVER_WITHIN_S / LOOK_EVERY_S)):
        if (found := await _one(inst, attempt)).stage == "ended":
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    return await _one(inst, attempt)


@noted(Scope.CAMPAIGNS_PAUSE, "call end", "attempt")
async def take_end(inst: Installation, attempt: str, *, reason: str) -> None:
    """The worker's part of an ask, in the transaction of who calls. Raises as ``ask_end``."""
    await _may_end(inst, attempt, reason)
    await _tell(inst, attempt)


async def _tell(inst: Installation, attempt: str) -> None:
    async with inst.store.transaction() as connection:
        await tell_workers(connection, {"call": attempt})


async def _one(inst: Installation, attempt: str) -> OneCall:
    if (found := await table.call(inst.store, attempt)) is None:
        raise NotThere(t("there is no call {call}; `agi-app calls now` lists those that are on", call=attempt))
    return found


async def _may_end(inst: Installation, attempt: str, reason: str) -> None:
    found = await _one(inst, attempt)
    if not reason.strip():
        raise InputError(t("say why, in the reason"))
    if found.stage == "ended":
        told = "this call is over already, since {at:%Y-%m-%d %H:%M:%S} UTC: {outcome}"
        raise InputError(t(told, at=found.ended_at, outcome=found.outcome))
    if found.stage == "claimed":
        raise InputError(t("this call is not dialled yet: pause the campaign, or cancel the contact"))
