"""Nothing but an allowed call and the receipt of its mark makes a permit: not by type, and not at run time."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, get_type_hints

import msgspec
import pytest

from agi_app.errors import SafetyError
from agi_app.gate.decide import decide, permit
from agi_app.gate.permit import MarkReceipt, Permit
from agi_app.model.call import AllowedCall
from tests.unit.gate_cases import CAMPAIGN, CLAIM, FACTS, NOW, ruleset

ALLOWED = decide(FACTS, CAMPAIGN, True, ruleset(), NOW)


def test_by_type_a_permit_needs_an_allowed_call_and_a_receipt() -> None:
    parameters = inspect.signature(permit).parameters.values()
    assert all(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters), "none can be left out"
    hints = get_type_hints(permit)
    assert (hints["call"], hints["receipt"], hints["return"]) == (AllowedCall, MarkReceipt, Permit), (
        "and none may be None"
    )


@pytest.mark.parametrize(
    ("claim", "receipt"),
    [
        (None, MarkReceipt("a1", 100.0)),
        (CLAIM, None),
        (None, None),
        (ALLOWED, MarkReceipt("a1", 100.0)),
        (CLAIM, ALLOWED),
    ],
)
def test_an_allowing_decision_alone_is_no_permit(claim: Any, receipt: Any) -> None:
    assert ALLOWED.allowed
    with pytest.raises(AttributeError):
        permit(claim, receipt, 100.1)


def test_a_receipt_of_another_attempt_or_spent_or_old_gives_none() -> None:
    receipt = MarkReceipt("a1", 100.0)
    with pytest.raises(SafetyError):
        permit(replace(CLAIM, attempt_id="a2"), receipt, 100.1)
    with pytest.raises(SafetyError):
        permit(CLAIM, receipt, 100.4)
    assert permit(CLAIM, receipt, 100.1).number == CLAIM.number
    with pytest.raises(SafetyError):
        permit(CLAIM, receipt, 100.1)


def test_a_refused_decision_gives_no_call() -> None:
    refused = decide(msgspec.structs.replace(FACTS, consents=()), CAMPAIGN, True, ruleset(), NOW)
    assert not refused.allowed
    with pytest.raises(SafetyError, match="refused"):
        refused.call("a1", CLAIM.number, "test", 1)
    call = ALLOWED.call("a1", CLAIM.number, "test", 1)
    assert (call.number, call.caller_id, call.place.region) == (CLAIM.number, CLAIM.caller_id, "CN")
