"""Hours, zones, holidays and rules of one's own: calls at times that are not allowed."""

from __future__ import annotations

import phonenumbers
import pytest

from tests.strangers.shop import ANN, Shop

pytestmark = pytest.mark.postgres

EARLY = "transactional,I agree.,web form,2025-06-01T10:00:00+08:00,website"


def _at(shop: Shop, clock: str, number: str) -> set[str]:
    """The rules that refuse this number at this moment; none when it would be called."""
    shop.settings(clock=clock)
    name = "n" + "".join(c for c in clock + number if c.isdigit())
    shop.consent(number, agreed=EARLY)
    return set() if shop.called(name, f"X,{number}") else set(shop.preview(name)["by_rule"])


@pytest.mark.attack("a number of two zones called at an hour that only one of them allows")
def test_area_codes_of_two_zones(shop: Shop) -> None:
    """docs/explanation/safety.md: "A number that may be in several time zones must be inside the hours in all of
    them"."""
    tuesday = "2026-03-03T"
    assert _at(shop, tuesday + "16:30:00-05:00", "+99912125550101") == set()  # New York, the way it should be
    called = []
    for place, number, clock in (
        ("Idaho, 08:30 Mountain", "+99912085550101", "08:30:00-07:00"),
        ("North Dakota, 08:30 Central", "+99917015550101", "08:30:00-06:00"),
        ("South Dakota, 08:30 Central", "+99916055550101", "08:30:00-06:00"),
        ("western Texas, 08:30 Central", "+99919155550101", "08:30:00-06:00"),
        ("a toll-free number, 19:30 Eastern", "+99918005550101", "10:30:00-05:00"),
    ):
        if _at(shop, tuesday + clock, number) == set():
            called.append(place)
    assert called == []


@pytest.mark.attack("holidays of a part of a country, moved ones, and those of years that nobody knows")
def test_holidays(shop: Shop) -> None:
    """docs/explanation/calling-rules.md: "A holiday of any of the four British countries closes all of them"; "They
    reach to the end of 2035; later days are closed"."""
    for what, number, clock in (
        ("2 January, Scotland", "+999442079460101", "2026-01-02T11:00:00+00:00"),
        ("12 July, Northern Ireland, kept on Monday", "+999442079460101", "2026-07-13T11:00:00+01:00"),
        ("St Andrew's Day", "+999442079460101", "2026-11-30T11:00:00+00:00"),
        ("4 July on a Saturday, kept on Friday", "+99912125550101", "2026-07-03T11:00:00-04:00"),
        ("Juneteenth", "+99912125550101", "2026-06-19T11:00:00-04:00"),
        ("National Day's break", ANN, "2026-10-02T10:00:00+08:00"),
        ("2036", "+99912125550101", "2036-05-06T11:00:00-04:00"),
        ("2099", ANN, "2099-05-06T10:00:00+08:00"),
    ):
        assert "closed_day" in _at(shop, clock, number), what


@pytest.mark.attack("the hour that daylight saving moves, on both sides")
def test_daylight_saving(shop: Shop) -> None:
    """docs/explanation/calling-rules.md: "Daylight saving is that of the person's zone. A window that begins in the
    hour that clocks skip begins late, never early"."""
    number = "+99912125550101"
    for clock, called in (
        ("2026-03-09T12:30:00+00:00", True),  # the Monday after: 08:30 in New York
        ("2026-03-06T12:30:00+00:00", False),  # the Friday before: 07:30
        ("2026-10-30T12:30:00+00:00", True),  # the Friday before clocks go back: 08:30
        ("2026-11-02T12:30:00+00:00", False),  # the Monday after: 07:30
        ("2026-03-10T00:30:00+00:00", False),  # 20:30 in New York, 19:30 by winter's time
        ("2026-10-24T00:30:00+00:00", False),  # 20:30
        ("2026-11-03T00:30:00+00:00", True),  # 19:30
    ):
        refused = _at(shop, clock, number)
        assert (refused == set()) is called, (clock, refused)


@pytest.mark.attack("islands and neighbours that share a country's code")
def test_islands_are_not_the_country(shop: Shop) -> None:
    """docs/reference/gate-rules.md: `jurisdiction_not_listed`: "The campaign lists the called person's country";
    safety.md: "A
    country without rules is not called"."""
    for place in ("IM", "JE", "GG", "PR", "VI", "CA", "BM", "HK", "MO", "TW"):
        kind = phonenumbers.PhoneNumberType.MOBILE
        example = phonenumbers.example_number_for_type(place, kind)
        assert example is not None
        if phonenumbers.region_code_for_number(example) != place:
            continue  # a range that cannot be told from the neighbour's
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert _at(shop, "2026-03-03T15:00:00+00:00", number) & {
            "jurisdiction_not_listed",
            "jurisdiction_unknown",
            "number_invalid",
        }, (place, number)


LOOSE = {
    "zones of elsewhere": "time_zones: {zones: [America/New_York], basis: house, as_of: 2026-11-24, source: own}",
    "longer hours": "calling_hours: {windows: [{days: [mon, tue, wed, thu, fri, sat, sun], from: '00:00',"
    " to: '24:00'}],"
    " basis: house, as_of: 2026-11-24, source: own}",
    "no closed days": "closed_days: {dates: [], basis: house, as_of: 2026-11-24, source: own}",
    "more calls": "caps: {calls: 99, per: 24h, basis: house, as_of: 2026-11-24, source: own}",
    "no gap": "gap_after_declined: {period: 0d, basis: house, as_of: 2026-11-24, source: own}",
    "a long ring": "ring_time: {from: 1s, to: 600s, basis: house, as_of: 2026-11-24, source: own}",
    "all abandoned": "abandoned_calls: {percent: 100, basis: house, as_of: 2026-11-24, source: own}",
    "a part that is looser": "parts: [{name: CN-SH, prefixes: ['+86138'], calling_hours:"
    " {windows: [{days: [sun], from: '00:00',"
    " to: '23:59'}], basis: house, as_of: 2026-11-24, source: own}}]",
}


