"""Lays phrases over an utterance: the longest first, none over another. What stays bare was not understood.

The longest first is what makes 不是 another word than 是, and "no problem" another than "no".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agi_app.flow.answers.tokens import SAME, Units, cut, keys, likeness

MARGIN = 0.05  # two labels that fit this alike are no answer
ALONE = "="  # before a phrase: it counts only as the whole answer


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in units; ``alone``: it counts only as the whole answer, or as all between two punctuation marks."""

    units: tuple[str, ...]
    alone: bool

    @property
    def begins(self) -> frozenset[str]:
        """Under which keys an utterance has its possible places."""
        return keys(self.units[0]) if self.units else frozenset()


@dataclass(frozen=True, slots=True)
class PhraseSpan:
    """A phrase found from ``begin`` up to ``end``.

    ``quality`` is how like it is, 1 for the same, and ``worst`` how like its least like unit is.
    """

    begin: int
    end: int
    quality: float
    worst: float
    label: str

    @property
    def size(self) -> int:
        """In units."""
        return self.end - self.begin

    def overlaps(self, other: PhraseSpan) -> bool:
        """Whether both cover one unit."""
        return self.begin < other.end and other.begin < self.end

    def holds(self, other: PhraseSpan) -> bool:
        """Whether it covers all that the other does."""
        return self.begin <= other.begin and other.end <= self.end


@lru_cache(maxsize=16384)
def phrase_of(text: str) -> Phrase:
    """The phrase of a table or a flow; one Chinese character, and what has = before it, stands alone."""
    units = cut(text.removeprefix(ALONE)).all
    single = len(units) == 1 and len(units[0]) == 1 and not units[0].isascii()
    return Phrase(units, text.startswith(ALONE) or single)


@lru_cache(maxsize=4096)
def word_of(text: str) -> Phrase:
    """A phrase that counts anywhere, even when it is one character."""
    return Phrase(cut(text).all, False)


def begun_in(units: Sequence[str], texts: tuple[str, ...], *, words: bool = False) -> list[Phrase]:
    """The phrases of a table that may be in these units, because one of them is like their first."""
    index = _by_beginning(texts, words)
    return list(dict.fromkeys(phrase for unit in units for key in keys(unit) for phrase in index.get(key, ())))


@lru_cache(maxsize=512)
def _by_beginning(texts: tuple[str, ...], words: bool) -> Mapping[str, tuple[Phrase, ...]]:
    index: dict[str, tuple[Phrase, ...]] = {}
    for phrase in map(word_of if words else phrase_of, texts):
        for key in phrase.begins:
            index[key] = (*index.get(key, ()), phrase)
    return index


def spans_of(phrase: Phrase, label: str, units: tuple[str, ...]) -> Iterable[PhraseSpan]:
    """Every place where the phrase stands inside an utterance; not for phrases that stand alone."""
    size, found = len(phrase.units), places(units)
    begins = sorted({begin for key in phrase.begins for begin in found.get(key, ())})
    return filter(None, (_span(phrase.units, units[begin : begin + size], begin, label) for begin in begins))


def spans_alone(phrase: Phrase, label: str, units: Units, content: Sequence[int]) -> Iterable[PhraseSpan]:
    """Every part whose ``content`` (what is no filler) is the phrase, perhaps said several times: 对对对."""
    size = len(phrase.units)
    whole = (0, len(units.all))
    shares = [[index for index in content if first <= index < last] for first, last in (*units.parts, whole)]
    together = (kept for kept in (*shares, list(range(*whole))) if kept and kept[-1] - kept[0] + 1 == len(kept))
    said = ((kept[0], kept[-1] + 1, len(kept) // size) for kept in together if size and len(kept) % size == 0)
    spans = (
        _span(phrase.units * times, units.all[begin:end], begin, label, single=size == 1) for begin, end, times in said
    )
    return filter(None, spans)


def choose(spans: Iterable[PhraseSpan]) -> tuple[list[PhraseSpan], list[PhraseSpan]]:
    """The spans that hold, longest and likest first, and those that were as good but lost a tie.

    As good is also what was said exactly and loses but a part to a span that is only like what was said (错了 to the
    了可以 in 错了, 可以, which is like 那可以), or that is no longer: "yes I will" and "I will pass".
    """
    chosen: list[PhraseSpan] = []
    rivals: list[PhraseSpan] = []
    for span in sorted(spans, key=lambda s: (s.begin - s.end, -s.quality, s.label.startswith("<"), s.begin)):
        taken = next((other for other in chosen if other.overlaps(span)), None)
        if taken is None:
            chosen.append(span)
        elif _said_as_well(span, taken):
            rivals.append(span)
    return chosen, rivals


def _said_as_well(span: PhraseSpan, taken: PhraseSpan) -> bool:
    if (span.begin, span.end) == (taken.begin, taken.end):
        return taken.quality - span.quality < MARGIN
    if span.worst < SAME or taken.holds(span) or span.size == 1:
        return False
    return taken.worst < SAME or span.size == taken.size


@lru_cache(maxsize=64)
def places(units: tuple[str, ...]) -> Mapping[str, tuple[int, ...]]:
    """Where units stand that may be alike, by key."""
    found: dict[str, tuple[int, ...]] = {}
    for index, unit in enumerate(units):
        for key in keys(unit):
            found[key] = (*found.get(key, ()), index)
    return found


def _span(
    wanted: tuple[str, ...], heard: tuple[str, ...], begin: int, label: str, *, single: bool | None = None
) -> PhraseSpan | None:
    """The span when each unit is like its counterpart; ``single``: the phrase is one unit, perhaps said again."""
    if len(wanted) != len(heard):
        return None
    alone = len(wanted) == 1 if single is None else single
    qualities = [likeness(one, other, alone=alone) for one, other in zip(wanted, heard, strict=True)]
    worst = min(qualities)
    return PhraseSpan(begin, begin + len(heard), sum(qualities) / len(heard), worst, label) if worst else None
