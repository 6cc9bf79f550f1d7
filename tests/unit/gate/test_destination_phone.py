"""A staff telephone behind a trunk: rung only when it is proved, on no stop list, and sees a proved number of ours."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.decide import Decision
from agi_app.gate.destination_phone import decide_leg
from agi_app.gate.facts import ProofFact
from agi_app.gate.rehearsal import RehearsalFacts
from tests.unit.gate_cases import DAY, NOW

RULES = load_ruleset()
PHONE, OURS = "+999861380005501", "+999862155500001"
PROOF = ProofFact(PHONE, "rehearsal", NOW + 30 * DAY)
SHOWN = ProofFact(OURS, "letter", NOW + 30 * DAY)
LEG = RehearsalFacts(1, PHONE, OURS, SHOWN, "carrier", None, (), PROOF)

pytestmark = pytest.mark.attack("row 4: a destination that leaves by a trunk")


def judged(facts: RehearsalFacts, *, sandbox: bool = True, now: dt.datetime = NOW) -> Decision:
    return decide_leg(facts, sandbox, RULES, now)


def test_a_proved_staff_telephone_is_rung() -> None:
    assert judged(LEG).allowed
    assert judged(replace(LEG, phone_proof=msgspec.structs.replace(PROOF, kind="call"))).allowed


def test_whoever_answers_at_work_may_be_rung_at_night_and_on_sunday() -> None:
    """Hours guard people whom we want something of."""
    assert judged(LEG, now=dt.datetime(2026, 3, 8, 19, 30, tzinfo=dt.UTC)).allowed


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"suppressed_at": NOW - DAY}, "suppressed"),
        ({"phone_proof": None}, "phone_unproved"),
        ({"phone_proof": msgspec.structs.replace(PROOF, kind="letter")}, "phone_unproved"),
        ({"phone_proof": msgspec.structs.replace(PROOF, number="+999861380005502")}, "phone_unproved"),
        ({"phone_proof": msgspec.structs.replace(PROOF, expires_at=NOW)}, "phone_proof_expired"),
        ({"shown_proof": None}, "caller_id_unproved"),
        ({"shown_proof": msgspec.structs.replace(SHOWN, kind="rehearsal")}, "caller_id_unproved"),
        ({"shown_proof": msgspec.structs.replace(SHOWN, expires_at=NOW)}, "caller_id_unproved"),
        ({"shown": PHONE, "shown_proof": None}, "caller_id_unproved"),
        ({"number": "+99986", "phone_proof": msgspec.structs.replace(PROOF, number="+99986")}, "number_invalid"),
    ],
)
def test_whatever_is_not_known_is_a_refusal(changed: dict[str, object], rule: str) -> None:
    decision = judged(replace(LEG, **changed))  # type: ignore[arg-type]
    assert decision.rules[:1] == (rule,), decision.reasons


def test_a_test_number_does_not_leave_by_a_real_trunk() -> None:
    assert judged(LEG, sandbox=False).rules == ("number_reserved",)
