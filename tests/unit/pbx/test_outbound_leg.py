"""A leg that we dial: it begins at the answer, out of its bridge, and gives the bridge back however it ends."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx import outbound_leg
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.dial_bridges import DialBridges
from agi_app.pbx.ari.events import Destroyed, Event, FarEndEnded, Left, Lost, PickedUp, Ringing, Started
from agi_app.pbx.outbound_leg import DialledChannel

END = Destroyed(16, None)


class Pbx:
    """Takes requests; ``fails`` says which of them fail, by how they end, and with which status."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails: dict[str, int] = {}
        self.hung_up: list[str] = []
        self.dial_bridges = DialBridges(self.request)
        self.channel = DialledChannel(cast(Ari, self), "agi-app-1")

    async def request(self, method: str, uri: str, query: Any = None) -> None:
        """Only noted."""
        ending = uri.rpartition("/")[2]
        self.asked.append(f"{method} {ending if ending in ('addChannel', 'removeChannel') else 'bridge'}")
        if (status := self.fails.get(ending)) is not None:
            raise RequestFailed(uri, status, "fault")

    async def tell(self, method: str, uri: str, query: Any, *, answered: Callable[[int], None]) -> None:
        """As a request; its status comes at once, but for 0: it could not be sent."""
        try:
            await self.request(method, uri, query)
        except RequestFailed as fault:
            if not fault.status:
                raise
            answered(fault.status)
        else:
            answered(200)

    def hang_up_soon(self, channel_id: str, settle: float = 0.0) -> None:
        """Remembered."""
        self.hung_up.append(channel_id)

    async def ready(self) -> DialledChannel:
        """Made, and in its bridge."""
        self.channel.deliver(Started())
        await self.channel.get_ready()
        return self.channel


async def events_of(channel: DialledChannel, *sent: Event) -> list[Event]:
    """What its reader, who is quick, sees of these."""
    seen = []
    for event in sent:
        channel.deliver(event)
        if (told := await channel.next_event(0.001)) is not None:
            seen.append(told)
    return seen


async def test_a_call_begins_when_it_is_answered_and_not_when_it_is_made() -> None:
    pbx = Pbx()
    channel = await pbx.ready()
    assert not channel.started
    assert pbx.asked == ["POST bridge", "POST addChannel"]
    assert await events_of(channel, Ringing(), PickedUp(), Left(), END) == [Ringing(), Started(), Left(), END]
    assert pbx.asked[2:] == ["POST removeChannel"]


@pytest.mark.parametrize("sent", [(PickedUp(), PickedUp()), (PickedUp(), Started())])
async def test_an_event_that_comes_twice_makes_no_second_answer(sent: tuple[Event, ...]) -> None:
    pbx = Pbx()
    await events_of(await pbx.ready(), *sent, END)
    assert pbx.asked.count("POST removeChannel") == 1


async def test_a_reader_who_is_slow_finds_the_bridge_empty_already() -> None:
    pbx = Pbx()
    channel = await pbx.ready()
    for event in (PickedUp(), Left(), END):
        channel.deliver(event)
    assert [event async for event in channel] == [Started(), Left(), END]
    assert "POST removeChannel" not in pbx.asked


async def test_a_call_that_is_not_answered_never_begins() -> None:
    pbx = Pbx()
    seen = await events_of(await pbx.ready(), Ringing(), FarEndEnded(302), Left(), Destroyed(23, 302))
    assert seen == [Ringing(), FarEndEnded(302), Destroyed(23, 302)]


@pytest.mark.parametrize("sent", [(Left(), END), (PickedUp(), END), (PickedUp(), Left(), END)])
async def test_a_bridge_is_used_again_after_every_end(sent: tuple[Event, ...]) -> None:
    pbx = Pbx()
    await events_of(await pbx.ready(), *sent)
    pbx.channel = DialledChannel(cast(Ari, pbx), "agi-app-2")
    await pbx.ready()
    assert pbx.asked.count("POST bridge") == 1


async def test_a_bridge_of_a_call_that_hung_up_as_it_answered_is_used_again() -> None:
    pbx = Pbx()
    pbx.fails["removeChannel"] = 400  # the channel is gone
    assert await events_of(await pbx.ready(), PickedUp(), END) == [Started(), END]
    pbx.channel = DialledChannel(cast(Ari, pbx), "agi-app-2")
    await pbx.ready()
    assert pbx.asked.count("POST bridge") == 1


async def test_a_bridge_that_may_hold_somebody_is_not_used_again() -> None:
    pbx = Pbx()
    await events_of(await pbx.ready(), Lost("gone"))
    pbx.channel = DialledChannel(cast(Ari, pbx), "agi-app-2")
    await pbx.ready()
    assert pbx.asked.count("POST bridge") == 2


async def test_nobody_is_left_in_the_bridge_when_the_connection_breaks_at_the_answer() -> None:
    pbx = Pbx()
    pbx.fails["removeChannel"] = 0
    (end,) = await events_of(await pbx.ready(), PickedUp())
    assert isinstance(end, Lost)
    assert pbx.hung_up == ["agi-app-1"]


@pytest.mark.parametrize("end", [END, Lost("gone")])
async def test_a_channel_that_ended_before_it_was_dialled_is_not_ready(end: Event) -> None:
    pbx = Pbx()
    pbx.channel.deliver(end)
    with pytest.raises(RequestFailed, match="nothing was dialled"):
        await pbx.channel.get_ready()
    assert pbx.asked == []


async def test_a_channel_that_does_not_come_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_leg, "ENTER_S", 0.01)
    with pytest.raises(RequestFailed, match="nothing was dialled"):
        await Pbx().channel.get_ready()


async def test_a_new_connection_uses_no_bridge_of_the_old_one() -> None:
    """Asterisk may have been restarted; and what is given back late does not come back into use."""
    pbx = Pbx()
    bridge = await pbx.dial_bridges.enter("agi-app-1")
    pbx.dial_bridges.forget()
    pbx.dial_bridges.give_back(bridge)
    assert await pbx.dial_bridges.enter("agi-app-2") != bridge


async def test_a_bridge_that_is_gone_is_replaced_but_no_other_fault_is_passed_over() -> None:
    gone = SimpleNamespace(left=1)
    asked = []

    async def request(method: str, uri: str, query: Any = None) -> None:
        asked.append(uri)
        if uri.endswith("addChannel") and gone.left and len(asked) > 2:
            gone.left -= 1
            raise RequestFailed(uri, 404, "Bridge not found")

    bridges = DialBridges(request)
    first = await bridges.enter("a")
    bridges.give_back(first)
    assert await bridges.enter("b") != first

    async def refuse(method: str, uri: str, query: Any = None) -> None:
        raise RequestFailed(uri, 409, "Channel not in Stasis application")

    with pytest.raises(RequestFailed, match="409"):
        await DialBridges(refuse).enter("c")


async def test_bridges_that_are_free_can_be_removed() -> None:
    pbx = Pbx()
    pbx.dial_bridges.give_back(await pbx.dial_bridges.enter("agi-app-1"))
    await pbx.dial_bridges.remove()
    await pbx.dial_bridges.remove()
    assert pbx.asked[2:] == ["DELETE bridge"]
