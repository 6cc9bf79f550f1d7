"""The projected end of a campaign: pace, places, windows and retries, played ahead."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.campaigns.checks.gateway_ports import limits_of
from agi_app.campaigns.forecast import ForecastFacts, Group, Limits, Projection, project
from agi_app.config.trunks import PortSettings, TrunkSettings
from agi_app.gate.calling_hours import Opening
from agi_app.gate.ruleset import DAY, Cap, Jurisdiction, Rules, RuleSet
from agi_app.model.campaign import Campaign, Pace, Purpose, Window
from agi_app.model.number_location import NumberLocation

EVERY_DAY = frozenset(range(7))
NINE_TO_FIVE = Window(EVERY_DAY, dt.time(9), dt.time(17))
RULES = RuleSet("r", {"CN": Jurisdiction("CN", Rules(Opening(((NINE_TO_FIVE,),)), (Cap(1, DAY),)))})
CHINA = NumberLocation("CN", ("Asia/Shanghai",), (), True)
MORNING = dt.datetime.fromisoformat("2026-03-03T09:00:00+08:00")
CAMPAIGN = Campaign(
    "c", Purpose.SURVEY, "f", "t", "+99986210000001", ("CN",), pace=Pace(calls_per_second=1, concurrent=1000)
)
NOTHING_KNOWN = ForecastFacts(0, {}, None)
ENOUGH = Limits(100, 1000)


def ahead(contacts: int, campaign: Campaign = CAMPAIGN, **changes: object) -> Projection:
    """A projection for people in China from nine o'clock on."""
    given = {"groups": [Group(CHINA, MORNING, contacts)], "limits": ENOUGH, "known": NOTHING_KNOWN} | changes
    return project(campaign=campaign, ruleset=RULES, now=MORNING, **given)  # type: ignore[arg-type]


def hours(seen: Projection) -> float:
    """From now to the end."""
    assert seen.end is not None
    return round((seen.end - MORNING).total_seconds() / 3600, 2)


def test_one_call_a_second_and_the_length_of_the_last() -> None:
    seen = ahead(7200)
    assert (hours(seen), seen.calls, seen.calls_per_second) == (2.01, 7200, 1.0)


def test_the_slowest_of_pace_trunk_and_places_counts() -> None:
    assert ahead(100, limits=Limits(0.5, 1000)).calls_per_second == 0.5
    assert ahead(100, limits=Limits(10, 20)).calls_per_second == 0.5  # 20 calls at once of 40 s
    assert ahead(100, replace(CAMPAIGN, pace=Pace(1, 10))).calls_per_second == 0.25


def test_the_ports_of_a_gateway_rest_and_their_daily_limit_is_told() -> None:
    port = {"calls_per_day": 80, "spacing": 10.0}
    ports = {"a": PortSettings(number="+99861550001", **port), "b": PortSettings(number="+99861550002", **port)}
    limits = limits_of(TrunkSettings(endpoint="PJSIP/{number}@gsm-{port}", calls_per_second=9, ports=ports))
    seen = ahead(100, limits=limits)
    assert seen.calls_per_second == 0.04  # two calls at once of 40 s and a rest of 10
    assert "their 160 calls in 24 hours" in seen.assumptions[-1]
    assert limits_of(TrunkSettings(endpoint="PJSIP/{number}@a", concurrent=7)) == Limits(1.0, 7)


def test_what_the_day_does_not_hold_goes_on_the_next_morning() -> None:
    """Eight hours of a day are 28,800 calls; nobody is called in the evening."""
    assert hours(ahead(28_800 + 3600)) == 25.01


def test_the_window_of_the_campaign_narrows_the_day() -> None:
    until_ten = replace(CAMPAIGN, windows=(Window(EVERY_DAY, dt.time(9), dt.time(10)),))
    assert hours(ahead(3600 + 1800, until_ten)) == 24.51


def test_a_later_group_is_waited_for() -> None:
    groups = [Group(CHINA, MORNING, 10), Group(CHINA, MORNING + dt.timedelta(hours=3), 10)]
    assert hours(ahead(0, groups=groups)) == 3.01


def test_retries_come_back_and_never_before_the_cap_allows() -> None:
    """Three of ten do not answer; with one call a day allowed, an hour's delay becomes a day."""
    again = replace(CAMPAIGN, retry={"no_answer": (dt.timedelta(hours=1),)})
    seen = ahead(1000, again)
    assert seen.calls == 1300
    assert 24 < hours(seen) < 24.5
    assert ahead(1000).calls == 1000


def test_two_retries_are_two_more_rounds_of_fewer_calls() -> None:
    again = replace(CAMPAIGN, retry={"no_answer": (dt.timedelta(days=1), dt.timedelta(days=2))})
    seen = ahead(1000, again)
    assert seen.calls == 1000 + 300 + 90
    assert 72 < hours(seen) < 72.5


