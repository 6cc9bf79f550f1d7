"""The gate as a whole: every reason is told, and only a marked, fresh attempt gets its one permit."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import pytest

from agi_app.errors import SafetyError
from agi_app.gate.decide import permit
from agi_app.gate.permit import LONGEST_MARK_S, PERMIT_LIFETIME_S, MarkReceipt
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import CampaignState
from tests.unit.gate_cases import CAMPAIGN, CLAIM, CN_NUMBER, DAY, NOW, YEAR, calls, consent, judge


def test_the_callable_contact_is_allowed_and_the_decision_says_by_which_rules_and_when() -> None:
    decision = judge()
    assert decision.allowed
    assert (decision.contact_id, decision.person_id) == (7, 70)
    assert (decision.ruleset_version, decision.decided_at) == ("test-rules", NOW)
    assert decision.try_again_at is None


def test_nothing_known_is_a_refusal_with_every_reason() -> None:
    decision = judge(
        number="nonsense", campaign_state=CampaignState.DRAFT, consents=(), suppressed_at=NOW, caller_id_proofs=()
    )
    assert decision.rules == (
        "campaign_not_running",
        "number_invalid",
        "consent_missing",
        "suppressed",
        "caller_id_unproved",
    )
    assert all(reason.text for reason in decision.reasons)


def test_an_unknown_country_is_refused_once_and_breaks_no_other_rule() -> None:
    decision = judge(rules=RuleSet("none", {}), counted_calls=calls(NOW))
    assert decision.rules == ("jurisdiction_unknown",)


def test_a_refusal_by_time_names_the_latest_of_its_times() -> None:
    late = NOW + dt.timedelta(hours=11)  # 21:00: the window opens at 09:00, the cap ends at 10:00
    decision = judge(now=late, counted_calls=calls(NOW))
    assert set(decision.rules) == {"cap_per_day", "window_jurisdiction"}
    assert decision.try_again_at == NOW + DAY
    assert judge(now=NOW + DAY, counted_calls=calls(NOW)).allowed


def test_a_refusal_that_a_person_must_mend_is_not_tried_again_by_itself() -> None:
    assert judge(counted_calls=calls(NOW), consents=()).try_again_at is None


def test_a_naive_time_is_never_taken_for_a_callees_hour() -> None:
    with pytest.raises(TypeError):
        judge(now=NOW.replace(tzinfo=None))


def test_the_gate_gives_the_same_answer_twice() -> None:
    assert judge(consents=(consent(expires=NOW),)) == judge(consents=(consent(expires=NOW),))
    assert judge(now=NOW + YEAR) == judge(now=NOW + YEAR)


def test_a_campaign_that_lists_no_country_calls_nobody() -> None:
    assert judge(campaign=replace(CAMPAIGN, jurisdictions=())).rules == ("jurisdiction_not_listed",)


# ---- permits


def test_a_permit_is_for_the_marked_attempt_and_its_number() -> None:
    given = permit(CLAIM, MarkReceipt("a1", 10.0), 10.1)
    assert (given.attempt_id, given.number, given.caller_id) == ("a1", CN_NUMBER, CLAIM.caller_id)


def test_a_permit_dials_once() -> None:
    given = permit(CLAIM, MarkReceipt("a1", 10.0), 10.0)
    given.use(10.1)
    with pytest.raises(SafetyError, match="already used"):
        given.use(10.1)


def test_a_mark_gives_one_permit() -> None:
    receipt = MarkReceipt("a1", 10.0)
    permit(CLAIM, receipt, 10.0)
    with pytest.raises(SafetyError, match="already gave a permit"):
        permit(CLAIM, receipt, 10.0)


def test_the_mark_of_another_attempt_permits_nothing() -> None:
    with pytest.raises(SafetyError, match="cannot permit"):
        permit(CLAIM, MarkReceipt("a2", 10.0), 10.0)


@pytest.mark.parametrize("late", [PERMIT_LIFETIME_S + 0.001, 60.0, -0.001, math.nan, math.inf])
def test_a_mark_that_is_old_or_of_another_clock_permits_nothing(late: float) -> None:
    with pytest.raises(SafetyError, match="not dialled"):
        permit(CLAIM, MarkReceipt("a1", 10.0), 10.0 + late)


def test_a_mark_whose_answer_came_late_permits_nothing() -> None:
    """When it was committed nobody knows, and a stop may have been stored since."""
    assert MarkReceipt.of("a1", 10.0, 10.02).committed_at == 10.02
    late = MarkReceipt.of("a1", 10.0, 11.5)
    with pytest.raises(SafetyError, match="not dialled"):
        permit(CLAIM, late, 11.5)
    permit(CLAIM, late, 9.99 + LONGEST_MARK_S + PERMIT_LIFETIME_S)


def test_a_permit_lives_as_long_as_the_mark_not_longer() -> None:
    given = permit(CLAIM, MarkReceipt("a1", 10.0), 10.0 + PERMIT_LIFETIME_S / 2)
    with pytest.raises(SafetyError, match="expired"):
        given.use(10.0 + PERMIT_LIFETIME_S + 0.001)
    given.use(10.0 + PERMIT_LIFETIME_S)
