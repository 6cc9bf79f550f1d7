"""Brings our idea of the calls and Asterisk's together, after a start and after each reconnect.

Events sent while we were away are lost. So calls that ended meanwhile are told so, calls that
wait for something that has happened meanwhile are ended (nobody is left in dead air), and
channels of ours that nobody runs are hung up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container

import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.events import Lost
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router

_log = log.get("pbx.reconcile")


class ChannelInfo(msgspec.Struct, frozen=True):
    """A channel that lives in Asterisk; ``state`` as Asterisk names it (Ring, Ringing, Up …)."""

    id: str
    state: str
    name: str


class _Application(msgspec.Struct, frozen=True):
    channel_ids: list[str]


async def live_channels(ari: Ari) -> list[ChannelInfo]:
    """All channels that live in this Asterisk, ours and others'."""
    return (await ari.request("GET", "channels")).decode(list[ChannelInfo])


async def hang_up_inherited(ari: Ari, *keep: Container[str]) -> int:
    """Hang up all living channels of ours whose id is in none of ``keep``; returns how many."""
    ours = [c.id for c in await live_channels(ari) if c.id.startswith(CHANNEL_PREFIX)]
    inherited = [channel_id for channel_id in ours if not any(channel_id in kept for kept in keep)]
    await asyncio.gather(*(_hang_up(ari, channel_id) for channel_id in inherited))
    if inherited:
        _log.warning("hung up channels that nobody runs", count=len(inherited))
    return len(inherited)


async def reconcile(ari: Ari, router: Router, *listeners: Container[str]) -> None:
    """Give this to ``Ari(prepare=…)``, with the router bound: it runs before each ``is_connected``.

    ``listeners`` are channels that only listen to calls; they end with these.
    """
    await hang_up_inherited(ari, router, *listeners)
    live = {c.id: c for c in await live_channels(ari)}
    application = await ari.request("GET", f"applications/{ari.settings.app}")
    ours = set(application.decode(_Application).channel_ids)
    await asyncio.gather(*(_settle(ari, router, c, live.get(c.id), entered=c.id in ours) for c in router))


async def _settle(ari: Ari, router: Router, channel: Channel, info: ChannelInfo | None, *, entered: bool) -> None:
    """Keep one call, or end it; all are looked at side by side, for in some of them a person hears nothing."""
    if info is None:
        router.deliver(channel.id, Lost(t("the call ended while the connection to Asterisk was down")))
    elif not entered or await _missed_its_turn(ari, channel, info):
        reason = t("what the call waited for happened while the connection was down")
        if channel.id.startswith(CHANNEL_PREFIX):
            # Told before the hang-up, whose own end event would pass for a call that was never answered.
            router.deliver(channel.id, Lost(reason))
            await _hang_up(ari, channel.id)
        else:
            await channel.let_go(reason)
            router.forget(channel.id)


async def _missed_its_turn(ari: Ari, channel: Channel, info: ChannelInfo) -> bool:
    if info.state == "Up" and not channel.started:
        return True
    for playback_id in list(channel.playing):
        if await if_there(ari.request("GET", f"playbacks/{playback_id}")) is None:
            return True
    return False


async def _hang_up(ari: Ari, channel_id: str) -> None:
    try:
        await ari.request("DELETE", f"channels/{channel_id}")
    except RequestFailed as fault:
        if fault.status != 404:
            ari.hang_up_soon(channel_id)
