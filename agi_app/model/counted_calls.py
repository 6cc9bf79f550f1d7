"""Which calls count against a person's caps."""

from __future__ import annotations

from agi_app.model.call import CallResult, Outcome

# Outcomes that never disturbed a person by themselves; the caps ignore them unless the phone rang.
NOT_AN_ATTEMPT_ON_THE_PERSON = frozenset(
    {Outcome.CONGESTION, Outcome.TRUNK_SILENT, Outcome.INVALID_NUMBER, Outcome.FAILED, Outcome.CANCELLED}
)


def counts(result: CallResult) -> bool:
    """Whether it counts against the person's cap: it rang, was answered, or may have."""
    if result.ringing_at is not None or result.answered_at is not None:
        return True
    return result.outcome not in NOT_AN_ATTEMPT_ON_THE_PERSON
