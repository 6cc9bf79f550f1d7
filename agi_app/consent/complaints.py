"""Opens complaints: when each must be answered, and that it is one that can be.

A complaint about a call of ours brings a stop with it, unless the person who enters it says that none is meant: who
complains has said that they do not want it. The caller takes the stop first, so that it holds whatever comes next.
"""

from __future__ import annotations

import datetime as dt

from agi_app.gate.number_location import place_of, rules_for
from agi_app.gate.ruleset import RuleSet
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.people import complaints as table
from agi_app.store.people.complaints import OURS, RECEIVED, CaseTerms, Complaint

BY_LINE = "line"  # the source of a complaint by a key on a line of ours


def due_at(number: PhoneNumber, received_at: dt.datetime, ruleset: RuleSet) -> dt.datetime | None:
    """When a complaint must be answered by the rules of the number's country; of an unknown one by the strictest."""
    rules = rules_for(place_of(number, ruleset), ruleset)
    every = [rules] if rules is not None else [country.rules for country in ruleset.jurisdictions.values()]
    within = min((r.answer_complaints_within for r in every), default=dt.timedelta.max)
    return None if within == dt.timedelta.max else received_at + within


async def open_case(store: Store, ruleset: RuleSet, complaint: Complaint, kind: str = OURS) -> int:
    """Store it; returns the number of the case. One of kind ``received`` waits for nobody. Raises StoreError."""
    if kind != OURS:
        return await table.add(store, complaint, CaseTerms(kind))
    due = due_at(complaint.number, complaint.received_at, ruleset)
    return await table.add(store, complaint, CaseTerms(kind, due, ruleset.version))


__all__ = ["BY_LINE", "OURS", "RECEIVED", "Complaint", "due_at", "open_case"]
