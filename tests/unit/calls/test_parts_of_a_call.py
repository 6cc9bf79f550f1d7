"""Parts of one call, each asked alone: what it meant in the end, its stops, its sound, its transfer."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.calls.call_plan import CallPlan
from agi_app.calls.final_disposition import conclude
from agi_app.calls.no_audio import SoundCheck
from agi_app.calls.playback import unless_gone
from agi_app.calls.running_transfer import order_of
from agi_app.calls.store_stops_in_call import Stopping
from agi_app.calls.timers import Timers
from agi_app.errors import RequestFailed, SafetyError
from agi_app.flow.engine.commands import StartTransfer, StoreOptOut, StoreStop
from agi_app.flow.engine.events import OptOutStored, StopStored
from agi_app.flow.load import load_flow
from agi_app.model.agents import GIVE_UP_S
from agi_app.model.call import CallResult, Outcome
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Received, is_heard
from tests.fake_clock import FakeClock

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
FLOW = load_flow(
    "flow: f\nlanguages: [en]\nidentify: {business: {en: Sunshine Dental}}\nstart: a\nnodes: {a: [hangup]}\n", "f.yaml"
)


class Journal:
    """Takes stops, or has no room on its disk."""

    def __init__(self, full: bool = False) -> None:
        self.kept: list[tuple[str, str]] = []
        self._full = full

    async def take(self, number: str, how: str) -> None:
        if self._full:
            raise SafetyError("no space left")
        self.kept.append((number, how))


def plan(journal: Journal, **more: object) -> Any:
    party = SimpleNamespace(number="+999861380001101", language="en", fields={})
    return SimpleNamespace(
        party=party, store_opt_out=journal.take, caller=None, flow=FLOW, local_now=lambda: None, **more
    )


async def test_the_flow_hears_of_a_stop_only_once_it_is_kept() -> None:
    journal = Journal()
    stopping = Stopping(plan(journal))
    assert await stopping.take(StoreStop("+999861380001102")) == StopStored()
    assert (stopping.opted_out, stopping.said_here) == (False, False), "that is somebody else's number"
    assert await stopping.take(StoreOptOut("key")) == OptOutStored()
    assert (stopping.opted_out, stopping.said_here) == (True, True)
    assert journal.kept == [("+999861380001102", "keyed"), ("+999861380001101", "key")]
    full = Stopping(plan(Journal(full=True)))
    assert await full.take(StoreOptOut("key")) is None
    assert "no space left" in str(full.fault)


def test_the_key_says_stop_before_the_flow_begins_and_once_only() -> None:
    stopping = Stopping(plan(Journal()))
    assert (stopping.means("9", None), stopping.means("1", None)) == (True, False)
    stopping.opted_out = True
    assert not stopping.means("9", None)


@pytest.mark.parametrize(("outcome", "opted_out", "shown"), [
    (Outcome.NO_ANSWER, False, (Outcome.NO_ANSWER, None)),
    (Outcome.MACHINE, False, (Outcome.MACHINE, None)),
    (Outcome.MACHINE, True, (Outcome.HUMAN, "opted_out")),
])  # fmt: skip
def test_only_a_person_says_stop(outcome: Outcome, opted_out: bool, shown: tuple[Outcome, str | None]) -> None:
    found = conclude(CallResult(outcome), None, None, "a recording", opted_out=opted_out)
    assert (found.outcome, found.disposition, found.note) == (*shown, "a recording")


class Line:
    """A channel of which so many packets came."""

    def __init__(self, *counts: int | None) -> None:
        self._counts = list(counts)

    async def received(self) -> Received | None:
        count = self._counts.pop(0)
        return None if count is None else Received(rxcount=count)


@pytest.mark.parametrize(("packets", "mute"), [(0, True), (7, False), (None, False)])
async def test_without_a_packet_nothing_can_be_heard(packets: int | None, mute: bool) -> None:
    """Where it cannot be told, the call goes on."""
    lives: list[bool] = []
    check = SoundCheck(Timers(FakeClock(NOW)), lambda: lives.append(True))
    channel = cast(Any, Line(packets))
    await check.begin(channel)
    assert await check.is_mute(channel) is mute
    assert bool(lives) is (packets == 7)


async def test_a_key_is_life() -> None:
    check = SoundCheck(Timers(FakeClock(NOW)), lambda: None)
    check.notice(pbx.KeyBegan("1"))
    assert not await check.is_mute(cast(Any, Line()))


async def test_a_request_about_what_is_gone_is_no_fault() -> None:
    async def request() -> None:
        raise RequestFailed("DELETE playbacks/p", 404, "")

    await unless_gone(request())


@pytest.mark.parametrize(("state", "heard"), [("playing", True), ("queued", False)])
async def test_a_prompt_is_heard_while_it_plays(state: str, heard: bool) -> None:
    async def request(_method: str, _uri: str) -> Any:
        return SimpleNamespace(decode=lambda _: SimpleNamespace(state=state))

    assert await is_heard(cast(Any, SimpleNamespace(request=request)), "p") is heard


def test_a_transfer_of_a_call_for_agents_has_patience_only_with_them() -> None:
    call = plan(Journal(), agents="sales", media=lambda language, name: f"{language}/{name}", max_call_s=60.0)
    call.attempt_id = call.party.attempt_id = "a1"
    call.party.caller_id = "+999862155500001"
    wanted = StartTransfer("t1", "sales", 20.0, "hello", "en")
    order = order_of(call, "c1", wanted)
    assert (order.to, order.whisper, order.patience_s) == ("sales", "en/hello", GIVE_UP_S)
    call.agents = "others"
    assert order_of(call, "c1", wanted).patience_s is None


def test_before_anybody_is_known_to_have_answered_a_key_may_stop() -> None:
    wanted = plan(Journal(), hears=None)
    session = CallPlan.session(wanted, wanted.flow)
    assert not session.finished
