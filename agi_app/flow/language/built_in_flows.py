"""Flows of our own making, beside a campaign's: the message to a machine, and the call that an agent asked for.

As flows they keep the way to stop: the opt-out key counts while a message plays; perhaps a person listens after all.
"""

from __future__ import annotations

from agi_app.flow.language.definition import Flow, OptOut
from agi_app.flow.language.steps import HangupStep, Play, PlayStep, SetStep
from agi_app.flow.language.transfer_step import Transfer, TransferStep
from agi_app.flow.syntax.names_and_limits import DONE, FAILED

NODE = "message"
TALKED, LOST = "talked", "agent_lost"  # dispositions; the second: the agent hung up just when the person answered


def leaving(flow: Flow, prompt: str) -> Flow:
    """The message of a campaign that runs ``flow``, in its languages and with its way to stop."""
    steps = [PlayStep(play=Play(prompt=prompt)), HangupStep()]
    return flow.model_copy(update={"start": NODE, "nodes": {NODE: steps}}).joined({})


def talk_flow(flow: Flow, to: str) -> Flow:
    """The person who answers is with the agent at once, and can still say stop.

    It has the languages, business and opt-out key of a campaign's ``flow``; nothing is played but what confirms a stop.
    """
    opt_out = OptOut(key=flow.opt_out.key, confirm=flow.opt_out.confirm)
    nodes = {
        "talk": [_say_it_was(TALKED), TransferStep(transfer=Transfer(to=to), on={DONE: "end", FAILED: "lost"})],
        "lost": [_say_it_was(LOST), HangupStep()],
        "end": [HangupStep()],
    }
    return flow.model_copy(update={"opt_out": opt_out, "start": "talk", "nodes": nodes}).joined({})


def _say_it_was(disposition: str) -> SetStep:
    return SetStep(set={"disposition": disposition})
