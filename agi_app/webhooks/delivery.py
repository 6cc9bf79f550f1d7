"""Delivers events until told to end: each at least once, stops first, no endpoint in the way of another.

What is claimed belongs to this process for LEASE; when it dies, another one, or its successor, tries again then.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Callable

from agi_app import log
from agi_app.clock import Clock
from agi_app.errors import StoreError
from agi_app.event_loop import happens_within
from agi_app.model.webhook_events import DISABLED
from agi_app.store.database.pool import Store
from agi_app.store.webhooks import deliveries, endpoints, notices
from agi_app.store.webhooks.deliveries import DueDelivery, EnabledEndpoint, Places, TryRecord
from agi_app.webhooks import payload, schedule, signature
from agi_app.webhooks.post import TIMEOUT_S, PostAnswer, Poster

LEASE = dt.timedelta(seconds=2 * TIMEOUT_S)
PLACES, URGENT_PLACES = 8, 4  # tries at once to one endpoint
LOOK_EVERY_S, ROUND_S = 0.4, 0.05  # the longest and the shortest pause between rounds
AFTER_A_FAULT_S = 2.0
BEAT_EVERY_S, NOTICE_EVERY_S, SLOW_EVERY_S, PURGE_EVERY_S = 5.0, 15.0, 6 * 3600.0, 3600.0

_log = log.get("webhooks")


class Deliverer:
    """One process's deliveries; ``lot`` gives random numbers of 0 to 1."""

    def __init__(
        self,
        store: Store,
        poster: Poster,
        clock: Clock,
        *,
        sender: str,
        keep_days: int,
        lot: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._poster, self._clock = store, poster, clock
        self._sender, self._keep_days, self._lot = sender, keep_days, lot
        self._on_way = Counter[tuple[int, bool]]()  # endpoint, urgent -> tries that go on
        self._again = asyncio.Event()  # a place has become free
        self._done_at: dict[str, float] = {}

    async def run(self, told: asyncio.Event) -> None:
        """Deliver until ``told`` is set, then end the tries that go on; a database that is away is waited for."""
        failed = False
        async with asyncio.TaskGroup() as group:
            while not told.is_set():
                self._again.clear()
                try:
                    busy = await self.once(group)
                    failed = False
                except StoreError as error:
                    if not failed:
                        _log.error("events are not delivered", error=str(error))
                    failed, busy = True, False
                if not busy:
                    await asyncio.sleep(ROUND_S)
                    await happens_within(self._again, AFTER_A_FAULT_S if failed else LOOK_EVERY_S)
        await self._sign_off()

    async def once(self, group: asyncio.TaskGroup) -> bool:
        """One round: housekeeping, new events, tries that are due. True: there may be more at once."""
        await self._keep_house()
        now = self._clock.real_now()
        spread = await deliveries.spread(self._store, now)
        free = [places for one in await deliveries.enabled(self._store) if (places := self._free(one)) is not None]
        if not free:
            return spread == deliveries.SPREAD_AT_ONCE
        until = now + LEASE
        claimed = await deliveries.claim(self._store, free, now, until)
        for due in claimed:
            self._on_way[due.endpoint_id, due.urgent] += 1
            group.create_task(self._deliver(due, until))
        return spread == deliveries.SPREAD_AT_ONCE

    def _free(self, one: EnabledEndpoint) -> Places | None:
        """A receiver that fails is asked by few at once, so that it holds no threads, sockets and memory up."""
        most, urgent = (1, 1) if one.failing else (PLACES, URGENT_PLACES)
        places = max(0, most - self._on_way[one.endpoint_id, False])
        urgent_places = max(0, urgent - self._on_way[one.endpoint_id, True])
        return Places(one.endpoint_id, places, urgent_places) if places or urgent_places else None

    async def _deliver(self, due: DueDelivery, until: dt.datetime) -> None:
        try:
            at = self._clock.real_now()
            await self._keep(due, until, at, await self._try(due, at))
        except StoreError as error:
            _log.error("a try was not recorded; it is made again", event_id=due.event, error=str(error))
        finally:
            self._on_way[due.endpoint_id, due.urgent] -= 1
            self._again.set()

    async def _try(self, due: DueDelivery, at: dt.datetime) -> PostAnswer:
        try:
            answers = json.loads(due.answers) if due.answers else None
            body = payload.body(due.type, due.recorded_at, json.loads(due.data), due.entry, due.leaf, answers)
            signed = signature.headers(due.event, int(at.timestamp()), body, due.secrets)
            return await self._poster.post(due.url, body, signed)
        except Exception as error:  # noqa: BLE001 - one event must not stop all others, again and again
            _log.exception("a webhook could not be sent", event_id=due.event)
            return PostAnswer(None, 0.0, f"a fault in agi-app: {type(error).__name__}")

    async def _keep(self, due: DueDelivery, until: dt.datetime, at: dt.datetime, answer: PostAnswer) -> None:
        well, now = schedule.did_well(answer.status), self._clock.real_now()
        text = "" if due.with_values and answer.status is not None else answer.text  # it may repeat what was sent
        state, next_try = ("delivered", None) if well else self._next(due, answer, now)
        record = TryRecord(state, at, answer.seconds, answer.status, text, next_try)
        await deliveries.keep(self._store, due.delivery_id, until, record)
        if well:
            await endpoints.well_again(self._store, due.endpoint_id, now, now + LEASE)
        else:
            await self._failed(due, answer, now)

    def _next(self, due: DueDelivery, answer: PostAnswer, now: dt.datetime) -> tuple[str, dt.datetime | None]:
        """The delivery's state after a try that failed. A stop waits as long as it takes."""
        asked = schedule.retry_after_s(answer.retry_after, now)
        pause = schedule.pause_s(due.tries + 1, self._lot(), asked)
        if pause is None and due.urgent:
            pause = schedule.longest_pause_s(self._lot())
        return ("failed", None) if pause is None else ("waiting", now + dt.timedelta(seconds=pause))

    async def _failed(self, due: DueDelivery, answer: PostAnswer, now: dt.datetime) -> None:
        since = await endpoints.failing(self._store, due.endpoint_id, now)
        gone = answer.status == schedule.GONE
        if not gone and (since is None or now - since < schedule.GIVEN_UP_AFTER):
            return
        if await endpoints.disable(self._store, due.endpoint_id, "gone" if gone else "failed"):
            why = "it answered 410" if gone else "every try of three days failed"
            _log.error("an endpoint of webhooks is disabled", endpoint=due.endpoint_id, why=why)
            await deliveries.tell(
                self._store, DISABLED, {"endpoint": due.endpoint_id, "why": "gone" if gone else "failed"}
            )

    async def _keep_house(self) -> None:
        rules_now = self._clock.now()
        if self._is_due("beat", BEAT_EVERY_S):
            await endpoints.beat(self._store, self._sender)
        if self._is_due("notices", NOTICE_EVERY_S):
            await notices.look(self._store, rules_now, notices.QUICK)
        if self._is_due("slow notices", SLOW_EVERY_S):
            await notices.look(self._store, rules_now, notices.SLOW)
        if self._is_due("purge", PURGE_EVERY_S):
            await deliveries.purge(self._store, self._keep_days)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self._clock.monotonic()
        if now - self._done_at.get(what, -every_s) < every_s:
            return False
        self._done_at[what] = now
        return True

    async def _sign_off(self) -> None:
        try:
            await endpoints.sign_off(self._store, self._sender)
        except StoreError as error:
            _log.warning("the end was not noted", error=str(error))
