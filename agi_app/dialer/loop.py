"""The dialer's loop: for each running campaign claim as many contacts as may start soon, and start them.

    claim (facts → gate.decide inside) → pace → mark → gate.permit → originate.place → calls.Call.run → finish

It claims for less than the next second, so that a pause or a stop finds little to give back. Where campaigns compete
for a trunk, or trunks for this Asterisk, they take turns by their priorities.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from agi_app import log
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.calls_for_agents import REST_S, agent_terms, calls_for_all, stop_abandoning, waits_for_agents
from agi_app.dialer.fair_queue import DialTurns
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator
from agi_app.dialer.pacing import Turn
from agi_app.dialer.running_campaigns import Running, RunningCampaigns, gate_of, names_of, terms_of
from agi_app.dialer.waiting_reasons import FULL_GROUPS, NO_PLACE, NOBODY, OLD_FACTS, no_port, waiting_reason_of
from agi_app.errors import StoreError
from agi_app.event_loop import happens_within
from agi_app.messages import t
from agi_app.model.call import CallResult
from agi_app.model.waiting_reason import WaitingReason
from agi_app.store.calling import claims
from agi_app.store.calling.gateway_ports import GatewayPorts

HORIZON_S = 0.8  # how far ahead contacts are claimed: a flush of the disk that takes so long costs no call
IDLE_S = 1.0  # pause after a look that found nothing due
BUSY_S = 0.1  # pause when every slot is taken, unless a call ends sooner
HOLD_S = 0.2  # pause while nobody may be dialled
BEGIN_S = 2.0  # a worker that does not dial by then says so as a warning
REFRESH_S = 1.0  # campaign rows and shares of the rates are read at least this often
LEASE = dt.timedelta(seconds=30)
LOOK_AT = 64  # contacts examined at once while the gate refuses everybody
TURN = 10  # calls of one turn while others wait: fewer would be fairer and cost the database more

_log = log.get("dialer")


class Dialer:
    """Dials the running campaigns of one node until closed."""

    def __init__(
        self,
        node: Node,
        lines: RunningCampaigns,
        originator: Originator,
        *,
        agents: AgentWatch,
        waiting_reason: Callable[[], str | None],
        concurrent: int | None = None,
    ) -> None:
        """``waiting_reason`` says why nobody may be dialled now; ``concurrent`` is this Asterisk's own limit."""
        self._node, self.lines, self._originator, self.agents = node, lines, originator, agents
        agents.when_changed = self._agents_changed
        self._clock = node.clock
        self._waiting_reason, self.concurrent = waiting_reason, concurrent
        self.open_calls = 0  # calls that were claimed and have not ended
        self.open_on: Counter[str] = Counter()  # of them, by trunk
        self._turns = DialTurns()
        self._wake = asyncio.Event()
        self._short = False  # of slots, or of a probe's result: the end of a call is worth another look
        self._refresh_at = 0.0
        self._began = False
        self._patient_until = self._clock.monotonic() + BEGIN_S
        self._closing = False
        self.waiting_reason: str | None = "starting"

    def control_changed(self) -> None:
        """A campaign row changed: read them again now."""
        self._refresh_at = 0.0
        self._wake.set()

    def change(self, trunks: Mapping[str, TrunkSettings], node_rate: float | None, concurrent: int | None) -> None:
        """Go by these limits from the next look on; the trunks are the same, and lead to the same ways out."""
        self.concurrent = concurrent
        self.lines.change(trunks, node_rate)
        self.control_changed()

    def close(self) -> None:
        """Make no new call; ``run`` returns when the live ones have ended."""
        self._closing = True
        self._wake.set()

    def waiting_reasons(self) -> dict[str, WaitingReason]:
        """What holds each campaign back on this node now, besides ``waiting_reason``; for the status of campaigns."""
        now, real_now = self._clock.monotonic(), self._clock.real_now()
        found = {name: waiting_reason_of(r, now, real_now) for name, r in self.lines.running.items()}
        return {name: why for name, why in found.items() if why is not None} | self.lines.unusable

    async def run(self) -> None:
        """Dial until ``close``; a fault in one call never ends the others."""
        async with asyncio.TaskGroup() as group:
            while not self._closing:
                try:
                    pause = await self._round(group)
                except StoreError as error:
                    self._say_waiting(t("the database does not answer: {error}", error=error))
                    pause = IDLE_S
                # Until something changes (a campaign row, closing, a slot while we are short) or the time is over.
                if await happens_within(self._wake, max(0.0, pause)):
                    self._wake.clear()

    async def _round(self, group: asyncio.TaskGroup) -> float:
        reason = self._waiting_reason()
        self._say_waiting(reason)
        if reason is not None:
            return HOLD_S
        now = self._clock.monotonic()
        if now >= self._refresh_at:
            await self.lines.refresh(self._node.entityid, now, self._clock.now())
            self._refresh_at = now + REFRESH_S
            campaigns = (r.line.campaign.agents for r in self.lines.running.values())
            self.agents.want({a.to for a in campaigns if a is not None})
        self._short, tried, full, again = False, set[str](), set[str](), IDLE_S
        while not self._closing and (rooms := self._rooms(tried | full)):
            name = self._turns.next({n: self.lines.running[n].wants for n in rooms})
            room = rooms[name] if len(rooms) == 1 else min(rooms[name], TURN)
            if (pause := await self._serve(self.lines.running[name], room, group)) is not None:
                tried.add(name)
                again = min(again, pause)
            elif room == rooms[name]:  # what became free meanwhile is for the next round: a claim of one costs most
                full.add(name)
        return min(again, self._until_room(tried))

    def _rooms(self, tried: set[str]) -> dict[str, int]:
        """How many calls each campaign may start within the horizon; none that may start no call."""
        now = self._clock.monotonic()
        if now > self.lines.shares_until - HORIZON_S:
            return {}
        running = (r for name, r in self.lines.running.items() if name not in tried and r.is_dialled(now))
        return {r.name: room for r in running if (room := self._room(r, now)) > 0}

    def _room(self, running: Running, now: float) -> int:
        if (why := waits_for_agents(running, self.agents)) is not None:
            self._rest(running, why, REST_S)
            return 0
        room = min(p.room(now, HORIZON_S) for p in running.pacers.values())
        if (probes := running.line.breaker.room(now)) is not None:
            room = min(room, probes)
            self._short = True
        if (kept := self.lines.reserve.room(running.trunk, self.open_on[running.trunk])) == 0:
            self._rest(running, self.lines.reserve.waiting_reason(running.trunk), REST_S)
            return 0
        room = room if kept is None else min(room, kept)
        if self.concurrent is None:
            return room
        free = self.concurrent - self.open_calls
        running.short = NO_PLACE["node"] if free <= 0 else None
        self._short = self._short or free <= 0
        return min(room, free)

    async def _serve(self, running: Running, room: int, group: asyncio.TaskGroup) -> float | None:
        """Start up to ``room`` calls; None when so many started, else how long until it is worth another look."""
        batch = await self._claim(running, room)
        for claim in batch.claims:
            ticket = running.line.breaker.started()
            turn = Turn([*running.pacers.values()], self._clock.monotonic())
            call = group.create_task(self._originator.attempt(claim, running.line, turn, ticket))
            self.open_calls += 1
            self.open_on[running.trunk] += 1
            call.add_done_callback(partial(self._call_ended, running.trunk))
        self._turns.charge(len(batch.claims))
        running.only_refusals = batch.refused > 0 and not batch.claims
        running.short = None
        return await self._after(running, batch, room)

    async def _after(self, running: Running, batch: claims.ClaimBatch, room: int) -> float | None:
        """Note why it brought no more; None when it brought all, else how long until another look is worth it."""
        match batch.short:
            case claims.OverCeiling(why):
                await stop_abandoning(running, self._node, why)
                return self._rest(running, NOBODY, IDLE_S)
            case _ if len(batch.claims) == room:
                return None
            case claims.Nobody.FOR_AGENTS:
                return self._rest(running, calls_for_all(running, self.agents), REST_S)
            case claims.NoPlaces(of):
                self._short = True
                return self._rest(running, NO_PLACE[of], BUSY_S)
            case GatewayPorts() as ports:
                return self._rest(running, no_port(ports, names_of(running.line.trunk)), IDLE_S)
            case claims.Nobody.BY_OLD_FACTS:
                return self._rest(running, OLD_FACTS, IDLE_S)
            case claims.Nobody.BY_QUOTA:
                return self._rest(running, FULL_GROUPS, IDLE_S)
            case claims.Nobody():
                return self._rest(running, NOBODY, IDLE_S)
            case None:
                return 0.0 if batch.refused else HORIZON_S / 4

    def _rest(self, running: Running, why: WaitingReason, seconds: float) -> float:
        running.short, running.idle_until = why, self._clock.monotonic() + seconds
        return seconds

    def _until_room(self, tried: set[str]) -> float:
        """Until the first campaign may start calls for half of the horizon."""
        now = self._clock.monotonic()
        waits = [
            max(r.idle_until - now, *(p.ready_at(now) - now - HORIZON_S / 2 for p in r.pacers.values()))
            for name, r in self.lines.running.items()
            if name not in tried and r.line.breaker.room(now) != 0 and not r.node_is_full
        ]
        return max(0.0, min(IDLE_S, *waits)) if waits else IDLE_S

    async def _claim(self, running: Running, room: int) -> claims.ClaimBatch:
        line = running.line
        terms = replace(terms_of(self._node, line, LEASE), agents=await agent_terms(running, self.agents, self._node))
        probing = line.breaker.paused
        look_at = LOOK_AT if running.only_refusals and not probing else room
        decide = gate_of(self._node, line)
        measures, campaign = self._node.measures, line.campaign
        with measures.claim_s.time():
            batch = await claims.claim(self._node.store, campaign, room, terms, decide, look_at=look_at)
        measures.claims.labels(campaign.name).inc(len(batch.claims))
        return batch

    def _call_ended(self, trunk: str, _: asyncio.Task[CallResult | None]) -> None:
        self.open_calls -= 1
        self.open_on[trunk] -= 1
        for running in (short := [r for r in self.lines.running.values() if r.waits_for_room]):
            running.idle_until = 0.0
        if self._short or short:
            self._wake.set()

    def _agents_changed(self) -> None:
        for running in self.lines.running.values():
            if running.line.campaign.agents is not None:
                running.idle_until = 0.0
        self._wake.set()

    def _say_waiting(self, reason: str | None) -> None:
        if reason != self.waiting_reason:
            if reason is None:
                _log.info("dialling")
                self._began = True
            elif self._began or self._clock.monotonic() > self._patient_until:
                _log.warning("nobody is dialled", reason=reason)
            else:  # a worker that begins has all this to look at first; nothing is wrong yet
                _log.info("not dialling yet", reason=reason)
        self.waiting_reason = reason
