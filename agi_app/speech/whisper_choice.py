"""Which of the words that Whisper may have heard was said. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agi_app.flow.answers.recognition import Heard, Why
from agi_app.speech.chinese_sound_alikes import sounding_like

_MARKS = re.compile(r"[\W_]+")
_BREAK = re.compile(r"[。，,.、!！?？]+")
_STAMMER = re.compile(r"(.)\1{3,}|(.{2,4})\2{2,}")
NO_SPEECH = 0.5  # probability from which it holds the sound for no speech
SURE = -9.0  # weight of the best words (see Candidate) below which they are a guess
FAR = 6.0  # how much less likely words may be than the best ones and still be told
OWN_SHARE = 1.5  # how much the expected counts beside the sound
PHRASE, PHRASE_ELSE = {"zh": 2.5}, 1.0  # how much likelier a phrase of the question is than words that fit as well
APART = 7.0  # how much less likely a short phrase is that sounds one syllable apart from what was heard
SHORT = 3  # syllables; in a longer phrase the same difference counts less, by its share, since all the rest fits


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


def judged(candidates: Sequence[Candidate], no_speech: float, phrases: Sequence[str] = (), family: str = "zh") -> Heard:
    """The best of what it may have been and all that is not far behind, or why it is no answer.

    A phrase of the question counts as likelier than its sound says, and is also one of what it may have been where it
    sounds nearly like it. Not where the best words are the phrase and more: 可以吗 was no 可以.
    """
    if no_speech > NO_SPEECH or not candidates:
        return Heard("", 0.0, "noise")
    best = max(candidates, key=lambda candidate: candidate.weight)
    ranked = sorted(
        _weights(candidates, best, phrases, PHRASE.get(family, PHRASE_ELSE)).items(),
        key=lambda pair: pair[1],
        reverse=True,
    )
    (text, most), rest = ranked[0], [pair for pair in ranked[1:] if pair[1] >= ranked[0][1] - FAR]
    expected = max((c.expected for c in candidates if c.text == text), default=best.expected)
    why: Why = "unsure" if best.weight < SURE else ""
    behind = tuple(round(most - weight, 3) for _, weight in rest)
    return Heard(text, math.exp(min(0.0, expected)), why, tuple(other for other, _ in rest), behind)


def _weights(
    candidates: Sequence[Candidate], best: Candidate, phrases: Sequence[str], bonus: float
) -> dict[str, float]:
    """What it may have been, each text once however it is written, with its weight; a phrase's with its bonus."""
    expected = {letters(phrase): phrase.removeprefix("=") for phrase in phrases}
    found: dict[str, tuple[str, float]] = {}

    def take(text: str, weight: float) -> None:
        key = letters(text)
        phrase = key in expected and not (key != letters(best.text) and key in letters(best.text))
        weight += bonus if phrase else 0.0
        if key not in found or weight > found[key][1]:
            found[key] = text, weight

    for candidate in candidates:
        take(candidate.text, candidate.weight)
        if not _mostly_phrase(letters(candidate.text), expected):
            for phrase, apart in sounding_like(candidate.text, tuple(expected.values())):
                take(phrase, candidate.weight - APART * apart * min(1.0, SHORT / len(phrase)))
    return dict(found.values())


def _mostly_phrase(text: str, expected: Collection[str]) -> bool:
    """Whether it is a phrase and little more: 可以吗 is clear enough, and no misheard 可以吧."""
    return any(2 * len(phrase) > len(text) for phrase in expected if len(phrase) > 1 and phrase in text)


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
    """Whether it says the same twice in a row, or a syllable many times, which Whisper does when it is at a loss."""
    if _STAMMER.search(letters(text)):
        return True
    parts = [part.strip().lower() for part in _BREAK.split(text) if part.strip()]
    if any(one == next_one for one, next_one in pairwise(parts)):
        return True
    words = " ".join(parts).split()
    sizes = ((size, at) for size in (2, 3, 4) for at in range(len(words) - 2 * size + 1))
    return any(words[at : at + size] == words[at + size : at + 2 * size] for size, at in sizes)


def mean_log(probabilities: Sequence[float]) -> float:
    """The mean of their logarithms."""
    return sum(math.log(max(p, 1e-6)) for p in probabilities) / max(1, len(probabilities))
