"""A call-back without asking: within the rules, today or not at all, bounded, and the report says what was not done."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.dialer.retry_and_call_back import after_call
from agi_app.gate.ruleset import RuleSet
from agi_app.model.call import CallResult, Outcome, Unasked
from tests.unit.gate_cases import CAMPAIGN, CLAIM, DAY, NOW, SHANGHAI, ruleset, window

HOUR = dt.timedelta(hours=1)
THRICE = ruleset(cap=3)
RETRYING = replace(CAMPAIGN, retry={"no_answer": (2 * DAY, 3 * DAY)})


def again(
    after: dt.timedelta = 5 * HOUR,
    rules: RuleSet = THRICE,
    *,
    today: bool = True,
    times: int = 1,
    used: dict[str, int] | None = None,
    counted: tuple[dt.datetime, ...] = (),
    disposition: str = "call_back",
    now: dt.datetime = NOW,
) -> tuple[dt.datetime | None, CallResult]:
    """What becomes of a contact that was silent at ``now`` (10:00 on a Wednesday in Shanghai)."""
    result = CallResult(
        Outcome.ANSWERED,
        disposition=disposition,
        answered_at=now,
        call_back_at=(now + after).astimezone(SHANGHAI),
        unasked=Unasked(times, today),
    )
    claim = replace(CLAIM, retries_used=used or {}, counted=counted)
    return after_call(claim, RETRYING, result, rules, now)


def test_later_today_where_the_rules_allow_it() -> None:
    due, result = again()
    assert due == NOW + 5 * HOUR
    assert (result.disposition, result.note) == ("call_back", None)


def test_into_the_next_hours_of_the_same_day() -> None:
    assert again(3 * HOUR)[0] == dt.datetime(2026, 3, 4, 14, 0, tzinfo=SHANGHAI), "not in the lunch hours"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"rules": ruleset()}, "1 of 1 calls in 24 hours"),
        ({"counted": (NOW - HOUR, NOW - 2 * HOUR)}, "3 of 3 calls in 24 hours"),
        ({"after": 11 * HOUR}, "calling hours"),
        ({"after": 15 * HOUR}, "no longer today"),
        ({"used": {"answered": 1}}, "1 answered call of this contact came before, and times is 1"),
        ({"used": {"answered": 2, "human": 1}, "times": 3}, "3 answered calls"),
        ({"rules": ruleset(window("09:00", "12:00"))}, "calling hours"),
    ],
)
def test_where_the_rules_do_not_allow_it_today_the_retries_hold_and_the_report_says_why(
    case: dict[str, object], why: str
) -> None:
    """Nothing is widened: it comes no sooner than the campaign's delays, or not at all, and is not told as promised."""
    due, result = again(**case)  # type: ignore[arg-type]
    assert due is None or due >= NOW + 2 * DAY
    assert result.disposition == "not_called_back"
    assert "not called back: " in str(result.note)
    assert why in str(result.note)


def test_the_retries_end_though_each_call_is_answered() -> None:
    """Answered calls count as used, so nobody who is silent is called for ever."""
    silent = [again(rules=ruleset(), used={"answered": calls})[0] for calls in range(4)]
    monday = dt.datetime(2026, 3, 9, 9, 0, tzinfo=SHANGHAI)  # three days on is a Saturday
    assert silent == [NOW + 2 * DAY, monday, None, None]
    assert "retry: no_answer has no delay left" in str(again(rules=ruleset(), used={"answered": 2})[1].note)


def test_what_the_author_said_of_the_call_stands() -> None:
    assert again(rules=ruleset(), disposition="silent")[1].disposition == "silent"


def test_without_today_only_it_moves_on_as_a_chosen_time_does() -> None:
    assert again(rules=ruleset(), today=False)[0] == NOW + DAY
    assert again(15 * HOUR, today=False)[0] == dt.datetime(2026, 3, 5, 9, 0, tzinfo=SHANGHAI)


def test_a_time_that_the_person_chose_is_not_bounded() -> None:
    result = CallResult(Outcome.ANSWERED, answered_at=NOW, call_back_at=(NOW + 2 * DAY).astimezone(SHANGHAI))
    claim = replace(CLAIM, retries_used={"answered": 5})
    assert after_call(claim, RETRYING, result, THRICE, NOW) == (NOW + 2 * DAY, result)
