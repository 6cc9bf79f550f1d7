"""Everything that answers the dialplan's questions, joined: the server, its hooks, what they keep and follow."""

from __future__ import annotations

import asyncio
from functools import partial

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, StoreError
from agi_app.monitoring.measures import Measures
from agi_app.pbx.agi.server import AgiServer, Hook
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.screening.call_follow_up import Follow
from agi_app.screening.challenge import challenged
from agi_app.screening.hooks import dialled, report, screen
from agi_app.screening.judge import Screening
from agi_app.screening.opening_words import Openings
from agi_app.store.database.pool import Store

LISTEN_AGAIN_S = 2.0  # an earlier worker may hold the port a moment longer
PURGE_EVERY_S = 3600.0

_log = log.get("guard")


class ScreeningService:
    """One worker's. Without a token in the settings nobody is answered, and ``run`` does nothing."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, measures: Measures | None = None) -> None:
        """``measures``: where its answers are counted and timed."""
        self._settings, self._clock = settings, clock
        self._measures = measures or Measures()
        self._server: AgiServer | None = None
        self._token = settings.agi_token()
        self.screening = Screening(store, clock, settings.guard)
        self.follow = Follow(clock, self.screening.ended)
        self._openings = Openings(store, clock, self.screening.records, settings.guard, settings.speech)

    @property
    def unanswered(self) -> int:
        """Questions of the dialplan, or of anybody who connects, that got no answer."""
        return 0 if self._server is None else sum(self._server.sent_away.values())

    def see(self, frame: Frame) -> None:
        """An event of the socket; others may need it, too."""
        self.follow.see(frame)
        self._openings.see(frame)

    async def run(self, ari: Ari, spool: RecordingSpool) -> None:
        """Answer until cancelled; what was decided is stored at the end."""
        if self._token is None:
            return
        await self.screening.remember()
        try:
            async with asyncio.TaskGroup() as group:
                listening = self._openings.run(spool, self._settings.project)
                for work in (self.screening.records.run(), self.follow.run(ari), self._purge(), listening):
                    group.create_task(work)
                await self._answer(self._token)
        finally:
            self.follow.lose_all()
            await self.screening.records.finish()

    async def _answer(self, token: str) -> None:
        hooks: dict[str, Hook] = {
            "screen": partial(screen, self.screening, self.follow, self._openings, self._measures),
            "challenged": partial(challenged, self.screening, self._openings),
            "report": partial(report, self.screening),
            "dialled": partial(dialled, self.screening),
        }
        server = self._server = AgiServer(self._settings.agi, token, hooks, self._clock)
        while True:
            try:
                await server.run()
            except ConfigError as error:  # calls go out and come in all the same
                _log.error("calls that come in are not screened", reason=str(error))
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _purge(self) -> None:
        while True:
            try:
                if gone := await self.screening.purge():
                    _log.info("removed calls that were kept long enough", rows=gone)
            except StoreError as error:
                _log.warning("old calls are not removed", reason=str(error))
            await asyncio.sleep(PURGE_EVERY_S)
