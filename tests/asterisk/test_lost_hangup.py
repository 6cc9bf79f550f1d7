"""A call that gave up waiting for its end is run by nobody: Asterisk must end it, and the router must forget it."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from agi_app.calls.rendered_speech import Voice
from agi_app.calls.runner import LiveCall
from agi_app.calls.speech_services import SpeechServices
from agi_app.config.ami import AmiSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator, RunningCampaign
from agi_app.dialer.pacing import Turn
from agi_app.gate.permit import MarkReceipt
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.pbx.ari.events import Started
from agi_app.pbx.channel import Channel
from agi_app.store.calling import attempts
from sandbox.asterisk import Asterisk
from tests.asterisk.client import CALLER_ID, TRUNK, Client, connected, number, settings_of, wait_for
from tests.asterisk.proxy import Proxy, wire
from tests.asterisk.sip import Sip
from tests.unit.calls.test_runner import FLOW
from tests.unit.dialer.test_originator import FakeStore
from tests.unit.fake_voice import recorded_only
from tests.unit.gate_cases import CAMPAIGN, CLAIM

pytestmark = pytest.mark.asterisk
DEAF = SpeechServices(cast(Any, None), None)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """Takes marks and results."""
    made = FakeStore()
    for name in ("mark", "release", "finish"):
        monkeypatch.setattr(attempts, name, getattr(made, name))
    return made


async def attempt(client: Client, store: FakeStore, claim: Claim) -> CallResult | None:
    """The whole attempt, as the dialer makes it."""
    store.mark_says = MarkReceipt(claim.attempt_id, client.clock.monotonic())
    ruleset: Any = type("Rules", (), {"jurisdictions": {}, "version": "x"})()
    node = Node("n", cast(Any, store), client.ari, client.router, client.clock, ruleset, LiveCalls())

    async def opt_out(number: str, how: str) -> None:
        """Nobody presses 9 here."""

    voice = Voice(recorded_only(lambda *_: ""))
    originator = Originator(
        node,
        media=lambda *_: "",
        store_opt_out=opt_out,
        may_dial=lambda: True,
        voice=voice,
        agents=AgentWatch(node, {}, AmiSettings(), str),
        speech=DEAF,
    )
    line = RunningCampaign(CAMPAIGN, FLOW, TrunkSettings(endpoint=f"PJSIP/{{number}}@{TRUNK}", sandbox=True), Breaker())
    return await originator.attempt(claim, line, Turn([], 0.0))


@pytest.mark.parametrize("way", ["open", "half-open"])
async def test_it_is_ended_and_forgotten(
    asterisk: Asterisk, sip: Sip, store: FakeStore, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Also when the connection is dead just then: after the reconnect nobody must take it for a call that goes on."""
    callee = number("10")
    claim = dataclasses.replace(CLAIM, attempt_id=f"lost-{way}", number=callee, caller_id=CALLER_ID)

    async def gives_up(_: LiveCall, channel: Channel) -> CallResult:
        await wait_for(channel, Started)
        if way == "half-open":
            proxy.half_open()
        return CallResult(Outcome.ANSWERED, note="its end was never heard of")

    monkeypatch.setattr(LiveCall, "run", gives_up)
    proxy: Proxy
    async with wire(asterisk.ari_url) as proxy, connected(settings_of(asterisk, url=proxy.url)) as client:
        await attempt(client, store, claim)
        assert store.finished == [Outcome.ANSWERED]
        assert len([*client.router]) == 0
        await sip.wait_for(callee, "BYE", 3)
        assert len(await sip.calls(callee)) == 1
