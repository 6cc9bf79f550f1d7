"""Stops of people who cannot telephone: a link that they open, which is the same stop as every other."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt

from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.stop_links import StopLink, opened, sealed
from agi_app.errors import ConfigError, InputError, StoreError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.people.stops import StopAnswer, stop
from agi_app.store.people import stops as table
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk

METHOD = "link"  # how it was said
REASON = "said by a link"
ASK_KIND, ASK_VERB = "stop link", "stop"
MOST_DAYS = 366
StopLinkText = tuple[str, dt.datetime]  # and until when it is good


@noted(Scope.STOPS_ENTER, "stop-link", number="number")
async def make_stop_link(inst: Installation, number: str, days: int = 90) -> StopLinkText:
    """The text of a link that stops all calls to this number when it is opened. Raises InputError, ConfigError."""
    if not 1 <= days <= MOST_DAYS:
        raise InputError(t("a link is good for 1 to {most} days", most=MOST_DAYS))
    until = inst.clock.now() + dt.timedelta(days=days)
    return sealed(_key(inst), StopLink(inst.store.hash_number(number), until)), until


@reads(Scope.STOPS_ENTER)
async def good_until(inst: Installation, text: str) -> dt.datetime:
    """Until when a link is good, for the page that asks; changes nothing. InputError when we did not make it."""
    return opened(_key(inst), text, inst.clock.now()).until


@noted(Scope.STOPS_ENTER, "stop by link")
async def stop_by_link(inst: Installation, text: str) -> StopAnswer:
    """Take the stop of a link; again it changes nothing. Raises InputError when we did not make it, or it is too old.

    StoreError, SafetyError as every stop.
    """
    link = opened(_key(inst), text, inst.clock.now())
    if (number := await table.number_of(inst.store, link.number_hash)) is not None:
        return await stop(inst, number, REASON, method=METHOD)
    await asyncio.to_thread(inst.journal.append, link.number_hash, METHOD)
    try:
        await table.suppress(inst.store, [table.Suppression(link.number_hash, inst.clock.now(), table.BY_HAND, METHOD)])
    except StoreError as error:
        return StopAnswer(0, t("the stop is safe in the journal ({error})", error=error))
    return StopAnswer(0)


@reads(Scope.STOPS_ENTER)  # the ask is on record, and what a worker does with it
async def ask_stop_by_link(inst: Installation, text: str, address: str) -> int:
    """Hand a link to a worker, which has the key to it; returns the ask's id. Raises StoreError: it is not kept."""
    actor = dataclasses.replace(inst.actor, address=address)
    return await asks.add(inst.store, NewAsk(ASK_KIND, ASK_VERB, "", REASON, private={"link": text}), actor)


def _key(inst: Installation) -> SuppressionKey:
    if inst.key is None:
        raise ConfigError(t("this process has no key of the project: a worker's host does what needs it"))
    return inst.key
