"""What is listened for in a call, and for how long: the question that may be answered by voice, and always the stop."""

from __future__ import annotations

from agi_app.flow.answers.understanding import Grammar, bias
from agi_app.flow.engine.commands import StartListening
from agi_app.flow.engine.state import SessionState
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.speech_step import Speech, SpokenValue
from agi_app.flow.language.steps import AnyStep, Gather, GatherStep, PlayStep

_LONGEST = {"answers": 6.0, "number": 8.0, "date": 10.0, "text": 30.0}  # seconds of one utterance


def wanted_of(flow: Flow, gather: Gather | None, language: str) -> tuple[Grammar, tuple[str, ...]]:
    """What may be said in answer to ``gather`` (None: nothing but stop), and the words to expect; kept by the flow."""
    key = (id(gather) if gather is not None else 0, language)
    if key not in flow.wanted:
        wanted = _wanted(flow, gather.speech if gather is not None else None, language)
        flow.wanted[key] = wanted, bias(wanted)
    return flow.wanted[key]


def _wanted(flow: Flow, speech: Speech | None, language: str) -> Grammar:
    stops = flow.opt_out.phrases
    if not isinstance(speech, SpokenValue):
        return flow.meanings.wanted(language, speech or {}, opt_out=stops)
    return flow.meanings.wanted(language, kind=speech.kind, least=speech.min, most=speech.max, opt_out=stops)


def listen_for(
    flow: Flow, state: SessionState, gather: Gather | None, *, waits: float | None, beside: bool
) -> StartListening:
    """Begin a listening; ``gather`` may be answered by it."""
    wanted, phrases = wanted_of(flow, gather, state.language)
    state.listening, state.talking = state.new_id("r"), waits is None
    return StartListening(state.listening, state.language, phrases, _LONGEST[wanted.kind], waits, beside)


def may_follow(step: AnyStep | None, following: AnyStep | None) -> Gather | None:
    """The question behind a step that only speaks, if words said meanwhile may answer it already."""
    speaks = step.play if isinstance(step, PlayStep) else step.say if isinstance(step, SayStep) else None
    if speaks is None or not speaks.barge_in or not isinstance(following, GatherStep):
        return None
    return following.gather if following.gather.speech is not None and following.gather.barge_in else None
