"""One call through a flow: events in, commands out, no clock, no I/O, no chance.

``start()`` runs steps until one must wait (a prompt, a question); each event then either is for what we wait for, or
is stale and ignored. An event goes to the module of its subject, which changes the call (``CallInFlow``) and returns
commands; when it has left nothing to wait for, ``run_steps`` goes on. The modules say the rules that hold everywhere,
whatever the author wrote:

* ``opt_out``: the opt-out key works from the first to the last moment, as soon as it goes down.
* ``spoken_answer``: so does a spoken stop, if somebody listens; talk breaks a prompt off.
* ``barge_in_and_early_keys``: a key pressed during a prompt may answer the first question behind it.
* ``ask_and_retry``, ``accept_answer``: a question is asked again until it is answered or no attempt is left.
* ``transfer_to_staff``: a person called for an agent who finds none free hears the ``abandoned`` prompt.
* ``run_steps``: every path ends; after MAX_STEPS_PER_CALL steps the call is ended as ``flow_limit``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from agi_app.flow.answers import why_not_understood
from agi_app.flow.engine import (
    accept_answer,
    ask_and_retry,
    barge_in_and_early_keys,
    opt_out_key,
    recording,
    spoken_answer,
    transfer_to_staff,
    wrong_number,
)
from agi_app.flow.engine.call_in_flow import CallInFlow, Walked
from agi_app.flow.engine.call_language import choose_language
from agi_app.flow.engine.collect_digits import number_stored
from agi_app.flow.engine.commands import Command
from agi_app.flow.engine.events import (
    Event,
    HungUp,
    KeyDown,
    KeyPressed,
    Listened,
    OptOutStored,
    PromptFinished,
    Recorded,
    SpeechStarted,
    StopStored,
    TimerFired,
    TransferEnded,
)
from agi_app.flow.engine.listening_for import expected, may_be_answered
from agi_app.flow.engine.run_steps import run
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.names_and_limits import OPTED_OUT, WRONG_NUMBER
from agi_app.model.call import Unasked


class Session:
    """A call in progress; make one with ``begin`` or ``restore``."""

    def __init__(self, call: CallInFlow) -> None:
        self._call = call

    @classmethod
    def begin(
        cls,
        flow: Flow,
        contact: Mapping[str, str],
        language: str | None = None,
        now: dt.datetime | None = None,
        *,
        hears: bool = False,
        caller: Caller | None = None,
    ) -> Session:
        """A new call; without ``language`` the contact's column ``language`` decides, else the first listed.

        ``now`` is local time of the called person, for conditions; without it no condition on the time holds.
        ``hears``: somebody understands speech; without it a flow that listens works by keys alone.
        ``caller``: the call came in, and this is known of the caller.
        """
        call = CallInFlow(
            flow,
            contact=dict(contact),
            language=choose_language(flow.languages, language, contact),
            node=flow.start,
            hears=hears and flow.listens,
            now=None if now is None else now.isoformat(),
            zone=None if now is None else getattr(now.tzinfo, "key", None),
            nameless=caller is not None and not caller.shown,
            region=None if caller is None else caller.region,
        )
        return cls(call)

    @classmethod
    def restore(cls, flow: Flow, state: Mapping[str, Any]) -> Session:
        """Go on from a saved ``state`` of the same flow."""
        return cls(CallInFlow(flow, **state))

    @property
    def state(self) -> dict[str, Any]:
        """Everything to go on from, as plain JSON-able data."""
        return dataclasses.asdict(self._call)

    @property
    def finished(self) -> bool:
        """``Hangup`` was commanded or the call is over; no event has an effect then."""
        return self._call.phase == "done"

    @property
    def answers(self) -> dict[str, str]:
        """What the person answered, by ``save`` name."""
        return dict(self._call.answers)

    @property
    def disposition(self) -> str | None:
        """What the call meant so far; None as long as no step has set it."""
        return self._call.disposition

    @property
    def call_back(self) -> dt.datetime | None:
        """When the person is to be called again; None after an opt-out, or at a wrong number."""
        at, ended = self._call.call_back, self.opted_out or self._call.disposition == WRONG_NUMBER
        return dt.datetime.fromisoformat(at) if at is not None and not ended else None

    @property
    def unasked(self) -> Unasked | None:
        """The bounds of a ``call_back`` that nobody was asked about; None: the person chose, or there is none."""
        times = self._call.called_again if self.call_back is not None else 0
        return Unasked(times, self._call.today_only) if times else None

    @property
    def opted_out(self) -> bool:
        """``StoreOptOut`` was commanded in this call."""
        return self._call.disposition == OPTED_OUT

    @property
    def walked(self) -> Sequence[Walked]:
        """The steps that were left, one after another."""
        return self._call.walked

    @property
    def steps(self) -> int:
        """How many steps were executed."""
        return self._call.steps_done

    def means_stop(self, key: str) -> bool:
        """Whether this key would be the opt-out now; after the end of the call: at its last moment."""
        return opt_out_key.means_stop(self._call, key)

    def why_not(self, text: str) -> str | None:
        """Why these words would be no answer if they were said now; None: they are one, or a stop."""
        wanted, _ = expected(self._call, *may_be_answered(self._call))
        return why_not_understood.why_not(wanted, text, self._call.today)

    def start(self) -> list[Command]:
        """The call was answered; has an effect once only."""
        if self._call.phase == "new":
            self._call.phase = "running"
        return run(self._call)

    def handle(self, event: Event, now: dt.datetime | None = None) -> list[Command]:
        """What to do about an event, in this order; stale events give an empty list.

        ``now`` is local time of the called person; without it the time of the event before stands.
        """
        self._call.now = now.isoformat() if now else self._call.now
        return [] if self.finished else [*_meet(self._call, event), *run(self._call)]


def meant_by_its_end(*, ended_by_flow: bool, cut_off: bool = False) -> str:
    """What a call meant that ended before its flow had said so: one rule for real calls and for simulated ones.

    ``cut_off``: neither the person nor the flow ended it.
    """
    return "completed" if ended_by_flow else "cut_off" if cut_off else "hung_up"


def _meet(call: CallInFlow, event: Event) -> list[Command]:
    match event:
        case HungUp():
            call.stop()
            call.phase = "done"
        case KeyDown(key) if call.phase not in ("storing", "confirming"):
            return opt_out_key.key_down(call, key)
        case KeyPressed(key) if call.phase not in ("storing", "confirming"):
            stop = opt_out_key.key_up(call, key)
            return barge_in_and_early_keys.key_pressed(call, key) if stop is None else stop
        case PromptFinished() if event.playback == call.playback:
            return _prompt_finished(call)
        case TimerFired() if event.timer == call.timer:
            return accept_answer.silence(call)
        case SpeechStarted() if call.hears:
            return spoken_answer.talk_began(call)
        case Listened() if event.listening == call.listening:
            return spoken_answer.listened(call, event.heard)
        case Recorded() if event.recording == call.recording:
            return recording.ended(call, event.result)
        case TransferEnded() if event.transfer == call.transfer:
            return transfer_to_staff.ended(call, event.result)
        case OptOutStored() if call.phase == "storing":
            return opt_out_key.stored(call)
        case StopStored() if call.phase == "storing_other":
            step = call.current()
            return wrong_number.stored(call, step) if isinstance(step, WrongNumberStep) else number_stored(call)
    return []


def _prompt_finished(call: CallInFlow) -> list[Command]:
    call.playback, step, question = None, call.current(), call.question()
    if call.phase in ("parting", "confirming"):
        if not call.listening:
            return call.end(str(call.disposition))
        call.phase, call.broken = "hearing", "parting"  # what is being said may be a stop
        return []
    if isinstance(step, RecordStep):
        return recording.begin(call, step)
    if question is None:
        return call.go_on()
    if call.phase == "reading":
        return call.play("asking", question.prompt)
    return ask_and_retry.await_answer(call, question)
