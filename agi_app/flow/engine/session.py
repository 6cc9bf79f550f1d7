"""One call through a flow: events in, commands out, no clock, no I/O, no chance.

How a call reads: ``start()`` runs steps until one must wait (a prompt, a gather); each
event then either is for what we wait for, or is stale and ignored. Rules that hold
everywhere, whatever the author wrote:

* The opt-out key works from the first to the last moment, during every prompt and gather,
  also with ``barge_in: false``, and as soon as it goes down: to hang up with it still down is a stop, too.
  While digits are typed the key alone is a digit, so there it is ``*`` and the key. After it comes ``StoreOptOut``;
  then nothing until ``OptOutStored``; then the confirm prompt, if there is one; then ``Hangup``. A caller of a line
  and shows no number is led to the node that asks for one instead (``without_number``).
* A spoken stop counts from the first to the last moment, too, if somebody listens (``hears``): talk breaks a
  prompt off, whatever its ``barge_in``, and what was said is heard out. When it was neither a stop nor an answer
  the prompt plays again; talk during that second time is listened to beside the prompt, which goes on.
* A key pressed during a ``play`` or ``say`` may answer the first question behind it, and no other one. If that is
  the very next step and both allow barge-in, it does so at once, and the question's prompt is not played. Else it is
  kept, what stands between is heard to its end, and then it counts; digits are not kept, nor is the key that has
  answered the question before, for it may have been pressed twice.
* A recording of the call goes on until a step ends it, a transfer begins, or the call is over; a stop does not end it.
* A person called for an agent who finds none free hears the flow's ``abandoned`` prompt, and the call ends.
* Every path ends: after MAX_STEPS_PER_CALL steps the call is ended as ``flow_limit``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from agi_app.errors import InputError
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import OPT_OUT, Understood, understand
from agi_app.flow.answers.why_not_understood import why_not
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.call_back_time import wish
from agi_app.flow.engine.collect_digits import is_within, number_of, read_back, value_of
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
from agi_app.flow.engine.gather_keys import (
    GatheredKeys,
    KeysResult,
    Missed,
    More,
    judge_early,
    judge_key,
    judge_silence,
)
from agi_app.flow.engine.listening_for import listen_for, may_follow
from agi_app.flow.engine.say_texts import parts_of
from agi_app.flow.engine.state import Caller, SessionState, choose_language
from agi_app.flow.engine.waiting import hush, listen, play, record, record_call, say, stop, transfer
from agi_app.flow.language.call_back_offer import CallAgainStep
from agi_app.flow.language.call_step import REFERENCE, CallStep, ReturnStep
from agi_app.flow.language.definition import Expected, Flow, place_of
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import (
    AnyStep,
    AskStep,
    BranchStep,
    CallBack,
    CallBackStep,
    Collect,
    CollectStep,
    Gather,
    GatherStep,
    GotoStep,
    HangupStep,
    LanguageStep,
    OptOutStep,
    PlayStep,
    SetStep,
    StopNumberStep,
    When,
)
from agi_app.flow.language.transfer_step import TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumberStep
from agi_app.flow.syntax.expressions import Value, moment
from agi_app.flow.syntax.names_and_limits import (
    ABANDONED,
    CALL_BACK,
    CHOSEN,
    EMPTY,
    ENTERED,
    FLOW_LIMIT,
    MAX_ATTEMPTS,
    MAX_DEPTH,
    MAX_EARLY_KEYS,
    MAX_STEPS_PER_CALL,
    MAX_STOPS_PER_CALL,
    NO_INPUT,
    NO_MATCH,
    OPTED_OUT,
    RECORDED,
    STOPPED,
    WRONG_NUMBER,
    YES,
)

_PLACE = ("flow", "node", "step", "variables")


class Session:
    """A call in progress; make one with ``begin`` or ``restore``."""

    def __init__(self, flow: Flow, state: SessionState) -> None:
        self._flow = flow
        self._state = state

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
        chosen = choose_language(flow.languages, language, contact)
        state = SessionState(contact=dict(contact), language=chosen, node=flow.start, hears=hears and flow.listens)
        if now is not None:
            state.now, state.zone = now.isoformat(), getattr(now.tzinfo, "key", None)
        if caller is not None:
            state.nameless, state.region = not caller.shown, caller.region
        return cls(flow, state)

    @classmethod
    def restore(cls, flow: Flow, state: Mapping[str, Any]) -> Session:
        """Go on from a saved ``state`` of the same flow."""
        return cls(flow, SessionState(**state))

    @property
    def state(self) -> dict[str, Any]:
        """Everything to go on from, as plain JSON-able data."""
        return self._state.to_json()

    @property
    def finished(self) -> bool:
        """``Hangup`` was commanded or the call is over; no event has an effect then."""
        return self._state.phase == "done"

    @property
    def answers(self) -> dict[str, str]:
        """What the person answered, by ``save`` name."""
        return dict(self._state.answers)

    @property
    def disposition(self) -> str | None:
        """What the call meant so far; None as long as no step has set it."""
        return self._state.disposition

    @property
    def call_back(self) -> dt.datetime | None:
        """When the person is to be called again; None after an opt-out, or at a wrong number."""
        at, ended = self._state.call_back, self.opted_out or self._state.disposition == WRONG_NUMBER
        return dt.datetime.fromisoformat(at) if at is not None and not ended else None

    @property
    def called_again(self) -> int:
        """``call_back`` without asking: so many answered calls of the contact may end so; 0: the person chose."""
        return self._state.called_again

    @property
    def today_only(self) -> bool:
        """``call_back`` without asking, on this day or not at all."""
        return self._state.today_only

    @property
    def opted_out(self) -> bool:
        """``StoreOptOut`` was commanded in this call."""
        return self._state.disposition == OPTED_OUT

    @property
    def steps(self) -> int:
        """How many steps were executed."""
        return self._state.steps_done

    def start(self) -> list[Command]:
        """The call was answered; has an effect once only."""
        return self._run() if self._state.phase == "new" else []

    def handle(self, event: Event, now: dt.datetime | None = None) -> list[Command]:
        """What to do about an event, in this order; stale events give an empty list.

        ``now`` is local time of the called person; without it the time of the event before stands.
        """
        state = self._state
        state.now = now.isoformat() if now else state.now
        if state.phase == "done":
            return []
        match event:
            case HungUp():
                state.phase, state.playback, state.timer, state.transfer = "done", None, None, None
                state.listening = state.recording = None
            case KeyDown(key) | KeyPressed(key) if state.phase not in ("storing", "confirming"):
                return self._key_began(key) if isinstance(event, KeyDown) else self._key(key)
            case PromptFinished() if event.playback == state.playback:
                return self._playback_finished()
            case TimerFired() if event.timer == state.timer:
                question = self._question()
                return self._silence(question) if question is not None else []
            case SpeechStarted() if state.hears:
                return self._talking()
            case Listened() if event.listening == state.listening:
                return self._listened(event.heard)
            case Recorded() if event.recording == state.recording:
                return self._recorded(event.result)
            case TransferEnded() if event.transfer == state.transfer:
                return self._transferred(event.result)
            case OptOutStored() if state.phase == "storing":
                return self._confirm_opt_out()
            case StopStored() if state.phase == "storing_other":
                return self._stop_stored()
            case _:
                pass
        return []

    # ---- running steps

    def _run(self) -> list[Command]:
        state, commands = self._state, list[Command]()
        state.phase = "running"
        while not self._waiting():
            step = self._current()
            if state.listening and (step is None or isinstance(step, HangupStep | TransferStep)):
                state.phase, state.broken = "hearing", "running"  # what is being said may be a stop
                return commands
            if step is None:
                return [*commands, *self._end("end_of_node")]
            if state.steps_done >= MAX_STEPS_PER_CALL:
                return [*commands, *self._over_limit()]
            state.steps_done += 1
            commands += self._execute(step)
        return commands

    def _waiting(self) -> bool:
        return self._state.phase != "running"

    def _execute(self, step: AnyStep) -> list[Command]:
        match step:
            case PlayStep() | SayStep():
                self._state.breaks = 0
                return self._speak(step)
            case _ if isinstance(step, AskStep):
                return self._first_ask(_opening(step))
            case BranchStep():
                self._move(self._branch(step))
            case GotoStep():
                self._move(step.goto)
            case CallStep():
                return self._call(step)
            case ReturnStep():
                return self._return(step.return_)
            case TransferStep():
                self._state.early = ""
                return transfer(self._state, step)
            case RecordStep():
                self._state.breaks, self._state.early = 0, ""
                return [play(self._state, "asking", step.record.prompt)]
            case OptOutStep():
                return self._opt_out("step")
            case WrongNumberStep():
                return self._wrong_number()
            case HangupStep():
                return self._end("hangup")
            case _:
                return self._note(step)
        return []

    def _note(self, step: AnyStep) -> list[Command]:
        """Steps that nobody hears; the next one follows at once."""
        self._state.step += 1
        match step:
            case SetStep():
                return self._set(step.set)
            case RecordCallStep():
                return record_call(self._state, step.record)
            case CallAgainStep():
                return wish(self._state, step.call_back)
        return []

    def _speak(self, step: PlayStep | SayStep) -> list[Command]:
        state = self._state
        if isinstance(step, PlayStep):
            return [play(state, "playing", step.play.prompt)]
        try:
            parts = parts_of(step.say, state.language, state.contact, state.variables)
        except InputError:
            self._move(step.way(EMPTY))
            return []
        return [say(state, "playing", parts)]

    def _current(self) -> AnyStep | None:
        steps = self._here.nodes[self._state.node]
        return steps[self._state.step] if self._state.step < len(steps) else None

    @property
    def _here(self) -> Flow:
        """The flow whose steps run now; key and confirmation of the opt-out are those of the first flow everywhere."""
        return self._flow if self._state.flow is None else self._flow.parts[self._state.flow]

    def _call(self, step: CallStep) -> list[Command]:
        state, called = self._state, self._flow.parts.get(step.call.flow)
        if called is None or len(state.callers) >= MAX_DEPTH:
            return self._over_limit()  # what the check refuses
        given = {name: self._argument(value) for name, value in step.call.with_.items()}
        state.callers.append({"flow": state.flow, "node": state.node, "step": state.step, "variables": state.variables})
        state.flow, state.node, state.step, state.variables = called.flow, called.start, 0, given
        return []

    def _argument(self, value: Value) -> Value:
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        column = found[1].removeprefix("contact.")
        return self._state.contact.get(column) if column != found[1] else self._state.variables.get(column)

    def _return(self, result: str) -> list[Command]:
        state = self._state
        if not state.callers:
            return self._end("end_of_node")
        inner, caller = state.variables, state.callers.pop()
        state.flow, state.node, state.step, state.variables = (caller[key] for key in _PLACE)
        step = self._current()
        if isinstance(step, CallStep):
            state.variables |= {name: inner[name] for name in step.call.take if name in inner}
            self._move(step.way(result))
        return []

    def _over_limit(self) -> list[Command]:
        self._state.disposition = FLOW_LIMIT
        return [do.SetDisposition(FLOW_LIMIT), *self._end(FLOW_LIMIT)]

    def _question(self) -> Gather | None:
        """What the person is being asked now, if the current step asks."""
        step = self._current()
        collect = _collect_of(step)
        if collect is not None and self._state.pending is not None:
            return collect.confirmation
        return _opening(step) if isinstance(step, AskStep) else None

    def _move(self, node: str | None) -> None:
        """To the beginning of ``node``; None is the next step here."""
        if node is None:
            self._state.step += 1
        else:
            self._state.node, self._state.step = node, 0

    def _branch(self, step: BranchStep) -> str | None:
        state = self._state
        known: dict[str, Value] = {**state.variables, "language": state.language, "disposition": state.disposition}
        known |= moment(dt.datetime.fromisoformat(state.now) if state.now else None)
        for case in step.branch:
            if not isinstance(case, When):
                return case.otherwise
            if case.when.test(known, state.contact):
                return case.goto
        return None

    def _set(self, values: Mapping[str, Value]) -> list[Command]:
        commands: list[Command] = []
        for name, value in values.items():
            if name == "disposition":
                self._state.disposition = str(value)
                commands.append(do.SetDisposition(str(value)))
            else:
                self._state.variables[name] = value
        return commands

    # ---- ends

    def _end(self, reason: str) -> list[Command]:
        commands = [*stop(self._state), do.Hangup(reason)]
        self._state.phase = "done"
        return commands

    def _playback_finished(self) -> list[Command]:
        state = self._state
        state.playback = None
        if state.phase == "confirming":
            return self._end(OPTED_OUT)
        if state.phase == "parting" and state.listening:
            state.phase, state.broken = "hearing", "parting"  # what is being said may be a stop
            return []
        if state.phase == "parting":
            return self._parted()
        question, step = self._question(), self._current()
        if isinstance(step, RecordStep):
            return [record(state, step)]
        if state.phase == "reading" and question is not None:
            return [play(state, "asking", question.prompt)]
        if question is not None:
            return self._await_answer(question)
        state.step += 1
        return self._run()

    def _await_answer(self, question: Gather) -> list[Command]:
        """Wait for keys and words; no time runs while the person is speaking."""
        state, seconds = self._state, question.timeout.total_seconds()
        commands: list[Command] = []
        state.phase = "listening"
        if state.listening is None or not state.talking:
            commands.append(listen(state, seconds))
        if state.hears and state.listening is None:
            commands.append(self._listen(waits=seconds))
        return commands

    def _transferred(self, result: str) -> list[Command]:
        step, self._state.transfer = self._current(), None
        if result == ABANDONED and self._flow.abandoned is not None:
            self._state.disposition = ABANDONED
            return [do.SetDisposition(ABANDONED), play(self._state, "parting", self._flow.abandoned)]
        self._move(step.way(result) if isinstance(step, TransferStep) else None)
        return self._run()

    # ---- speech

    def why_not(self, text: str) -> str | None:
        """Why these words would be no answer if they were said now; None: they are one, or a stop."""
        return why_not(self._expected(*self._may_be_answered())[0], text, self._today)

    def _expected(self, question: Gather | None, place: str | None) -> Expected:
        return self._flow.expected(place, None if question is None else question.speech, self._state.language)

    @property
    def _today(self) -> dt.date | None:
        now = self._state.now
        return dt.datetime.fromisoformat(now).date() if now else None

    def _talking(self) -> list[Command]:
        """The person began to speak; in the other phases nobody listens."""
        state = self._state
        if state.phase == "listening" and state.timer:
            state.talking, timer, state.timer = True, state.timer, None
            return [do.CancelTimer(timer), *([] if state.listening else [self._listen(waits=None)])]
        if state.phase == "parting" and state.listening is None:
            return [self._listen(waits=None, beside=True)]
        if state.phase not in ("playing", "asking", "reading") or state.playback is None or state.listening:
            return []
        if state.breaks:
            return [self._listen(waits=None, beside=True)]
        broken, state.breaks, state.broken = state.playback, 1, state.phase
        heard = self._listen(waits=None)
        state.playback, state.phase = None, "hearing"
        return [do.StopPlayback(broken), heard]

    def _listen(self, *, waits: float | None, beside: bool = False) -> do.StartListening:
        gather, self._state.hears_for = self._may_be_answered()
        return listen_for(self._state, self._expected(gather, self._state.hears_for), waits=waits, beside=beside)

    def _may_be_answered(self) -> tuple[Gather | None, str | None]:
        """The question that words may answer now, and its place in the flow."""
        state, step, question = self._state, self._current(), self._question()
        phase, index = state.broken or state.phase, state.step
        if phase == "playing":
            following = self._here.nodes[state.node][index + 1 : index + 2]
            question, index = may_follow(step, following[0] if following else None), index + 1
        elif question is not None and (question.speech is None or not (question.barge_in or phase == "listening")):
            question = None
        return question, None if question is None else place_of(state.flow or "", state.node, index)

    def _listened(self, heard: Heard) -> list[Command]:
        state = self._state
        question, place = self._may_be_answered()
        listening, state.listening = str(state.listening), None
        answers = state.hears_for is not None and state.hears_for == place
        wanted, _ = self._expected(question if answers else None, place)
        meant = understand(wanted, heard, self._today)
        if meant is OPT_OUT:
            return self._opt_out("speech")
        if isinstance(meant, Understood) and question is not None and answers:
            if (state.broken or state.phase) == "playing":
                self._to_following_question()
            kept = [do.KeepSpoken(listening, question.save)] if question.keep and question.save else []
            return [*kept, *self._apply(question, GatheredKeys(meant.outcome, meant.value))]
        if state.phase == "hearing":
            return self._resume()
        if state.phase == "listening" and state.timer is None:  # else nothing was said yet: keys have their time
            return self._unanswered(heard, answers=answers)
        return []

    def _unanswered(self, heard: Heard, *, answers: bool) -> list[Command]:
        """While waiting for an answer something else was said, or only noise."""
        state, question = self._state, self._question()
        if question is None:
            return []
        if answers:
            return self._apply(question, Missed(NO_INPUT if heard.why in ("silence", "noise") else NO_MATCH))
        if question.speech is not None:  # said before it was the question's turn
            return self._await_answer(question)
        state.breaks += 1
        if state.breaks > (MAX_ATTEMPTS if state.digits else 1):
            return self._apply(question, judge_silence(question, state.digits))
        return self._await_answer(question) if state.digits else [play(state, "asking", question.prompt)]

    def _resume(self) -> list[Command]:
        """What the talk broke off goes on: a prompt from its beginning."""
        state, step, question = self._state, self._current(), self._question()
        broken, state.broken = state.broken, None
        if broken == "parting":
            return self._parted()
        if broken == "playing" and isinstance(step, PlayStep | SayStep):
            return self._speak(step)
        if broken == "reading" and state.pending is not None and (collect := _collect_of(step)) is not None:
            return [say(state, "reading", read_back(collect, state.pending, state.language) or ())]
        if broken in ("asking", "reading") and question is not None:
            return [play(state, "asking", question.prompt)]
        if broken == "asking" and isinstance(step, RecordStep):
            return [play(state, "asking", step.record.prompt)]
        return self._run()

    def _recorded(self, result: str) -> list[Command]:
        step, self._state.recording = self._current(), None
        saved = self._save(step.record.save, RECORDED) if isinstance(step, RecordStep) and result == RECORDED else []
        self._move(step.way(result) if isinstance(step, RecordStep) else None)
        return [*saved, *self._run()]

    # ---- opt-out

    def _opt_out(self, how: str) -> list[Command]:
        commands = stop(self._state)
        if self._state.nameless and self._flow.opt_out.without_number is not None:
            self._state.flow, self._state.callers, self._state.pending = None, [], None
            self._move(self._flow.opt_out.without_number)
            return [*commands, *self._run()]
        self._state.phase, self._state.disposition = "storing", OPTED_OUT
        return [*commands, do.SetDisposition(OPTED_OUT), do.StoreOptOut(how)]

    def _confirm_opt_out(self) -> list[Command]:
        if self._flow.opt_out.confirm is None:
            return self._end(OPTED_OUT)
        return [play(self._state, "confirming", self._flow.opt_out.confirm)]

    def _wrong_number(self) -> list[Command]:
        commands = stop(self._state)
        self._state.phase, self._state.disposition = "storing_other", WRONG_NUMBER
        return [*commands, do.SetDisposition(WRONG_NUMBER), do.StoreWrongNumber()]

    def _stop_stored(self) -> list[Command]:
        step = self._current()
        if not isinstance(step, WrongNumberStep):
            self._state.stops += 1
            return self._leave_question(STOPPED)
        prompt, self._state.breaks = step.wrong_number.prompt, 0
        return self._parted() if prompt is None else [play(self._state, "parting", prompt)]

    def _parted(self) -> list[Command]:
        """The last prompt was heard, if there was one; a stop counted to its end."""
        return self._end(WRONG_NUMBER if isinstance(self._current(), WrongNumberStep) else ABANDONED)

    # ---- keys and answers

    def means_stop(self, key: str) -> bool:
        """Whether this key would be the opt-out now; after the end of the call: at its last moment."""
        state = self._state
        gather = self._question() if state.phase != "new" else None
        typing = gather is not None and gather.digits is not None
        after_star = state.star or state.star_down
        return key == self._flow.opt_out.key and (after_star or state.phase == "storing_other" or not typing)

    def _key_began(self, key: str) -> list[Command]:
        """Only the opt-out is decided before a key is released."""
        state, stops = self._state, self.means_stop(key)
        state.star_down, state.acted = key == "*", key if stops else None
        return self._opt_out("key") if stops else []

    def _key(self, key: str) -> list[Command]:
        state, step, stops = self._state, self._current(), self.means_stop(key)
        state.star, state.star_down = key == "*", key == "*" and state.star_down
        acted, state.acted = state.acted, None
        if acted == key:
            return []
        if stops:
            return self._opt_out("key")
        if state.phase == "storing_other":
            return []
        gather = self._question() if state.phase != "new" else None
        if gather is not None:
            heard = state.phase == "listening"
            verdict = judge_key(gather, state.digits, key, heard=heard) if heard or gather.barge_in else None
            state.pressed = key if isinstance(verdict, GatheredKeys) else state.pressed
            return self._apply(gather, verdict)
        if isinstance(step, RecordStep):
            ends = state.recording is not None and key == step.record.end_key
            return [do.EndRecording(str(state.recording))] if ends else []
        if isinstance(step, PlayStep | SayStep) and state.phase in ("playing", "hearing"):
            speaks = step.play if isinstance(step, PlayStep) else step.say
            return self._type_ahead(key) if speaks.barge_in else []
        return []

    def _type_ahead(self, key: str) -> list[Command]:
        """A key during a play: the answer to a gather that is the very next step, or kept for one that comes later."""
        state = self._state
        following = self._here.nodes[state.node][state.step + 1 : state.step + 2]
        if not following or not isinstance(following[0], AskStep):
            state.early += key if key != state.pressed and len(state.early) < MAX_EARLY_KEYS else ""
            return []
        gather = _opening(following[0])
        verdict = judge_key(gather, "", key, heard=False) if gather.barge_in else None
        if verdict is None:
            return []
        self._to_following_question()
        state.pressed = key
        return self._apply(gather, verdict)

    def _to_following_question(self) -> None:
        state = self._state
        state.step += 1
        state.steps_done += 1
        state.attempt, state.digits, state.pending, state.early = 1, "", None, ""

    def _silence(self, gather: Gather) -> list[Command]:
        self._state.timer = None
        return self._apply(gather, judge_silence(gather, self._state.digits))

    def _apply(self, gather: Gather, verdict: KeysResult) -> list[Command]:
        step = self._current()
        match verdict:
            case More():
                self._state.digits = verdict.digits
                return [*hush(self._state), *self._await_answer(gather)]
            case Missed():
                return [*stop(self._state), *self._missed(gather, verdict.outcome)]
            case GatheredKeys() if isinstance(step, CallBackStep):
                return [*stop(self._state), *self._chosen(step.call_back, verdict)]
            case GatheredKeys() if isinstance(step, CollectStep):
                return [*stop(self._state), *self._collected(step.collect, verdict)]
            case GatheredKeys() if isinstance(step, StopNumberStep):
                return [*stop(self._state), *self._number_keyed(step.stop_number.collect, verdict)]
            case GatheredKeys() if isinstance(step, LanguageStep):
                self._state.language = verdict.value
                return [*stop(self._state), *self._leave_question(CHOSEN)]
            case GatheredKeys():
                saved = self._save(gather.save, verdict.value) if gather.save else []
                return [*stop(self._state), *saved, *self._leave_question(verdict.outcome)]
        return []

    def _first_ask(self, gather: Gather) -> list[Command]:
        """Ask, unless a key that was pressed before has answered already."""
        state = self._state
        state.attempt, state.pending, keys, state.early = 0, None, state.early, ""
        early = judge_early(gather, keys)
        if early is None:
            return self._ask(gather)
        state.pressed, answer = early
        return self._apply(gather, answer)

    def _ask(self, gather: Gather) -> list[Command]:
        state, step = self._state, self._current()
        state.attempt += 1
        state.digits, state.breaks = "", 0
        if state.pending is not None and (collect := _collect_of(step)) is not None:
            return [say(state, "reading", read_back(collect, state.pending, state.language) or ())]
        if isinstance(step, LanguageStep):  # each attempt is in the next language
            state.language = step.language.order[(state.attempt - 1) % len(step.language.order)]
        return [play(state, "asking", gather.prompt)]

    def _missed(self, gather: Gather, outcome: str) -> list[Command]:
        step = self._current()
        if self._state.attempt < gather.attempts:
            return self._ask(gather)
        if isinstance(step, LanguageStep):
            self._state.language = step.language.order[0]
        return self._leave_question(outcome)

    def _collected(self, collect: Collect, answer: GatheredKeys) -> list[Command]:
        """Digits are read back, if they can be; what was read back is saved, or asked for again."""
        state = self._state
        if state.pending is not None:
            value, state.pending, state.attempt = state.pending, None, state.entries
            if answer.outcome != YES:
                return self._missed(collect.entry, NO_MATCH)
            return [*self._save(collect.save, value), *self._leave_question(ENTERED)]
        entered = value_of(collect, answer.value)
        if entered is None or not is_within(collect, entered, state.now):
            return self._missed(collect.entry, NO_MATCH)
        if collect.confirm and not read_back(collect, entered, state.language):
            return self._missed(collect.entry, NO_MATCH)
        if collect.confirm is None:
            return [*self._save(collect.save, entered), *self._leave_question(ENTERED)]
        state.pending, state.entries, state.attempt = entered, state.attempt, 0
        return self._ask(collect.confirmation)

    def _number_keyed(self, collect: Collect, answer: GatheredKeys) -> list[Command]:
        """The keys are read back as they came; a number that is right is stopped before anything more is said."""
        state = self._state
        if state.pending is None:
            if state.stops >= MAX_STOPS_PER_CALL:
                return self._leave_question(NO_MATCH)
            if number_of(answer.value, state.region) is None:
                return self._missed(collect.entry, NO_MATCH)
            state.pending, state.entries, state.attempt = answer.value, state.attempt, 0
            return self._ask(collect.confirmation)
        number, state.pending, state.attempt = number_of(state.pending, state.region), None, state.entries
        if answer.outcome != YES or number is None:
            return self._missed(collect.entry, NO_MATCH)
        state.phase = "storing_other"
        return [do.StoreStop(number)]

    def _chosen(self, call_back: CallBack, answer: GatheredKeys) -> list[Command]:
        """The time is kept and stored; where it is not known what time it is there, nothing can be promised."""
        wished = wish(self._state, call_back.offer[int(answer.value) - 1])
        if self._state.now is None:
            return [*wished, *self._leave_question(NO_MATCH)]
        return [*self._save(CALL_BACK, str(self._state.call_back)), *wished, *self._leave_question(CHOSEN)]

    def _save(self, name: str, value: str) -> list[Command]:
        self._state.variables[name] = self._state.answers[name] = value
        return [do.SaveAnswer(name, value)]

    def _leave_question(self, outcome: str) -> list[Command]:
        step, self._state.pending = self._current(), None
        self._move(step.way(outcome) if isinstance(step, AskStep) else None)
        return self._run()


def _opening(step: AskStep) -> Gather:
    """The first question of a step that asks."""
    match step:
        case CallBackStep():
            return step.call_back.question
        case LanguageStep():
            return step.language.question
        case StopNumberStep():
            return step.stop_number.collect.entry
        case CollectStep():
            return step.collect.entry
        case GatherStep():
            return step.gather


def _collect_of(step: AnyStep | None) -> Collect | None:
    """What a step collects and reads back, if it does."""
    if isinstance(step, StopNumberStep):
        return step.stop_number.collect
    return step.collect if isinstance(step, CollectStep) else None
