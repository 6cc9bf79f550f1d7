"""The only place that makes Asterisk call somebody.

``place`` needs a Permit, which only the gate makes; ``place_internal`` calls a destination of
the settings. Whoever calls them learns one of two things: an exception means that surely
nothing was dialled; a Channel means that the call counts as dialled, whatever comes of it.

Asterisk makes a channel, which dials nobody, and dials it when we say so; the permit is spent between the two. It calls
nobody else then, whatever the far end answers, while ARI's originate follows a redirect (3xx, RFC 3261 21.3) anywhere.
A dial is never sent twice: after the end of a call the same channel id would bring a second INVITE.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping

from agi_app import log
from agi_app.config.voice import SpeechSettings
from agi_app.errors import RequestFailed, SafetyError
from agi_app.gate.permit import InternalLeg, Permit
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Failed, Lost
from agi_app.pbx.ari.names import CHANNEL_PREFIX
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.pbx.outbound_leg import DialledChannel

_log = log.get("pbx.originate")
_CALLER_ID = re.compile(r"\+[1-9][0-9]{4,14}")
_CALL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOST_ANSWER_SETTLE_S = 5.0  # how long what was asked for without an answer is hunted for inside Asterisk


def _nothing() -> str | None:
    return None


async def place(
    ari: Ari,
    router: Router,
    permit: Permit,
    *,
    dial_string: Callable[[str, str], str | None],
    ring_timeout: float,
    max_call: float,
    variables: Mapping[str, str] | None = None,
    forbidden: Callable[[], str | None] = _nothing,
) -> Channel:
    """Call the permit's number and return the channel, which tells what becomes of it.

    ``dial_string`` makes what is dialled of the permit's own number and the number that it shows (a trunk's setting);
    None: no line of the trunk has that one.
    ``ring_timeout`` and ``max_call`` are seconds; the second counts from the answer.
    ``forbidden`` is asked at the last moment: why the call must not leave after all.
    Raises SafetyError (forbidden, permit spent or too old, no caller ID) or RequestFailed (no connection):
    then nothing was dialled.
    """
    endpoint = dial_string(permit.number, permit.caller_id)
    if endpoint is None:
        raise SafetyError(f"trunk {permit.trunk} has no line with the number {permit.caller_id}; nothing was dialled")

    def spend() -> None:
        if (reason := forbidden()) is not None:
            raise SafetyError(f"{reason}; nothing was dialled")
        permit.use(ari.clock.monotonic())

    channel = DialledChannel(ari, channel_id_of(permit.attempt_id))
    body = _body(channel.id, endpoint, permit.caller_id, ari.settings.app, ring_timeout + max_call, variables)
    return await _dial(ari, router, channel, body, ring_timeout, spend)


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
    channel = DialledChannel(ari, channel_id_of(leg.leg_id))
    body = _body(channel.id, leg.endpoint, leg.caller_id, ari.settings.app, ring_timeout + max_call, variables)
    if far_end is not None:
        body["otherChannelId"] = far_end.id
    return await _dial(ari, router, channel, body, ring_timeout, lambda: None)


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
    longest: float,
    variables: Mapping[str, str] | None,
) -> dict[str, object]:
    if not _CALLER_ID.fullmatch(caller_id):
        raise SafetyError("no call without a caller ID in E.164: Asterisk would show Anonymous; nothing was dialled")
    return {
        "endpoint": endpoint,
        "app": app,
        "channelId": channel_id,
        "variables": {
            **(variables or {}),
            # What From says, and behind a Local channel what the dialplan and an agent are shown; i: no event of it.
            "CONNECTEDLINE(num,i)": caller_id,
            # Ends the call also when no worker lives to do it. It counts from now, not from the answer.
            "TIMEOUT(absolute)": str(math.ceil(longest)),
        },
    }


async def _dial(
    ari: Ari,
    router: Router,
    channel: DialledChannel,
    body: Mapping[str, object],
    ring_timeout: float,
    spend: Callable[[], None],
) -> Channel:
    if not ari.is_connected:
        raise RequestFailed(f"create {channel.id}", 0, "no connection to Asterisk; nothing was dialled")
    router.adopt(channel)
    if not await _made(ari, router, channel, body):
        return channel
    try:
        await channel.get_ready()
        spend()  # the last thing before the request leaves
    except BaseException:
        _drop(ari, router, channel)
        raise
    try:
        await ari.request("POST", f"channels/{channel.id}/dial", {"timeout": str(math.ceil(ring_timeout))})
    except RequestFailed as fault:
        if fault.status:
            _drop(ari, router, channel)
            raise RequestFailed(f"dial {channel.id}", fault.status, f"{fault}; nothing was dialled") from fault
        _log.error("the answer to a dial was lost; it counts as dialled", channel=channel.id, reason=str(fault))
        ari.hang_up_soon(channel.id, LOST_ANSWER_SETTLE_S)
        router.deliver(channel.id, Lost(str(fault)))
    except asyncio.CancelledError:
        _drop(ari, router, channel, LOST_ANSWER_SETTLE_S)
        raise
    return channel


async def _made(ari: Ari, router: Router, channel: DialledChannel, body: Mapping[str, object]) -> bool:
    """Whether Asterisk has made the channel; if it refused, the channel tells. Raises RequestFailed: no answer."""
    try:
        await ari.request("POST", "channels/create", body=body)
    except RequestFailed as fault:
        if fault.status:
            router.deliver(channel.id, Failed(fault.status, str(fault)))
            return False
        _drop(ari, router, channel, LOST_ANSWER_SETTLE_S)
        raise
    except asyncio.CancelledError:
        _drop(ari, router, channel, LOST_ANSWER_SETTLE_S)
        raise
    return True


def _drop(ari: Ari, router: Router, channel: DialledChannel, settle: float = 0.0) -> None:
    """Nobody runs it, so it must not live on."""
    ari.hang_up_soon(channel.id, settle)
    router.forget(channel.id)
