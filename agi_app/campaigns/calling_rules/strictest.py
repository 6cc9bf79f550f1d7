"""Joins shipped rules, the default and a project's own into the rules of each country: the strictest holds. Pure.

A country's file replaces the default key by key; a project's file comes on top of the shipped one and may
only narrow it. What is wrong is collected with its line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agi_app.authoring.yaml_lines import Document, Path
from agi_app.campaigns.calling_rules import calendars
from agi_app.campaigns.calling_rules.narrowing import loosened
from agi_app.errors import Problem
from agi_app.gate.calling_hours import Calendar, Opening
from agi_app.gate.rule_file import DEFAULT, RULE_KEYS, SPANS, ClosedDays, JurisdictionFile, RuleValues
from agi_app.gate.ruleset import Cap, Jurisdiction, ListRule, Part, Rules, lowest_caps, strictest, strictest_lists
from agi_app.messages import t

OPTIONAL = frozenset({"external_lists", "complaints"})  # the default may be silent about it
L = TypeVar("L", int, float, dt.timedelta)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One parsed file."""

    values: JurisdictionFile
    document: Document

    @property
    def closed_days(self) -> list[ClosedDays]:
        """What it says of closed days, for the country and its parts."""
        return [value for place in (self.values, *self.values.parts.values()) for value in place.closed_days or ()]


Parsed = Mapping[tuple[bool, str], RuleFile]  # (is it the project's own, region) -> file
Dates = Mapping[str, Calendar]  # by the text of the key


class Builder:
    """Joins shipped, default and own values into the rules of each country, and collects what is wrong."""

    def __init__(self, parsed: Parsed, dates: Dates, faults: Mapping[str, str]) -> None:
        """``faults``: why the calendar of a key cannot be told."""
        self._parsed, self._dates, self._faults = parsed, dates, faults
        self.problems: list[Problem] = []

    def regions(self) -> list[str]:
        """Every country that has a file; the default alone makes none callable."""
        return sorted({region for _, region in self._parsed} - {DEFAULT})

    def sources(self, region: str) -> tuple[RuleFile, ...]:
        """The files that a country's rules come from."""
        keys = ((False, region), (True, region), (False, DEFAULT))
        return tuple(self._parsed[key] for key in keys if key in self._parsed)

    def jurisdiction(self, region: str) -> Jurisdiction:
        """The strictest of everything that binds in one country."""
        files = [self._parsed[key] for key in ((False, region), (True, region)) if key in self._parsed]
        for rule_file in files:
            self._tell_calendars(rule_file, ("closed_days",), "closed_days: ", rule_file.closed_days, region)
        first, *on_top = files
        rules = self._filled(first, region)
        zones = {z for rule_file in files for value in rule_file.values.time_zones or () for z in value.zones}
        parts = {
            name: Part(tuple(part.numbers), self._rules(part, region)) for name, part in first.values.parts.items()
        }
        for own in on_top:
            rules, parts = self._narrowed(own, region, rules, parts)
        joined = {name: Part(part.prefixes, strictest([rules, part.rules])) for name, part in parts.items()}
        return Jurisdiction(region, rules, joined, tuple(sorted(zones)))

    def _filled(self, rule_file: RuleFile, region: str) -> Rules:
        """A file's values, and for each key that it leaves out the default's."""
        general = self._parsed.get((False, DEFAULT))
        missing = [key for key in RULE_KEYS if getattr(rule_file.values, key) is None]
        filled = {key: getattr(general.values, key) for key in missing} if general is not None else {}
        for key in (key for key in missing if filled.get(key) is None and key not in OPTIONAL):
            message = t('the key "{key}" is missing here, and there is no default for it', key=key)
            self.problems.append(rule_file.document.problem((), "schema/missing-key", message))
        self._tell_calendars(rule_file, (), "", filled.get("closed_days") or (), region)
        return self._rules(rule_file.values.model_copy(update=filled), region)

    def _tell_calendars(
        self, rule_file: RuleFile, path: Path, key: str, closed: Iterable[ClosedDays], region: str
    ) -> None:
        """Those of ``closed`` that cannot be told."""
        names = (str(calendars.key_of(value, region)) for value in closed)
        faults = (f"{key}{self._faults[name]}" for name in names if name in self._faults)
        self.problems += (rule_file.document.problem(path, "rules/calendar", fault) for fault in faults)

    def _narrowed(
        self, own: RuleFile, region: str, base: Rules, parts: dict[str, Part]
    ) -> tuple[Rules, dict[str, Part]]:
        """Shipped rules with the project's on top; what loosens becomes a problem."""
        self.problems += loosened(own.values, base, self._own_calendars(own.values, region), own.document, ())
        rules = strictest([base, self._rules(own.values, region)])
        joined = dict(parts)
        for name, part in own.values.parts.items():
            before = parts.get(name, Part((), base))
            floor = strictest([base, before.rules])
            under = ("parts", name)
            self.problems += loosened(part, floor, self._own_calendars(part, region), own.document, under)
            prefixes = tuple(dict.fromkeys((*before.prefixes, *part.numbers)))
            joined[name] = Part(prefixes, strictest([before.rules, self._rules(part, region)]))
        return rules, joined

    def _own_calendars(self, values: RuleValues, region: str) -> dict[int, Calendar]:
        return {
            i: found for i, value in enumerate(values.closed_days or ()) for found in self._calendars(value, region)
        }

    def _calendars(self, value: ClosedDays, region: str) -> list[Calendar]:
        key = str(calendars.key_of(value, region))
        listed = [calendars.listed(value.dates)] if value.dates else []
        return listed + ([self._dates[key]] if key in self._dates else [])

    def _rules(self, values: RuleValues, region: str) -> Rules:
        return rules_of(values, [c for value in values.closed_days or () for c in self._calendars(value, region)])


def rules_of(values: RuleValues, closed: Iterable[Calendar]) -> Rules:
    """The strictest of a file's own values; where it has none, no limit. ``closed``: its closed days as dates."""
    none = Rules(Opening(()), ())
    ring, kept = values.ring_time or (), values.retention or ()
    return Rules(
        opening=Opening(
            tuple(tuple(w.window() for w in value.windows) for value in values.calling_hours or ()),
            tuple(dict.fromkeys(closed)),
        ),
        caps=lowest_caps(Cap(value.calls, SPANS[value.per]) for value in values.caps or ()),
        gap_after_declined=_most((v.time for v in values.gap_after_declined or ()), none.gap_after_declined),
        gap_after_abandoned=_most((v.time for v in values.gap_after_abandoned or ()), none.gap_after_abandoned),
        ring_at_least=_most((v.at_least for v in ring), none.ring_at_least),
        ring_at_most=_least((v.at_most for v in ring), none.ring_at_most),
        abandoned_percent=_least((v.at_most_percent for v in values.abandoned_calls or ()), none.abandoned_percent),
        lists=strictest_lists(ListRule(v.name, v.max_age, frozenset(v.purposes)) for v in values.external_lists or ()),
        keep_recordings_days=_most((v.recordings_days for v in kept), 0),
        keep_records_days=_most((v.records_days for v in kept), 0),
        says_artificial_voice=any(v.disclose for v in values.artificial_voice or ()),
        opt_out_within=_least((v.offered_within for v in values.opt_out or ()), none.opt_out_within),
        answer_complaints_within=_least(
            (v.answer_within for v in values.complaints or ()), none.answer_complaints_within
        ),
    )


def _most(values: Iterable[L | None], none: L) -> L:
    return max((value for value in values if value is not None), default=none)


def _least(values: Iterable[L | None], none: L) -> L:
    return min((value for value in values if value is not None), default=none)
