"""Whether anything at all can be heard of an answered call: without a packet for 5 s the person hears nothing either.

Comfort noise, keys, and reports on what we send (RTCP) show life as speech does: a silent phone may send nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from agi_app.calls.timers import Timers
from agi_app.messages import template
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Channel, Received

SOUND, SOUND_S = template("a sound of the far end"), 5.0  # the name of its timer, and how long it waits

_LIFE = pbx.Key | pbx.KeyBegan | pbx.TalkingStarted | pbx.Recognized | pbx.TransferFinished | pbx.MessageEnded


class SoundCheck:
    """Of one call that we made; ``came`` is called once, when there is audio."""

    def __init__(self, timers: Timers, came: Callable[[], None]) -> None:
        self._timers, self._came = timers, came
        self._alive = self._early = False
        self._before: Received | None = Received()

    def notice(self, event: pbx.Event) -> None:
        """Early audio came in before the answer; a key or speech is life, and nothing need be asked."""
        if isinstance(event, pbx.Progress):
            self._early = True
        elif isinstance(event, _LIFE):
            self._lives()

    async def begin(self, channel: Channel) -> None:
        """It was answered in this moment; what came before is no sign of life."""
        self._timers.start(SOUND, SOUND_S, lasting=True)
        if self._early:
            self._before = await channel.received()

    async def is_mute(self, channel: Channel) -> bool:
        """Whether nothing came since; where it cannot be told, the call goes on."""
        if self._alive:
            return False
        if (now := await channel.received()) is None or self._before is None:
            return False
        if now == self._before:
            return True
        self._lives()
        return False

    def _lives(self) -> None:
        if not self._alive:
            self._alive = True
            self._came()
