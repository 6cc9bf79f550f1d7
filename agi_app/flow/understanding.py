"""What a spoken answer means: a label of the gather, a number, a date, a text, a stop, or nothing that is sure.

Pure and driven by tables (``agi_app/meanings``). Three rules stand above all others:

- a stop is heard anywhere in an answer, before anything else, and wins every tie;
- doubt is never yes: a word that turns an answer round or puts it in question, a second answer beside it, or much
  that was not understood make it no answer, and the person is asked again;
- the longest phrase counts: 不是 is another word than 是, "no problem" another than "no".
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

from agi_app.flow import answering
from agi_app.flow.heard import Heard
from agi_app.flow.spoken_values import Value, dates, numbers
from agi_app.flow.units import Units, cut
from agi_app.flow.wanted import Wanted
from agi_app.flow.words import ENTERED

__all__ = ["NO_MATCH", "OPT_OUT", "Understood", "Verdict", "Wanted", "bias", "understand"]
LEAST_CONFIDENCE = 0.05  # engines doubt themselves by ``why``; this only catches what is surely wrong
MAX_TEXT = 500  # characters of a free text that are kept
MAX_BIAS = 200
_SHOWN_NUMBERS = {
    "zh": ("八", "十", "三", "五", "两个", "七分", "十五", "二十"),
    "en": ("eight", "ten", "three", "five", "two", "seven", "fifteen", "twenty"),
}
_SHOWN_DATES = {
    "zh": ("明天", "后天", "下周三", "三月五号", "星期五", "下个月十号"),
    "en": ("tomorrow", "next Friday", "March fifth", "on Monday", "the tenth", "the day after tomorrow"),
}


class Verdict(enum.Enum):
    """What is no answer."""

    OPT_OUT = "opt_out"
    NO_MATCH = "no_match"


OPT_OUT: Final = Verdict.OPT_OUT
NO_MATCH: Final = Verdict.NO_MATCH


@dataclass(frozen=True, slots=True)
class Understood:
    """A good answer: its outcome (a label, or ``entered``), and the value to save."""

    outcome: str
    value: str


def understand(wanted: Wanted, heard: Heard, today: dt.date | None = None) -> Understood | Verdict:
    """Judge one utterance; ``today`` is the called person's day: without it 明天 is no date.

    Of all that it may have been, the likeliest that means something counts, also if what it means is a doubt: 可以吗
    was no misheard 可以. Free text is what is likeliest. No answer is taken where it may have been a stop as well, and
    none but a no where it may have been a no: the person is asked again.
    """
    if heard.why:
        return NO_MATCH
    for text in (heard.text, *(() if wanted.kind == "text" else heard.others)):
        meant = _meant(wanted, text, heard.confidence, today)
        if isinstance(meant, Understood):
            return NO_MATCH if _may_be_a_no(wanted, meant, heard.others) else meant
        if meant is OPT_OUT or not _says_nothing(wanted, text, today):
            return meant
    return NO_MATCH


def _may_be_a_no(wanted: Wanted, meant: Understood, readings: Sequence[str]) -> bool:
    """Whether one of the other readings is a stop, or a no while another answer was understood."""
    if not readings:
        return False
    negative = {label for label in wanted.answers if answering.says_no(wanted, label)}
    for units in map(cut, readings):
        if answering.asks_to_stop(wanted, units):
            return True
        if negative and meant.outcome not in negative and answering.best_label(wanted, units) in negative:
            return True
    return False


def _says_nothing(wanted: Wanted, text: str, today: dt.date | None) -> bool:
    units = cut(text)
    if wanted.kind == "number" and any(numbers(units, wanted.language)):
        return False
    if wanted.kind == "date" and dates(text, wanted.language, today)[1]:
        return False
    return answering.says_nothing(wanted, units)


def _meant(wanted: Wanted, text: str, confidence: float, today: dt.date | None) -> Understood | Verdict:
    units = cut(text)
    if not units.all:
        return NO_MATCH
    if answering.asks_to_stop(wanted, units):
        return OPT_OUT
    if confidence < LEAST_CONFIDENCE:
        return NO_MATCH
    if wanted.kind == "text":
        return Understood(ENTERED, " ".join(text.split())[:MAX_TEXT])
    if wanted.kind == "answers":
        label = answering.best_label(wanted, units)
        return NO_MATCH if label is None else Understood(label, label)
    value = _number(wanted, units) if wanted.kind == "number" else _date(wanted, text, today)
    return NO_MATCH if value is None else Understood(ENTERED, value)


def bias(wanted: Wanted) -> tuple[str, ...]:
    """Phrases that a recogniser should expect, most important first: each answer's first, stops, then the rest."""
    family = wanted.language.partition("-")[0].lower()
    answers = [[phrase for phrase in phrases if not phrase.startswith("=")] for phrases in wanted.answers.values()]
    if wanted.kind == "number":
        answers = [list(_SHOWN_NUMBERS.get(family, ()))]
    elif wanted.kind == "date":
        answers = [list(_SHOWN_DATES.get(family, ()))]
    stops = [phrase for phrase in wanted.opt_out if not phrase.startswith("=")]
    turns = (phrase for phrase in chain.from_iterable(zip_longest(*answers, stops[2:])) if phrase is not None)
    first = [phrases[0] for phrases in answers if phrases]
    return tuple(dict.fromkeys((*first, *stops[:2], *turns)))[:MAX_BIAS]


def _number(wanted: Wanted, units: Units) -> str | None:
    for by_sound in (False, True):
        found = list(numbers(units, wanted.language, wanted.most, by_sound=by_sound))
        value = _sure_value(wanted, units, found, by_sound)
        if value is not None:
            fits = (wanted.least or 0) <= int(value) <= (10**32 if wanted.most is None else wanted.most)
            return value if fits else None
    return None


def _date(wanted: Wanted, text: str, today: dt.date | None) -> str | None:
    for by_sound in (False, True):
        units, found = dates(text, wanted.language, today, by_sound=by_sound)
        value = _sure_value(wanted, units, found, by_sound)
        if value is not None:
            return value
    return None


def _sure_value(wanted: Wanted, units: Units, found: Sequence[Value], by_sound: bool) -> str | None:
    """The one value of the utterance; None: none, several, or there is doubt."""
    reading = answering.read(wanted, units, [(begin, end) for begin, end, _ in found])
    held = {(span.begin, span.end) for span in reading.spans if span.label == answering.VALUE}
    values = {value for begin, end, value in found if (begin, end) in held}
    if len(values) != 1 or reading.has(answering.NEGATION, answering.DOUBT, answering.OTHER):
        return None
    enough = reading.covered() >= (1.0 if by_sound else answering.LEAST_COVERED)
    return values.pop() if enough else None
