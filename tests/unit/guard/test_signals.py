"""What speaks against a caller and for it."""

from __future__ import annotations

from agi_app.guard.case import case_of
from agi_app.guard.facts import CallerFacts
from agi_app.guard.signals import signals
from tests.unit.guard.test_decide import CALL, NOW, STANDARD, WORST


def weights(facts: CallerFacts) -> dict[str, int]:
    return {reason.rule: reason.weight for reason in signals(case_of(CALL, facts, STANDARD, NOW))}


def test_each_thing_against_a_caller_counts_and_a_first_call_alone_is_little() -> None:
    worst, stranger = weights(WORST), weights(CallerFacts())
    assert {"run", "decoys", "votes", "script"} <= set(worst)
    assert sum(worst.values()) > 10 * max(1, sum(stranger.values()))
