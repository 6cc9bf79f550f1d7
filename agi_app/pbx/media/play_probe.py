"""Does Asterisk play this file? Tried on an empty bridge: no channel of a telephone is made, so nobody can be rung.

Asterisk joins its own player to the bridge and reports its end like that of any prompt. Only the report tells:
a file that is missing is accepted first, too.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from agi_app.clock import Clock
from agi_app.errors import AsteriskError
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari, connected_for_a_trial, if_there
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Frame

FORMAT_MODULE = "format_wav.so"  # reads .wav and .wav16
_GRACE_S = 3.0
ENOUGH_S = 1.0  # a file that cannot be played is reported at once; one that plays for so long is heard


@dataclass(frozen=True, slots=True)
class PlaybackProbe:
    """The result; ``has_format`` is False when Asterisk has no module that reads WAV files."""

    played: bool
    has_format: bool = True


async def play_for_nobody(settings: AriSettings, media: str, seconds: float, clock: Clock) -> PlaybackProbe:
    """Play the beginning of ``media``, which lasts ``seconds``.

    Raises AsteriskError when Asterisk cannot be asked, or never answers.
    """
    playback = f"{settings.app}-doctor-{secrets.token_hex(4)}-playback"
    finished: asyncio.Queue[str] = asyncio.Queue()

    def on_event(frame: Frame) -> None:
        if frame.type == "PlaybackFinished" and frame.playback is not None and frame.playback.id == playback:
            finished.put_nowait(frame.playback.state)

    async with connected_for_a_trial(settings, clock, on_event) as ari:
        return await _play(ari, media, playback, finished, seconds + _GRACE_S)


async def _play(ari: Ari, media: str, playback: str, finished: asyncio.Queue[str], limit: float) -> PlaybackProbe:
    bridge = ari.settings.app
    await ari.request("POST", "bridges", body={"type": "mixing", "bridgeId": bridge, "name": bridge})
    try:
        subscription = {"eventSource": f"bridge:{bridge}"}
        await ari.request("POST", f"applications/{ari.settings.app}/subscription", query=subscription)
        await ari.request("POST", f"bridges/{bridge}/play/{playback}", body={"media": [media]})
        async with asyncio.timeout(limit):
            state = await _end_of(finished)
    except TimeoutError:
        raise AsteriskError(
            t("Asterisk did not say within {limit:.0f} s that {media} was played", limit=limit, media=media)
        ) from None
    finally:
        await ari.request("DELETE", f"bridges/{bridge}")
    if state != "failed":
        return PlaybackProbe(True)
    return PlaybackProbe(False, await if_there(ari.request("GET", f"asterisk/modules/{FORMAT_MODULE}")) is not None)


async def _end_of(finished: asyncio.Queue[str]) -> str:
    """How it ended; a long one need not end."""
    try:
        async with asyncio.timeout(ENOUGH_S):
            return await finished.get()
    except TimeoutError:
        return "playing"
