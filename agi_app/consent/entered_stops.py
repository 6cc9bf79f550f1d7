"""Stops that people of the operator enter: one number, a list, or one purpose of a person.

A stop for ever goes through the same journal as key 9 in a call: on disk first, then the database.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.project_identity import key_of
from agi_app.errors import StoreError
from agi_app.model.campaign import Purpose
from agi_app.store.database.pool import Store
from agi_app.store.people import stops

VIA = "command line"
VIA_LIST = "stop list"


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """What a stop met. ``waiting`` is set when it is safe on disk but not yet in the database."""

    ended: int  # attempts cancelled or calls being ended
    waiting: str | None = None


async def stop_number(
    store: Store,
    journal: Journal,
    clock: Clock,
    number: str,
    reason: str,
    details: stops.Details = stops.NO_DETAILS,
    said_at: dt.datetime | None = None,
) -> StopAnswer:
    """Never call this E.164 number again; returns once the stop is on disk, and in the database if it answers.

    ``said_at`` (rules time) is when the person said it; None: now.
    """
    await asyncio.to_thread(journal.append, store.hash_number(number), VIA)
    try:
        met = await stops.revoke(store, number, None, said_at or clock.now(), reason=reason, via=VIA, details=details)
    except StoreError as error:
        return StopAnswer(0, f"the stop is safe in the journal; it reaches the database when it is back ({error})")
    return StopAnswer(len(met.cancelled) + len(met.dialling))


async def withdraw(
    store: Store,
    clock: Clock,
    number: str,
    purpose: Purpose,
    reason: str,
    details: stops.Details = stops.NO_DETAILS,
    said_at: dt.datetime | None = None,
) -> StopAnswer:
    """Withdraw the consent for one purpose; other purposes stay as they are. Raises StoreError."""
    met = await stops.revoke(store, number, purpose, said_at or clock.now(), reason=reason, via=VIA, details=details)
    return StopAnswer(len(met.cancelled) + len(met.dialling))


async def stop_list(store: Store, journal: Journal, clock: Clock, numbers: Sequence[str]) -> int:
    """Suppress a whole list of E.164 numbers; returns how many were new. Raises StoreError, SafetyError."""
    hashes = [store.hash_number(number) for number in numbers]
    await asyncio.to_thread(journal.append_all, hashes, VIA_LIST)
    now = clock.now()
    return await stops.suppress(
        store, [stops.Suppression(h, now, "on an imported stop list", VIA_LIST) for h in hashes]
    )


def stops_without_database(settings: Settings, clock: Clock, numbers: Sequence[str], via: str) -> None:
    """Keep stops of E.164 numbers in the journal alone; a worker stores them when the database is back. Blocks.

    Returns once they are on disk. Raises SafetyError when they are not.
    """
    key = key_of(settings)
    Journal(settings.data, clock).append_all([key.hash_number(number) for number in numbers], via)
