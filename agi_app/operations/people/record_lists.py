"""Lists of complaints, stops and withdrawals, the newest first, a page at a time; they show no number.

A page ends with the cursor of the next one; ``limit`` is at most 1,000. All raise InputError for a wrong limit, cursor
or filter, and StoreError.
"""

from __future__ import annotations

import datetime as dt

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.model.lists import Page
from agi_app.operations.acting import reads
from agi_app.operations.people.complaints import CaseState
from agi_app.store.lists import records as table
from agi_app.store.lists.paging import PageOf
from agi_app.store.lists.records import (
    ComplaintFilter,
    ComplaintItem,
    StopFilter,
    StopItem,
    WithdrawalFilter,
    WithdrawalItem,
)
from agi_app.store.people.complaints import OURS, RECEIVED

__all__ = ["ComplaintItem", "StopItem", "WithdrawalItem", "complaints", "stops", "withdrawals"]
KINDS = (OURS, RECEIVED)


@reads(Scope.COMPLAINTS_READ)
async def complaints(
    inst: Installation,
    *,
    kind: str | None = None,
    state: CaseState | None = None,
    campaign: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[ComplaintItem]:
    """The cases, without their words; ``kind``: ours or received."""
    if kind is not None and kind not in KINDS:
        raise InputError(t("`kind`: {kinds}, not {kind!r}", kinds=" / ".join(KINDS), kind=kind))
    return await table.complaints(inst.store, ComplaintFilter(kind, state, campaign), PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def stops(
    inst: Installation,
    *,
    via: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[StopItem]:
    """Numbers that are never called again; ``via``: how it was said. The span is real time."""
    return await table.stops(inst.store, StopFilter(via, since, until), PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def withdrawals(
    inst: Installation,
    *,
    via: str | None = None,
    purpose: Purpose | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[WithdrawalItem]:
    """Refusals of persons whom we know, with their purpose. The span is real time."""
    return await table.withdrawals(inst.store, WithdrawalFilter(via, purpose, since, until), PageOf(limit, after))
