"""What a case is: what the far end does, what must come of it, and by which sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from witness.book import Record
from witness.site import Script

OUTCOMES = "docs/reference/outcomes.md"
SAFETY = "docs/explanation/safety.md"
FLOW = "docs/reference/flow-language.md"
ISSUE = "the promise of the release"


@dataclass(slots=True)
class Expect:
    """What agi-app must say of one call. None: not judged. ``why`` is the sentence that asks for it."""

    outcome: Sequence[str] | None = None
    disposition: Sequence[str] | None = None
    counts: bool | None = None
    again: str | None = (
        None  # "never", "soon" (within hours), "later" (not within 12 hours), "not soon" (either but soon)
    )
    stop: bool = False
    answers: dict[str, str] | None = None
    reason: str = ""  # a word that `refused_by` must have
    max_s: float = 0.0  # the longest that the call may last after its answer
    min_s: float = 0.0
    ended_by: Sequence[str] | None = None
    invites: int = 1
    why: str = ""


@dataclass(slots=True)
class Seen:
    """Both sides of one person of a case: the carrier's log, and what agi-app reports."""

    case: Case
    number: str
    external_id: str
    records: list[Record]
    attempts: list[dict[str, Any]]
    contact: dict[str, Any]
    stopped: bool | None = None  # by the probe after the run
    met: bool = True  # False: the order of the case did not find this person where it wanted it

    @property
    def is_asterisks_fault(self) -> bool:
        """True if the far end noted the trace of a fault of Asterisk itself that this case is known for."""
        wanted = self.case.documented_if
        return bool(wanted) and any(wanted in note for record in self.records for note in record.notes)


Check = Callable[[Seen], list[str]]


@dataclass(slots=True)
class Case:
    """One thing that a far end does, ``times`` times, each with a person of its own."""

    name: str
    group: str
    campaign: str
    script: Script
    expect: Expect
    times: int = 1
    quick: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    check: Check | None = None
    documented: str = ""  # a fault of Asterisk itself: its row
    documented_if: str = ""  # what the far end must have noted for that, and for nothing else
    orders: str = ""  # a command of the operator that these people meet: see orders.py

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def refused(outcome: Sequence[str] | str, *, rang: bool, why: str, again: str, always_counts: bool) -> Expect:
    """Of a final answer."""
    outcomes = (outcome,) if isinstance(outcome, str) else tuple(outcome)
    return Expect(outcome=outcomes, counts=always_counts or rang, again=again, why=why, invites=1)


def confirmed(why: str, **more: Any) -> Expect:
    """The call went on as any other: 1 was understood."""
    facts: dict[str, Any] = {
        "outcome": ("answered",),
        "disposition": ("confirmed",),
        "counts": True,
        "again": "never",
        "why": why,
    }
    return Expect(**{**facts, **more})


def stopped(why: str, **more: Any) -> Expect:
    """A stop was given."""
    facts: dict[str, Any] = {
        "outcome": ("answered",),
        "disposition": ("opted_out",),
        "counts": True,
        "again": "never",
        "stop": True,
        "why": why,
    }
    return Expect(**{**facts, **more})
