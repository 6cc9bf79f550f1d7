"""When a contact is called again: not after it was reached, never outside the hours, never inside the cap."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.retry_and_call_back import next_due
from agi_app.gate.calling_hours import Opening, is_open
from agi_app.gate.number_location import place_of
from agi_app.model.call import CallResult, Fault, Outcome
from agi_app.model.campaign import Campaign, Window
from agi_app.model.counted_calls import counts
from agi_app.model.phone import PhoneNumber, parse
from tests.unit.gate_cases import CAMPAIGN, CLAIM, CN_NUMBER, DAY, NOW, SHANGHAI, judge, ruleset, window

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
RULES = ruleset()
RETRYING = replace(CAMPAIGN, retry={"no_answer": (DAY, 2 * DAY), "busy": (HOUR,), "congestion": (5 * MINUTE,) * 3})


def due(outcome: str, *, now: dt.datetime = NOW, used: int = 0, rang: bool = False) -> dt.datetime:
    """When the contact is due again; the test fails if it is done."""
    result = CallResult(Outcome(outcome), ringing_at=now if rang else None)
    found = next_due(replace(CLAIM, retries_used={outcome: used}), RETRYING, result, RULES, now)
    assert found is not None
    return found


def test_a_machine_is_called_again_if_the_campaign_says_so() -> None:
    """Its answer counts like any: not before a cap of one call a day is over."""
    again = replace(CAMPAIGN, retry={"machine": (2 * DAY,)})
    result = CallResult(Outcome.MACHINE, answered_at=NOW)
    assert next_due(CLAIM, again, result, RULES, NOW) == NOW + 2 * DAY
    assert next_due(replace(CLAIM, retries_used={"machine": 1}), again, result, RULES, NOW) is None
    assert next_due(CLAIM, replace(CAMPAIGN, retry={"machine": (HOUR,)}), result, RULES, NOW) == NOW + DAY


@pytest.mark.parametrize("outcome", ["answered", "human", "abandoned"])
def test_who_was_reached_is_not_called_again_even_if_the_campaign_says_so(outcome: str) -> None:
    eager = replace(CAMPAIGN, retry={outcome: (HOUR,)})
    assert next_due(CLAIM, eager, CallResult(Outcome(outcome)), RULES, NOW) is None


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.value not in (*RETRYING.retry, "cancelled", "no_media")])
def test_an_outcome_without_a_retry_ends_the_contact(outcome: Outcome) -> None:
    assert next_due(CLAIM, RETRYING, CallResult(outcome), RULES, NOW) is None


def test_a_chosen_call_back_comes_then_inside_hours_and_caps_and_only_once() -> None:
    """The person's wish replaces the retries; a cap of one call a day and the hours only move it on."""
    eager = replace(RETRYING, retry={"answered": (HOUR,)})
    answered = CallResult(Outcome.ANSWERED, answered_at=NOW)

    def back(after: dt.timedelta) -> dt.datetime | None:
        wish = replace(answered, call_back_at=(NOW + after).astimezone(SHANGHAI))
        return next_due(CLAIM, eager, wish, RULES, NOW)

    assert back(2 * DAY) == NOW + 2 * DAY
    assert back(2 * HOUR) == NOW + DAY, "the call just made has used up the day"
    late = back(2 * DAY + 12 * HOUR)
    assert late is not None
    assert late > NOW + 2 * DAY + 12 * HOUR, "at night nobody is called, whoever asked"
    assert late.astimezone(SHANGHAI).hour >= 9


def test_a_cancelled_call_leaves_the_contact_to_the_gate() -> None:
    """At once, also after it rang: who said stop is refused as such, and others by the cap, with its reason."""
    assert due("cancelled") == due("cancelled", rang=True) == NOW


def test_each_outcome_has_its_own_list_of_delays_and_an_end() -> None:
    assert due("no_answer") == NOW + DAY
    assert due("no_answer", used=1) == NOW + 2 * DAY
    spent = replace(CLAIM, retries_used={"no_answer": 2, "busy": 0})
    assert next_due(spent, RETRYING, CallResult(Outcome.NO_ANSWER), RULES, NOW) is None
    assert next_due(spent, RETRYING, CallResult(Outcome.BUSY), RULES, NOW) is not None


def test_a_retry_after_a_call_that_disturbed_the_person_waits_for_the_cap() -> None:
    assert due("busy") == NOW + DAY


def test_a_retry_after_a_call_that_nobody_noticed_may_come_the_same_day() -> None:
    assert due("congestion") == NOW + 5 * MINUTE


def test_a_call_that_rang_before_the_network_failed_waits_for_the_cap() -> None:
    assert due("congestion", rang=True) == NOW + DAY


def test_a_retry_in_the_lunch_hours_moves_to_the_afternoon() -> None:
    late = dt.datetime(2026, 3, 4, 11, 58, tzinfo=SHANGHAI)
    assert due("congestion", now=late) == dt.datetime(2026, 3, 4, 14, 0, tzinfo=SHANGHAI)


def test_a_retry_on_friday_evening_moves_to_monday() -> None:
    friday = dt.datetime(2026, 3, 6, 19, 0, tzinfo=SHANGHAI)
    assert due("no_answer", now=friday) == dt.datetime(2026, 3, 9, 9, 0, tzinfo=SHANGHAI)


