"""The pages of the console that people open, as often as in a day of work."""

from __future__ import annotations

from bench.service.asks import CAMPAIGN, AskKind, Request, Someone, name, outcome, rule, state


def _contacts(one: Someone, *, deep: bool = True, **filters: str) -> Request:
    key = [one.luck.randint(1, one.sizes.persons)]
    after = one.deep("contacts", key, campaign=CAMPAIGN, **filters) if deep else {}
    return f"/campaigns/{CAMPAIGN}/contacts", {**filters, **after}


PAGES = (
    AskKind("today", 12, lambda _: ("/", {})),
    AskKind("campaigns", 6, lambda _: ("/campaigns", {})),
    AskKind("one campaign", 8, lambda one: (f"/campaigns/{name(one)}", {})),
    AskKind("asks of a campaign", 2, lambda _: (f"/campaigns/{CAMPAIGN}/asks", {})),
    AskKind("live", 4, lambda _: ("/calls", {})),
    AskKind("contacts", 6, lambda one: _contacts(one, deep=False)),
    AskKind("contacts, deep", 6, _contacts),
    AskKind("contacts by state", 4, lambda one: _contacts(one, state=state(one))),
    AskKind("contacts by outcome", 4, lambda one: _contacts(one, outcome=outcome(one))),
    AskKind("contacts by rule", 4, lambda one: _contacts(one, rule=rule(one))),
    AskKind("one contact", 8, lambda one: (f"/campaigns/{CAMPAIGN}/contact", {"external_id": one.contact()})),
    AskKind("search by id", 4, lambda one: ("/contacts", {"external_id": one.contact()})),
    AskKind("stops", 2, lambda _: ("/stops", {})),
    AskKind("complaints", 2, lambda _: ("/complaints", {})),
    AskKind("screened calls", 2, lambda _: ("/guard", {})),
    AskKind("who did what", 3, lambda _: ("/records/actions", {})),
    AskKind("rules", 2, lambda _: ("/records/rules", {})),
    AskKind("reports", 2, lambda _: ("/reports", {})),
    AskKind("flows", 2, lambda _: ("/flows", {})),
    AskKind("service", 2, lambda _: ("/service", {})),
    AskKind("my account", 1, lambda _: ("/me", {})),
)
