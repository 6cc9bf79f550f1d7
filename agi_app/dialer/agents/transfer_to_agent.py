"""Hands a called person over to one of our staff: rings a destination of the settings and lets both talk.

The person hears it ring meanwhile; where the call was made for agents one of them is there at once, or nobody.
Its result is one word for the flow, and the person is then ours again.
Cancelled (the person hung up, or pressed the opt-out key), it ends the other leg at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.calls.call_plan import TransferOrder
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.agents.destination_legs import DestinationLeg
from agi_app.dialer.node import Node
from agi_app.errors import AgiAppError, RequestFailed, SafetyError, StoreError
from agi_app.flow.syntax.names_and_limits import ABANDONED, BUSY, DONE, FAILED, NO_ANSWER
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Destroyed, End, Failed, Lost, PlaybackFinished, Started
from agi_app.pbx.bridges import join, part
from agi_app.pbx.channel import Channel
from agi_app.pbx.originate import channel_id_of

ANSWER_GRACE_S = 3.0  # how much longer than Asterisk's own ring timeout we wait for its word
WHISPER_WAIT_S = 30.0
NOBODY_IDLE = "nobody_idle"
_BUSY = frozenset({486, 600, 603})  # telephones say one or the other when a person declines
_NO_ANSWER_CAUSES = frozenset({18, 19})

_log = log.get("transfer")


class Transfers:
    """The transfers of one node."""

    def __init__(self, node: Node, agents: AgentWatch) -> None:
        self._node, self._agents = node, agents

    async def run(self, order: TransferOrder) -> str:
        """Returns when the talk is over or has not come about: ``done``, ``busy``, ``no_answer`` or ``failed``.

        A call that was made for the destination waits no longer than its patience, and ends ``abandoned`` instead.
        """
        if order.to not in self._agents.destinations:
            _log.error("the settings of this node have no such destination", destination=order.to)
            return FAILED if order.patience_s is None else ABANDONED
        if order.patience_s is None:
            result = await self._ring(order)
            return NO_ANSWER if result == NOBODY_IDLE else result
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:  # at its end nobody is rung any more
            ringing = group.create_task(self._ring_agent(order, met))
            await asyncio.wait((met, ringing), timeout=order.patience_s, return_when=asyncio.FIRST_COMPLETED)
            if met.done():
                return await ringing
            ringing.cancel()
        _log.warning("nobody was there for a called person", destination=order.to)
        return ABANDONED

    async def _ring_agent(self, order: TransferOrder, met: asyncio.Future[None]) -> str:
        try:
            return await self._ring(order, met)
        except AgiAppError as error:
            _log.warning("not transferred", destination=order.to, reason=str(error))
            return FAILED

    async def _ring(self, order: TransferOrder, met: asyncio.Future[None] | None = None) -> str:
        for_agents = None if met is None else order.attempt_id
        if (endpoint := await self._agents.endpoint_for(order.to, for_agents)) is None:
            _log.info("not transferred: none of them is free", destination=order.to)
            return NOBODY_IDLE
        leg = DestinationLeg(f"{order.attempt_id}-{order.transfer}", order.to, endpoint, order.caller_id)
        if met is None:
            await rings(self._node.ari, "POST", order.channel_id)
        try:
            agent = await self._agents.legs.place(leg, ring_timeout=order.timeout_s, max_call=order.max_s)
        except (SafetyError, RequestFailed, StoreError) as error:
            _log.warning("not transferred", destination=order.to, reason=str(error))
            if met is None:
                await rings(self._node.ari, "DELETE", order.channel_id)
            return FAILED
        try:
            with self._node.owning(agent):
                return await self._with(agent, order, met)
        finally:
            if met is not None and met.done():
                self._agents.notes.parted(order.attempt_id)
            self._agents.parted(order.to, endpoint)

    async def _with(self, agent: Channel, order: TransferOrder, met: asyncio.Future[None] | None) -> str:
        try:
            if (end := await answered(agent, order.timeout_s + ANSWER_GRACE_S)) is None and order.whisper is not None:
                end = await _whispered(agent, order.whisper)
        finally:
            if met is None:
                await rings(self._node.ari, "DELETE", order.channel_id)
        if end is not None:
            _log.info("not transferred", destination=order.to, result=word_of(end))
            return word_of(end)

        def joined() -> None:
            if met is not None and not met.done():
                met.set_result(None)
                self._agents.notes.met(order.attempt_id)

        return await talk(self._node.ari, order, agent, joined, lambda: _ended(agent))


async def rings(ari: Ari, method: str, channel_id: str) -> None:
    """Let who waits hear it ringing (POST), or no longer (DELETE); all goes on without it."""
    uri = f"channels/{channel_id}/ring"
    try:
        await ari.request(method, uri)
    except RequestFailed as error:
        _log.debug("not done", request=f"{method} {uri}", reason=str(error))


async def talk(
    ari: Ari, order: TransferOrder, agent: Channel, joined: Callable[[], None], ended: Callable[[], Awaitable[object]]
) -> str:
    """Let the person and the answered ``agent`` talk until ``ended`` says that the latter is gone."""
    bridge = channel_id_of(f"{order.attempt_id}-{order.transfer}-talk")
    try:
        await join(ari, bridge, order.channel_id, agent.id)
        _log.info("transferred", destination=order.to)
        joined()
        await ended()
    except RequestFailed as error:
        _log.warning("could not be joined", destination=order.to, reason=str(error))
        return FAILED
    finally:
        await part(ari, bridge, order.channel_id)
    return DONE


async def answered(agent: Channel, timeout: float) -> End | None:
    """None when the other side has answered, else how it ended."""
    try:
        async with asyncio.timeout(timeout):
            async for event in agent:
                if isinstance(event, Started):
                    return None
    except TimeoutError:
        return Destroyed(19, None)
    return agent.ended or Lost(t("it ended"))


async def _whispered(agent: Channel, media: str) -> End | None:
    """Play to the other side alone who comes; None when it was heard, else how the leg ended meanwhile."""
    playback = f"{agent.id}-whisper"
    try:
        await agent.play(playback, media)
        async with asyncio.timeout(WHISPER_WAIT_S):
            async for event in agent:
                if isinstance(event, PlaybackFinished) and event.playback_id == playback:
                    return None
    except (TimeoutError, RequestFailed) as error:
        _log.warning("a whisper was not played", reason=repr(error))
        return None
    return agent.ended or Lost(t("it ended"))


async def _ended(agent: Channel) -> None:
    async for _ in agent:
        pass


def word_of(end: End) -> str:
    """How a leg that nobody talked on ended, as a result of a transfer."""
    match end:
        case Destroyed(tech_cause=status) if status in _BUSY:
            return BUSY
        case Destroyed(cause=17):
            return BUSY
        case Destroyed(cause=cause) if cause in _NO_ANSWER_CAUSES:
            return NO_ANSWER
        case Destroyed() | Failed() | Lost():
            return FAILED
