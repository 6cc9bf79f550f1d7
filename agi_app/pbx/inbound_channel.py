"""A call that came in and that we serve: a channel that is not ours to end when we cannot go on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from agi_app.errors import RequestFailed
from agi_app.messages import template
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.events import Destroyed, Event, Left, Lost, Started
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.pbx.inbound_calls import Arrival, give_back

NORMAL = 16  # Q.850
GIVEN_BACK = template("it goes on in the dialplan")


class LineChannel(Channel):
    """As every channel; ``let_go`` gives it back to the dialplan instead of hanging it up."""

    def __init__(self, ari: Ari, arrival: Arrival) -> None:
        super().__init__(ari, arrival.channel_id)
        self._called = arrival.called
        self.given_back: str | None = None  # why it goes on in the dialplan

    def deliver(self, event: Event) -> None:
        """As every channel; but of one that came in, Asterisk tells no more than that it left our application."""
        super().deliver(Destroyed(NORMAL, None) if isinstance(event, Left) else event)

    async def let_go(self, reason: str) -> None:
        """The caller goes on in the dialplan, to reception or a message; the flow hears that the call is gone."""
        if self.ended is None:
            self.given_back = reason
            await give_back(self._ari, self.id, self._called, reason)
            self.deliver(Lost(GIVEN_BACK))


class _Caller(msgspec.Struct, frozen=True):
    number: str = ""


class _Shown(msgspec.Struct, frozen=True):
    caller: _Caller


async def shown_number(ari: Ari, channel_id: str) -> str | None:
    """The number that the call shows, as the carrier wrote it; empty: none. None: it has hung up."""
    there = await if_there(ari.request("GET", f"channels/{channel_id}"))
    return None if there is None else there.decode(_Shown).caller.number


async def answered(
    ari: Ari, router: Router, arrival: Arrival, max_call_s: float, variables: Mapping[str, str]
) -> LineChannel | None:
    """Answer it and make it ours; None: it has hung up. Raises RequestFailed: it is still the dialplan's.

    The dialplan has left it little time, in case nobody takes it: from here on it has that of a call.
    """
    channel = LineChannel(ari, arrival)
    router.adopt(channel)
    try:
        for name, value in (("TIMEOUT(absolute)", str(math.ceil(max_call_s))), *variables.items()):
            await channel.set_variable(name, value)
        await ari.request("POST", f"channels/{channel.id}/answer")
    except RequestFailed as error:
        router.forget(channel.id)
        if error.status in (404, 412):  # gone; not in a state to be answered
            return None
        raise
    router.deliver(channel.id, Started())
    return channel
