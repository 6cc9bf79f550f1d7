"""What `agi-app doctor` says of feeds."""

from __future__ import annotations

import asyncio
import json

from agi_app.clock import Clock
from agi_app.config.feed_definition import FEED_IS, FeedState, RunState
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, InputError
from agi_app.exchange.feed_definition import definition_of
from agi_app.exchange.feed_words import why_not
from agi_app.messages import t, template
from agi_app.model.finding import Finding
from agi_app.store.database.pool import Store
from agi_app.store.feeds import feeds, runs
from agi_app.store.feeds.feeds import StoredFeed

BAD = (RunState.REFUSED, RunState.FAILED)


async def look(store: Store, settings: Settings, clock: Clock) -> list[Finding]:
    """One line for each feed that was started and has not ended, and a note for each of the settings that never was."""
    now, stored = clock.now(), await feeds.feeds(store)
    in_use = [one for one in stored if one.state in (FeedState.STARTED, FeedState.PAUSED)]
    begun = {one.name for one in stored if one.state != FeedState.NEW}
    found = [await _of(store, settings, one, late=one.is_late(now)) for one in in_use]
    return [*found, *[await _never_started(store, name) for name in sorted(settings.feeds) if name not in begun]]


async def _never_started(store: Store, name: str) -> Finding:
    """A note: nothing is wrong, and somebody may wait for what the feed is to bring."""
    newest = await feeds.newest(store, name)
    told = template("note: it was never started, so it brings nothing: `agi-app feed start {name}`")
    if newest is not None and newest.approved_by is None:
        told = template("note: it brings nothing until a second person approves it: `agi-app feed approve {name}`")
    return Finding(f"feed {name}", t(told, name=name))


async def _of(store: Store, settings: Settings, one: StoredFeed, *, late: bool) -> Finding:
    name, mend = f"feed {one.name}", f"agi-app feed status {one.name}"
    try:
        await asyncio.to_thread(definition_of, settings, one.name)
    except (ConfigError, InputError) as error:
        return Finding(name, t("its settings cannot be used: {fault}", fault=error), mend)
    newest = await runs.newest(store, one.name, 1, what="run")
    if late:
        return Finding(
            name, t("had no good run for too long: campaign {campaign} calls nobody", campaign=one.campaign), mend
        )
    if one.state == FeedState.STARTED and not one.is_read:
        return Finding(name, t("no process reads it"), t("start `agi-app exchange`"))
    if newest and newest[0].state in BAD:
        return Finding(name, t("the last run: {text}", text=why_not(json.loads(newest[0].result or "{}"))), mend)
    if newest and json.loads(newest[0].result or "{}").get("shrinking"):
        return Finding(name, t("it shrinks: look whether its query still brings everybody"), mend)
    return Finding(name, t(FEED_IS[FeedState(one.state)]))
