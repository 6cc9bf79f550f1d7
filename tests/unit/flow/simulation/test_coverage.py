"""Which branches a call takes: the ways of answers, also by another outcome's way, and those of conditions."""

from __future__ import annotations

from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.coverage import branches, taken
from agi_app.flow.simulation.simulator import Simulation

FLOW = """\
flow: f
languages: [en]
identify: {business: {en: Sun}}
start: a
nodes:
  a:
    - branch:
        - {when: contact.vip == "yes", goto: b}
        - else: c
  b: [hangup]
  c:
    - gather: {prompt: ask, keys: {"1": yes}, attempts: 1}
      on: {yes: b, no_input: d}
  d:
    - set: {disposition: none}
    - goto: b
"""


def walked(contact: dict[str, str], *inputs: str) -> list[tuple[str, str]]:
    flow = parse_flow(FLOW, "f.yaml").flow
    call = Simulation(flow, {}, contact)
    call.start()
    for one in inputs:
        call.feed(one)
    gone = taken(flow, [("f", call.session.walked)])
    return [(one.node, one.way) for one in branches(flow) if one in gone]


def test_a_call_takes_some_branches_and_no_others() -> None:
    assert [(one.way, one.target) for one in branches(parse_flow(FLOW, "f.yaml").flow)] == [
        ('contact.vip == "yes"', "b"),
        ("else", "c"),
        ("yes", "b"),
        ("no_input", "d"),
    ]
    assert walked({"vip": "yes"}) == [("a", 'contact.vip == "yes"')]
    assert walked({}, "listen", "1") == [("a", "else"), ("c", "yes")]
    assert walked({}, "listen", "7", "silence") == [
        ("a", "else"),
        ("c", "no_input"),
    ]  # another key has no way of its own
    assert walked({}, "hangup") == [("a", "else")]


def test_a_called_flow_is_counted_by_its_own_name() -> None:
    flow = parse_flow(FLOW, "f.yaml").flow
    call = Simulation(flow, {}, {})
    call.start()
    assert taken(flow, [("another", call.session.walked)]) == set()
