"""Calls for agents, the pure parts: how many to begin, what whoever meets nobody hears, and what the checks ask for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from agi_app.calls import attempt as att
from agi_app.dialer.agents.abandoned_ceiling import ceiling_percent
from agi_app.dialer.agents.agent_pacing import past_of, to_begin
from agi_app.errors import AsteriskError
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.engine.commands import Hangup, PlayPrompt, SetDisposition, StartTransfer, StoreOptOut
from agi_app.flow.engine.events import KeyPressed, OptOutStored, PromptFinished, TransferEnded
from agi_app.flow.engine.session import Session
from agi_app.flow.load import parse_flow
from agi_app.model.agents import AgentCounts, AgentsNow
from agi_app.model.call import Outcome
from agi_app.model.campaign import Agents, Pacing
from agi_app.model.counted_calls import counts
from agi_app.pbx.ami.connection import Ami
from agi_app.pbx.ami.queue_members import LeadsOut, NoQueue, of_queue
from tests.unit.gate_cases import CAMPAIGN, NOW, ruleset

FLOW = parse_flow(
    """\
flow: f
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "9"}
abandoned: sorry
start: n
nodes:
  n:
    - play: greeting
    - transfer: {to: advisers}
      on: {done: bye, failed: bye}
  bye:
    - hangup
