"""The gate of verification calls, and the code."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.config.trunks import TrunkSettings
from agi_app.consent.caller_id_proof import hash_code, is_code, proof_by_call
from agi_app.errors import InputError
from agi_app.gate.decide import Decision
from agi_app.gate.facts import ProofFact
from agi_app.gate.verification import CALLS_PER_DAY, VerificationFacts, decide_verification
from agi_app.operations.calling.requested_calls import pick_trunk
from tests.unit.gate_cases import DAY, NOW, SECOND, YEAR, ruleset

OURS, PROVED = "+999862155500001", "+999862155500002"
FACTS = VerificationFacts(
    person_id=7, number=OURS, shown=None, shown_proof=None, trunk="phone", suppressed_at=None, recent_calls=()
)


def judge(now: dt.datetime = NOW, *, sandbox: bool = True, **changes: object) -> Decision:
    """The answer about a call that may be made, with ``changes`` to its facts."""
    return decide_verification(replace(FACTS, **changes), sandbox, ruleset(), now)  # type: ignore[arg-type]


def test_a_number_of_ours_in_calling_hours() -> None:
    decision = judge()
    assert (decision.allowed, decision.caller_id) == (True, OURS)


def test_window_suppression_and_trunk_bind_as_for_everybody() -> None:
    """The number is only said to be ours; it may be a stranger's."""
    assert judge(NOW + dt.timedelta(hours=11)).rules == ("window_jurisdiction",)
    assert judge(suppressed_at=NOW - YEAR).rules == ("suppressed",)
    assert judge(sandbox=False).rules == ("number_reserved",)
    assert judge(number="+8613812345678").rules == ("number_not_reserved",)
    assert "number_invalid" in judge(number="+861").rules


def test_three_in_any_24_hours() -> None:
    calls = tuple(NOW - DAY + n * SECOND for n in (1, 2, 3))
    refused = judge(recent_calls=calls)
    assert refused.rules == ("verification_per_day",)
    assert refused.try_again_at == NOW + SECOND
    assert judge(recent_calls=calls[1:]).allowed
    assert judge(recent_calls=(NOW - DAY, *calls[1:])).allowed, "a call 24 hours ago is not of this day"
    assert len(calls) == CALLS_PER_DAY


@pytest.mark.parametrize(
    ("proof", "allowed"),
    [
        (None, False),
        (ProofFact(PROVED, "letter", NOW + SECOND), True),
        (ProofFact(PROVED, "call", NOW), False),
        (ProofFact(PROVED, "rehearsal", NOW + YEAR), False),
    ],
)
def test_another_number_is_shown_only_when_it_is_proved(proof: ProofFact | None, allowed: bool) -> None:
    decision = judge(shown=PROVED, shown_proof=proof)
    assert decision.rules == (() if allowed else ("caller_id_unproved",))


@pytest.mark.slow  # hashing is slow on purpose
def test_the_code_is_known_by_its_hash_alone() -> None:
    code = "000042"
    kept = hash_code(code)
    assert is_code(kept, code)
    assert not is_code(kept, "000043")
    assert not is_code(kept, "")
    assert hash_code(code) != kept, "salted"
    assert code.encode() not in kept


def test_the_proof_lasts_a_year() -> None:
    proof = proof_by_call(OURS, "Ann", NOW)
    assert (proof.kind, proof.evidence_file, proof.expires_at) == ("call", None, NOW + YEAR)


def test_the_trunk_that_fits() -> None:
    real, test = (TrunkSettings(endpoint="PJSIP/{number}@x", sandbox=sandbox) for sandbox in (False, True))
    assert pick_trunk({"a": real, "b": test}, None, reserved=True) == "b"
    assert pick_trunk({"a": real, "b": test}, None, reserved=False) == "a"
    assert pick_trunk({"a": real, "b": real}, "b", reserved=False) == "b"
    assert pick_trunk({"a": real}, None, reserved=True) == "a", "the gate refuses it, in a decision row"
    with pytest.raises(InputError, match="trunks here: a, b"):
        pick_trunk({"a": real, "b": real}, None, reserved=False)
    with pytest.raises(InputError, match="--trunk c"):
        pick_trunk({"a": real}, "c", reserved=False)
