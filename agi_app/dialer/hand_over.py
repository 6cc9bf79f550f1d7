"""Hands a called person over to somebody of our own: rings a destination of the settings and lets both talk.

The person hears it ring meanwhile. Whatever comes of it is one word for the flow, and the person is then ours again.
Cancelled (the person hung up, or pressed the opt-out key), it ends the other leg at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agi_app import log
from agi_app.calls.plan import HandOverOrder
from agi_app.config import DestinationSettings
from agi_app.dialer.node import Node
from agi_app.errors import RequestFailed, SafetyError
from agi_app.flow.words import BUSY, DONE, FAILED, NO_ANSWER
from agi_app.gate.permit import InternalLeg
from agi_app.pbx.bridges import join, part
from agi_app.pbx.channel import Channel
from agi_app.pbx.events import Destroyed, End, Failed, Lost, PlaybackFinished, Started
from agi_app.pbx.originate import channel_id_of, place_internal

ANSWER_GRACE_S = 3.0  # how much longer than Asterisk's own ring timeout we wait for its word
WHISPER_WAIT_S = 30.0
_BUSY = frozenset({486, 600})
_NO_ANSWER_CAUSES = frozenset({18, 19})

_log = log.get("hand_over")


class HandOver:
    """The hand-overs of one node."""

    def __init__(self, node: Node, destinations: Mapping[str, DestinationSettings]) -> None:
        self._node, self._destinations = node, destinations

    async def run(self, order: HandOverOrder) -> str:
        """Returns when the talk is over or has not come about: ``done``, ``busy``, ``no_answer`` or ``failed``."""
        destination = self._destinations.get(order.to)
        if destination is None:
            _log.error("the settings of this node have no such destination", destination=order.to)
            return FAILED
        leg = InternalLeg(f"{order.attempt_id}-{order.transfer}", order.to, destination.endpoint, order.caller_id)
        await self._ask("POST", f"channels/{order.channel_id}/ring")
        try:
            agent = await place_internal(
                self._node.ari, self._node.router, leg, ring_timeout=order.timeout_s, max_call=order.max_s
            )
        except (SafetyError, RequestFailed) as error:
            _log.warning("not handed over", destination=order.to, reason=str(error))
            await self._ask("DELETE", f"channels/{order.channel_id}/ring")
            return FAILED
        try:
            return await self._with(agent, order)
        finally:
            if agent.ended is None:
                self._node.router.forget(agent.id)
                self._node.ari.hang_up_soon(agent.id)

    async def _with(self, agent: Channel, order: HandOverOrder) -> str:
        try:
            end = await _answered(agent, order.timeout_s + ANSWER_GRACE_S)
            if end is None and order.whisper is not None:
                end = await _whispered(agent, order.whisper)
        finally:
            await self._ask("DELETE", f"channels/{order.channel_id}/ring")
        if end is not None:
            _log.info("not handed over", destination=order.to, result=_word(end))
            return _word(end)
        bridge = channel_id_of(f"{order.attempt_id}-{order.transfer}-talk")
        try:
            await join(self._node.ari, bridge, order.channel_id, agent.id)
            _log.info("handed over", destination=order.to)
            await _ended(agent)
        except RequestFailed as error:
            _log.warning("could not be joined", destination=order.to, reason=str(error))
            return FAILED
        finally:
            await part(self._node.ari, bridge)
        return DONE

    async def _ask(self, method: str, uri: str) -> None:
        """Something that only makes the wait nicer: the hand-over goes on without."""
        try:
            await self._node.ari.request(method, uri)
        except RequestFailed as error:
            _log.debug("not done", request=f"{method} {uri}", reason=str(error))


async def _answered(agent: Channel, timeout: float) -> End | None:
    """None when the other side has answered, else how it ended."""
    try:
        async with asyncio.timeout(timeout):
            async for event in agent:
                if isinstance(event, Started):
                    return None
    except TimeoutError:
        return Destroyed(19, None)
    return agent.ended or Lost("it ended")


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
    return agent.ended or Lost("it ended")


async def _ended(agent: Channel) -> None:
    async for _ in agent:
        pass


def _word(end: End) -> str:
    match end:
        case Destroyed(tech_cause=status) if status in _BUSY:
            return BUSY
        case Destroyed(cause=17):
            return BUSY
        case Destroyed(cause=cause) if cause in _NO_ANSWER_CAUSES:
            return NO_ANSWER
        case Destroyed() | Failed() | Lost():
            return FAILED
