"""Each rule of the gate: what it refuses, and when it would say otherwise."""

from __future__ import annotations

import datetime as dt
import inspect
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.gate import (
    abandoned_calls_rule,
    caller_id_rules,
    calling_hours_rules,
    campaign_rules,
    caps_and_gaps,
    consent_rules,
    do_not_call_rules,
    number_rules,
)
from agi_app.gate.calling_hours import Opening, is_open, next_opening
from agi_app.gate.case import GateCase
from agi_app.gate.decide import ALL_RULES
from agi_app.gate.facts import ConsentFact, ProofFact
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import CampaignState, Purpose, Window
from agi_app.model.number_location import NumberLocation
from tests.unit.gate_cases import (
    CALLER_ID,
    CAMPAIGN,
    CN_NUMBER,
    DAY,
    EVERY_DAY,
    FACTS,
    GB_NUMBER,
    NEW_YORK_NUMBER,
    NOW,
    SECOND,
    SHANGHAI,
    YEAR,
    calls,
    consent,
    judge,
    proofs,
    ruleset,
    window,
)

NEW_YORK, LONDON, HAVANA = ZoneInfo("America/New_York"), ZoneInfo("Europe/London"), ZoneInfo("America/Havana")
MARKETING, SURVEY = Purpose.MARKETING, Purpose.SURVEY


