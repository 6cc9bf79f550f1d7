"""Recordings of a call: messages and spoken answers, and the call itself, both sides, which never holds the call up.

An ear records it into Asterisk's spool; when the flow ends it, or the call is over, it is taken out and encrypted,
before the result is stored. What goes wrong is logged and noted in the result: the flow goes on without.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.calls.listening.utterances import END_WAIT_S
from agi_app.calls.speech_services import SpeechServices
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.flow.engine.commands import StartRecording
from agi_app.flow.syntax.names_and_limits import EMPTY, FAILED, RECORDED
from agi_app.messages import t
from agi_app.model.call import KeptRecording
from agi_app.pbx.ari.events import MessageEnded
from agi_app.pbx.ari.object_names import ours
from agi_app.pbx.channel import Channel
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.recordings.files import LEAST_TALK_S, talk_seconds

KIND = "call"  # of what is kept of both sides, and its name

_log = log.get("call")


class Recording:
    """What is kept of what the person says: messages, one at a time, and spoken answers whose flow says so.

    A recording leaves Asterisk's spool when it has ended, however it ended, and is encrypted on disk before the flow
    hears that it is there. One that cannot be kept is ``failed``; the call goes on.
    """

    def __init__(self, group: asyncio.TaskGroup, speech: SpeechServices, channel: Channel) -> None:
        self._group, self._speech, self._channel = group, speech, channel
        self._task: asyncio.Task[MessageEnded] | None = None
        self.kept: list[KeptRecording] = []

    def start(self, order: StartRecording) -> None:
        """Begin a message; the channel hears ``MessageEnded`` when it is over."""
        self.drop()
        self._task = self._group.create_task(self._take(order))

    async def end(self, recording: str) -> None:
        """The message is complete."""
        try:
            await self._speech.spool.stop(self._name(recording))
        except RequestFailed as error:  # it ends by itself, by silence or its longest time
            _log.warning("a message could not be ended", reason=str(error))

    def drop(self) -> None:
        """The message is not wanted; nothing of it is kept and nothing told."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def last_words(self) -> MessageEnded | None:
        """The call is over: the message that was being left, if one was."""
        task, self._task = self._task, None
        return await task if task is not None else None

    async def keep(self, name: str, kind: str, pcm: bytes) -> bool:
        """Encrypt and keep it; whether that was possible."""
        keep = self._speech.keep
        try:
            if keep is not None and pcm:
                self.kept.append(await asyncio.to_thread(keep, name, kind, pcm))
                return True
        except AgiAppError as error:
            _log.error("a recording could not be kept", name=name, reason=str(error))
        return False

    async def _take(self, order: StartRecording) -> MessageEnded:
        try:
            result = await self._record(order)
        except AgiAppError as error:
            _log.warning("a message could not be recorded", reason=str(error))
            result = FAILED
        ended = MessageEnded(order.recording, result)
        self._channel.deliver(ended)
        return ended

    async def _record(self, order: StartRecording) -> str:
        spool, name = self._speech.spool, self._name(order.recording)
        with spool.wanted(name):
            await spool.start(name, self._channel.id, order.seconds, silence=order.silence)
            if not await spool.ended(name, order.seconds + END_WAIT_S):
                await spool.stop(name)
                if not await spool.ended(name, END_WAIT_S):
                    raise RequestFailed(f"record {name}", 0, t("the recording did not end"))
            pcm = await spool.take(name)
        if await asyncio.to_thread(talk_seconds, pcm, self._speech.level) < LEAST_TALK_S:
            return EMPTY
        return RECORDED if await self.keep(order.name, "message", pcm) else FAILED

    def _name(self, recording: str) -> str:
        return f"{ours(self._channel.id)}-{recording}"


class CallRecorder:
    """The recordings of one call's both sides, one after the other."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        spool: RecordingSpool,
        channel: Channel,
        keep: Callable[[str, str, bytes], Awaitable[bool]],
        longest_s: float,
    ) -> None:
        """``keep`` (name, kind, samples) says whether it was kept; ``longest_s``: no call of it lasts longer."""
        self._group, self._spool, self._channel = group, spool, channel
        self._keep, self._longest_s = keep, longest_s
        self._going: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}  # the event: it is to end
        self.fault: str | None = None  # why something of the call is missing

    def start(self, recording: str) -> None:
        """Begin."""
        over = asyncio.Event()
        self._going[recording] = over, self._group.create_task(self._record(self._name(recording), over))

    async def end(self, recording: str) -> None:
        """End it; when this returns, Asterisk has been asked to."""
        if (going := self._going.get(recording)) is not None:
            going[0].set()
            await self._stop(self._name(recording))

    async def finish(self) -> None:
        """The call is over: wait until all of it is kept."""
        for over, task in self._going.values():
            over.set()
            await task

    def drop(self) -> None:
        """Nothing more is waited for; what is in the spool goes."""
        for _, task in self._going.values():
            task.cancel()

    async def _record(self, name: str, over: asyncio.Event) -> None:
        try:
            pcm = await self._recorded(name, over)
            fault = t("it could not be kept") if pcm is not None and not await self._keep(KIND, KIND, pcm) else None
        except AgiAppError as error:
            fault = str(error)
        if fault is not None:
            self.fault = t("the call was not recorded: {fault}", fault=fault)
            _log.error("a call was not recorded", reason=fault)

    async def _recorded(self, name: str, over: asyncio.Event) -> bytes | None:
        """The samples; None: the call, or what was to be recorded of it, was over before it began."""
        with self._spool.wanted(name):
            try:
                if over.is_set():
                    return None
                await self._spool.start(name, self._channel.id, self._longest_s, both=True)
            except RequestFailed as error:
                if error.status == 404:  # hung up this instant
                    return None
                raise
            await over.wait()
            await self._stop(name)
            if not await self._spool.ended(name, END_WAIT_S):
                _log.warning("Asterisk did not say that the recording of a call has ended", name=name)
            return await self._spool.take(name)

    async def _stop(self, name: str) -> None:
        """End it in Asterisk, where it may have ended already; if that fails its ear is hung up with the rest."""
        with contextlib.suppress(RequestFailed):
            await self._spool.stop(name)

    def _name(self, recording: str) -> str:
        return f"{self._channel.id}-{recording}"
