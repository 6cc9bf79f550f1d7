"""The rules with numbers in them, on both sides of each boundary: caps, gaps, closed days, lists, parts, ring time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.decide import Decision
from agi_app.gate.facts import AbandonedFact, CallFact, ListState
from agi_app.gate.number_location import place_of
from agi_app.gate.ruleset import Cap, ListRule, RuleSet
from agi_app.model.campaign import Agents, Campaign, Purpose
from agi_app.model.phone import PhoneNumber, parse
from tests.unit.gate_cases import (
    CAMPAIGN,
    DAY,
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
)

MINUTE, MICROSECOND = dt.timedelta(minutes=1), dt.timedelta(microseconds=1)
NEW_YORK, LONDON = ZoneInfo("America/New_York"), ZoneInfo("Europe/London")
MIAMI_NUMBER = "+13055550100"
MARKETING = replace(CAMPAIGN, purpose=Purpose.MARKETING)
shipped = cache(load_ruleset)


def shipped_says(local: str, zone: ZoneInfo = SHANGHAI, *, fold: int = 0, **changes: object) -> Decision:
    """The gate by the shipped rules at a local time, with consent and proof that are always good."""
    now = dt.datetime.fromisoformat(local).replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)
    given = (consent(given=now - YEAR), consent(Purpose.MARKETING, given=now - YEAR))
    facts = {"consents": given, "caller_id_proofs": proofs("call", now + YEAR)}
    return judge(now=now, rules=shipped(), **(facts | changes))  # type: ignore[arg-type]


# ---- caps and gaps


@pytest.mark.parametrize(("rule", "days", "cap"), [("cap_per_week", 7, 2), ("cap_per_month", 30, 4)])
def test_a_cap_over_days_holds_until_the_oldest_call_is_exactly_so_old(rule: str, days: int, cap: int) -> None:
    span = dt.timedelta(days=days)
    rules = ruleset(caps=(Cap(cap, span),))
    younger = [NOW - span / 2 - n * MINUTE for n in range(cap - 1)]
    decision = judge(counted_calls=calls(NOW - span + MICROSECOND, *younger), rules=rules)
    assert decision.rules == (rule,)
    assert decision.try_again_at == NOW + MICROSECOND
    assert f"{cap} of {cap} calls in {days} days" in decision.reasons[0].text
    assert judge(counted_calls=calls(NOW - span, *younger), rules=rules).allowed
    assert judge(counted_calls=calls(*younger), rules=rules).allowed


def test_each_cap_speaks_for_itself_and_the_latest_end_is_when_to_look_again() -> None:
    rules = ruleset(caps=(Cap(1, DAY), Cap(2, 7 * DAY), Cap(3, 30 * DAY)))
    decision = judge(counted_calls=calls(NOW - DAY / 2, NOW - 3 * DAY, NOW - 20 * DAY), rules=rules)
    assert decision.rules == ("cap_per_day", "cap_per_week", "cap_per_month")
    assert decision.try_again_at == NOW + 10 * DAY


@pytest.mark.parametrize(
    ("outcome", "field", "rule"),
    [
        ("rejected", "gap_after_declined", "gap_after_declined"),
        ("abandoned", "gap_after_abandoned", "gap_after_abandoned"),
    ],
)
def test_after_a_declined_or_abandoned_call_the_person_is_left_alone(outcome: str, field: str, rule: str) -> None:
    gap = dt.timedelta(hours=72)
    gaps: dict[str, Any] = {field: gap}
    rules = ruleset(**gaps)
    refused = judge(counted_calls=calls(NOW - gap + SECOND, outcome=outcome), rules=rules)
    assert refused.rules == (rule,)
    assert refused.try_again_at == NOW + SECOND
    assert judge(counted_calls=calls(NOW - gap, outcome=outcome), rules=rules).allowed
    assert judge(counted_calls=calls(NOW - gap + SECOND, outcome="human"), rules=rules).allowed
    later = (CallFact(NOW - 2 * DAY, "no_answer"), CallFact(NOW - gap + SECOND, outcome))
    assert judge(counted_calls=later, rules=rules).rules == (rule,), "another call since does not end the gap"


# ---- closed days


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2026-02-14", True),  # a Saturday that a decree makes a working day
        ("2026-02-15", False),  # Sunday, the first day of the Spring Festival break
        ("2026-02-21", False),  # a Saturday inside the break
        ("2026-02-23", False),  # its last day, a Monday
        ("2026-02-24", True),
        ("2026-02-28", True),  # a working Saturday
        ("2026-03-01", False),  # a plain Sunday
        ("2026-09-19", True),  # a plain Saturday
        ("2026-09-20", True),  # a Sunday that a decree makes a working day
        ("2026-09-27", False),  # the Sunday of the Mid-Autumn break
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2028-02-29", True),  # leap day, a Tuesday
        ("2036-01-02", False),  # beyond what the calendar covers
    ],
)
def test_holidays_and_shifted_working_days_in_china(day: str, open_: bool) -> None:
    assert shipped_says(f"{day} 10:00").allowed is open_


def test_a_closed_day_is_named_and_ends_at_the_next_opening() -> None:
    decision = shipped_says("2026-02-16 10:00")
    assert decision.rules == ("closed_day",)
    assert "Mon 2026-02-16" in decision.reasons[0].text
    assert decision.try_again_at == dt.datetime(2026, 2, 24, 9, tzinfo=SHANGHAI)


def test_the_evening_before_a_holiday_looks_past_it() -> None:
    decision = shipped_says("2026-04-30 20:00")  # Labour Day: 1 to 5 May
    assert decision.rules == ("window_jurisdiction",)
    assert decision.try_again_at == dt.datetime(2026, 5, 6, 9, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("local", "open_"), [("23:59:59", False), ("00:00", True)])
def test_a_day_is_closed_by_the_callees_midnight(local: str, open_: bool) -> None:
    """London, Boxing Day kept on Monday 2026-12-28: closed to its end there, whatever day it is here."""
    day = "2026-12-28" if local == "23:59:59" else "2026-12-29"
    assert ("closed_day" not in shipped_says(f"{day} {local}", LONDON, number=GB_NUMBER).rules) is open_


def test_a_holiday_of_one_british_country_closes_them_all() -> None:
    assert shipped_says("2026-11-30 10:00", LONDON, number=GB_NUMBER).rules == ("closed_day",)  # St Andrew's Day
    assert shipped_says("2026-12-01 10:00", LONDON, number=GB_NUMBER).allowed


# ---- hours by the shipped rules, on the days when clocks change


@pytest.mark.parametrize(
    ("number", "zone", "local", "allowed"),
    [
        (NEW_YORK_NUMBER, NEW_YORK, "2026-03-09 07:59", False),  # the day after clocks go forward
        (NEW_YORK_NUMBER, NEW_YORK, "2026-03-09 08:00", True),
        (NEW_YORK_NUMBER, NEW_YORK, "2026-11-02 07:59", False),  # the day after clocks go back
        (NEW_YORK_NUMBER, NEW_YORK, "2026-11-02 08:00", True),
        (NEW_YORK_NUMBER, NEW_YORK, "2026-11-02 19:59", True),
        (NEW_YORK_NUMBER, NEW_YORK, "2026-11-02 20:00", False),
        (GB_NUMBER, LONDON, "2026-03-30 08:59", False),
        (GB_NUMBER, LONDON, "2026-03-30 09:00", True),
        (GB_NUMBER, LONDON, "2026-10-26 19:59", True),
        (GB_NUMBER, LONDON, "2026-10-26 20:00", False),
        (GB_NUMBER, LONDON, "2026-10-24 16:59", True),  # a Saturday
        (GB_NUMBER, LONDON, "2026-10-24 17:00", False),
    ],
)
def test_the_minute_before_and_after(number: str, zone: ZoneInfo, local: str, allowed: bool) -> None:
    assert shipped_says(local, zone, number=number).allowed is allowed


# ---- parts of a country, and numbers that tell no zone


def test_floridas_rules_bind_numbers_of_florida_besides_the_federal_ones() -> None:
    rules = ruleset(cap=9)
    country = rules.jurisdictions["US"]
    florida = replace(shipped().jurisdictions["US"].parts["FL"], rules=replace(country.rules, caps=(Cap(3, DAY),)))
    rules = RuleSet("x", {"US": replace(country, parts={"FL": florida})})
    noon = dt.datetime(2026, 3, 4, 11, tzinfo=NEW_YORK).astimezone(dt.UTC)
    often = calls(*(noon - n * MINUTE for n in range(3)))
    assert judge(now=noon, number=MIAMI_NUMBER, counted_calls=often, rules=rules).rules == ("cap_per_day",)
    assert judge(now=noon, number=MIAMI_NUMBER, counted_calls=often[:2], rules=rules).allowed
    assert judge(now=noon, number=NEW_YORK_NUMBER, counted_calls=often, rules=rules).allowed


@pytest.mark.parametrize(
    ("number", "parts"), [(MIAMI_NUMBER, ("FL",)), ("+99913050000001", ("FL",)), (NEW_YORK_NUMBER, ()), (GB_NUMBER, ())]
)
def test_the_area_code_tells_the_part_also_in_the_bulk_test_range(number: str, parts: tuple[str, ...]) -> None:
    assert place_of(parse(number), shipped()).parts == parts


def test_a_number_that_tells_no_zone_must_be_callable_in_every_zone_of_its_country() -> None:
    nowhere = PhoneNumber("+12125550100", "US", (), reserved=True)
    zones = place_of(nowhere, shipped()).zones
    assert {"America/New_York", "Pacific/Honolulu", "America/Anchorage"} <= set(zones)
    unknown = PhoneNumber("+33123456789", "FR", (), reserved=True)
    assert place_of(unknown, shipped()).zones == (), "of a country without rules nothing is known"


# ---- lists of others

LISTED = ListRule("gb-tps", 7 * DAY, frozenset({Purpose.MARKETING}))
WITH_LIST = ruleset(lists=(LISTED,))
TODAY = NOW.date()


def listed(as_of: dt.date | None, *, campaign: Campaign = MARKETING, region: str = "CN", **changes: Any) -> Decision:
    """A marketing call where the list must be asked; ``as_of`` is the list's own day."""
    states = () if as_of is None else (ListState("gb-tps", region, as_of),)
    given = (consent(campaign.purpose),)
    return judge(campaign=campaign, rules=WITH_LIST, consents=given, list_states=states, **changes)


