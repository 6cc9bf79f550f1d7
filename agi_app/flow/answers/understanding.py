"""What a spoken answer means: a label of the gather, a number, a date, a text, a stop, or nothing that is sure.

Pure and driven by tables (``agi_app/meanings``). Three rules are above all others:

- a stop is heard anywhere in an answer, before anything else, and wins every tie;
- doubt is never yes: a word that turns an answer round or puts it in question, a second answer beside it, or much
  that was not understood make it no answer, and the person is asked again;
- the longest phrase counts: 不是 is another word than 是, "no problem" another than "no".
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

from agi_app.flow.answers import phrase_spotting
from agi_app.flow.answers.answer_beyond_doubt import best_label, says_no
from agi_app.flow.answers.grammar import Grammar, family
from agi_app.flow.answers.hypotheses import GREETING, STOP, WHOLE, Hypothesis, HypothesisKind, what_holds
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.spoken_values import values_in
from agi_app.flow.answers.tokens import Units, cut
from agi_app.flow.syntax.names_and_limits import ENTERED

__all__ = ["NO_MATCH", "OPT_OUT", "Grammar", "NotAnAnswer", "Understood", "bias", "understand"]
LEAST_CONFIDENCE = 0.05  # engines doubt themselves by ``why``; this only catches what is surely wrong
MAX_TEXT = 500  # characters of a free text that are kept
LEAST_WORD = 4  # letters
MAX_BIAS = 200
LONG_PHRASE = 5  # units of a phrase from which on it is told though there are too many
_SHOWN_NUMBERS = {
    "zh": ("八", "十", "三", "五", "两个", "七分", "十五", "二十"),
    "en": ("eight", "ten", "three", "five", "two", "seven", "fifteen", "twenty"),
}
_SHOWN_DATES = {
    "zh": ("明天", "后天", "下周三", "三月五号", "星期五", "下个月十号"),
    "en": ("tomorrow", "next Friday", "March fifth", "on Monday", "the tenth", "the day after tomorrow"),
}


class NotAnAnswer(enum.Enum):
    """What is no answer."""

    OPT_OUT = "opt_out"
    NO_MATCH = "no_match"


OPT_OUT: Final = NotAnAnswer.OPT_OUT
NO_MATCH: Final = NotAnAnswer.NO_MATCH


@dataclass(frozen=True, slots=True)
class Understood:
    """A good answer: its outcome (a label, or ``entered``), and the value to save."""

    outcome: str
    value: str


def understand(wanted: Grammar, heard: Heard, today: dt.date | None = None) -> Understood | NotAnAnswer:
    """Judge one utterance; ``today`` is the called person's day: without it 明天 is no date.

    All that it may have been has its say (``hypotheses.py``): an answer is taken where it is likelier than all that
    contradicts it, and one that is no no where it is much likelier than any no or stop; else the person is asked again.
    Free text is what is likeliest.
    """
    if heard.why:
        return NO_MATCH
    behind = (0.0, *(heard.behind or [0.0] * len(heard.others)))
    texts = zip((heard.text, *heard.others), behind, strict=True)
    negative = frozenset(label for label in wanted.answers if says_no(wanted, label))
    found = [_reading(wanted, text, -back, negative, today) for text, back in texts]
    if wanted.kind == "text":
        found[1:] = [reading for reading in found[1:] if reading.says is HypothesisKind.STOP]
    holds = what_holds(found)
    if holds is None or (holds.says is not HypothesisKind.STOP and heard.confidence < LEAST_CONFIDENCE):
        return NO_MATCH
    if holds.says is HypothesisKind.STOP:
        return OPT_OUT
    return Understood(holds.meaning if wanted.kind == "answers" else ENTERED, holds.meaning)


def _reading(wanted: Grammar, text: str, likely: float, negative: frozenset[str], today: dt.date | None) -> Hypothesis:
    """What one of the texts says, and how likely that makes it."""
    units = cut(text)
    if not units.all:
        return Hypothesis(HypothesisKind.NOTHING, units, likely)
    if phrase_spotting.asks_to_stop(wanted, units):
        return Hypothesis(HypothesisKind.STOP, units, likely + STOP)
    laid = phrase_spotting.read(wanted, units)
    if (meaning := _meaning(wanted, text, units, today)) is not None:
        says = HypothesisKind.NO if meaning in negative else HypothesisKind.ANSWER
        return Hypothesis(says, units, likely + _whole(wanted, laid), meaning, noes=laid.words(*negative))
    if all(owner == phrase_spotting.FILLER for owner in laid.owners()):
        # More than a sound: 你好 or "hello", and no 嗯 or "um", which engines write for any noise.
        greets = len(units.all) > 1 or len(units.all[0]) >= LEAST_WORD
        return Hypothesis(HypothesisKind.DOUBT, units, likely + (GREETING if greets else 0.0), greets=greets)
    if None not in laid.owners() or values_in(wanted, text, today)[1]:
        return Hypothesis(HypothesisKind.DOUBT, units, likely + WHOLE)
    if laid.has(phrase_spotting.DOUBT, phrase_spotting.OTHER) or not laid.answers().issubset(negative):
        return Hypothesis(HypothesisKind.UNCLEAR, units, likely)
    if laid.answers():
        return Hypothesis(HypothesisKind.HALF_NO, units, likely, noes=laid.words(*negative))
    turning = frozenset(chain.from_iterable(laid.words(phrase_spotting.NEGATION)))
    return Hypothesis(HypothesisKind.NEGATION if turning else HypothesisKind.NOTHING, units, likely, turning=turning)


def _whole(wanted: Grammar, laid: phrase_spotting.SpottedPhrases) -> float:
    """How much likelier an answer is because no word of it is left over; a free text has none to leave."""
    if wanted.kind == "text":
        return STOP
    return WHOLE if wanted.kind != "answers" or laid.covered(phrase_spotting.NEGATION) >= 1.0 else 0.0


def _meaning(wanted: Grammar, text: str, units: Units, today: dt.date | None) -> str | None:
    """The label or value that this text certainly is; None: none."""
    match wanted.kind:
        case "text":
            return " ".join(text.split())[:MAX_TEXT]
        case "answers":
            return best_label(wanted, units)
        case _:
            return _value(wanted, text, today)


def bias(wanted: Grammar) -> tuple[str, ...]:
    """Phrases that a recogniser should expect, most important first: each answer's first, stops, then the rest."""
    tongue = family(wanted.language)
    answers = [[phrase for phrase in phrases if not phrase.startswith("=")] for phrases in wanted.answers.values()]
    if wanted.kind == "number":
        answers = [list(_SHOWN_NUMBERS.get(tongue, ()))]
    elif wanted.kind == "date":
        answers = [list(_SHOWN_DATES.get(tongue, ()))]
    stops = [phrase for phrase in wanted.opt_out if not phrase.startswith("=")]
    turns = (phrase for phrase in chain.from_iterable(zip_longest(*answers, stops[2:])) if phrase is not None)
    told = tuple(dict.fromkeys((*(phrases[0] for phrases in answers if phrases), *stops[:2], *turns)))
    return (*told[:MAX_BIAS], *(phrase for phrase in told[MAX_BIAS:] if len(cut(phrase).all) >= LONG_PHRASE))


def _value(wanted: Grammar, text: str, today: dt.date | None) -> str | None:
    """The number or date as it is written, else as it sounds."""
    heard = (_sure_value(wanted, text, today, by_sound) for by_sound in (False, True))
    value = next((value for value in heard if value is not None), None)
    if value is None or wanted.kind == "date":
        return value
    return value if (wanted.least or 0) <= int(value) <= (10**32 if wanted.most is None else wanted.most) else None


def _sure_value(wanted: Grammar, text: str, today: dt.date | None, by_sound: bool) -> str | None:
    """The one value of the utterance; None: none, several, or there is doubt."""
    units, found = values_in(wanted, text, today, by_sound=by_sound)
    reading = phrase_spotting.read(wanted, units, [(begin, end) for begin, end, _ in found])
    held = {(span.begin, span.end) for span in reading.spans if span.label == phrase_spotting.VALUE}
    values = {value for begin, end, value in found if (begin, end) in held}
    if len(values) != 1 or reading.has(phrase_spotting.NEGATION, phrase_spotting.DOUBT, phrase_spotting.OTHER):
        return None
    enough = reading.covered() >= (1.0 if by_sound else phrase_spotting.LEAST_COVERED)
    return values.pop() if enough else None
