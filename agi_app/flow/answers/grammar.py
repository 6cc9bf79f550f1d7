"""What a question asks for, in the language of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["answers", "number", "date", "text"]


@dataclass(frozen=True, slots=True)
class Words:
    """What may stand around an answer, in one language: words, and answers that were not asked for."""

    fillers: tuple[str, ...] = ()  # mean nothing
    negations: tuple[str, ...] = ()  # turn an answer round
    doubts: tuple[str, ...] = ()  # make it a question or a condition
    not_stop: tuple[str, ...] = ()  # look like a stop and are none
    beside: tuple[str, ...] = ()  # answers that do no harm beside another
    doubtful: tuple[str, ...] = ()  # answers that put another in doubt
    others: tuple[str, ...] = ()  # answers that contradict a good one


@dataclass(frozen=True, slots=True)
class Grammar:
    """Made by ``Meanings.wanted``. ``answers``: label -> phrases; ``least`` and ``most`` bound a number."""

    language: str
    kind: Kind = "answers"
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: int | None = None
    most: int | None = None
    opt_out: tuple[str, ...] = ()
    words: Words = field(default_factory=Words)


def family(language: str) -> str:
    """``zh`` of ``zh-CN``."""
    return language.partition("-")[0].lower()
