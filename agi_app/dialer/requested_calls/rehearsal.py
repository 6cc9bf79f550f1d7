"""Rehearsals of a worker: somebody of our own staff hears a flow on a proved telephone, as a called person would.

The command line writes a request; one worker prepares all that the call says, asks the gate, marks it and rings.
From there on it is a call like any other (the same runner, plan and prompts); only nothing of it is an attempt:
what happens is sent to the command line, line by line, and no contact is due again. A stop is a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Mapping

from agi_app import log
from agi_app.calls.call_plan import CallPlan
from agi_app.calls.rendered_speech import Voice
from agi_app.calls.runner import LiveCall
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.node import Node
from agi_app.dialer.originator import CallTerms, Originator, never_left
from agi_app.dialer.requested_calls.queue import CLOSING
from agi_app.dialer.until_stopped import until_stopped, until_stored
from agi_app.errors import AgiAppError, SafetyError, StoreError
from agi_app.event_loop import alongside
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.engine.commands import Command, Hangup
from agi_app.flow.engine.events import Event
from agi_app.flow.load import load_with_parts
from agi_app.flow.simulation.shown_lines import told, told_event
from agi_app.gate.decide import Decision, permit
from agi_app.gate.rehearsal import RehearsalFacts, decide_rehearsal
from agi_app.messages import t, template
from agi_app.model.call import CallResult, KeptRecording, Outcome, Party
from agi_app.pbx.channel import Channel
from agi_app.recordings.files import RATE, WIDTH
from agi_app.store.requested_calls import rehearsals
from agi_app.store.requested_calls.rehearsals import MarkedRehearsal, RefusedRehearsal, RehearsalRequest
from agi_app.store.requested_calls.requests import RequestKind

TELL_EVERY_S = 0.3
RING_TIME = dt.timedelta(seconds=30)

_log = log.get("rehearsal")


class Rehearsals:
    """Takes the rehearsals of one node."""

    kind, at_once = RequestKind.REHEARSAL, 2  # besides the trunk's own limit

    def __init__(
        self,
        node: Node,
        trunks: Mapping[str, TrunkSettings],
        originator: Originator,
        voice: Voice,
        *,
        prompts: Callable[[], Prompts],
    ) -> None:
        """``prompts`` reads what the prompts say, blocking."""
        self.node, self.trunks, self.originator, self.voice, self.prompts = node, trunks, originator, voice, prompts

    async def take(self, going_on: Collection[int], forbidden: Callable[[], str | None]) -> Rehearsal | None:
        """The oldest request; it is nobody's until all is ready."""
        asked = await rehearsals.peek(self.node.store, self.trunks.keys(), going_on)
        return None if asked is None else Rehearsal(self, asked, forbidden)


class Rehearsal:
    """One rehearsal."""

    def __init__(self, means: Rehearsals, asked: RehearsalRequest, forbidden: Callable[[], str | None]) -> None:
        self.request_id = asked.rehearsal_id
        self._means, self._script, self._asked, self._forbidden = means, asked.script, asked, forbidden
        self._store = means.node.store
        self._story = Story({})
        self._call: LiveCall | None = None  # not rung yet

    def end(self) -> None:
        """The worker goes away."""
        if self._call is not None:
            self._call.stop(CLOSING, even_if_up=True)

    async def run(self) -> None:
        """Until its end is stored."""
        try:
            await self._rehearse()
        except AgiAppError as error:
            _log.warning("not rehearsed", reason=str(error))
            await self._finish(CallResult(Outcome.FAILED, ended_at=self._means.node.clock.real_now(), note=str(error)))

    async def _rehearse(self) -> None:
        """Make all ready, ask the gate, ring; raises AgiAppError when nobody was dialled."""
        means, script, node = self._means, self._script, self._means.node
        flow = load_with_parts(script.text, script.file, script.parts).understanding(means.originator.speech.meanings)
        voice = await means.voice.before_call(flow, script.fields, script.language)
        self._story.prompts = await asyncio.to_thread(means.prompts)

        def judge(facts: RehearsalFacts, now: dt.datetime) -> Decision:
            trunk = means.trunks[facts.trunk]
            return decide_rehearsal(facts, trunk.sandbox, node.ruleset, now).dialled_with(trunk.prefix)

        taken = await rehearsals.take(
            self._store, self._asked, node.entityid, node.clock.offset, node.clock.name, judge
        )
        match taken:
            case MarkedRehearsal(allowed, receipt):
                terms = CallTerms(flow, means.trunks[allowed.trunk], RING_TIME, dt.timedelta(seconds=script.max_call_s))
                party = Party(allowed.attempt_id, allowed.number, allowed.caller_id, script.language, script.fields)
                call = LiveCall(self._plan(means.originator.plan(party, allowed.place, terms, voice)), node.clock)
                if (reason := self._forbidden()) is not None:
                    raise SafetyError(reason)
                good = permit(allowed, receipt, node.clock.monotonic())
                channel = await means.originator.ring(terms, good, self._forbidden)
                await self._finish(await self._talk(call, channel))
            case RefusedRehearsal(rules):
                _log.info("rehearsal refused", rules=list(rules))
            case None:
                _log.debug("somebody else has this request, or it was taken back")

    def _plan(self, plan: CallPlan) -> CallPlan:
        speech = dataclasses.replace(plan.speech, keep=keep_nothing, records_calls=False) if plan.speech else None
        return dataclasses.replace(plan, watch=self._story.watch, speech=speech)

    async def _talk(self, call: LiveCall, channel: Channel) -> CallResult:
        self._call = call
        async with alongside(self._tell(), self._watch(call)):
            return await self._means.originator.drive(call, channel)

    async def _watch(self, call: LiveCall) -> None:
        call.stop(await until_stopped(self._store, call.party.number), even_if_up=True)

    async def _tell(self) -> None:
        """Show what happens while it does; what does not reach the database now comes with the result."""
        shown, lines = 0, self._story.lines
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            if len(lines) == shown:
                continue
            shown = len(lines)
            with contextlib.suppress(StoreError):
                await rehearsals.tell(self._store, self.request_id, lines)

    async def _finish(self, result: CallResult) -> None:
        story = self._story
        if result.answered_at is not None and not story.hung_up and result.note is None:
            story.lines.append(t("the person hangs up"))
        dialled = not never_left(result)
        await until_stored(
            template("the result of a rehearsal"),
            lambda: rehearsals.finish(self._store, self.request_id, result, story.lines, dialled=dialled),
        )
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
