"""What people and programs ask of a service: lists, searches, counts and reports, as often as a console would.

Each kind asks the operations that console and API stand on; ``deep`` pages begin anywhere in their list.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.installation import Installation
from agi_app.model import lists
from agi_app.operations.calling import call_lists, contact_lists, reports
from agi_app.operations.guard import call_list
from agi_app.operations.people import record_lists
from bench.service.data import NOW
from bench.service.population import SHARES, SPAN_DAYS, Sizes

OUTCOMES = ("human", "machine", "no_answer", "busy", "failed", "invalid_number", "abandoned")
RULES = ("consent_missing", "window_jurisdiction", "cap_per_week", "suppressed", "zone_unknown")
CAMPAIGN = SHARES[0][0]
NAMES = tuple(name for name, _ in SHARES)


@dataclass(frozen=True, slots=True)
class Someone:
    """A client: what it asks on, its luck, how big the database is, and the key of cursors."""

    inst: Installation
    luck: random.Random
    sizes: Sizes
    secret: bytes

    def contact(self) -> str:
        """The id of a contact of the big campaign."""
        return f"C{self.luck.randint(1, self.sizes.persons):08d}"

    def instant(self) -> dt.datetime:
        """Within the time of the calls."""
        return NOW - dt.timedelta(days=SPAN_DAYS * self.luck.random())

    def deep(self, name: str, filters: dict[str, Any], key: Sequence[Any]) -> str:
        """The cursor of a page that begins behind this key."""
        return lists.encode(self.secret, name, filters, key)


@dataclass(frozen=True, slots=True)
class AskKind:
    """One kind of question, and how often it is asked among a hundred and some."""

    name: str
    weight: int
    ask: Callable[[Someone], Awaitable[Any]]


def _contacts(one: Someone, *, deep: bool, **filters: Any) -> Awaitable[Any]:
    key = [one.luck.randint(1, one.sizes.persons)]
    after = one.deep("contacts", {"campaign": CAMPAIGN, **filters}, key) if deep else None
    return contact_lists.contacts(one.inst, CAMPAIGN, **filters, after=after)


def _decisions(one: Someone, *, deep: bool = False, **filters: Any) -> Awaitable[Any]:
    after = one.deep("decisions", filters, [one.instant(), 0]) if deep else None
    return call_lists.decisions(one.inst, **filters, after=after)


def _attempts(one: Someone, *, deep: bool = False, **filters: Any) -> Awaitable[Any]:
    after = one.deep("attempts", filters, [one.instant(), ""]) if deep else None
    return call_lists.attempts(one.inst, **filters, after=after)


def _day(one: Someone) -> dict[str, Any]:
    since = one.instant()
    return {"since": since, "until": since + dt.timedelta(days=1)}


KINDS = (
    AskKind("campaigns", 6, lambda one: call_lists.campaigns(one.inst)),
    AskKind("figures", 10, lambda one: reports.figures(one.inst, CAMPAIGN)),
    AskKind("figures of any", 3, lambda one: reports.figures(one.inst, one.luck.choice(NAMES))),
    AskKind("contacts", 8, lambda one: _contacts(one, deep=False)),
    AskKind("contacts, deep", 8, lambda one: _contacts(one, deep=True)),
    AskKind("contacts by state", 6, lambda one: _contacts(one, deep=True, state=one.luck.choice(contact_lists.STATES))),
    AskKind("contacts by outcome", 5, lambda one: _contacts(one, deep=True, outcome=one.luck.choice(OUTCOMES))),
    AskKind("contacts by rule", 5, lambda one: _contacts(one, deep=True, rule=one.luck.choice(RULES))),
    AskKind(
        "contacts by state and outcome", 3, lambda one: _contacts(one, deep=True, state="done", outcome="abandoned")
    ),
    AskKind(
        "count of contacts", 4,
        lambda one: contact_lists.count_contacts(one.inst, CAMPAIGN, outcome=one.luck.choice(OUTCOMES)),
    ),
    AskKind("count by state", 3, lambda one: contact_lists.count_contacts(one.inst, CAMPAIGN, state="pending")),
    AskKind("one contact", 8, lambda one: contact_lists.contact(one.inst, CAMPAIGN, one.contact())),
    AskKind("search by id", 6, lambda one: contact_lists.find_contacts(one.inst, one.contact())),
    AskKind("decisions", 3, _decisions),
    AskKind("decisions by rule, deep", 4, lambda one: _decisions(one, deep=True, rule=one.luck.choice(RULES))),
    AskKind(
        "refusals of a campaign", 3, lambda one: _decisions(one, campaign=one.luck.choice(NAMES), allowed=False)
    ),
    AskKind("decisions of a day", 3, lambda one: _decisions(one, campaign=CAMPAIGN, **_day(one))),
    AskKind("calls", 4, _attempts),
    AskKind(
        "calls by outcome, deep", 4,
        lambda one: _attempts(one, deep=True, campaign=CAMPAIGN, outcome=one.luck.choice(OUTCOMES)),
    ),
    AskKind("calls of a day", 3, lambda one: _attempts(one, **_day(one))),
    AskKind(
        "count of calls", 3,
        lambda one: call_lists.count_attempts(one.inst, campaign=CAMPAIGN, outcome="invalid_number"),
    ),
    AskKind("count of decisions", 2, lambda one: call_lists.count_decisions(one.inst, rule=one.luck.choice(RULES))),
    AskKind("line calls", 2, lambda one: call_lists.line_calls(one.inst, line="stops")),
    AskKind("screened calls", 2, lambda one: call_list.screened_calls(one.inst)),
    AskKind("complaints", 2, lambda one: record_lists.complaints(one.inst, kind="received")),
    AskKind("stops", 3, lambda one: record_lists.stops(one.inst, via="speech")),
    AskKind("withdrawals", 1, lambda one: record_lists.withdrawals(one.inst)),
)  # fmt: skip