@pytest.mark.attack("rules of one's own that would loosen a country's, in eight ways and four spellings of the country")
def test_rules_that_loosen(shop: Shop) -> None:
    """docs/explanation/calling-rules.md: "For a country with shipped rules, a file narrows them … If a value would
    allow what the shipped rules refuse, it is an error"; "The strictest of all that apply wins"."""
    night = "2026-03-01T02:30:00+08:00"  # a Sunday
    shop.settings(clock=night)
    loosened = []
    for what, rule in LOOSE.items():
        shop.write("rules/own.yaml", f"jurisdiction: CN\n{rule}\n")
        done = shop.cli("campaign", "preview", "reminder", "--json")
        if done.code == 0 and done.json["allowed"]:
            loosened.append(what)
    for country in ("cn", "'CN '", "CHN", '"CN\\u200b"'):
        shop.write("rules/own.yaml", f"jurisdiction: {country}\n{LOOSE['longer hours']}\n")
        done = shop.cli("campaign", "preview", "reminder", "--json")
        if done.code == 0 and done.json["allowed"]:
            loosened.append(country)
    assert loosened == []


@pytest.mark.attack("a list that must be asked, made fresh by another name, country, day or by an empty file")
def test_stale_lists(shop: Shop) -> None:
    """docs/reference/gate-rules.md: `external_list_stale`: "Every list that must be checked before calls of this
    purpose has been imported, and is new enough"; stop-and-suppression.md: "A date in the future, or before the current
    version, is refused"."""
    shop.settings(clock="2026-03-03T11:00:00-05:00")
    number = "+99912125550101"
    shop.campaign("offer", purpose="marketing")
    shop.consent(number, agreed="marketing,I agree.,form,2026-02-01T10:00:00+08:00,site")
    numbers = shop.write("dnc.txt", "+99912125550188\n")
    for name, region, day in (
        ("us-national-dnc", "GB", "2026-03-02"),
        ("US-NATIONAL-DNC", "US", "2026-03-02"),
        ("us-national-dnc ", "US", "2026-03-02"),
        ("us-national-dnc\u200b", "US", "2026-03-02"),
        ("us-national-dnc", "US", "2026-03-09"),
        ("us-national-dnc", "US", "2026-02-20"),
        ("gb-tps", "US", "2026-03-02"),
    ):
        shop.cli("suppression", "import", name, str(numbers), "--region", region, "--as-of", day)
        assert shop.called("offer", f"X,{number}") == 0, (name, region, day)
    shop.cli(
        "suppression",
        "import",
        "us-national-dnc",
        str(shop.write("e.txt", "")),
        "--region",
        "US",
        "--as-of",
        "2026-03-02",
    )
    assert shop.called("offer", f"X,{number}") == 0


@pytest.mark.attack("a window of a campaign that is wider than the country's, or goes over midnight")
def test_campaign_windows(shop: Shop) -> None:
    """docs/how-to/run-a-campaign.md: "A window can only narrow the hours that the country allows"."""
    shop.settings(clock="2026-03-03T22:30:00+08:00")
    for place, window in enumerate(
        (
            '{days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "23:59"}',
            '{days: [tue], from: "22:00", to: "02:00"}',
            '[{days: [tue], from: "09:30", to: "12:00"}, {days: [tue], from: "20:00", to: "23:00"}]',
        )
    ):
        shop.campaign(f"wide{place}", more=f"window: {window}\n")
        assert shop.called(f"wide{place}", f"A,{ANN}") == 0, window


@pytest.mark.attack("a number of a place with two zones that the area code hides: nine of them")
def test_places_with_two_zones(shop: Shop) -> None:
    """docs/explanation/safety.md: "A number that may be in several time zones must be inside the hours in all of
    them"."""
    called = []
    for place, number, clock in (
        (
            "Florida's panhandle (850), 08:30 Eastern is 07:30 in Pensacola",
            "+99918505550101",
            "2026-03-03T08:30:00-05:00",
        ),
        (
            "western Nebraska (308), 08:30 Central is 07:30 in Scottsbluff",
            "+99913085550101",
            "2026-03-03T08:30:00-06:00",
        ),
        ("western Kentucky (270), 08:30 Eastern is 07:30 in Paducah", "+99912705550101", "2026-03-03T08:30:00-05:00"),
        (
            "Arizona 928, 19:30 in Phoenix is 20:30 in the Navajo Nation in summer",
            "+99919285550101",
            "2026-07-07T19:30:00-07:00",
        ),
        ("Oregon 541, 19:30 Pacific is 20:30 in Malheur County", "+99915415550101", "2026-03-03T19:30:00-08:00"),
        ("Tennessee 423, 08:30 Eastern is 07:30 in Marion County", "+99914235550101", "2026-03-03T08:30:00-05:00"),
        ("Michigan 906, 08:30 Eastern is 07:30 in Menominee", "+99919065550101", "2026-03-03T08:30:00-05:00"),
        ("Nevada 775, 19:30 Pacific is 20:30 in West Wendover", "+99917755550101", "2026-03-03T19:30:00-08:00"),
        ("Kansas 785, 08:30 Central is 07:30 in Goodland", "+99917855550101", "2026-03-03T08:30:00-06:00"),
    ):
        if _at(shop, clock, number) == set():
            called.append(place)
    assert called == []
