"""Who may be called now, later or never, and why, before anybody is; and when the campaign would be through.

Contacts that no rule can tell apart are judged once. A contact that is refused for now is judged again at the
time that the refusal names, until it is allowed or a person must fix something first.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agi_app.campaigns.forecast import ForecastFacts, Group, Limits, Projection, project
from agi_app.campaigns.left_by_caps import left_uncalled
from agi_app.clock import Clock
from agi_app.due.planner import points_after
from agi_app.errors import InputError
from agi_app.event_loop import in_background
from agi_app.flow.check.impossible_values import columns_read, misspelt_columns
from agi_app.flow.engine.say_texts import missing_columns, said_columns, value_columns
from agi_app.flow.language.definition import Flow
from agi_app.gate.caller_id_rules import choose_caller_id
from agi_app.gate.case import GateCase
from agi_app.gate.decide import Decision, judge, locate
from agi_app.gate.facts import Facts
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import current, t
from agi_app.model.campaign import Campaign, Quota
from agi_app.model.number_location import NumberLocation
from agi_app.store.calling.preview import HORIZON, Experience, FactClass, SpokenColumns, WaitingContacts, open_waiting
from agi_app.store.calling.quotas import QuotaStanding
from agi_app.store.database.pool import Store

SAMPLES = 5  # contacts named for each reason
LOOKS = 50  # at one contact in the times to come
AT_ONCE = 500  # contacts judged in one thread, beside which a worker's calls go on
NOT_DUE, IN_CALL = "not_due", "in_call"  # no rules of the gate: a retry or an earlier refusal waits; a call goes on
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One contact that is not called now."""

    contact_id: int
    external_id: str
    why: str
    again_at: dt.datetime | None  # rules time: the earliest call, as far as one can tell


@dataclass(slots=True)
class Preview:
    """The gate's view of a campaign's waiting contacts at one instant; four figures add up to ``contacts``."""

    campaign: str
    now: dt.datetime  # rules time
    contacts: int = 0
    callable_now: int = 0
    later_today: int = 0  # of the day of the person called
    later: int = 0
    never: int = 0  # until a person fixes something
    by_rule: Counter[str] = field(default_factory=Counter)  # contacts not called now, under each reason
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    projection: Projection | None = None
    misspelt_columns: tuple[str, ...] = ()  # that the flow says and no contact has, each with the one that is meant
    left_by_caps: list[str] = field(
        default_factory=list
    )  # external ids: others of the same person leave no time for them
    machines: str | None = None  # what a machine that answers gets; None: nobody looks who answers
    zone: str | None = None  # of the campaign's times (IANA name); None: it has none


@dataclass(frozen=True, slots=True)
class Terms:
    """What the contacts are judged by."""

    campaign: Campaign
    sandbox_trunk: bool
    limits: Limits  # of the trunk
    ruleset: RuleSet
    flow: Flow | None = None  # of the campaign, if it can be read: what it says of a contact


async def preview(
    store: Store, clock: Clock, terms: Terms, progress: Callable[[int, int], None] = lambda done, total: None
) -> Preview:
    """Judge every waiting contact as if the campaign ran; calls and stores nothing.

    ``progress`` gets (contacts judged, all). Raises InputError when the campaign is not in the database, StoreError.
    """
    async with open_waiting(store, terms.campaign, clock.offset) as waiting:
        if waiting is None:
            name = terms.campaign.name
            raise InputError(
                t("there is no campaign {name!r} in the database; `agi-app contacts import {name} FILE`", name=name)
            )
        progress(0, waiting.contacts)
        look = _Look(terms, waiting.now, waiting.contacts)
        async for some in _together(waiting.classes(_says(terms.flow, terms.campaign.quota))):
            await in_background(look.add, some)
            progress(look.seen.contacts, waiting.contacts)
        await _name_samples(waiting, look)
        if terms.flow is not None and "column_missing" in look.seen.by_rule:
            found_columns = misspelt_columns(columns_read(terms.flow), await waiting.columns())
            look.seen.misspelt_columns = tuple(told for _, told in found_columns)
        several = await waiting.several(terms.campaign)
        look.seen.left_by_caps = await in_background(left_uncalled, terms.campaign, terms.ruleset, several, waiting.now)
        known = _known(await waiting.experience(), waiting.quota)
    groups = [Group(place, at, contacts, group) for (place, at, group), contacts in look.to_call.items()]
    rest = (terms.campaign, terms.limits, known, terms.ruleset, waiting.now)
    look.seen.projection = await in_background(project, groups, *rest)
    return look.seen


async def _together(classes: AsyncIterator[FactClass]) -> AsyncIterator[list[FactClass]]:
    some: list[FactClass] = []
    numbers = 0
    async for found in classes:
        some.append(found)
        numbers += len(found.numbers)
        if numbers >= AT_ONCE:
            yield some
            some, numbers = [], 0
    if some:
        yield some


def _says(flow: Flow | None, quota: Quota | None) -> SpokenColumns | None:
    group = frozenset[str]() if quota is None else frozenset({quota.column})
    if flow is None or not (columns := said_columns(flow)):
        return SpokenColumns(frozenset(), group, _none_missing) if group else None
    kinds = value_columns(flow) | group
    return SpokenColumns(frozenset(columns) - kinds, kinds, missing_columns(flow))


def _none_missing(_language: str | None, _columns: Mapping[str, str]) -> tuple[str, ...]:
    return ()


