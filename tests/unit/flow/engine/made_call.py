"""A call that is about to run some steps, for tests of one subject of the engine."""

from __future__ import annotations

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.load import parse_flow

HEAD = """\
flow: f
languages: [en, zh-CN]
identify: {business: {en: Sunshine Dental, zh-CN: 阳光口腔}}
opt_out: {phrases: {en: [leave me alone]}}
abandoned: nobody-free
start: here
nodes:
  there: [{play: there}]
  here:
"""


def call_at(*steps: str) -> CallInFlow:
    """The steps stand in the node ``here``; a way may lead to the node ``there``."""
    flow = parse_flow(HEAD + "".join(f"    - {step}\n" for step in steps), "f.yaml").flow
    return CallInFlow(flow, contact={}, language="en", node="here", phase="running")
