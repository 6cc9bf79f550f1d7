"""Hangs up the calls that a dead worker left, over HTTP, before anything else of a start.

The people on them hear nothing until then, so this waits for no rule, prompt or event socket, and imports little.
"""

from __future__ import annotations

import asyncio

import msgspec

from agi_app import log
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.http import HttpPool
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX

_log = log.get("pbx.inherited")


class _Channel(msgspec.Struct, frozen=True):
    id: str


async def hang_up_inherited_calls(settings: AriSettings) -> int:
    """Hang up each channel of ours; returns how many. Only who holds this Asterisk's lock may ask for it.

    Never raises: what could not be done here is done again when the event socket is connected.
    """
    async with HttpPool(settings) as pool:
        try:
            answer = await pool.request("GET", "channels", timeout=settings.request_timeout)
            found = answer.decode(list[_Channel]) if answer.status == 200 else []
        except AgiAppError as fault:
            _log.debug("cannot look for calls that nobody runs yet", reason=str(fault))  # the next step says it
            return 0
        ours = [channel.id for channel in found if channel.id.startswith(CHANNEL_PREFIX)]
        await asyncio.gather(*(_hang_up(pool, channel_id, settings.request_timeout) for channel_id in ours))
    if ours:
        _log.warning("hung up channels that nobody runs", count=len(ours))
    return len(ours)


async def _hang_up(pool: HttpPool, channel_id: str, timeout: float) -> None:
    try:
        await pool.request("DELETE", f"channels/{channel_id}", timeout=timeout)
    except RequestFailed as fault:
        _log.debug("not hung up yet", channel=channel_id, reason=str(fault))
