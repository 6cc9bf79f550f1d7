"""What the gate says of a case, held against what the oracle says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from agi_app.campaigns.rules import read_ruleset
from agi_app.gate.caller_id import choose
from agi_app.gate.case import Case as GateCase
from agi_app.gate.case import Reason
from agi_app.gate.decide import Decision, decide, judge
from agi_app.gate.place import place_of
from agi_app.gate.ruleset import RuleSet
from agi_app.model.phone import NotANumber, parse
from tests.gate.book import Book
from tests.gate.cases import Case
from tests.gate.numbers import CALLER_IDS, NOT_OURS
from tests.gate.oracle import Question, broken
from tests.gate.rulebooks import rulebooks

MICROSECOND, MINUTE = dt.timedelta(microseconds=1), dt.timedelta(minutes=1)
WALKED = 500  # of so many cases one has each minute until the gate's own time looked at
LONGEST_WALK = dt.timedelta(days=1)
WHOLE = 7  # so many digits of a number in a row give it away


@dataclass(slots=True)
class Bench:
    """Both judges, ready; ``refused`` counts how often each rule was seen to refuse, and the rest what else was seen."""

    rulesets: dict[str, RuleSet] = field(init=False)
    books: dict[str, Book] = field(init=False)
    refused: dict[str, int] = field(default_factory=dict)
    cases: int = 0
    allowed: int = 0

    def __post_init__(self) -> None:
        files = rulebooks()
        self.rulesets = {name: read_ruleset(texts) for name, texts in files.items()}
        self.books = {name: Book(texts) for name, texts in files.items()}

    def faults(self, case: Case) -> list[str]:
        """Where the gate is wrong about a case, in words; empty when both agree."""
        question, book = case.question, self.books[case.book]
        decision = answer(question, self.rulesets[case.book])
        expected = broken(book, question)
        self.cases += 1
        self.allowed += decision.allowed
        for rule in set(decision.rules):
            self.refused[rule] = self.refused.get(rule, 0) + 1
        faults = [*_reasons(expected, decision), *_texts(question, decision)]
        return faults or [*_times(book, case, decision)]


def answer(question: Question, ruleset: RuleSet) -> Decision:
    """What the gate decides."""
    facts, campaign = question.facts, question.campaign
    if question.zones_told:
        return decide(facts, campaign, question.sandbox, ruleset, question.now)
    shown = choose(campaign, facts.number, facts.caller_id_seen)
    try:
        number = parse(facts.number)
    except NotANumber:
        number = None
    known = number is not None and number.e164 == facts.number
    place = place_of(replace(number, zones=()), ruleset) if number is not None and known else None
    return judge(GateCase(facts, place, shown, campaign, question.sandbox, ruleset, question.now))


def _reasons(expected: set[frozenset[str]], decision: Decision) -> Iterator[str]:
    """No permit where a rule is broken, one reason for each rule that is, and none for any other."""
    if decision.allowed and expected:
        yield f"PERMITTED, although it breaks {_names(expected)}"
        return
    given = list(decision.rules)
    for names in sorted(expected, key=sorted):
        found = [rule for rule in given if rule in names]
        if len(found) != 1:
            yield f"{len(found)} reasons for the broken rule {' or '.join(sorted(names))}"
        given = [rule for rule in given if rule not in found]
    if given:
        yield f"refused for {', '.join(given)}, which it does not break"


def _texts(question: Question, decision: Decision) -> Iterator[str]:
    """Every reason says something, and no reason tells a whole number."""
    for reason in decision.reasons:
        if not reason.text.strip():
            yield f"{reason.rule} says nothing"
        for number in (question.facts.number, *CALLER_IDS, NOT_OURS):
            if len(number) > WHOLE and number.strip("+ ")[-WHOLE:] in reason.text.replace(" ", ""):
                yield f"{reason.rule} tells a whole number: {reason.text}"


def _times(book: Book, case: Case, decision: Decision) -> Iterator[str]:
    """A reason that mends itself does so then: not before, at any instant that is looked at, and not later."""
    timed = [(reason, reason.try_again_at) for reason in decision.reasons if reason.try_again_at is not None]
    rng = Random(f"times {case.seed} {case.index}")
    for reason, again in timed:
        if again <= case.question.now:
            yield f"{reason.rule}: is to be tried again at {again}, which is not after now"
            continue
        if _breaks(book, case.question, again, reason):
            yield f"{reason.rule}: is to be tried again at {again}, and is broken then"
        for instant in _before(case, again, rng):
            if not _breaks(book, case.question, instant, reason):
                yield f"{reason.rule}: is to be tried again at {again}, but is kept at {instant} already"
                break


def _before(case: Case, again: dt.datetime, rng: Random) -> Iterator[dt.datetime]:
    """Instants between now and then: the last one, any one, and for a few cases each minute of a day."""
    now = case.question.now
    yield again - MICROSECOND
    yield now + rng.random() * (again - now - MICROSECOND)
    if case.index % WALKED == 0:
        minutes = int(min(again - now - MICROSECOND, LONGEST_WALK) / MINUTE)
        yield from (now + minute * MINUTE for minute in range(minutes))


def _breaks(book: Book, question: Question, at: dt.datetime, reason: Reason) -> bool:
    return any(reason.rule in names for names in broken(book, replace(question, now=at)))


def _names(expected: set[frozenset[str]]) -> str:
    return ", ".join(sorted(" or ".join(sorted(names)) for names in expected))
