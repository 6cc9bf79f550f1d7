"""Would a call to one of our numbers reach us? Tried inside our own Asterisk, so that no telephone rings.

A Local channel goes where calls of the trunk begin in the dialplan, as the carrier's call would, and is hung up
as soon as it has come into our application: before a reception or a queue hears of it. What the carrier does
on its side (whether it routes the number to this trunk at all) only a verification call or a real one can show.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping

from agi_app import log
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.node import Node
from agi_app.errors import AgiAppError
from agi_app.gate.permit import InternalLeg
from agi_app.messages import t
from agi_app.pbx.ari.events import Started
from agi_app.pbx.channel import Channel
from agi_app.pbx.inbound_calls import ARGUMENT
from agi_app.pbx.originate import channel_id_of, place_internal
from agi_app.pbx.trunks import asker, endpoint_name, trunk_facts
from agi_app.store.requested_calls import call_backs
from agi_app.store.requested_calls.call_backs import CallBackRequest
from agi_app.store.requested_calls.requests import RequestKind

WAIT_S = 3.0

_log = log.get("internal")


class CallBacks:
    """Takes doctor's questions on one node."""

    kind, at_once = RequestKind.CALL_BACK, 1

    def __init__(self, node: Node, trunks: Mapping[str, TrunkSettings]) -> None:
        self.node, self.trunks = node, trunks

    async def take(self, going_on: Collection[int], forbidden: Callable[[], str | None]) -> CallBackTrial | None:
        """The oldest question; nobody is dialled for it, so nothing forbids it."""
        asked = await call_backs.take(self.node.store, self.trunks.keys())
        return None if asked is None else CallBackTrial(self, asked)


class CallBackTrial:
    """One number, called back."""

    def __init__(self, means: CallBacks, asked: CallBackRequest) -> None:
        self.request_id = asked.check_id
        self._node, self._asked, self._trunk = means.node, asked, means.trunks[asked.trunk]

    def end(self) -> None:
        """It is over within seconds on its own."""

    async def run(self) -> None:
        """Until the answer is stored; raises StoreError."""
        try:
            fault = await self._try()
        except AgiAppError as error:
            fault = str(error)
        _log.info("call-back tried", trunk=self._asked.trunk, fault=fault)
        await call_backs.finish(self._node.store, self._asked, fault)

    async def _try(self) -> str | None:
        ari, router = self._node.ari, self._node.router
        trunk, trial = self._trunk, self._asked
        facts = await trunk_facts(asker(ari), endpoint_name(trial.trunk, trunk, trial.e164))
        called = trial.e164 if trunk.plus else trial.e164.removeprefix("+")
        leg_id = f"call-back-{trial.check_id}"
        far_end = router.open(ari, channel_id_of(f"{leg_id}-far"))
        leg = InternalLeg(leg_id, trial.trunk, f"Local/{called}@{facts.context}/n", trial.e164)
        with self._node.owning(far_end):
            near = await place_internal(ari, router, leg, ring_timeout=WAIT_S, max_call=WAIT_S, far_end=far_end)
            with self._node.owning(near):
                reached = await _reaches_us(far_end, called)
        if reached:
            return None
        return t(
            "a call to {called} in the dialplan context {context!r} does not reach the application {app}",
            called=called,
            context=facts.context,
            app=ari.settings.app,
        )


async def _reaches_us(far_end: Channel, called: str) -> bool:
    with contextlib.suppress(TimeoutError):  # it went somewhere else, or nowhere
        async with asyncio.timeout(WAIT_S):
            async for event in far_end:
                if isinstance(event, Started):
                    return event.args[:2] == (ARGUMENT, called)
    return False