def test_a_list_that_must_be_asked_and_was_never_imported_refuses_and_says_how_to_mend_it() -> None:
    decision = listed(None)
    assert decision.rules == ("external_list_stale",)
    assert "never imported" in decision.reasons[0].text
    assert "agi-app suppression import" in decision.reasons[0].text
    assert decision.try_again_at is None
    assert listed(TODAY, region="GB").rules == ("external_list_stale",), "a list of another country is none"


def test_a_list_is_too_old_one_instant_after_its_age() -> None:
    seven_days_ago = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
    on_the_day = ListState("gb-tps", "CN", seven_days_ago.date())
    at_the_limit = seven_days_ago + 7 * DAY + 2 * dt.timedelta(hours=1)  # 10:00 in Shanghai
    given: dict[str, Any] = {
        "campaign": MARKETING,
        "consents": (consent(Purpose.MARKETING),),
        "list_states": (on_the_day,),
    }
    exact = ruleset(lists=(replace(LISTED, max_age=at_the_limit - seven_days_ago),))
    assert judge(now=at_the_limit, rules=exact, **given).allowed
    assert judge(now=at_the_limit + MICROSECOND, rules=exact, **given).rules == ("external_list_stale",)
    assert judge(now=at_the_limit, rules=WITH_LIST, **given).rules == ("external_list_stale",)