def test_it_goes_by_its_own_calls_when_there_are_enough() -> None:
    again = replace(CAMPAIGN, retry={"no_answer": (dt.timedelta(days=1),)})
    known = ForecastFacts(200, {"human": 100, "no_answer": 100}, 20.0)
    seen = ahead(1000, again, known=known, limits=Limits(10, 10))
    assert (seen.calls, seen.calls_per_second) == (1500, 0.5)
    assert any("20 s" in said and "200 calls so far" in said for said in seen.assumptions)
    assert any("a guess" in said for said in ahead(10, again).assumptions)


def test_nobody_to_call_has_no_end() -> None:
    assert (ahead(0).end, ahead(0).calls) == (None, 0)


def test_a_place_that_never_opens_is_not_called_finished() -> None:
    closed = RuleSet("r", {"CN": Jurisdiction("CN", Rules(Opening(((),)), ()))})
    seen = project([Group(CHINA, MORNING, 5)], CAMPAIGN, ENOUGH, NOTHING_KNOWN, closed, MORNING)
    assert seen.end is None


def test_longer_than_a_year_is_no_date() -> None:
    assert ahead(20_000_000).end is None


def test_calls_from_the_end_of_the_campaign_on_are_not_made_and_are_told() -> None:
    """At one call a second 3600 of them fit into the hour; no retry of the next day comes."""
    ends = MORNING + dt.timedelta(hours=1)
    campaign = replace(CAMPAIGN, ends=ends, retry={"no_answer": (DAY,)})
    seen = ahead(7200, campaign)
    assert seen.end is not None
    assert seen.end <= ends + dt.timedelta(minutes=1)
    assert seen.calls == 3600
    told = "the campaign ends on 2026-03-03 02:00 (UTC): "
    (words,) = (one for one in seen.assumptions if one.startswith(told))
    assert int(words.removeprefix(told).split()[0]) == 3600 + 1080, "and three of ten of those that were"
    assert not [one for one in ahead(100, replace(CAMPAIGN, ends=ends)).assumptions if one.startswith(told)]


def test_a_campaign_that_is_over_has_no_calls() -> None:
    seen = ahead(100, replace(CAMPAIGN, ends=MORNING))
    assert (seen.end, seen.calls) == (None, 0)
    never_open = replace(CAMPAIGN, windows=(Window(EVERY_DAY, dt.time(18), dt.time(19)),), ends=MORNING + 30 * DAY)
    assert ahead(100, never_open).calls == 0


def by_groups(known: ForecastFacts, **contacts: int) -> Projection:
    """A projection for contacts of these groups."""
    groups = [Group(CHINA, MORNING, number, name) for name, number in contacts.items()]
    return ahead(0, groups=groups, known=known)


def test_a_quota_ends_the_campaign_when_each_group_has_its_number() -> None:
    """Half of the calls are completed: 100 and 50 take 300 calls, not the 20,000 that wait; a closed one takes none."""
    known = ForecastFacts(200, {"human": 200}, 40.0, completed=100, lacking={"north": 100, "south": 50})
    seen = by_groups(known, north=10_000, south=10_000, west=5000)
    assert seen.calls == 300
    assert hours(seen) == round((300 + 40) / 3600, 2)
    said = " ".join(seen.assumptions)
    assert "50% of the calls are completed" in said
    assert "150 that they lack" in said
    assert "too few contacts" not in said


def test_a_group_that_has_too_few_contacts_is_called_to_its_last_and_it_is_told() -> None:
    known = ForecastFacts(200, {"human": 200}, 40.0, completed=100, lacking={"north": 100, "south": 50})
    seen = by_groups(known, north=120, south=1000)
    assert seen.calls == 120 + 100
    assert [said for said in seen.assumptions if "too few contacts for 40 of them" in said]


def test_before_it_has_calls_of_its_own_a_quarter_is_guessed_to_be_completed() -> None:
    seen = by_groups(ForecastFacts(0, {}, None, lacking={"north": 100}), north=10_000)
    assert seen.calls == 400
    assert [said for said in seen.assumptions if "a guess" in said and "100 that they lack" in said]


def test_with_full_groups_nobody_is_called() -> None:
    seen = by_groups(ForecastFacts(200, {}, 40.0, completed=10, lacking={}), north=100)
    assert (seen.end, seen.calls) == (None, 0)


def test_retries_of_a_group_stop_when_it_has_its_number() -> None:
    again = replace(CAMPAIGN, retry={"no_answer": (DAY,)})
    known = ForecastFacts(100, {"human": 50, "no_answer": 50}, 40.0, completed=50, lacking={"north": 100})
    seen = ahead(0, again, groups=[Group(CHINA, MORNING, 10_000, "north")], known=known)
    assert seen.calls == 200
    assert hours(seen) < 1
