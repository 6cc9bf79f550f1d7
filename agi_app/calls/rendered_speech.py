"""What a call says besides its prompts: rendered before the call, so that nobody waits in silence for a voice.

The renderer blocks (a text-to-speech engine may run in it), so it works in its own threads and has a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from agi_app.errors import ConfigError
from agi_app.flow.engine.call_language import choose_language
from agi_app.flow.engine.say_texts import Parts, said_beforehand
from agi_app.flow.language.definition import Flow
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.flow.saying.spoken_parts import Piece
from agi_app.messages import t

Render = Callable[[Parts, str, str], list[str]]  # (parts, language, whose) -> media URIs; blocks; raises AgiAppError
NOBODY = ""  # whose: texts of no person
RENDER_WAIT_S = 15.0  # for all that one call says; a claim lives longer
LOOK_UP_WAIT_S = 1.0  # for pieces, during the call
THREADS = 2


class Voice:
    """Renders for all calls of a worker."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="voice")

    async def before_call(
        self, flow: Flow, contact: Mapping[str, str], language: str | None, whose: Callable[[], str] = lambda: NOBODY
    ) -> CallVoice:
        """All that the call may say, ready to play; raises AgiAppError when something is not, in time.

        ``whose`` names the person's folder, for what holds their name; most calls say nothing of that kind.
        """
        return await self._ready(flow, contact, [choose_language(flow.languages, language, contact)], whose)

    async def for_line(self, flow: Flow, contact: Mapping[str, str]) -> CallVoice:
        """All that calls to a line may say, in each language, and the digits that are read back; as ``before_call``."""
        voice = await self._ready(flow, contact, flow.languages, lambda: NOBODY)
        for language in flow.languages:
            await self.media(spoken("digits", "0123456789", language), language)
        return voice

    async def _ready(
        self, flow: Flow, contact: Mapping[str, str], languages: Sequence[str], whose: Callable[[], str]
    ) -> CallVoice:
        wanted = [(parts, chosen) for chosen in languages for parts in said_beforehand(flow, chosen, contact)]
        ready: dict[tuple[Parts, str], list[str]] = {}
        if not wanted:
            return CallVoice(self, ready)
        try:
            async with asyncio.timeout(RENDER_WAIT_S):
                for parts, chosen in wanted:
                    ready[parts, chosen] = await self.media(parts, chosen, whose())
        except TimeoutError:
            raise ConfigError(
                t("what the call says was not rendered within {render_wait_s:g} s", render_wait_s=RENDER_WAIT_S)
            ) from None
        return CallVoice(self, ready)

    async def media(self, parts: Parts, language: str, whose: str = NOBODY) -> list[str]:
        """The media of some parts, rendered when they are not in the cache."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._render, parts, language, whose)

    def close(self) -> None:
        """Wait for nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CallVoice:
    """What one call may say."""

    def __init__(self, voice: Voice, ready: Mapping[tuple[Parts, str], list[str]]) -> None:
        self._voice, self._ready = voice, ready

    async def media(self, parts: Parts, language: str) -> list[str]:
        """The media to play now; raises AgiAppError when they are not ready: nothing is rendered during a call."""
        if (known := self._ready.get((parts, language))) is not None:
            return known
        if not all(isinstance(part, Piece) or ((part,), language) in self._ready for part in parts):
            raise ConfigError(t("a text was not rendered before the call"))
        try:
            async with asyncio.timeout(LOOK_UP_WAIT_S):
                return await self._voice.media(parts, language)
        except TimeoutError:
            raise ConfigError(
                t("pieces were not found within {look_up_wait_s:g} s", look_up_wait_s=LOOK_UP_WAIT_S)
            ) from None
