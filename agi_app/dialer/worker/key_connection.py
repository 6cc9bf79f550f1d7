"""Hears over the manager interface that a key goes down; ARI tells no more than its release.

To hang up with the opt-out key still down is a stop, and no release ever comes. So while this connection
does not live, nobody new is called; calls that go on go on, and their keys count when they are released.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agi_app import log
from agi_app.config.settings import Settings
from agi_app.dialer.worker.health import Health
from agi_app.errors import AgiAppError, AsteriskError
from agi_app.messages import t, template
from agi_app.pbx.ami.connection import Answer, connected

PING_S = 1.0  # between two questions whether it lives
FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 5.0
NOT_SET = template(
    "no [ami] in agi-app.toml, so the start of a key is not heard and a stop could be lost"
    " (docs/how-to/install-on-asterisk.md, step 2)"
)

_log = log.get("keys")


class KeyWatch:
    """One worker's ear for keys; ``health.keys`` says why it does not hear."""

    def __init__(self, settings: Settings, health: Health, began: Callable[[str, str], None]) -> None:
        """``began`` gets the channel id and the key; it may not wait."""
        self._settings, self._health, self._began = settings, health, began

    async def run(self) -> None:
        """Listen, and connect again after a loss, until cancelled."""
        if not self._settings.ami.username:
            self._health.keys = NOT_SET
            _log.error("nobody is called", reason=NOT_SET)
            return
        wait = FIRST_RETRY_S
        while True:
            try:
                await self._listen()
            except AgiAppError as error:
                if self._health.keys is None:
                    wait = FIRST_RETRY_S
                self._deaf(str(error))
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_RETRY_S)

    async def _listen(self) -> None:
        password = await asyncio.to_thread(self._settings.ami_password)  # may have been changed meanwhile
        async with connected(self._settings.ami, password, self._heard) as ami:
            while True:
                await ami.ask("Ping")
                if self._health.keys is not None:
                    _log.info("the start of keys is heard")
                self._health.keys = None
                if await ami.lost_within(PING_S):
                    raise AsteriskError(t("Asterisk closed the connection of the manager interface"))

    def _deaf(self, why: str) -> None:
        reason = t("the start of a key is not heard, so a stop could be lost: {why}", why=why)
        if self._health.keys != reason:
            _log.error("nobody is called", reason=reason)
        self._health.keys = reason

    def _heard(self, event: Answer) -> None:
        if event.get("Event") == "DTMFBegin" and event.get("Direction") == "Received":
            self._began(event.get("Uniqueid", ""), event.get("Digit", ""))
