"""Two channels that hear each other: a bridge of ours, which lives no longer than their talk.

All of these requests wait for what plays on a channel, so they go over the HTTP pool (``pbx/ari/socket_verbs.py``) and
are made only while nothing plays. ``dtmf_events`` keeps keys coming to us, so that the opt-out key works while people
talk.
"""

from __future__ import annotations

import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX

_GONE = (400, 404, 409, 422)  # no such channel, no such bridge, not in our application, not in this bridge
_log = log.get("pbx.bridges")


class _Bridge(msgspec.Struct, frozen=True):
    id: str
    channels: list[str]


async def join(ari: Ari, bridge_id: str, *channel_ids: str) -> None:
    """Make the bridge and let these channels talk in it; raises RequestFailed."""
    await ari.request("POST", f"bridges/{bridge_id}", {"type": "mixing,dtmf_events"})
    await ari.request("POST", f"bridges/{bridge_id}/addChannel", {"channel": ",".join(channel_ids)})


async def part(ari: Ari, bridge_id: str, *channel_ids: str) -> None:
    """Remove the bridge; these channels are ours again when it returns. What is gone already is no error.

    To remove a bridge only marks its channels: a prompt for one that is still leaving it is never heard, and no event
    reports it. To take a channel out waits until it has left.
    """
    for channel_id in channel_ids:
        try:
            await ari.request("POST", f"bridges/{bridge_id}/removeChannel", {"channel": channel_id})
        except RequestFailed as fault:
            if fault.status not in _GONE:
                _log.warning("a channel could not be taken out of a bridge", channel=channel_id, reason=str(fault))
    try:
        await ari.request("DELETE", f"bridges/{bridge_id}")
    except RequestFailed as fault:
        if fault.status != 404:
            _log.warning("a bridge could not be removed yet", bridge=bridge_id, reason=str(fault))


async def remove_empty(ari: Ari) -> int:
    """Remove the bridges of ours that a crash left behind, those without a channel; returns how many."""
    found = (await ari.request("GET", "bridges")).decode(list[_Bridge])
    empty = [bridge.id for bridge in found if bridge.id.startswith(CHANNEL_PREFIX) and not bridge.channels]
    for bridge_id in empty:
        await part(ari, bridge_id)
    return len(empty)
