"""The calling rules of each jurisdiction, ready to be judged by: of several values the strictest holds.

``agi_app/rules`` has them as dated, sourced YAML; ``gate.rule_file`` says what may be there. A rule set
has a version (a hash of its files) for decisions to name, and keeps the text, so that a
decision can be made again. The need for consent is not in here: it is code, and no file can loosen it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from agi_app.gate.calling_hours import Opening
from agi_app.model.campaign import Purpose

DAY = dt.timedelta(hours=24)
NOTHING = dt.timedelta(0)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most calls to one person in any span of ``per``, over all campaigns."""

    calls: int
    per: dt.timedelta


@dataclass(frozen=True, slots=True)
class ListRule:
    """A do-not-call list that others keep: it must be here, not older than this, for calls of these purposes."""

    name: str
    max_age: dt.timedelta
    purposes: frozenset[Purpose]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that one country, or a part of it, asks for."""

    opening: Opening
    caps: tuple[Cap, ...]
    gap_after_declined: dt.timedelta = NOTHING
    gap_after_abandoned: dt.timedelta = NOTHING
    ring_at_least: dt.timedelta = NOTHING
    ring_at_most: dt.timedelta = dt.timedelta.max
    abandoned_percent: float = 100.0  # of answered calls in 30 days
    lists: tuple[ListRule, ...] = ()
    keep_recordings_days: int = 0
    keep_records_days: int = 0
    says_artificial_voice: bool = False
    opt_out_within: dt.timedelta = dt.timedelta.max
    answer_complaints_within: dt.timedelta = dt.timedelta.max


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a country whose own rules bind besides, for numbers that begin so; ``rules`` has both."""

    prefixes: tuple[str, ...]  # E.164
    rules: Rules


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The rules of one country."""

    region: str  # ISO 3166 alpha-2
    rules: Rules
    parts: Mapping[str, Part] = field(default_factory=dict)
    zones: tuple[str, ...] = ()  # all of the country

    @property
    def places(self) -> list[tuple[str, Rules]]:
        """The country and each part of it, such as US and US-FL, with the rules there."""
        parts = ((f"{self.region}-{name}", part.rules) for name, part in self.parts.items())
        return [(self.region, self.rules), *parts]

    def rules_in(self, parts: tuple[str, ...]) -> Rules:
        """The strictest of the country's rules and those of its ``parts``."""
        if not parts:
            return self.rules
        return strictest([self.parts[name].rules for name in parts]) if len(parts) > 1 else self.parts[parts[0]].rules


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All jurisdictions that may be called, with the version that decisions record and the text it is a hash of."""

    version: str
    jurisdictions: Mapping[str, Jurisdiction]
    files: Mapping[str, str] = field(default_factory=dict, repr=False)  # name -> text

    def bound_by(self, region: str, name: str) -> frozenset[Purpose] | None:
        """The purposes of the calls that a do-not-call list of this country binds; None, no rule names it: all."""
        return next((rule.purposes for rule in self._lists(region) if rule.name == name), None)

    def lists_of(self, region: str) -> list[str]:
        """The names of the do-not-call lists that the rules of a country ask for."""
        return sorted({rule.name for rule in self._lists(region)})

    def _lists(self, region: str) -> tuple[ListRule, ...]:
        country = self.jurisdictions.get(region)
        return () if country is None else country.rules_in(tuple(country.parts)).lists


def strictest(rules: Iterable[Rules]) -> Rules:
    """What satisfies all of ``rules`` (at least one)."""
    every = list(rules)
    return Rules(
        opening=Opening(
            _once(windows for r in every for windows in r.opening.hours),
            _once(calendar for r in every for calendar in r.opening.calendars),
        ),
        caps=lowest_caps(cap for r in every for cap in r.caps),
        gap_after_declined=max(r.gap_after_declined for r in every),
        gap_after_abandoned=max(r.gap_after_abandoned for r in every),
        ring_at_least=max(r.ring_at_least for r in every),
        ring_at_most=min(r.ring_at_most for r in every),
        abandoned_percent=min(r.abandoned_percent for r in every),
        lists=strictest_lists(rule for r in every for rule in r.lists),
        keep_recordings_days=max(r.keep_recordings_days for r in every),
        keep_records_days=max(r.keep_records_days for r in every),
        says_artificial_voice=any(r.says_artificial_voice for r in every),
        opt_out_within=min(r.opt_out_within for r in every),
        answer_complaints_within=min(r.answer_complaints_within for r in every),
    )


def lowest_caps(caps: Iterable[Cap]) -> tuple[Cap, ...]:
    """Of caps over the same span the lowest, the shortest span first."""
    lowest: dict[dt.timedelta, int] = {}
    for cap in caps:
        lowest[cap.per] = min(cap.calls, lowest.get(cap.per, cap.calls))
    return tuple(Cap(lowest[per], per) for per in sorted(lowest))


def strictest_lists(rules: Iterable[ListRule]) -> tuple[ListRule, ...]:
    """Of rules about one list the lowest age and all purposes, by name."""
    found: dict[str, ListRule] = {}
    for rule in rules:
        known = found.get(rule.name, rule)
        found[rule.name] = ListRule(rule.name, min(rule.max_age, known.max_age), rule.purposes | known.purposes)
    return tuple(found[name] for name in sorted(found))


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
