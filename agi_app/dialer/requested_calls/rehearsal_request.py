"""Ask a running worker for a rehearsal, and follow it to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from agi_app.clock import Clock
from agi_app.consent.number_verification import a_worker_runs
from agi_app.errors import AsteriskError, InputError
from agi_app.model.call import Outcome
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.requested_calls import rehearsals
from agi_app.store.requested_calls.rehearsals import RehearsalScript, RehearsalStatus
from agi_app.store.requested_calls.requests import EXPIRED, REFUSED

AROUND = dt.timedelta(seconds=90)  # ringing, rendering, and every wait for Asterisk and the database

_WHAT_HAPPENED = {
    "no_answer": "nobody answered",
    "busy": "the line was busy",
    "rejected": "the call was declined",
    "invalid_number": "the network says that there is no such number",
    EXPIRED: "no worker took the request; does one that is running have this trunk in its settings?",
}
_THEIR_SIDE = frozenset({"no_answer", "busy", "rejected", "invalid_number"})


async def ask(
    store: Store, number: PhoneNumber, shown: str | None, trunk: str, script: RehearsalScript, entered_by: str
) -> int:
    """Ask the running workers; returns the request's id. Raises ConfigError when none is running."""
    if not entered_by.strip():
        raise InputError("--entered-by: say who rehearses")
    await a_worker_runs(store)
    return await rehearsals.request(store, number, shown, trunk, script, entered_by)


async def follow(
    store: Store, clock: Clock, rehearsal_id: int, max_call_s: float, show: Callable[[str], None]
) -> RehearsalStatus:
    """Show what happens while it does; returns an ended call that was answered.

    Raises InputError when it was refused or not answered, AsteriskError when our own side failed.
    """
    longest = AROUND + dt.timedelta(seconds=max_call_s)
    status = await rehearsals.REQUESTS.follow(store, clock, rehearsal_id, longest, show)
    await rehearsals.was_read(store, rehearsal_id)
    _judge(status)
    return status


def _judge(status: RehearsalStatus) -> None:
    result, note = status.result or "", status.note
    if result == REFUSED:
        raise InputError(f"not called: {note}")
    if result == Outcome.ANSWERED:
        if note:
            raise AsteriskError(f"the call was cut short: {note}")
        return
    what = _WHAT_HAPPENED.get(result, f"the call ended with {result}") + (f" ({note})" if note else "")
    raise InputError(what) if result in _THEIR_SIDE else AsteriskError(what)
