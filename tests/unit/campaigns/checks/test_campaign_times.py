"""What `check` says of points, tries and days that can be shown to come to nothing, and that it says no more."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.campaign_file.load import CampaignDocument, parse_campaign
from agi_app.campaigns.checks.campaign_times import check_over, check_times
from agi_app.due.openings import PersonsHours
from agi_app.due.points import moved

HEAD = "campaign: c\npurpose: survey\njurisdictions: [%s]\nflow: f\ntrunk: t\ncaller_id: '+999862155500001'\n"
LINE = HEAD.count("\n") + 1
DUE = "due: {before: contact.visit, at: [%s]}"
RULES = load_ruleset()
SELDOM = "only where closed hours have moved a point to an earlier time"
MOVED = "1d later is made only where closed hours have moved the call to an earlier time"


def document(text: str, countries: str = "CN") -> CampaignDocument:
    return parse_campaign(HEAD % countries + text + "\n", "c.yaml")


def told(text: str, countries: str = "CN") -> list[str]:
    return [str(problem).removeprefix("c.yaml:") for problem in check_times(document(text, countries), RULES)]


# ---- the points of `due`


@pytest.mark.parametrize("points", ["48h, 3h", "48h, 24h", "27h, 3h", "3h", "60d, 10m", "14d, 3h"])
@pytest.mark.parametrize("country", ["CN", "GB"])
def test_points_that_a_cap_leaves_room_for_are_fine(points: str, country: str) -> None:
    """Just 24 hours apart is enough for one call in 24 hours."""
    assert told(DUE % points, country) == []


@pytest.mark.parametrize(
    ("points", "at", "words"),
    [
        ("10h, 3h", "3h", f"people in CN are called 3h before {SELDOM}: the caps allow 1 in 24 hours; leave this"),
        ("3h, 10h", "3h", f"people in CN are called 3h before {SELDOM}: the caps allow 1 in 24 hours"),
        ("23h, 10m", "10m", f"people in CN are called 10m before {SELDOM}"),
        ("48h, 47h", "47h", f"47h before {SELDOM}, else 1d before: the caps allow 1 in 24 hours; write 1d"),
        ("48h, 1470m", "1470m", f"1470m before {SELDOM}, else 1d before"),
        ("5d, 3d, 1d", "1d", "nobody in CN is ever called 1d before: the caps allow 2 in 7 days"),
    ],
)
def test_a_point_that_a_cap_prevents_is_named_with_the_cap(points: str, at: str, words: str) -> None:
    (found,) = told(DUE % points)
    column = (DUE % points).index(at) + 1
    assert found.startswith(f"{LINE}:{column}: campaign/due-caps (warning) at: after the points before it, ")
    assert words in found


def test_a_call_counts_no_longer_than_the_span_of_the_cap() -> None:
    """Of 14, 8 and 6 days before, the last comes eight days after the first."""
    assert told(DUE % "14d, 8d, 6d") == []
    assert len(told(DUE % "13d, 8d, 7d")) == 1


def test_each_point_is_judged_by_the_calls_that_are_really_made() -> None:
    """40 h before is not called, because 30 h before comes first; so 30 h waits for the call at 48 h alone."""
    found = told(DUE % "48h, 40h, 30h")
    assert [f"40h before {SELDOM}:" in found[0], f"30h before {SELDOM}, else 1d" in found[1]] == [True, True]
    assert len(found) == 2


def test_a_point_that_would_wait_until_the_next_one_is_never_called() -> None:
    (found,) = told(DUE % "48h, 36h, 24h")
    assert f"called 36h before {SELDOM}:" in found


def test_countries_with_the_same_caps_are_named_together() -> None:
    (found,) = told("zone: Europe/London\n" + DUE % "10h, 3h", "CN, GB")
    assert "people in CN, GB are called 3h before" in found


def test_a_time_without_points_has_no_caps() -> None:
    assert told("due: contact.call_at\nretry: {no_answer: [1h]}") == []


# ---- retry


@pytest.mark.parametrize(
    ("points", "retry", "words"),
    [
        ("48h, 3h", "{no_answer: [1d], congestion: [5m, 1h]}", None),
        ("48h, 3h", "{no_answer: [1d, 2d]}", "no_answer: in CN the try 2d later is never made"),
        ("48h, 3h", "{no_answer: [3d, 1h]}", "no_answer: in CN the try 3d later is never made"),
        ("48h, 3h", "{no_answer: [4h]}", "no_answer: in CN the try 4h later is made 1d later at the soonest: the caps"),
        ("3h", "{no_answer: [1h]}", "no_answer: in CN the try 1h later is made only where closed hours"),
        ("1h", "{no_answer: [2d]}", "no_answer: in CN the try 2d later is never made"),
        ("24h", "{no_answer: [1d]}", f"no_answer: in CN the try {MOVED}"),
        ("3h", "{congestion: [1h]}", None),  # nobody was disturbed
        ("3h", "{congestion: [3h]}", "congestion: in CN the try 3h later is made only where"),
        ("20d, 3h", "{no_answer: [1d], busy: [2d]}", None),
        ("48h, 47h, 3h", "{no_answer: [1d]}", "at"),  # who is first called at the second point is tried again
    ],
)
def test_a_try_that_is_always_too_late_is_named(points: str, retry: str, words: str | None) -> None:
    found = told(f"{DUE % points}\nretry: {retry}")
    if words in (None, "at"):
        assert [fault for fault in found if "due-caps (warning) at:" not in fault] == []
        assert bool(found) is (words == "at")
        return
    (fault,) = found
    assert fault.startswith(f"{LINE + 1}:")
    assert f"campaign/due-caps (warning) {words}" in fault


@pytest.mark.parametrize(("points", "shorter"), [("24h", False), ("48h, 3h", True)])
def test_a_shorter_delay_is_advised_only_where_the_caps_allow_one(points: str, shorter: bool) -> None:
    (found,) = told(DUE % points + "\nretry: {no_answer: [%s]}" % ("1d" if points == "24h" else "3d"))
    assert ("shorten it" in found) is shorter
    assert "leave it out" in found


def test_the_try_that_closed_hours_leave_room_for_is_planned() -> None:
    """What the warning excepts is true: 24 hours before a Monday's 15:00 is Saturday, and a day later comes Monday."""
    hours = PersonsHours.of(RULES.jurisdictions["CN"].rules, [ZoneInfo("Asia/Shanghai")])
    appointment = dt.datetime(2026, 3, 9, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
    called = moved(appointment - dt.timedelta(hours=24), hours, 0.0, dt.timedelta())
    assert hours.from_(called + dt.timedelta(days=1)) < appointment
    weekday = appointment + dt.timedelta(days=2)
    called = moved(weekday - dt.timedelta(hours=24), hours, 0.0, dt.timedelta())
    assert hours.from_(called + dt.timedelta(days=1)) >= weekday


def test_without_points_a_delay_that_a_cap_makes_longer_is_no_fault() -> None:
    assert told("retry: {no_answer: [1h, 1d, 2d]}") == []


# ---- days


@pytest.mark.parametrize(
    ("days", "country"),
    [
        ("starts: 2026-03-08\nends: 2026-03-08", "CN"),  # a Sunday
        ("starts: 2026-10-01\nends: 2026-10-07", "CN"),  # the holidays of the National Day
        ("starts: 2026-03-09\nends: 2026-03-09 09:00", "CN"),
        ("starts: 2026-03-09 12:00\nends: 2026-03-09 14:00", "CN"),  # at noon nobody is called there
        ('starts: 2026-03-10\nends: 2026-03-10\nwindow: {days: [mon], from: "10:00", to: "11:00"}', "CN"),
    ],
)
def test_days_without_any_calling_hour_are_an_error(days: str, country: str) -> None:
    (found,) = told(days, country)
    line = LINE + days.count("\n", 0, days.index("ends:"))
    assert found.startswith(f"{line}:1: campaign/no-hour ends: from starts to ends no call may start in {country} (")


@pytest.mark.parametrize(
    ("days", "country"),
    [
        ("starts: 2026-03-09\nends: 2026-03-09 09:01", "CN"),
        ("starts: 2026-03-08\nends: 2026-03-09", "CN"),
        ("starts: 2026-03-08", "CN"),
        ("ends: 2026-03-08", "CN"),
        ("zone: America/New_York\nstarts: 2026-03-09\nends: 2026-03-09 08:01", "US"),
        ("zone: America/New_York\nstarts: 2026-03-08\nends: 2026-03-08", "US"),  # it is still Saturday in Hawaii
        ("zone: America/New_York\nstarts: 2026-03-09 19:30\nends: 2026-03-09 22:00", "US"),  # it is day in Hawaii
        ("starts: 2060-03-08\nends: 2061-03-08", "CN"),  # of which no calendar tells
        ('starts: 2026-03-08\nends: 2026-03-08\nwindow: {days: [sun], from: "10:00", to: "11:00"}', "CN"),
    ],
)
def test_days_with_an_hour_or_of_which_nothing_can_be_shown_are_fine(days: str, country: str) -> None:
    """A window that is never open in the country is another rule's."""
    assert told(days, country) == []


def test_a_campaign_that_is_over_is_warned_about_from_its_end_on() -> None:
    source = document("ends: 2026-03-05")
    end = dt.datetime(2026, 3, 5, 16, tzinfo=dt.UTC)
    assert [*check_over(source, end - dt.timedelta(seconds=1))] == []
    (found,) = check_over(source, end)
    message = f"c.yaml:{LINE}:1: campaign/over (warning) ends: the campaign has been over since 2026-03-06 00:00"
    assert str(found).startswith(message)
    assert [*check_over(document("starts: 2026-03-05"), end)] == []