def at(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> dt.datetime:
    """An instant, written in local time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)


SUBJECTS = (
    abandoned_calls_rule,
    campaign_rules,
    number_rules,
    consent_rules,
    do_not_call_rules,
    caller_id_rules,
    caps_and_gaps,
    calling_hours_rules,
)


def test_every_rule_of_every_subject_is_asked() -> None:
    written = {
        function
        for subject in SUBJECTS
        for function in vars(subject).values()
        if inspect.isfunction(function) and [*inspect.signature(function).parameters] == ["case"]
    }
    assert written == set(ALL_RULES)


# ---- campaign, number, caller ID


@pytest.mark.parametrize("state", [s for s in CampaignState if s is not CampaignState.RUNNING])
def test_a_campaign_that_does_not_run_calls_nobody(state: CampaignState) -> None:
    assert judge(campaign_state=state).rules == ("campaign_not_running",)


def test_a_rehearsal_is_no_purpose_of_a_campaign() -> None:
    rehearsal = replace(CAMPAIGN, purpose=Purpose.REHEARSAL)
    assert judge(campaign=rehearsal, consents=(consent(Purpose.REHEARSAL),)).rules == ("purpose_rehearsal",)


@pytest.mark.parametrize("number", ["", "110", "+86", "13800000000", "+12125550100 ext 5"])
def test_an_unusable_number_is_refused(number: str) -> None:
    assert judge(number=number).rules == ("number_invalid",)


@pytest.mark.parametrize("number", ["00999861380000001", "+999 861380000001", "＋999861380000001"])
def test_a_number_that_is_not_exactly_what_would_be_dialled_is_refused(number: str) -> None:
    assert judge(number=number).rules == ("number_invalid",)


def test_a_test_number_is_never_called_through_a_real_trunk() -> None:
    assert judge(sandbox=False).rules == ("number_reserved",)


def test_a_sandbox_trunk_never_calls_a_real_number() -> None:
    assert "number_not_reserved" in judge(number="+12125550200").rules


def test_a_callee_of_a_country_that_the_campaign_does_not_list_is_refused() -> None:
    assert judge(campaign=replace(CAMPAIGN, jurisdictions=("GB",))).rules == ("jurisdiction_not_listed",)


def test_a_country_without_rules_is_refused_although_the_campaign_lists_it() -> None:
    assert judge(rules=RuleSet("none", {})).rules == ("jurisdiction_unknown",)


def test_without_a_proved_caller_id_nobody_is_called() -> None:
    assert judge(caller_id_proofs=()).rules == ("caller_id_unproved",)


@pytest.mark.attack("row 22: a caller ID of letters")
@pytest.mark.parametrize(
    "shown", ["Clinic", "1-800-FLOWERS", "+1800FLOWERS", "+8621５５５００００１", "", "+862155500001;x"]
)
def test_a_caller_id_that_is_no_number_is_never_shown_whatever_proves_it(shown: str) -> None:
    forged = ProofFact(shown, "call", NOW + YEAR)
    decision = judge(campaign=replace(CAMPAIGN, caller_id=shown), caller_id_proofs=(forged,))
    assert decision.rules == ("caller_id_unproved",)
    assert "letters are never taken for digits" in decision.reasons[0].text


@pytest.mark.parametrize("kind", ["rehearsal", "", "Letter"])
def test_a_proof_of_an_unknown_kind_proves_nothing(kind: str) -> None:
    assert judge(caller_id_proofs=proofs(kind, NOW + YEAR)).rules == ("caller_id_unproved",)


def test_a_proof_ends_at_its_last_instant() -> None:
    assert judge(caller_id_proofs=proofs("letter", NOW)).rules == ("caller_id_proof_expired",)
    assert judge(caller_id_proofs=proofs("letter", NOW + SECOND)).allowed


@pytest.mark.attack("row 8: a proof that holds longer than a proof can")
def test_a_proof_of_more_than_a_year_proves_nothing() -> None:
    """It was made by a clock of another time, or by hand."""
    year = dt.timedelta(days=365)
    assert judge(caller_id_proofs=proofs("letter", NOW + year)).allowed
    assert judge(caller_id_proofs=proofs("call", NOW + year + dt.timedelta(days=2))).rules == ("caller_id_unproved",)


def test_a_person_is_never_shown_a_second_number() -> None:
    assert judge(caller_id_seen="+999862000000002").rules == ("caller_id_changed",)
    assert judge(caller_id_seen=CALLER_ID).allowed


def test_a_stop_refuses_whatever_else_is_true() -> None:
    decision = judge(suppressed_at=NOW - YEAR, consents=(consent(given=NOW - SECOND),))
    assert decision.rules == ("suppressed",)
    assert decision.try_again_at is None


# ---- consent


def test_without_a_consent_nobody_is_called() -> None:
    decision = judge(consents=())
    assert decision.rules == ("consent_missing",)
    assert decision.try_again_at is None


def test_a_consent_for_another_purpose_does_not_leak_into_this_campaign() -> None:
    refused = judge(consents=(consent(MARKETING), consent(SURVEY)))
    assert refused.rules == ("consent_purpose",)
    assert "marketing, survey" in refused.reasons[0].text


def test_a_consent_that_begins_in_the_future_is_none_yet_and_wakes_the_contact_when_it_begins() -> None:
    begins = NOW + dt.timedelta(hours=1)
    decision = judge(consents=(consent(given=begins),))
    assert decision.rules == ("consent_missing",)
    assert decision.try_again_at == begins
    assert judge(now=begins, consents=(consent(given=begins),)).allowed


def test_a_withdrawn_consent_is_refused() -> None:
    assert judge(consents=(consent(revoked=NOW - DAY),)).rules == ("consent_revoked",)


def test_a_consent_given_again_after_the_withdrawal_holds() -> None:
    old, new = consent(revoked=NOW - DAY), consent(given=NOW - DAY + SECOND)
    assert judge(consents=(old, new)).allowed
    assert judge(consents=(new, old)).allowed


@pytest.mark.parametrize("before", [0, 1, 86400])
def test_a_consent_given_before_the_withdrawal_falls_with_it_even_if_it_came_in_later_by_import(before: int) -> None:
    reimported = consent(given=NOW - DAY - before * SECOND)
    assert judge(consents=(consent(revoked=NOW - DAY), reimported)).rules == ("consent_revoked",)


def test_the_withdrawal_of_one_purpose_leaves_the_others() -> None:
    assert judge(consents=(consent(), consent(MARKETING, revoked=NOW - DAY))).allowed


def test_a_withdrawal_with_a_clock_ahead_of_ours_counts_at_once() -> None:
    assert judge(consents=(consent(revoked=NOW + DAY),)).rules == ("consent_revoked",)


def test_a_consent_ends_at_its_last_instant() -> None:
    assert judge(consents=(consent(expires=NOW),)).rules == ("consent_expired",)
    assert judge(consents=(consent(expires=NOW + SECOND),)).allowed


def test_a_consent_that_ends_before_it_begins_is_expired_and_is_not_waited_for() -> None:
    begins = NOW + DAY
    for expires in (begins - SECOND, begins):
        decision = judge(consents=(consent(given=begins, expires=expires),))
        assert decision.rules == ("consent_expired",)
        assert decision.try_again_at is None
    decision = judge(consents=(consent(given=begins, expires=begins + SECOND),))
    assert decision.try_again_at == begins


def test_one_expired_and_one_withdrawn_consent_are_no_consent() -> None:
    expired, revoked = consent(expires=NOW - DAY), consent(revoked=NOW - 2 * DAY)
    assert judge(consents=(expired, revoked)).rules == ("consent_revoked",)
    renewed = consent(given=NOW - DAY, expires=NOW - SECOND)
    assert judge(consents=(renewed, revoked)).rules == ("consent_expired",)


def test_an_expired_consent_beside_a_valid_one_does_no_harm() -> None:
    assert judge(consents=(consent(expires=NOW - DAY), consent())).allowed


MOMENTS = st.integers(-400, 400).map(lambda hours: NOW + dt.timedelta(hours=hours))
CONSENTS = st.builds(
    ConsentFact, st.just(1), st.sampled_from(list(Purpose)), MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS
)


@given(st.lists(CONSENTS, max_size=5))
def test_nobody_is_called_without_a_consent_of_this_purpose_that_holds_now(consents: list[ConsentFact]) -> None:
    decision = judge(consents=tuple(consents))
    holding = [
        c
        for c in consents
        if c.purpose is CAMPAIGN.purpose
        and c.given_at <= NOW
        and (c.expires_at is None or c.expires_at > NOW)
        and c.revoked_at is None
    ]
    if decision.allowed:
        assert holding
    revocations = [c.revoked_at for c in consents if c.purpose is CAMPAIGN.purpose and c.revoked_at]
    assert decision.allowed == any(c.given_at > max(revocations, default=c.given_at - DAY) for c in holding)


# ---- cap


def test_a_second_call_in_24_hours_is_refused_until_24_hours_have_passed() -> None:
    called = NOW - DAY + SECOND
    decision = judge(counted_calls=calls(called))
    assert decision.rules == ("cap_per_day",)
    assert decision.try_again_at == called + DAY


def test_a_call_exactly_24_hours_ago_does_not_count_any_more() -> None:
    assert judge(counted_calls=calls(NOW - DAY)).allowed
    assert not judge(counted_calls=calls(NOW - DAY + dt.timedelta(microseconds=1))).allowed


def test_a_call_that_lies_ahead_of_our_clock_counts() -> None:
    assert judge(counted_calls=calls(NOW + SECOND)).rules == ("cap_per_day",)


def test_a_cap_of_three_looks_at_the_third_call_back() -> None:
    times = tuple(NOW - dt.timedelta(hours=h) for h in (20, 2, 30, 10))
    decision = judge(counted_calls=calls(*times), rules=ruleset(cap=3))
    assert decision.rules == ("cap_per_day",)
    assert decision.try_again_at == NOW - dt.timedelta(hours=20) + DAY
    assert judge(counted_calls=calls(*times), rules=ruleset(cap=4)).allowed


@given(st.lists(st.integers(-100, 3000), max_size=12), st.integers(1, 4))
def test_no_more_calls_than_the_cap_in_any_24_hours(minutes: list[int], cap: int) -> None:
    """A call the gate allows never makes the calls of a day more than the cap, and it says when there is room."""
    times = tuple(NOW - dt.timedelta(minutes=m) for m in minutes)
    rules = ruleset(window("00:00", "24:00", EVERY_DAY), cap=cap)
    decision = judge(counted_calls=calls(*times), rules=rules)
    in_a_day = [c for c in times if c > NOW - DAY]
    assert decision.allowed == (len(in_a_day) < cap)
    if decision.try_again_at is not None:
        assert judge(now=decision.try_again_at, counted_calls=calls(*times), rules=rules).allowed
        assert not judge(now=decision.try_again_at - SECOND, counted_calls=calls(*times), rules=rules).allowed


# ---- windows


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-03-04 08:59:59.999999", "2026-03-04 09:00"),
        ("2026-03-04 12:00", "2026-03-04 14:00"),
        ("2026-03-04 20:00", "2026-03-05 09:00"),
        ("2026-03-06 23:59:59", "2026-03-09 09:00"),
        ("2026-03-07 10:00", "2026-03-09 09:00"),
    ],
)
def test_outside_the_hours_nobody_is_called_and_the_next_opening_is_named(local: str, opens: str) -> None:
    decision = judge(now=at(local))
    assert decision.rules == ("window_jurisdiction",)
    assert decision.try_again_at == at(opens)


@pytest.mark.parametrize("local", ["2026-03-04 09:00", "2026-03-04 11:59:59.999999", "2026-03-04 14:00"])
def test_a_window_includes_its_first_instant_and_ends_before_its_last(local: str) -> None:
    assert judge(now=at(local)).allowed


def test_a_window_until_midnight_has_no_hole_at_midnight() -> None:
    rules = ruleset(window("00:00", "24:00", EVERY_DAY))
    for local in ("2026-03-04 00:00", "2026-03-04 23:59:59", "2026-03-08 12:00"):
        assert judge(now=at(local), rules=rules).allowed


def test_the_hours_are_those_of_the_callee_not_ours() -> None:
    three_pm_in_london = at("2026-03-04 15:00", LONDON)
    assert judge(now=three_pm_in_london, number=GB_NUMBER).allowed
    assert judge(now=three_pm_in_london, number=CN_NUMBER).rules == ("window_jurisdiction",)
    assert "Wed 23:00" in judge(now=three_pm_in_london, number=CN_NUMBER).reasons[0].text


def test_a_campaigns_window_narrows_and_never_widens() -> None:
    wide = replace(CAMPAIGN, windows=(window("00:00", "24:00", EVERY_DAY),))
    assert judge(now=at("2026-03-04 13:00"), campaign=wide).rules == ("window_jurisdiction",)
    narrow = replace(CAMPAIGN, windows=(window("10:30", "11:00"),))
    decision = judge(now=at("2026-03-04 10:00"), campaign=narrow)
    assert decision.rules == ("window_campaign",)
    assert decision.try_again_at == at("2026-03-04 10:30")


def test_a_window_that_never_opens_does_not_make_the_contact_try_for_ever() -> None:
    decision = judge(rules=ruleset(Window(frozenset(), dt.time(9), dt.time(10))))
    assert decision.rules == ("window_jurisdiction",)
    assert decision.try_again_at is None


@pytest.mark.parametrize(
    ("local", "allowed"),
    [("09:59", False), ("11:59", False), ("12:00", True), ("19:59", True), ("20:00", False)],
)
def test_with_several_possible_zones_it_must_be_a_calling_hour_in_all_of_them(local: str, allowed: bool) -> None:
    """12:00 in New York is 09:00 in Los Angeles; from 20:00 in New York it is too late there."""
    now = at(f"2026-03-04 {local}", NEW_YORK)
    hours = window("09:00", "20:00")
    decision = judge(now=now, number="+15555550100", rules=ruleset(hours))  # New York and Los Angeles
    assert decision.allowed is allowed
    assert is_open(now, Opening(((hours,),)), [NEW_YORK, ZoneInfo("America/Los_Angeles")]) is allowed
    if local == "11:59":
        assert "08:59" in decision.reasons[0].text  # the zone that is closed, not the one that is open
        assert decision.try_again_at == at("2026-03-04 12:00", NEW_YORK)


def test_a_number_whose_time_of_day_is_not_known_is_refused_once() -> None:
    nowhere = GateCase(FACTS, NumberLocation("CN", (), (), reserved=True), CALLER_ID, CAMPAIGN, True, ruleset(), NOW)
    assert [r.rule for rule in ALL_RULES if (r := rule(nowhere))] == ["zone_unknown"]
    assert not is_open(NOW, Opening(((window("00:00", "24:00", EVERY_DAY),),)), [])


def test_the_hour_that_daylight_saving_skips_is_no_calling_hour() -> None:
    """New York, 2026-03-08: 02:00 becomes 03:00, so a window inside that hour does not exist that day."""
    skipped = Opening(((window("02:15", "02:45", EVERY_DAY),),))
    before = at("2026-03-08 01:59", NEW_YORK)
    assert next_opening(before, skipped, [NEW_YORK]) == at("2026-03-09 02:15", NEW_YORK)


def test_a_window_that_starts_in_the_skipped_hour_opens_late_never_early() -> None:
    opening = next_opening(
        at("2026-03-08 01:59", NEW_YORK), Opening(((window("02:30", "12:00", EVERY_DAY),),)), [NEW_YORK]
    )
    assert opening == at("2026-03-08 03:30", NEW_YORK)


def test_where_midnight_itself_is_skipped_a_window_from_midnight_opens_at_the_first_instant() -> None:
    """Havana, 2026-03-08: 00:00 becomes 01:00."""
    opening = next_opening(
        at("2026-03-07 23:00", HAVANA), Opening(((window("00:00", "05:00", frozenset({6})),),)), [HAVANA]
    )
    assert opening == at("2026-03-08 01:00", HAVANA)


def test_the_hour_that_comes_twice_opens_twice() -> None:
    """London, 2026-10-25: 01:00 to 02:00 comes twice."""
    twice = Opening(((window("01:30", "01:45", EVERY_DAY),),))
    first, second = at("2026-10-25 01:30", LONDON), at("2026-10-25 01:30", LONDON, fold=1)
    assert second - first == dt.timedelta(hours=1)
    assert next_opening(first - SECOND, twice, [LONDON]) == first
    assert next_opening(first, twice, [LONDON]) == second


MINUTES = st.integers(0, 1439).map(lambda m: dt.time(m // 60, m % 60))
WINDOWS = st.builds(
    lambda days, a, b: Window(frozenset(days), min(a, b), max(a, b)),
    st.sets(st.integers(0, 6), min_size=1),
    MINUTES,
    MINUTES,
)
ZONES = st.lists(st.sampled_from([SHANGHAI, NEW_YORK, LONDON, ZoneInfo("Asia/Kolkata")]), min_size=1, max_size=2)


@given(st.integers(0, 366 * 24 * 4), st.lists(WINDOWS, min_size=1, max_size=3).map(tuple), ZONES)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    quarters: int, windows: tuple[Window, ...], zones: list[ZoneInfo]
) -> None:
    now = at("2026-01-01 00:00") + dt.timedelta(minutes=15 * quarters)
    opening = next_opening(now, Opening((windows,)), zones)
    if opening is None:
        return
    assert opening > now
    assert is_open(opening, Opening((windows,)), zones)
    was_open = is_open(now, Opening((windows,)), zones)
    probe = now
    while (probe := probe + dt.timedelta(minutes=7)) < opening and not _clock_change_near(probe, zones):
        if was_open:
            was_open = is_open(probe, Opening((windows,)), zones)  # still the opening in which we began
        else:
            assert not is_open(probe, Opening((windows,)), zones)


def _clock_change_near(instant: dt.datetime, zones: list[ZoneInfo]) -> bool:
    hour = dt.timedelta(hours=3)
    return any((instant - hour).astimezone(z).utcoffset() != (instant + hour).astimezone(z).utcoffset() for z in zones)


def test_the_zone_of_the_numbers_digits_is_used_for_north_america() -> None:
    nine_in_new_york = at("2026-03-04 09:00", NEW_YORK)
    assert judge(now=nine_in_new_york, number=NEW_YORK_NUMBER).allowed
    assert judge(now=nine_in_new_york, number="+14155550199").rules == ("window_jurisdiction",)
