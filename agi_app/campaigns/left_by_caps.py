"""Contacts that the caps of one person will leave uncalled: named before anybody is called, in import and preview."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from agi_app.due.one_person import Wanted, left_over
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t
from agi_app.model.campaign import Campaign
from agi_app.model.phone import shown_text
from agi_app.printable import count_of
from agi_app.store.calling.preview import SeveralContacts

NAMED = 5


def left_uncalled(
    campaign: Campaign, ruleset: RuleSet, several: Iterable[SeveralContacts], now: dt.datetime
) -> list[str]:
    """The external ids of all of them."""
    found = []
    for person in several:
        wanted = [Wanted(name, max(now, due), times.last(campaign)) for name, due, times in person.contacts]
        preferred = person.contacts[0][2].preferred
        found += left_over(campaign, ruleset, person.number, preferred, wanted, person.calls)
    return found


def told_left(left: Sequence[str]) -> tuple[str, ...]:
    """One sentence for people; empty when nobody is left."""
    if not left:
        return ()
    named = ", ".join(shown_text(one) for one in left[:NAMED])
    return (
        t(
            "{who} will not be called: the same person has other contacts of this campaign near to it, and the caps"
            " leave no time for all of them ({named}{more}); call one of them by hand, or move an appointment",
            who=count_of(len(left), "contact"),
            named=named,
            more=", …" if len(left) > NAMED else "",
        ),
    )
