"""What a regulator asks about a person: when did they refuse, and how many seconds and calls after it?

Computed from the recorded rows alone. A refusal counts from when the person said it, in rules time; the
calls from when their INVITE was allowed to leave (the mark), in rules time too, so both are on one clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from agi_app.model.person import WRONG_NUMBER
from agi_app.store.people.history import PersonCall, PersonHistory, StoredRevocation


@dataclass(frozen=True, slots=True)
class RefusalStory(StoredRevocation):
    """One refusal and what followed; ``purpose`` None: of every call, permanently, or (``via``) a wrong number.

    ``seconds_to_last_invite`` is negative when the last call began before the refusal, as it must;
    ``seconds_to_hangup`` is how long the call went on in which, or during which, they refused.
    """

    calls_after: int
    calls_after_recorded: int  # of these, dialled after it was entered here
    seconds_to_last_invite: float | None
    seconds_to_hangup: float | None


def refusals(found: PersonHistory) -> list[RefusalStory]:
    """All refusals, the oldest first; the suppression list counts when nothing else says who put the number there."""
    told = [_refusal(r, found.calls) for r in found.revocations]
    listed = found.suppression
    if listed is not None and not any(_stops(r) and r.number == found.number for r in found.revocations):
        row = StoredRevocation(
            number=found.number,
            purpose=None,
            at=listed.at,
            reason=listed.reason,
            via=listed.via,
            method=None,
            source=None,
            evidence=None,
            evidence_file=None,
            evidence_sha256=None,
            entered_by=None,
            recorded_at=listed.recorded_at,
        )
        told.append(_refusal(row, found.calls))
    return sorted(told, key=lambda r: r.at)


def _stops(said: StoredRevocation) -> bool:
    """Whether it is of every call, permanently: neither of one purpose, nor of a number that is not theirs."""
    return said.purpose is None and said.via != WRONG_NUMBER


def _refusal(said: StoredRevocation, calls: Sequence[PersonCall]) -> RefusalStory:
    about = [c for c in calls if said.purpose is None or c.purpose == said.purpose]
    if said.via == WRONG_NUMBER:
        about = [c for c in about if c.number == said.number]
    after = [c for c in about if c.rules_at > said.at]
    invites = [(c.rules_at - said.at).total_seconds() for c in about]
    going_on = [end for c in about if c.rules_at <= said.at and (end := _ended(c)) is not None and end > said.at]
    return RefusalStory(
        **asdict(said),
        calls_after=len(after),
        calls_after_recorded=sum(c.marked_at is not None and c.marked_at > said.recorded_at for c in after),
        seconds_to_last_invite=round(max(invites), 3) if invites else None,
        seconds_to_hangup=round((max(going_on) - said.at).total_seconds(), 3) if going_on else None,
    )


def _ended(call: PersonCall) -> dt.datetime | None:
    """When the call ended, in rules time."""
    if call.ended_at is None or call.marked_at is None:
        return None
    return call.rules_at + (call.ended_at - call.marked_at)
