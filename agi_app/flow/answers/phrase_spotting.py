"""Which answer is in an utterance, and what is beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agi_app.flow.answers.grammar import Grammar, Words
from agi_app.flow.answers.phrase_cover import (
    Phrase,
    PhraseSpan,
    begun_in,
    choose,
    places,
    spans_alone,
    spans_of,
    word_of,
)
from agi_app.flow.answers.tokens import NEAR_SPELLING, SAME, SAME_SOUND, Units, is_han, likeness

LEAST_COVERED = 0.6  # of what is no filler
_LEAST_BY_SIZE = {1: SAME_SOUND, 2: 0.94, 3: 0.88}  # of Chinese phrases; short ones have many near neighbours
_LEAST, _LEAST_LATIN = 0.85, 0.8

# What a span is when it is no answer; labels cannot look like this.
FILLER, NEGATION, DOUBT, OTHER, VALUE = "<filler>", "<negation>", "<doubt>", "<other>", "<value>"
_STOP, _NOT_STOP = "<stop>", "<not stop>"


@dataclass(frozen=True, slots=True)
class SpottedPhrases:
    """An utterance with phrases laid over it."""

    units: Units
    spans: tuple[PhraseSpan, ...]
    rivals: tuple[PhraseSpan, ...]

    def has(self, *kinds: str) -> bool:
        """Whether one of these is in it."""
        return any(span.label in kinds for span in self.spans)

    def answers(self) -> set[str]:
        """The labels, also those that lost a tie."""
        return {span.label for span in (*self.spans, *self.rivals) if not span.label.startswith("<")}

    def words(self, *labels: str) -> tuple[tuple[str, ...], ...]:
        """The units of each span that is one of these."""
        return tuple(self.units.all[span.begin : span.end] for span in self.spans if span.label in labels)

    def owners(self) -> list[str | None]:
        """The label of each unit; None: nothing lies over it."""
        owner = {index: span.label for span in self.spans for index in range(span.begin, span.end)}
        return [owner.get(index) for index in range(len(self.units.all))]

    def covered(self, *beside: str) -> float:
        """How much of what counts belongs to an answer; a first part that is all answer is enough."""
        owner = {index: span.label for span in self.spans for index in range(span.begin, span.end)}
        plain = (FILLER, *beside)
        kept = [index for index in range(len(self.units.all)) if owner.get(index) not in plain]
        good = {index for index in kept if not owner.get(index, OTHER).startswith("<") or owner.get(index) == VALUE}
        if not good:
            return 0.0
        parts = ([index for index in kept if first <= index < last] for first, last in self.units.parts)
        return 1.0 if good.issuperset(next(part for part in parts if part)) else len(good) / len(kept)


def asks_to_stop(wanted: Grammar, units: Units) -> bool:
    """Whether a stop stands anywhere in it, and no longer phrase that only looks like one."""
    content = _content(units, wanted.words)
    stops = begun_in(units.all, wanted.opt_out)
    spans = [span for phrase in stops for span in _spans(phrase, _STOP, units, content)]
    if spans:
        spans += _sure_spans(wanted.words.not_stop, _NOT_STOP, units)
        return any(span.label == _STOP for span in choose(spans)[0])
    return any(nearly(phrase, units.all, wanted.words) for phrase in stops)


def read(wanted: Grammar, units: Units, values: Sequence[tuple[int, int]] = ()) -> SpottedPhrases:
    """Lay everything that is known over the utterance; ``values`` are spans of numbers or dates."""
    content = _content(units, wanted.words)
    spans = [PhraseSpan(begin, end, SAME, SAME, VALUE) for begin, end in values]
    words = wanted.words
    around = ((FILLER, words.beside), (DOUBT, words.doubtful), (OTHER, words.others))
    tables = ((label, begun_in(units.all, phrases)) for label, phrases in (*wanted.answers.items(), *around))
    spans += [span for label, found in tables for phrase in found for span in _spans(phrase, label, units, content)]
    spans += _sure_spans(words.fillers, FILLER, units)
    spans += _word_spans(words.negations, NEGATION, units)
    spans += _sure_spans(words.doubts, DOUBT, units)
    chosen, rivals = choose(spans)
    return SpottedPhrases(units, tuple(chosen), tuple(rivals))


def _content(units: Units, words: Words) -> tuple[int, ...]:
    """The units that are no fillers."""
    spans, _ = choose(_sure_spans(words.fillers, FILLER, units))
    fillers = {index for span in spans for index in range(span.begin, span.end)}
    return tuple(index for index in range(len(units.all)) if index not in fillers)


def _spans(phrase: Phrase, label: str, units: Units, content: Sequence[int]) -> Iterable[PhraseSpan]:
    found = spans_alone(phrase, label, units, content) if phrase.alone else spans_of(phrase, label, units.all)
    return [span for span in found if span.quality >= _least(phrase)]


def _least(phrase: Phrase) -> float:
    return _LEAST_BY_SIZE.get(len(phrase.units), _LEAST) if all(map(is_han, phrase.units)) else _LEAST_LATIN


def _word_spans(words: tuple[str, ...], label: str, units: Units) -> list[PhraseSpan]:
    found = begun_in(units.all, words, words=True)
    return [span for word in found for span in _spans(word, label, units, ())]


def _sure_spans(words: tuple[str, ...], label: str, units: Units) -> list[PhraseSpan]:
    """Where one is written so; a single character alone, several perhaps in Traditional ones."""
    found = _word_spans(words, label, units)
    return [span for span in found if span.worst >= (SAME if span.size == 1 else SAME_SOUND)]


# A long phrase with one slip in it: a unit more than it has, or one word misspelt ("take me of your list").


LONG_PHRASE = 4  # units from which on one may be out of place
_AS_GOOD = 0.95


def nearly(phrase: Phrase, units: tuple[str, ...], words: Words) -> bool:
    """Whether the phrase is in the units with one slip, which is no word that turns its meaning round."""
    size = len(phrase.units)
    if size < LONG_PHRASE or phrase.alone:
        return False
    found = places(units)
    loaded = _loaded(words.negations, words.doubts)
    begins = {begin for key in phrase.begins for begin in found.get(key, ())}
    ends = ((begin, end) for begin in begins for end in (begin + size, begin + size + 1) if end <= len(units))
    return any(_one_slip(phrase.units, units[begin:end], loaded) for begin, end in ends)


@lru_cache(maxsize=16)
def _loaded(*lists: tuple[str, ...]) -> frozenset[str]:
    return frozenset(unit for texts in lists for text in texts for unit in word_of(text).units)


def _one_slip(wanted: Sequence[str], heard: Sequence[str], loaded: frozenset[str]) -> bool:
    same = 0
    while same < len(wanted) and likeness(wanted[same], heard[same]) >= _AS_GOOD:
        same += 1
    if same in (0, len(heard)) or heard[same] in loaded:
        return False
    extra = len(heard) > len(wanted)
    rest = wanted[same:] if extra else wanted[same + 1 :]
    if any(likeness(a, b) < NEAR_SPELLING for a, b in zip(rest, heard[same + 1 :], strict=True)):
        return False
    return (extra and same < len(wanted)) or (
        not extra and wanted[same] not in loaded and _letter_more(wanted[same], heard[same])
    )


def _letter_more(wanted: str, heard: str) -> bool:
    """One letter more or less: of and off. Chinese characters are no letters."""
    short, long = sorted((wanted, heard), key=len)
    cut = [long[:index] + long[index + 1 :] for index in range(len(long))]
    return len(short) > 1 and len(long) - len(short) == 1 and short in cut
