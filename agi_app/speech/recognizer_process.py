"""One process that recognises, seen from our side: starting, free, at work on one utterance, or ended.

All of it is callbacks of the event loop, which never waits for the process. Whatever happens to it, its
utterance gets an answer: ``failed`` when it ends or is ended.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import cast

from agi_app.flow.answers.recognition import Heard
from agi_app.messages import t
from agi_app.speech.process_messages import Answer, Frames, Job, Refused, Said, frame

FAILED = Heard("", 0.0, "failed")
START_S = 120.0  # a large model from a slow disk
STOP_S = 1.0
_KEPT_WORDS = 2000  # bytes of standard error, for the log
_SECRET = ("AGI_APP_", "CREDENTIALS_DIRECTORY", "DATABASE_URL", "PG")  # a recogniser has no business with these


class Process(asyncio.SubprocessProtocol):
    """Made by ``start``. ``free`` is called whenever it can take an utterance."""

    def __init__(self, free: Callable[[Process], None]) -> None:
        self._free = free
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.SubprocessTransport | None = None
        self._frames = Frames()
        self._words = b""
        self._refused = ""
        self._answer: asyncio.Future[Heard] | None = None
        self._limit: asyncio.TimerHandle | None = None
        self.ending = False  # it has ended, or soon will
        self.answered = 0
        self.ended = asyncio.Event()

    @classmethod
    async def start(cls, command: Sequence[str], free: Callable[[Process], None]) -> Process:
        """Start the command; raises OSError. It counts as hung when it is not ready within START_S."""
        loop = asyncio.get_running_loop()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
        offline = {**kept, "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1"}  # it looks for no model on the internet
        _, process = await loop.subprocess_exec(lambda: cls(free), *command, env=offline)
        process._end_in(START_S)
        return process

    def give(self, job: Job, answer: asyncio.Future[Heard], limit_s: float) -> None:
        """Hand it an utterance; it must be free. It is ended when it has not answered after ``limit_s``."""
        self._answer = answer
        self._end_in(limit_s)
        if self._transport is not None:
            cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0)).write(frame(job))

    def kill(self) -> None:
        """End it at once; ``ended`` follows."""
        self.ending = True
        if self._transport is not None and not self.ended.is_set() and self._transport.get_returncode() is None:
            self._transport.kill()

    async def stop(self) -> None:
        """Let it end on its own, soon; then end it. Returns when it has ended."""
        self.ending = True
        if self._transport is not None and not self.ended.is_set():
            stdin = self._transport.get_pipe_transport(0)
            if stdin is not None:
                stdin.close()
            self._end_in(STOP_S)
        await self.ended.wait()

    def why_ended(self) -> str:
        """For the log, and for the person who set it up."""
        if self._refused:
            return self._refused
        code = self._transport.get_returncode() if self._transport is not None else None
        lines = self._words.decode(errors="replace").strip().splitlines()
        return t("ended with {code}", code=code) + (f": {lines[-1]}" if lines else "")

    # ---- what the loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.SubprocessProtocol``."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Answers come on standard output; libraries talk on standard error."""
        if fd != 1:
            self._words = (self._words + data)[-_KEPT_WORDS:]
            return
        try:
            for message in self._frames.feed(data):
                self._take(message)
        except ValueError as error:
            self._words = t("it sent something that is not an answer: {error}", error=error).encode()
            self.kill()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Without its pipes it is of no use; most likely it is ending."""
        if fd in (0, 1) and not self.ending:
            self.ending = True
            self._end_in(STOP_S)

    def process_exited(self) -> None:
        """Its last words may still be in the pipes; a child of its own must not keep us waiting for their end."""
        self._loop.call_later(STOP_S, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, and all that it said was read."""
        self._end()

    # ----

    def _take(self, message: Said) -> None:
        if isinstance(message, Refused):
            self._refused = message.reason
            return
        if isinstance(message, Answer):
            if self._answer is None:
                raise ValueError("an answer to no question")
            self.answered += 1
            self._settle(message.heard)
        if not self.ending:
            self._no_limit()
            self._free(self)

    def _end(self) -> None:
        if self.ended.is_set():
            return
        self._no_limit()
        self.ending = True
        self.ended.set()
        self._settle(FAILED)
        if self._transport is not None:
            self._transport.close()

    def _settle(self, heard: Heard) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(heard)

    def _end_in(self, seconds: float) -> None:
        self._no_limit()
        self._limit = self._loop.call_later(seconds, self.kill)

    def _no_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
