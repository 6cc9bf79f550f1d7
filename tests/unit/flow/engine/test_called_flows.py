"""Flows that call flows: one scope each, a way back, and nothing that goes round for ever."""

from __future__ import annotations

import json

import pytest

from agi_app.errors import AuthorError
from agi_app.flow.check.sub_flows import check_calls, with_parts
from agi_app.flow.engine import called_flows
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import Event, KeyPressed, PromptFinished, TimerFired
from agi_app.flow.engine.session import Session
from agi_app.flow.language.call_step import ReturnStep
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_with_parts, parse_flow
from tests.unit.flow.engine.made_call import call_at

MAIN = """\
flow: main
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - set: {tries: 1, code: outer, wanted: mine}
    - call: {flow: ask, with: {wanted: "{contact.member}", tries: "{tries}"}, take: [member]}
      on: {right: message, else: bye}
  message:
    - branch: [{when: code == "outer" and member == "42" and wanted == "mine", goto: bye}]
    - play: wrong-scope
    - hangup
  bye:
    - play: bye
    - hangup
"""
ASK = """\
flow: ask
languages: [en, zh-CN]
identify: {business: {en: Sunshine Dental, zh-CN: 阳光口腔}}
parameters: [wanted, tries]
start: ask
nodes:
  ask:
    - set: {code: inner}
    - gather: {prompt: ask, digits: {min: 2, max: 2}, save: member}
    - branch: [{when: member == wanted and tries == 1, goto: right}]
    - return: wrong
  right:
    - return: right
"""


def script(**texts: str) -> Flow:
    return load_with_parts(texts.pop("main", MAIN), "main.yaml", {"ask.yaml": ASK, **texts})


def run(flow: Flow, *events: Event) -> list[do.Command]:
    """The last commands; the state goes through JSON before every event."""
    session = Session.begin(flow, {"member": "42"})
    commands = session.start()
    for event in events:
        session = Session.restore(flow, json.loads(json.dumps(session.state)))
        commands = session.handle(event)
    return commands


def faults(text: str, **others: str) -> list[str]:
    flows = {name: parse_flow(other, f"{name}.yaml").flow for name, other in {"ask": ASK, **others}.items()}
    return [str(problem) for problem in check_calls(parse_flow(text, "main.yaml"), flows)]


def test_a_called_flow_asks_and_its_result_leads_on() -> None:
    """Parameters go in, what is taken comes out, and no other variable of the one is seen by the other."""
    asked = (PromptFinished("p1"), PromptFinished("p2"), KeyPressed("4"))
    assert run(script(), *asked, KeyPressed("2"))[-1] == do.PlayPrompt("p5", "bye", "en")
    assert do.SaveAnswer("member", "42") in run(script(), *asked, KeyPressed("2"))
    assert run(script(), *asked, KeyPressed("3"))[-1] == do.PlayPrompt("p5", "bye", "en")


def test_the_result_without_a_way_takes_the_next_step() -> None:
    flow = script(main=MAIN.replace("on: {right: message, else: bye}", "on: {right: message}\n    - goto: bye"))
    events = (
        PromptFinished("p1"),
        PromptFinished("p2"),
        TimerFired("t3"),
        PromptFinished("p4"),
        TimerFired("t5"),
    )
    assert run(flow, *events) == [do.PlayPrompt("p6", "bye", "en")]


def test_the_opt_out_key_and_its_confirmation_are_those_of_the_first_flow() -> None:
    """While the called flow collects digits it is star and the key, as everywhere."""
    before = (PromptFinished("p1"), KeyPressed("*"), KeyPressed("9"))
    assert do.StoreOptOut("key") in run(script(), *before)


def test_flows_that_call_each_other_at_run_time_still_end() -> None:
    """The check refuses them; should it be passed by, the call ends by its limit instead of going round."""
    again = ASK.replace("    - set: {code: inner}\n", "    - call: {flow: ask, with: {wanted: x, tries: 1}}\n", 1)
    flows = {"main": parse_flow(MAIN, "m").flow, "ask": parse_flow(again, "a").flow}
    session = Session.begin(with_parts(flows["main"], flows), {})
    session.start()
    assert session.handle(PromptFinished("p1"))[-1] == do.Hangup("flow_limit")


def test_a_return_that_nobody_waits_for_ends_the_call() -> None:
    call = call_at("{return: done}")
    step = call.current()
    assert isinstance(step, ReturnStep)
    assert called_flows.return_(call, step) == [do.Hangup("end_of_node")]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "flow: ask,",
            "flow: aks,",
            'main.yaml:10:14: flow/unknown-flow flow: no flow file has the name "aks"; did you mean "ask"?',
        ),
        ('tries: "{tries}"', "", 'flow/parameters with: "ask" needs a value for "tries"'),
        (
            "{wanted:",
            "{wnated: 1, wanted:",
            'flow/parameters wnated: "ask" has no such parameter; did you mean',
        ),
        ("right: message", "rihgt: message", 'flow/unknown-answer rihgt: "ask" never returns "rihgt"; did you mean'),
        ("take: [member]", "take: [membr]", 'flow/unknown-variable take: nothing in "ask" gives "membr" a value'),
        ("confirm: stopped", 'key: "0"', 'flow/sub-flow flow: the opt-out key of "ask" is 9, here it is 0'),
        ("languages: [en]", "languages: [en, fr]", 'flow/sub-flow flow: "ask" does not speak "fr"'),
    ],
)
def test_faults_between_two_files(old: str, new: str, fault: str) -> None:
    assert faults(MAIN) == []
    assert any(fault in found for found in faults(MAIN.replace(old, new, 1))), faults(MAIN.replace(old, new, 1))


def test_flows_that_go_round_or_too_deep_are_refused() -> None:
    calls = "    - call: {{flow: {}, with: {{wanted: x, tries: 1}}}}\n    - set: {{code: inner}}\n"
    back = ASK.replace("    - set: {code: inner}\n", calls.format("main"))
    (found,) = faults(MAIN, ask=back, main=MAIN)
    assert "flow/recursion the flow calls itself: main → ask → main" in found
    chain = {f"ask{n}": ASK.replace("flow: ask", f"flow: ask{n}") for n in range(1, 7)}
    for n in range(1, 6):
        chain[f"ask{n}"] = chain[f"ask{n}"].replace("    - set: {code: inner}\n", calls.format(f"ask{n + 1}"))
    text = MAIN.replace("flow: ask,", "flow: ask2,")
    assert not faults(text, **chain)
    assert "flow/recursion more than 5 flows deep" in faults(MAIN.replace("flow: ask,", "flow: ask1,"), **chain)[0]


def test_a_stored_campaign_with_a_fault_in_a_called_flow_is_refused() -> None:
    with pytest.raises(AuthorError, match="flow/unknown-flow"):
        load_with_parts(MAIN, "main.yaml", {})
    with pytest.raises(AuthorError, match=r"ask\.yaml:"):
        script(**{"ask.yaml": ASK.replace("start: ask", "start: aks")})


def test_a_flow_says_who_calls_before_it_calls_another() -> None:
    text = MAIN.replace("    - play: greeting\n", "")
    with pytest.raises(AuthorError, match="flow/call-first the person has heard nothing yet"):
        load_with_parts(text, "main.yaml", {"ask.yaml": ASK})
