"""What is kept of what the person says: messages, and spoken answers whose flow says so.

A recording leaves Asterisk's spool when it has ended, however it ended, and is encrypted on disk before the flow hears
that it is there. One that cannot be kept is ``failed``; the call goes on.
"""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.calls.listening.utterances import END_WAIT_S
from agi_app.calls.plan import ChannelLike
from agi_app.calls.speech_services import Ears
from agi_app.errors import AgiAppError, RequestFailed
from agi_app.flow.engine.commands import StartRecording
from agi_app.flow.syntax.names_and_limits import EMPTY, FAILED, RECORDED
from agi_app.model.call import KeptRecording
from agi_app.pbx.ari.events import MessageEnded
from agi_app.pbx.ari.names import ours
from agi_app.recordings.files import LEAST_TALK_S, talk_seconds

_log = log.get("call")


class Recording:
    """The recordings of one call; messages are taken one at a time."""

    def __init__(self, group: asyncio.TaskGroup, ears: Ears, channel: ChannelLike) -> None:
        self._group, self._ears, self._channel = group, ears, channel
        self._task: asyncio.Task[MessageEnded] | None = None
        self.kept: list[KeptRecording] = []

    def start(self, order: StartRecording) -> None:
        """Begin a message; the channel hears ``MessageEnded`` when it is over."""
        self.drop()
        self._task = self._group.create_task(self._take(order))

    async def end(self, recording: str) -> None:
        """The message is complete."""
        try:
            await self._ears.spool.stop(self._name(recording))
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
        keep = self._ears.keep
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
        spool, name = self._ears.spool, self._name(order.recording)
        with spool.wanted(name):
            await spool.start(name, self._channel.id, order.seconds, silence=order.silence)
            if not await spool.ended(name, order.seconds + END_WAIT_S):
                await spool.stop(name)
                if not await spool.ended(name, END_WAIT_S):
                    raise RequestFailed(f"record {name}", 0, "the recording did not end")
            pcm = await spool.take(name)
        if await asyncio.to_thread(talk_seconds, pcm, self._ears.level) < LEAST_TALK_S:
            return EMPTY
        return RECORDED if await self.keep(order.name, "message", pcm) else FAILED

    def _name(self, recording: str) -> str:
        return f"{ours(self._channel.id)}-{recording}"
