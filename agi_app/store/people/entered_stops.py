"""Stops that the service enters: it has no key for the suppression list, so a worker keeps what it entered.

A stop is durable once it is entered. A person who is known here is stopped by ``take_effect``, in a transaction after
that one, without a worker. A worker then keeps the keyed hash in its journal and the list, also of numbers that nobody
here has, and the row with the number is gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from agi_app.messages import t
from agi_app.model.campaign import Purpose
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import count, load_queries, rows
from agi_app.store.people import stops

Q = load_queries("people/entered_stops")
VIA = "console"


@dataclass(frozen=True, slots=True)
class NewStop:
    """What somebody enters about an E.164 number. ``purpose`` None: whatever they are called about."""

    number: str
    purpose: Purpose | None
    at: dt.datetime  # rules time, when the person said so
    reason: str
    entered_by: str
    method: str | None = None
    source: str | None = None
    evidence: str | None = None  # where it can be found


@dataclass(frozen=True, slots=True)
class _Waiting:
    entered_stop_id: int
    e164: str
    purpose: str | None
    at: dt.datetime
    reason: str
    method: str | None
    source: str | None
    evidence: str | None
    entered_by: str
    person_stopped: bool


async def enter(store: Store, stop: NewStop) -> int:
    """Keep a stop; returns its number once it is durable, or once the transaction is that it is a part of."""
    return await store.the_value(int, Q["enter"], asdict(stop), t("the stop was not stored: enter it again"))


async def enter_of(store: Store, person_id: int, at: dt.datetime, reason: str, entered_by: str) -> int | None:
    """Keep a stop of a person known by id; its number, or None when there is none, or theirs was erased."""
    values = {"person_id": person_id, "at": at, "reason": reason, "entered_by": entered_by}
    return await store.value(int, Q["enter_of"], values)


async def enter_refusal_of(store: Store, person_id: int, stop: NewStop) -> int | None:
    """The same of one purpose or all, with how it was said; the number of ``stop`` is not looked at."""
    return await store.value(int, Q["enter_refusal_of"], asdict(stop) | {"person_id": person_id})


async def take_effect(store: Store) -> int:
    """Stop every person here who has a number that was entered; returns how many. Not inside a transaction."""
    done = 0
    while await store.value(int, Q["take_effect"]) is not None:
        done += 1
    return done


async def keep(store: Store, journal: Callable[[str, str], Awaitable[None]]) -> int:
    """What a worker does with all of them: ``journal`` keeps a number's hash, and how it came. How many there were.

    Raises StoreError; what is not kept stays for the next time, or for another worker.
    """
    await take_effect(store)
    kept = 0
    while True:
        async with store.transaction() as connection:
            found = next(iter(await rows(connection, _Waiting, Q["next"])), None)
            if found is None:
                return kept
            if found.purpose is None:
                await journal(found.e164, VIA)
            await _into_list(store, found)
            kept += await count(connection, Q["kept"], {"entered_stop_id": found.entered_stop_id})


async def _into_list(store: Store, stop: _Waiting) -> None:
    """The whole stop where nobody was here to be stopped; else the entry of the list, which may be there already."""
    if stop.person_stopped:
        if stop.purpose is None:
            entry = stops.Suppression(store.hash_number(stop.e164), stop.at, stops.BY_HAND, VIA)
            await stops.suppress(store, [entry])
        return
    await stops.revoke(
        store,
        stop.e164,
        Purpose(stop.purpose) if stop.purpose else None,
        stop.at,
        reason=stop.reason,
        via=VIA,
        details=stops.Details(stop.method, stop.source, stop.evidence, entered_by=stop.entered_by),
    )
