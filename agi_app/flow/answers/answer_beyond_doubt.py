"""The one answer that an utterance gives for certain; two meanings, or a doubt beside it, give no answer."""

from __future__ import annotations

from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.phrase_cover import begun_in, phrase_of, word_of
from agi_app.flow.answers.phrase_spotting import (
    DOUBT,
    FILLER,
    LEAST_COVERED,
    NEGATION,
    OTHER,
    SpottedPhrases,
    nearly,
    read,
)
from agi_app.flow.answers.tokens import Units


def best_label(wanted: Grammar, units: Units) -> str | None:
    """The one label that was certainly said; None: none, or two, or there is doubt."""
    reading = read(wanted, units)
    if reading.has(DOUBT):
        return None
    found = reading.answers()
    if not found and not reading.has(OTHER):
        found = _near_labels(wanted, reading)
        return found.pop() if len(found) == 1 else None
    if len(found) != 1:
        return None
    label = found.pop()
    if says_no(wanted, label):
        return label if reading.covered(NEGATION, OTHER) >= LEAST_COVERED else None
    return None if reading.has(NEGATION, OTHER) or reading.covered() < LEAST_COVERED else label


def _near_labels(wanted: Grammar, reading: SpottedPhrases) -> set[str]:
    """Labels with a phrase that is all of the utterance except fillers and a slip."""
    fillers = {i for s in reading.spans if s.label == FILLER for i in range(s.begin, s.end)}
    content = tuple(unit for index, unit in enumerate(reading.units.all) if index not in fillers)
    return {
        label
        for label, texts in wanted.answers.items()
        for phrase in begun_in(content, texts)
        if len(content) - len(phrase.units) in (0, 1) and nearly(phrase, content, wanted.words)
    }


def says_no(wanted: Grammar, label: str) -> bool:
    """Whether an answer says no, so that a further no beside it does not turn it round."""
    negations = {unit for text in wanted.words.negations for unit in word_of(text).units}
    negative = [bool(negations.intersection(phrase_of(text).units)) for text in wanted.answers[label]]
    return sum(negative) * 2 >= len(negative)
