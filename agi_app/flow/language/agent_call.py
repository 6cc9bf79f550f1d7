"""The flow of a call that an agent asked for: who answers is with the agent at once, and can still say stop."""

from __future__ import annotations

from agi_app.flow.language.definition import Flow, OptOut
from agi_app.flow.language.steps import HangupStep, SetStep
from agi_app.flow.language.transfer_step import Transfer, TransferStep
from agi_app.flow.syntax.names_and_limits import DONE, FAILED

TALKED, LOST = "talked", "agent_lost"  # dispositions; the second: the agent hung up just when the person answered


def talk_flow(flow: Flow, to: str) -> Flow:
    """Languages, business and opt-out key of a campaign's ``flow``; nothing is played but what confirms a stop."""
    opt_out = OptOut(key=flow.opt_out.key, confirm=flow.opt_out.confirm)
    nodes = {
        "talk": [_say_it_was(TALKED), TransferStep(transfer=Transfer(to=to), on={DONE: "end", FAILED: "lost"})],
        "lost": [_say_it_was(LOST), HangupStep()],
        "end": [HangupStep()],
    }
    return flow.model_copy(update={"opt_out": opt_out, "start": "talk", "nodes": nodes}).joined({})


def _say_it_was(disposition: str) -> SetStep:
    return SetStep(set={"disposition": disposition})