""",
    "flows/f.yaml",
)
SEEN = AgentCounts(under_way=0, waiting=0, ended=1000, answered=300, abandoned=0, answer_s=3000, met=300, talk_s=18000)


def waiting_for_an_agent() -> tuple[Session, str]:
    session = Session.begin(FLOW.flow, {})
    (play,) = session.start()
    assert isinstance(play, PlayPrompt)
    (transfer,) = session.handle(PromptFinished(play.playback))
    assert isinstance(transfer, StartTransfer)
    return session, transfer.transfer


def test_whoever_meets_nobody_hears_the_prompt_and_then_the_call_ends() -> None:
    session, transfer = waiting_for_an_agent()
    disposition, sorry = session.handle(TransferEnded(transfer, "abandoned"))
    assert disposition == SetDisposition("abandoned")
    assert isinstance(sorry, PlayPrompt)
    assert sorry.prompt == "sorry"
    assert session.handle(PromptFinished(sorry.playback)) == [Hangup("abandoned")]


def test_the_opt_out_key_works_in_that_prompt() -> None:
    session, transfer = waiting_for_an_agent()
    session.handle(TransferEnded(transfer, "abandoned"))
    commands = session.handle(KeyPressed("9"))
    assert any(isinstance(command, StoreOptOut) for command in commands)
    assert session.handle(OptOutStored()) == [Hangup("opted_out")]


def test_a_call_that_met_nobody_ends_as_abandoned() -> None:
    attempt = att.Attempt()
    for event in (att.Marked(), att.Answered(), att.MetNobody(), att.FlowEnded()):
        attempt, _ = att.step(attempt, event, NOW)
    _, (finish,) = att.step(attempt, att.ChannelDestroyed(16, 0), NOW)
    assert isinstance(finish, att.Finish)
    assert finish.result.outcome is Outcome.ABANDONED
    assert counts(finish.result)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("This was an automated call from Sunshine Dental. To stop these calls, press 9.", None),
        ("All advisers are busy. To stop these calls, press 9.", 'say "Sunshine Dental"'),
        ("This was an automated call from Sunshine Dental.", "press 9"),
    ],
)
def test_the_prompt_says_who_rang_and_how_to_stop(said: str, fault: str | None) -> None:
    sound = PromptFacts(True, said, 8000, 1, 2, 4.0)
    greeting = replace(sound, transcript="Sunshine Dental, an automated call. To stop, press 9.")
    found = check_flow(FLOW, {("en", "sorry"): sound, ("en", "greeting"): greeting})
    assert [p.rule for p in found] == ([] if fault is None else ["flow/abandoned"])
    assert fault is None or fault in found[0].message


def test_progressive_pacing_is_a_call_for_each_free_agent_less_those_who_are_on_their_way() -> None:
    counts = replace(SEEN, under_way=2, waiting=1)
    assert to_begin(Pacing.PROGRESSIVE, AgentsNow(5, 9, 0), counts, 1) == 2


def test_predictive_pacing_goes_ahead_only_with_a_budget() -> None:
    now = AgentsNow(5, 15, 0)
    assert to_begin(Pacing.PREDICTIVE, now, SEEN, 1) > 5
    assert to_begin(Pacing.PREDICTIVE, now, replace(SEEN, abandoned=3), 1) == 5
    assert to_begin(Pacing.PREDICTIVE, now, SEEN, 0) == 5


def test_the_work_after_a_call_is_handling_time() -> None:
    assert past_of(SEEN, wrap_up_s=7).handling_s == 67


def test_the_lowest_ceiling_of_campaign_and_countries_is_paced_by() -> None:
    campaign = replace(CAMPAIGN, agents=Agents("advisers", abandoned_percent=2))
    assert ceiling_percent(campaign, ruleset(abandoned_percent=1.5)) == 1.5
    assert ceiling_percent(campaign, ruleset()) == 2


MEMBER = {"Event": "QueueMember", "Paused": "0", "Status": "1", "InCall": "0", "LastCall": "0", "Wrapuptime": "0"}


class Told:
    """Answers QueueStatus with these members."""

    def __init__(self, *members: dict[str, str], callers: int = 0) -> None:
        head = {"Event": "QueueParams", "Calls": str(callers)}
        self._answers = [{"Response": "Success"}, *([head] if members else []), *(MEMBER | m for m in members)]

    async def ask(self, question: str, **values: str) -> list[dict[str, str]]:
        return self._answers


@pytest.mark.parametrize(
    ("member", "free", "busy"),
    [
        ({}, 1, 0),
        ({"Paused": "1"}, 0, 0),
        ({"Status": "2"}, 0, 1),
        ({"Status": "6"}, 0, 1),
        ({"Status": "0"}, 0, 1),  # unknown is not free
        ({"Status": "5"}, 0, 0),
        ({"InCall": "1"}, 0, 1),
        ({"LastCall": "996", "Wrapuptime": "5"}, 0, 1),
        ({"LastCall": "995", "Wrapuptime": "5"}, 1, 0),
    ],
)
def test_a_member_of_a_queue_is_free_when_the_queue_itself_would_ring_them(
    member: dict[str, str], free: int, busy: int
) -> None:
    seen = asyncio.run(of_queue(cast(Ami, Told(member)), "advisers", 1000.0))
    assert (seen.free, seen.busy) == (free, busy)


def test_the_time_after_a_call_is_the_members_or_that_of_the_settings() -> None:
    """Asterisk does not tell the wrapuptime of the queue itself."""
    just = Told({"LastCall": "996"}, {"LastCall": "996", "Wrapuptime": "2"})
    seen = asyncio.run(of_queue(cast(Ami, just), "advisers", 1000.0, wrap_up_s=10.0))
    assert (seen.free, seen.busy, seen.wrap_up_s) == (1, 1, 10.0)


def test_callers_who_wait_in_the_queue_are_served_first() -> None:
    assert asyncio.run(of_queue(cast(Ami, Told({}, {}, {}, callers=2)), "advisers", 0.0)).free == 1


def test_a_queue_that_is_not_there_is_unknown_and_not_empty() -> None:
    nothing: Any = Told()
    with pytest.raises(NoQueue, match="no queue advisers"):
        asyncio.run(of_queue(nothing, "advisers", 0.0))


def test_an_answer_that_cannot_be_read_is_unknown_and_ends_no_worker() -> None:
    with pytest.raises(AsteriskError, match="cannot be read"):
        asyncio.run(of_queue(cast(Ami, Told({"Status": "somehow"})), "advisers", 0.0))


@pytest.mark.attack("row 4: a member of a queue behind a trunk")
@pytest.mark.parametrize(
    "member",
    [
        "PJSIP/+999861380000001@carrier-a",
        "PJSIP/999861380000001@gateway",
        "PJSIP/carrier-a",
        "PJSIP/carrier-a/sip:+999861380000001@192.0.2.1",
        "Local/999861380000001@from-internal/n",
        "DAHDI/g1/999861380000001",
        "SIP/999861380000001@carrier-a",
    ],
)
def test_a_queue_with_a_member_behind_a_trunk_is_not_called_for(member: str) -> None:
    """Asterisk would ring that member itself, whatever the number is."""
    told = Told({}, {"Location": member})
    with pytest.raises(LeadsOut, match="without asking anybody"):
        asyncio.run(of_queue(cast(Ami, told), "advisers", 1000.0, trunks={"carrier-a"}))


@pytest.mark.parametrize("member", ["PJSIP/anna", "Local/101@from-queue/n", "DAHDI/1", "Agent/1001"])
def test_phones_of_ours_are_members(member: str) -> None:
    told = Told({"Location": member})
    assert asyncio.run(of_queue(cast(Ami, told), "advisers", 1000.0, trunks={"carrier-a"})).free == 1
