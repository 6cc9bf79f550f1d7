"""The flow of a call that an agent asked for: nothing before the agent, and the opt-out key as ever."""

from __future__ import annotations

from agi_app.flow.engine import commands as do
from agi_app.flow.engine import events
from agi_app.flow.engine.session import Session
from agi_app.flow.language.built_in_flows import talk_flow
from agi_app.flow.load import load_flow

REMINDER = """
flow: reminder
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "8", phrases: {en: [stop calling]}, confirm: opted_out}
start: greeting
nodes:
  greeting:
    - play: greeting
    - hangup
"""


def begin() -> tuple[Session, do.StartTransfer]:
    session = Session.begin(talk_flow(load_flow(REMINDER, "flows/reminder.yaml"), "front-desk"), {}, None, None)
    (handed,) = [command for command in session.start() if not isinstance(command, do.SetDisposition)]
    assert isinstance(handed, do.StartTransfer)
    return session, handed


def test_who_answers_has_the_agent_at_once() -> None:
    _, handed = begin()
    assert (handed.to, handed.whisper) == ("front-desk", None)


def test_the_call_ends_with_the_talk_and_says_that_they_talked() -> None:
    session, handed = begin()
    assert [type(c) for c in session.handle(events.TransferEnded(handed.transfer, "done"))] == [do.Hangup]
    assert session.disposition == "talked"


def test_an_agent_who_is_gone_when_the_person_answers() -> None:
    session, handed = begin()
    assert isinstance(session.handle(events.TransferEnded(handed.transfer, "failed"))[-1], do.Hangup)
    assert session.disposition == "agent_lost"


def test_the_campaigns_stop_key_works_meanwhile() -> None:
    session, handed = begin()
    told = session.handle(events.KeyPressed("8"))
    assert do.StopTransfer(handed.transfer) in told
    assert any(isinstance(command, do.StoreOptOut) for command in told)
    (confirm,) = [c for c in session.handle(events.OptOutStored()) if isinstance(c, do.PlayPrompt)]
    assert confirm.prompt == "opted_out"
