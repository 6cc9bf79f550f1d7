"""The recording of the call itself, both sides, beside all that is played and heard; it never holds the call up.

An ear records it into Asterisk's spool; when the flow ends it, or the call is over, it is taken out and encrypted,
before the result is stored. What goes wrong is logged and noted in the result: the flow goes on without.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agi_app import log
from agi_app.calls.listening.utterances import END_WAIT_S
from agi_app.calls.plan import ChannelLike
from agi_app.calls.speech_services import SpoolLike
from agi_app.errors import AgiAppError, RequestFailed

KIND = "call"  # of what is kept, and its name

_log = log.get("call")


@dataclass(frozen=True, slots=True)
class _Going:
    over: asyncio.Event  # the flow has ended it, or the call is over
    task: asyncio.Task[None]


class CallRecorder:
    """The recordings of one call's both sides, one after the other."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        spool: SpoolLike,
        channel: ChannelLike,
        keep: Callable[[str, str, bytes], Awaitable[bool]],
        longest_s: float,
    ) -> None:
        """``keep`` (name, kind, samples) says whether it was kept; ``longest_s``: no call of it lasts longer."""
        self._group, self._spool, self._channel = group, spool, channel
        self._keep, self._longest_s = keep, longest_s
        self._going: dict[str, _Going] = {}
        self.fault: str | None = None  # why something of the call is missing

    def start(self, recording: str) -> None:
        """Begin."""
        over = asyncio.Event()
        self._going[recording] = _Going(over, self._group.create_task(self._record(self._name(recording), over)))

    async def end(self, recording: str) -> None:
        """End it; when this returns, Asterisk has been asked to."""
        going = self._going.get(recording)
        if going is not None:
            going.over.set()
            await self._stop(self._name(recording))

    async def finish(self) -> None:
        """The call is over: wait until all of it is kept."""
        for going in self._going.values():
            going.over.set()
            await going.task

    def drop(self) -> None:
        """Nothing more is waited for; what is in the spool goes."""
        for going in self._going.values():
            going.task.cancel()

    async def _record(self, name: str, over: asyncio.Event) -> None:
        try:
            pcm = await self._recorded(name, over)
            fault = "it could not be kept" if pcm is not None and not await self._keep(KIND, KIND, pcm) else None
        except AgiAppError as error:
            fault = str(error)
        if fault is not None:
            self.fault = f"the call was not recorded: {fault}"
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
