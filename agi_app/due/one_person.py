"""Which contacts of one person nobody can call in time, whatever the order: caps hold for the person. Pure.

Two children have one parent, and appointments on one day: the shipped rules allow one call in 24 hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from agi_app.due.openings import PersonsHours
from agi_app.gate.caps_and_gaps import used_up
from agi_app.gate.decide import locate
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Cap, RuleSet
from agi_app.model.campaign import Campaign, Window

ALL_ORDERS = 6  # of so many contacts; of more, the earliest end first


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contact that needs a call from ``first`` on and before ``last`` (rules time)."""

    external_id: str
    first: dt.datetime
    last: dt.datetime


def left_over(
    campaign: Campaign,
    ruleset: RuleSet,
    number: str,
    preferred: tuple[Window, ...],
    wanted: Sequence[Wanted],
    calls: Sequence[dt.datetime],
) -> list[str]:
    """``left_by_caps`` in the hours and by the caps of one person; empty too where no country is known."""
    if (where := locate(number, ruleset)) is None or (rules := rules_for(where, ruleset)) is None:
        return []
    hours = PersonsHours.of(rules, where.clocks, campaign.windows, preferred)
    return left_by_caps(wanted, rules.caps, calls, hours)


def left_by_caps(
    wanted: Sequence[Wanted], caps: Sequence[Cap], calls: Sequence[dt.datetime], hours: PersonsHours
) -> list[str]:
    """The external ids of those for whom no time is left when each of the others has one call.

    ``calls`` are those that the person has had and that count. Of all orders the one that leaves the fewest is taken.
    """
    by_end = sorted(wanted, key=lambda one: (one.last, one.first))
    best = _left(by_end, caps, calls, hours)
    if best and len(wanted) <= ALL_ORDERS:
        best = min((_left(order, caps, calls, hours) for order in permutations(by_end)), key=len)
    return best


def _left(order: Sequence[Wanted], caps: Sequence[Cap], calls: Sequence[dt.datetime], hours: PersonsHours) -> list[str]:
    made, left = list(calls), []
    earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
    for one in order:
        at = hours.from_(_free(max(one.first, earliest), caps, made))
        if at >= one.last:
            left.append(one.external_id)
        else:
            made.append(at)
            earliest = at
    return left


def _free(at: dt.datetime, caps: Sequence[Cap], calls: Sequence[dt.datetime]) -> dt.datetime:
    """The first instant from ``at`` on at which every cap leaves room."""
    while full := [reached.ends for cap in caps if (reached := used_up(calls, cap.calls, cap.per, at))]:
        at = max(full)
    return at