def test_a_list_that_is_dated_ahead_is_no_list() -> None:
    assert listed(TODAY + dt.timedelta(days=1)).allowed, "it may be tomorrow already where the list is kept"
    assert listed(TODAY + dt.timedelta(days=2)).rules == ("external_list_stale",)


def test_who_is_on_the_list_is_not_called_for_a_purpose_that_it_binds() -> None:
    decision = listed(TODAY, list_hits=("gb-tps",))
    assert decision.rules == ("external_list",)
    assert "gb-tps" in decision.reasons[0].text
    reminder = listed(TODAY, campaign=CAMPAIGN, list_hits=("gb-tps",))
    assert reminder.allowed
    assert listed(None, campaign=CAMPAIGN).allowed, "nor must the list be there for other purposes"


def test_a_list_that_no_rule_describes_binds_every_purpose() -> None:
    assert judge(list_hits=("somebody-elses",)).rules == ("external_list",)


def test_the_shipped_rules_ask_for_the_national_lists_before_marketing() -> None:
    noon = "2026-03-04 11:00"
    refused = shipped_says(noon, NEW_YORK, number=NEW_YORK_NUMBER, campaign=MARKETING)
    assert refused.rules == ("external_list_stale",)
    assert shipped_says(noon, NEW_YORK, number=NEW_YORK_NUMBER).allowed
    fresh = (ListState("us-national-dnc", "US", dt.date(2026, 2, 26)),)
    assert shipped_says(noon, NEW_YORK, number=NEW_YORK_NUMBER, campaign=MARKETING, list_states=fresh).allowed
    old = (ListState("us-national-dnc", "US", dt.date(2026, 2, 25)),)
    assert not shipped_says(noon, NEW_YORK, number=NEW_YORK_NUMBER, campaign=MARKETING, list_states=old).allowed


