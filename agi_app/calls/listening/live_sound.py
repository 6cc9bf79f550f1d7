"""Follows the live sound of one call, if a tap is free: when the person talks and pauses, and what they said."""

from __future__ import annotations

import asyncio
from collections import deque

from agi_app import log
from agi_app.calls.speech_services import LiveTaps
from agi_app.errors import AgiAppError
from agi_app.pbx.ari.events import Event, TalkingFinished, TalkingStarted
from agi_app.pbx.channel import Channel

KEPT_S = 30.0  # of sound in memory; an answer is shorter, and a recogniser hears no more
FRESH_S = 0.3  # after so long without a packet (they come every 20 ms) the tap is dead
BYTES_A_SECOND = 16_000  # 8 kHz, 16 bit, one channel

_log = log.get("call")


class Tapping:
    """The tap of one call; without one nothing is reported and ``live`` is false."""

    def __init__(self, group: asyncio.TaskGroup, taps: LiveTaps, channel: Channel, longest_s: float) -> None:
        self._group, self._taps, self._channel, self._longest_s = group, taps, channel, longest_s
        self._task: asyncio.Task[None] | None = None
        self._sound: deque[bytes] = deque()
        self._bytes = 0
        self._heard_at = float("-inf")

    def start(self) -> None:
        """Follow the call from now on, if a tap is free; until it is there Asterisk's own detector counts."""
        if self._task is None:
            self._task = self._group.create_task(self._follow())

    def stop(self) -> None:
        """Follow it no longer; what was said last can still be had."""
        if self._task is not None:
            self._task.cancel()

    @property
    def live(self) -> bool:
        """Whether its sound comes."""
        return self._now() - self._heard_at < FRESH_S

    def knows_better(self, event: Event) -> bool:
        """Whether this is Asterisk's own word on the talk, which goes by loudness, while we hear it ourselves."""
        return isinstance(event, TalkingStarted | TalkingFinished) and not event.tapped and self.live

    def last(self, seconds: float) -> bytes:
        """What came in so many seconds before now; nothing where the tap was dead meanwhile."""
        wanted = 2 * int((seconds - max(0.0, self._now() - self._heard_at)) * BYTES_A_SECOND / 2)
        return b"".join(self._sound)[-wanted:] if wanted > 0 else b""

    async def _follow(self) -> None:
        with self._taps.detector() as detector:
            if detector is None:
                return

            def hear(pcm: bytes) -> None:
                self._keep(pcm)
                for talks in detector.hear(pcm):
                    self._channel.deliver(TalkingStarted(tapped=True) if talks else TalkingFinished(tapped=True))

            try:
                async with self._taps.open(self._channel.id, hear, self._longest_s):
                    await asyncio.Event().wait()
            except (AgiAppError, OSError) as fault:  # no port, no answer: the call goes on as one without a tap
                _log.warning("a call is heard without a tap", reason=str(fault))

    def _keep(self, pcm: bytes) -> None:
        self._heard_at = self._now()
        self._sound.append(pcm)
        self._bytes += len(pcm)
        while self._bytes > KEPT_S * BYTES_A_SECOND:
            self._bytes -= len(self._sound.popleft())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
