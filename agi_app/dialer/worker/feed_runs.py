"""Takes what feeds have read: one run after another, each in one transaction with its import and its result.

A worker that dies in between has done nothing of it, and the next one takes the run. What is done with a run is
given as a function: the worker's own layers are below the operations that do it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.feed_definition import RunFault, RunState
from agi_app.errors import StoreError
from agi_app.event_loop import happens_within
from agi_app.store.database.listen import Listening, Notification
from agi_app.store.database.pool import Store
from agi_app.store.feeds import fed_contacts, runs
from agi_app.store.feeds.runs import RunOutcome, TakenRun

LOOK_EVERY_S = 2.0  # beside each notification
HOUSE_EVERY_S = 15.0  # which feeds are late
FORGET_EVERY_S = 3600.0
MOST_TRIES = 5  # of one run whose import the database does not take
SHOWN = ("rows", "added", "updated", "cancelled", "rejected", "why", "text")  # of what came of a run, in the log
_log = log.get("feeds")


Do = Callable[[TakenRun], Awaitable[RunOutcome]]  # by the store alone; a fault of the database is raised


class FeedRuns:
    """The runs that one node takes."""

    def __init__(self, store: Store, clock: Clock, node: str, do: Do) -> None:
        self._store, self._clock, self._node, self._do = store, clock, node, do
        self._wake = asyncio.Event()
        self._late = set[str]()
        self._failed: dict[int, int] = {}  # run -> how often the database did not take it
        self._done_at: dict[str, float] = {}

    async def run(self) -> None:
        """Take them until cancelled: at once with each notification, else a little later."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.take_all()
                await self._keep_house()
            except StoreError as error:
                _log.warning("could not look for runs of feeds", error=str(error))
            await happens_within(self._wake, LOOK_EVERY_S)

    async def take_all(self) -> None:
        """Take every run that waits and that no other worker is at. Raises StoreError."""
        after = 0
        while (found := await runs.look(self._store, after)) is not None:
            after = found
            try:
                await self._take(found)
            except StoreError as error:
                self._failed[found] = self._failed.get(found, 0) + 1
                _log.warning("a run of a feed was not taken; it is tried again", run=found, error=str(error))

    async def _take(self, run_id: int) -> None:
        async with self._store.as_one(limit=None):
            if (taken := await runs.take(self._store, run_id)) is None:
                return
            outcome = await self._outcome(taken)
            await runs.end(self._store, taken, outcome, self._node)
        self._failed.pop(run_id, None)
        shown = {name: outcome.told[name] for name in SHOWN if name in outcome.told}
        if outcome.state is RunState.DONE:
            _log.info("a run of a feed is done", feed=taken.feed, run=run_id, what=taken.what, **shown)
        else:
            if faults := outcome.told.get("faults"):
                first = faults[0]
                place = f"{taken.file or taken.feed}:{first['line']}:{first['column']}"
                shown |= {"rejected": outcome.told["rejected"], "first": f"{place}: {first['rule']} {first['text']}"}
            _log.error("a run of a feed is refused", feed=taken.feed, run=run_id, what=taken.what, **shown)

    async def _outcome(self, taken: TakenRun) -> RunOutcome:
        if self._failed.get(taken.run_id, 0) >= MOST_TRIES:
            return _refused(
                RunFault.DATABASE, "the database did not take it, again and again; the worker's log says why"
            )
        try:
            async with self._store.transaction():
                return await self._do(taken)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - no list may end a worker
            _log.exception("a run of a feed met a fault", run=taken.run_id, error=type(error).__name__)
            return _refused(RunFault.FAULT, "a fault of agi-app, which is in the worker's log")

    async def _keep_house(self) -> None:
        if self._is_due("house", HOUSE_EVERY_S):
            late = set(await runs.late(self._store, self._clock.now()))
            for name in sorted(late - self._late):
                _log.error("a feed had no good run for too long: its campaign calls nobody", feed=name)
            for name in sorted(self._late - late):
                _log.info("a feed is well again", feed=name)
            self._late = late
        if self._is_due("forget", FORGET_EVERY_S):
            await runs.expire(self._store)
            await fed_contacts.forget(self._store, self._clock.now())

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self._clock.monotonic()
        if now - self._done_at.get(what, -every_s) < every_s:
            return False
        self._done_at[what] = now
        return True

    async def _listen(self) -> None:
        async for heard in self._store.listen(runs.CHANNEL):
            if isinstance(heard, Listening | Notification):
                self._wake.set()


def _refused(why: RunFault, text: str) -> RunOutcome:
    return RunOutcome(RunState.REFUSED, {"why": why.value, "text": text})
