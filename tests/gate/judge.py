"""What the gate says of a case, held against what the oracle says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from agi_app.campaigns.calling_rules.rule_files import read_ruleset
from agi_app.gate.caller_id_rules import choose_caller_id
from agi_app.gate.case import GateCase
from agi_app.gate.decide import Decision, decide, judge
from agi_app.gate.number_location import place_of
from agi_app.gate.ruleset import RuleSet
from agi_app.model.phone import NotANumber, parse
from tests.gate.book import DAY, Book
from tests.gate.cases import Case
from tests.gate.oracle import Question, broken
from tests.gate.rulebooks import rulebooks
from tests.gate.where import clock_of, where

HOURS = frozenset({"closed_day", "window_jurisdiction"})  # each names the next hour that both allow
BY_CALLS = frozenset({"quota_under_way"})  # ends with calls, which no clock tells
CLOCKS = HOURS | {"window_campaign", "window_person"}
MICROSECOND, MINUTE = dt.timedelta(microseconds=1), dt.timedelta(minutes=1)
WALKED = 500  # of so many cases one has each minute until the gate's own time looked at
FORTNIGHT = dt.timedelta(days=14)
LONGEST_WALK = dt.timedelta(days=1)
WHOLE = 9  # so many last digits of a number give it away


@dataclass(slots=True)
class Bench:
    """Both judges, ready, and what was seen: ``refused`` counts how often each rule was."""

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
    shown = choose_caller_id(campaign, facts.number, facts.caller_id_seen)
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
    """Every reason says something, and none tells the whole number of the person."""
    for reason in decision.reasons:
        if not reason.text.strip():
            yield f"{reason.rule} says nothing"
        number = question.facts.number.strip()
        if len(number) > WHOLE and number[-WHOLE:] in reason.text.replace(" ", ""):
            yield f"{reason.rule} tells the whole number: {reason.text}"


def _times(book: Book, case: Case, decision: Decision) -> Iterator[str]:
    """A reason that mends itself does so at the time it names: it holds until then, and not after."""
    rng = Random(f"times {case.seed} {case.index}")
    for reason in decision.reasons:
        if reason.rule in BY_CALLS:
            continue
        again, rules = reason.try_again_at, HOURS if reason.rule in HOURS else {reason.rule}
        if again is None:
            yield from _never(book, case.question, rules, rng)
            continue
        if again <= case.question.now or _breaks(book, case.question, again, rules):
            yield f"{reason.rule}: is to be tried again at {again}, too early"
        if not rules <= CLOCKS or _clocks_stay(case.question, again):
            kept = (at for at in _before(case, again, rng) if not _breaks(book, case.question, at, rules))
            yield from (f"{reason.rule}: is to be tried again at {again}, but is kept at {at}" for at in [*kept][:1])


def _never(book: Book, question: Question, rules: frozenset[str] | set[str], rng: Random) -> Iterator[str]:
    """Hours that are said never to come, and do within two weeks."""
    instants = (question.now + rng.random() * FORTNIGHT for _ in range(8 if rules <= CLOCKS else 0))
    kept = [at for at in instants if not _breaks(book, question, at, rules)]
    yield from (f"{', '.join(sorted(rules))}: is not to be tried again, but is kept at {at}" for at in kept[:1])


def _before(case: Case, again: dt.datetime, rng: Random) -> Iterator[dt.datetime]:
    """Instants between now and then: the last one, any one, and for a few cases each minute of a day."""
    now = case.question.now
    yield again - MICROSECOND
    yield now + rng.random() * (again - now - MICROSECOND)
    if case.index % WALKED == 0:
        minutes = int(min(again - now - MICROSECOND, LONGEST_WALK) / MINUTE)
        yield from (now + minute * MINUTE for minute in range(minutes))


def _clocks_stay(question: Question, again: dt.datetime) -> bool:
    """Whether no clock there is changed about then: where one is, a next opening may be named an hour or a day late."""
    place = where(question.facts.number)
    zones = [clock_of(zone) for zone in place.zones] if place else []
    about = [question.now + ahead * DAY for ahead in range(-1, (again - question.now).days + 3)]
    return all(len({at.astimezone(zone).utcoffset() for at in about}) == 1 for zone in zones)


def _breaks(book: Book, question: Question, at: dt.datetime, rules: frozenset[str] | set[str]) -> bool:
    return any(rules & names for names in broken(book, replace(question, now=at)))


def _names(expected: set[frozenset[str]]) -> str:
    return ", ".join(sorted(" or ".join(sorted(names)) for names in expected))
