"""Would a call to a number of ours reach us? Tried inside our own Asterisk, so that no telephone rings.

A Local channel goes where calls of the trunk begin in the dialplan, as the carrier's call would, and is hung up
as soon as it has come into our application: before a reception or a queue hears of it. What the carrier does
on its side (whether it routes the number to this trunk at all) only a verification call or a real one can show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agi_app import log
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.node import Node
from agi_app.errors import AgiAppError
from agi_app.gate.permit import InternalLeg
from agi_app.pbx.ari.events import Started
from agi_app.pbx.channel import Channel
from agi_app.pbx.inbound_calls import ARGUMENT
from agi_app.pbx.originate import channel_id_of, place_internal
from agi_app.pbx.trunks import asker, endpoint_name, trunk_facts
from agi_app.store.requested_calls import call_backs
from agi_app.store.requested_calls.call_backs import CallBackRequest

WAIT_S = 3.0

_log = log.get("internal")


class CallBacks:
    """Answers doctor's question on one node."""

    def __init__(self, node: Node, trunks: Mapping[str, TrunkSettings]) -> None:
        self._node, self._trunks = node, trunks

    async def look(self) -> None:
        """Make the trials that were asked for; raises StoreError."""
        while (trial := await call_backs.take(self._node.store, self._trunks.keys())) is not None:
            try:
                fault = await self._try(trial)
            except AgiAppError as error:
                fault = str(error)
            _log.info("call-back tried", trunk=trial.trunk, fault=fault)
            await call_backs.end(self._node.store, trial, fault)

    async def _try(self, trial: CallBackRequest) -> str | None:
        ari, router = self._node.ari, self._node.router
        trunk = self._trunks[trial.trunk]
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
        return f"a call to {called} in the dialplan context {facts.context!r} does not come into {ari.settings.app}"


async def _reaches_us(far_end: Channel, called: str) -> bool:
    try:
        async with asyncio.timeout(WAIT_S):
            async for event in far_end:
                if isinstance(event, Started):
                    return event.args[:2] == (ARGUMENT, called)
    except TimeoutError:
        pass  # it went somewhere else, or nowhere
    return False
