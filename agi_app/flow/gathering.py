"""What a key, or silence, means for a gather: pure judgement, without the call around it."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.flow.steps import Digits, Gather
from agi_app.flow.words import ENTERED, NO_INPUT, NO_MATCH


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its name in ``on``, and the value to save."""

    outcome: str
    value: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The attempt failed: ``no_input`` or ``no_match``."""

    outcome: str


@dataclass(frozen=True, slots=True)
class More:
    """So many digits so far; wait for the next."""

    digits: str


Verdict = Answer | Missed | More | None  # None: the key means nothing here


def judge_key(gather: Gather, typed: str, key: str, *, heard: bool) -> Verdict:
    """``typed``: the digits before; ``heard``: the prompt has ended, so a wrong key is a wrong answer.

    ``*`` alone means nothing unless the gather lists it: it may be the first half of the
    opt-out that people learnt elsewhere.
    """
    if gather.digits is not None:
        return _judge_digit(gather.digits, typed, key, heard=heard)
    label = (gather.keys or {}).get(key)
    if label is not None:
        return Answer(label, label)
    return Missed(NO_MATCH) if heard and key != "*" else None


def judge_silence(gather: Gather, typed: str) -> Verdict:
    """The timer ran out after ``typed``."""
    return _judge_end(gather.digits, typed) if gather.digits is not None and typed else Missed(NO_INPUT)


def _judge_digit(digits: Digits, typed: str, key: str, *, heard: bool) -> Verdict:
    if key == "*":
        return None
    if key == "#":
        ends = digits.end_key == "#" and (heard or typed != "")
        return _judge_end(digits, typed) if ends else None
    typed += key
    return Answer(ENTERED, typed) if len(typed) >= digits.max else More(typed)


def _judge_end(digits: Digits, typed: str) -> Answer | Missed:
    return Answer(ENTERED, typed) if len(typed) >= digits.min else Missed(NO_MATCH)
