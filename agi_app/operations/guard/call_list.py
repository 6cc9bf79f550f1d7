"""The calls that the guard screened, the newest first, a page at a time; it shows nobody's number."""

from __future__ import annotations

import datetime as dt

from agi_app.guard.case import Action
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.model.lists import Page
from agi_app.operations.acting import reads
from agi_app.store.lists import records as table
from agi_app.store.lists.paging import PageOf
from agi_app.store.lists.records import ScreenedCallFilter, ScreenedCallItem

__all__ = ["ScreenedCallItem", "screened_calls"]


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
