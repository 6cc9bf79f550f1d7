"""Looks for what is wrong, and tells it once when it begins and once when it ends, whatever happens to this process.

Every worker does this, and the console: a worker that is lost tells nobody. What is wrong is a row; the process that
writes it is the one that looked first, and a notice is sent by the one that takes its row. A process that dies while it
sends leaves the notice to the others, who send it again: rather twice than never.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

from agi_app import log
from agi_app.alerts import command, conditions, mail, words
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, StoreError
from agi_app.messages import speaking
from agi_app.store.database.pool import Store
from agi_app.store.service import alerts
from agi_app.store.service.alerts import AlertNotice, Condition

SELDOM_S = 3600.0  # between two looks for what is slow to change
LEASE = dt.timedelta(minutes=2)  # longer than any channel may take
PAUSES_S = (60.0, 300.0, 900.0, 3600.0)  # after the first, second … try that failed

_log = log.get("alerts")
Look = Callable[[], Awaitable[list[Condition]]]


class AlertWatch:
    """The alerts of one process."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Settings]) -> None:
        """``settings`` gives those that hold now."""
        self._store, self._clock, self._now = store, clock, settings
        self._failed = False

    async def run(self) -> None:
        """Look and tell until cancelled, while the settings name somebody."""
        while True:
            try:
                if self._now().alerts.channels:
                    await self.look()
                    await self.tell()
                self._failed = False
            except StoreError as error:
                if not self._failed:
                    _log.warning("alerts wait for the database", error=str(error))
                self._failed = True
            except Exception:  # noqa: BLE001 - no fault of alerts may end a worker
                _log.exception("a look for what is wrong met a fault")
            await asyncio.sleep(self._now().alerts.look_every_seconds)

    async def look(self) -> None:
        """Write what began and what ended, unless another process has just done it. Raises StoreError."""
        now, store, clock = self._now(), self._store, self._clock
        every_s = now.alerts.look_every_seconds
        await self._update("often", every_s, conditions.OFTEN, lambda: conditions.often(store, clock, now))
        await self._update("seldom", SELDOM_S, conditions.SELDOM, lambda: conditions.seldom(store, clock, now.alerts))

    async def _update(self, look: str, every_s: float, kinds: Sequence[str], find: Look) -> None:
        every = dt.timedelta(seconds=every_s * 0.9)
        if not await alerts.is_due(self._store, look, every):
            return
        changed = await alerts.update(self._store, look, every, kinds, await find(), self._now().alerts.channels)
        for one in changed:
            line = _log.warning if one.ended_at is None else _log.info
            line("alert" if one.ended_at is None else "an alert is over", kind=one.kind, subject=one.subject)

    async def tell(self) -> None:
        """Send the notices that are due. Raises StoreError."""
        while (notice := await alerts.take_notice(self._store, self._now().alerts.channels, LEASE)) is not None:
            if (fault := await self._try(notice)) is None:
                await alerts.sent(self._store, notice.notice_id)
                continue
            pause = dt.timedelta(seconds=PAUSES_S[min(notice.tries, len(PAUSES_S)) - 1])
            again = await alerts.not_sent(self._store, notice.notice_id, fault, pause)
            then = "it is tried again" if again else "it is given up"
            _log.error("an alert could not be told", channel=notice.channel, kind=notice.kind, reason=fault, then=then)

    async def _try(self, notice: AlertNotice) -> str | None:
        try:
            return await send(self._now(), notice)
        except Exception as error:  # noqa: BLE001 - the notice is tried again, and others go on
            _log.exception("a notice met a fault", channel=notice.channel, kind=notice.kind)
            return f"{type(error).__name__}: {error}"


async def send(settings: Settings, notice: AlertNotice) -> str | None:
    """Tell one notice by its channel, in the language of alerts; why that failed, None: it did not."""
    told, project = settings.alerts, settings.project
    with speaking(told.language):
        if notice.channel == "command":
            return await command.run(told.command, words.for_programs(notice, project), project)
        try:
            password = await asyncio.to_thread(settings.alert_mail_password)
        except ConfigError as error:
            return str(error)
        return await mail.send(told, password, words.subject_line(notice), words.text(notice, project))
