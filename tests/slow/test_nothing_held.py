"""A worker runs for months: of a call that is over it keeps nothing, however the call ended."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import itertools
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.calls.rendered_speech import Voice
from agi_app.calls.runner import LiveCall
from agi_app.calls.speech_services import SpeechServices
from agi_app.clock import Clock
from agi_app.config.ami import AmiSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer import late_keys
from agi_app.dialer import originator as module
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator, RunningCampaign
from agi_app.dialer.pacing import Turn
from agi_app.errors import RequestFailed
from agi_app.gate.permit import MarkReceipt, Permit
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.ari.dial_bridges import DialBridges
from agi_app.pbx.event_router import Router
from agi_app.pbx.outbound_leg import DialledChannel
from agi_app.store.calling import attempts
from tests.unit.calls.test_runner import FLOW
from tests.unit.fake_voice import recorded_only
from tests.unit.gate_cases import CAMPAIGN, CLAIM

CALLS = 60
KINDS = (LiveCall, DialledChannel, Claim, CallResult, Permit, MarkReceipt)
ENDS = ("answered", "hung up", "busy", "opted out", "refused", "lost", "stopped")
KEYS = {"answered": [pbx.Key("1")], "opted out": [pbx.Key("9")]}
DEAF = SpeechServices(cast(Any, None), None)


class Pbx:
    """An Asterisk whose calls are over at once, each as its turn in ENDS says."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(app="agi-app")
        self.clock = Clock()
        self.is_connected = True
        self.router = Router()
        self.live = LiveCalls()
        self._turns = itertools.cycle(ENDS)
        self._calls: dict[str, str] = {}  # those that are up
        self.dial_bridges = DialBridges(self.request)
        self.bridges = 0

    async def request(self, method: str, uri: str, query: Any = None, body: Any = None) -> None:
        await asyncio.sleep(0)
        if uri == "channels/create":
            self._create(body["channelId"])
        elif uri.startswith("bridges/") and uri.count("/") == 1:
            self.bridges += 1
        elif uri.endswith("/dial"):
            self._dial(uri.split("/")[1])
        elif "/play/" in uri:
            channel, playback = uri.split("/")[1], uri.split("/")[3]
            if channel not in self._calls:
                raise RequestFailed("play", 404, "Channel not found")
            self._say(channel, *KEYS.get(self._calls[channel], ()), pbx.PlaybackFinished(playback))
        elif method == "DELETE" and uri.startswith("channels/"):
            channel = uri.split("/")[1]
            if self._calls.pop(channel, None) is not None:
                self._say(channel, pbx.Left(), pbx.Destroyed(16, None))

    async def tell(self, method: str, uri: str, query: Any = None, *, answered: Any = None) -> None:
        await self.request(method, uri, query)
        if answered is not None:
            answered(200)

    def _create(self, channel: str) -> None:
        end = next(self._turns)
        if end == "refused":
            raise RequestFailed("create", 500, "Allocation failed")
        self._calls[channel] = end
        self._say(channel, pbx.Started())

    def _dial(self, channel: str) -> None:
        end = self._calls.pop(channel)
        if end == "lost":
            raise RequestFailed("dial", 0, "no answer")
        if end == "busy":
            self._say(channel, pbx.Ringing(), pbx.FarEndEnded(486), pbx.Destroyed(17, 486))
            return
        self._calls[channel] = end
        if end == "stopped":
            self._say(channel, pbx.Ringing())
            asyncio.get_running_loop().call_soon(self.live.stop_all, "the person said stop")
            return
        self._say(channel, pbx.Ringing(), pbx.PickedUp())
        if end == "hung up":
            del self._calls[channel]
            self._say(channel, pbx.FarEndEnded(None), pbx.Destroyed(0, None))

    def _say(self, channel: str, *events: pbx.Event) -> None:
        for event in events:
            asyncio.get_running_loop().call_soon(self.router.deliver, channel, event)

    def hang_up_soon(self, channel: str, settle: float = 0.0) -> None:
        """A lost dial; nothing lives on here."""


async def make_calls(asterisk: Pbx) -> tuple[Originator, list[Outcome]]:
    """CALLS calls of all kinds, one by one; how they ended."""
    ruleset = SimpleNamespace(jurisdictions={}, version="x")
    node = Node(
        "n",
        cast(Any, SimpleNamespace(hash_number=str.encode)),
        cast(Any, asterisk),
        asterisk.router,
        asterisk.clock,
        cast(Any, ruleset),
        asterisk.live,
    )

    async def opt_out(number: str, how: str) -> None:
        """It is stored."""

    voice = Voice(recorded_only(lambda *_: ""))
    originator = Originator(
        node,
        media=lambda *_: "sound:x",
        store_opt_out=opt_out,
        may_dial=lambda: True,
        voice=voice,
        agents=AgentWatch(node, {}, AmiSettings(), str),
        speech=DEAF,
    )
    line = RunningCampaign(CAMPAIGN, FLOW, TrunkSettings(endpoint="PJSIP/{number}@test", sandbox=True), Breaker())
    outcomes = []
    for place in range(CALLS):
        claim = dataclasses.replace(CLAIM, attempt_id=f"a{place}", fields={"name": f"person {place}"})
        result = await originator.attempt(claim, line, Turn([], 0.0))
        outcomes.append(Outcome.FAILED if result is None else result.outcome)
    return originator, outcomes


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    async def mark(_: Any, claims: Sequence[Claim], node: str) -> list[MarkReceipt]:
        return [MarkReceipt(claim.attempt_id, Clock().monotonic()) for claim in claims]

    async def released(*_: Any, **__: Any) -> bool:
        return True

    async def stored(_: Any, ends: Sequence[attempts.Ended]) -> list[bool]:
        return [True for _ in ends]

    monkeypatch.setattr(late_keys, "REMEMBERED_S", 0.0)
    monkeypatch.setattr(attempts, "mark", mark)
    monkeypatch.setattr(attempts, "release", released)
    monkeypatch.setattr(attempts, "finish", stored)
    monkeypatch.setattr(module, "_log", SimpleNamespace(info=_no_log, warning=_no_log))


def _no_log(*_: Any, **__: Any) -> None:
    """Sixty lines help nobody."""


def alive() -> dict[str, int]:
    """How many objects of each kind the process holds."""
    gc.collect()
    held = Counter(map(type, gc.get_objects()))
    return {kind.__name__: held[kind] for kind in KINDS}


@pytest.mark.slow
@pytest.mark.usefixtures("store")
async def test_a_finished_call_leaves_nothing_behind() -> None:
    before = alive()
    asterisk = Pbx()
    originator, outcomes = await make_calls(asterisk)
    await asyncio.sleep(0.05)  # late keys of a call are taken for a while
    assert {Outcome.ANSWERED, Outcome.BUSY, Outcome.FAILED, Outcome.INTERRUPTED, Outcome.CANCELLED} <= {*outcomes}
    assert (len(list(asterisk.router)), len(asterisk.live)) == (0, 0)
    lost = outcomes.count(Outcome.INTERRUPTED)
    assert asterisk.bridges <= 1 + lost, "a bridge is used again unless the call in it was lost sight of"
    assert alive() == before, "the originator, the router or a task still holds what is over"
    del originator  # it lived until here
