"""Listens to one call: records what the person says until they pause, and has it understood.

Every listening ends: by the pause, by its longest time, by the hangup, and each request and the recogniser have limits.
Whatever goes wrong is reported as a ``Heard`` with the reason, so that the flow goes on and nobody waits in silence.
"""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.calls.listening.live_sound import BYTES_A_SECOND, Tapping
from agi_app.calls.speech_services import RecognizerLike, SpeechServices
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.event_loop import happens_within
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine.commands import StartListening
from agi_app.messages import t
from agi_app.pbx.ari.events import Event, Recognized, TalkingFinished, TalkingStarted
from agi_app.pbx.ari.object_names import ours
from agi_app.pbx.channel import Channel

LEAD_S = 0.5  # kept from before the talk was noticed: the first consonant is soft
END_WAIT_S = 1.0  # a recording that was told to end has ended by then
LATE_GRACE_S = 0.5  # how much longer than its own deadline the recogniser is waited for

_log = log.get("call")


class UtteranceListener:
    """The listenings of one call, one at a time."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        speech: SpeechServices,
        recognizer: RecognizerLike,
        channel: Channel,
        tapping: Tapping | None = None,
    ) -> None:
        self._group, self._speech, self._recognizer, self._channel = group, speech, recognizer, channel
        self._tapping = tapping
        self._task: asyncio.Task[Heard] | None = None
        self._order: StartListening | None = None
        self._began = asyncio.Event()  # the person speaks, or has spoken
        self._paused = asyncio.Event()  # they have paused since
        self._began_at = 0.0
        self._said: tuple[str, bytes] = ("", b"")  # the last listening that heard something, and its samples

    def said(self, listening: str) -> bytes:
        """The samples of what this listening heard; nothing when another one came after it."""
        return self._said[1] if self._said[0] == listening else b""

    def start(self, order: StartListening) -> None:
        """Begin; the channel hears ``Recognized`` when it is over."""
        self.stop()
        self._order = order
        self._began, self._paused = asyncio.Event(), asyncio.Event()
        if order.waits is None:
            self._talk_begins()
        self._task = self._group.create_task(self._listen(order))

    def stop(self) -> None:
        """What is said is no longer wanted; nothing is reported."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def notice(self, event: Event) -> None:
        """An event of the channel: the person began to speak, or paused."""
        if isinstance(event, TalkingStarted):
            self._talk_begins()
        elif isinstance(event, TalkingFinished) and self._began.is_set():
            self._paused.set()

    def _talk_begins(self) -> None:
        if not self._began.is_set():
            self._began_at = asyncio.get_running_loop().time()
            self._began.set()

    async def last_words(self) -> Recognized | None:
        """The call is over: what the person was saying when it ended, if they were."""
        if self._task is None or self._order is None or not self._began.is_set():
            self.stop()
            return None
        self._paused.set()
        task, self._task = self._task, None
        return Recognized(self._order.listening, await task)

    async def _listen(self, order: StartListening) -> Heard:
        try:
            heard = await self._hear(order)
        except AgiAppError as error:
            _log.warning("what was said could not be heard", reason=str(error))
            heard = Heard("", 0.0, "failed")
        self._channel.deliver(Recognized(order.listening, heard))
        return heard

    async def _hear(self, order: StartListening) -> Heard:
        tapping = self._tapping
        said = await (self._recorded(order) if tapping is None or not tapping.live else self._tapped(order, tapping))
        self._said = (order.listening, said)
        return await self._understand(order, said) if said else Heard("", 0.0, "silence")

    async def _tapped(self, order: StartListening, tapping: Tapping) -> bytes:
        """Nothing is recorded: the sound of the call is here already."""
        return tapping.last(self._seconds_of_talk()) if await self._spoken(order) else b""

    async def _recorded(self, order: StartListening) -> bytes:
        spool, name = self._speech.spool, f"{ours(self._channel.id)}-{order.listening}"
        with spool.wanted(name):
            await spool.start(name, self._channel.id, _longest(order) + END_WAIT_S, beside=order.beside)
            if not await self._spoken(order):
                return b""
            await spool.stop(name)
            if not await spool.ended(name, END_WAIT_S):
                raise RequestFailed(f"record {name}", 0, t("the recording did not end"))
            return last_seconds(await spool.take(name), self._seconds_of_talk())

    async def _spoken(self, order: StartListening) -> bool:
        """Wait until the person has spoken and paused; False: they did not speak."""
        if not await happens_within(self._began, _longest(order)):
            return False
        await happens_within(self._paused, order.seconds)
        return True

    def _seconds_of_talk(self) -> float:
        return asyncio.get_running_loop().time() - self._began_at + LEAD_S

    async def _understand(self, order: StartListening, said: bytes) -> Heard:
        limit = self._speech.deadline_s
        try:
            async with asyncio.timeout(limit + LATE_GRACE_S):
                heard = await self._recognizer.transcribe(said, order.language, order.phrases, limit)
        except TimeoutError:
            heard = Heard("", 0.0, "late")
        except Exception:  # noqa: BLE001 - a fault in an engine must not end the call
            _log.exception("the recogniser failed")
            heard = Heard("", 0.0, "failed")
        _log.debug("heard", seconds=round(len(said) / BYTES_A_SECOND, 1), why=heard.why)
        return heard


def _longest(order: StartListening) -> float:
    return (order.waits or 0.0) + order.seconds


def last_seconds(pcm: bytes, seconds: float) -> bytes:
    """The end of a recording; the silence before the talk is of no use."""
    return pcm[-2 * int(seconds * BYTES_A_SECOND / 2) :]
