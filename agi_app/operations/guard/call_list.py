"""The calls that the guard screened, the newest first, a page at a time, and why; it shows nobody's number."""

from __future__ import annotations

import datetime as dt

from agi_app.guard.case import Action
from agi_app.guard.replay import unpack_decision
from agi_app.installation import Installation
from agi_app.messages import current, t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.model.lists import Page
from agi_app.operations.acting import reads
from agi_app.store.lists import records as table
from agi_app.store.lists.paging import PageOf
from agi_app.store.lists.records import ScreenedCallFilter, ScreenedCallItem
from agi_app.store.screening import guard_report
from agi_app.store.screening.guard_report import ActionTotal

__all__ = ["ActionTotal", "ScreenedCallItem", "screened_calls", "totals", "why"]


@reads(Scope.GUARD_READ)
async def screened_calls(
    inst: Installation,
    *,
    action: Action | None = None,
    called: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[ScreenedCallItem]:
    """What was done with each; ``called`` is one of our numbers. The span is rules time.

    A page ends with the cursor of the next one; ``limit`` is at most 1,000. Raises InputError for a wrong limit or
    cursor, StoreError.
    """
    return await table.screened_calls(
        inst.store, ScreenedCallFilter(action, called, since, until), PageOf(limit, after)
    )


@reads(Scope.GUARD_READ)
async def totals(inst: Installation, within: dt.timedelta) -> list[ActionTotal]:
    """What the guard did with the calls from that time before now on, the mildest action first. Raises StoreError."""
    order = [action.value for action in Action]
    found = await guard_report.totals(inst.store, inst.clock.now() - within)
    return sorted(found, key=lambda one: order.index(one.action))


def why(call: ScreenedCallItem) -> str:
    """What was found about the caller, in the current language, without any number; empty: nothing was judged."""
    if call.decision is None:
        return retold(call.unjudged) if call.unjudged else ""
    return t("; ").join(reason.told(current()) for reason in unpack_decision(call.decision).reasons)
