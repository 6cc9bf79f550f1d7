"""Rehearsals of a worker: somebody of our own staff hears a flow on a proved telephone, as a called person would.

The command line writes a request; one worker makes ready all that the call says, asks the gate, marks it and rings.
From there on it is a call like any other (the same runner, plan and prompts); only nothing of it is an attempt:
what happens is told to the command line, line by line, and no contact is due again. A stop is a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping

from agi_app import log
from agi_app.calls.rendered_speech import Voice
from agi_app.calls.runner import LiveCall
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.node import Node
from agi_app.dialer.originator import CallTerms, Placer, never_left
from agi_app.dialer.until_stopped import until_stopped, until_stored
from agi_app.errors import AgiAppError, SafetyError, StoreError
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.engine.commands import Command, Hangup
from agi_app.flow.engine.events import Event
from agi_app.flow.load import load_with_parts
from agi_app.flow.trial.shown_lines import told, told_event
from agi_app.gate.decide import Decision, permit
from agi_app.gate.rehearsal import RehearsalFacts, decide_rehearsal
from agi_app.model.call import CallResult, KeptRecording, Outcome
from agi_app.model.party import Party
from agi_app.pbx.channel import Channel
from agi_app.recordings.files import RATE, WIDTH
from agi_app.store.requested_calls import rehearsals
from agi_app.store.requested_calls.rehearsals import (
    MarkedRehearsal,
    RefusedRehearsal,
    RehearsalRequest,
)

LOOK_EVERY_S = 1.0
TELL_EVERY_S = 0.3
AT_ONCE = 2  # besides the trunk's own limit
RING_TIME = dt.timedelta(seconds=30)
CLOSE_S = 8.0

_log = log.get("rehearsal")


class Rehearsals:
    """The rehearsals of one node."""

    def __init__(
        self,
        node: Node,
        trunks: Mapping[str, TrunkSettings],
        placer: Placer,
        voice: Voice,
        *,
        prompts: Callable[[], Prompts],
        hold: Callable[[], str | None],
    ) -> None:
        """``prompts`` reads what the prompts say, blocking; ``hold`` says why nobody may be dialled now."""
        self._node, self._trunks, self._placer, self._voice = node, trunks, placer, voice
        self._prompts, self._hold = prompts, hold
        self._live: dict[int, LiveCall | None] = {}  # by request; None: not rung yet
        self._quiet = asyncio.Event()  # set while there is none
        self._quiet.set()
        self._closing = False

    async def run(self) -> None:
        """Make the calls that are asked for, until cancelled."""
        async with asyncio.TaskGroup() as calls:
            while True:
                if self._reason() is None and len(self._live) < AT_ONCE:
                    asked = await self._look()
                    if asked is not None:
                        self._live[asked.rehearsal_id] = None
                        self._quiet.clear()
                        calls.create_task(self._one(asked))
                        continue
                await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        """Make no new call and end those there are: nobody is left in silence by a worker that goes away."""
        self._closing = True
        for call in self._live.values():
            if call is not None:
                call.stop("the worker is shutting down", even_if_up=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._quiet.wait()

    def _reason(self) -> str | None:
        return "the worker is shutting down" if self._closing else self._hold()

    async def _look(self) -> RehearsalRequest | None:
        try:
            return await rehearsals.peek(self._node.store, self._trunks.keys(), self._live)
        except StoreError as error:
            _log.warning("could not look for rehearsals", error=str(error))
            return None

    async def _one(self, asked: RehearsalRequest) -> None:
        story = Story({})
        try:
            with log.bind_call(attempt=f"rehearsal-{asked.rehearsal_id}"):
                await self._rehearse(asked, story)
        except AgiAppError as error:
            _log.warning("not rehearsed", reason=str(error))
            failed = CallResult(Outcome.FAILED, ended_at=self._node.clock.real_now(), note=str(error))
            await self._finish(asked, failed, story)
        finally:
            del self._live[asked.rehearsal_id]
            if not self._live:
                self._quiet.set()

    async def _rehearse(self, asked: RehearsalRequest, story: Story) -> None:
        """Make all ready, ask the gate, ring; raises AgiAppError when nobody was dialled."""
        node, script = self._node, asked.script
        flow = load_with_parts(script.text, script.file, script.parts).understanding(self._placer.ears.meanings)
        voice = await self._voice.before_call(flow, script.fields, script.language)
        story.prompts = await asyncio.to_thread(self._prompts)

        def judge(facts: RehearsalFacts, now: dt.datetime) -> Decision:
            trunk = self._trunks[facts.trunk]
            return decide_rehearsal(facts, trunk.sandbox, node.ruleset, now).dialled_with(trunk.prefix)

        taken = await rehearsals.take(node.store, asked, node.entityid, node.clock.offset, node.clock.name, judge)
        match taken:
            case MarkedRehearsal(allowed, receipt):
                most = dt.timedelta(seconds=script.max_call_s)
                terms = CallTerms(flow, self._trunks[allowed.trunk], RING_TIME, most)
                party = Party(allowed.attempt_id, allowed.number, allowed.caller_id, script.language, script.fields)
                plan = self._placer.plan(party, allowed.place, terms, voice)
                ears = dataclasses.replace(plan.ears, keep=keep_nothing, records_calls=False) if plan.ears else None
                plan = dataclasses.replace(plan, watch=story.watch, ears=ears)
                call = LiveCall(plan, node.clock)
                if (reason := self._reason()) is not None:
                    raise SafetyError(reason)
                good = permit(allowed, receipt, node.clock.monotonic())
                channel = await self._placer.ring(terms, good, self._reason)
                await self._finish(asked, await self._talk(asked, call, channel, story), story)
            case RefusedRehearsal(rules):
                _log.info("rehearsal refused", rules=list(rules))
            case None:
                _log.debug("somebody else has this request, or it was taken back")

    async def _talk(self, asked: RehearsalRequest, call: LiveCall, channel: Channel, story: Story) -> CallResult:
        self._live[asked.rehearsal_id] = call
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(work) for work in (self._tell(asked, story), self._watch(call, call.party.number))
            ]
            result = await self._placer.drive(call, channel)
            for task in beside:
                task.cancel()
        return result

    async def _watch(self, call: LiveCall, number: str) -> None:
        call.stop(await until_stopped(self._node.store, number), even_if_up=True)

    async def _tell(self, asked: RehearsalRequest, story: Story) -> None:
        """Show what happens while it does; what does not reach the database now comes with the result."""
        shown = 0
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            if len(story.lines) == shown:
                continue
            shown = len(story.lines)
            with contextlib.suppress(StoreError):
                await rehearsals.tell(self._node.store, asked.rehearsal_id, story.lines)

    async def _finish(self, asked: RehearsalRequest, result: CallResult, story: Story) -> None:
        if result.answered_at is not None and not story.hung_up and result.note is None:
            story.lines.append("the person hangs up")

        def write() -> Awaitable[None]:
            dialled = not never_left(result)
            return rehearsals.finish(self._node.store, asked.rehearsal_id, result, story.lines, dialled=dialled)

        await until_stored("the result of a rehearsal", write)
        _log.info("rehearsal ended", outcome=result.outcome.value, disposition=result.disposition, note=result.note)


class Story:
    """What happens in one call, in the words of ``simulate``."""

    def __init__(self, prompts: Prompts) -> None:
        self.prompts = prompts
        self.lines: list[str] = []
        self.hung_up = False  # by the flow

    def watch(self, what: Command | Event) -> None:
        """Told all that the flow hears and wants done."""
        if isinstance(what, Event):
            self.lines += told_event(what)
            return
        self.hung_up = self.hung_up or isinstance(what, Hangup)
        self.lines += told(what, self.prompts)


def keep_nothing(name: str, kind: str, pcm: bytes) -> KeptRecording:
    """The flow hears that a recording is kept, as in any call; a rehearsal's is not."""
    return KeptRecording(name, kind, "", round(len(pcm) / WIDTH / RATE, 1))
