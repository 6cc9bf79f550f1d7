"""Which of the words that Whisper may have heard was said. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from agi_app.flow.heard import Heard

_MARKS = re.compile(r"[\W_]+")
_BREAK = re.compile(r"[。，,.、!！?？]+")
NO_SPEECH = 0.5  # probability from which it holds the sound for no speech
SURE = -9.0  # weight of the best words (see Candidate) below which they are a guess
NEAR = 3.0  # weight that words may be behind the best ones and still be what was said
OWN_SHARE = 1.5  # how much the expected counts beside the sound


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may have been said; both are mean log-probabilities of a token."""

    text: str
    expected: float  # with the phrases in mind
    heard: float  # by the sound alone

    @property
    def weight(self) -> float:
        """What candidates are compared by."""
        return OWN_SHARE * self.expected + self.heard


def judged(candidates: Sequence[Candidate], no_speech: float, phrases: Sequence[str] = ()) -> Heard:
    """The best of what it may have been, or why that is no answer.

    A phrase that is about as likely as the best words is what was said: 我不敢进去 was 我不感兴趣. Not where
    the best words are the phrase and more: 可以吗 was no 可以.
    """
    ranked = sorted(candidates, key=lambda candidate: candidate.weight, reverse=True)
    if no_speech > NO_SPEECH or not ranked:
        return Heard("", 0.0, "noise")
    near = [candidate for candidate in ranked if candidate.weight >= ranked[0].weight - NEAR]
    expected = {letters(phrase) for phrase in phrases}
    said = next((c for c in near if letters(c.text) in expected), near[0])
    best = near[0] if letters(said.text) in letters(near[0].text) else said
    others = tuple(candidate.text for candidate in near if candidate is not best)
    confidence = math.exp(min(0.0, best.expected))
    return Heard(best.text, confidence, "unsure" if near[0].weight < SURE else "", others)


def letters(text: str) -> str:
    """What of a text is said: no marks, no blanks, no capitals."""
    return _MARKS.sub("", text).lower()


def forms(family: str, phrase: str) -> list[str]:
    """How Whisper may write a phrase."""
    phrase = phrase.removeprefix("=")
    if family == "zh":
        return [phrase, f"{phrase}。"]
    capital = phrase[:1].upper() + phrase[1:]
    return [f" {word}{mark}" for word in (phrase, capital) for mark in ("", ".", ",")]


def repeats(text: str) -> bool:
    """Whether it says the same twice in a row, which Whisper does when it is at a loss."""
    parts = [part.strip().lower() for part in _BREAK.split(text) if part.strip()]
    if any(one == next_one for one, next_one in pairwise(parts)):
        return True
    words = " ".join(parts).split()
    sizes = ((size, at) for size in (2, 3, 4) for at in range(len(words) - 2 * size + 1))
    return any(words[at : at + size] == words[at + size : at + 2 * size] for size, at in sizes)


def mean_log(probabilities: Sequence[float]) -> float:
    """The mean of their logarithms."""
    return sum(math.log(max(p, 1e-6)) for p in probabilities) / max(1, len(probabilities))
