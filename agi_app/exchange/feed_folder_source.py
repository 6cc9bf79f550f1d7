"""Reads a feed's folder: the newest whole file is handed over, and goes where it belongs with the result."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

from agi_app.clock import Clock
from agi_app.config.feed_definition import FeedDefinition, FeedKind, RunFault, RunState
from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.feed_folder import FeedFolder, TakenFile, content_of
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.feeds import feeds, runs
from agi_app.store.feeds.feeds import StoredFeed
from agi_app.store.feeds.runs import FeedRun, ReadFeed, WantedRun

FORGET_EVERY_S = 60.0
AS_IT_WAS = (RunFault.DROPPED, RunFault.EXPIRED)  # a run that ended so says nothing of its file


class FolderSource:
    """The folder of a feed."""

    def __init__(self, store: Store, clock: Clock, folder: Path, keep_days: int, reader: str) -> None:
        self._store, self._clock, self._reader = store, clock, reader
        self._folder, self._keep = FeedFolder(folder), dt.timedelta(days=keep_days)
        self._ready = False
        self._forget_at = -1e9  # monotonic

    async def round(self, stored: StoredFeed, definition: FeedDefinition, *, due: bool) -> bool:
        """Go on with the file that is taken, else take one. Raises ExchangeError, StoreError."""
        await self._prepare(stored)
        taken = await asyncio.to_thread(self._folder.taken)
        if taken is None:
            files = await asyncio.to_thread(self._folder.whole, self._now())
            if not files:
                return due
            wanted = files[-1] if definition.kind is FeedKind.CONTACTS else files[0]
            taken = await asyncio.to_thread(self._folder.take, wanted)
        await self._go_on(taken, stored, definition, None)
        return True

    async def serve(self, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun) -> None:
        """The newest file now; the one that was refused last when no other is there. Raises as ``round``."""
        await self._prepare(stored)
        if wanted.what == "run" and await asyncio.to_thread(self._folder.taken) is not None:
            return  # after the one that is under way
        files = await asyncio.to_thread(self._folder.whole, self._now())
        if not files and self._folder.came:
            return  # once it is whole
        path = files[-1] if files else await asyncio.to_thread(self._folder.newest_refused)
        if path is None:
            raise await self._no_file(stored.name)
        if wanted.what == "run":
            taken = await asyncio.to_thread(self._folder.take, path)
            await self._go_on(taken, stored, definition, wanted)
            return
        looked_at = await asyncio.to_thread(self._folder.look_at, path)
        await runs.hand_over(self._store, await self._read(looked_at, stored, definition, wanted), self._reader)

    async def _no_file(self, feed: str) -> ExchangeError:
        text = t("there is no file in the folder")
        if (name := await asyncio.to_thread(self._folder.newest_taken)) is not None:
            told = "there is no new file in the folder: {file} was taken already, and `agi-app feed log {feed}` has it"
            text = t(told, file=name, feed=feed)
        return ExchangeError(text, ExchangeFault.FOLDER, placed=True)

    def _now(self) -> float:
        return self._clock.real_now().timestamp()

    async def _prepare(self, stored: StoredFeed) -> None:
        if not self._ready:
            await asyncio.to_thread(self._folder.prepare)
            self._ready = True
        if self._clock.monotonic() - self._forget_at >= FORGET_EVERY_S:
            self._forget_at = self._clock.monotonic()
            erased = await feeds.erased_at(self._store)
            before = self._now() - self._keep.total_seconds()
            await asyncio.to_thread(self._folder.forget, max(before, erased.timestamp() if erased else before))

    async def _go_on(
        self, taken: TakenFile, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun | None
    ) -> None:
        """Hand a taken file over, or put it where it belongs when its run is over."""
        run = await runs.by_key(self._store, taken.key)
        if run is not None and not run.is_over:
            return
        result: dict[str, Any] = {} if run is None else json.loads(run.result or "{}")
        if run is not None and result.get("why") in AS_IT_WAS:
            await asyncio.to_thread(self._folder.take, taken.path)  # another run
            return
        if run is not None:
            await self._finish(taken, run, result, definition)
            return
        try:
            read = await self._read(taken, stored, definition, wanted)
        except ExchangeError as error:
            await self._set_aside(taken, definition, refused=True)
            why = {"why": str(error.kind), "text": str(error)}
            if wanted is None:  # else who asked is told
                await self._failed(definition, why)
            told = {"feed": stored.name, "state": RunState.REFUSED.value, **why}
            await asyncio.to_thread(self._folder.finish, taken, told, done=False)
            if wanted is not None:
                raise
            return
        made = await runs.hand_over(self._store, read, self._reader)
        if made is None and not await runs.waits(self._store, stored.name):
            await self._refuse_older(taken, definition, wanted)

    async def _read(
        self, taken: TakenFile, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun | None
    ) -> ReadFeed:
        real = self._now()
        if definition.kind is FeedKind.CONTACTS and not taken.age_known_at(real):
            told = (
                "{file}: says that it was written at {at} UTC, after it had come: how old it is nobody knows; set the"
                " clock of the system that writes it, and write it again"
            )
            at = dt.datetime.fromtimestamp(taken.written_at, dt.UTC)
            raise ExchangeError(t(told, file=taken.name, at=f"{at:%Y-%m-%d %H:%M}"), ExchangeFault.FOLDER, placed=True)
        content = await asyncio.to_thread(content_of, taken.path)
        now = self._clock.now()
        written = dt.datetime.fromtimestamp(taken.facts_at, dt.UTC) + self._clock.offset
        return ReadFeed(
            feed=stored.name,
            key=taken.key,
            fingerprint=definition.fingerprint,
            as_of=min(now, written) if definition.kind is FeedKind.CONTACTS else now,
            content=content,
            file=taken.name,
            for_run=None if wanted is None else wanted.run_id,
        )

    async def _finish(self, taken: TakenFile, run: FeedRun, result: dict[str, Any], definition: FeedDefinition) -> None:
        await self._set_aside(taken, definition, refused=run.state != RunState.DONE)
        told = {"feed": run.feed, "run": run.run_id, "file": taken.name, "state": run.state}
        told |= {"as_of": None if run.as_of is None else run.as_of.isoformat(), **result}
        await asyncio.to_thread(self._folder.finish, taken, told, done=run.state == RunState.DONE)

    async def _set_aside(self, newest: TakenFile, definition: FeedDefinition, *, refused: bool) -> None:
        """The whole lists of which there is a newer one; when that is refused, nobody knows whether they still hold."""
        if definition.kind is not FeedKind.CONTACTS:
            return  # each of them counts
        older = await asyncio.to_thread(self._folder.older_than, newest)
        why: dict[str, str] = {}
        if refused and older:
            told = "not imported, since {newest}, which is newer, is refused: {older} ({count} older in all)"
            text = t(told, newest=newest.name, older=older[-1].name, count=len(older))
            why = {"why": RunFault.OLDER.value, "text": text}
            await self._failed(definition, why)
        for one in older:
            result = {"file": one.name, "state": "superseded", "by": newest.name, **why}
            await asyncio.to_thread(self._folder.finish, one, result, done=not refused)

    async def _refuse_older(self, taken: TakenFile, definition: FeedDefinition, wanted: WantedRun | None) -> None:
        """A file that came after a newer one was read; it is an alert unless that one is imported."""
        text = t("{older} is not imported: a newer one was read already", older=taken.name)
        why = {"why": RunFault.OLDER.value, "text": text}
        last = await runs.newest(self._store, definition.name, 1, what="run")
        if wanted is None and last and last[0].state != RunState.DONE:
            await self._failed(definition, why)
        told = {"feed": definition.name, "state": RunState.REFUSED.value, **why}
        await asyncio.to_thread(self._folder.finish, taken, told, done=False)
        if wanted is not None:
            raise ExchangeError(text, ExchangeFault.OLDER, placed=True)

    async def _failed(self, definition: FeedDefinition, why: dict[str, str]) -> None:
        await runs.failed(self._store, definition.name, definition.fingerprint, why, self._reader)
