"""The rules about notices: nobody is recorded without hearing it, whether a message, an answer or the whole call."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.yaml_lines import Path
from agi_app.errors import Problem
from agi_app.flow.answers.grammar import family
from agi_app.flow.check.disclosure_words import says_recorded
from agi_app.flow.check.graph import first_prompts, said_name, steps_until
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.engine.call_in_flow import first_question
from agi_app.flow.language.asking_steps import CallBackStep, CollectStep, GatherStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.record_step import RecordCallStep, RecordStep
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep, PlayStep
from agi_app.messages import t


def record_notice(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/record-notice``: people hear that they are recorded, in the prompt of that step or in what comes first."""
    opening = {use.prompt for use in first_prompts(source.flow)}
    for path, prompt in _recorded(source.flow):
        for language in source.flow.languages:
            own, *first = (_tells(prompts, language, name) for name in (prompt, *opening))
            if own is False and not (first and all(first)):
                word = "录音" if family(language) == "zh" else "this is recorded"
                message = t(
                    '"{prompt}": in {language} people do not hear that they are recorded; say it here ("{word}") or in '
                    "what is heard first",
                    prompt=prompt,
                    language=language,
                    word=word,
                )
                yield source.document.problem(path, "flow/record-notice", message)


def record_call_notice(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/record-call-notice``: on each way to where the call is recorded, all have heard so to the end."""
    for language in source.flow.languages:
        word = "本次通话将被录音" if family(language) == "zh" else "this call is recorded"
        for path in _untold(source.flow, prompts, language):
            message = t(
                "call: on one way to this step people do not hear in {language} that the call is recorded "
                '("{word}"); play that before, with barge_in: false where a question follows',
                language=language,
                word=word,
            )
            yield source.document.problem(path, "flow/record-call-notice", message)


def _recorded(flow: Flow) -> Iterator[tuple[Path, str]]:
    """Where something that the person says is kept, and the prompt before it."""
    for path, step in flow.steps():
        match step:
            case RecordStep():
                yield (*path, "record", "prompt"), step.record.prompt
            case GatherStep() if step.gather.keep:
                yield (*path, "gather", "keep"), step.gather.prompt


def _untold(flow: Flow, prompts: Prompts, language: str) -> Iterator[Path]:
    """Where the call begins to be recorded and this flow has perhaps not said so; what nobody can read may have."""

    def told(path: Path, step: AnyStep, following: AnyStep | None) -> bool:
        heard = _heard_out(step, following, path)
        return heard is not None and _tells(prompts, language, heard) is not False

    steps = steps_until(flow, told)
    return ((*path, "record", "call") for path, step in steps if isinstance(step, RecordCallStep) and step.record.call)


def _heard_out(step: AnyStep, following: AnyStep | None, path: Path) -> str | None:
    """The prompt of a step that is certainly heard to its end: no key or answer can cut it short."""
    match step:
        case PlayStep():
            return step.play.prompt if not (step.play.barge_in and _may_be_answered(following)) else None
        case SayStep() if not step.say.may_be_empty:
            return said_name(path) if not (step.say.barge_in and _may_be_answered(following)) else None
        case GatherStep() | CollectStep() | CallBackStep():
            return None if _may_be_answered(step) else first_question(step).prompt
        case RecordStep():
            return step.record.prompt
        case _:
            return None


def _may_be_answered(step: AnyStep | None) -> bool:
    """Whether a key answers this step before its prompt, or the one right before, has ended."""
    return isinstance(step, GatherStep | CollectStep | CallBackStep) and first_question(step).barge_in


def _tells(prompts: Prompts, language: str, name: str) -> bool | None:
    """Whether the prompt says that people are recorded; None: nobody can tell."""
    words = transcript_of(prompts, language, name)
    return says_recorded(words, language) if words else None
