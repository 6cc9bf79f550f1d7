"""Sends the results of calls to one target: each at least once, those of one contact in their order.

What is claimed belongs to this process for LEASE; when it dies, another one, or its successor, sends it then. What was
sent and not noted is sent again, by the same key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import AgiAppError, ConfigError, ExchangeError
from agi_app.exchange.results_schedule import next_try, target_pause_s
from agi_app.exchange.results_senders import Sent, sender_of
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.exchange import results
from agi_app.store.exchange.results import SentResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LEASE = dt.timedelta(minutes=5)  # longer than a whole session with a database of others may last
AT_ONCE = 200
GIVE_UP_EVERY_S = 60.0
_log = log.get("exchange")


class ResultsWork:
    """One target of the settings."""

    def __init__(self, target: str, settings: Settings, store: Store, clock: Clock) -> None:
        self._target, self._store, self._clock = target, store, clock
        self._sender = sender_of(target, settings)
        self._alone = settings.results[target].kind == "folder"
        self._known = False  # to a worker
        self._fault: AgiAppError | None = None  # of the target, with how often in a row, and when it is tried again
        self._failures, self._again_at = 0, 0.0
        self._given_up_at = -GIVE_UP_EVERY_S

    @property
    def name(self) -> str:
        """For logs and for doctor."""
        return f"results.{self._target}"

    async def once(self) -> bool:
        """Send what is due; True: there may be more. Raises StoreError; ExchangeError, ConfigError: of the target."""
        await self._keep_house()
        if self._fault is not None and self._clock.monotonic() < self._again_at:
            raise self._fault
        await self._must_be_known()
        if self._fault is None and not await results.is_due(self._store, self._target, self._clock.real_now()):
            return False
        if not self._alone:
            return await self._send_some()
        if (lock := await results.writer_lock(self._store, self._target)) is None:
            return False  # another process writes its files
        try:
            return await self._send_some()
        finally:
            await lock.release()

    async def _send_some(self) -> bool:
        now = self._clock.real_now()
        until = now + LEASE
        rows = await results.claim(self._store, self._target, now, until, AT_ONCE)
        try:
            await self._send(rows, until)
        except (ExchangeError, ConfigError) as error:
            await self._target_failed(error)
            raise
        await self._target_did_well()
        return len(rows) == AT_ONCE

    async def _send(self, rows: Sequence[SentResult], until: dt.datetime) -> None:
        """Send them; what was not tried when this ends, however it does, is free for the next one."""
        waiting = {row.delivery_id: row for row in rows}
        sending = cast("AsyncGenerator[Sent]", self._sender.send(rows, self._clock.real_now()))
        try:
            async with aclosing(sending) as told:
                async for sent in told:
                    await self._keep(sent, waiting, until)
        except (ExchangeError, ConfigError):
            await results.released(self._store, list(waiting), until, self._clock.real_now())
            raise

    async def _keep(self, sent: Sent, waiting: dict[int, SentResult], until: dt.datetime) -> None:
        now = self._clock.real_now()
        if sent.fault is None:
            await results.delivered(self._store, sent.ids, until, now, sent.file)
        for number in sent.ids:
            row = waiting.pop(number)
            if sent.fault is not None:
                at = next_try(row.tries + 1, now, row.give_up_at)
                fault = (sent.fault.kind, str(sent.fault))
                await results.not_delivered(self._store, number, until, now, fault=fault, next_try_at=at)
                _log.warning("a result could not be sent", target=self._target, key=row.key, error=fault[1])

    async def _target_failed(self, error: AgiAppError) -> None:
        self._fault, self._failures = error, self._failures + 1
        self._again_at = self._clock.monotonic() + target_pause_s(self._failures)
        await results.failing(self._store, self._target, self._clock.real_now(), str(error))

    async def _target_did_well(self) -> None:
        self._fault, self._failures = None, 0
        await results.well(self._store, self._target)

    async def _keep_house(self) -> None:
        if self._clock.monotonic() - self._given_up_at < GIVE_UP_EVERY_S:
            return
        self._given_up_at = self._clock.monotonic()
        if number := await results.give_up(self._store, self._target, self._clock.real_now()):
            _log.error("results were given up", target=self._target, number=number)

    async def _must_be_known(self) -> None:
        if self._known:
            return
        if not await results.is_registered(self._store, self._target):
            told = "no worker knows [results.{target}] yet: restart `agi-app run`, with the same agi-app.toml"
            raise ConfigError(t(told, target=self._target))
        self._known = True
