"""Two children, one parent: whose calls fit into the caps of one person, and whose cannot."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.due.one_person import Wanted, left_by_caps, left_over
from agi_app.due.openings import PersonsHours
from agi_app.gate.ruleset import Cap
from agi_app.model.campaign import Window
from tests.unit.gate_cases import CAMPAIGN, CN_NUMBER, ruleset

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DAYTIME = PersonsHours.of(None, [SHANGHAI], (Window(frozenset(range(7)), dt.time(9), dt.time(18)),))
ONE_A_DAY = (Cap(1, DAY),)


def at(day: int, hour: int) -> dt.datetime:
    """A time in March 2026 in Shanghai."""
    return dt.datetime(2026, 3, day, hour, tzinfo=SHANGHAI)


def left(*wanted: Wanted, caps: tuple[Cap, ...] = ONE_A_DAY, calls: tuple[dt.datetime, ...] = ()) -> list[str]:
    """Who is left in the hours of the day."""
    return left_by_caps(wanted, caps, calls, DAYTIME)


def test_one_of_two_children_with_appointments_this_afternoon_is_left() -> None:
    anna, ben = (Wanted(name, at(3, 10), at(3, 16)) for name in ("anna", "ben"))
    assert left(anna, ben) == ["ben"]


def test_a_day_between_them_is_enough_if_the_hours_are_open_then() -> None:
    first = Wanted("first", at(3, 10), at(3, 16))
    assert left(first, Wanted("second", at(3, 10), at(4, 12))) == []
    assert left(first, Wanted("second", at(3, 10), at(4, 10))) == ["second"]
    assert left(Wanted("first", at(3, 17), at(3, 18)), Wanted("second", at(3, 17), at(4, 17))) == ["second"]


def test_the_order_that_leaves_the_fewest_is_found() -> None:
    """By the earliest end ``early`` would be first, and the long one would wait behind the week."""
    caps = (Cap(1, DAY), Cap(2, 7 * DAY))
    third = Wanted("third", at(5, 9), at(9, 18))
    assert left(Wanted("a", at(3, 9), at(6, 18)), Wanted("b", at(3, 9), at(6, 18)), third, caps=caps) == ["third"]
    tight = Wanted("tight", at(4, 9), at(4, 10))
    loose = Wanted("loose", at(3, 16), at(5, 18))
    assert left(tight, loose) == [], "the loose one first would leave no time for the tight one"


def test_calls_that_the_person_has_had_count() -> None:
    only = Wanted("only", at(3, 10), at(3, 16))
    assert left(only, calls=(at(2, 17),)) == ["only"]
    assert left(only, calls=(at(2, 9),)) == []


def test_of_many_contacts_those_with_the_latest_end_are_left() -> None:
    many = [Wanted(f"c{n}", at(3, 9), at(3 + n, 18)) for n in range(4)] + [
        Wanted(f"d{n}", at(3, 9), at(4, 12)) for n in range(5)
    ]
    assert len(left(*many)) == 5


def test_by_the_rules_of_the_persons_country_in_the_hours_of_the_campaign() -> None:
    wanted = [Wanted("a", at(3, 10), at(3, 11)), Wanted("b", at(3, 10), at(3, 11))]
    assert left_over(CAMPAIGN, ruleset(), CN_NUMBER, (), wanted, ()) == ["b"]
    assert left_over(CAMPAIGN, ruleset(), "+88812345", (), wanted, ()) == []
