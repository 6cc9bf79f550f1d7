"""Rings destinations of the settings, on one node.

Our own phone is rung at once. A number behind a trunk is a call: it is decided on, marked before it leaves, made
with a Permit, and ended when the number is put on the suppression list. What is not known means that nobody is rung.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agi_app import log
from agi_app.config.destinations import number_by_trunk
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.node import Node
from agi_app.dialer.until_stopped import WATCH_EVERY_S, until_stored
from agi_app.errors import RequestFailed, SafetyError, StoreError
from agi_app.gate.decide import Decision, permit
from agi_app.gate.destination_phone import decide_leg
from agi_app.gate.permit import InternalLeg
from agi_app.gate.rehearsal import RehearsalFacts
from agi_app.messages import t, template
from agi_app.model.phone import NotANumber, PhoneNumber, parse
from agi_app.pbx.ari.events import Failed
from agi_app.pbx.channel import Channel
from agi_app.pbx.originate import place, place_internal
from agi_app.store.calling import destination_calls as table

_log = log.get("legs")


@dataclass(frozen=True, slots=True)
class DestinationLeg:
    """Whom to ring: an ``endpoint`` of the destination with this name, who sees ``caller_id`` (E.164, of ours)."""

    leg_id: str
    destination: str
    endpoint: str
    caller_id: str


@dataclass(slots=True)
class _Call:
    """A leg by a trunk that goes on."""

    destination: str
    channel: Channel | None  # None: given up while it was being made
    stopped: bool = False


class Legs:
    """The legs to destinations of one node."""

    def __init__(
        self, node: Node, trunks: Mapping[str, TrunkSettings], waiting_reason: Callable[[], str | None]
    ) -> None:
        """``waiting_reason`` says why nobody may be dialled now."""
        self._node, self._trunks, self._waiting_reason = node, trunks, waiting_reason
        self._live: dict[int, _Call] = {}
        self._something = asyncio.Event()  # set while there are legs by a trunk

    async def place(self, leg: DestinationLeg, *, ring_timeout: float, max_call: float) -> Channel:
        """Ring; raises SafetyError, RequestFailed or StoreError: then nothing was dialled. Times are in seconds."""
        node, out = self._node, number_by_trunk(leg.endpoint)
        if out is None:
            ours = InternalLeg(leg.leg_id, leg.destination, leg.endpoint, leg.caller_id)
            return await place_internal(node.ari, node.router, ours, ring_timeout=ring_timeout, max_call=max_call)
        name, trunk = trunk_of(out[1], self._trunks)
        marked = await self._allowed(leg, number_of(leg.destination, out[0]), name, trunk)
        try:
            channel = await place(
                node.ari,
                node.router,
                permit(marked.call, marked.receipt, node.clock.monotonic()),
                dial_string=trunk.dial_string,
                ring_timeout=ring_timeout,
                max_call=max_call,
                forbidden=self._waiting_reason,
            )
        except (SafetyError, RequestFailed):  # nothing left for Asterisk
            await table.finish(node.store, marked.destination_call_id, table.End("failed", dialled=False))
            raise
        except asyncio.CancelledError:
            self._watch(marked, None)
            raise
        self._watch(marked, channel)
        return channel

    async def run(self) -> None:
        """Watch the legs by a trunk until cancelled."""
        node = self._node
        await until_stored(template("the end of an earlier leg"), lambda: table.end_left(node.store, node.entityid))
        while True:
            await self._something.wait()
            await asyncio.sleep(WATCH_EVERY_S)
            await self._obey_stops()
            await self._store_ends()
            if not self._live:
                self._something.clear()

    def _watch(self, marked: table.MarkedLeg, channel: Channel | None) -> None:
        self._live[marked.destination_call_id] = _Call(marked.destination, channel)
        self._something.set()

    async def _allowed(
        self, leg: DestinationLeg, number: PhoneNumber, name: str, trunk: TrunkSettings
    ) -> table.MarkedLeg:
        node = self._node

        def judge(facts: RehearsalFacts, now: dt.datetime) -> Decision:
            return decide_leg(facts, trunk.sandbox, node.ruleset, now).dialled_with(trunk.prefix)

        if (reason := self._waiting_reason()) is not None:
            raise SafetyError(
                t(
                    "{destination} is not rung through trunk {name}: {reason}",
                    destination=leg.destination,
                    name=name,
                    reason=reason,
                )
            )
        wanted = table.LegRequest(leg.leg_id, leg.destination, number, leg.caller_id, name)
        taken = await table.take(node.store, wanted, node.entityid, node.clock.offset, node.clock.name, judge)
        if isinstance(taken, table.RefusedLeg):
            raise SafetyError(
                t(
                    "{destination} is not rung through trunk {name}: {why}",
                    destination=leg.destination,
                    name=name,
                    why=taken.why,
                )
            )
        return taken

    async def _obey_stops(self) -> None:
        try:
            async with asyncio.timeout(WATCH_EVERY_S):
                stopped = await table.stopped(self._node.store, self._live)
        except (StoreError, TimeoutError):  # who talks may go on; nobody is rung whom a stop may be about
            stopped = {i for i, call in self._live.items() if call.channel is not None and not call.channel.started}
        for call in (self._live[call_id] for call_id in stopped):
            if call.channel is not None and not call.stopped:
                call.stopped = True
                _log.warning("a leg is ended: its number may no longer be called", destination=call.destination)
                self._node.ari.hang_up_soon(call.channel.id)

    async def _store_ends(self) -> None:
        for call_id, call in list(self._live.items()):
            if (ended := self._end_of(call)) is None:
                continue
            try:
                await table.finish(self._node.store, call_id, ended)
            except StoreError as error:
                _log.warning("the end of a leg waits for the database", error=str(error))
                return
            del self._live[call_id]

    def _end_of(self, call: _Call) -> table.End | None:
        if (channel := call.channel) is None:
            return table.End("interrupted")
        if channel.ended is None and channel.id in self._node.router:
            return None
        if channel.started:
            return table.End("answered", answered=True)
        return table.End("failed", dialled=False) if isinstance(channel.ended, Failed) else table.End("no_answer")


def trunk_of(endpoint: str, trunks: Mapping[str, TrunkSettings]) -> tuple[str, TrunkSettings]:
    """The trunk that has this endpoint of Asterisk and no lines. Raises SafetyError: there is none."""
    for name, trunk in trunks.items():
        if not trunk.ports and [*trunk.endpoints()] == [f"PJSIP/{{number}}@{endpoint}"]:
            return name, trunk
    raise SafetyError(t("no trunk of the settings has the endpoint {endpoint}; nothing was dialled", endpoint=endpoint))


def number_of(destination: str, e164: str) -> PhoneNumber:
    """The number of a destination. Raises SafetyError when it cannot be called."""
    try:
        return parse(e164)
    except NotANumber as error:
        raise SafetyError(
            t("destination {destination}: {error}; nothing was dialled", destination=destination, error=error)
        ) from None
