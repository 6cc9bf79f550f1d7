"""What a key, or silence, means for a gather: pure judgement, without the call around it."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.flow.answers.understanding import Understood
from agi_app.flow.language.asking_steps import Digits, Gather
from agi_app.flow.language.speech_step import SpokenValue
from agi_app.flow.language.value_bounds import within
from agi_app.flow.syntax.names_and_limits import ENTERED, NO_INPUT, NO_MATCH


@dataclass(frozen=True, slots=True)
class Missed:
    """The attempt failed: ``no_input`` or ``no_match``."""

    outcome: str


@dataclass(frozen=True, slots=True)
class More:
    """So many digits so far; wait for the next."""

    digits: str


KeysResult = Understood | Missed | More | None  # None: the key means nothing here


def judge_key(gather: Gather, typed: str, key: str, *, heard: bool) -> KeysResult:
    """``typed``: the digits before; ``heard``: the prompt has ended, so a wrong key is a wrong answer.

    ``*`` alone means nothing unless the gather lists it: it may be the first half of the
    opt-out that people learnt elsewhere.
    """
    if gather.digits is not None:
        return _in_range(gather, _judge_digit(gather.digits, typed, key, heard=heard))
    label = (gather.keys or {}).get(key)
    if label is not None:
        return Understood(label, label)
    return Missed(NO_MATCH) if heard and key != "*" else None


def may_be_early(gather: Gather) -> bool:
    """Whether a key or words may answer it before its prompt begins."""
    return gather.barge_in and gather.early


def judge_early(gather: Gather, keys: str) -> tuple[str, Understood] | None:
    """The first of the keys, pressed before the question began, that answers it; digits never count so early."""
    if gather.digits is not None or not may_be_early(gather):
        return None
    verdicts = ((key, judge_key(gather, "", key, heard=False)) for key in keys)
    return next(((key, verdict) for key, verdict in verdicts if isinstance(verdict, Understood)), None)


def judge_silence(gather: Gather, typed: str) -> KeysResult:
    """The timer ran out after ``typed``."""
    if gather.digits is None or not typed:
        return Missed(NO_INPUT)
    return _in_range(gather, _judge_end(gather.digits, typed))


def _in_range(gather: Gather, verdict: KeysResult) -> KeysResult:
    """A number that may be said only between two bounds may be keyed only between them."""
    spoken = gather.speech
    if not isinstance(verdict, Understood) or not isinstance(spoken, SpokenValue) or spoken.kind != "number":
        return verdict
    return verdict if within("number", verdict.value, spoken.min, spoken.max, None) else Missed(NO_MATCH)


def _judge_digit(digits: Digits, typed: str, key: str, *, heard: bool) -> KeysResult:
    if key == "*":
        return None
    if key == "#":
        ends = digits.end_key == "#" and (heard or typed != "")
        return _judge_end(digits, typed) if ends else None
    typed += key
    return Understood(ENTERED, typed) if len(typed) >= digits.max else More(typed)


def _judge_end(digits: Digits, typed: str) -> Understood | Missed:
    return Understood(ENTERED, typed) if len(typed) >= digits.min else Missed(NO_MATCH)
