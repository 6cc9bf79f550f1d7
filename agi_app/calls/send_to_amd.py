"""Sends an answered call to Asterisk's machine detection, and a machine's to the wait for the end of its greeting.

What comes back is an event of the channel. Where that cannot be had (the dialplan is not ours, Asterisk refuses), the
answer is here at once: nobody knows who has answered, so it may be a person; and a message is not left.
"""

from __future__ import annotations

from agi_app import log
from agi_app.calls.attempt import AmdFinished, AnsweredBy, AwaitGreeting, Detect, GreetingEnded
from agi_app.calls.timers import Timers
from agi_app.errors import RequestFailed
from agi_app.messages import template
from agi_app.model.machine_detection import MachineDetection
from agi_app.pbx.ari.object_names import AMD, AMD_CONTEXT, SILENCE
from agi_app.pbx.channel import Channel

DETECTING = template("machine detection")  # the names of its deadlines
GREETING = template("the end of a greeting")

_log = log.get("call")


async def send(
    channel: Channel, command: Detect | AwaitGreeting, detection: MachineDetection, timers: Timers
) -> AmdFinished | GreetingEnded | None:
    """None: it is on its way, and nothing else is waited for."""
    if isinstance(command, Detect):
        extension = AMD
        timers.only(DETECTING, detection.verdict_within_s)
    else:
        extension = SILENCE
        timers.only(GREETING, detection.silence_within_s)
    try:
        if await channel.detour(AMD_CONTEXT, extension):
            return None
        _log.error("no machine detection: see `agi-app doctor`", missing=f"{AMD_CONTEXT},{extension}")
    except RequestFailed as error:  # hung up this instant, as a rule
        _log.warning("no machine detection", reason=str(error))
    return AmdFinished(AnsweredBy.NOT_SURE) if isinstance(command, Detect) else GreetingEnded(silent=False)


def detection_variables(detection: MachineDetection | None) -> dict[str, str]:
    """What our part of the dialplan gives to Asterisk's machine detection; nothing for calls without."""
    if detection is None:
        return {}
    return {"AGI_APP_AMD": detection.tuning.arguments, "AGI_APP_SILENCE": detection.silence_arguments}
