"""The numbers that people call back: the calls that came in, and the stops that were said in them."""

from __future__ import annotations

import datetime as dt

from agi_app.authoring.suggestions import no_such
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling import inbound_calls
from agi_app.store.calling.inbound_calls import InboundCallFilter, LineCallRow, LineTotals

__all__ = ["MOST_LISTED", "LineCallRow", "LineTotals", "report"]
MOST_LISTED = 1000
ONE_DAY, USUAL = dt.timedelta(days=1), dt.timedelta(days=30)


@reads(Scope.PEOPLE_READ)
async def report(
    inst: Installation,
    line: str | None = None,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    last: int = 20,
) -> tuple[list[LineTotals], list[LineCallRow]]:
    """What came in from the first day to the last (UTC), by line; and the newest ``last`` calls.

    Without days it is the last thirty. Raises InputError for a line that the settings do not have, StoreError.
    """
    if line is not None and line not in inst.settings.lines:
        raise no_such("line", line, inst.settings.lines)
    today = inst.clock.now().astimezone(dt.UTC).date()
    span = InboundCallFilter(_begin(since or today - USUAL), _begin(until or today) + ONE_DAY, line)
    return await inbound_calls.totals(inst.store, span), await inbound_calls.calls(inst.store, span, last)


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, dt.UTC)
