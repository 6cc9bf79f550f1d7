"""Opens complaints: when each must be answered, and that it is one that can be.

A complaint about a call of ours brings a stop with it, unless the person who enters it says that none is meant: who
complains has said that they do not want it. The caller takes the stop first, so that it holds whatever comes next.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agi_app.gate.number_location import place_of, rules_for
from agi_app.gate.ruleset import RuleSet
from agi_app.model.phone import PhoneNumber
from agi_app.store.database.pool import Store
from agi_app.store.people import complaints as table
from agi_app.store.people.complaints import OURS, RECEIVED, NewCase

LONGEST_TEXT = 5000
BY_LINE = "line"  # the source of a complaint by a key on a line of ours


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was said, by whom, when and where; ``ref`` only where it may be entered twice by mistake."""

    number: PhoneNumber
    received_at: dt.datetime  # rules time
    source: str
    text: str
    entered_by: str
    campaign: str | None = None
    ref: str | None = None
    evidence: tuple[bytes, str] | None = None  # SHA-256 of the kept file, and its name
    details: Mapping[str, Any] = field(default_factory=dict)  # of a call of others: caller, times, category, name


def due_at(number: PhoneNumber, received_at: dt.datetime, ruleset: RuleSet) -> dt.datetime | None:
    """When a complaint must be answered by the rules of the number's country; of an unknown one by the strictest."""
    rules = rules_for(place_of(number, ruleset), ruleset)
    every = [rules] if rules is not None else [country.rules for country in ruleset.jurisdictions.values()]
    within = min((r.answer_complaints_within for r in every), default=dt.timedelta.max)
    return None if within == dt.timedelta.max else received_at + within


async def open_case(store: Store, ruleset: RuleSet, complaint: Complaint, kind: str = OURS) -> int:
    """Store it; returns the number of the case. One of kind ``received`` waits for nobody. Raises StoreError."""
    digest, name = complaint.evidence or (None, None)
    ours = kind == OURS
    case = NewCase(
        ref=complaint.ref or uuid.uuid4().hex,
        kind=kind,
        number=complaint.number,
        received_at=complaint.received_at,
        due_at=due_at(complaint.number, complaint.received_at, ruleset) if ours else None,
        ruleset_version=ruleset.version if ours else None,
        source=complaint.source,
        text=complaint.text[:LONGEST_TEXT],
        entered_by=complaint.entered_by,
        campaign=complaint.campaign,
        details=complaint.details,
        evidence_sha256=digest,
        evidence_file=name,
    )
    return await table.add(store, case)


__all__ = ["BY_LINE", "OURS", "RECEIVED", "Complaint", "due_at", "open_case"]
