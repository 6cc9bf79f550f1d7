"""Reads one feed: when it is due or somebody asks for it, by one process at a time, and hands over what it read.

It judges nothing and imports nothing: a worker does. What is handed over has a key, so that a process which is killed
in between hands over the same again, and not a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.feed_definition import FeedDefinition, FeedState, RunFault
from agi_app.config.settings import Settings, load_settings
from agi_app.errors import AgiAppError, ConfigError, ExchangeError, StoreError
from agi_app.exchange.feed_definition import definition_of
from agi_app.exchange.feed_folder_source import FolderSource
from agi_app.exchange.feed_query import DatabaseSource
from agi_app.messages import speaking, t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.feeds import feeds, runs
from agi_app.store.feeds.feeds import StoredFeed
from agi_app.store.feeds.runs import WantedRun

BEAT_EVERY_S = 5.0
AGAIN_S = 60.0  # at the latest after a read that failed
_log = log.get("feeds")


class NotApproved(ConfigError):
    """The settings say something else of a feed than what was approved."""


class FeedSource(Protocol):
    """Where a feed reads. Faults are AgiAppErrors; StoreError is of our own database."""

    async def round(self, stored: StoredFeed, definition: FeedDefinition, *, due: bool) -> bool:
        """What there is to do unasked; whether the source was read."""

    async def serve(self, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun) -> None:
        """What somebody asked for."""


class FeedReader:
    """One feed, as one process of `agi-app exchange` reads it."""

    def __init__(self, project: Path, store: Store, clock: Clock, feed: str, reader: str) -> None:
        """``reader`` names the process."""
        self._project, self._store, self._clock = project, store, clock
        self._feed, self._reader = feed, reader
        self._lock: Connection | None = None
        self._sources: dict[str, FeedSource] = {}  # by what it is
        self._beat_at = self._due_at = -1e9  # monotonic
        self._said = ""

    @property
    def name(self) -> str:
        """A word for logs and for doctor."""
        return f"feed {self._feed}"

    async def once(self) -> bool:
        """One round; True: there may be more at once. May be cut off anywhere. Raises StoreError."""
        with speaking("en"):  # what is stored is told again when it is shown
            if await self._locked():
                await self._say_alive()
                await self._round()
        return False

    async def close(self) -> None:
        """Let another process read it."""
        if self._lock is not None:
            await self._lock.close()

    async def _locked(self) -> bool:
        """Whether this process is the one that reads it."""
        if self._lock is not None:
            if await feeds.still_locked(self._lock):
                return True
            await self._lock.close()
        self._lock = await feeds.reader_lock(self._store, self._feed)
        return self._lock is not None

    async def _say_alive(self) -> None:
        if self._clock.monotonic() - self._beat_at >= BEAT_EVERY_S:
            self._beat_at = self._clock.monotonic()
            await runs.looked(self._store, self._feed, self._reader)

    async def _round(self) -> None:
        if (stored := await feeds.feed(self._store, self._feed)) is None:
            return
        asked: Sequence[WantedRun] = await runs.wanted(self._store, self._feed)
        if not asked and stored.state != FeedState.STARTED:
            return
        try:
            settings = await asyncio.to_thread(load_settings, self._project)
            definition = await asyncio.to_thread(definition_of, settings, self._feed)
            source = self._source(settings, definition)
        except AgiAppError as error:
            for wanted in asked:
                await self._failed(None, error, wanted.run_id)
            if stored.state == FeedState.STARTED:
                await self._try_again(None, error, AGAIN_S)
            return
        for wanted in asked:
            await self._serve(source, stored, definition, wanted)
        if stored.state == FeedState.STARTED:
            await self._by_itself(source, stored, definition, float(settings.feeds[self._feed].every_s))

    def _source(self, settings: Settings, definition: FeedDefinition) -> FeedSource:
        if definition.source not in self._sources:
            feed = settings.feeds[self._feed]
            if feed.folder is not None:
                folder = settings.project / feed.folder
                self._sources = {
                    definition.source: FolderSource(self._store, self._clock, folder, feed.keep_days, self._reader)
                }
            else:
                self._sources = {definition.source: DatabaseSource(self._store, self._clock, settings, self._reader)}
        return self._sources[definition.source]

    async def _by_itself(
        self, source: FeedSource, stored: StoredFeed, definition: FeedDefinition, every: float
    ) -> None:
        now = self._clock.monotonic()
        try:
            self._must_be_approved(stored, definition)
            if await source.round(stored, definition, due=now >= self._due_at):
                self._due_at = now + every
                self._well()
        except StoreError:
            raise
        except AgiAppError as error:
            await self._try_again(definition, error, every)

    async def _try_again(self, definition: FeedDefinition | None, error: AgiAppError, every: float) -> None:
        """Note the fault, once for each time that it was due."""
        if (now := self._clock.monotonic()) >= self._due_at:
            self._due_at = now + min(every, AGAIN_S)
            await self._failed(definition, error, None)

    async def _serve(
        self, source: FeedSource, stored: StoredFeed, definition: FeedDefinition, wanted: WantedRun
    ) -> None:
        try:
            if wanted.what == "run":
                self._must_be_approved(stored, definition)
            await source.serve(stored, definition, wanted)
        except StoreError:
            raise
        except AgiAppError as error:
            await self._failed(definition, error, wanted.run_id)

    def _must_be_approved(self, stored: StoredFeed, definition: FeedDefinition) -> None:
        if stored.fingerprint != definition.fingerprint:
            told = "agi-app.toml or its query says something else than what was approved: `agi-app feed start {feed}`"
            raise NotApproved(t(told, feed=self._feed))

    async def _failed(self, definition: FeedDefinition | None, error: AgiAppError, for_run: int | None) -> None:
        why = str(RunFault.CHANGED if isinstance(error, NotApproved) else RunFault.SETTINGS)
        why = str(error.kind) if isinstance(error, ExchangeError) else why
        fingerprint = None if definition is None else definition.fingerprint
        told = {"why": why, "text": str(error)}
        await runs.failed(self._store, self._feed, fingerprint, told, self._reader, for_run)
        if for_run is None and self._said != str(error):
            self._said = str(error)
            _log.error("a feed cannot be read", feed=self._feed, error=str(error))

    def _well(self) -> None:
        if self._said:
            self._said = ""
            _log.info("a feed is read again", feed=self._feed)
