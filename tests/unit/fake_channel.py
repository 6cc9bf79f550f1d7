"""A channel that behaves like Asterisk on a clock of its own: prompts end, hangups are confirmed."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Sequence

from agi_app.errors import RequestFailed
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Received
from tests.fake_clock import FakeClock

HANGUP_TAKES_S = 0.1


class FakeChannel:
    """Events are scheduled at seconds of the fake clock; reading them moves it."""

    id = "agi-app-a1"

    def __init__(self, clock: FakeClock, *, prompt_s: float = 2.0) -> None:
        self.clock = clock
        self.prompt_s = prompt_s
        self.log: list[str] = []  # what was asked of Asterisk, in order
        self.hangup_confirmed = True
        self.fail_with: dict[str, RequestFailed] = {}  # verb -> error
        self.broken_prompts: set[str] = set()
        self.broken_once = False  # a broken prompt plays when it is asked for again
        self.no_such_place = False  # in the dialplan
        self.unheard: set[str] = set()  # prompts that Asterisk takes and never plays
        self.heard: Callable[[float], Received | None] = lambda now: Received(rxcount=int(now * 50) + 1)
        self._events: list[tuple[float, int, pbx.Event]] = []
        self._order = itertools.count()
        self._reads = 0

    def at(self, seconds: float, *events: pbx.Event) -> FakeChannel:
        """Let events happen so many seconds after the start of the clock."""
        for event in events:
            heapq.heappush(self._events, (seconds, next(self._order), event))
        return self

    def deliver(self, event: pbx.Event) -> None:
        """As the router does: at the end of what has happened by now."""
        self.at(self.clock.monotonic(), event)

    async def next_event(self, timeout: float | None) -> pbx.Event | None:
        """The next event, or None after ``timeout``; the clock moves there."""
        await asyncio.sleep(0)  # a transfer runs beside the call
        self._reads += 1
        assert self._reads < 500, "the runner spins"
        assert timeout is not None, "a wait without an end"
        now = self.clock.monotonic()
        if self._events and self._events[0][0] <= now + timeout:
            moment, _, event = heapq.heappop(self._events)
            self.clock.advance(max(0.0, moment - now))
            return event
        self.clock.advance(timeout)
        return None

    async def play(self, playback_id: str, media: str | Sequence[str]) -> None:
        media = media if isinstance(media, str) else " + ".join(media)
        self._ask("play", media)
        broken = media in self.broken_prompts
        if broken and self.broken_once:
            self.broken_prompts.discard(media)
        if media in self.unheard:
            self.unheard.add(playback_id)
            return
        end = self.clock.monotonic() + (0.0 if broken else self.prompt_s)
        self.at(end, pbx.PlaybackFinished(playback_id, failed=broken))

    async def has_begun(self, playback_id: str) -> bool:
        return playback_id not in self.unheard

    async def stop_playback(self, playback_id: str) -> None:
        self._ask("stop", playback_id)
        self._events = [e for e in self._events if e[2] != pbx.PlaybackFinished(playback_id)]
        heapq.heapify(self._events)
        self.deliver(pbx.PlaybackFinished(playback_id))

    async def hangup(self, reason: str = "normal") -> None:
        self._ask("hangup", "")
        if self.hangup_confirmed:
            self.at(self.clock.monotonic() + HANGUP_TAKES_S, pbx.Destroyed(16, None))

    async def detour(self, context: str, extension: str) -> bool:
        self._ask("detour", f"{context},{extension}")
        return not self.no_such_place

    async def received(self) -> Received | None:
        return self.heard(self.clock.monotonic())

    async def let_go(self, reason: str) -> None:
        await self.hangup()

    def _ask(self, verb: str, what: str) -> None:
        self.log.append(f"{verb} {what}".strip())
        if verb in self.fail_with:
            raise self.fail_with[verb]
