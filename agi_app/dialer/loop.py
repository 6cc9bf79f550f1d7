"""The dialer's loop: for each running campaign claim as many contacts as may start soon, and start them.

    claim (facts → gate.decide inside) → pace → mark → gate.permit → originate.place → calls.Call.run → finish

It claims only for the next half second, so that a pause or a stop finds little to give back.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from agi_app import log
from agi_app.dialer.lines import Lines, Running
from agi_app.dialer.node import Node
from agi_app.dialer.pacing import take_all
from agi_app.dialer.place import Placer
from agi_app.errors import StoreError
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.model.call import CallResult
from agi_app.store import claims

HORIZON_S = 0.5  # how far ahead contacts are claimed
IDLE_S = 1.0  # pause after a look that found nothing due
BUSY_S = 0.1  # pause when every slot is taken, unless a call ends sooner
HOLD_S = 0.2  # pause while nobody may be dialled
BEGIN_S = 2.0  # a worker that does not dial by then says so as a warning
REFRESH_S = 1.0  # campaign rows are read at least this often
LEASE = dt.timedelta(seconds=30)
LOOK_AT = 64  # contacts examined at once while the gate refuses everybody

_log = log.get("dialer")


class Dialer:
    """Dials the running campaigns of one node until closed."""

    def __init__(
        self,
        node: Node,
        lines: Lines,
        placer: Placer,
        *,
        hold: Callable[[], str | None],
        nodes: Callable[[], int],
    ) -> None:
        """``hold`` says why nobody may be dialled now, or None; ``nodes`` how many workers share the rates."""
        self._node, self._lines, self._placer = node, lines, placer
        self._clock = node.clock
        self._hold, self._nodes = hold, nodes
        self._wake = asyncio.Event()
        self._short = False  # of slots, or of a probe's result: the end of a call is worth another look
        self._refresh_at = 0.0
        self._first = 0
        self._began = False
        self._patient_until = self._clock.monotonic() + BEGIN_S
        self._closing = False
        self.holding: str | None = "starting"

    def control_changed(self) -> None:
        """A campaign row changed: read them again now."""
        self._refresh_at = 0.0
        self._wake.set()

    def close(self) -> None:
        """Make no new call; ``run`` returns when the live ones have ended."""
        self._closing = True
        self._wake.set()

    def holding_reason(self) -> str | None:
        """Why this node dials nobody, or not everybody, now; for the status of campaigns."""
        return self.holding or "; ".join(self._lines.pauses(self._clock.monotonic())) or None

    @property
    def closing(self) -> bool:
        """No new call is made any more."""
        return self._closing

    async def run(self) -> None:
        """Dial until ``close``; a fault in one call never ends the others."""
        async with asyncio.TaskGroup() as group:
            while not self._closing:
                try:
                    pause = await self._round(group)
                except StoreError as error:
                    self._say_holding(f"the database does not answer: {error}")
                    pause = IDLE_S
                await self._sleep(pause)

    async def _round(self, group: asyncio.TaskGroup) -> float:
        reason = self._hold()
        self._say_holding(reason)
        if reason is not None:
            return HOLD_S
        now = self._clock.monotonic()
        if now >= self._refresh_at:
            await self._lines.refresh(self._nodes())
            self._refresh_at = now + REFRESH_S
        self._short = False
        running = list(self._lines.running.values())
        self._first = (self._first + 1) % max(1, len(running))  # campaigns that share a trunk take turns
        pauses = [await self._serve(r, group) for r in (*running[self._first :], *running[: self._first])]
        return min(pauses, default=IDLE_S)

    async def _serve(self, running: Running, group: asyncio.TaskGroup) -> float:
        now = self._clock.monotonic()
        if now < running.idle_until:
            return running.idle_until - now
        breaker = running.line.breaker
        free = breaker.room(now)
        if free == 0:
            self._short = True
            return IDLE_S
        room = min(p.room(now, HORIZON_S) for p in running.pacers)
        if room == 0:
            return max(p.ready_at(now) for p in running.pacers) - now - HORIZON_S / 2
        if free is not None:
            room = min(room, free)
        batch = await self._claim(running, room)
        for claim in batch.claims:
            breaker.started()
            start_at = take_all(running.pacers, self._clock.monotonic())
            call = group.create_task(self._placer.attempt(claim, running.line, start_at))
            call.add_done_callback(self._call_ended)
        running.only_refusals = batch.refused > 0 and not batch.claims
        if batch.no_slot and len(batch.claims) < room:
            self._short = True
            return BUSY_S
        if batch.nothing_due or batch.not_running:
            running.idle_until = now + IDLE_S
            return IDLE_S
        return 0.0 if batch.refused else HORIZON_S / 4

    async def _claim(self, running: Running, room: int) -> claims.ClaimBatch:
        line = running.line
        terms = claims.ClaimTerms(
            node=self._node.entityid,
            lease=LEASE,
            trunk_limit=line.trunk.concurrent,
            offset=self._clock.offset,
            clock_name=self._clock.name,
        )

        def judge(facts: Facts, now: dt.datetime) -> Decision:
            return decide(facts, line.campaign, line.trunk.sandbox, self._node.ruleset, now)

        probing = line.breaker.open_until is not None
        look_at = LOOK_AT if running.only_refusals and not probing else room
        return await claims.claim(self._node.store, line.campaign, room, terms, judge, look_at=look_at)

    async def _sleep(self, seconds: float) -> None:
        """Until something changes (a campaign row, closing, a slot while we are short) or the time is over."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def _call_ended(self, _: asyncio.Task[CallResult | None]) -> None:
        if self._short:
            self._wake.set()

    def _say_holding(self, reason: str | None) -> None:
        if reason != self.holding:
            if reason is None:
                _log.info("dialling")
                self._began = True
            elif self._began or self._clock.monotonic() > self._patient_until:
                _log.warning("nobody is dialled", reason=reason)
            else:  # a worker that begins has all this to look at first; nothing is wrong yet
                _log.info("not dialling yet", reason=reason)
        self.holding = reason