# ---- ring time, abandoned calls


@pytest.mark.parametrize(("seconds", "allowed"), [(14.9, False), (15, True), (45, True), (45.1, False)])
def test_a_stored_campaign_that_rings_too_short_or_too_long_calls_nobody(seconds: float, allowed: bool) -> None:
    campaign = replace(CAMPAIGN, ring_time=dt.timedelta(seconds=seconds))
    decision = judge(campaign=campaign, rules=ruleset(ring_at_least=15 * SECOND, ring_at_most=45 * SECOND))
    assert decision.rules == (() if allowed else ("ring_time",))


@pytest.mark.parametrize(("abandoned", "allowed"), [(1, True), (2, False)])
def test_a_campaign_over_its_share_of_abandoned_calls_calls_nobody(abandoned: int, allowed: bool) -> None:
    fact = AbandonedFact(answered=100, abandoned=abandoned)
    assert judge(abandoned=fact, rules=ruleset(abandoned_percent=1)).allowed is allowed


@pytest.mark.parametrize(("own", "law", "allowed"), [(0.5, 1, False), (1, 0.5, False), (1, 1, True)])
def test_of_the_campaigns_ceiling_and_the_countrys_the_lower_one_holds(own: float, law: float, allowed: bool) -> None:
    campaign = replace(CAMPAIGN, agents=Agents("desk", abandoned_percent=own))
    decision = judge(
        campaign=campaign, abandoned=AbandonedFact(answered=100, abandoned=1), rules=ruleset(abandoned_percent=law)
    )
    assert decision.allowed is allowed


# ---- a second ago


def test_a_stop_and_a_withdrawal_of_one_second_ago_refuse() -> None:
    assert judge(suppressed_at=NOW - SECOND).rules == ("suppressed",)
    assert judge(consents=(consent(revoked=NOW - SECOND),)).rules == ("consent_revoked",)
    assert judge(consents=(consent(given=NOW - SECOND),)).allowed