class _Look:
    """Adds classes up."""

    def __init__(self, terms: Terms, now: dt.datetime, contacts: int) -> None:
        self._terms, self._now, self._contacts = terms, now, contacts
        detection = terms.campaign.machine_detection
        machines = None if detection is None else detection.action.value
        self.seen = Preview(terms.campaign.name, now, machines=machines, zone=terms.campaign.zone)
        self.to_call: Counter[tuple[NumberLocation, dt.datetime, str]] = Counter()
        self.examples: dict[str, list[tuple[str, str, dt.datetime | None]]] = defaultdict(list)

    def add(self, some: Iterable[FactClass]) -> None:
        """Judge classes."""
        for found in some:
            self._add(found)

    def _add(self, found: FactClass) -> None:
        """Judge a class, once for each place that its numbers are of."""
        local = bool(self._terms.campaign.local_caller_ids)
        alike: dict[tuple[NumberLocation | None, str], list[str]] = defaultdict(list)
        for number in found.numbers:
            shown = choose_caller_id(self._terms.campaign, number, found.facts.caller_id_seen) if local else ""
            alike[locate(number, self._terms.ruleset), shown].append(number)
        for (place, _), numbers in alike.items():
            shown = choose_caller_id(self._terms.campaign, numbers[0], found.facts.caller_id_seen)
            self._count(found, place, shown, numbers)

    def _count(self, found: FactClass, place: NumberLocation | None, shown: str, numbers: list[str]) -> None:
        seen, contacts = self.seen, len(numbers)
        first, again_at = self._judged(found.facts, place, shown, found.due)
        reasons = {r.rule: f"{r.rule}: {r.told(current(), self._terms.campaign.zone)}" for r in first.reasons}
        if found.busy:
            reasons = {IN_CALL: t("{in_call}: the person is being called", in_call=IN_CALL)}
        elif first.allowed and found.due is not None:
            told = t("{not_due}: a retry or an earlier refusal waits for its time", not_due=NOT_DUE)
            if self._terms.campaign.due is not None:
                told = t("{not_due}: its time is still to come", not_due=NOT_DUE)
            reasons = {NOT_DUE: told}
        seen.contacts += contacts
        if not reasons:
            seen.callable_now += contacts
        elif again_at is None:
            seen.never += contacts
        elif _same_day(self._now, again_at, place):
            seen.later_today += contacts
        else:
            seen.later += contacts
        why = "; ".join(reasons.values())
        for rule in reasons:
            seen.by_rule[rule] += contacts
            self.examples[rule] += [(n, why, again_at) for n in numbers[: SAMPLES - len(self.examples[rule])]]
        if again_at is not None and place is not None:
            first_call = _next_minute(again_at) if again_at > self._now else self._now
            self.to_call[place, first_call, found.group] += contacts
            rest = (first_call, self._terms.campaign, self._terms.ruleset, self._contacts)
            for at in points_after(numbers[0], found.facts.times, *rest):
                self.to_call[place, _next_minute(at), found.group] += contacts

    def _judged(
        self, facts: Facts, place: NumberLocation | None, shown: str, due: dt.datetime | None
    ) -> tuple[Decision, dt.datetime | None]:
        """What the gate says now, and when it first says yes; None: only a person can fix it."""
        first = self._ask(facts, place, shown, self._now)
        at = max(self._now, due or self._now)
        decision = first if at == self._now else self._ask(facts, place, shown, at)
        for _ in range(LOOKS):
            if decision.allowed:
                return first, at
            again = decision.try_again_at
            if again is None or again > self._now + HORIZON:
                return first, again
            at = max(again, at + dt.timedelta(seconds=1))
            decision = self._ask(facts, place, shown, at)
        return first, at

    def _ask(self, facts: Facts, place: NumberLocation | None, shown: str, at: dt.datetime) -> Decision:
        terms = self._terms
        return judge(GateCase(facts, place, shown, terms.campaign, terms.sandbox_trunk, terms.ruleset, at))


async def _name_samples(waiting: WaitingContacts, look: _Look) -> None:
    names = await waiting.names_of({number for found in look.examples.values() for number, _, _ in found})
    for rule, found in look.examples.items():
        left = {number: iter(names[number]) for number, _, _ in found}  # each of a number's contacts once
        look.seen.samples[rule] = [Sample(*next(left[number]), why, again_at) for number, why, again_at in found]


def _known(found: Iterable[Experience], standing: QuotaStanding | None) -> ForecastFacts:
    ended = list(found)
    calls = sum(e.calls for e in ended)
    timed = [(e.seconds, e.calls) for e in ended if e.seconds is not None]
    total = sum(n for _, n in timed)
    seconds = sum(s * n for s, n in timed) / total if total else None
    outcomes = {e.outcome: e.calls for e in ended}
    if standing is None:
        return ForecastFacts(calls, outcomes, seconds)
    completed = sum(group.completed for group in standing.groups.values())
    lacking = {name: group.room for name, group in standing.groups.items() if not group.closed}
    return ForecastFacts(calls, outcomes, seconds, completed, lacking)


def _same_day(now: dt.datetime, at: dt.datetime, place: NumberLocation | None) -> bool:
    zone = place.clocks[0] if place is not None and place.zones else dt.UTC
    return now.astimezone(zone).date() == at.astimezone(zone).date()


def _next_minute(at: dt.datetime) -> dt.datetime:
    """Times in whole minutes, so that a million retries are not as many groups."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + MINUTE
