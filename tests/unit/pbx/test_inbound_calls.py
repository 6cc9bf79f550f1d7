"""A call that comes in is given back to the dialplan, whatever happens; nobody sits in silence."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from agi_app.errors import ConfigError, RequestFailed
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame, Key, Started
from agi_app.pbx.ari.http import Response
from agi_app.pbx.event_router import Router
from agi_app.pbx.inbound_calls import CONTEXT, Arrival, Inbound, Serve

BACK = {"context": CONTEXT, "extension": "+999862155500001", "priority": "1"}


class FakeAsterisk:
    """Answers requests; ``fail`` names those that it refuses."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(app="agi-app")
        self.asked: list[tuple[str, Any]] = []
        self.hung_up: list[str] = []
        self.fail: dict[str, int] = {}
        self.waiting: list[str] = []
        self.states: dict[str, str] = {}  # channel -> Ring unless it says Up

    async def request(self, method: str, uri: str, query: Any = None) -> Response:
        self.asked.append((f"{method} {uri}", query))
        if uri in self.fail:
            raise RequestFailed(f"{method} {uri}", self.fail[uri], "said so")
        if uri == "applications/agi-app":
            return Response(200, json.dumps({"channel_ids": self.waiting}))
        waiting = {"dialplan": {"exten": "+999862155500001", "context": "x"}, "state": self.states.get(uri[9:], "Ring")}
        return Response(200, json.dumps(waiting))

    def hang_up_soon(self, channel_id: str) -> None:
        self.hung_up.append(channel_id)


@pytest.fixture
def asterisk() -> FakeAsterisk:
    return FakeAsterisk()


async def nobody_serves(_: Arrival) -> str | None:
    return "no line is served here"


async def served(inbound: Inbound, asterisk: FakeAsterisk, serve: Serve = nobody_serves) -> None:
    """Let it work through what has arrived."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(inbound.run(cast(Ari, asterisk), serve))
        for _ in range(20):
            await asyncio.sleep(0)
        running.cancel()


def started(*arguments: str) -> Frame:
    """The event that Asterisk sends for `Stasis(agi-app,…)`."""
    frame = {"type": "StasisStart", "channel": {"id": "1700000000.1"}, "args": list(arguments)}
    return msgspec.convert(frame, Frame)


async def test_the_router_hands_over_foreign_channels(asterisk: FakeAsterisk) -> None:
    """The way of a real call: event, router, dialplan."""
    inbound = Inbound()
    Router(None, inbound.take).handle(started("inbound", "+999862155500001"))
    await served(inbound, asterisk)
    assert asterisk.asked == [("POST channels/1700000000.1/continue", BACK)]


@pytest.mark.parametrize("arguments", [(), ("inbound",), ("something", "else")])
async def test_a_channel_sent_to_us_by_mistake_goes_on_where_it_was(
    asterisk: FakeAsterisk, arguments: tuple[str, ...]
) -> None:
    inbound = Inbound()
    inbound.take("c1", Started(arguments))
    await served(inbound, asterisk)
    assert asterisk.asked == [("POST channels/c1/continue", None)]


async def test_other_events_of_foreign_channels_are_nothing_to_us(asterisk: FakeAsterisk) -> None:
    inbound = Inbound()
    inbound.take("c1", Key("1"))
    await served(inbound, asterisk)
    assert asterisk.asked == []


async def test_who_waits_since_before_the_connection_is_given_back_too(asterisk: FakeAsterisk) -> None:
    """Its start event was lost with the old connection."""
    inbound = Inbound()
    asterisk.waiting = ["agi-app-a1", "c1", "gone"]
    asterisk.fail["channels/gone"] = 404
    await inbound.collect(cast(Ari, asterisk))
    await served(inbound, asterisk)
    assert [a for a in asterisk.asked if a[0].startswith("POST")] == [("POST channels/c1/continue", BACK)]


@pytest.mark.parametrize(("status", "hung_up"), [(404, []), (409, []), (500, ["c1"]), (0, ["c1"])])
async def test_a_call_that_cannot_be_given_back_is_ended_not_left(
    asterisk: FakeAsterisk, status: int, hung_up: list[str]
) -> None:
    inbound = Inbound()
    asterisk.fail["channels/c1/continue"] = status
    inbound.take("c1", Started(("inbound", "+999862155500001")))
    await served(inbound, asterisk)
    assert asterisk.hung_up == hung_up


async def test_what_is_served_is_not_given_back_and_what_is_not_is(asterisk: FakeAsterisk) -> None:
    """Whatever goes wrong with us, the caller goes on."""
    asked: list[Arrival] = []

    async def serve(arrival: Arrival) -> str | None:
        asked.append(arrival)
        match arrival.channel_id:
            case "full":
                return "the line is full"
            case "unready":
                raise ConfigError("a prompt is missing")
            case "broken":
                raise ValueError("our own fault")
        return None

    inbound = Inbound()
    for channel in ("served", "full", "unready", "broken"):
        inbound.take(channel, Started(("inbound", "+999862155500001")))
    await served(inbound, asterisk, serve)
    assert [a.channel_id for a in asked] == ["served", "full", "unready", "broken"]
    given_back = {uri.split("/")[1]: where for uri, where in asterisk.asked if uri.endswith("/continue")}
    assert given_back == dict.fromkeys(("full", "unready", "broken"), BACK)


async def test_after_a_connect_only_calls_that_still_ring_are_served(asterisk: FakeAsterisk) -> None:
    """One that a dead worker had answered goes on in the dialplan; our own running calls are left alone."""
    asked: list[str] = []

    async def serve(arrival: Arrival) -> str | None:
        asked.append(arrival.channel_id)
        return None

    inbound = Inbound()
    asterisk.waiting, asterisk.states = ["rings", "answered", "running"], {"answered": "Up", "running": "Up"}
    await inbound.collect(cast(Ari, asterisk), ours=["running"])
    await served(inbound, asterisk, serve)
    assert asked == ["rings"]
    assert [a for a in asterisk.asked if a[0].startswith("POST")] == [("POST channels/answered/continue", BACK)]
