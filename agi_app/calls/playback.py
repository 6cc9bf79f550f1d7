"""What the person of one call hears: at most one prompt or saying at a time, and never nothing instead of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from agi_app import log
from agi_app.calls.call_plan import CallPlan
from agi_app.calls.event_translation import playback_id
from agi_app.calls.timers import Timers
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.flow.engine.commands import PlayPrompt, SayPieces, Sounding, StopPlayback
from agi_app.messages import t, template
from agi_app.pbx.channel import Channel

BEGINNING = template("a prompt to begin")  # the name of its timer
AGAIN_S = 0.05  # until Asterisk has forgotten the playback that failed, whose id comes again
BEGIN_S = 1.0  # Asterisk says within milliseconds that a prompt plays; what it does not say by then, nobody hears

_log = log.get("call")


class PromptFailed(Exception):
    """What is to be heard cannot be; the message says why."""


class PbxGone(Exception):
    """Asterisk does not answer: nobody knows what is heard."""


class Playback:
    """Carries out what the flow wants heard."""

    def __init__(self, plan: CallPlan, channel: Channel, timers: Timers) -> None:
        self._plan, self._channel, self._timers = plan, channel, timers
        self._playback: str | None = None  # the session's id of what plays now
        self._media: str | Sequence[str] = ""
        self._tried_again = False

    def plays(self, playback: str) -> bool:
        """Whether this is, by Asterisk's id, what plays now."""
        return self._playback is not None and playback == playback_id(self._channel.id, self._playback)

    async def do(self, command: Sounding) -> None:
        """Raises PromptFailed when it cannot be heard, PbxGone when Asterisk does not answer.

        A channel that is gone this instant is no fault.
        """
        match command:
            case PlayPrompt(playback, prompt, language):
                await self._play(playback, self._plan.media(language, prompt))
            case SayPieces(playback, parts, language):
                try:
                    media = await self._plan.say(parts, language)
                except AgiAppError as error:
                    raise PromptFailed(t("what is to be said is not ready: {error}", error=error)) from error
                await self._play(playback, media)
            case StopPlayback(playback):
                self._playback = None
                await self._channel.stop_playback(playback_id(self._channel.id, playback))

    async def again(self) -> bool:
        """Play again what has just failed, from its beginning; False when that was tried already.

        When the far end changes the codec in the middle of a prompt, a frame of the old one may meet the new one, and
        Asterisk gives the prompt up (22.10: "Don't know how to send format ulaw packets with RTP").
        """
        if self._tried_again or self._playback is None:
            return False
        self._tried_again = True
        _log.info("a prompt that failed is played again", playback=self._playback)
        await asyncio.sleep(AGAIN_S)
        if self._playback is not None:
            await self._begin(self._playback)
        return True

    async def begun(self) -> bool:
        """Whether what was to be heard is or was; while Asterisk cannot be asked it is asked again later."""
        if self._playback is None:
            return True
        try:
            return await self._channel.has_begun(playback_id(self._channel.id, self._playback))
        except RequestFailed:
            self._timers.start(BEGINNING, BEGIN_S)
            return True

    async def _play(self, playback: str, media: str | Sequence[str]) -> None:
        self._playback, self._media, self._tried_again = playback, media, False
        await self._begin(playback)

    async def _begin(self, playback: str) -> None:
        media = self._media
        self._timers.start(BEGINNING, BEGIN_S)
        try:
            await self._channel.play(playback_id(self._channel.id, playback), media)
        except RequestFailed as error:
            if error.status == 0:
                raise PbxGone(t("Asterisk did not answer while the call was on: {error}", error=error)) from error
            if error.status != 404:  # else hung up this instant: Destroyed is on its way
                raise PromptFailed(
                    t("the prompt {media} could not be played: {error}", media=media, error=error)
                ) from error


async def unless_gone(request: Awaitable[None]) -> None:
    """Make a request about a channel or playback that may be gone already; then its end is on its way."""
    try:
        await request
    except RequestFailed as error:
        _log.debug("too late", error=str(error))
