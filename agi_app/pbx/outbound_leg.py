"""A leg that we dial: Asterisk makes its channel, it waits alone in a bridge, is dialled, and comes out when answered.

Who reads its events sees ``Started`` at the answer only, when the channel is out of the bridge and can be played to.
"""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.event_loop import happens_within
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Destroyed, Event, Left, Lost, PickedUp, Started
from agi_app.pbx.channel import Channel

ENTER_S = 2.0  # Asterisk hands a new channel over within milliseconds

_log = log.get("pbx.dialled")


class DialledChannel(Channel):
    """As every channel, from just before it is made."""

    def __init__(self, ari: Ari, channel_id: str) -> None:
        super().__init__(ari, channel_id)
        self._entered = asyncio.Event()  # it is in our application, or has ended
        self._answered = False
        self._bridge: str | None = None  # in which it waits for the answer

    def deliver(self, event: Event) -> None:
        """As every channel; but that Asterisk has made it, or that it left without an answer, is no news to a call."""
        if isinstance(event, Started) and not self._answered:
            self._entered.set()
            return
        if isinstance(event, PickedUp):
            if self._answered:
                return
            self._answered = self.started = True
        if isinstance(event, Left | Destroyed):
            self._bridge_is_free()
        if isinstance(event, Left) and not self._answered:
            return
        super().deliver(event)
        if self.ended is not None:
            self._entered.set()

    async def get_ready(self) -> None:
        """Until it can be dialled; raises RequestFailed when it cannot be."""
        if not await happens_within(self._entered, ENTER_S):
            why = t(
                "the new channel did not come into our application within {enter_s:g} s; nothing was dialled",
                enter_s=ENTER_S,
            )
            raise RequestFailed(f"create {self.id}", 0, why)
        if self.ended is None:
            self._bridge = await self._ari.dial_bridges.enter(self.id)
        if self.ended is not None:
            raise RequestFailed(f"create {self.id}", 0, t("the channel ended at once; nothing was dialled"))

    async def next_event(self, timeout: float | None = None) -> Event | None:
        """As every channel; at the answer it is told to come out of its bridge, which it does before it plays."""
        event = await super().next_event(timeout)
        return await self._come_out() if isinstance(event, PickedUp) else event

    async def _come_out(self) -> Event | None:
        try:
            if self._bridge is not None:
                out_of = f"bridges/{self._bridge}/removeChannel"
                await self._ari.tell("POST", out_of, {"channel": self.id}, answered=self._came_out)
        except RequestFailed as fault:
            self._ari.hang_up_soon(self.id)
            self.deliver(Lost(t("answered while the connection to Asterisk broke: {fault}", fault=fault)))
            return self.ended
        return Started()

    def _came_out(self, status: int) -> None:
        if status < 400:
            self._bridge_is_free()
        else:  # it has hung up, as a rule: its end is on the way, and frees the bridge
            _log.debug("an answered call is no longer in its bridge", channel=self.id, status=status)

    def _bridge_is_free(self) -> None:
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            self._ari.dial_bridges.give_back(bridge)
