"""Closed days: as dates of a rule set, and from the library of holidays."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.campaigns.calling_rules import rule_files
from agi_app.campaigns.calling_rules.calendars import CalendarKey, from_plain, listed, to_plain
from agi_app.campaigns.calling_rules.holiday_dates import expand, fault_of
from agi_app.campaigns.calling_rules.narrowing import minutes_of
from agi_app.model.campaign import Window


def test_a_calendar_is_the_same_after_it_was_stored() -> None:
    calendar = listed([dt.date(2026, 5, 1)])
    assert from_plain(to_plain(calendar)) == calendar


def test_christmas_is_closed_in_britain_and_a_country_without_calendar_is_told() -> None:
    britain = CalendarKey("GB", (), False, False)
    assert fault_of(britain) is None
    assert dt.date(2026, 12, 25) in expand(britain).closed
    assert "agi-app has no calendar of XX" in str(fault_of(CalendarKey("XX", (), False, False)))


def test_two_windows_that_overlap_are_not_counted_twice() -> None:
    monday, both = frozenset({0}), frozenset({0, 1})
    windows = [Window(monday, dt.time(9), dt.time(10)), Window(both, dt.time(9, 30), dt.time(10))]
    assert minutes_of(windows).bit_count() == 60 + 30


def test_without_the_extra_a_calendar_of_a_country_without_rules_is_a_fault_and_a_shipped_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rule_files, "LIBRARY", "no_such_package")
    assert rule_files.load_rulebook().ruleset.jurisdictions
    keys = [CalendarKey("NZ", (), False, False)]
    found, faults = rule_files.calendars_of(keys, {})
    assert found == {}
    assert [*faults.values()] == [
        "this installation has no calendar of NZ: install agi-app[calendars], or list the closed days as dates"
    ]
