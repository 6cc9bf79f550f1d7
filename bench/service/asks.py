"""What people and programs ask of the service: lists, searches, counts and reports, as often as a console would.

Each kind is a request of the REST API; ``deep`` pages begin anywhere in their list.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.model import lists
from bench.service.data import NOW
from bench.service.population import SHARES, SPAN_DAYS, Sizes

OUTCOMES = ("human", "machine", "no_answer", "busy", "failed", "invalid_number", "abandoned")
RULES = ("consent_missing", "window_jurisdiction", "cap_per_week", "suppressed", "zone_unknown")
STATES = ("pending", "parked", "claimed", "done")
CAMPAIGN = SHARES[0][0]
NAMES = tuple(name for name, _ in SHARES)
Request = tuple[str, dict[str, str]]  # path, query


@dataclass(frozen=True, slots=True)
class Someone:
    """A client: its luck, how big the database is, and the key of cursors."""

    luck: random.Random
    sizes: Sizes
    secret: bytes

    def contact(self) -> str:
        """The id of a contact of the big campaign."""
        return f"C{self.luck.randint(1, self.sizes.persons):08d}"

    def instant(self) -> dt.datetime:
        """Within the time of the calls."""
        return NOW - dt.timedelta(days=SPAN_DAYS * self.luck.random())

    def deep(self, name: str, key: Sequence[Any], **filters: Any) -> dict[str, str]:
        """The cursor of a page that begins behind this key."""
        return {"after": lists.encode(self.secret, name, filters, key)}


@dataclass(frozen=True, slots=True)
class AskKind:
    """One kind of question, and how often it is asked among a hundred and some."""

    name: str
    weight: int
    request: Callable[[Someone], Request]


def _contacts(one: Someone, *, deep: bool = True, **filters: str) -> Request:
    key = [one.luck.randint(1, one.sizes.persons)]
    after = one.deep("contacts", key, campaign=CAMPAIGN, **filters) if deep else {}
    return f"/campaigns/{CAMPAIGN}/contacts", {**filters, **after}


def _decisions(one: Someone, **filters: str) -> Request:
    return "/decisions", {**filters, **one.deep("decisions", [one.instant(), 0], **filters)}


def _attempts(one: Someone, **filters: str) -> Request:
    return "/attempts", {**filters, **one.deep("attempts", [one.instant(), ""], **filters)}


def _day(one: Someone) -> dict[str, str]:
    since = one.instant()
    return {"since": since.isoformat(), "until": (since + dt.timedelta(days=1)).isoformat()}


def _of(choices: Sequence[str]) -> Callable[[Someone], str]:
    return lambda one: one.luck.choice(choices)


outcome, rule, state, name = map(_of, (OUTCOMES, RULES, STATES, NAMES))
COUNT = {"count": "capped", "limit": "1"}
KINDS = (
    AskKind("campaigns", 6, lambda _: ("/campaigns", {})),
    AskKind("figures", 8, lambda _: (f"/campaigns/{CAMPAIGN}/figures", {})),
    AskKind("status", 4, lambda one: (f"/campaigns/{name(one)}/status", {})),
    AskKind("held back", 2, lambda _: (f"/campaigns/{CAMPAIGN}/held-back", {})),
    AskKind("contacts", 8, lambda one: _contacts(one, deep=False)),
    AskKind("contacts, deep", 8, _contacts),
    AskKind("contacts by state", 6, lambda one: _contacts(one, state=state(one))),
    AskKind("contacts by outcome", 5, lambda one: _contacts(one, outcome=outcome(one))),
    AskKind("contacts by rule", 5, lambda one: _contacts(one, rule=rule(one))),
    AskKind("contacts by both", 3, lambda one: _contacts(one, state="done", outcome="abandoned")),
    AskKind(
        "count of contacts", 4, lambda one: (f"/campaigns/{CAMPAIGN}/contacts", {"outcome": outcome(one), **COUNT})
    ),
    AskKind("count by state", 3, lambda _: (f"/campaigns/{CAMPAIGN}/contacts", {"state": "pending", **COUNT})),
    AskKind("one contact", 8, lambda one: (f"/campaigns/{CAMPAIGN}/contact", {"external_id": one.contact()})),
    AskKind("search by id", 6, lambda one: ("/contacts", {"external_id": one.contact()})),
    AskKind("decisions", 3, lambda _: ("/decisions", {})),
    AskKind("decisions by rule, deep", 4, lambda one: _decisions(one, rule=rule(one))),
    AskKind("refusals of a campaign", 3, lambda one: ("/decisions", {"campaign": name(one), "allowed": "no"})),
    AskKind("decisions of a day", 3, lambda one: ("/decisions", {"campaign": CAMPAIGN, **_day(one)})),
    AskKind("calls", 4, lambda _: ("/attempts", {})),
    AskKind("calls by outcome, deep", 4, lambda one: _attempts(one, campaign=CAMPAIGN, outcome=outcome(one))),
    AskKind("calls of a day", 3, lambda one: ("/attempts", _day(one))),
    AskKind("count of calls", 3, lambda one: ("/attempts", {"campaign": CAMPAIGN, "outcome": outcome(one), **COUNT})),
    AskKind("count of decisions", 2, lambda one: ("/decisions", {"rule": rule(one), **COUNT})),
    AskKind("line calls", 2, lambda _: ("/line-calls", {"line": "stops"})),
    AskKind("screened calls", 2, lambda _: ("/guard/calls", {})),
    AskKind("complaints", 2, lambda _: ("/complaints", {"kind": "received"})),
    AskKind("stops", 3, lambda _: ("/stops", {"via": "speech"})),
    AskKind("withdrawals", 1, lambda _: ("/withdrawals", {})),
)
