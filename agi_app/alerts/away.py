"""Tells that the database is away, and that it is back: from the console's own process, which needs no row for it.

All other alerts are rows of the database, so they wait while it is away. Where it is agi-app's own, it ends with the
last process that uses it: a worker that is killed, or cannot start, leaves nobody else who could tell.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agi_app import log
from agi_app.alerts.watch import PAUSES_S, send
from agi_app.alerts.words import BEGAN, DATABASE_AWAY, ENDED
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.store.database import reach
from agi_app.store.service.alerts import AlertNotice

LOOK_S = 5.0
GIVEN_UP = dt.timedelta(days=1)  # after its end

_log = log.get("alerts")


@dataclass(slots=True)
class _Outage:
    began_at: dt.datetime  # real time, as all times here
    ended_at: dt.datetime | None = None
    told: set[tuple[str, str]] = field(default_factory=set)  # channel, phase
    tries: int = 0  # that failed
    again_at: float = 0.0  # monotonic

    def open(self, channels: tuple[str, ...]) -> list[tuple[str, str]]:
        """What is still to be told; that it ended, only where it was told that it began."""
        if self.ended_at is None:
            return [(channel, BEGAN) for channel in channels if (channel, BEGAN) not in self.told]
        began = [channel for channel in channels if (channel, BEGAN) in self.told]
        return [(channel, ENDED) for channel in began if (channel, ENDED) not in self.told]


class DatabaseWatch:
    """Of one console."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        answers: Callable[[], Awaitable[bool]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """``settings`` gives those that hold now; ``answers`` is asked instead of the database that they name."""
        self._settings, self._answers, self._clock = settings, answers or self._ask, clock or Clock()
        self._outages: list[_Outage] = []

    async def _ask(self) -> bool:
        return await reach.answers(await asyncio.to_thread(self._settings().console_database_url))

    async def run(self) -> None:
        """Look and tell until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - no fault of alerts may end the console
                _log.exception("a look for the database met a fault")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """See whether the database answers, and tell what is to be told."""
        answers, now = await self._answers(), self._clock.real_now()
        away = self._outages[-1] if self._outages and self._outages[-1].ended_at is None else None
        if answers and away is not None:
            away.ended_at = now
        elif not answers and away is None:
            self._outages.append(_Outage(now))
        for outage in [*self._outages]:
            if (outage.ended_at or now) - outage.began_at >= dt.timedelta(seconds=self._settings().alerts.away_s):
                await self._tell(outage)
        channels = self._settings().alerts.channels
        self._outages = [
            one
            for one in self._outages
            if one.ended_at is None or (one.open(channels) and now - one.ended_at < GIVEN_UP)
        ]

    async def _tell(self, outage: _Outage) -> None:
        settings = self._settings()
        if self._clock.monotonic() < outage.again_at:
            return
        for channel, phase in outage.open(settings.alerts.channels):
            end = outage.ended_at
            notice = AlertNotice(0, channel, phase, outage.tries + 1, 0, DATABASE_AWAY, "", {}, outage.began_at, end)
            if (fault := await send(settings, notice)) is None:
                outage.told.add((channel, phase))
                continue
            outage.again_at = self._clock.monotonic() + PAUSES_S[min(outage.tries, len(PAUSES_S) - 1)]
            outage.tries += 1
            _log.error("an alert could not be told", channel=channel, kind=DATABASE_AWAY, reason=fault)
