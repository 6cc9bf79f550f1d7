"""A flow that has its call recorded, on a fake channel: nothing waits for it, and no fault of it ends the call."""

from __future__ import annotations

from typing import Any, cast

import pytest

from agi_app.calls.speech_services import SpeechServices
from agi_app.flow.load import load_flow
from agi_app.model.call import Outcome
from agi_app.pbx.ari import events as pbx
from tests.unit.calls.listening.test_listening import FakeSpool, Kept, leaves, no_threads  # noqa: F401 - a fixture
from tests.unit.calls.test_runner import BYE, World

RECORDED = load_flow(
    """\
flow: recorded
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - record: {call: true}
    - gather: {prompt: ask, keys: {"1": yes}, attempts: 1, save: answer}
    - record: {call: false}
    - play: thanks
    - hangup
""",
    "recorded.yaml",
)
TAPE = "agi-app-a1-c2"


async def test_both_sides_are_kept_from_the_step_to_the_end_of_the_call_and_nothing_waits_for_it() -> None:
    kept = Kept()
    world, spool = leaves(RECORDED, kept)
    world.channel.at(6, pbx.FarEndEnded(None), BYE)
    result = await world.run()
    assert spool.log == ["play zh/greeting", "play zh/ask", f"record the call {TAPE}", f"end {TAPE}", f"take {TAPE}"]
    assert kept.found == [("call", "call", 16000)]
    assert ([r.kind for r in result.recordings], result.note, spool.kept) == (["call"], None, set())


async def test_a_step_ends_it_before_the_next_prompt() -> None:
    kept = Kept()
    world, spool = leaves(RECORDED, kept)
    world.channel.at(8, pbx.Key("1"))
    result = await world.run()
    assert spool.log.index(f"end {TAPE}") < spool.log.index("play zh/thanks")
    assert (len(result.recordings), result.disposition, spool.kept) == (1, "completed", set())


async def test_a_stop_keeps_what_was_recorded() -> None:
    kept = Kept()
    world, _ = leaves(RECORDED, kept)
    world.channel.at(8, pbx.Key("9"))
    result = await world.run()
    assert (result.disposition, [r.kind for r in result.recordings]) == ("opted_out", ["call"])


@pytest.mark.parametrize("fault", ["record the call", "take"])
async def test_a_call_that_cannot_be_recorded_goes_on_and_the_report_says_so(fault: str) -> None:
    world, spool = leaves(RECORDED, Kept())
    spool.fails = fault
    world.channel.at(8, pbx.Key("1"))
    result = await world.run()
    assert (result.outcome, result.answers, result.recordings) == (Outcome.ANSWERED, {"answer": "yes"}, ())
    assert (result.note or "").startswith("the call was not recorded: ")
    assert "play zh/thanks" in spool.log
    assert spool.kept == set()


async def test_a_recording_that_cannot_be_kept_is_a_fault_too() -> None:
    world, _ = leaves(RECORDED, Kept(fault=True))
    result = await world.run()
    assert (result.disposition, result.note) == ("completed", "the call was not recorded: it could not be kept")


async def test_a_recording_whose_end_nobody_told_is_taken_all_the_same() -> None:
    """The connection to Asterisk was away when the call ended."""
    kept = Kept()
    world, spool = leaves(RECORDED, kept)
    spool.ends = False
    world.channel.at(6, pbx.Lost("away"))
    result = await world.run()
    assert (len(result.recordings), result.note, spool.kept) == (
        1,
        "the channel was gone when Asterisk was back",
        set(),
    )


async def test_a_rehearsal_records_no_call() -> None:
    spool = FakeSpool()
    world = World(RECORDED, speech=SpeechServices(cast(Any, spool), None, keep=Kept(), records_calls=False))
    world.channel.at(1, pbx.Ringing()).at(3, pbx.Started()).at(8, pbx.Key("1"))
    result = await world.run()
    assert (result.answers, spool.log, result.note) == ({"answer": "yes"}, [], None)
