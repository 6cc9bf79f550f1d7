"""The only place that makes Asterisk call somebody.

Nobody is dialled without a Permit, which only the gate makes; ``place_internal`` calls a destination of the settings.
Their caller learns one of two things: an exception means that certainly
nothing was dialled; a Channel means that the call counts as dialled, whatever happens.

Asterisk makes a channel, which dials nobody, and dials it when we say so; the permit is spent between the two. It calls
nobody else then, whatever the far end answers, while ARI's originate follows a redirect (3xx, RFC 3261 21.3) anywhere.
A dial is never sent twice: after the end of a call the same channel id would bring a second INVITE.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NotRequired, TypedDict, Unpack

from agi_app import log
from agi_app.errors import RequestFailed, SafetyError
from agi_app.gate.permit import InternalLeg, Permit
from agi_app.messages import t
from agi_app.model.call import AllowedCall
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Failed, Lost
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.pbx.outbound_leg import DialledChannel

_log = log.get("pbx.originate")
_CALLER_ID = re.compile(r"\+[1-9][0-9]{4,14}")
_CALL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOST_ANSWER_SETTLE_S = 5.0  # how long what was asked for without an answer is hunted for inside Asterisk


Callee = AllowedCall | Permit  # whom a channel is made for


class ChannelTerms(TypedDict):
    """How a channel is made: what ``dial_string`` makes of number and number shown, and its limits in seconds."""

    dial_string: Callable[[str, str], str | None]
    ring_timeout: float
    max_call: float
    variables: NotRequired[Mapping[str, str] | None]


class Made:
    """A channel to somebody whom nobody has dialled yet; only the permit for this very call dials it."""

    def __init__(self, ari: Ari, router: Router, channel: DialledChannel, callee: Callee, ring_timeout: float) -> None:
        self._ari, self._router, self._ring_timeout = ari, router, ring_timeout
        self._callee = _identity(callee)
        self.channel, self.dialled = channel, False

    @property
    def refused(self) -> bool:
        """Asterisk did not make it, and says why as the channel's end: there is nobody to dial."""
        return isinstance(self.channel.ended, Failed)

    async def dial(self, permit: Permit, forbidden: Callable[[], str | None] = lambda: None) -> Channel:
        """Dial it, unless it was refused, and return the channel, which tells what happens to the call.

        ``forbidden`` is asked at the last moment: why the call must not leave after all.
        Raises SafetyError (forbidden, permit of another call, spent or too old) or RequestFailed: nothing was dialled.
        """
        if self.refused:
            return self.channel
        if (reason := forbidden()) is not None:
            raise SafetyError(t("{reason}; nothing was dialled", reason=reason))
        if _identity(permit) != self._callee:
            raise SafetyError(
                t(
                    "attempt {attempt_id}: its permit is for another call; nothing was dialled",
                    attempt_id=permit.attempt_id,
                )
            )
        permit.use(self._ari.clock.monotonic())  # the last thing before the request leaves
        self.dialled = True
        await _dial(self._ari, self._router, self.channel, self._ring_timeout)
        return self.channel


@contextlib.asynccontextmanager
async def made(
    ari: Ari,
    router: Router,
    callee: Callee,
    *,
    dial_string: Callable[[str, str], str | None],
    ring_timeout: float,
    max_call: float,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Made]:
    """A channel to somebody, ready to be dialled, or refused by Asterisk; one that was not dialled is gone afterwards.

    ``dial_string`` makes what is dialled of the number and the number that it shows (a trunk's setting); None: no line
    of the trunk has that one. ``ring_timeout`` and ``max_call`` are seconds; the second counts from the answer.
    Raises SafetyError (no caller ID, no line) or RequestFailed (no connection, no answer).
    """
    if (endpoint := dial_string(callee.number, callee.caller_id)) is None:
        raise SafetyError(
            t(
                "trunk {trunk} has no line with the number {caller_id}; nothing was dialled",
                trunk=callee.trunk,
                caller_id=callee.caller_id,
            )
        )
    channel = DialledChannel(ari, channel_id_of(callee.attempt_id))
    body = _body(channel.id, endpoint, callee.caller_id, ari.settings.app, ring_timeout + max_call, variables)
    await _make(ari, router, channel, body)
    found = Made(ari, router, channel, callee, ring_timeout)
    try:
        yield found
    finally:
        if not found.dialled and not found.refused:
            _drop(ari, router, channel)


async def place(
    ari: Ari,
    router: Router,
    permit: Permit,
    *,
    forbidden: Callable[[], str | None] = lambda: None,
    **terms: Unpack[ChannelTerms],
) -> Channel:
    """Make and dial at once, as ``made`` and ``Made.dial``."""
    async with made(ari, router, permit, **terms) as ready:
        return await ready.dial(permit, forbidden)


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
    await _make(ari, router, channel, body)
    if not isinstance(channel.ended, Failed):
        await _dial(ari, router, channel, ring_timeout)
    return channel


def channel_id_of(call_id: str) -> str:
    """The channel id of an attempt or internal leg; ours alone, and it holds no phone number."""
    if not _CALL_ID.fullmatch(call_id):
        raise ValueError(f"{call_id!r} cannot be part of a channel id")
    return CHANNEL_PREFIX + call_id


def _identity(callee: Callee) -> tuple[str, str, str, str]:
    return callee.attempt_id, callee.number, callee.caller_id, callee.trunk


def _body(
    channel_id: str,
    endpoint: str,
    caller_id: str,
    app: str,
    longest: float,
    variables: Mapping[str, str] | None,
) -> dict[str, object]:
    if not _CALLER_ID.fullmatch(caller_id):
        raise SafetyError(t("no call without a caller ID in E.164: Asterisk would show Anonymous; nothing was dialled"))
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


async def _make(ari: Ari, router: Router, channel: DialledChannel, body: Mapping[str, object]) -> None:
    """Make the channel and have it ready; if Asterisk refused, the channel tells. Raises RequestFailed: no answer."""
    if not ari.is_connected:
        raise RequestFailed(f"create {channel.id}", 0, t("no connection to Asterisk; nothing was dialled"))
    router.adopt(channel)
    try:
        await ari.request("POST", "channels/create", body=body)
    except (RequestFailed, asyncio.CancelledError) as fault:
        if isinstance(fault, RequestFailed) and fault.status:
            router.deliver(channel.id, Failed(fault.status, str(fault)))
            return
        _drop(ari, router, channel, LOST_ANSWER_SETTLE_S)
        raise
    try:
        await channel.get_ready()
    except BaseException:
        _drop(ari, router, channel)
        raise


async def _dial(ari: Ari, router: Router, channel: DialledChannel, ring_timeout: float) -> None:
    try:
        await ari.request("POST", f"channels/{channel.id}/dial", {"timeout": str(math.ceil(ring_timeout))})
    except RequestFailed as fault:
        if fault.status:
            _drop(ari, router, channel)
            raise RequestFailed(
                f"dial {channel.id}", fault.status, t("{fault}; nothing was dialled", fault=fault)
            ) from fault
        _log.error("the answer to a dial was lost; it counts as dialled", channel=channel.id, reason=str(fault))
        ari.hang_up_soon(channel.id, LOST_ANSWER_SETTLE_S)
        router.deliver(channel.id, Lost(str(fault)))
    except asyncio.CancelledError:
        _drop(ari, router, channel, LOST_ANSWER_SETTLE_S)
        raise


def _drop(ari: Ari, router: Router, channel: DialledChannel, settle: float = 0.0) -> None:
    """Nobody runs it, so it must not live on."""
    ari.hang_up_soon(channel.id, settle)
    router.forget(channel.id)
