"""The calls that are on now, with masked numbers, and the last hour's calls by minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.lists import open_calls as table
from agi_app.store.lists.open_calls import MinuteOfCalls, OpenCall, OpenOfNode

__all__ = ["MOST_SHOWN", "CallsNow", "MinuteOfCalls", "OpenCall", "OpenOfNode", "last_hour", "now"]
MOST_SHOWN = 200


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
