"""What holds of all that an utterance may have been. Pure.

A recogniser that is not sure names several readings and how likely each is. Each has its say, as much as it is likely:
an answer is the sum of all readings that mean it, against the likeliest of each kind that contradicts it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from agi_app.flow.answers.tokens import Units

SHARP = 0.5  # of the logarithm of likelihood: how much less a reading counts that is so far behind
WHOLE, GREETING, STOP = 0.7, 0.5, 1.0  # how much likelier than its sound says: all answer, no more than fillers, a stop
HELLO = 1.5  # and a greeting beside an answer, which its engine has told to be likelier for being expected; not a stop
FAR = 1.5  # behind the best reading, up to which a reading may be what was said
MUCH = 3.0  # times as likely as any no or stop: then it is no misheard one
SHARE = 0.5  # of all else that a stop may have been
TWICE = 2.0  # times as likely as an answer that is no no: then a stop is no misheard one


class HypothesisKind(enum.Enum):
    """What one reading is."""

    ANSWER = "answer"  # one that is no no
    NO = "no"
    STOP = "stop"
    DOUBT = "doubt"  # an answer that was not asked for, two, a question, or only a greeting
    UNCLEAR = "unclear"  # a doubt beside much that was not understood
    HALF_NO = "half a no"  # with too much beside it that was not understood
    NEGATION = "negation"  # nothing but a word that turns round whatever stands beside it
    NOTHING = "nothing"


_MEANT = (HypothesisKind.ANSWER, HypothesisKind.NO, HypothesisKind.STOP)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """``meaning`` tells answers apart; ``turning`` are its words that turn an answer round, ``noes`` its noes.

    ``greets``: words, but no more than fillers.
    """

    says: HypothesisKind
    units: Units
    likely: float  # natural logarithm, 0 for what fits the sound best
    meaning: str = ""
    turning: frozenset[str] = frozenset()
    noes: tuple[tuple[str, ...], ...] = ()
    greets: bool = False

    @property
    def weight(self) -> float:
        """How much it counts."""
        return math.exp(self.likely / SHARP)


def what_holds(readings: Sequence[Hypothesis]) -> Hypothesis | None:
    """The likeliest reading of the meaning that holds; None: there is doubt, or no meaning."""
    found = _holding(readings)
    if found is None or found.says is HypothesisKind.STOP:
        return found
    return _holding([replace(one, likely=one.likely + HELLO) if one.greets else one for one in readings])


def _holding(readings: Sequence[Hypothesis]) -> Hypothesis | None:
    readings = [reading for reading in readings if not _is_rest(reading, readings)]
    best = max((reading.likely for reading in readings), default=0.0)
    near = [reading for reading in readings if reading.says in _MEANT and reading.likely >= best - FAR]
    sums = {key: sum(reading.weight for reading in near if _key(reading) == key) for key in map(_key, near)}
    if not sums:
        return None
    key = max(sums, key=lambda one: sums[one])
    own = max((reading for reading in readings if _key(reading) == key), key=lambda reading: reading.likely)
    others = [reading for reading in readings if _key(reading) != key]
    against, noes = _against(own, others)
    match own.says:
        case HypothesisKind.STOP:
            holds = sums[key] >= max(TWICE * against, SHARE * sum(other.weight for other in others))
        case HypothesisKind.NO:
            holds = sums[key] >= max(against, noes)
        case _:
            holds = sums[key] > against and sums[key] >= MUCH * noes
    return own if holds else None


def _key(reading: Hypothesis) -> tuple[HypothesisKind, str]:
    return reading.says, reading.meaning


# What speaks against an answer, a no, a stop because it means something else, and because it is a no or a stop itself.
_MEANS_ELSE = {
    HypothesisKind.ANSWER: (HypothesisKind.ANSWER, HypothesisKind.DOUBT, HypothesisKind.UNCLEAR),
    HypothesisKind.NO: (HypothesisKind.ANSWER, HypothesisKind.DOUBT, HypothesisKind.UNCLEAR, HypothesisKind.NO),
    HypothesisKind.STOP: (HypothesisKind.ANSWER, HypothesisKind.DOUBT),
}
_SAYS_NO = {
    HypothesisKind.ANSWER: (HypothesisKind.STOP, HypothesisKind.NO, HypothesisKind.HALF_NO, HypothesisKind.NEGATION),
    HypothesisKind.NO: (HypothesisKind.STOP, HypothesisKind.NEGATION),
    HypothesisKind.STOP: (HypothesisKind.STOP,),
}


def _against(own: Hypothesis, others: Collection[Hypothesis]) -> tuple[float, float]:
    """How much speaks against it: what means something else, and what is a no or a stop."""
    turns = [o for o in others if o.says is not HypothesisKind.NEGATION or not o.turning.issubset(own.units.all)]
    return _likeliest(others, _MEANS_ELSE[own.says]), _likeliest(turns, _SAYS_NO[own.says])


def _likeliest(readings: Collection[Hypothesis], kinds: Collection[HypothesisKind]) -> float:
    """The sum of the likeliest of each meaning."""
    found: dict[tuple[HypothesisKind, str], float] = {}
    for reading in readings:
        if reading.says in kinds:
            found[_key(reading)] = max(found.get(_key(reading), 0.0), reading.weight)
    return sum(found.values())


def _is_rest(no: Hypothesis, readings: Collection[Hypothesis]) -> bool:
    """Whether a no is what is left of a likelier other answer: 不方便 of 现在不方便, "no" of "no problem"."""
    if not no.noes or no.says not in (HypothesisKind.NO, HypothesisKind.HALF_NO):
        return False
    likelier = (r for r in readings if r.says in _MEANT and r.meaning != no.meaning and r.likely >= no.likely)
    return any(all(_stands_in(words, other.units.all) for words in no.noes) for other in likelier)


def _stands_in(words: tuple[str, ...], said: tuple[str, ...]) -> bool:
    return any(said[at : at + len(words)] == words for at in range(len(said)))
