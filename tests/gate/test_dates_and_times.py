"""The days of a campaign, the times of a contact and the hours of a person, on both sides of each edge."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from agi_app.gate.decide import Decision
from agi_app.model.campaign import Campaign, Due
from agi_app.model.contact_times import Times
from tests.gate.breakages import BREAKAGES, DATES
from tests.unit.gate_cases import CAMPAIGN, DAY, EVERY_DAY, GB_NUMBER, NOW, SHANGHAI, judge, ruleset, window

MICROSECOND = dt.timedelta(microseconds=1)
VISIT = replace(CAMPAIGN, due=Due("appointment", (2 * DAY, DAY / 8)))
CALL_AT = replace(CAMPAIGN, due=Due("call_at"))
BEFORE, AT, AFTER = NOW + MICROSECOND, NOW, NOW - MICROSECOND  # that time is still to come, is now, has been


def of(campaign: Campaign = CAMPAIGN, **times: Any) -> Decision:
    return judge(campaign=campaign, times=Times(**times))


@pytest.mark.parametrize(
    ("key", "at", "rules"),
    [
        ("starts", BEFORE, ("campaign_not_begun",)),
        ("starts", AT, ()),
        ("starts", AFTER, ()),
        ("ends", BEFORE, ()),
        ("ends", AT, ("campaign_over",)),
        ("ends", AFTER, ("campaign_over",)),
    ],
)
def test_a_campaign_calls_from_its_start_until_just_before_its_end(
    key: str, at: dt.datetime, rules: tuple[str, ...]
) -> None:
    campaign = replace(CAMPAIGN, starts=at) if key == "starts" else replace(CAMPAIGN, ends=at)
    assert of(campaign).rules == rules


@pytest.mark.parametrize(
    ("key", "at", "rules"),
    [
        ("not_before", BEFORE, ("contact_too_early",)),
        ("not_before", AT, ()),
        ("not_before", AFTER, ()),
        ("not_after", BEFORE, ()),
        ("not_after", AT, ("contact_too_late",)),
        ("not_after", AFTER, ("contact_too_late",)),
    ],
)
@pytest.mark.parametrize("campaign", [CAMPAIGN, VISIT, CALL_AT])
def test_a_contact_is_called_within_its_own_times(
    campaign: Campaign, key: str, at: dt.datetime, rules: tuple[str, ...]
) -> None:
    assert of(campaign, event=NOW + DAY, **{key: at}).rules == rules


@pytest.mark.parametrize(("at", "rules"), [(BEFORE, ()), (AT, ("contact_too_late",)), (AFTER, ("contact_too_late",))])
def test_nobody_is_called_when_the_appointment_has_come(at: dt.datetime, rules: tuple[str, ...]) -> None:
    assert of(VISIT, event=at).rules == rules
    assert of(CALL_AT, event=at).rules == (), "a time to call at is no end"


def test_not_after_is_the_end_and_not_the_appointment() -> None:
    """It may be earlier, and, if the office says so, later."""
    assert of(VISIT, event=NOW + DAY, not_after=NOW).rules == ("contact_too_late",)
    assert of(VISIT, event=NOW - DAY, not_after=NOW + DAY).allowed


@pytest.mark.parametrize("campaign", [VISIT, CALL_AT])
def test_without_the_time_that_due_names_nobody_is_called(campaign: Campaign) -> None:
    refused = of(campaign)
    assert refused.rules == ("contact_without_time",)
    assert refused.try_again_at is None
    assert of(CAMPAIGN).allowed, "without `due` there is none to have"


def test_a_campaign_that_is_over_calls_nobody_whatever_the_contact_has() -> None:
    """Each reason is given: a later `not_after` opens nothing."""
    over = replace(VISIT, ends=NOW)
    assert of(over, event=NOW + DAY, not_after=NOW + DAY).rules == ("campaign_over",)
    assert of(over, event=NOW - DAY).rules == ("campaign_over", "contact_too_late")
    assert of(replace(over, starts=NOW + DAY), event=NOW - DAY, not_before=NOW + DAY).rules == (
        "campaign_not_begun",
        "campaign_over",
        "contact_too_early",
        "contact_too_late",
    )


def test_a_beginning_ends_with_time_and_an_end_does_not() -> None:
    assert of(replace(CAMPAIGN, starts=NOW + DAY)).try_again_at == NOW + DAY
    assert of(not_before=NOW + DAY).try_again_at == NOW + DAY
    assert of(replace(CAMPAIGN, starts=NOW + DAY), not_before=NOW + 2 * DAY).try_again_at == NOW + 2 * DAY
    assert of(replace(CAMPAIGN, ends=NOW)).try_again_at is None
    assert of(VISIT, event=NOW, not_before=NOW + DAY).try_again_at is None, "one reason that stays is enough"


def test_it_is_the_instant_that_counts_and_not_what_a_clock_shows() -> None:
    there = NOW.astimezone(SHANGHAI)
    assert of(replace(CAMPAIGN, ends=there)).rules == ("campaign_over",)
    assert of(replace(CAMPAIGN, ends=there + MICROSECOND)).allowed


# ---- preferred hours: it is Wednesday 10:00 in Shanghai


@pytest.mark.parametrize(
    ("hours", "open_"),
    [
        ((window("10:00", "10:01"),), True),
        ((window("09:00", "10:00"),), False),
        ((window("10:01", "24:00"), window("00:00", "09:59")), False),
        ((window("18:00", "20:00"), window("09:30", "11:00")), True),
        ((window("09:00", "24:00", frozenset({5, 6})),), False),
        ((), True),
    ],
)
def test_a_person_is_called_in_the_hours_that_suit_them(hours: tuple[Any, ...], open_: bool) -> None:
    assert of(preferred=hours).rules == (() if open_ else ("window_person",))


def test_preferred_hours_open_nothing() -> None:
    """Neither the law's hours nor the campaign's become wider by them."""
    always = (window("00:00", "24:00", EVERY_DAY),)
    closed = ruleset(window("11:00", "12:00"))
    assert judge(rules=closed, times=Times(preferred=always)).rules == ("window_jurisdiction",)
    narrow = replace(CAMPAIGN, windows=(window("11:00", "12:00"),))
    assert of(narrow, preferred=always).rules == ("window_campaign",)
    assert of(narrow, preferred=(window("09:00", "09:30"),)).rules == ("window_campaign", "window_person")


def test_preferred_hours_are_in_the_persons_own_time() -> None:
    """10:00 in Shanghai is 02:00 in London."""
    night = ruleset(window("00:00", "24:00", EVERY_DAY))
    early, late = (window("02:00", "03:00"),), (window("10:00", "11:00"),)
    assert judge(number=GB_NUMBER, rules=night, times=Times(preferred=early)).allowed
    refused = judge(number=GB_NUMBER, rules=night, times=Times(preferred=late))
    assert refused.rules == ("window_person",)
    assert refused.try_again_at == NOW + DAY / 3


def test_the_next_of_the_persons_hours_is_told() -> None:
    assert of(preferred=(window("14:30", "15:00"),)).try_again_at == NOW + dt.timedelta(hours=4.5)
    monday = of(preferred=(window("09:00", "10:00", frozenset({0})),))
    assert monday.try_again_at == NOW + 5 * DAY - dt.timedelta(hours=1)


# ---- words


@pytest.mark.parametrize(
    ("refused", "en", "zh"),
    [
        (
            of(replace(CAMPAIGN, starts=NOW + DAY)),
            "the campaign begins on 2026-03-05 02:00 UTC",
            "活动于 2026-03-05 02:00",
        ),
        (of(replace(CAMPAIGN, ends=NOW)), "the campaign ended on 2026-03-04 02:00 UTC", "活动已于 2026-03-04 02:00"),
        (
            of(not_before=NOW + DAY),
            "not to be called before 2026-03-05 02:00 UTC",
            "2026-03-05 02:00（UTC）之前不得呼叫",
        ),
        (of(VISIT, event=NOW), "any later than 2026-03-04 02:00 UTC", "2026-03-04 02:00（UTC）之后不再呼叫"),
        (of(VISIT), "no time in the column appointment", "名单的 appointment 列没有时间"),
        (of(preferred=(window("11:00", "12:00"),)), "that the person prefers (there it is Wed 10:00)", "周三 10:00"),
    ],
)
def test_a_refusal_says_the_time_in_both_languages(refused: Decision, en: str, zh: str) -> None:
    (reason,) = refused.reasons
    assert en in reason.text
    assert zh in reason.told("zh")


def test_the_fuzzer_would_notice_each_of_these_rules_missing() -> None:
    assert sum(breakage.file == DATES for breakage in BREAKAGES) >= 5
