"""The only place that makes Asterisk call somebody.

``place`` needs a Permit, which only the gate makes; ``place_internal`` calls a destination of
the settings. Whoever calls them learns one of two things: an exception means that surely
nothing was dialled; a Channel means that the call counts as dialled, whatever comes of it.
An originate is never sent twice: after the end of a call the same channel id would bring a
second INVITE.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping

from agi_app import log
from agi_app.errors import RequestFailed, SafetyError
from agi_app.gate.permit import InternalLeg, Permit
from agi_app.pbx.ari import Ari
from agi_app.pbx.channel import Channel
from agi_app.pbx.events import Failed, Lost
from agi_app.pbx.names import CHANNEL_PREFIX
from agi_app.pbx.router import Router
from agi_app.voice_config import SpeechSettings

_log = log.get("pbx.originate")
_CALLER_ID = re.compile(r"\+[1-9]\d{4,14}")
_CALL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOST_ANSWER_SETTLE_S = 5.0  # how long an originate without an answer is hunted for inside Asterisk


async def place(
    ari: Ari,
    router: Router,
    permit: Permit,
    *,
    dial_string: Callable[[str, str], str | None],
    ring_timeout: float,
    max_call: float,
    variables: Mapping[str, str] | None = None,
) -> Channel:
    """Call the permit's number and return the channel, which tells what becomes of it.

    ``dial_string`` makes what is dialled of the permit's own number and the number that it shows (a trunk's setting);
    None: no line of the trunk has that one.
    ``ring_timeout`` and ``max_call`` are seconds; the second counts from the answer.
    Raises SafetyError (permit spent or too old, no caller ID) or RequestFailed (no connection):
    then nothing was dialled.
    """
    channel_id = channel_id_of(permit.attempt_id)
    endpoint = dial_string(permit.number, permit.caller_id)
    if endpoint is None:
        raise SafetyError(f"trunk {permit.trunk} has no line with the number {permit.caller_id}; nothing was dialled")
    body = _body(channel_id, endpoint, permit.caller_id, ari.settings.app, ring_timeout, max_call, variables)
    return await _originate(ari, router, channel_id, body, lambda: permit.use(ari.clock.monotonic()))


async def place_internal(
    ari: Ari,
    router: Router,
    leg: InternalLeg,
    *,
    ring_timeout: float,
    max_call: float,
    variables: Mapping[str, str] | None = None,
    far_end: Channel | None = None,
) -> Channel:
    """As ``place``, to a destination of the settings: staff, a rehearsal, our own dialplan.

    ``far_end`` (of ``router.open``) is the other half of a ``Local/`` endpoint, when it must be known from the start.
    """
    channel_id = channel_id_of(leg.leg_id)
    body = _body(channel_id, leg.endpoint, leg.caller_id, ari.settings.app, ring_timeout, max_call, variables)
    if far_end is not None:
        body["otherChannelId"] = far_end.id
    return await _originate(ari, router, channel_id, body, lambda: None)


def talk_detect(settings: SpeechSettings) -> dict[str, str]:
    """The variables that make Asterisk tell when the person speaks; to set them later would wait for the prompt."""
    return {"TALK_DETECT(set)": f"{settings.pause},{settings.level}"}


def channel_id_of(call_id: str) -> str:
    """The channel id of an attempt or internal leg; ours alone, and it holds no phone number."""
    if not _CALL_ID.fullmatch(call_id):
        raise ValueError(f"{call_id!r} cannot be part of a channel id")
    return CHANNEL_PREFIX + call_id


def _body(
    channel_id: str,
    endpoint: str,
    caller_id: str,
    app: str,
    ring_timeout: float,
    max_call: float,
    variables: Mapping[str, str] | None,
) -> dict[str, object]:
    if not _CALLER_ID.fullmatch(caller_id):
        raise SafetyError("no call without a caller ID in E.164: Asterisk would show Anonymous; nothing was dialled")
    return {
        "endpoint": endpoint,
        "app": app,
        "channelId": channel_id,
        "callerId": f"<{caller_id}>",
        "timeout": math.ceil(ring_timeout),
        "variables": {
            **(variables or {}),
            # Ends the call also when no worker lives to do it. It counts from now, not from the answer.
            "TIMEOUT(absolute)": str(math.ceil(ring_timeout + max_call)),
        },
    }


async def _originate(
    ari: Ari, router: Router, channel_id: str, body: Mapping[str, object], spend: Callable[[], None]
) -> Channel:
    if not ari.is_connected:
        raise RequestFailed(f"originate {channel_id}", 0, "no connection to Asterisk; nothing was dialled")
    channel = router.open(ari, channel_id)
    try:
        spend()  # the last thing before the request leaves
    except SafetyError:
        router.forget(channel_id)
        raise
    try:
        await ari.request("POST", "channels", body=body)
    except RequestFailed as fault:
        if fault.status:
            router.deliver(channel_id, Failed(fault.status, str(fault)))
        else:
            _log.error(
                "the answer to an originate was lost; it counts as dialled", channel=channel_id, reason=str(fault)
            )
            ari.hang_up_soon(channel_id, LOST_ANSWER_SETTLE_S)
            router.deliver(channel_id, Lost(str(fault)))
    except asyncio.CancelledError:
        ari.hang_up_soon(channel_id, LOST_ANSWER_SETTLE_S)
        router.forget(channel_id)
        raise
    return channel
