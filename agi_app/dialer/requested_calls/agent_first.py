"""One call that an agent asked for: the agent's telephone rings first, then the person's, who gets the agent at once.

    gate asked ─▶ agent rings, answers ─▶ claim (gate asked again) ─▶ pace ─▶ mark ─▶ permit ─▶ person rings ─▶ talk

The person's leg is an attempt like any other; only its flow is that of ``flow/language/built_in_flows.py``, and it is
not retried. The agent's leg goes to a destination of the settings.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agi_app import log
from agi_app.calls.call_plan import TransferOrder
from agi_app.dialer.agents.destination_legs import DestinationLeg
from agi_app.dialer.agents.transfer_to_agent import answered, rings, talk, word_of
from agi_app.dialer.loop import LEASE, Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator, RunningCampaign
from agi_app.dialer.pacing import Turn
from agi_app.dialer.running_campaigns import Running, gate_of, terms_of
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import AgiAppError, RequestFailed, SafetyError, StoreError
from agi_app.event_loop import alongside
from agi_app.flow.language.built_in_flows import talk_flow
from agi_app.flow.syntax.names_and_limits import BUSY, FAILED
from agi_app.messages import t, template
from agi_app.model.call import CallResult, Outcome
from agi_app.pbx.channel import Channel
from agi_app.store.calling import claim_one_contact
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AGENT, AGENT_RINGS_S, BETWEEN_S, AgentCallRequest, Leg
from agi_app.store.requested_calls.requests import REFUSED, RequestKind

# A call that somebody asks for, beside those of the dialer's loop: the same limits, in its turn.


def no_room(dialer: Dialer, running: Running, now: float) -> str | None:
    """Why none may start now (monotonic seconds); None when one may."""
    breaker = running.line.breaker
    if breaker.room(now) == 0:
        return t("trunk {trunk}: {reason}", trunk=running.trunk, reason=breaker.reason(now))
    if dialer.concurrent is not None and dialer.open_calls >= dialer.concurrent:
        return t("this Asterisk already has as many calls as it may have at once")
    if dialer.lines.reserve.room(running.trunk, dialer.open_on[running.trunk]) == 0:
        return dialer.lines.reserve.waiting_reason(running.trunk).text
    if now > dialer.lines.shares_until or any(pacer.rate <= 0 for pacer in running.pacers.values()):
        return t("this worker has no part of the campaign's rate yet")
    return None


@contextmanager
def beside(dialer: Dialer, running: Running, now: float) -> Iterator[Turn]:
    """The call, for as long as it goes on; gives its turn."""
    dialer.open_calls += 1
    dialer.open_on[running.trunk] += 1
    try:
        yield Turn([*running.pacers.values()], now)
    finally:
        dialer.open_calls -= 1
        dialer.open_on[running.trunk] -= 1
        dialer.control_changed()  # there is a place more


ANSWER_GRACE_S = 3.0  # how much longer than Asterisk's own ring timeout we wait for its word
TONE_S = 2.5
TOLD_AGAIN_S = 0.2
BUSY_TONE, FAILED_TONE = "tone:busy", "tone:congestion"

_log = log.get("agent_first")


@dataclass(frozen=True, slots=True)
class Over:
    """How it ended; ``tone`` is what the agent hears before the hangup."""

    result: str
    note: str | None = None
    tone: str | None = None


class AgentCalls:
    """Takes the calls that agents ask for, on one node."""

    kind, at_once = RequestKind.AGENT, sys.maxsize

    def __init__(self, node: Node, dialer: Dialer, originator: Originator) -> None:
        self.node, self.dialer, self.originator = node, dialer, originator

    async def take(self, going_on: Collection[int], forbidden: Callable[[], str | None]) -> AgentCall | None:
        """The oldest request that this node can make."""
        known, campaigns = self.dialer.agents.destinations.keys(), self.dialer.lines.running.keys()
        asked = await agent_calls.take(self.node.store, self.node.entityid, known, campaigns)
        return None if asked is None else AgentCall(self, asked, forbidden)


class AgentCall:
    """One request, from the first question to the gate to the end of both legs."""

    def __init__(self, means: AgentCalls, asked: AgentCallRequest, forbidden: Callable[[], str | None]) -> None:
        self.request_id = asked.agent_call_id
        self._means, self._asked, self._forbidden = means, asked, forbidden
        self._node = means.node
        self._agent: Channel | None = None
        self._gone = asyncio.Event()  # set when the agent has hung up
        self._talking = False
        self._leg = Leg()

    def end(self) -> None:
        """The worker goes away: who talks already may come to an end."""
        if self._agent is not None and not self._talking:
            self._node.ari.hang_up_soon(self._agent.id)

    async def run(self) -> None:
        """Until both legs are over, and that is stored."""
        try:
            over = await self._make()
        except AgiAppError as error:
            over = Over(Outcome.FAILED.value, str(error))
        await until_stored(
            template("the end of an agent's call"),
            lambda: agent_calls.finish(self._node.store, self.request_id, self._leg, over.result, over.note),
        )
        _log.info("an agent's call ended", agent=self._asked.destination, result=over.result, note=over.note)

    async def _make(self) -> Over:
        """Raises AgiAppError; then, too, the agent's leg has ended."""
        running = self._usable()
        if isinstance(running, Over):
            return running
        if (refused := await claim_one_contact.ask(self._node.store, *self._case(running.line))) is not None:
            return Over(REFUSED, refused.why)
        agents = self._means.dialer.agents
        if (endpoint := await agents.endpoint_for(self._asked.destination, None)) is None:
            return Over(f"{AGENT}{BUSY}", t("none of them is free"))
        try:
            agent = self._agent = await self._ring(running.line, endpoint)
        except (SafetyError, RequestFailed, StoreError) as error:
            return Over(f"{AGENT}{FAILED}", str(error))
        try:
            with self._node.owning(agent):
                over = await self._with(agent)
                if over.tone is not None and agent.ended is None:
                    await self._sound(agent, over.tone)
                return over
        finally:
            agents.parted(self._asked.destination, endpoint)

    def _usable(self) -> Running | Over:
        """The campaign as this node dials it, or why it does not."""
        if (running := self._means.dialer.lines.running.get(self._asked.campaign)) is None:
            return Over(REFUSED, t("campaign {campaign} does not run", campaign=self._asked.campaign), FAILED_TONE)
        why = self._forbidden() or no_room(self._means.dialer, running, self._node.clock.monotonic())
        return running if why is None else Over(REFUSED, why, FAILED_TONE)

    def _case(self, line: RunningCampaign) -> claim_one_contact.Case:
        """What the gate is asked about."""
        return line.campaign, self._asked.contact_id, terms_of(self._node, line, LEASE), gate_of(self._node, line)

    # ------------------------------------------------------------------ the agent's leg

    async def _ring(self, line: RunningCampaign, endpoint: str) -> Channel:
        asked, campaign = self._asked, line.campaign
        longest = (campaign.ring_time + campaign.max_call).total_seconds() + BETWEEN_S
        leg = DestinationLeg(f"agent-{asked.agent_call_id}", asked.destination, endpoint, campaign.caller_id)
        self._leg.rang_at = self._node.clock.real_now()
        await self._tell(t("{destination} is rung", destination=asked.destination))
        return await self._means.dialer.agents.legs.place(leg, ring_timeout=AGENT_RINGS_S, max_call=longest)

    async def _with(self, agent: Channel) -> Over:
        if (end := await answered(agent, AGENT_RINGS_S + ANSWER_GRACE_S)) is not None:
            return Over(AGENT + word_of(end))
        self._leg.answered_at = self._node.clock.real_now()
        await self._tell(t("{destination} answers", destination=self._asked.destination))
        async with alongside(self._watch(agent)):
            return await self._call_person(agent)

    async def _watch(self, agent: Channel) -> None:
        """Hear of only the agent's hangup: then a person who has not answered yet is no longer rung."""
        async for _ in agent:
            pass
        self._gone.set()
        while True:  # the person's leg may not be there yet
            if self._leg.attempt_id is not None:
                self._node.live.stop_attempt(self._leg.attempt_id, t("the agent hung up"), even_if_up=False)
            await asyncio.sleep(TOLD_AGAIN_S)

    async def _sound(self, agent: Channel, tone: str) -> None:
        with contextlib.suppress(RequestFailed):
            await agent.play(f"{agent.id}-tone", tone)
            await asyncio.sleep(TONE_S)

    async def _tell(self, line: str) -> None:
        """What happens, for the agent who asked; what does not reach the database now comes with the next line."""
        self._leg.progress.append(line)
        with contextlib.suppress(StoreError):
            await agent_calls.tell(self._node.store, self.request_id, self._leg)

    # ------------------------------------------------------------------ the person's leg

    async def _call_person(self, agent: Channel) -> Over:
        running = self._usable()
        if isinstance(running, Over):
            return running
        claim = await claim_one_contact.claim_one(self._node.store, *self._case(running.line))
        if isinstance(claim, claim_one_contact.RefusedContact):
            return Over(REFUSED, claim.why, FAILED_TONE)
        self._leg.attempt_id = claim.attempt_id
        await rings(self._node.ari, "POST", agent.id)
        await self._tell(t("the person is called"))
        with beside(self._means.dialer, running, self._node.clock.monotonic()) as turn:
            result = await self._means.originator.attempt(
                claim, self._line(running.line), turn, transfer=self._transfer
            )
        await rings(self._node.ari, "DELETE", agent.id)
        if result is None:
            return await self._not_dialled(running.line)
        return _over(result)

    def _line(self, line: RunningCampaign) -> RunningCampaign:
        """The same line with another flow, and nothing that the dialer does about who answers: an agent is there."""
        campaign = dataclasses.replace(line.campaign, retry={}, agents=None, machine_detection=None)
        return dataclasses.replace(line, campaign=campaign, flow=talk_flow(line.flow, self._asked.destination))

    async def _transfer(self, order: TransferOrder) -> str:
        """The person has answered: both talk."""
        if (agent := self._agent) is None or self._gone.is_set():
            return FAILED
        await rings(self._node.ari, "DELETE", agent.id)
        self._talking = True
        try:
            return await talk(self._node.ari, order, agent, lambda: None, self._until_gone)
        finally:
            self._talking = False

    async def _until_gone(self) -> None:
        await self._tell(t("the person answers: both talk"))
        await self._gone.wait()

    async def _not_dialled(self, line: RunningCampaign) -> Over:
        if self._gone.is_set():
            return Over(Outcome.CANCELLED.value, t("the agent hung up"))
        refused = await claim_one_contact.ask(self._node.store, *self._case(line))
        why = refused.why if refused is not None else t("dialling was delayed at the last moment; ask again")
        return Over(REFUSED, why, FAILED_TONE)


def _over(result: CallResult) -> Over:
    if result.answered_at is not None:
        return Over(result.outcome.value, result.disposition)
    return Over(result.outcome.value, result.note, BUSY_TONE if result.outcome is Outcome.BUSY else FAILED_TONE)
