"""Writes down the opening words of callers who are challenged or sent to the mailbox: what a recording says at once.

An ear records the caller's side from the answer on, beside what the dialplan plays, until the caller hangs up or
``LONGEST_S`` is over. The sound is not kept: it is recognised, by its own process so that no flow waits, and
deleted. A caller who passes the challenge, or is put through, is not listened to, and the words so far are deleted.
Nothing hangs on all this: whatever fails is logged, and the call goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.screening import GuardSettings
from agi_app.config.speech import SpeechSettings
from agi_app.errors import AgiAppError, ConfigError
from agi_app.guard.case import Action
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.object_names import ours
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.screening.decision_writer import Records
from agi_app.speech.recognizer import recognizer_of
from agi_app.speech.recognizer_pool import SpeechPool
from agi_app.store.database.pool import Store
from agi_app.store.screening.guard_scripts import OpeningWords, Source
from agi_app.store.screening.script_matching import LONGEST_S, RECOGNISED_WITHIN_S, take

END_WAIT_S = 3.0
AT_ONCE = 20  # callers; those beyond that are not listened to
WAITING = 50  # sounds that wait to be recognised; later ones are thrown away
ENTERED_BY = "agi-app"
SOURCES: dict[Action, Source] = {Action.CHALLENGE: "challenge", Action.VOICEMAIL: "voicemail"}

_log = log.get("guard.openings")


class Openings:
    """The callers who are listened to now. ``run`` does nothing unless the settings want it."""

    def __init__(
        self, store: Store, clock: Clock, records: Records, guard: GuardSettings, speech: SpeechSettings
    ) -> None:
        self._store, self._clock, self._records = store, clock, records
        self._guard, self._speech = guard, speech
        self._listening: dict[str, tuple[str, asyncio.Task[None]]] = {}  # channel -> call, and who listens to it
        self._listen: Callable[[str, str, Source], asyncio.Task[None]] | None = None

    def begin(self, channel_id: str, call_id: str, action: Action) -> None:
        """Listen to this caller, if that is wanted; never waits."""
        source = SOURCES.get(action)
        if source is not None and self._listen is not None and len(self._listening) < AT_ONCE:
            task = self._listen(channel_id, call_id, source)
            self._listening[channel_id] = (call_id, task)
            task.add_done_callback(lambda _: self._listening.pop(channel_id, None))

    def see(self, frame: Frame) -> None:
        """An event of the socket: a caller who is put through to somebody is no longer listened to."""
        if frame.type == "Dial" and frame.caller is not None and (one := self._listening.get(frame.caller.id)):
            one[1].cancel()

    def passed(self, call_id: str) -> None:
        """A person pressed the digit and will be connected."""
        for call, task in self._listening.values():
            if call == call_id:
                task.cancel()

    async def run(self, spool: RecordingSpool, project: Path) -> None:
        """Listen until cancelled."""
        if not self._guard.listen:
            return
        own = self._speech.model_copy(update={"workers": 1, "queue": WAITING})
        try:
            async with recognizer_of(own, project) as recognizer, asyncio.TaskGroup() as group:
                if recognizer is not None:
                    self._listen = lambda *call: group.create_task(self._hear(call, spool, recognizer))
                    await asyncio.get_running_loop().create_future()
        except ConfigError as error:
            _log.error("what callers say is not written down", reason=str(error))
        finally:
            self._listen = None

    async def _hear(self, call: tuple[str, str, Source], spool: RecordingSpool, recognizer: SpeechPool) -> None:
        channel_id, call_id, source = call
        try:
            if not (pcm := await _record(spool, channel_id)):
                return
            heard = await recognizer.transcribe(pcm, self._guard.listen_language, (), RECOGNISED_WITHIN_S)
            if not heard.text:
                _log.debug("nothing was understood of what a caller said", call=call_id, why=heard.why)
                return
            await self._records.flushed()
            await take(self._store, OpeningWords(self._clock.now(), source, heard.text, call_id), ENTERED_BY)
        except AgiAppError as error:
            _log.info("what a caller said is not known", call=call_id, reason=str(error))
        except Exception:  # noqa: BLE001 - a fault of an engine must not end the screening of others
            _log.exception("a caller could not be listened to", call=call_id)


async def _record(spool: RecordingSpool, channel_id: str) -> bytes:
    """The caller's side, to the end of the call or ``LONGEST_S``; cancelling this throws it away."""
    name = f"{ours(channel_id)}-opening"
    with spool.wanted(name):
        await spool.start(name, channel_id, LONGEST_S, beside=True)
        if not await spool.ended(name, LONGEST_S + END_WAIT_S):
            await spool.stop(name)
        return await spool.take(name)
