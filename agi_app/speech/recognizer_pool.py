"""The processes that recognise, and the short queue before them.

Nobody waits longer than the deadline: an utterance that finds the queue full is ``busy``, one that takes
too long is ``late``. A process that ended or hangs is replaced; only the utterance that it had is lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from agi_app import log
from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.messages import t
from agi_app.speech.process_messages import Job
from agi_app.speech.recognizer_process import FAILED, Process

_log = log.get("speech.pool")
LONGEST_S = 60  # of an utterance; what is beyond it is not listened to
_BYTES_A_SECOND = 16_000
HUNG = 3.0  # deadlines after which a process counts as hung
PAUSES_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)  # before the next start, when a process ended without one answer
BUSY, LATE = Heard("", 0.0, "busy"), Heard("", 0.0, "late")


@dataclass(eq=False, slots=True)
class _Waiting:
    """An utterance without a process; ``answer`` is done when nobody needs it."""

    job: Job
    answer: asyncio.Future[Heard]
    limit_s: float


class SpeechPool:
    """``count`` processes of one command. Use it within ``running``."""

    def __init__(self, command: Sequence[str], count: int, queue: int) -> None:
        self._command, self._count, self._queue = tuple(command), count, queue
        self._free: list[Process] = []
        self._waiting: deque[_Waiting] = deque()
        self._keepers: list[asyncio.Task[None]] = []
        self._pausing = 0
        self._closed = False
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SpeechPool]:
        """Open it; the first process is ready then, or a ConfigError says why there is none."""
        try:
            async with asyncio.TaskGroup() as group:
                self._keepers = [group.create_task(self._keep()) for _ in range(self._count)]
                try:
                    await self._started
                    yield self
                finally:
                    await self.close()
        except BaseExceptionGroup as faults:
            raise faults.exceptions[0] from None

    @property
    def waiting(self) -> int:
        """Utterances without a process."""
        return len(self._waiting)

    async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
        """What was said; never raises for a bad call: busy, late and failed are a ``Heard`` too.

        ``pcm`` is 8 kHz, mono, signed 16 bit; ``phrases`` is what is likely to be said, most important
        first. The answer is there after ``deadline_s`` at the latest.
        """
        if self._closed or self._pausing == self._count:
            return FAILED
        if not self._free and len(self._waiting) >= self._queue:
            return BUSY
        job = Job(pcm[: LONGEST_S * _BYTES_A_SECOND], language, tuple(phrases))
        waiting = _Waiting(job, asyncio.get_running_loop().create_future(), HUNG * deadline_s)
        self._waiting.append(waiting)
        self._hand_out()
        try:
            async with asyncio.timeout(deadline_s):
                return await waiting.answer
        except TimeoutError:
            return LATE
        finally:
            waiting.answer.cancel()
            with suppress(ValueError):
                self._waiting.remove(waiting)

    async def close(self) -> None:
        """All who wait get ``failed``; returns when all processes have ended."""
        self._closed = True
        for waiting in self._waiting:
            if not waiting.answer.done():
                waiting.answer.set_result(FAILED)
        self._waiting.clear()
        for keeper in self._keepers:
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers)

    def _take_back(self, process: Process) -> None:
        if not self._started.done():
            self._started.set_result(None)
        self._free.append(process)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            if self._free[-1].ending:
                self._free.pop()
                continue
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                self._free.pop().give(waiting.job, waiting.answer, waiting.limit_s)

    async def _keep(self) -> None:
        """Have one process for as long as the pool is open."""
        faults = 0
        while True:
            process = await self._have_one()
            faults = 0 if process is not None and process.answered else faults + 1
            pause = PAUSES_S[min(faults, len(PAUSES_S) - 1)]
            why = process.why_ended() if process is not None else t("it cannot be started")
            if not self._started.done():
                self._started.set_exception(ConfigError(t("[speech] the recogniser does not start: {why}", why=why)))
            _log.warning("a process that recognises speech is replaced", why=why, pause_s=pause)
            self._pausing += 1
            try:
                await asyncio.sleep(pause)
            finally:
                self._pausing -= 1

    async def _have_one(self) -> Process | None:
        """Start one and wait for its end; None when it cannot be started."""
        try:
            process = await Process.start(self._command, self._take_back)
        except OSError as error:
            _log.error("a process that recognises speech cannot be started", error=str(error))
            return None
        try:
            await process.ended.wait()
        finally:
            await process.stop()
            if process in self._free:
                self._free.remove(process)
        return process
