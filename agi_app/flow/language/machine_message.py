"""A message to a machine, as its own flow: one prompt, then the end.

So the opt-out key counts while it plays, by the same rules as in any flow: perhaps a person listens after all.
"""

from __future__ import annotations

from agi_app.flow.language.definition import Flow
from agi_app.flow.language.steps import HangupStep, Play, PlayStep

NODE = "message"


def leaving(flow: Flow, prompt: str) -> Flow:
    """The message of a campaign that runs ``flow``, in its languages and with its way to stop."""
    steps = [PlayStep(play=Play(prompt=prompt)), HangupStep()]
    return flow.model_copy(update={"start": NODE, "nodes": {NODE: steps}}).joined({})