def test_a_retry_obeys_the_campaigns_own_window_and_the_countrys_together() -> None:
    own = replace(RETRYING, windows=(window("13:00", "15:00"), window("08:00", "08:30")))
    found = next_due(CLAIM, own, CallResult(Outcome.NO_ANSWER), RULES, NOW)
    assert found == dt.datetime(2026, 3, 5, 14, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_call_that_somebody_ended_while_it_rang_is_not_made_again(by_hand: bool) -> None:
    result = CallResult(Outcome.CANCELLED, ringing_at=NOW, by_hand=by_hand)
    assert next_due(CLAIM, RETRYING, result, ruleset(), NOW) == (None if by_hand else NOW)


QUARTERS = st.integers(0, 95).map(lambda q: dt.time(q // 4, q % 4 * 15))
WINDOWS = st.lists(
    st.builds(
        lambda days, a, b: Window(frozenset(days), min(a, b), max(a, b)), st.sets(st.integers(0, 6)), QUARTERS, QUARTERS
    ),
    max_size=4,
).map(tuple)
NUMBERS = st.sampled_from([CN_NUMBER, "+447700900123", "+12125550100", "+15555550100"]).map(parse)
RESULTS = st.builds(CallResult, st.sampled_from(list(Outcome)), ringing_at=st.sampled_from([None, NOW]))


@given(WINDOWS, WINDOWS.filter(bool), NUMBERS, RESULTS, st.integers(0, 20_000), st.integers(0, 3))
def test_a_retry_never_lands_outside_the_hours_or_inside_the_cap(
    own: tuple[Window, ...],
    country: tuple[Window, ...],
    number: PhoneNumber,
    result: CallResult,
    minutes: int,
    used: int,
) -> None:
    """Unless no common hour exists at all; then the gate goes on refusing (checked here, too)."""
    now, rules = NOW + minutes * MINUTE, ruleset(*country)
    campaign = replace(RETRYING, windows=own, retry={**RETRYING.retry, "trunk_silent": (MINUTE,)})
    place = place_of(number, rules)
    claim = replace(CLAIM, number=number.e164, place=place, retries_used={result.outcome.value: used})
    found = next_due(claim, campaign, result, rules, now)
    if found is None:
        return
    if result.outcome is Outcome.CANCELLED:
        assert found == now, "no retry: the gate is asked again"
        return
    delay = dt.timedelta(0) if result.outcome is Outcome.NO_MEDIA else campaign.retry[result.outcome.value][used]
    assert found >= now + delay, "never earlier than the campaign says"
    if counts(result):
        assert found >= now + DAY
    zones = [ZoneInfo(zone) for zone in number.zones]
    if not all(is_open(found, Opening((w,)), zones) for w in (own, country) if w):
        assert not _some_common_hour(found, [w for w in (own, country) if w], zones)
        assert not judge(now=found, number=number.e164, campaign=campaign, rules=rules).allowed


def _some_common_hour(start: dt.datetime, sets: list[tuple[Window, ...]], zones: list[ZoneInfo]) -> bool:
    instants = (start + n * 15 * MINUTE for n in range(8 * 24 * 4))
    return any(all(is_open(instant, Opening((w,)), zones) for w in sets) for instant in instants)


# ---- faults of ours use nobody up


def after(
    result: CallResult, *, campaign: Campaign = CAMPAIGN, used: int = 0, paused: bool = False
) -> dt.datetime | None:
    claim = replace(CLAIM, retries_used={result.outcome.value: used})
    return next_due(claim, campaign, result, RULES, NOW, trunk_paused=paused)


@pytest.mark.parametrize("used", [0, 1, 30])
@pytest.mark.parametrize("paused", [False, True])
def test_a_carrier_that_refuses_us_never_ends_a_contact(used: int, paused: bool) -> None:
    """Without a word about it in the campaign; the breaker keeps the trunk quiet meanwhile."""
    refused = CallResult(Outcome.FAILED, tech_cause=401, fault=Fault.OURS)
    found = after(refused, used=used, paused=paused)
    assert found is not None
    assert found - NOW < HOUR, "no cap of the person is used up"


def test_what_may_be_our_fault_is_tried_on_two_more_days_and_for_ever_while_the_trunk_fails_others() -> None:
    forbidden = CallResult(Outcome.FAILED, tech_cause=403, fault=Fault.LIKELY_OURS)
    assert [after(forbidden, used=used) for used in (0, 1, 2)] == [NOW + DAY, NOW + DAY, None]
    assert after(forbidden, used=30, paused=True) is not None
    assert after(forbidden, campaign=replace(CAMPAIGN, retry={"failed": (HOUR,)}), used=0) == NOW + HOUR


@pytest.mark.parametrize("outcome", ["congestion", "trunk_silent", "failed"])
def test_a_trunk_that_is_paused_uses_nobody_up(outcome: str) -> None:
    assert after(CallResult(Outcome(outcome)), used=9) is None
    assert after(CallResult(Outcome(outcome)), used=9, paused=True) is not None
    assert after(CallResult(Outcome.BUSY), used=9, paused=True) is None, "a person's own"


def test_who_answered_and_heard_nothing_is_called_once_more_and_not_on_that_day() -> None:
    silent = CallResult(Outcome.NO_MEDIA, answered_at=NOW)
    due = next_due(CLAIM, CAMPAIGN, silent, ruleset(cap=9), NOW)
    assert due is not None
    assert due.astimezone(SHANGHAI).date() == NOW.astimezone(SHANGHAI).date() + DAY
    assert after(silent, used=1) is None
    assert after(silent, campaign=replace(CAMPAIGN, retry={"no_media": (HOUR,) * 3}), used=1) is None


def test_a_prompt_that_failed_leaves_the_person_to_be_called_on_another_day() -> None:
    unplayed = CallResult(Outcome.ANSWERED, disposition="prompt_failed", answered_at=NOW, fault=Fault.OURS)
    due = after(unplayed, used=5)
    assert due is not None
    assert due.astimezone(SHANGHAI).date() > NOW.astimezone(SHANGHAI).date()
