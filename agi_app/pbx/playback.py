"""What Asterisk says of one prompt."""

from __future__ import annotations

from agi_app.errors import RequestFailed
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import PlaybackRef

HEARD = ("playing", "paused")


async def is_heard(ari: Ari, playback_id: str) -> bool:
    """Whether a prompt plays now, and is not queued or gone; raises RequestFailed when Asterisk cannot be asked."""
    try:
        return (await ari.request("GET", f"playbacks/{playback_id}")).decode(PlaybackRef).state in HEARD
    except RequestFailed as fault:
        if fault.status != 404:
            raise
        return False
