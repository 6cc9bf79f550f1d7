"""Settings that are read again while a process runs (SIGHUP): what holds at once, and what is refused.

A file with a fault changes nothing. The result is one line of the log, and in the status until it is corrected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.changed_settings import changed
from agi_app.clock import Clock
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.errors import AgiAppError
from agi_app.messages import t
from agi_app.service_manager import ServiceManager

Take = Callable[[Settings], Awaitable[Settings]]  # goes by them as far as it can, and returns those that hold now
_log = log.get("settings")


class SettingsAgain:
    """By which a process goes; ``take`` changes what it does, or raises AgiAppError and changes nothing."""

    def __init__(self, settings: Settings, take: Take, manager: ServiceManager, clock: Clock | None = None) -> None:
        self.settings = settings
        self._take, self._manager, self._clock = take, manager, clock or Clock()
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read them soon."""
        self._asked.set()

    async def run(self) -> None:
        """Read them each time that is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._manager.read_again(self._clock.monotonic())
            self._manager.has_read(await self.read())

    async def read(self) -> str:
        """Read them now; returns what an admin should know from now on."""
        try:
            new = await asyncio.to_thread(load_settings, self.settings.project)
            holds = await self._take(new)
        except AgiAppError as error:
            _log.error("the changed settings are refused; the old ones stay", error=str(error))
            return t("the changed {file} is refused: {error}", file=SETTINGS_FILE, error=error)
        taken, waiting = changed(self.settings, holds), changed(holds, new)
        self.settings = holds
        _log.info("the settings were read again", taken_over=taken, need_restart=waiting)
        named = ", ".join(waiting)
        return t("{file}: a restart is needed for {names}", file=SETTINGS_FILE, names=named) if waiting else ""
